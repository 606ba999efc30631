/* SPDX-License-Identifier: Apache-2.0 */
/* Files for tests of packages. */
#include "tests/packages/staged.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <opensspi/opensspi.h>

#include "tests/support/demo_store.h"

static char folder[] = "/tmp/opensspi-packages-XXXXXX";

char *
staged_path(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void
copy(const char *from, const char *to)
{
    char room[65536];
    FILE *in = from ? fopen(from, "r") : NULL, *out = fopen(to, "w");
    size_t n;

    if (!in || !out) {
        abort();
    }
    while ((n = fread(room, 1, sizeof(room), in))) {
        (void)fwrite(room, 1, n, out);
    }
    (void)fclose(in);
    if (fclose(out) != 0 || chmod(to, 0644) != 0) {
        abort();
    }
}

void
staged_copy(const char *from, const char *to)
{
    copy(staged_path(from), staged_path(to));
}

int
staged_make(const char *extra)
{
    FILE *f;

    if (!mkdtemp(folder)) {
        return -1;
    }
    copy(getenv("OPENSSPI_TEST_PACKAGE"), staged_path("shared_secret.so"));
    copy(getenv("OPENSSPI_TEST_HOSTILE"), staged_path("hostile.so"));
    copy(getenv("OPENSSPI_TEST_NO_PACKAGE"), staged_path("no_package.so"));
    f = fopen(staged_path("secrets"), "w");
    if (!f) {
        return -1;
    }
    (void)fprintf(f, "bob of another secret\nalice %s\n", STAGED_SECRET);
    if (fclose(f) != 0 || chmod(staged_path("secrets"), 0600) != 0 ||
        setenv("SHARED_SECRETS", staged_path("secrets"), 1) != 0) {
        return -1;
    }
    return OpenSspiLoadConfiguration(demo_store_make("DOMAIN", "demo", "Passw0rd!", extra), NULL,
                                     0) == SEC_E_OK
               ? 0
               : -1;
}

int
staged_remove(void **state)
{
    DIR *d = opendir(folder);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        (void)remove(staged_path(e->d_name));
    }
    if (d) {
        (void)closedir(d);
    }
    return rmdir(folder);
}
