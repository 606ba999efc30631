/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A security package, as the seam (src/sspi) and Negotiate see it, and the host that a package
 * lives in. A package turns (state, token in) into (state, token out, status). It does no I/O of
 * its own; time, random, accounts and settings come from its host, so that every exchange
 * replays byte for byte under a fake one.
 */
#ifndef PACKAGE_H
#define PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/status.h"
#include "base/wire.h"

struct account_authority;
struct account_identity;
struct sec_package;
struct ticket_authority;

/* --- the host ------------------------------------------------------------------------------ */

/* BY_CALLER: nothing is configured, and the flags of the call decide as they do on Windows. */
enum sec_bindings_policy {
    SEC_BINDINGS_BY_CALLER,
    SEC_BINDINGS_OFF,
    SEC_BINDINGS_ALLOW_MISSING,
    SEC_BINDINGS_REQUIRED,
};
enum sec_ntlm_policy { SEC_NTLM_ALLOW, SEC_NTLM_AUDIT, SEC_NTLM_DENY };
/* VERIFY: a PAC that is there must be good; IGNORE: nobody looks, and nothing is taken from it. */
enum sec_pac_policy { SEC_PAC_VERIFY, SEC_PAC_REQUIRED, SEC_PAC_IGNORE };

enum { SEC_ENCTYPES_MAX = 8 };

/* What [kerberos] says of the exchange; the replay cache is the ticket authority's. */
struct sec_kerberos_settings {
    const char *keytab;    /* UTF-8, for ticket_keytab_open; NULL: the authority's */
    const char *principal; /* UTF-8: whom acceptors are; NULL: any name in the keytab */
    uint64_t skew_100ns;   /* 5 minutes unless configured */
    enum sec_pac_policy pac;
    /* Encryption types that tickets, session keys and subkeys may have, the preferred first. */
    int32_t enctypes[SEC_ENCTYPES_MAX];
    size_t n_enctypes;
};

/* Names are UTF-16LE without a terminator, as they go over the wire. Read once, then const: a
 * credential keeps a reference to the settings that it was acquired under. */
struct sec_settings {
    struct bytes computer, domain;         /* NetBIOS names */
    struct bytes dns_computer, dns_domain; /* may be empty: not announced */
    const char *packages;                  /* "Kerberos,NTLM"; the form of a PackageList */
    enum sec_ntlm_policy ntlm;
    unsigned lm_level_client; /* LmCompatibilityLevel, 0 to 5, default 3 */
    unsigned lm_level_server; /* default 5 */
    bool require_mic;
    bool require_128bit; /* no message is protected with a key of fewer bits; default yes */
    bool allow_anonymous;
    enum sec_bindings_policy channel_bindings;
    enum sec_bindings_policy service_binding;
    const struct bytes *spns; /* UTF-16LE; the target names that this service goes by */
    size_t n_spns;
    uint64_t max_response_age_100ns; /* of an NTLMv2 time stamp; 36 h as Windows has it */
    struct sec_kerberos_settings kerberos;
};

struct sec_default_identity {
    struct secret user, domain, password; /* UTF-16LE */
};

struct sec_host {
    const struct sec_settings *settings;
    struct account_authority *accounts;        /* NULL: this process has none */
    struct ticket_authority *tickets;          /* NULL: this process has no Kerberos */
    const struct sec_package *const *packages; /* what Negotiate may choose from */
    size_t n_packages;
    uint64_t (*now_100ns)(const struct sec_host *); /* FILETIME, UTC */
    /* false: no random to be had; the call must fail */
    SEC_NODISCARD bool (*random)(const struct sec_host *, void *to, size_t n);
    /* Whom an outbound credential without an identity acts as. SEC_E_NO_CREDENTIALS: nobody.
     * NULL: this host has no defaults. The secrets in *out are the
     * caller's to clear. */
    sec_status (*default_identity)(const struct sec_host *, struct sec_default_identity *out);
};

/* --- flags --------------------------------------------------------------------------------- */

/* What a caller wants of a context and what the context is, free of the bit positions in which
 * ISC_REQ, ISC_RET, ASC_REQ and ASC_RET differ: src/sspi/flags.c translates. */
