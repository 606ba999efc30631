/* SPDX-License-Identifier: Apache-2.0 */
/* Names of SIDs that are the same everywhere: [MS-DTYP] 2.4.2.4, [MS-ADTS] 6.1.1.6. */
#include "codec/sid_name.h"

enum { NT_AUTHORITY = 5, DOMAIN_PART = 21, DOMAIN_PARTS = 4, NONE = SID_TYPE_NONE };

/* S-1-5-21-…-RID of a domain. */
static const struct sid_name domain_names[] = {
    { 498, 77, SID_USE_GROUP, "Enterprise Read-only Domain Controllers" },
    { 500, 38, SID_USE_USER, "Administrator" },
    { 501, 39, SID_USE_USER, "Guest" },
    { 502, 40, SID_USE_USER, "krbtgt" },
    { 512, 41, SID_USE_GROUP, "Domain Admins" },
    { 513, 42, SID_USE_GROUP, "Domain Users" },
    { 514, 43, SID_USE_GROUP, "Domain Guests" },
    { 515, 44, SID_USE_GROUP, "Domain Computers" },
    { 516, 45, SID_USE_GROUP, "Domain Controllers" },
    { 517, 46, SID_USE_ALIAS, "Cert Publishers" },
    { 518, 47, SID_USE_GROUP, "Schema Admins" },
    { 519, 48, SID_USE_GROUP, "Enterprise Admins" },
    { 520, 49, SID_USE_GROUP, "Group Policy Creator Owners" },
    { 521, 75, SID_USE_GROUP, "Read-only Domain Controllers" },
    { 522, 100, SID_USE_GROUP, "Cloneable Domain Controllers" },
    { 525, 107, SID_USE_GROUP, "Protected Users" },
    { 526, 113, SID_USE_GROUP, "Key Admins" },
    { 527, 114, SID_USE_GROUP, "Enterprise Key Admins" },
    { 553, 50, SID_USE_ALIAS, "RAS and IAS Servers" },
    { 571, NONE, SID_USE_ALIAS, "Allowed RODC Password Replication Group" },
    { 572, NONE, SID_USE_ALIAS, "Denied RODC Password Replication Group" },
};

/* S-1-5-32-RID. */
static const struct sid_name builtin_names[] = {
    { 544, 26, SID_USE_ALIAS, "Administrators" },
    { 545, 27, SID_USE_ALIAS, "Users" },
    { 546, 28, SID_USE_ALIAS, "Guests" },
    { 547, 29, SID_USE_ALIAS, "Power Users" },
    { 548, 30, SID_USE_ALIAS, "Account Operators" },
    { 549, 31, SID_USE_ALIAS, "Server Operators" },
    { 550, 32, SID_USE_ALIAS, "Print Operators" },
    { 551, 33, SID_USE_ALIAS, "Backup Operators" },
    { 552, 34, SID_USE_ALIAS, "Replicator" },
    { 554, 35, SID_USE_ALIAS, "Pre-Windows 2000 Compatible Access" },
    { 555, 36, SID_USE_ALIAS, "Remote Desktop Users" },
    { 556, 37, SID_USE_ALIAS, "Network Configuration Operators" },
    { 557, 56, SID_USE_ALIAS, "Incoming Forest Trust Builders" },
    { 558, 57, SID_USE_ALIAS, "Performance Monitor Users" },
    { 559, 58, SID_USE_ALIAS, "Performance Log Users" },
    { 560, 59, SID_USE_ALIAS, "Windows Authorization Access Group" },
    { 561, 60, SID_USE_ALIAS, "Terminal Server License Servers" },
    { 562, 61, SID_USE_ALIAS, "Distributed COM Users" },
    { 568, 62, SID_USE_ALIAS, "IIS_IUSRS" },
    { 569, 64, SID_USE_ALIAS, "Cryptographic Operators" },
    { 573, 76, SID_USE_ALIAS, "Event Log Readers" },
    { 574, 78, SID_USE_ALIAS, "Certificate Service DCOM Access" },
    { 578, 99, SID_USE_ALIAS, "Hyper-V Administrators" },
    { 579, 101, SID_USE_ALIAS, "Access Control Assistance Operators" },
    { 580, 102, SID_USE_ALIAS, "Remote Management Users" },
};

/* S-1-18-RID. */
static const struct sid_name asserted_names[] = {
    { 1, 103, SID_USE_WELL_KNOWN, "Authentication authority asserted identity" },
    { 2, 104, SID_USE_WELL_KNOWN, "Service asserted identity" },
    { 3, NONE, SID_USE_WELL_KNOWN, "Fresh public key identity" },
    { 4, 115, SID_USE_WELL_KNOWN, "Key trust identity" },
    { 5, 116, SID_USE_WELL_KNOWN, "Key property MFA" },
    { 6, 117, SID_USE_WELL_KNOWN, "Key property attestation" },
};

