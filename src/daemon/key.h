/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the configuration file as tables: a name, and where its value goes. */
#ifndef DAEMON_KEY_H
#define DAEMON_KEY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/config.h"

/* One value, and room for what was expected instead. */
struct key_value {
    const char *text;
    char *why;
    size_t why_n;
};

struct key {
    const char *name;
    size_t at;                                        /* in the object of its table */
    bool (*take)(void *at, const struct key_value *); /* NULL: a number from min to max */
    unsigned long min, max;
};

struct key_table {
    const struct key *keys;
    size_t n;
    void *object;
};

/* false, with "not enough memory". */
bool key_no_memory(char *why, size_t why_n);
/* A copy in place of what is there. */
SEC_NODISCARD bool key_set_text(char **to, const char *value, char *why, size_t why_n);

/* Into a char *, which its owner frees. */
SEC_NODISCARD bool key_take_text(void *at, const struct key_value *);
SEC_NODISCARD bool key_take_path(void *at, const struct key_value *); /* absolute */
SEC_NODISCARD bool key_take_name(void *at, const struct key_value *); /* of 1 to 128 bytes */
/* Into a bool. */
SEC_NODISCARD bool key_take_flag(void *at, const struct key_value *);

/* NULL: it is not in the table. */
const struct key *key_find(const char *name, const struct key_table *table);
SEC_NODISCARD bool key_take(const struct key *, void *object, const struct key_value *);
/* "unknown key", with the nearest of these tables. */
bool key_unknown(const char *name, const struct key_table *tables, size_t n, char *why,
                 size_t why_n);
/* What key_unknown said, where the key is one of another section's. false. */
bool key_is_elsewhere(const char *name, const struct key_table *table, const char *section,
                      char *why, size_t why_n);
/* The first table that has the entry's key takes it; a key of none is an error. */
SEC_NODISCARD bool key_take_entry(const struct config_entry *, const struct key_table *tables,
                                  size_t n, char *why, size_t why_n);

/* The file has such a section, and it has a name only where the name says which one it is. */
SEC_NODISCARD bool key_check_section(const struct config_entry *, char *why, size_t why_n);
/* What a listener or a port may be called: letters, digits, "_", ".", "-". */
SEC_NODISCARD bool key_is_name(const char *text);

/* "ADDRESS:PORT" or "[ADDRESS]:PORT", in numbers; IPv4 as ::ffff:a.b.c.d. */
SEC_NODISCARD bool key_parse_address(const char *text, struct sockaddr_in6 *address);
/* NULL is no text, and not an empty one. */
SEC_NODISCARD bool key_is_same_text(const char *a, const char *b);
/* Two that cannot both be listened at; port 0 is another one each time. */
SEC_NODISCARD bool key_is_same_address(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b);

#endif
