/* SPDX-License-Identifier: Apache-2.0 */
/* Default outbound credentials. */
#include "sspi/default_identity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf16.h"

enum { FILE_MAX_BYTES = 4096, PASSWD_BYTES = 4096 };

static bool
file_name(char *to, size_t n)
{
    const char *named = secure_getenv("OPENSSPI_CREDENTIALS");
    const char *folder = secure_getenv("XDG_CONFIG_HOME");
    char buffer[PASSWD_BYTES];
    struct passwd entry, *found = NULL;
    int length;

    if (named && named[0]) {
        length = snprintf(to, n, "%s", named);
    } else if (folder && folder[0] == '/') {
        length = snprintf(to, n, "%s/opensspi/credentials", folder);
    } else {
        if (getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found) != 0 || !found) {
            return false;
        }
        length = snprintf(to, n, "%s/.config/opensspi/credentials", found->pw_dir);
    }
    return length > 0 && (size_t)length < n;
}

static sec_status
open_file(const char *name, int *out)
{
    char text[64];
    struct stat st;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "credentials: %s: %s", name,
                        strerror_r(errno, text, sizeof(text)));
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) ||
        (st.st_uid != geteuid() && st.st_uid != 0)) {
        (void)close(fd);
        return sec_fail(SEC_E_NO_CREDENTIALS,
                        "credentials: %s must be a regular file of this user, mode 0600", name);
    }
    *out = fd;
    return SEC_E_OK;
}

static sec_status
read_file(int fd, struct secret *out)
{
    size_t n = 0;

    if (!secret_resize(out, FILE_MAX_BYTES)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    for (;;) {
        ssize_t got = read(fd, out->p + n, out->n - n);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return sec_fail(SEC_E_NO_CREDENTIALS, "credentials: error %d", errno);
        }
        if (got == 0) {
            break;
        }
        n += (size_t)got;
    }
    if (n == out->n) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "credentials: the file is too long");
    }
    /* The first NUL is taken for the end: one within would cut a password short. */
    return strnlen((const char *)out->p, n) == n
               ? SEC_E_OK
               : sec_fail(SEC_E_NO_CREDENTIALS, "credentials: the file holds a NUL byte");
}

/* The first line that says something. The file's memory ends in zeros. */
static struct bytes
first_line(struct bytes text)
{
    while (text.n && text.p[0]) {
        size_t n = 0;

        while (n < text.n && text.p[n] && text.p[n] != '\n') {
            n++;
        }
        if (n && text.p[0] != '#' && text.p[0] != '\r') {
            return bytes_of(text.p, text.p[n - 1] == '\r' ? n - 1 : n);
        }
        n += n < text.n && text.p[n] == '\n';
        text = bytes_of(text.p + n, text.n - n);
    }
    return bytes_of(NULL, 0);
}

/* What is in front of the next colon; false: there is none. */
static bool
cut_at_colon(struct bytes *rest, struct bytes *part)
{
    const uint8_t *colon = rest->n ? memchr(rest->p, ':', rest->n) : NULL;

    if (!colon) {
        return false;
    }
    *part = bytes_of(rest->p, (size_t)(colon - rest->p));
    *rest = bytes_of(colon + 1, rest->n - part->n - 1);
    return true;
}

static sec_status
take(struct secret *to, struct bytes utf8)
{
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0);
    struct bytes written;

    utf16_put_utf8(&w, utf8);
    if (wire_writer_status(&w) == WIRE_BAD_VALUE) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "credentials: the file is not UTF-8");
    }
    written = wire_written(&w);
    return wire_writer_status(&w) == WIRE_OK && secret_set(to, written.p, written.n)
               ? SEC_E_OK
               : SEC_E_INSUFFICIENT_MEMORY;
}

static sec_status
take_line(struct bytes line, struct sec_default_identity *out)
{
    struct bytes domain, user;
    sec_status status;

    if (!cut_at_colon(&line, &domain) || !cut_at_colon(&line, &user) || !user.n) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "credentials: no line DOMAIN:USER:PASSWORD");
    }
    status = take(&out->domain, domain);
    if (status == SEC_E_OK) {
        status = take(&out->user, user);
    }
    return status == SEC_E_OK ? take(&out->password, line) : status;
}

sec_status
default_identity_read(const struct sec_host *host, struct sec_default_identity *out)
{
    char name[PATH_MAX];
    SEC_AUTO(secret) text = { 0 };
    sec_status status;
    int fd = -1;

    if (!file_name(name, sizeof(name))) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "credentials: this user has no home");
    }
    status = open_file(name, &fd);
    if (status != SEC_E_OK) {
        return status;
    }
    status = read_file(fd, &text);
    (void)close(fd);
    return status == SEC_E_OK ? take_line(first_line(secret_bytes(&text)), out) : status;
}
