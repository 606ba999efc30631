/* SPDX-License-Identifier: Apache-2.0 */
/* The views that a decoded message of codec/message_table.h has of its frame. */
#ifndef TESTS_SUPPORT_MESSAGE_VIEWS_H
#define TESTS_SUPPORT_MESSAGE_VIEWS_H

#include <stdlib.h>
#include <string.h>

#include "codec/message_table.h"

typedef void (*message_see)(struct bytes view, void *user);

static inline void
message_see_string(const char *string, message_see see, void *user)
{
    see(bytes_of(string, string ? strlen(string) + 1 : 0), user);
}

static inline void
message_see_lists(const struct message_field *f, const void *member, message_see see, void *user)
{
    const struct message_strings *strings = member;
    const struct message_numbers *numbers = member;
    const char **items;

    if (f->form == MESSAGE_NUMBERS) {
        see(numbers->packed, user);
        return;
    }
    see(strings->packed, user);
    items = calloc(strings->n + 1, sizeof(*items));
    if (!items) {
        abort();
    }
    message_strings_fill(strings, items);
    for (size_t i = 0; i < strings->n; i++) {
        message_see_string(items[i], see, user);
    }
    free(items);
}

static inline void
message_each_view(const struct message_format *format, const void *message, message_see see,
                  void *user)
{
    const uint8_t *base = message;

    for (const struct message_field *f = message_fields(format, base[format->type]);
         f->form != MESSAGE_END; f++) {
        const void *member = base + f->at;

        if (f->form >= MESSAGE_BYTES && f->form <= MESSAGE_TEXT) {
            see(*(const struct bytes *)member, user);
        } else if (f->form == MESSAGE_STRING || f->form == MESSAGE_STRING_OR_NULL) {
            message_see_string(*(const char *const *)member, see, user);
        } else if (f->form == MESSAGE_STRINGS || f->form == MESSAGE_NUMBERS) {
            message_see_lists(f, member, see, user);
        }
    }
}

/* Whether of a message that was refused not a byte is left but for its fault, which is in it. */
static inline bool
message_is_refused(const struct message_format *format, const void *message, struct bytes in)
{
    const uint8_t *base = message;
    const struct message_fault *fault = (const void *)(base + format->fault);
    bool clean = fault->field && fault->at <= in.n;

    for (size_t i = 0; i < format->size; i++) {
        clean = clean && (base[i] == 0 || i - format->fault < sizeof(*fault));
    }
    return clean;
}

#endif
