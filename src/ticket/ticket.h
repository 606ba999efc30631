/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tickets and keys: all of Kerberos that touches a KDC, a credential cache, a keytab file or the
 * memory of processes side by side. The AP exchange (src/kerberos) asks here for a ticket to a
 * service, for the key to open one, and whether an authenticator has been seen before. Behind this
 * door stands MIT's libkrb5 and the replay cache; the types of libkrb5 do not pass it.
 *
 * Everything is safe from any thread. What may block (a KDC) says so.
 */
#ifndef TICKET_TICKET_H
#define TICKET_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/status.h"
#include "base/wire.h"
#include "codec/krb_msg.h"
#include "crypto/krb_crypt.h"

struct ticket_authority;

/* --- the authority ------------------------------------------------------------------------- */

enum ticket_replay_scope {
    TICKET_REPLAY_PROCESS, /* this process remembers; what is older than its start is refused */
    TICKET_REPLAY_SHARED,  /* the processes that name one file remember together */
    TICKET_REPLAY_OFF,
};

/* What [kerberos] says. Borrowed for the call. */
struct ticket_options {
    const char *keytab;      /* "FILE:/etc/krb5.keytab"; NULL or "": libkrb5's default */
    const char *replay_file; /* TICKET_REPLAY_SHARED: its path */
    enum ticket_replay_scope replay;
    size_t replay_capacity;  /* authenticators remembered at once */
    uint64_t skew_100ns;     /* the window: an authenticator is remembered for twice as long */
    uint64_t start_100ns;    /* TICKET_REPLAY_PROCESS remembers from then on; 0: from now on */
    const int32_t *enctypes; /* what a ticket may have that is asked for, the preferred first */
    size_t n_enctypes;       /* 0: as krb5.conf has it */
};

/* Opens no file yet: keytab, caches and a shared replay cache are opened by who needs them first.
 * *out is owned by the caller: ticket_authority_close, after all that was got from it. */
SEC_NODISCARD sec_status ticket_authority_open(const struct ticket_options *,
                                               struct ticket_authority **out);
void ticket_authority_close(struct ticket_authority *); /* NULL is a no-op */
/* The encryption types that may be used, the preferred first: the options', or else krb5.conf's
 * permitted_enctypes, as far as they are ours. At most max, and their number is returned. Reads
 * krb5.conf. */
size_t ticket_authority_enctypes(struct ticket_authority *, int32_t *out, size_t max);

/* --- tickets, for initiators --------------------------------------------------------------- */

/* Who asks for tickets: the default cache's principal, a client keytab's, or an explicit identity,
 * whose tickets live in a cache in memory that nobody else sees. */
struct ticket_holder;

struct ticket_holder_args {
    bool explicit_identity;              /* else the process's own: KRB5CCNAME, client keytab */
    struct bytes user, domain, password; /* UTF-16LE; user@REALM, or domain and user */
    const char
        *cache; /* not explicit: this cache alone ("MEMORY:…"), and no keytab; NULL: default */
};

/* Contacts no KDC: what is wrong with the identity shows at the first ticket. *out is owned by the
 * caller: ticket_holder_free.
 *   SEC_E_UNKNOWN_CREDENTIALS  the identity cannot be a principal's name
 *   SEC_E_INSUFFICIENT_MEMORY */
SEC_NODISCARD sec_status ticket_holder_new(struct ticket_authority *,
                                           const struct ticket_holder_args *,
                                           struct ticket_holder **out);
void ticket_holder_free(struct ticket_holder *); /* NULL is a no-op; wipes */
/* "alice@EXAMPLE.TEST" in UTF-16LE, appended. SEC_E_NO_CREDENTIALS: no cache, no keytab. Contacts
 * no KDC. */
SEC_NODISCARD sec_status ticket_holder_name(struct ticket_holder *, struct wire_writer *out);

