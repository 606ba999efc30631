/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The account authority: does this response prove this account? The door takes a challenge, a
 * response, a user and a domain, and gives back a session base key and who that is; never a
 * hash. Behind it stands the SQLite store, or samd, which has that store to itself.
 */
#ifndef ACCOUNT_ACCOUNT_H
#define ACCOUNT_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/status.h"
#include "base/wire.h"

struct account_authority;

/* Who a proven account is. Immutable and shared; names are UTF-16LE, the rest UTF-8. */
struct account_identity {
    struct bytes user;         /* as the account was created */
    struct bytes domain;       /* the authority's own name: [server] domain, or the computer's */
    const char *sid;           /* "S-1-5-21-…-1001" */
    const char *const *groups; /* names; n_groups of them */
    const char *const *group_sids;    /* the same order */
    const uint32_t *group_attributes; /* the same order, SE_GROUP_*; NULL: all mandatory, enabled */
    const char *unix_user;            /* NULL: none given */
    const char *assertion; /* samd's word that this was proven just now; NULL: none was given */
    uint64_t password_expires_100ns; /* FILETIME, UTC; UINT64_MAX: never */
    uint32_t n_groups;
    bool may_dial_in; /* into a remote access server */
};

/* A copy of from, strings and all, in one piece of memory; owned by the caller:
 * account_identity_unref. For packages that prove somebody without asking the authority. NULL
 * without memory. */
SEC_NODISCARD struct account_identity *account_identity_new(const struct account_identity *from);
/* Appends it, in a form of the library's own, and the reverse: *out is owned by the caller:
 * account_identity_unref. SEC_E_INVALID_TOKEN: not such bytes; SEC_E_INSUFFICIENT_MEMORY. */
void account_identity_put(const struct account_identity *, struct wire_writer *);
SEC_NODISCARD sec_status account_identity_take(struct wire_reader *, struct account_identity **out);
struct account_identity *account_identity_ref(const struct account_identity *);
void account_identity_unref(const struct account_identity *); /* NULL is a no-op */

/* The form of a response. Which of them policy admits is the caller's decision; the authority
 * computes exactly the one it is asked for. */
enum account_proof_kind {
    ACCOUNT_NTLM_V2,       /* nt_response: NTProofStr and blob */
    ACCOUNT_LM_V2,         /* lm_response: 24 bytes, proof and client challenge */
    ACCOUNT_NTLM_V1,       /* nt_response: 24 bytes over server_challenge */
    ACCOUNT_NTLM_V1_ESS,   /* nt_response: 24 bytes; lm_response begins with the client challenge */
    ACCOUNT_LM_V1,         /* lm_response: 24 bytes; only where the store keeps LM hashes */
    ACCOUNT_PASSWORD,      /* password: PPP's PAP, HTTP's Basic */
    ACCOUNT_CHAP_MD5,      /* RFC 1994: chap_id, challenge, chap_response; needs a clear text */
    ACCOUNT_MSCHAP,        /* RFC 2433: nt_response: 24 bytes over server_challenge */
    ACCOUNT_MSCHAP_V2,     /* RFC 2759: nt_response, challenge, peer_challenge, peer_name */
    ACCOUNT_ONE_TIME_CODE, /* password: the digits; proven, they are used up. No key comes of it */
};

/* What a network client claims, and how it means to prove it. Borrowed for the call. */
struct account_claim {
    enum account_proof_kind kind;
    struct bytes user, domain; /* UTF-16LE, exactly as sent: both go into the NTLMv2 key */
    struct bytes nt_response, lm_response;
    uint8_t server_challenge[8];
    uint64_t now_100ns;          /* FILETIME, UTC */
    bool dial_in;                /* only an account that may dial in is proven */
    struct bytes password;       /* UTF-8, a secret */
    struct bytes challenge;      /* MS-CHAPv2: 16 bytes */
    struct bytes peer_challenge; /* 16 bytes */
    struct bytes peer_name;      /* what is hashed: the user's bytes as sent, without a domain */
    struct bytes chap_response;  /* 16 bytes */
    uint8_t chap_id;
};

/* NTSTATUS values of a refusal. */
#define ACCOUNT_CHALLENGE_USED \
    UINT32_C(0xC000006D) /* Windows has none for it: STATUS_LOGON_FAILURE */
#define ACCOUNT_NOT_OF_NOW       UINT32_C(0xC0000133)
#define ACCOUNT_NO_SUCH_USER     UINT32_C(0xC0000064)
#define ACCOUNT_WRONG_PASSWORD   UINT32_C(0xC000006A)
#define ACCOUNT_NO_DIAL_IN       UINT32_C(0xC000006E)
#define ACCOUNT_PASSWORD_EXPIRED UINT32_C(0xC0000071)
#define ACCOUNT_DISABLED         UINT32_C(0xC0000072)
#define ACCOUNT_EXPIRED          UINT32_C(0xC0000193)
#define ACCOUNT_LOCKED_OUT       UINT32_C(0xC0000234)

enum { ACCOUNT_SID_CHARS = 192 }; /* of a SID in text at its longest, and its NUL */

