/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between the implementations of SSPI that sspi_peer.c is compiled against: ours, and
 * WinPR's, whose headers claim the same names. */
#ifndef PEERS_SSPI_SIDE_H
#define PEERS_SSPI_SIDE_H

#ifdef PEER_WINPR
#include <winpr/sspi.h>
#else
#include <opensspi/opensspi.h>
#endif

#include "peers/talk.h"

enum { SIDE_MAX_OPTIONS = 16 };

struct side {
    bool server;
    const char *package, *spn, *user, *domain, *password;
    bool sasl;             /* by the Sasl functions */
    const char *authzid;   /* a SASL client's; NULL: none */
    const char *max_bytes; /* SASL_OPTION_RECV_SIZE, decimal; NULL: the default */
    ULONG wanted, granted; /* ISC_REQ_*, ISC_RET_* or ASC_REQ_*, ASC_RET_* */
    struct {
        const char *name, *value;
    } options[SIDE_MAX_OPTIONS];
    unsigned n_options;
    CredHandle cred;
    CtxtHandle context;
};

/* Whether a client's first leg may have an input without a token: WinPR takes it for a later leg. */
extern const bool side_reads_first_input;

SECURITY_STATUS side_acquire(struct side *);
/* old: NULL in the first leg. */
SECURITY_STATUS side_leg(struct side *, PCtxtHandle old, SecBufferDesc *in, SecBufferDesc *out);
/* After the first leg of a server: WinPR's keeps no accounts and is told the one there is. */
SECURITY_STATUS side_give_account(struct side *);
/* A server: a first token to target with what its client delegated, by acting as the client, whose
 * context is deleted before the token is made. *out is allocated: FreeContextBuffer. */
SECURITY_STATUS side_delegate(struct side *, const char *target, SecBuffer *out);
void side_describe(struct side *, json_t *into);
const char *side_status_name(SECURITY_STATUS);
const char *side_reason(void);

#endif