/* A ticket and all that is needed to use it. Clear with ticket_clear, which wipes. */
struct ticket {
    struct secret block; /* what the views below point into */
    struct bytes der;    /* Ticket */
    struct krb_key key;  /* the session key */
    struct bytes crealm; /* the client, as the KDC spells it */
    struct krb_name cname;
    struct bytes realm; /* the service, as the KDC spells it */
    struct krb_name sname;
    uint32_t flags;  /* KRB_TICKET_* */
    int32_t enctype; /* of the ticket itself: cleartext on the wire */
    uint64_t start_100ns, end_100ns, renew_till_100ns;
    uint64_t kdc_offset_100ns; /* two's complement: what to add to our clock to have the KDC's */
};
void ticket_clear(struct ticket *);

struct ticket_request {
    /* service/host, service/host:port, service/host/name, service@host (host-based), any of them
     * with @REALM; or user@REALM, UPN. UTF-16LE. */
    struct bytes target;
    struct bytes peer_tgt; /* DER of a TGT: a user-to-user ticket for its client, the target */
    bool delegate;         /* a forwardable TGT will be wanted: ticket_forward */
    bool fresh;            /* not one from the cache: the service refused that one */
};

/* May block on a KDC. On an error the reason names principal, realm and KDC error; *krb_error (may
 * be NULL) is the KDC's code, or 0.
 *   SEC_E_NO_CREDENTIALS               no TGT, no password, no keytab; or it has run out
 *   SEC_E_TARGET_UNKNOWN               the name is no service's, or the KDC knows none of it
 *   SEC_E_NO_AUTHENTICATING_AUTHORITY  no KDC answers, or what answers talks nonsense
 *   SEC_E_LOGON_DENIED                 wrong password, unknown or disabled client
 *   SEC_E_TIME_SKEW, SEC_E_KDC_UNKNOWN_ETYPE, SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR */
SEC_NODISCARD sec_status ticket_get(struct ticket_holder *, const struct ticket_request *,
                                    struct ticket *out, int32_t *krb_error);

/* The holder's own TGT, for the acceptor of a user-to-user exchange. May block. */
SEC_NODISCARD sec_status ticket_get_tgt(struct ticket_holder *, struct ticket *out);

/* A forwarded TGT for a service, as a KRB-CRED encrypted under the session key of `service`,
 * appended to out. May block. SEC_E_NO_CREDENTIALS: the TGT is not forwardable, or the KDC gave
 * none; the reason says which. */
SEC_NODISCARD sec_status ticket_forward(struct ticket_holder *, const struct ticket *service,
                                        struct wire_writer *out);

/* --- keys, for acceptors ------------------------------------------------------------------- */

/* A keytab file, read as a whole and reread when it changes. */
struct ticket_keytab;

/* name NULL: the authority's. A file that is missing or cannot be read is no error here:
 * ticket_keytab_check and ticket_keys_hold answer so until it can be, and say why. */
SEC_NODISCARD sec_status ticket_keytab_open(struct ticket_authority *, const char *name,
                                            struct ticket_keytab **out);
void ticket_keytab_close(struct ticket_keytab *); /* NULL is a no-op; wipes */
/* Whether a key can be had at all: SEC_E_OK, or SEC_E_NO_CREDENTIALS with the reason (missing,
 * unreadable, empty, without a key for principal). principal NULL: any. It holds no lock on the
 * file and may be called at any time. */
SEC_NODISCARD sec_status ticket_keytab_check(struct ticket_keytab *, const char *principal);

/* An entry of a keytab, without its key. */
struct ticket_entry {
    struct bytes realm;
    struct krb_name name;
    uint32_t kvno;
    int32_t enctype;
    bool usable; /* its encryption type is one of ours */
};
typedef void (*ticket_entry_take)(void *user, const struct ticket_entry *);
/* Every entry, in the file's order; views hold for the call of take. SEC_E_NO_CREDENTIALS: as
 * ticket_keytab_check. */
SEC_NODISCARD sec_status ticket_keytab_list(struct ticket_keytab *, ticket_entry_take, void *user);

