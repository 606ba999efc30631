/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of strings. */
#include <string.h>

#include "account/string_list.h"
#include "base/mem.h"

static bool
make_room(struct string_list *list)
{
    size_t capacity = list->capacity ? 2 * list->capacity : 8;
    char **items;

    if (list->n < list->capacity) {
        return true;
    }
    items = mem_resize(list->items, capacity * sizeof(*items));
    if (!items) {
        return false;
    }
    list->items = items;
    list->capacity = capacity;
    return true;
}

bool
string_list_add(struct string_list *list, const char *s)
{
    char *copy;

    if (!s || !make_room(list)) {
        return false;
    }
    copy = mem_dup(s, strlen(s));
    if (!copy) {
        return false;
    }
    list->items[list->n++] = copy;
    return true;
}

void
string_list_clear(struct string_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        mem_free(list->items[i]);
    }
    mem_free(list->items);
    *list = (struct string_list){ 0 };
}

void
string_list_auto(struct string_list *list)
{
    string_list_clear(list);
}
