/* SPDX-License-Identifier: Apache-2.0 */
/* Files as the service's user sees them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/doctor.h"

enum { KEYTAB_HEADER_BYTES = 2, ENTER = 1, WRITE = 2, READ = 4 };

static bool
is_member(const struct doctor_user *u, gid_t group)
{
    for (size_t i = 0; i < u->n_groups; i++) {
        if (u->groups[i] == group) {
            return true;
        }
    }
    return false;
}

static bool
may(const struct doctor_user *u, const struct doctor_inode *inode, unsigned what)
{
    unsigned shift = inode->uid == u->uid ? 6 : is_member(u, inode->gid) ? 3 : 0;

    return u->uid == 0 || (((unsigned)inode->mode >> shift) & what) == what;
}

static const char *
why(int error)
{
    return strerrordesc_np(error);
}

/* The first folder on the way that ends it. */
static bool
judge_folders(struct doctor_report *r, const struct doctor_file *f, const struct doctor_user *u)
{
    for (size_t i = 0; i < f->n_folders; i++) {
        const struct doctor_inode *d = &f->folders[i];

        if (d->error == ENOENT) {
            doctor_find(r, DOCTOR_FAULT, f->check, "%s %s: there is no folder %s", f->check,
                        f->file.path, d->path);
            doctor_remedy(r, "make the folder and put the file there, or mend the path in the "
                             "configuration");
            return false;
        }
        if (d->error) {
            doctor_find(r, DOCTOR_WARNING, f->check, "%s %s: %s: %s", f->check, f->file.path,
                        d->path, why(d->error));
            doctor_remedy(r, "run the doctor as root, or as the service's user");
            return false;
        }
        if (!may(u, d, ENTER)) {
            doctor_find(r, DOCTOR_FAULT, f->check,
                        "%s %s: user %s may not enter %s (mode %03o, owner %u, group %u)", f->check,
                        f->file.path, u->name, d->path, (unsigned)d->mode & 07777, (unsigned)d->uid,
                        (unsigned)d->gid);
            doctor_remedy(r,
                          "put the file where %s gets to, /etc/opensspi say, or let it pass: chmod "
                          "o+x %s",
                          u->name, d->path);
            return false;
        }
    }
    return true;
}

static void
remedy_of_missing(struct doctor_report *r, const struct doctor_file *f)
{
    if (strcmp(f->check, "keytab") == 0) {
        doctor_remedy(r, "export it there (samba-tool domain exportkeytab, ktpass, adcli), mode "
                         "640, or mend [kerberos] keytab");
    } else {
        doctor_remedy(r, "make it, or mend its path in the configuration");
    }
}

bool
doctor_judge_access(struct doctor_report *r, const struct doctor_file *f,
                    const struct doctor_user *u, bool write)
{
    if (!judge_folders(r, f, u)) {
        return false;
    }
    if (f->file.error) {
        doctor_find(r, DOCTOR_FAULT, f->check, "%s %s: %s", f->check, f->file.path,
                    f->file.error == ENOENT ? "there is no such file" : why(f->file.error));
        remedy_of_missing(r, f);
        return false;
    }
    if (!S_ISREG(f->file.mode)) {
        doctor_find(r, DOCTOR_FAULT, f->check, "%s %s: it is %s, not a file", f->check,
                    f->file.path, S_ISDIR(f->file.mode) ? "a directory" : "something else");
        doctor_remedy(r, "name the file itself, not its directory, in the configuration");
        return false;
    }
    if (!may(u, &f->file, write ? READ | WRITE : READ)) {
        doctor_find(r, DOCTOR_FAULT, f->check,
                    "%s %s: user %s may not %s it (mode %03o, owner %u, group %u)", f->check,
                    f->file.path, u->name, write ? "write" : "read", (unsigned)f->file.mode & 07777,
                    (unsigned)f->file.uid, (unsigned)f->file.gid);
        doctor_remedy(r, "chgrp %s %s; chmod %s %s", u->name, f->file.path, write ? "660" : "640",
                      f->file.path);
        return false;
    }
    return true;
}

bool
doctor_judge_place(struct doctor_report *r, const struct doctor_file *f,
                   const struct doctor_user *u)
{
    const struct doctor_inode *folder = &f->folders[f->n_folders ? f->n_folders - 1 : 0];

    if (f->file.error != ENOENT) {
        return doctor_judge_access(r, f, u, true);
    }
    if (!judge_folders(r, f, u)) {
        return false;
    }
    if (f->n_folders && !may(u, folder, WRITE)) {
        doctor_find(r, DOCTOR_FAULT, f->check,
                    "%s %s: it is not there, and user %s may not make files in %s (mode %03o, "
                    "owner %u)",
                    f->check, f->file.path, u->name, folder->path, (unsigned)folder->mode & 07777,
                    (unsigned)folder->uid);
        doctor_remedy(r, "chown %s %s", u->name, folder->path);
        return false;
    }
    return true;
}

void
doctor_judge_secrecy(struct doctor_report *r, const struct doctor_file *f,
                     const struct doctor_user *u)
{
    unsigned mode = (unsigned)f->file.mode & 07777;

    if (mode & S_IWOTH) {
        doctor_find(r, DOCTOR_FAULT, f->check,
                    "%s %s: everybody may write it (mode %03o): whoever puts a key of his own "
                    "there logs on as anybody; it is not used",
                    f->check, f->file.path, mode);
        doctor_remedy(r, "chmod 640 %s, and make its keys anew: they must be taken as read",
                      f->file.path);
    } else if (mode & S_IROTH) {
        doctor_find(r, DOCTOR_FAULT, f->check,
                    "%s %s: everybody may read it (mode %03o): any local user can act as the "
                    "service",
                    f->check, f->file.path, mode);
        doctor_remedy(r, "chmod 640 %s, and change its keys: they must be taken as read",
                      f->file.path);
    } else if ((mode & (S_IRGRP | S_IWGRP)) && f->file.gid != 0 && !is_member(u, f->file.gid)) {
        doctor_find(r, DOCTOR_WARNING, f->check,
                    "%s %s: group %u may read it (mode %03o), and %s is not of that group",
                    f->check, f->file.path, (unsigned)f->file.gid, mode, u->name);
        doctor_remedy(r, "chgrp %s %s, or chmod 600", u->name, f->file.path);
    } else if (mode & S_IWGRP) {
        doctor_find(r, DOCTOR_WARNING, f->check, "%s %s: its group may write it (mode %03o)",
                    f->check, f->file.path, mode);
        doctor_remedy(r, "chmod 640 %s", f->file.path);
    }
}

bool
doctor_judge_format(struct doctor_report *r, const struct doctor_file *f)
{
    const char *text = NULL;

    if (f->size == 0) {
        text = "it is empty (0 bytes)";
    } else if (f->n_start == KEYTAB_HEADER_BYTES &&
               (f->start[0] != 5 || (f->start[1] != 2 && f->start[1] != 1))) {
        text = "it is no keytab: it does not begin with 05 02";
    } else if (f->size == 1) {
        text = "it is cut off: 1 byte";
    } else if (f->size == KEYTAB_HEADER_BYTES) {
        text = "it is empty: a header without an entry";
    }
    if (text) {
        doctor_find(r, DOCTOR_FAULT, f->check, "keytab %s: %s", f->file.path, text);
        doctor_remedy(r, "export it again to another file, look at it with klist -ket, then move "
                         "it here");
    }
    return text == NULL;
}
