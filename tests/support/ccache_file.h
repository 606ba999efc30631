/* SPDX-License-Identifier: Apache-2.0 */
/* Credential cache files of a test's own, in MIT's format (version 0x0504), with tickets that no
 * KDC has made. */
#ifndef TESTS_SUPPORT_CCACHE_FILE_H
#define TESTS_SUPPORT_CCACHE_FILE_H

#include "base/wire.h"
#include "codec/krb_msg.h"
#include "crypto/krb_crypt.h"

struct ccache_file_entry {
    const char *service; /* "HTTP/web.example.test", of the client's realm */
    struct krb_key key;  /* the session key */
    uint64_t auth_100ns, start_100ns, end_100ns, renew_till_100ns;
    uint32_t flags;      /* KRB_TICKET_* */
    struct bytes ticket; /* DER */
};

/* Appends the file's bytes to w; client: "alice". */
void ccache_file_put(struct wire_writer *w, const char *client, const char *realm,
                     const struct ccache_file_entry *, size_t n);
/* Writes the file, mode 0600. Ends the program where that fails. */
void ccache_file_write(const char *path, const char *client, const char *realm,
                       const struct ccache_file_entry *, size_t n);

#endif
