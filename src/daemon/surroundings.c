/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/surroundings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_BYTES = 700, PATH_BYTES = 4096, KEY_BYTES = 40 };

void
surroundings_say(const struct surroundings_report *r, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    r->tell(r->user, text);
}

static bool
folder_of(const char *path, char folder[static PATH_BYTES])
{
    const char *slash = strrchr(path, '/');

    return slash && snprintf(folder, PATH_BYTES, "%.*s", (int)(slash - path) + (slash == path),
                             path) < PATH_BYTES;
}

void
surroundings_check_socket(const struct surroundings_report *r, const char *key, const char *path)
{
    if (strncmp(path, "/run/", 5) != 0) {
        (void)surroundings_check_folder(r, key, path, W_OK | X_OK);
    }
}

bool
surroundings_check_folder(const struct surroundings_report *r, const char *key, const char *path,
                          int mode)
{
    char folder[PATH_BYTES];

    if (!folder_of(path, folder) || access(folder, mode) == 0) {
        return true;
    }
    surroundings_say(r, "%s: the folder %s: %s", key, folder, strerror(errno));
    return false;
}

static void
check_authority(const struct surroundings_report *r, const char *section, const char *path)
{
    if (access(path, F_OK) != 0) {
        surroundings_say(r, "%s store: %s: %s: samd does not run, and passwords are refused",
                         section, path, strerror(errno));
    }
}

/* Not SQLite's; an empty one may become it. */
static bool
is_other_file(const char *path)
{
    static const char magic[] = "SQLite format 3"; /* with its NUL */
    char begin[sizeof(magic)];
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(begin, 1, sizeof(begin), file) : 0;

    if (file) {
        (void)fclose(file);
    }
    return n && (n < sizeof(begin) || memcmp(begin, magic, sizeof(magic)) != 0);
}

static void
check_file(const struct surroundings_report *r, const char *section, const char *path,
           const char *key_file)
{
    struct stat at;
    char key[KEY_BYTES];

    (void)snprintf(key, sizeof(key), "%s store", section);
    if (!surroundings_check_folder(r, key, path, X_OK)) {
        return;
    }
    if (access(path, F_OK) != 0) {
        surroundings_say(r, "%s: %s is not there yet: make an account (sspictl account add)", key,
                         path);
        return;
    }
    if (access(path, R_OK | W_OK) != 0) {
        surroundings_say(r, "%s: %s: %s", key, path, strerror(errno));
    } else if (is_other_file(path)) {
        surroundings_say(r, "%s: %s is no account store: passwords are refused", key, path);
    }
    if (key_file && access(key_file, R_OK) != 0) {
        surroundings_say(r, "%s key_file: %s: %s: passwords are refused", section, key_file,
                         strerror(errno));
    } else if (key_file && stat(key_file, &at) == 0 && at.st_mode & (S_IRWXG | S_IRWXO)) {
        surroundings_say(r,
                         "%s key_file: %s is open to others (mode %03o): passwords are refused "
                         "until it is 600",
                         section, key_file, at.st_mode & 0777U);
    }
}

void
surroundings_check_store(const struct surroundings_report *r, const char *section,
                         const char *store, const char *key_file)
{
    static const char sqlite[] = "sqlite:", authority[] = "authority:";

    if (strncmp(store, authority, sizeof(authority) - 1) == 0) {
        check_authority(r, section, store + sizeof(authority) - 1);
    } else if (strncmp(store, sqlite, sizeof(sqlite) - 1) == 0) {
        check_file(r, section, store + sizeof(sqlite) - 1, key_file);
    }
}
