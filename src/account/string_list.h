/* SPDX-License-Identifier: Apache-2.0 */
/* A list of strings that grows: rows of a database, read before they are put in one piece. */
#ifndef ACCOUNT_STRING_LIST_H
#define ACCOUNT_STRING_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* { 0 } is empty. */
struct string_list {
    char **items;
    size_t n, capacity;
};

/* Adds a copy; false: no memory (or s is NULL), and the list is as it was. */
SEC_NODISCARD bool string_list_add(struct string_list *, const char *s);
void string_list_clear(struct string_list *);
void string_list_auto(struct string_list *);

#endif
