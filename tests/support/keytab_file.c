/* SPDX-License-Identifier: Apache-2.0 */
/* Keytab files: a version, then entries, each behind its length; numbers are big-endian. */
#include "tests/support/keytab_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wire.h"

enum { VERSION = 0x0502, NT_PRINCIPAL = 1, TIMESTAMP = 1000000000 };

static void
put_counted(struct wire_writer *w, struct bytes b)
{
    wire_put_be16(w, (uint16_t)b.n);
    wire_put_bytes(w, b);
}

static void
put_entry(struct wire_writer *w, const struct keytab_file_entry *e)
{
    const char *realm = strrchr(e->principal, '@');
    const char *at = e->principal, *end = realm ? realm : at + strlen(at);
    uint16_t parts = 1;

    for (const char *c = at; c < end; c++) {
        parts = (uint16_t)(parts + (*c == '/'));
    }
    wire_put_be16(w, parts);
    put_counted(w, bytes_of_string(realm ? realm + 1 : "EXAMPLE.TEST"));
    for (uint16_t i = 0; i < parts; i++) {
        size_t n = strcspn(at, "/");

        n = n < (size_t)(end - at) ? n : (size_t)(end - at);
        put_counted(w, bytes_of(at, n));
        at += n + 1;
    }
    wire_put_be32(w, NT_PRINCIPAL);
    wire_put_be32(w, TIMESTAMP);
    wire_put_u8(w, (uint8_t)e->kvno);
    wire_put_be16(w, (uint16_t)e->enctype);
    put_counted(w, e->key);
    if (!e->old) {
        wire_put_be32(w, e->kvno);
    }
}

void
keytab_file_put(struct wire_writer *w, const struct keytab_file_entry *entries, size_t n)
{
    wire_put_be16(w, VERSION);
    for (size_t i = 0; i < n; i++) {
        struct wire_writer measure = wire_writer_measuring();

        put_entry(&measure, &entries[i]);
        wire_put_be32(w, (uint32_t)measure.len);
        put_entry(w, &entries[i]);
    }
}

void
keytab_file_write(const char *path, const struct keytab_file_entry *entries, size_t n)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    char fresh[4096];
    int fd;

    keytab_file_put(&w, entries, n);
    (void)snprintf(fresh, sizeof(fresh), "%s.new", path);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || fchmod(fd, 0600) || write(fd, w.p, w.len) != (ssize_t)w.len || close(fd) ||
        rename(fresh, path)) {
        perror(path);
        abort();
    }
}
