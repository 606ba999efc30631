/* SPDX-License-Identifier: Apache-2.0 */
/* SASL around a context's legs: which mechanism a package's exchange is (its profile), what RFC 4752
 * has after the exchange, and the security layer that is agreed on (docs/decisions/0032). */
#ifndef SSPI_SASL_H
#define SSPI_SASL_H

#include "codec/sasl_layer.h"
#include "package.h"
#include "sspi/objects.h"

/* --- profiles ------------------------------------------------------------------------------ */

struct sasl_profile {
    const char *name, *package;
    bool offers_layers; /* RFC 4752's last two messages follow; else the package's flags are it */
};

/* NULL: SASL has no mechanism for it. */
const struct sasl_profile *sasl_profile_of(const struct sec_package *);

/* --- a context's --------------------------------------------------------------------------- */

enum sasl_state {
    SASL_EXCHANGE,     /* the package's legs */
    SASL_AWAIT_OFFER,  /* client: the package is done, the server's layers are due */
    SASL_AWAIT_EMPTY,  /* server: its last token is on its way, and nothing is due back */
    SASL_AWAIT_CHOICE, /* server: the client's layer is due */
    SASL_DONE,
    SASL_FAILED,
    SASL_STATES,
};

/* SASL_OPTION_SEND_SIZE and RECV_SIZE where nobody says otherwise: Microsoft's default. */
enum { SASL_SIZE_DEFAULT = 0xFFFF };

struct sasl {
    const struct sasl_profile *profile;
    uint8_t state; /* enum sasl_state: sasl_step alone changes it */
    bool begun;    /* a first token came or went */
    uint8_t layer; /* enum sasl_layer; 0: not agreed on yet */
    uint8_t offered;
    bool forbids_authzid;
    bool sizes_agreed, send_set, receive_set;
    uint32_t send_own;        /* data of a message that the application sends at most */
    uint32_t send_agreed;     /* the same, of what the peer takes; with sizes_agreed */
    uint32_t receive_size;    /* of a whole message */
    uint32_t wanted, granted; /* enum sec_flag */
    uint64_t expires_100ns;
    uint8_t *authzid; /* UTF-8; the client's to send, the server's to tell */
    size_t authzid_n;
};

/* c->step is held in all of these. */

/* Makes a context that has not had its first leg one of SASL's. SEC_E_INVALID_HANDLE: it has had
 * it; SEC_E_SECPKG_NOT_FOUND: no profile. */
SEC_NODISCARD sec_status sasl_begin(struct context *);
void sasl_free(struct sasl *); /* NULL is a no-op */
/* In the package's place. */
SEC_NODISCARD sec_status sasl_step(struct context *, struct sec_step_args *,
                                   struct wire_writer *out);
/* What the package tells of the context, as far as SASL has come. */
void sasl_describe(const struct sasl *, struct sec_facts *);

SEC_NODISCARD sec_status sasl_set_authzid(struct sasl *, struct bytes);
/* Data of a message at most, as SASL_OPTION_SEND_SIZE tells. */
uint32_t sasl_send_size(const struct sasl *);

/* --- messages: the lock of their direction is held ----------------------------------------- */

/* Before a message is made or opened: SEC_E_QOP_NOT_SUPPORTED where the layer is another one,
 * SEC_E_BUFFER_TOO_SMALL and SEC_E_INVALID_TOKEN where it is longer than was agreed on. */
SEC_NODISCARD sec_status sasl_check_signed(const struct sasl *);
SEC_NODISCARD sec_status sasl_check_sent(const struct sasl *, struct sec_msg *);
SEC_NODISCARD sec_status sasl_check_received(const struct sasl *, struct sec_msg *);
/* After it was opened: SEC_E_MESSAGE_ALTERED where it came in the clear and may not. */
SEC_NODISCARD sec_status sasl_check_opened(const struct sasl *, const struct sec_msg *);

/* --- exported and imported ----------------------------------------------------------------- */

/* Of a context that may be none of SASL's. */
void sasl_save(const struct sasl *, struct wire_writer *out);
/* Into a context without a handle. */
SEC_NODISCARD sec_status sasl_load(struct context *, struct wire_reader *in);

#endif
