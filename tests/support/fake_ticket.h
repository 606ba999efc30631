/* SPDX-License-Identifier: Apache-2.0 */
/* src/ticket for packages under test: a tiny realm in a table, whose tickets are real ones (our own
 * encoders, our own encryption) and whose keys and random bytes are the same in every run. Linked in
 * place of src/ticket. */
#ifndef TESTS_SUPPORT_FAKE_TICKET_H
#define TESTS_SUPPORT_FAKE_TICKET_H

#include <pthread.h>
#include <stdatomic.h>

#include "ticket/ticket.h"

#define FAKE_REALM "EXAMPLE.TEST"

enum { FAKE_REPLAYS_MAX = 64 };

struct fake_principal {
    const char *name;     /* ASCII: "alice", "HTTP/web.example.test" */
    const char *password; /* of explicit identities; NULL: nobody may act as it */
    bool is_service;      /* tickets to it may be had */
    bool in_keytab;
};

/* Safe from any thread once it is set up. A test changes what it wants after fake_ticket_init. */
struct ticket_authority {
    const struct fake_principal *principals; /* borrowed */
    size_t n_principals;
    const char *realm;

    /* The process's own identity; NULL: no cache, no client keytab. */
    const char *default_client;

    /* Tickets as the KDC makes them. */
    int32_t ticket_enctype, session_enctype;
    uint32_t kvno;        /* of services' keys, at the KDC and in the keytab */
    uint32_t cached_kvno; /* of tickets that are not asked for afresh; 0: the same */
    bool without_kvno;    /* tickets do not say theirs */
    uint32_t flags;       /* KRB_TICKET_* */
    uint64_t auth_100ns, start_100ns, end_100ns, renew_till_100ns;
    uint64_t kdc_offset_100ns;
    struct bytes pac;                /* p not NULL: in AD-IF-RELEVANT, as KDCs of Microsoft's do */
    struct bytes authorization_data; /* p not NULL: this DER in place of it */
    struct bytes addresses;          /* p not NULL: HostAddresses, DER */
    const char *client_realm;        /* in tickets; NULL: realm */
    const char *client_name;         /* in tickets; NULL: the holder's */
    int32_t transited_type;
    struct bytes transited;
    bool forwardable; /* whether ticket_forward has something to forward */

    /* The keytab: each principal of it with a key of each of these types. */
    bool no_keytab;
    uint32_t keytab_kvno; /* 0: kvno */
    int32_t keytab_enctypes[8];
    size_t n_keytab_enctypes;

    /* Failures, to order. SEC_E_OK: none. */
    sec_status get_fails, tgt_fails, forward_fails, holder_fails;
    int32_t get_error;                         /* the KDC's code that goes with get_fails */
    enum ticket_replay_verdict replay_verdict; /* other than TICKET_FRESH: what all are told */
    /* Not NULL: asked in place of the memory below, which is small. */
    enum ticket_replay_verdict (*check_replay)(void *user,
                                               const uint8_t hash[static TICKET_REPLAY_HASH_BYTES],
                                               uint64_t ctime_100ns, uint64_t now_100ns);
    void *check_replay_user;

    /* What was done. */
    atomic_uint gets, fresh_gets, tgts, forwards, replay_checks, delegations;
    /* Handed out and not given back: 0 at the end, or it leaks. */
    atomic_int holders, keytabs, held_keys, delegated;

    bool forgets; /* when it is full, it begins anew */

    atomic_uint random_calls; /* what confounders and session keys count on from */
    pthread_mutex_t replays_lock;
    uint8_t replays[FAKE_REPLAYS_MAX][TICKET_REPLAY_HASH_BYTES];
    size_t n_replays;
};

/* Realm EXAMPLE.TEST. Clients "alice" (password "Password", the process's own identity) and "bob"
 * ("secret"); services "HTTP/web.example.test" and "host/web.example.test", in the keytab with keys
 * of all types, version 3, "cifs/elsewhere.example.test", which is not, and the clients themselves.
 * Tickets AES256-SHA1 with session keys of that type, forwardable, ok-as-delegate, from an hour
 * before FAKE_HOST_NOW_100NS to nine hours after. *a must not move afterwards. */
void fake_ticket_init(struct ticket_authority *a);

/* The long-term key of a principal, krbtgt's ("krbtgt/EXAMPLE.TEST") included. */
void fake_ticket_key(const char *principal, int32_t enctype, uint32_t kvno, struct krb_key *out);
/* What ticket_forward gives for this client, decrypted: "TGT of alice@EXAMPLE.TEST". */
size_t fake_ticket_forwarded(const struct krb_name *cname, struct bytes crealm, char *to, size_t n);
/* A PrincipalName of ASCII text, its parts views of it. */
struct krb_name fake_ticket_name(const char *text, int32_t type);
/* Encrypts under a key, its confounder from the authority's own sequence; appended to w. */
void fake_ticket_encrypt(struct ticket_authority *a, const struct krb_key *key, uint32_t usage,
                         struct bytes plain, struct wire_writer *w);

#endif
