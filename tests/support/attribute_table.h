/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes that the headers name, what docs/ATTRIBUTES.md says of each, and what each fills. */
#ifndef TESTS_SUPPORT_ATTRIBUTE_TABLE_H
#define TESTS_SUPPORT_ATTRIBUTE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <opensspi/security.h>

enum {
    ATTRIBUTE_NAME_BYTES = 64,
    ATTRIBUTE_BEFORE = 3, /* the cell that says whether a context answers before its end */
    ATTRIBUTE_CELLS
};

struct attribute_constant {
    char name[ATTRIBUTE_NAME_BYTES];
    ULONG id;
    bool of_credentials;
};

struct attribute_row {
    char name[ATTRIBUTE_NAME_BYTES];
    char cells[ATTRIBUTE_CELLS][ATTRIBUTE_NAME_BYTES]; /* Kerberos, NTLM, Negotiate, and before */
};

enum attribute_member {
    ATTRIBUTE_TEXT, /* of the caller's width */
    ATTRIBUTE_WIDE, /* always UTF-16 */
    ATTRIBUTE_BYTES,
    ATTRIBUTE_PACKAGE,
    ATTRIBUTE_LENT, /* not the caller's */
};

struct attribute_shape {
    ULONG id;
    size_t bytes, n_members; /* members: the pointers */
    struct {
        size_t at;
        enum attribute_member kind;
    } members[2];
};

extern struct attribute_constant attribute_constants[];
extern size_t attribute_n_constants, attribute_n_rows;

/* From the source tree at OPENSSPI_TEST_DATA. Aborts where it cannot. */
void attribute_table_read(void);
/* NULL: the document has none. Aborts where it has several. */
const struct attribute_row *attribute_row(const char *name);
/* NULL: it has no structure here. */
const struct attribute_shape *attribute_shape(ULONG id);

#endif
