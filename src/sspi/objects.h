/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind credential and context handles. */
#ifndef SSPI_OBJECTS_H
#define SSPI_OBJECTS_H

#include <pthread.h>
#include <stdatomic.h>

#include <opensspi/sspi.h>

#include "package.h"
#include "sspi/configuration.h"
#include "sspi/handles.h"

/* What a credential is at a time: immutable. */
struct holding {
    struct sec_cred *cred;
    enum sec_use use;
    struct handle_ref delegator; /* the context whose delegated tickets these are; or empty */
    struct holding *before;      /* what AddCredentials was called with: this one borrows from it */
};

/* Contexts begin with what it holds now, and go on with that: all of it stays until the last of them
 * has gone. */
struct credential {
    _Atomic(struct holding *) now;
    struct holding first;
    struct configuration *configuration;
    pthread_mutex_t adding;
};

/* A token that did not fit the caller's buffer: the leg is done, its token still to be had. */
struct undelivered {
    uint8_t *token;
    size_t n;
    sec_status status;
    uint32_t granted;
    uint64_t expires_100ns;
};

struct export_owner;

struct context {
    struct sec_ctx *ctx;
    struct sasl *sasl; /* NULL: the context is none of SASL's; set before its first leg */
    struct handle_ref credential; /* keeps it alive for the context's life */
    struct handle_ref resumed;    /* with whose keys it goes on, imported half-way; or empty */
    struct export_owner *owner;   /* whose it is, until that is there; NULL: no matter */
    struct undelivered *undelivered;
    char *reason;             /* of a failed leg; NULL: none, or no memory for it */
    struct sec_token *token;  /* made when it is first asked for, under step */
    HANDLE access_token;      /* of SECPKG_ATTR_ACCESS_TOKEN; likewise */
    sec_status last_status;   /* of the last leg */
    uint8_t role;             /* enum sec_role */
    atomic_bool has_messages; /* some were protected or opened */
    bool exported;            /* it is elsewhere now: under all three locks */
    bool imported;            /* from elsewhere: of its handshake the outcome alone is known */
    atomic_bool established;  /* set, once, under step: what messages need to know of the state */
    /* step: legs and queries; send and receive: the two directions of messages. */
    pthread_mutex_t step, send, receive;
};

/* The handle that a caller passed, or {0, 0}, which is none, for NULL. */
struct handle objects_handle(const SecHandle *);

/* A reference to release with handle_release; an empty one for what is no handle of that kind. */
struct handle_ref objects_context(const SecHandle *, struct context **out);

/* What of a context a call locks, in this order. */
enum objects_lock {
    OBJECTS_NOTHING,
    OBJECTS_STEP,
    OBJECTS_WHOLE, /* step, send, receive */
};

/* A context that a call works on: unlocked and released when this leaves its scope. */
struct objects_hold {
    struct handle_ref ref;
    enum objects_lock lock;
};
void objects_hold_auto(struct objects_hold *);

/* For an empty hold. SEC_E_INVALID_HANDLE: it is no handle of that kind. */
SEC_NODISCARD sec_status objects_hold_context(struct objects_hold *, const SecHandle *,
                                              enum objects_lock, struct context **out);
SEC_NODISCARD sec_status objects_hold_credential(struct handle_ref *, const SecHandle *,
                                                 struct credential **out);

/* Without a configuration, and with nothing in its first holding. NULL without memory. */
struct credential *objects_credential_new(void);
const struct holding *objects_holding(const struct credential *);

/* A context before its first leg; owned by the caller until it is given a handle. */
sec_status objects_context_new(struct handle_ref credential, enum sec_role, struct context **out);
/* Around a package's context, which it takes, also when it fails. */
sec_status objects_context_adopt(struct handle_ref credential, enum sec_role, struct sec_ctx *,
                                 struct context **out);
void objects_context_free(void *context);
/* What is known of it; c->step is held. */
void objects_describe(const struct context *, struct sec_facts *out);
void objects_credential_free(void *credential);

/* FILETIME in UTC to a caller's time stamp: local time, and the end of time for never. */
void objects_put_time(PTimeStamp to, uint64_t utc_100ns);

#endif
