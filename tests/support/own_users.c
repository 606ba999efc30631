/* SPDX-License-Identifier: Apache-2.0 */
/* Users of one program. */
#include "tests/support/own_users.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void
require(int good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

static void
cover(const char *file, const char *text)
{
    char name[] = "/tmp/opensspi-users-XXXXXX";
    int fd = mkstemp(name);
    FILE *f;

    require(fd >= 0, name);
    f = fdopen(fd, "w");
    require(f && fputs(text, f) >= 0 && fchmod(fd, 0644) == 0 && fclose(f) == 0, name);
    require(mount(name, file, NULL, MS_BIND, NULL) == 0, file);
    (void)unlink(name);
}

void
own_users_make(char **argv)
{
    char passwd[1024] = "root:x:0:0:root:/root:/bin/sh\n", group[1024] = "root:x:0:\n";
    char *p = passwd + sizeof("root:x:0:0:root:/root:/bin/sh\n") - 1;
    char *g = group + sizeof("root:x:0:\n") - 1;

    if (geteuid() != 0) {
        char *const sudo[] = { (char[]){ "sudo" }, (char[]){ "-n" }, (char[]){ "-E" }, argv[0],
                               NULL };

        (void)execv("/usr/bin/sudo", sudo);
        require(0, "these tests take root, or a sudo that does not ask");
    }
    for (int i = 0; i < OWN_USERS; i++) {
        int id = OWN_USERS_UID + i;

        p += snprintf(p, (size_t)(passwd + sizeof(passwd) - p),
                      "user%d:x:%d:%d:User %d:/nonexistent:/bin/sh\n", i, id, id, i);
        g += snprintf(g, (size_t)(group + sizeof(group) - g), "user%d:x:%d:\n", i, id);
    }
    (void)snprintf(p, (size_t)(passwd + sizeof(passwd) - p), "%s:x:%d:%d::/nonexistent:/bin/sh\n",
                   OWN_USERS_OF_A_DOMAIN, OWN_USERS_BOTH, OWN_USERS_BOTH);
    (void)snprintf(g, (size_t)(group + sizeof(group) - g),
                   "both:x:%d:user0,user1,user2,user3,user4,user5,user6,user7\n", OWN_USERS_BOTH);
    require(unshare(CLONE_NEWNS) == 0, "unshare");
    require(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "/");
    cover("/etc/passwd", passwd);
    cover("/etc/group", group);
    cover("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
}
