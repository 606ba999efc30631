/* SPDX-License-Identifier: Apache-2.0 */
/* Reads SEC_WINNT_AUTH_IDENTITY in each of its layouts. Source: the public pages of the structures,
 * and of SEC_WINNT_AUTH_IDENTITY_INFO for how to tell them apart. */
#include "sspi/identity.h"

#include <opensspi/sspi_identity.h>

#include "base/utf16.h"
#include "base/wire.h"

/* What a reader cannot open: it was encrypted by another process, or for another purpose. */
#define FOREIGN_ENCRYPTION                             \
    (SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED | \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED |  \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED |    \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED)

struct rule {
    const char *what;
    size_t max_units;
    bool is_name; /* well-formed UTF-16 */
};

static const struct rule user_rule = { "user", IDENTITY_MAX_UNITS, true };
static const struct rule domain_rule = { "domain", IDENTITY_MAX_UNITS, true };
static const struct rule password_rule = { "password", IDENTITY_MAX_UNITS, false };
static const struct rule list_rule = { "package list", IDENTITY_MAX_LIST_UNITS, true };

/* The texts of a plain structure or an _EX, in either width: the layouts are the same. */
struct texts {
    const void *user, *domain, *password, *list;
    size_t user_n, domain_n, password_n, list_n; /* characters */
};

static sec_status
refuse(const struct rule *rule, const char *why)
{
    return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "identity: the %s %s", rule->what, why);
}

static bool
has_nul(struct bytes utf16)
{
    for (size_t i = 0; i + 1 < utf16.n; i += 2) {
        if (wire_load_le16(utf16.p + i) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_well_formed(struct bytes utf16)
{
    struct wire_writer w = wire_writer_measuring();

    utf8_put_utf16(&w, utf16);
    return wire_writer_status(&w) == WIRE_OK;
}

static sec_status
keep_text(struct secret *to, struct bytes utf16, const struct rule *rule)
{
    if (utf16.n >= 2 && wire_load_le16(utf16.p + utf16.n - 2) == 0) {
        utf16.n -= 2;
    }
    if (utf16.n > 2 * rule->max_units) {
        return refuse(rule, "is too long");
    }
    if (has_nul(utf16)) {
        return refuse(rule, "has a NUL within");
    }
    if (rule->is_name && !is_well_formed(utf16)) {
        return refuse(rule, "is not well-formed UTF-16");
    }
    return secret_set(to, utf16.p, utf16.n) ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* n characters at p: 16-bit units in the machine's byte order, or bytes of UTF-8. */
static sec_status
take_text(struct secret *to, const void *p, size_t n, bool wide, const struct rule *rule)
{
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0);

    if (!p || n == 0) {
        return SEC_E_OK;
    }
    if (n > (wide ? 1 : 3) * (rule->max_units + 1)) {
        return refuse(rule, "is too long");
    }
    if (wide) {
        for (size_t i = 0; i < n; i++) {
            uint16_t unit;

            bytes_copy(&unit, (const uint8_t *)p + 2 * i, sizeof(unit));
            wire_put_le16(&w, unit);
        }
    } else {
        utf16_put_utf8(&w, bytes_of(p, n));
    }
    if (wire_writer_status(&w) == WIRE_NO_MEMORY) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (wire_writer_status(&w) != WIRE_OK) {
        return refuse(rule, "is not well-formed UTF-8");
    }
    return keep_text(to, wire_written(&w), rule);
}

static sec_status
take_texts(const struct texts *t, bool wide, struct identity *out)
{
    sec_status status = take_text(&out->user, t->user, t->user_n, wide, &user_rule);

    if (status == SEC_E_OK) {
        status = take_text(&out->domain, t->domain, t->domain_n, wide, &domain_rule);
    }
    if (status == SEC_E_OK) {
        status = take_text(&out->password, t->password, t->password_n, wide, &password_rule);
    }
    if (status == SEC_E_OK) {
        status = take_text(&out->package_list, t->list, t->list_n, wide, &list_rule);
    }
    out->null_user = !t->user;
    out->null_domain = !t->domain;
    out->null_password = !t->password;
    return status;
}

/* "The presence of the former [ANSI] means the structure is an ANSI structure." */
static bool
is_wide(uint32_t flags, bool wide_call)
{
    if (flags & SEC_WINNT_AUTH_IDENTITY_ANSI) {
        return false;
    }
    return (flags & SEC_WINNT_AUTH_IDENTITY_UNICODE) || wide_call;
}

static sec_status
take_flags(uint32_t flags, struct identity *out)
{
    if (flags & FOREIGN_ENCRYPTION) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "identity: encrypted (flags 0x%x), and not by this process", flags);
    }
    out->flags =
        flags & ~(uint32_t)(SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE);
    return SEC_E_OK;
}

static sec_status
decode_plain(const void *auth_data, bool wide_call, struct identity *out)
{
    SEC_WINNT_AUTH_IDENTITY_W id;
    sec_status status;

    bytes_copy(&id, auth_data, sizeof(id));
    status = take_flags(id.Flags, out);
    if (status != SEC_E_OK) {
        return status;
    }
    return take_texts(&(struct texts){ .user = id.User,
                                       .user_n = id.UserLength,
                                       .domain = id.Domain,
                                       .domain_n = id.DomainLength,
                                       .password = id.Password,
                                       .password_n = id.PasswordLength },
                      is_wide(id.Flags, wide_call), out);
}

static sec_status
decode_ex(const void *auth_data, bool wide_call, struct identity *out)
{
    SEC_WINNT_AUTH_IDENTITY_EXW id;
    sec_status status;

    /* Version and Length first: a shorter structure is not read past its end. */
    bytes_copy(&id, auth_data, offsetof(SEC_WINNT_AUTH_IDENTITY_EXW, User));
    if (id.Length < sizeof(id)) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "identity: _EX of %u bytes, not %zu", id.Length,
                        sizeof(id));
    }
    bytes_copy(&id, auth_data, sizeof(id));
    status = take_flags(id.Flags, out);
    if (status != SEC_E_OK) {
        return status;
    }
    return take_texts(&(struct texts){ .user = id.User,
                                       .user_n = id.UserLength,
                                       .domain = id.Domain,
                                       .domain_n = id.DomainLength,
                                       .password = id.Password,
                                       .password_n = id.PasswordLength,
                                       .list = id.PackageList,
                                       .list_n = id.PackageListLength },
                      is_wide(id.Flags, wide_call), out);
}

