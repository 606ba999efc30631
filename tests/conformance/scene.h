/* SPDX-License-Identifier: Apache-2.0 */
/* A client and a server in each state in which a call can meet them, by each mechanism. */
#ifndef TESTS_CONFORMANCE_SCENE_H
#define TESTS_CONFORMANCE_SCENE_H

#include <stdbool.h>

#include <opensspi/opensspi.h>

#include "tests/support/api_pair.h"

/* Negotiate has either behind it: a password for NTLM, a ticket for Kerberos. */
enum mechanism { NTLM, NEGO_NTLM, KERBEROS, NEGO_KERBEROS, MECHANISMS };
enum side { CLIENT, SERVER, SIDES };
enum state {
    ALONE,       /* credentials, and no context */
    CREATED,     /* OpenSspiCreateContext's, before its first leg */
    HALF_OPEN,   /* a first leg is done, the peer's answer has come; Kerberos in DCE style */
    ESTABLISHED, /* no message yet */
    FAILED,      /* a leg was refused */
    EXPIRED,     /* established a day ago: the ticket is over, the password is not */
    EXPORTED,    /* what is left behind at the source */
    IMPORTED,    /* what another process made of it */
    MOVED_HALF,  /* the same of HALF_OPEN */
    STATES
};

/* Handles that are none: each function refuses each. */
enum no_handle { NO_POINTER, ZEROS, ONES, GARBAGE, OF_ANOTHER_KIND, DELETED, NO_HANDLES };

enum { SCENE_TRAILER_BYTES = 128, SCENE_DATA_BYTES = 24 };

struct scene {
    enum mechanism mechanism;
    enum side side;
    enum state state;
    struct api_pair pair;
    CredHandle credential;          /* of side */
    CtxtHandle context, peer;       /* of side; of the other one */
    PCredHandle with;               /* what the call is given: &credential, or what is none */
    PCtxtHandle at;                 /* likewise &context */
    uint8_t token[API_TOKEN_BYTES]; /* HALF_OPEN: what the peer answered */
    ULONG token_bytes;
    /* What the peer said, or what was exported: made when a call first needs it, and given to each. */
    struct {
        uint8_t token[SCENE_TRAILER_BYTES], data[SCENE_DATA_BYTES];
        ULONG n; /* of the token; 0: not made */
    } message;
    SecBuffer packed;
};

const char *mechanism_name(enum mechanism);
const char *package_name(enum mechanism);
const char *side_name(enum side);
const char *state_name(enum state);
const char *no_handle_name(enum no_handle);

/* Accounts, tickets and keys for all mechanisms: a group's setup and teardown. */
int scene_begin(void **state);
int scene_end(void **state);

/* Credentials of both sides and a pair in that state. Aborts where it cannot. */
void scene_open(struct scene *, enum mechanism, enum side, enum state);
void scene_close(struct scene *);
/* Makes token what a client begins with, where it is not yet. */
void scene_first_token(struct scene *);
/* An empty pointer, or one to what is no handle of a context (of a credential); live until scene_close. */
PCtxtHandle scene_no_context(struct scene *, enum no_handle, CtxtHandle *room);
PCredHandle scene_no_credential(struct scene *, enum no_handle, CredHandle *room);

SECURITY_STATUS scene_acquire(enum mechanism, ULONG use, CredHandle *);
/* Around what a call of a table prepares and puts away, and is not what the row is about. */
extern void (*scene_spare)(bool spare);

/* The configuration that scene_begin loaded. */
const char *scene_file(void);
/* Text as 16-bit units; valid until the call after the next three. */
SEC_WCHAR *wide(const char *ascii);

#endif
