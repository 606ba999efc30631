/* SPDX-License-Identifier: Apache-2.0 */
/* Names of principals. */
#include "ticket/principal.h"

bool
principal_split(struct bytes text, struct krb_name *name, struct bytes *realm)
{
    size_t at = text.n, begin = 0;

    *name = (struct krb_name){ .type = KRB_NT_UNKNOWN };
    *realm = bytes_of(NULL, 0);
    while (at > 0 && text.p[at - 1] != '@') {
        at--;
    }
    if (at > 0) {
        *realm = bytes_of(text.p + at, text.n - at);
        text.n = at - 1;
        if (realm->n == 0) {
            return false;
        }
    }
    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && text.p[i] != '/') {
            continue;
        }
        if (i == begin || name->n == KRB_NAME_PARTS_MAX) {
            return false;
        }
        name->parts[name->n++] = bytes_of(text.p + begin, i - begin);
        begin = i + 1;
    }
    return true;
}

bool
principal_names_equal(const struct krb_name *a, const struct krb_name *b)
{
    if (a->n != b->n || a->n == 0 || !bytes_equal(a->parts[0], b->parts[0])) {
        return false;
    }
    for (size_t i = 1; i < a->n; i++) {
        if (!bytes_equal_nocase(a->parts[i], b->parts[i])) {
            return false;
        }
    }
    return true;
}
