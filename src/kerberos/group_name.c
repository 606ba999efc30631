/* SPDX-License-Identifier: Apache-2.0 */
/* Names for groups that a PAC names by SID alone: [MS-DTYP] 2.4.2.4, [MS-ADTS] 6.1.1.6. */
#include "kerberos/group_name.h"

enum { NT_AUTHORITY = 5, ASSERTED_AUTHORITY = 18, BUILTIN = 32 };

struct group_name {
    uint32_t rid;
    const char *name;
};

/* S-1-5-21-…-RID of the account's domain. */
static const struct group_name domain_groups[] = {
    { 498, "Enterprise Read-only Domain Controllers" },
    { 512, "Domain Admins" },
    { 513, "Domain Users" },
    { 514, "Domain Guests" },
    { 515, "Domain Computers" },
    { 516, "Domain Controllers" },
    { 517, "Cert Publishers" },
    { 518, "Schema Admins" },
    { 519, "Enterprise Admins" },
    { 520, "Group Policy Creator Owners" },
    { 521, "Read-only Domain Controllers" },
    { 522, "Cloneable Domain Controllers" },
    { 525, "Protected Users" },
    { 526, "Key Admins" },
    { 527, "Enterprise Key Admins" },
    { 553, "RAS and IAS Servers" },
    { 571, "Allowed RODC Password Replication Group" },
    { 572, "Denied RODC Password Replication Group" },
};

/* S-1-5-32-RID. */
static const struct group_name builtin_groups[] = {
    { 544, "Administrators" },
    { 545, "Users" },
    { 546, "Guests" },
    { 547, "Power Users" },
    { 548, "Account Operators" },
    { 549, "Server Operators" },
    { 550, "Print Operators" },
    { 551, "Backup Operators" },
    { 552, "Replicator" },
    { 554, "Pre-Windows 2000 Compatible Access" },
    { 555, "Remote Desktop Users" },
    { 556, "Network Configuration Operators" },
    { 557, "Incoming Forest Trust Builders" },
    { 558, "Performance Monitor Users" },
    { 559, "Performance Log Users" },
    { 560, "Windows Authorization Access Group" },
    { 561, "Terminal Server License Servers" },
    { 562, "Distributed COM Users" },
    { 568, "IIS_IUSRS" },
    { 569, "Cryptographic Operators" },
    { 573, "Event Log Readers" },
    { 574, "Certificate Service DCOM Access" },
    { 578, "Hyper-V Administrators" },
    { 579, "Access Control Assistance Operators" },
    { 580, "Remote Management Users" },
};

/* S-1-18-RID. */
static const struct group_name asserted_groups[] = {
    { 1, "Authentication authority asserted identity" },
    { 2, "Service asserted identity" },
    { 3, "Fresh public key identity" },
    { 4, "Key trust identity" },
    { 5, "Key property MFA" },
    { 6, "Key property attestation" },
};

/* S-1-5-RID. */
static const struct group_name nt_groups[] = {
    { 9, "Enterprise Domain Controllers" },
    { 11, "Authenticated Users" },
    { 15, "This Organization" },
    { 1000, "Other Organization" },
};

/* S-1-5-21-0-0-0-RID. */
static const struct group_name claims_groups[] = {
    { 496, "Compounded Authentication" },
    { 497, "Claims Valid" },
};

static const char *
name_in(const struct group_name *table, size_t n, uint32_t rid)
{
    for (size_t i = 0; i < n; i++) {
        if (table[i].rid == rid) {
            return table[i].name;
        }
    }
    return NULL;
}

#define NAME_IN(table, rid) name_in(table, SEC_ARRAY_LEN(table), rid)

/* Whether sid is domain with one part more. */
static bool
is_of_domain(const struct sid *sid, const struct sid *domain)
{
    struct sid whole = *domain;

    return domain->n > 1 && sid->n == domain->n + 1 && sid_append(&whole, sid->parts[domain->n]) &&
           sid_equal(&whole, sid);
}

const char *
krb_group_name(const struct sid *sid, const struct sid *domain)
{
    static const struct sid claims = { NT_AUTHORITY, 4, { 21, 0, 0, 0 } };
    bool nt = sid->authority == NT_AUTHORITY;

    if (sid->n == 0) {
        return NULL;
    }
    if (sid->authority == ASSERTED_AUTHORITY && sid->n == 1) {
        return NAME_IN(asserted_groups, sid->parts[0]);
    }
    if (nt && sid->n == 1) {
        return NAME_IN(nt_groups, sid->parts[0]);
    }
    if (nt && sid->n == 2 && sid->parts[0] == BUILTIN) {
        return NAME_IN(builtin_groups, sid->parts[1]);
    }
    if (is_of_domain(sid, &claims)) {
        return NAME_IN(claims_groups, sid->parts[claims.n]);
    }
    if (nt && is_of_domain(sid, domain)) {
        return NAME_IN(domain_groups, sid->parts[domain->n]);
    }
    return NULL;
}
