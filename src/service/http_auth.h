/* SPDX-License-Identifier: Apache-2.0 */
/* What HTTP headers of authentication say (RFC 9110 section 11, RFC 4559); pure functions. */
#ifndef SERVICE_HTTP_AUTH_H
#define SERVICE_HTTP_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

enum http_scheme { HTTP_SCHEME_NEGOTIATE, HTTP_SCHEME_NTLM, HTTP_SCHEME_BASIC };

/* "Negotiate", "NTLM", "Basic" */
const char *http_auth_scheme_name(enum http_scheme scheme);

enum http_auth_result {
    HTTP_AUTH_TOKEN,    /* the scheme, and its token appended to w */
    HTTP_AUTH_OTHER,    /* a scheme that is not offered here: as good as no header */
    HTTP_AUTH_NO_TOKEN, /* the scheme alone */
    HTTP_AUTH_BROKEN,   /* what follows the scheme is not one base64 token */
    HTTP_AUTH_TOO_LONG, /* a token above the limit */
    HTTP_AUTH_NO_MEMORY,
};

/* Reads the value of an Authorization header. The limit is checked before anything is decoded. */
SEC_NODISCARD enum http_auth_result http_auth_parse(struct bytes value, size_t max_token,
                                                    enum http_scheme *scheme,
                                                    struct wire_writer *w);
/* What was wrong, for a log line. */
const char *http_auth_result_text(enum http_auth_result result);

/* The host in a Host header (RFC 9110 7.2), without its port and in small letters; ADDRESS where
 * it is one. NONE for what is neither a name nor an address. */
enum http_host { HTTP_HOST_NONE, HTTP_HOST_NAME, HTTP_HOST_ADDRESS };
enum { HTTP_HOST_BYTES = 256 };
enum http_host http_auth_host(const char *header, char to[static HTTP_HOST_BYTES]);

/* Whether a token begins an exchange: NTLM's NEGOTIATE_MESSAGE, or a GSS-API initial token. */
bool http_auth_is_first(struct bytes token);
/* Whether the value of an Authorization header holds a token that goes on with an exchange, as far as
 * its first bytes tell. */
bool http_auth_goes_on(struct bytes value);
/* Whether it holds a name and a password. */
bool http_auth_is_basic(struct bytes value);
/* Whether a first token says of itself that it is longer than it came. */
bool http_auth_is_cut(struct bytes token);
/* Whether it is one of NTLM's messages, without SPNEGO around it. */
bool http_auth_is_ntlm(struct bytes token);

/* Appends text with everything but letters, digits and "-._~" as %XX (RFC 3986 section 2.1): safe
 * in any header, and told from every other text. */
void http_auth_put_percent(struct wire_writer *w, struct bytes text);

#endif