/* --- _EX2 ---------------------------------------------------------------------------------- */

/* len bytes at off of in, which must lie behind the head of it. */
static bool
part_of(struct bytes in, size_t head, uint32_t off, uint32_t len, struct bytes *part)
{
    struct wire_reader r = wire_reader_of(in);

    *part = wire_at(&r, off, len);
    return wire_status(&r) == WIRE_OK && (len == 0 || off >= head);
}

static sec_status
take_part(struct secret *to, struct bytes block, uint32_t off, uint32_t len,
          const struct rule *rule)
{
    struct bytes part;

    if (!part_of(block, sizeof(SEC_WINNT_AUTH_IDENTITY_EX2), off, len, &part) || len % 2) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "identity: the %s (offset %u, %u bytes) is not within %zu bytes",
                        rule->what, off, len, block.n);
    }
    return take_text(to, part.p, part.n / 2, true, rule);
}

/* SEC_WINNT_AUTH_PACKED_CREDENTIALS with a SEC_WINNT_AUTH_DATA_PASSWORD in it: each offset counts
 * from the structure that it stands in. */
static sec_status
take_packed(struct secret *to, struct bytes packed)
{
    SEC_WINNT_AUTH_PACKED_CREDENTIALS head;
    SEC_WINNT_AUTH_DATA_PASSWORD inner;
    struct bytes data, password;

    if (packed.n < sizeof(head)) {
        return refuse(&password_rule, "is in packed credentials that end early");
    }
    bytes_copy(&head, packed.p, sizeof(head));
    if (head.cbStructureLength > packed.n || head.cbStructureLength < sizeof(head) ||
        !part_of(bytes_of(packed.p, head.cbStructureLength), sizeof(head),
                 head.AuthData.CredData.ByteArrayOffset, head.AuthData.CredData.ByteArrayLength,
                 &data)) {
        return refuse(&password_rule, "is in packed credentials whose lengths are wrong");
    }
    if (!bytes_equal(bytes_of(&head.AuthData.CredType, sizeof(GUID)),
                     bytes_of(&SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, sizeof(GUID)))) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "identity: packed credentials of a type other than password");
    }
    if (data.n < sizeof(inner)) {
        return refuse(&password_rule, "is in packed data that ends early");
    }
    bytes_copy(&inner, data.p, sizeof(inner));
    if (!part_of(data, sizeof(inner), inner.UnicodePassword.ByteArrayOffset,
                 inner.UnicodePassword.ByteArrayLength, &password) ||
        password.n % 2) {
        return refuse(&password_rule, "is not within its packed data");
    }
    return take_text(to, password.p, password.n / 2, true, &password_rule);
}

