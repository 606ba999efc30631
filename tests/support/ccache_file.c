/* SPDX-License-Identifier: Apache-2.0 */
/* Credential caches of a test's own: MIT's "Credential cache file format", numbers big-endian. */
#include "tests/support/ccache_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/fake_kdc.h"

enum { VERSION = 0x0504 };

static void
put_data(struct wire_writer *w, struct bytes b)
{
    wire_put_be32(w, (uint32_t)b.n);
    wire_put_bytes(w, b);
}

static void
put_principal(struct wire_writer *w, const char *text, const char *realm, int32_t type)
{
    struct krb_name name = fake_kdc_name(text, type);

    wire_put_be32(w, (uint32_t)name.type);
    wire_put_be32(w, (uint32_t)name.n);
    put_data(w, bytes_of_string(realm));
    for (size_t i = 0; i < name.n; i++) {
        put_data(w, name.parts[i]);
    }
}

static void
put_time(struct wire_writer *w, uint64_t time_100ns)
{
    wire_put_be32(w, time_100ns ? (uint32_t)clock_to_unix(time_100ns) : 0);
}

static void
put_entry(struct wire_writer *w, const char *client, const char *realm,
          const struct ccache_file_entry *e)
{
    put_principal(w, client, realm, KRB_NT_PRINCIPAL);
    put_principal(w, e->service, realm, KRB_NT_SRV_INST);
    wire_put_be16(w, (uint16_t)e->key.enctype);
    put_data(w, bytes_of(e->key.b, e->key.n));
    put_time(w, e->auth_100ns);
    put_time(w, e->start_100ns);
    put_time(w, e->end_100ns);
    put_time(w, e->renew_till_100ns);
    wire_put_u8(w, 0); /* not encrypted in another's session key */
    wire_put_be32(w, e->flags);
    wire_put_be32(w, 0); /* addresses */
    wire_put_be32(w, 0); /* authorization data */
    put_data(w, e->ticket);
    put_data(w, bytes_of(NULL, 0)); /* second ticket */
}

void
ccache_file_put(struct wire_writer *w, const char *client, const char *realm,
                const struct ccache_file_entry *entries, size_t n)
{
    wire_put_be16(w, VERSION);
    wire_put_be16(w, 0); /* no header fields */
    put_principal(w, client, realm, KRB_NT_PRINCIPAL);
    for (size_t i = 0; i < n; i++) {
        put_entry(w, client, realm, &entries[i]);
    }
}

void
ccache_file_write(const char *path, const char *client, const char *realm,
                  const struct ccache_file_entry *entries, size_t n)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ccache_file_put(&w, client, realm, entries, n);
    if (fd < 0 || wire_writer_status(&w) != WIRE_OK || write(fd, w.p, w.len) != (ssize_t)w.len ||
        close(fd) != 0) {
        perror(path);
        abort();
    }
}
