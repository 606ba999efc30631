/* SPDX-License-Identifier: Apache-2.0 */
/* All tables, row by row. */
#ifndef TESTS_CONFORMANCE_FAMILIES_H
#define TESTS_CONFORMANCE_FAMILIES_H

#include "tests/conformance/table.h"

size_t families_rows(void);
const struct row *families_row(size_t);
/* "QueryContextAttributesW … KEY_INFO: NTLM, Kerberos"; until families_clear. */
const char *families_row_name(size_t);
void families_clear(void);
/* Whether a function of that name is in a table. */
bool families_have(const char *function);

#endif
