/* SPDX-License-Identifier: Apache-2.0 */
/* A keytab's file. libkrb5 calls one that may not be read "nonexistent or empty". */
#include "ticket/keytab_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

const char *
keytab_path_of(const char *name)
{
    static const char *const prefixes[] = { "FILE:", "WRFILE:" };

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return name + strlen(prefixes[i]);
        }
    }
    return name[0] == '/' ? name : NULL;
}

/* The first folder on the way that this process may not enter, or that is not there. */
static sec_status
explain_folder(const char *path)
{
    char folder[PATH_MAX];
    struct stat st;

    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t n = slash == path ? 1 : (size_t)(slash - path);

        if (n >= sizeof(folder)) {
            break;
        }
        bytes_copy(folder, path, n);
        folder[n] = 0;
        if (faccessat(AT_FDCWD, folder, X_OK, AT_EACCESS) == 0) {
            continue;
        }
        if (errno == EACCES && stat(folder, &st) == 0) {
            return sec_fail(SEC_E_NO_CREDENTIALS,
                            "keytab %s: user %u may not enter %s (mode %03o, owner %u, group %u)",
                            path, (unsigned)geteuid(), folder, st.st_mode & 07777u,
                            (unsigned)st.st_uid, (unsigned)st.st_gid);
        }
        return sec_fail(SEC_E_NO_CREDENTIALS, "keytab %s: there is no folder %s", path, folder);
    }
    return SEC_E_OK;
}

static sec_status
explain_missing(const char *path, int error)
{
    char text[128];
    sec_status status = explain_folder(path);

    if (status != SEC_E_OK) {
        return status;
    }
    if (error == ENOENT) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "keytab %s: there is no such file", path);
    }
    return sec_fail(SEC_E_NO_CREDENTIALS, "keytab %s: %s", path,
                    strerror_r(error, text, sizeof(text)));
}

sec_status
keytab_path_check(const char *path, struct stat *st)
{
    if (stat(path, st)) {
        return explain_missing(path, errno);
    }
    if (!S_ISREG(st->st_mode)) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "keytab %s: not a file", path);
    }
    if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS)) {
        return sec_fail(SEC_E_NO_CREDENTIALS,
                        "keytab %s: user %u may not read it (mode %03o, owner %u, group %u)", path,
                        (unsigned)geteuid(), st->st_mode & 07777u, (unsigned)st->st_uid,
                        (unsigned)st->st_gid);
    }
    /* Whoever can put a key of his own there logs on as anybody. */
    if (st->st_mode & S_IWOTH) {
        return sec_fail(SEC_E_NO_CREDENTIALS,
                        "keytab %s: everybody may write it (mode %03o): not used", path,
                        st->st_mode & 07777u);
    }
    return SEC_E_OK;
}