enum sec_flag {
    SEC_DELEGATE = 1u << 0,
    SEC_MUTUAL_AUTH = 1u << 1,
    SEC_REPLAY_DETECT = 1u << 2,
    SEC_SEQUENCE_DETECT = 1u << 3,
    SEC_CONFIDENTIALITY = 1u << 4,
    SEC_INTEGRITY = 1u << 5,
    SEC_NO_INTEGRITY = 1u << 6,
    SEC_IDENTIFY = 1u << 7,
    SEC_NULL_SESSION = 1u << 8,
    SEC_DATAGRAM = 1u << 9,
    SEC_CONNECTION = 1u << 10,
    SEC_STREAM = 1u << 11,
    SEC_EXTENDED_ERROR = 1u << 12,
    SEC_DCE_STYLE = 1u << 13,
    SEC_USE_SESSION_KEY = 1u << 14,
    SEC_UNVERIFIED_TARGET = 1u << 15,
    SEC_ALLOW_MISSING_BINDINGS = 1u << 16,
    SEC_PROXY_BINDINGS = 1u << 17,
    SEC_USE_SUPPLIED_CREDS = 1u << 18,
    SEC_MANUAL_VALIDATION = 1u << 19,
    SEC_PROMPT = 1u << 20,
    SEC_NO_TOKEN = 1u << 21,
    SEC_HTTP_STYLE = 1u << 22,
    /* Of initiators, and no caller's: nothing is to be protected, and the peer must not be told that
     * something is. */
    SEC_NO_LAYER = 1u << 23,
};

/* --- credentials --------------------------------------------------------------------------- */

enum sec_use { SEC_USE_INBOUND = 1, SEC_USE_OUTBOUND = 2, SEC_USE_BOTH = 3 };

/* An explicit identity, decoded from any of its public forms. UTF-16LE. Borrowed for the call. */
struct sec_identity {
    struct bytes user, domain, password;
    struct bytes package_list; /* UTF-16LE: "!ntlm", "kerberos,ntlm"; empty: all */
};

struct sec_acquire_args {
    const struct sec_package *package; /* that is asked: some share their functions */
    enum sec_use use;
    bool restricted; /* never use default credentials */
    bool for_load;   /* for contexts that load makes: as whom, with which keys, does not matter */
    const struct sec_identity *identity; /* NULL: the process's default credentials */
    /* The service that an acceptor is, "HTTP/web1.example.test" in UTF-8, with a realm or without.
     * Empty: as settings have it. An account's name, without a '/', is as good as none. */
    struct bytes principal;
    /* Of an impersonating thread, beside restricted: a credential cache ("MEMORY:…", UTF-8) with what
     * the client delegated, which is there as long as the credential is; NULL: none. */
    const char *delegated_cache;
};

/* The head of each package's own credential structure, which is immutable once acquired. */
struct sec_cred {
    const struct sec_package *package;
    const struct sec_host *host;
};

/* --- contexts ------------------------------------------------------------------------------ */

enum sec_role { SEC_INITIATOR, SEC_ACCEPTOR };

/* The head of each package's own context structure. */
struct sec_ctx {
    const struct sec_package *package;
    bool half_duplex; /* both directions share one key stream: the seam must not run them at once */
    bool awaits_cred; /* of load, half-way: resume it before its next leg */
};

/* The caller's channel bindings: not given; given. The hash is that of RFC 4121 4.1.1.2. */
struct sec_bindings {
    bool given;
    uint8_t md5[16];
};

/* One leg. Everything borrowed is valid for the call. */
struct sec_step_args {
    struct bytes token;  /* p NULL: the caller gave none */
    uint32_t wanted;     /* enum sec_flag */
    struct bytes target; /* UTF-16LE; initiator */
    struct sec_bindings bindings;
    bool peer_gave_up; /* the token is the peer's last: no answer would find a reader */

    uint32_t granted;       /* out: enum sec_flag, each bit only if it is true */
    uint64_t expires_100ns; /* out: UTC; UINT64_MAX: never */
};

/* --- messages ------------------------------------------------------------------------------ */

enum { SEC_SEGMENTS_MAX = 64 }; /* of one message; no caller has a use for more */