/* S-1-5-RID. */
static const struct sid_name nt_names[] = {
    { 1, 8, SID_USE_WELL_KNOWN, "DIALUP" },
    { 2, 9, SID_USE_WELL_KNOWN, "NETWORK" },
    { 3, 10, SID_USE_WELL_KNOWN, "BATCH" },
    { 4, 11, SID_USE_WELL_KNOWN, "INTERACTIVE" },
    { 6, 12, SID_USE_WELL_KNOWN, "SERVICE" },
    { 7, 13, SID_USE_WELL_KNOWN, "ANONYMOUS LOGON" },
    { 8, 14, SID_USE_WELL_KNOWN, "PROXY" },
    { 9, 15, SID_USE_WELL_KNOWN, "Enterprise Domain Controllers" },
    { 10, 16, SID_USE_WELL_KNOWN, "SELF" },
    { 11, 17, SID_USE_WELL_KNOWN, "Authenticated Users" },
    { 12, 18, SID_USE_WELL_KNOWN, "RESTRICTED" },
    { 13, 19, SID_USE_WELL_KNOWN, "TERMINAL SERVER USER" },
    { 14, 20, SID_USE_WELL_KNOWN, "REMOTE INTERACTIVE LOGON" },
    { 15, 54, SID_USE_WELL_KNOWN, "This Organization" },
    { 17, 63, SID_USE_WELL_KNOWN, "IUSR" },
    { 18, 22, SID_USE_WELL_KNOWN, "SYSTEM" },
    { 19, 23, SID_USE_WELL_KNOWN, "LOCAL SERVICE" },
    { 20, 24, SID_USE_WELL_KNOWN, "NETWORK SERVICE" },
    { 32, 25, SID_USE_DOMAIN, "BUILTIN" },
    { 33, 70, SID_USE_WELL_KNOWN, "WRITE RESTRICTED" },
    { 113, 105, SID_USE_WELL_KNOWN, "Local account" },
    { 114, 106, SID_USE_WELL_KNOWN, "Local account and member of Administrators group" },
    { 1000, 55, SID_USE_WELL_KNOWN, "Other Organization" },
};

/* S-1-5-64-RID. */
static const struct sid_name authentication_names[] = {
    { 10, 51, SID_USE_WELL_KNOWN, "NTLM Authentication" },
    { 14, 53, SID_USE_WELL_KNOWN, "SChannel Authentication" },
    { 21, 52, SID_USE_WELL_KNOWN, "Digest Authentication" },
};

/* S-1-5-21-0-0-0-RID. */
static const struct sid_name claims_names[] = {
    { 496, NONE, SID_USE_WELL_KNOWN, "Compounded Authentication" },
    { 497, NONE, SID_USE_WELL_KNOWN, "Claims Valid" },
};

/* S-1-0, S-1-1, S-1-2, S-1-3, S-1-16: each with a RID. */
static const struct sid_name null_names[] = { { 0, 0, SID_USE_WELL_KNOWN, "NULL SID" } };
static const struct sid_name world_names[] = { { 0, 1, SID_USE_WELL_KNOWN, "Everyone" } };
static const struct sid_name local_names[] = {
    { 0, 2, SID_USE_WELL_KNOWN, "LOCAL" },
    { 1, 81, SID_USE_WELL_KNOWN, "CONSOLE LOGON" },
};
static const struct sid_name creator_names[] = {
    { 0, 3, SID_USE_WELL_KNOWN, "CREATOR OWNER" },
    { 1, 4, SID_USE_WELL_KNOWN, "CREATOR GROUP" },
    { 2, 5, SID_USE_WELL_KNOWN, "CREATOR OWNER SERVER" },
    { 3, 6, SID_USE_WELL_KNOWN, "CREATOR GROUP SERVER" },
    { 4, 71, SID_USE_WELL_KNOWN, "OWNER RIGHTS" },
};
static const struct sid_name label_names[] = {
    { 0, 65, SID_USE_LABEL, "Untrusted Mandatory Level" },
    { 4096, 66, SID_USE_LABEL, "Low Mandatory Level" },
    { 8192, 67, SID_USE_LABEL, "Medium Mandatory Level" },
    { 8448, 79, SID_USE_LABEL, "Medium Plus Mandatory Level" },
    { 12288, 68, SID_USE_LABEL, "High Mandatory Level" },
    { 16384, 69, SID_USE_LABEL, "System Mandatory Level" },
};

