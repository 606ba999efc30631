/* SPDX-License-Identifier: Apache-2.0 */
/* The findings of sspictl doctor. */
#include <stdarg.h>
#include <stdio.h>

#include "tools/doctor.h"

void
doctor_find(struct doctor_report *r, enum doctor_level level, const char *check, const char *format,
            ...)
{
    struct doctor_finding *f = &r->list[r->n];
    va_list args;

    if (r->n == DOCTOR_FINDINGS_MAX) {
        return;
    }
    r->n++;
    *f = (struct doctor_finding){ .level = level, .check = check };
    va_start(args, format);
    (void)vsnprintf(f->text, sizeof(f->text), format, args);
    va_end(args);
}

void
doctor_remedy(struct doctor_report *r, const char *format, ...)
{
    struct doctor_finding *f = &r->list[r->n ? r->n - 1 : 0];
    va_list args;

    if (f->remedy[0]) {
        return; /* the list is full: this is another's */
    }
    va_start(args, format);
    (void)vsnprintf(f->remedy, sizeof(f->remedy), format, args);
    va_end(args);
}

bool
doctor_has_fault(const struct doctor_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->list[i].level == DOCTOR_FAULT) {
            return true;
        }
    }
    return false;
}