struct sec_segment {
    uint8_t *p;
    size_t n;
    bool checksum_only; /* covered by the signature, neither read nor written by the cipher */
};

struct sec_msg {
    const struct sec_segment *segments;
    size_t n_segments;
    uint8_t *token; /* signature or trailer; of a stream, all of the message */
    size_t token_n; /* in: capacity (sign, seal) or size (verify, unseal); out: bytes written */
    /* Behind the data, where the caller has room for it (seal) or says that it came (unseal). n is
     * what seal may use; padding_n is what it did use. */
    struct sec_segment padding;
    size_t padding_n;
    uint32_t seq;    /* the caller's; datagram contexts alone use it */
    bool no_encrypt; /* in: seal as signature only; out of unseal: the peer did */
    bool sasl;       /* in: of a security layer; NTLM then seals what it would have signed */
    bool stream;     /* in of unseal: no segments; where in token the data lies goes to opened */
    struct sec_segment opened;
};

/* --- what is known of a context ------------------------------------------------------------ */

enum sec_phase { SEC_PHASE_HALF_OPEN, SEC_PHASE_ESTABLISHED, SEC_PHASE_FAILED };

/* How an NTLM client proved itself, for events and tools. */
enum sec_ntlm_version { SEC_NTLM_NONE, SEC_NTLM_LM, SEC_NTLM_V1, SEC_NTLM_V1_ESS, SEC_NTLM_V2 };

/* What Negotiate tried and did not use, and why. */
struct sec_attempt {
    const struct sec_package *package;
    sec_status status;
    const char *reason;
};

/* Mechanisms that clients offer to Negotiate, whether they are here or not. */
enum sec_mechanism {
    SEC_MECHANISM_NONE,
    SEC_MECHANISM_KRB5,
    SEC_MECHANISM_MS_KRB5,
    SEC_MECHANISM_KRB5_U2U,
    SEC_MECHANISM_IAKERB,
    SEC_MECHANISM_NTLM,
    SEC_MECHANISM_NEGOEX,
    SEC_MECHANISM_OTHER,
    SEC_MECHANISMS
};

enum { SEC_OFFERED_MAX = 8 };

/* What a client came with, as Negotiate's acceptor saw it: told before any proof, since it is
 * mostly wanted where there is none. */
struct sec_offer {
    uint8_t mechanisms[SEC_OFFERED_MAX]; /* enum sec_mechanism, as listed; NONE ends them */
    uint8_t token;                       /* whose first token came; NONE: none */
    bool raw;                            /* without SPNEGO around it */
};

/* What Kerberos knows of its exchange, beyond what all mechanisms tell. */
struct sec_kerberos_facts {
    bool present;
    struct bytes client;  /* "alice@EXAMPLE.TEST", UTF-16LE; of a refusal: as far as it was read */
    struct bytes service; /* "HTTP/web.example.test@EXAMPLE.TEST" */
    int32_t ticket_enctype, session_enctype;
    bool has_kvno;
    uint32_t kvno;
    uint32_t ticket_flags;          /* KRB_TICKET_* */
    int32_t error_code;             /* KRB_*_ERR_*: of the refusal, ours or the peer's; 0: none */
    const char *delegated_cache;    /* acceptor: a credential cache, "MEMORY:…"; NULL: none */
    const char *delegation_refused; /* initiator: why DELEGATE, asked for, is not granted */
    bool pac_verified;
    struct bytes upn, logon_server; /* from the PAC, UTF-16LE */
};

/* Views into the context: valid until it is next stepped or freed. What does not apply is 0 or
 * empty. What a peer claims stands in claimed_*; names stand in user and domain only when they
 * are proven. */