/* SIDs that are one of these with a RID behind it. */
static const struct family {
    struct sid sid;
    const char *authority;
    const struct sid_name *names;
    size_t n;
} families[] = {
    { { 0, 0, { 0 } }, "", null_names, SEC_ARRAY_LEN(null_names) },
    { { 1, 0, { 0 } }, "", world_names, SEC_ARRAY_LEN(world_names) },
    { { 2, 0, { 0 } }, "", local_names, SEC_ARRAY_LEN(local_names) },
    { { 3, 0, { 0 } }, "", creator_names, SEC_ARRAY_LEN(creator_names) },
    { { NT_AUTHORITY, 0, { 0 } }, "NT AUTHORITY", nt_names, SEC_ARRAY_LEN(nt_names) },
    { { NT_AUTHORITY, 1, { 32 } }, "BUILTIN", builtin_names, SEC_ARRAY_LEN(builtin_names) },
    { { NT_AUTHORITY, 1, { 64 } },
      "NT AUTHORITY",
      authentication_names,
      SEC_ARRAY_LEN(authentication_names) },
    { { NT_AUTHORITY, 4, { DOMAIN_PART, 0, 0, 0 } },
      "",
      claims_names,
      SEC_ARRAY_LEN(claims_names) },
    { { 16, 0, { 0 } }, "Mandatory Label", label_names, SEC_ARRAY_LEN(label_names) },
    { { 18, 0, { 0 } }, "", asserted_names, SEC_ARRAY_LEN(asserted_names) },
};

/* Whether sid is of with one part more. */
static bool
is_part_of(const struct sid *sid, const struct sid *of)
{
    if (sid->authority != of->authority || sid->n != of->n + 1) {
        return false;
    }
    for (unsigned i = 0; i < of->n; i++) {
        if (sid->parts[i] != of->parts[i]) {
            return false;
        }
    }
    return true;
}

static const struct family *
family_of(const struct sid *sid)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(families); i++) {
        if (is_part_of(sid, &families[i].sid)) {
            return &families[i];
        }
    }
    return NULL;
}

static const struct sid_name *
find_rid(const struct sid_name *names, size_t n, uint32_t rid)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i].rid == rid) {
            return &names[i];
        }
    }
    return NULL;
}

const struct sid_name *
sid_name_find(const struct sid *sid, const struct sid *domain)
{
    const struct family *f = family_of(sid);

    if (f) {
        return find_rid(f->names, f->n, sid->parts[sid->n - 1]);
    }
    if (domain && domain->n > 1 && domain->authority == NT_AUTHORITY && is_part_of(sid, domain)) {
        return find_rid(domain_names, SEC_ARRAY_LEN(domain_names), sid->parts[sid->n - 1]);
    }
    return NULL;
}

const char *
sid_name_of_group(const struct sid *sid, const struct sid *domain)
{
    const struct sid_name *name = sid_name_find(sid, domain);

    return name && name->use != SID_USE_USER && name->use != SID_USE_DOMAIN ? name->name : NULL;
}

const char *
sid_name_authority(const struct sid *sid)
{
    const struct family *f = family_of(sid);

    return f ? f->authority : "";
}

/* The name, with the authority before it or without. */
static bool
is_called(const struct family *f, const struct sid_name *name, struct bytes text)
{
    struct bytes authority = bytes_of_string(f->authority);

    if (text.n > authority.n && text.p[authority.n] == '\\') {
        if (!bytes_equal_nocase(bytes_of(text.p, authority.n), authority)) {
            return false;
        }
        text = bytes_of(text.p + authority.n + 1, text.n - authority.n - 1);
    }
    return bytes_equal_nocase(text, bytes_of_string(name->name));
}

bool
sid_name_parse(struct sid *out, struct bytes name)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(families); i++) {
        const struct family *f = &families[i];

        for (size_t k = 0; k < f->n; k++) {
            if (is_called(f, &f->names[k], name)) {
                *out = f->sid;
                return sid_append(out, f->names[k].rid);
            }
        }
    }
    return false;
}

static const struct sid_name *
find_type(const struct sid_name *names, size_t n, int type)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i].type == type && type != SID_TYPE_NONE) {
            return &names[i];
        }
    }
    return NULL;
}

bool
sid_name_of_type(struct sid *out, int type, const struct sid *domain)
{
    const struct sid_name *name = NULL;
    const struct sid *of = domain;

    for (size_t i = 0; i < SEC_ARRAY_LEN(families) && !name; i++) {
        name = find_type(families[i].names, families[i].n, type);
        of = &families[i].sid;
    }
    if (!name && domain) {
        name = find_type(domain_names, SEC_ARRAY_LEN(domain_names), type);
        of = domain;
    }
    if (!name) {
        return false;
    }
    *out = *of;
    return sid_append(out, name->rid);
}

bool
sid_name_is_of_type(const struct sid *sid, int type)
{
    bool of_domain = sid->authority == NT_AUTHORITY && sid->n == DOMAIN_PARTS + 1 &&
                     sid->parts[0] == DOMAIN_PART;
    struct sid domain = *sid;
    const struct sid_name *name;

    if (of_domain) {
        domain.parts[--domain.n] = 0;
    }
    name = sid_name_find(sid, of_domain ? &domain : NULL);
    return name && name->type == type && type != SID_TYPE_NONE;
}