/* A key with what an accept needs derived from it. Immutable. */
struct ticket_key {
    struct krb_key key;
    uint32_t kvno;
    const struct krb_cipher *open_ticket;      /* KRB_USAGE_TICKET, decrypting */
    const struct krb_checksum_key *verify_pac; /* KRB_USAGE_PAC */
    struct bytes realm;                        /* the principal that the keytab has it for */
    struct krb_name name;
};

enum ticket_key_verdict {
    TICKET_KEY_FOUND,
    TICKET_KEY_NO_MEMORY,    /* to look */
    TICKET_KEY_NO_KEYTAB,    /* missing, unreadable or empty */
    TICKET_KEY_NO_PRINCIPAL, /* no entry of that name: KRB_AP_ERR_NOT_US */
    TICKET_KEY_NO_KVNO,      /* of that name, but of other versions: KRB_AP_ERR_BADKEYVER */
    TICKET_KEY_NO_ENCTYPE,   /* and of that version, but of other types: KRB_AP_ERR_BADKEYVER */
};

enum { TICKET_KEYS_MAX = 16 };

/* Candidates to open a ticket with, most likely first. Between hold and release they stay as they
 * are, whatever becomes of the file. */
struct ticket_keys {
    const struct ticket_key *keys[TICKET_KEYS_MAX];
    size_t n;
    enum ticket_key_verdict verdict; /* n == 0: why */
    void *held;
};

/* Keys for a ticket's clear part. Names are compared without case in the host part, as a KDC of
 * Microsoft's does. principal, where not NULL ("HTTP/web.example.test" or with @REALM), is whom the
 * credential was acquired for: only its keys. Without it an entry of the ticket's own name comes
 * first, then any entry of the same enctype and kvno: a service goes by more names than one. A kvno
 * is compared in 32 bits, then in 8, as old keytabs have it; a ticket without one fits any. Where
 * nothing fits and the file may have changed, it is read again first, at most once a second.
 * No file is opened and no lock is waited for on the way otherwise. n == 0: the reason is given
 * by sec_fail's text ("ticket for HTTP/www kvno 4, keytab FILE:/etc/x.keytab has kvno 3"). */
void ticket_keys_hold(struct ticket_keytab *, const char *principal, const struct krb_ticket *,
                      struct ticket_keys *out);
/* Where keys were held (n > 0) and none of them opened the ticket: what the keytab lacks for the
 * ticket's own name or for principal, as verdict and as sec_fail's text. TICKET_KEY_FOUND: nothing,
 * but its key is another than the ticket's. */
enum ticket_key_verdict ticket_keys_explain(const struct ticket_keys *, const char *principal,
                                            const struct krb_ticket *);
void ticket_keys_release(struct ticket_keys *); /* idempotent */

/* For which names the keytab has a key that was held: entries of one account share theirs. */
enum ticket_key_owner {
    TICKET_KEY_OWN,      /* for one that fits, too */
    TICKET_KEY_OTHERS,   /* for others alone; those that fit have other keys */
    TICKET_KEY_NAMELESS, /* no entry's name fits: nobody can tell */
};
typedef bool (*ticket_name_fits)(const void *user, const struct krb_name *);
enum ticket_key_owner ticket_keys_owner(const struct ticket_keys *, const struct ticket_key *,
                                        ticket_name_fits, const void *user);

/* --- passwords ------------------------------------------------------------------------------ */

/* Changes a password with the KDC's password service (RFC 3244), given the old one: whose.explicit.
 * Blocks. The reason has what the service said.
 *   SEC_E_LOGON_DENIED              the old password is wrong, or the account may not
 *   TICKET_PASSWORD_RESTRICTION     the new one breaks the domain's rules
 *   SEC_E_NO_AUTHENTICATING_AUTHORITY  no KDC, or no password service, answers */
