/* SPDX-License-Identifier: Apache-2.0 */
/* The scheme Basic (RFC 7617). */
#ifndef SERVICE_HTTP_BASIC_H
#define SERVICE_HTTP_BASIC_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "base/wire.h"

/* A name and a password, each with its NUL at the end, all within room. */
struct http_basic {
    const char *user, *domain, *password;
    struct secret room;
};

/* Takes apart what was base64: "user:password" in UTF-8, where user may be "DOMAIN\user", of which
 * the domain is taken off; "user@domain" is a name as it is. NULL; or what is wrong, for the log. To
 * be cleared either way. */
SEC_NODISCARD const char *http_basic_read(struct bytes decoded, struct http_basic *out);
void http_basic_clear(struct http_basic *basic);

/* The challenge, appended: realm goes between quotes as it is. */
void http_basic_put_challenge(struct wire_writer *w, const char *realm);

#endif