static sec_status
take_block(struct bytes block, const SEC_WINNT_AUTH_IDENTITY_EX2 *head, struct identity *out)
{
    struct bytes packed;
    sec_status status = take_flags(head->Flags, out);

    if (status == SEC_E_OK) {
        status = take_part(&out->user, block, head->UserOffset, head->UserLength, &user_rule);
    }
    if (status == SEC_E_OK) {
        status =
            take_part(&out->domain, block, head->DomainOffset, head->DomainLength, &domain_rule);
    }
    if (status == SEC_E_OK) {
        status = take_part(&out->package_list, block, head->PackageListOffset,
                           head->PackageListLength, &list_rule);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    out->null_user = !head->UserOffset || (head->Flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER);
    out->null_domain =
        !head->DomainOffset || (head->Flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN);
    out->null_password = head->PackedCredentialsLength == 0;
    if (!part_of(block, sizeof(*head), head->PackedCredentialsOffset, head->PackedCredentialsLength,
                 &packed)) {
        return refuse(&password_rule, "is not within the structure");
    }
    return packed.n ? take_packed(&out->password, packed) : SEC_E_OK;
}

sec_status
identity_decode_block(struct bytes block, struct identity *out)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 head;
    sec_status status;

    *out = (struct identity){ 0 };
    if (block.n < sizeof(head)) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "identity: _EX2 of %zu bytes", block.n);
    }
    bytes_copy(&head, block.p, sizeof(head));
    if (head.Version != SEC_WINNT_AUTH_IDENTITY_VERSION_2 || head.cbHeaderLength < sizeof(head) ||
        head.cbStructureLength < head.cbHeaderLength || head.cbStructureLength > block.n) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "identity: _EX2 (version 0x%x) of %u bytes with a header of %u",
                        head.Version, head.cbStructureLength, head.cbHeaderLength);
    }
    status = take_block(bytes_of(block.p, head.cbStructureLength), &head, out);
    if (status != SEC_E_OK) {
        identity_clear(out);
    }
    return status;
}

static sec_status
decode_ex2(const void *auth_data, struct identity *out)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 head;

    bytes_copy(&head, auth_data, offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, UserOffset));
    return identity_decode_block(bytes_of(auth_data, head.cbStructureLength), out);
}

sec_status
identity_decode(const void *auth_data, bool wide_call, struct identity *out)
{
    ULONG version;
    sec_status status;

    *out = (struct identity){ 0 };
    if (!auth_data) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "identity: none given");
    }
    bytes_copy(&version, auth_data, sizeof(version));
    if (version == SEC_WINNT_AUTH_IDENTITY_VERSION) {
        status = decode_ex(auth_data, wide_call, out);
    } else if (version == SEC_WINNT_AUTH_IDENTITY_VERSION_2) {
        status = decode_ex2(auth_data, out);
    } else {
        status = decode_plain(auth_data, wide_call, out);
    }
    if (status != SEC_E_OK) {
        identity_clear(out);
    }
    return status;
}

void
identity_clear(struct identity *identity)
{
    secret_clear(&identity->user);
    secret_clear(&identity->domain);
    secret_clear(&identity->password);
    secret_clear(&identity->package_list);
    *identity = (struct identity){ 0 };
}

void
identity_auto(struct identity *identity)
{
    identity_clear(identity);
}