struct account_proof {
    struct secret16 session_base_key;
    struct secret16 lm_session_key; /* LMOWFv1's first 8 bytes, for [MS-NLMP] 3.4.5.1's KXKEY */
    bool has_lm_session_key;        /* only where the store keeps LM hashes */
    /* MS-CHAP and MS-CHAPv2: MPPE's start keys of 128 bits, as this side uses them. */
    struct secret16 mppe_send, mppe_receive;
    uint8_t authenticator[20];         /* MS-CHAPv2: the bytes of "S=" */
    struct account_identity *identity; /* owned by the caller: account_identity_unref */
    uint32_t sub_status; /* NTSTATUS, for the event log alone: ACCOUNT_WRONG_PASSWORD and so on */
    bool locked_out_now; /* this failure was the one that locked the account */
    bool no_clear_text;  /* ACCOUNT_CHAP_MD5: the account keeps none, and cannot be proven so */
    bool no_code, used_code;     /* ACCOUNT_ONE_TIME_CODE: it has none; it was right, but once */
    char sid[ACCOUNT_SID_CHARS]; /* of the account that is refused; "": there is none */
};

/* SEC_E_OK: proven, *out filled; clear it with account_proof_clear. Otherwise sub_status,
 * locked_out_now, no_clear_text, no_code, used_code and sid alone are set, and:
 *   SEC_E_LOGON_DENIED                 wrong, unknown, disabled, expired or locked: all alike, and
 *                                      all take alike
 *   SEC_E_NO_AUTHENTICATING_AUTHORITY  the store cannot answer; counts towards no lock-out
 *   SEC_E_INSUFFICIENT_MEMORY
 * Safe from any thread; takes microseconds when the account is in the cache. */
SEC_NODISCARD sec_status account_prove(struct account_authority *, const struct account_claim *,
                                       struct account_proof *out);
void account_proof_clear(struct account_proof *);

/* A new password for who knows the old one. Borrowed for the call. */
struct account_new_password {
    struct bytes user, domain;           /* UTF-16LE, as a claim has them */
    struct bytes old_password, password; /* UTF-8, secrets */
    uint64_t now_100ns;                  /* FILETIME, UTC */
};

/* The old one is right, and the new one is not good: NTSTATUS, and a status. */
#define ACCOUNT_PASSWORD_RESTRICTION ((sec_status)0xC000006C)

/* SEC_E_OK: it is on the disk, and every process sees it at its next logon. Otherwise *out has its
 * reasons as after account_prove, and the old password is judged and counted as it is there, but
 * that one that has expired may be changed:
 *   SEC_E_LOGON_DENIED                 as account_prove's; or another change came first
 *   ACCOUNT_PASSWORD_RESTRICTION       the reason says why
 *   SEC_E_NO_AUTHENTICATING_AUTHORITY  the store cannot be asked, or not be written to; where the
 *                                      answer was lost it may have been changed all the same
 *   SEC_E_INSUFFICIENT_MEMORY
 * Safe from any thread; takes a tenth of a second. */
SEC_NODISCARD sec_status account_change_password(struct account_authority *,
                                                 const struct account_new_password *,
                                                 struct account_proof *out);

/* An account or a group of the store, as far as everybody may know it. */
enum { ACCOUNT_NAME_BYTES = 3 * 256 + 1 }; /* 256 UTF-16 units in UTF-8, and a NUL */
struct account_entry {
    char sid[ACCOUNT_SID_CHARS], name[ACCOUNT_NAME_BYTES];
    bool is_group;
};

/* Which of them goes by a name (UTF-16LE, without a domain), or, where sid is not NULL, has that SID.
 * SEC_E_TARGET_UNKNOWN: none; SEC_E_NO_AUTHENTICATING_AUTHORITY: the store cannot answer;
 * SEC_E_INSUFFICIENT_MEMORY. Safe from any thread. */
SEC_NODISCARD sec_status account_look_up(struct account_authority *, struct bytes name,
                                         const char *sid, struct account_entry *out);

/* Why a one-time code was refused, in words for the log. Static. */
const char *account_code_reason(const struct account_proof *reasons);

enum { ACCOUNT_TIMEOUT_MS = 2000 };

/* What the [server] and [accounts] and [policy] sections say of accounts. Borrowed for the call. */
struct account_options {
    const char *store;            /* "sqlite:PATH" or "authority:SOCKET" */
    const char *key_file;         /* made on first use by the store that creates the database */
    unsigned timeout_ms;          /* how long samd may take; 0: ACCOUNT_TIMEOUT_MS */
    struct bytes domain;          /* UTF-16LE: the name under which identities appear */
    unsigned lockout_threshold;   /* 0: never */
    unsigned lockout_minutes;     /* 0: until it is unlocked */
    unsigned password_min_length; /* of new passwords, in UTF-16 units */
    bool keep_lm_hashes;          /* off by default: LM hashes are as good as passwords */
};

/* Opens the store that options name. *out is owned by the caller: account_authority_close. A store
 * that does not exist or cannot be read is no error here: account_prove answers
 * SEC_E_NO_AUTHENTICATING_AUTHORITY until it can be (and says why with sec_fail). */
SEC_NODISCARD sec_status account_authority_open(const struct account_options *,
                                                struct account_authority **out);
/* One more who is to close it. */
struct account_authority *account_authority_ref(struct account_authority *);
void account_authority_close(struct account_authority *); /* NULL is a no-op */

#endif
