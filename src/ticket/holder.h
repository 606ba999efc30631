/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks for tickets, and where its tickets lie. */
#ifndef TICKET_HOLDER_H
#define TICKET_HOLDER_H

#include "ticket/authority.h"

/* A credential cache in memory that nobody else knows of; the last one who uses it destroys it. */
struct holder_cache {
    atomic_uint references;
    char *name;                /* "MEMORY:…" */
    int64_t renew_at, ends_at; /* seconds since 1970, on this computer's clock */
};

struct ticket_holder {
    struct ticket_authority *authority;
    bool explicit_identity;
    char *user, *domain;        /* UTF-8, explicit; domain may be "" */
    char *given_cache;          /* where tickets are, and nowhere else; NULL: the defaults */
    struct secret password;     /* UTF-8 with its NUL */
    pthread_mutex_t asking;     /* of who asks the KDC; taken before lock */
    pthread_mutex_t lock;       /* of what follows */
    struct holder_cache *cache; /* explicit, or by a client keytab; NULL: none yet */
    uint64_t attempts;          /* at a TGT; and how the last one ended */
    sec_status failed;
    int32_t failed_code;
    uint64_t failed_at_ms; /* on the monotonic clock */
    char failed_reason[SEC_REASON_BYTES];
};

/* A cache to work with, for one operation. */
struct holder_session {
    struct ticket_holder *holder;
    krb5_context context;
    krb5_ccache cache;
    krb5_principal client;
    struct holder_cache *held; /* NULL: the default cache */
};

/* Opens the holder's cache, with a TGT that is good for a while where we are who gets it. May block
 * on a KDC. Close what was opened, also after a failure. */
SEC_NODISCARD sec_status holder_begin(struct ticket_holder *, struct holder_session *,
                                      int32_t *krb_error);
void holder_end(struct holder_session *);

/* A password as libkrb5 takes it: UTF-8 and a NUL. SEC_E_UNKNOWN_CREDENTIALS: it is none. */
sec_status holder_take_password(struct bytes utf16, struct secret *out);

/* The cache of a holder without an explicit identity. */
krb5_error_code holder_open_cache(const struct ticket_holder *, krb5_context, krb5_ccache *out);

/* SEC_E_NO_CREDENTIALS, and which cache and which client keytab there would have to be. */
sec_status holder_fail_nobody(krb5_context);

#endif
