/* SPDX-License-Identifier: Apache-2.0 */
/* Files and users. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/doctor_gather.h"

enum { ROOM_BYTES = 4096 };

#define SERVICE_USER "opensspi" /* of packaging/sspid.service */

static void
take_groups(struct doctor_user *u, gid_t primary)
{
    int n = DOCTOR_GROUPS_MAX;

    if (getgrouplist(u->name, primary, u->groups, &n) < 0) {
        n = 0;
    }
    u->n_groups = n < 0 ? 0 : (size_t)n;
}

/* name NULL: by uid. */
static bool
find_user(struct doctor_user *u, const char *name)
{
    char room[ROOM_BYTES];
    struct passwd entry, *found = NULL;

    if (name) {
        (void)getpwnam_r(name, &entry, room, sizeof(room), &found);
    } else {
        (void)getpwuid_r(u->uid, &entry, room, sizeof(room), &found);
    }
    if (!found) {
        return false;
    }
    u->uid = found->pw_uid;
    (void)snprintf(u->name, sizeof(u->name), "%s", found->pw_name);
    take_groups(u, found->pw_gid);
    return true;
}

bool
doctor_gather_user(struct doctor_user *u, const char *name)
{
    int n;

    *u = (struct doctor_user){ .uid = geteuid() };
    if (name) {
        return find_user(u, name);
    }
    if ((u->uid == 0 && find_user(u, SERVICE_USER)) || find_user(u, NULL)) {
        return true;
    }
    n = getgroups(DOCTOR_GROUPS_MAX, u->groups);
    u->n_groups = n < 0 ? 0 : (size_t)n;
    (void)snprintf(u->name, sizeof(u->name), "%u", (unsigned)u->uid);
    return true;
}

static void
look(struct doctor_inode *inode, struct stat *st)
{
    if (stat(inode->path, st)) {
        inode->error = errno;
        return;
    }
    inode->mode = st->st_mode;
    inode->uid = st->st_uid;
    inode->gid = st->st_gid;
}

static void
read_start(struct doctor_file *f)
{
    int fd = open(f->file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? 0 : read(fd, f->start, sizeof(f->start));

    f->n_start = n < 0 ? 0 : (size_t)n;
    if (fd >= 0) {
        (void)close(fd);
    }
}

void
doctor_gather_file(struct doctor_file *f, const char *check, const char *path)
{
    struct stat st = { 0 };

    *f = (struct doctor_file){ .check = check };
    (void)snprintf(f->file.path, sizeof(f->file.path), "%s", path);
    for (const char *slash = strchr(path, '/'); slash && f->n_folders < DOCTOR_FOLDERS_MAX;
         slash = strchr(slash + 1, '/')) {
        struct doctor_inode *folder = &f->folders[f->n_folders++];

        (void)snprintf(folder->path, sizeof(folder->path), "%.*s",
                       slash == path ? 1 : (int)(slash - path), path);
        look(folder, &st);
        if (folder->error) {
            break;
        }
    }
    st = (struct stat){ 0 };
    look(&f->file, &st);
    f->size = (uint64_t)st.st_size;
    if (!f->file.error && S_ISREG(f->file.mode)) {
        read_start(f);
    }
}
