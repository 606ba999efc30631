/* SPDX-License-Identifier: Apache-2.0 */
/* The privilege attribute certificate of a ticket ([MS-PAC]). Views into the input; nothing to
 * free. What is decoded here is believed by nobody before its signature is verified. */
#ifndef CODEC_PAC_H
#define CODEC_PAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"
#include "codec/sid.h"

enum {
    PAC_BUFFERS_MAX = 32,
    /* A token of 64 KB has room for no more of either. */
    PAC_GROUPS_MAX = 8192,
};

/* [MS-PAC] 2.4, those that are looked into. */
enum pac_type {
    PAC_LOGON_INFO = 1, /* KERB_VALIDATION_INFO */
    PAC_SERVER_SIGNATURE = 6,
    PAC_KDC_SIGNATURE = 7,
    PAC_CLIENT_INFO = 10,
    PAC_UPN_DNS_INFO = 12,
    PAC_TICKET_SIGNATURE = 16,
    PAC_ATTRIBUTES = 17,
    PAC_REQUESTOR = 18,
    PAC_FULL_SIGNATURE = 19,
    PAC_TYPE_LAST = 20, /* [MS-PAC] names none above */
};

struct pac_fault {
    const char *field;
    uint32_t at;
};

/* [MS-PAC] 2.8: type and value, and where the value stands in the PAC: it counts as zeros where the
 * checksum is computed. */
struct pac_signature {
    int32_t type;
    struct bytes value; /* n 0: absent */
    uint32_t at;
};

struct pac {
    struct bytes whole;
    struct bytes logon_info;                 /* 1: KERB_VALIDATION_INFO, NDR */
    struct pac_signature server, kdc;        /* 6, 7 */
    struct bytes client_info;                /* 10 */
    struct bytes upn_dns_info;               /* 12 */
    struct pac_signature ticket, full;       /* 16, 19 */
    struct bytes attributes_info, requestor; /* 17, 18 */
    struct pac_fault fault;
};

/* The directory of buffers, and the signatures. A type of [MS-PAC] that occurs twice is
 * WIRE_BAD_VALUE ([MS-PAC] 2.4 would have the second ignored: no KDC writes one), one that is empty
 * WIRE_SHORT; a type that is not [MS-PAC]'s passes. No buffer may overlap another or the
 * directory. */
SEC_NODISCARD enum wire_err pac_decode(struct pac *out, struct bytes in);

/* The parts between which the server's and the KDC's signatures count as zeros: the whole PAC with
 * those two values blank. parts has room for 5; their number is returned. Views of the PAC and of
 * static zeros. */
size_t pac_signed_parts(const struct pac *, struct bytes parts[static 5]);

/* [MS-PAC] 2.7. */
struct pac_client_info {
    uint64_t authtime_100ns;
    struct bytes name; /* UTF-16LE */
};
SEC_NODISCARD enum wire_err pac_client_info_decode(struct pac_client_info *, struct bytes in);

/* [MS-PAC] 2.10. */
struct pac_upn_dns_info {
    struct bytes upn, dns_domain; /* UTF-16LE */
    uint32_t flags;               /* 1: the account has no UPN of its own; 2: the two below */
    struct bytes sam_name;
    bool has_sid;
    struct sid sid;
};
SEC_NODISCARD enum wire_err pac_upn_dns_info_decode(struct pac_upn_dns_info *, struct bytes in);

/* [MS-PAC] 2.15. */
SEC_NODISCARD enum wire_err pac_requestor_decode(struct sid *, struct bytes in);

/* KERB_VALIDATION_INFO ([MS-PAC] 2.5). Times are FILETIME; names UTF-16LE. */
struct pac_logon_info {
    uint64_t logon_100ns, logoff_100ns, kickoff_100ns;
    uint64_t password_last_set_100ns, password_can_change_100ns, password_must_change_100ns;
    struct bytes user, full_name, logon_server, domain;
    uint32_t user_rid, primary_group_rid, user_flags, user_account_control;
    struct sid domain_sid;
    bool has_domain_sid;
    /* Each group: RID and attributes, 8 bytes little-endian. */
    struct bytes groups;
    /* SidCount entries; pac_next_group reads them. */
    uint32_t n_extra_sids;
    struct sid resource_domain_sid;
    bool has_resource_domain_sid;
    struct bytes resource_groups;
    struct bytes user_session_key; /* 16 bytes: a secret */
    struct bytes extra_;           /* the NDR of the SIDs, checked */
    struct pac_fault fault;
};
/* Every count and pointer is checked; a referent that the structure does not lead to is an error. */
SEC_NODISCARD enum wire_err pac_logon_info_decode(struct pac_logon_info *, struct bytes in);

struct pac_group {
    struct sid sid;
    uint32_t attributes; /* SE_GROUP_* */
};

/* All groups of the logon: those of the domain, the extra SIDs, those of the resource domain, in
 * this order. Where there is no UserId the first of the extra SIDs is the account's own and no
 * group. */
struct pac_groups {
    const struct pac_logon_info *info;
    size_t i;
    struct wire_reader extra;
    uint32_t extra_i;
};
struct pac_groups pac_groups_of(const struct pac_logon_info *);
/* false: no more. */
bool pac_next_group(struct pac_groups *, struct pac_group *out);

/* The account's SID. false: the structure has none. */
SEC_NODISCARD bool pac_user_sid(const struct pac_logon_info *, struct sid *out);

/* For tests, fuzz seeds and a KDC of our own: a PAC with these buffers, its signatures blank (types
 * and sizes as given, values zeros). Alignment as [MS-PAC] 2.3 has it. */
struct pac_buffer {
    uint32_t type;
    struct bytes data; /* signatures: their type, little-endian, and blank value */
};
void pac_encode(struct wire_writer *w, const struct pac_buffer *, size_t n);
/* KERB_VALIDATION_INFO from info; the extra SIDs are given apart, as pac_next_group gives them, and
 * n_extra_sids and extra_ are not read. */
void pac_logon_info_encode(struct wire_writer *w, const struct pac_logon_info *info,
                           const struct pac_group *extra, size_t n_extra);
void pac_client_info_encode(struct wire_writer *w, const struct pac_client_info *);

#endif
