/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/families.h"

#include <stdio.h>
#include <stdlib.h>

static const struct family *const families[] = {
    &package_family, &credential_family, &handshake_family, &attribute_family, &message_family,
    &token_family,   &export_family,     &identity_family,  &sasl_family,
};
enum { N_FAMILIES = sizeof(families) / sizeof(families[0]), NAME_BYTES = 160 };

static char (*names)[NAME_BYTES];

size_t
families_rows(void)
{
    size_t n = 0;

    for (size_t i = 0; i < N_FAMILIES; i++) {
        n += families[i]->n;
    }
    return n;
}

const struct row *
families_row(size_t at)
{
    for (size_t i = 0; i < N_FAMILIES; i++) {
        if (at < families[i]->n) {
            return &families[i]->rows[at];
        }
        at -= families[i]->n;
    }
    abort();
}

static void
name_row(const struct row *r, char to[static NAME_BYTES])
{
    int n = snprintf(to, NAME_BYTES, "%s %s", r->calls[0].function, r->what);

    for (int m = 0; m < MECHANISMS && r->mechanisms != ANY; m++) {
        if (r->mechanisms & BIT(m)) {
            n += snprintf(to + n, (size_t)(NAME_BYTES - n), ", %s",
                          mechanism_name((enum mechanism)m));
        }
    }
    if (r->sides != CS) {
        (void)snprintf(to + n, (size_t)(NAME_BYTES - n), ", %s",
                       side_name(r->sides == C ? CLIENT : SERVER));
    }
}

const char *
families_row_name(size_t at)
{
    if (!names) {
        names = calloc(families_rows(), sizeof(*names));
        for (size_t i = 0; names && i < families_rows(); i++) {
            name_row(families_row(i), names[i]);
        }
    }
    return names ? names[at] : "?";
}

void
families_clear(void)
{
    free(names);
    names = NULL;
}

bool
families_have(const char *function)
{
    for (size_t i = 0; i < families_rows(); i++) {
        for (const struct call *c = families_row(i)->calls; c->function; c++) {
            if (strcmp(c->function, function) == 0) {
                return true;
            }
        }
    }
    return false;
}