struct sec_facts {
    enum sec_phase phase;
    const struct sec_package *mechanism; /* NULL: Negotiate has not chosen yet */
    uint32_t flags;                      /* enum sec_flag, as granted */
    uint32_t max_token, max_signature, block_size, security_trailer;
    struct bytes user, domain; /* NAMES: whose context this is, proven */
    /* NATIVE_NAMES, in the mechanism's own form: where there is a domain, "domain\client". */
    struct bytes native_client_domain, native_client, native_server;
    uint64_t start_100ns, expires_100ns, password_expires_100ns; /* UTC; UINT64_MAX: never */
    const char *sign_algorithm, *seal_algorithm;
    uint32_t key_bits, sign_algorithm_id, seal_algorithm_id;
    struct bytes session_key;                /* a secret: copy it only to who asked for it */
    struct bytes target;                     /* CLIENT_SPECIFIED_TARGET */
    bool target_known;                       /* an empty target that the client did send */
    struct bytes target_info;                /* TARGET_INFORMATION: the server's AV pairs */
    const struct account_identity *identity; /* acceptor, proven; NULL: anonymous or initiator */
    struct bytes claimed_user, claimed_domain, claimed_workstation; /* acceptor */
    enum sec_ntlm_version ntlm_version;
    const char *protocol; /* PROTO_INFO; NULL: none to be told */
    uint32_t protocol_major, protocol_minor;
    /* Of the client's logon, as who authenticated it said: acceptor. */
    bool logon_known;
    uint64_t logoff_100ns; /* UTC; UINT64_MAX: never */
    uint32_t user_flags;   /* LOGON_*, [MS-PAC] 2.5 */
    bool anonymous, mic_verified, bindings_verified, locked_out_now;
    uint32_t sub_status;     /* NTSTATUS of a refusal, for the event log alone; 0: none */
    const char *refused_sid; /* of the account that was refused, likewise; NULL: not known */
    struct sec_kerberos_facts kerberos;
    const struct sec_attempt *attempts; /* Negotiate: first choice first */
    size_t n_attempts;
    bool no_kerberos, no_ntlm; /* Negotiate: cannot be chosen, here or by the client */
    struct sec_offer offer;    /* Negotiate, acceptor */
};

/* --- the package --------------------------------------------------------------------------- */

/* Facts of a package's protocol that no slot below shows; SECPKG_FLAG_* that have one are derived
 * from it (src/sspi/capabilities.c). */
enum sec_trait {
    SEC_TRAIT_TOKEN_ONLY = 1u << 0,
    SEC_TRAIT_CONNECTION = 1u << 1,
    SEC_TRAIT_MULTI_REQUIRED = 1u << 2,
    SEC_TRAIT_WIN32_NAMES = 1u << 3,
    SEC_TRAIT_LOGON = 1u << 4,
    SEC_TRAIT_EXTENDED_ERROR = 1u << 5,
    SEC_TRAIT_GSS_COMPATIBLE = 1u << 6,
    SEC_TRAIT_IMPERSONATION = 1u << 7,
    SEC_TRAIT_MUTUAL_AUTH = 1u << 8,
    SEC_TRAIT_DELEGATION = 1u << 9,
    SEC_TRAIT_READONLY_CHECKSUM = 1u << 10,
};

/* A NULL slot is a function that the package does not have: SEC_E_UNSUPPORTED_FUNCTION.
 * The seam sees to locks: step, describe and complete never run at once on one context; sign and
 * seal are one direction, verify and unseal the other, and the two run side by side unless the
 * context is half_duplex. */
struct sec_package_ops {
    /* *out is owned by the caller: free_cred. */
    sec_status (*acquire)(const struct sec_host *, const struct sec_acquire_args *,
                          struct sec_cred **out);
    void (*free_cred)(struct sec_cred *); /* NULL is a no-op; wipes */
    /* AddCredentials: what `from` is, and beside it what args say, for `package`, which is from's own
     * or one that it negotiates. *out borrows from `from`, which lives longer and stays as it is.
     * SEC_E_UNSUPPORTED_FUNCTION: nobody could ever use what was to be added. */
    sec_status (*add)(const struct sec_cred *from, const struct sec_package *package,
                      const struct sec_acquire_args *, struct sec_cred **out);
    /* Name of the identity that an outbound credential acts as, "DOMAIN\user" in UTF-16LE,
     * appended to out; SEC_E_NO_CREDENTIALS where there is none. */
    sec_status (*cred_name)(const struct sec_cred *, struct wire_writer *out);
    /* Whether an inbound credential can serve clients that ask for this service ("HTTP/web1", in
     * UTF-8; NULL: for any). SEC_E_NO_CREDENTIALS: it has no key for that, and the reason says
     * why. Asks nobody. NULL: names do not matter. */
    sec_status (*check_service)(const struct sec_cred *, const char *service);

