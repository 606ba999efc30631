/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of src/ticket share: the options, and libkrb5's contexts. */
#ifndef TICKET_AUTHORITY_H
#define TICKET_AUTHORITY_H

#include <krb5.h>
#include <pthread.h>
#include <stdatomic.h>

#include "ticket/replay.h"
#include "ticket/ticket.h"

#ifndef KRB5_KRB5_H_INCLUDED
#error "krb5.h is not MIT's"
#endif

struct ticket_authority {
    char *keytab;      /* NULL: libkrb5's default */
    char *replay_file; /* TICKET_REPLAY_SHARED */
    enum ticket_replay_scope scope;
    struct replay_options replay_options;
    pthread_mutex_t replay_lock;     /* of who opens it */
    _Atomic(struct replay *) replay; /* NULL: not opened yet */
    krb5_enctype *enctypes;          /* ends with 0; NULL: krb5.conf's */
    atomic_bool warned_of_keytab;
};

/* libkrb5's contexts belong to one thread: each operation has its own. Where the process runs with
 * more privileges than who started it (setuid, capabilities), the environment does not count. On an
 * error the reason is told. Free with krb5_free_context. */
SEC_NODISCARD sec_status authority_context(const struct ticket_authority *, krb5_context *out);

/* The replay cache, opened where it was not yet. NULL: there is none, and where there should be one,
 * the reason is told. */
struct replay *authority_replay(struct ticket_authority *);

/* For SEC_AUTO(authority_krb5). */
struct authority_krb5 {
    krb5_context context;
};
void authority_krb5_auto(struct authority_krb5 *);

#endif