#define TICKET_PASSWORD_RESTRICTION ((sec_status)0xC000006C) /* STATUS_PASSWORD_RESTRICTION */
SEC_NODISCARD sec_status ticket_change_password(struct ticket_authority *,
                                                const struct ticket_holder_args *whose,
                                                struct bytes password);

/* --- replays ------------------------------------------------------------------------------- */

enum ticket_replay_verdict {
    TICKET_FRESH,
    TICKET_REPLAYED,
    TICKET_BEFORE_START, /* older than what the cache remembers: nobody knows */
    TICKET_REPLAY_FULL,  /* refuse: it never forgets inside the window */
    TICKET_REPLAY_BROKEN,
};

enum { TICKET_REPLAY_HASH_BYTES = 16 };

/* Remembers an authenticator by 16 bytes that no other one has (docs/decisions/0041), and tells
 * whether it was there before. Exact: of any number of threads that bring the same, one is told
 * TICKET_FRESH. The reason is given by sec_fail's text for all others. */
enum ticket_replay_verdict ticket_replay_check(struct ticket_authority *,
                                               const uint8_t hash[static TICKET_REPLAY_HASH_BYTES],
                                               uint64_t ctime_100ns, uint64_t now_100ns);
/* That it will be asked for soon, if all goes well: nothing is remembered by it. */
void ticket_replay_expect(struct ticket_authority *,
                          const uint8_t hash[static TICKET_REPLAY_HASH_BYTES]);

/* --- delegated credentials ----------------------------------------------------------------- */

/* What a client forwarded: a cache in memory, named in this process alone, gone with the last
 * reference. */
struct ticket_delegated;

/* krb_cred is the DER of KRB-CRED, from a proven authenticator; keys are tried in turn (its subkey,
 * the session key), and none, for who did not encrypt it once more. Tickets of another client than
 * cname@crealm are refused.
 *   SEC_E_INVALID_TOKEN: it cannot be opened, or is malformed, or somebody else's */
SEC_NODISCARD sec_status ticket_delegated_new(struct ticket_authority *, struct bytes krb_cred,
                                              const struct krb_key *const *keys, size_t n_keys,
                                              const struct krb_name *cname, struct bytes crealm,
                                              struct ticket_delegated **out);
void ticket_delegated_free(struct ticket_delegated *); /* NULL is a no-op; destroys the cache */
/* "MEMORY:…", for krb5_cc_resolve and gss_acquire_cred_from in this process. */
const char *ticket_delegated_cache(const struct ticket_delegated *);

/* --- what stands around, for who looks for faults -------------------------------------------- */

enum { TICKET_SURVEY_BYTES = 256 };

/* What krb5.conf has for a host. Texts that are too long are cut. */
struct ticket_survey {
    char default_realm[TICKET_SURVEY_BYTES]; /* "": none */
    char realm[TICKET_SURVEY_BYTES];         /* of the host by [domain_realm]; "": not there */
    char kdcs[TICKET_SURVEY_BYTES]; /* kdc lines of the host's realm, else of the default one */
    char canonicalize[TICKET_SURVEY_BYTES]; /* dns_canonicalize_hostname */
    char cache[TICKET_SURVEY_BYTES];        /* the default credential cache */
    char keytab[TICKET_SURVEY_BYTES];       /* the default keytab */
};
/* Contacts nobody. On an error the reason says what is wrong with krb5.conf. */
SEC_NODISCARD sec_status ticket_survey(struct ticket_authority *, const char *host,
                                       struct ticket_survey *out);

struct ticket_kdc {
    bool answers;
    int32_t krb_error; /* what it answered to who is nobody; 0: nothing of the kind */
    uint64_t time_100ns, asked_100ns; /* its clock, and ours; 0: not told */
};
/* Asks a realm's KDC for a ticket that there is none of, to hear its clock; no password goes out. May
 * block. Where none answers, the reason says so and out->answers is false. */
SEC_NODISCARD sec_status ticket_ask_kdc(struct ticket_authority *, const char *realm,
                                        struct ticket_kdc *out);

#endif
