/* SPDX-License-Identifier: Apache-2.0 */
/* What daemons run under, and what the file says. */
#include <errno.h>
#include <string.h>

#include "tools/doctor.h"

/* Nobody is there: that may be meant. */
static bool
is_absent(int error)
{
    return error == ENOENT || error == ECONNREFUSED || error == ENOTDIR;
}

void
doctor_judge_daemon(struct doctor_report *r, const struct doctor_daemon *d)
{
    if (is_absent(d->error)) {
        return;
    }
    if (d->error) {
        doctor_find(r, DOCTOR_WARNING, "daemon", "%s cannot be asked what it runs under: %s",
                    d->name, strerrordesc_np(d->error));
        doctor_remedy(r, "as root, or as its own user, the doctor sees more");
    } else if (!d->tells) {
        doctor_find(r, DOCTOR_WARNING, "daemon", "the %s that runs is not of this version",
                    d->name);
        doctor_remedy(r, "systemctl restart %s", d->name);
    } else if (!d->reads_file) {
        doctor_find(r, DOCTOR_WARNING, "daemon", "%s runs under %s, not under %s", d->name,
                    d->its_file, d->file);
        doctor_remedy(r, "sspictl --config %s doctor looks at that", d->its_file);
    } else if (!d->is_current) {
        doctor_find(r, DOCTOR_WARNING, "daemon",
                    "%s runs under what %s said %s ago: it says something else now", d->name,
                    d->file, d->ago);
        doctor_remedy(r,
                      "%s -n, then systemctl reload %s; where it refuses that, event 29102 and its "
                      "log say why",
                      d->name, d->name);
    } else {
        doctor_find(r, DOCTOR_OK, "daemon", "%s runs under what %s says", d->name, d->file);
    }
}