    /* ChangeAccountPassword. Asks others, and blocks. NULL: nobody to ask. SEC_E_LOGON_DENIED,
     * STATUS_PASSWORD_RESTRICTION (0xC000006C), SEC_E_NO_AUTHENTICATING_AUTHORITY. */
    sec_status (*change_password)(const struct sec_host *, const struct sec_identity *,
                                  struct bytes password);

    /* A context before its first leg. It borrows cred: who calls keeps cred alive for the
     * context's life. *out is owned by the caller: free_ctx. */
    sec_status (*open)(const struct sec_cred *, enum sec_role, struct sec_ctx **out);
    /* One leg. The token out is appended to out. SEC_E_OK, SEC_I_CONTINUE_NEEDED,
     * SEC_I_COMPLETE_*; after any SEC_E_* the context is dead, and what is in out (an error
     * token) may still go to the peer. */
    sec_status (*step)(struct sec_ctx *, struct sec_step_args *, struct wire_writer *out);
    /* CompleteAuthToken: amends, in place, a token for which step answered SEC_I_COMPLETE_*. */
    sec_status (*complete)(struct sec_ctx *, uint8_t *token, size_t n);
    void (*free_ctx)(struct sec_ctx *); /* NULL is a no-op; wipes */

    sec_status (*sign)(struct sec_ctx *, struct sec_msg *);
    sec_status (*verify)(struct sec_ctx *, struct sec_msg *);
    sec_status (*seal)(struct sec_ctx *, struct sec_msg *);
    sec_status (*unseal)(struct sec_ctx *, struct sec_msg *);
    void (*describe)(const struct sec_ctx *, struct sec_facts *out);

    /* ExportSecurityContext. Appends to out, whose memory is a secret's, what load needs to go on
     * where the context stands. SEC_E_UNSUPPORTED_FUNCTION: it stands where none can be moved. */
    sec_status (*save)(const struct sec_ctx *, struct wire_writer *out);
    /* The reverse, for the same role; reads what save has written and no more. *out is owned by the
     * caller: free_ctx. SEC_E_INVALID_TOKEN: save has not written that. */
    sec_status (*load)(const struct sec_cred *, enum sec_role, struct wire_reader *in,
                       struct sec_ctx **out);
    /* Of an initiator that is moved half-way: whose keys it goes on with, which save does not write.
     * Appends who a credential is, as far as the context hangs on that; the same for who began it and
     * who goes on. SEC_E_NO_CREDENTIALS: it lacks what the context needs. NULL: cred_name says it. */
    sec_status (*identify)(const struct sec_ctx *, const struct sec_cred *,
                           struct wire_writer *out);
    /* The context awaits a credential, and takes this one in place of load's, which lives on with the
     * context as well. NULL: none is ever awaited. */
    sec_status (*resume)(struct sec_ctx *, const struct sec_cred *);

    /* For Negotiate. The MIC over a list of mechanisms: made (appended to out) and checked with
     * the context's keys once it is established, and without moving its application messages'
     * key stream ([MS-SPNG] 3.3.5.1). NULL: the mechanism has no integrity. */
    sec_status (*make_mic)(struct sec_ctx *, struct bytes data, struct wire_writer *out);
    sec_status (*check_mic)(struct sec_ctx *, struct bytes data, struct bytes mic);
    /* Whether Negotiate must exchange MICs even where this mechanism was the first choice. */
    bool (*wants_mic)(const struct sec_ctx *);
};

struct sec_package {
    const char *name, *comment;
    uint16_t rpc_id;
    uint32_t max_token_bytes;
    uint32_t traits; /* enum sec_trait */
    /* As a mechanism of Negotiate: its object identifiers in DER, tag and length included, the
     * one to announce first; and how its raw first token begins. n_oids 0: not negotiable. */
    const struct bytes *oids;
    size_t n_oids;
    /* Object identifiers that an acceptor takes for it too, and no initiator offers. */
    const struct bytes *other_oids;
    size_t n_other_oids;
    struct bytes raw_token_prefix;
    const struct sec_package_ops *ops;
};

#endif
