/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes SEC_WINNT_AUTH_IDENTITY_EX2. Source: the public pages of the structure and of
 * those that it packs. All is in the machine's byte order: these are structures, no wire format. */
#include "sspi/identity_block.h"

#include <opensspi/sspi_identity.h>

#include "base/secret.h"
#include "base/wire.h"
#include "sspi/given.h"
#include "sspi/identity_seal.h"
#include "sspi/identity_text.h"

/* More than four parts of 64 KiB: a length above it is not one. */
enum { BLOCK_MAX_BYTES = 0x80000, BLOCK_ALIGN = 8 };

#define ENCRYPTED   SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED
#define NULL_USER   SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER
#define NULL_DOMAIN SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN
/* What only another system can open. */
#define FOREIGN_ENCRYPTION                            \
    (SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED | \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED |   \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED)
/* What says how a block is laid out, and not who it is. */
#define LAYOUT_FLAGS                                                             \
    ((uint32_t)(SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE | \
                SEC_WINNT_AUTH_IDENTITY_FLAGS_RESERVED | NULL_USER | NULL_DOMAIN))

/* --- reading ------------------------------------------------------------------------------- */

static sec_status
refuse(const char *why)
{
    return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "identity: %s", why);
}

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
          enum identity_part which)
{
    struct bytes part;

    if (!part_of(block, sizeof(SEC_WINNT_AUTH_IDENTITY_EX2), off, len, &part) || len % 2) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "identity: the %s (offset %u, %u bytes) is not within %zu bytes",
                        identity_part_name(which), off, len, block.n);
    }
    return identity_text_take(to, part.p, part.n / 2, true, which);
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
        return refuse("packed credentials end early");
    }
    bytes_copy(&head, packed.p, sizeof(head));
    if (head.cbStructureLength > packed.n || head.cbStructureLength < sizeof(head)) {
        return refuse("packed credentials have a wrong length");
    }
    if (!bytes_equal(bytes_of(&head.AuthData.CredType, sizeof(GUID)),
                     bytes_of(&SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, sizeof(GUID)))) {
        return refuse("packed credentials are of another type than password");
    }
    packed.n = head.cbStructureLength;
    if (!part_of(packed, sizeof(head), head.AuthData.CredData.ByteArrayOffset,
                 head.AuthData.CredData.ByteArrayLength, &data) ||
        data.n < sizeof(inner)) {
        return refuse("packed data is not within the packed credentials");
    }
    bytes_copy(&inner, data.p, sizeof(inner));
    if (!part_of(data, sizeof(inner), inner.UnicodePassword.ByteArrayOffset,
                 inner.UnicodePassword.ByteArrayLength, &password) ||
        password.n % 2) {
        return refuse("the password is not within the packed data");
    }
    return identity_text_take(to, password.p, password.n / 2, true, IDENTITY_PASSWORD);
}

/* What the encryption binds the password to: the names in front of it. */
static struct bytes
bound_to(struct bytes block, const SEC_WINNT_AUTH_IDENTITY_EX2 *h)
{
    return bytes_of(block.p + sizeof(*h), h->PackedCredentialsOffset - sizeof(*h));
}

static bool
packed_of(struct bytes block, const SEC_WINNT_AUTH_IDENTITY_EX2 *h, struct bytes *packed)
{
    return part_of(block, sizeof(*h), h->PackedCredentialsOffset, h->PackedCredentialsLength,
                   packed);
}

static sec_status
take_password(struct secret *to, struct bytes block, const SEC_WINNT_AUTH_IDENTITY_EX2 *h)
{
    SEC_AUTO(secret) opened = { 0 };
    struct bytes packed;
    sec_status status;

    if (!packed_of(block, h, &packed)) {
        return refuse("the packed credentials are not within the structure");
    }
    if (packed.n == 0) {
        return SEC_E_OK;
    }
    if (!(h->Flags & ENCRYPTED)) {
        return take_packed(to, packed);
    }
    status = identity_open(bound_to(block, h), packed, &opened);
    if (status != SEC_E_OK) {
        return status == SEC_E_DECRYPT_FAILURE ? SEC_E_UNKNOWN_CREDENTIALS : status;
    }
    return take_packed(to, secret_bytes(&opened));
}

static sec_status
take_all(struct bytes block, const SEC_WINNT_AUTH_IDENTITY_EX2 *h, struct identity *out)
{
    sec_status status = take_part(&out->user, block, h->UserOffset, h->UserLength, IDENTITY_USER);

    if (status == SEC_E_OK) {
        status = take_part(&out->domain, block, h->DomainOffset, h->DomainLength, IDENTITY_DOMAIN);
    }
    if (status == SEC_E_OK) {
        status = take_part(&out->package_list, block, h->PackageListOffset, h->PackageListLength,
                           IDENTITY_PACKAGE_LIST);
    }
    if (status == SEC_E_OK) {
        status = take_password(&out->password, block, h);
    }
    if (status != SEC_E_OK) {
        identity_clear(out);
        return status;
    }
    out->null_user = out->user.n == 0 && (h->UserOffset == 0 || (h->Flags & NULL_USER));
    out->null_domain = out->domain.n == 0 && (h->DomainOffset == 0 || (h->Flags & NULL_DOMAIN));
    out->null_password = h->PackedCredentialsLength == 0;
    out->flags = h->Flags & ~LAYOUT_FLAGS;
    return SEC_E_OK;
}

/* A head that is sound in itself; what it points to is not looked at. */
static sec_status
read_head(struct bytes block, SEC_WINNT_AUTH_IDENTITY_EX2 *h)
{
    if (block.n < sizeof(*h)) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "identity: _EX2 of %zu bytes", block.n);
    }
    bytes_copy(h, block.p, sizeof(*h));
    if (h->Version != SEC_WINNT_AUTH_IDENTITY_VERSION_2 || h->cbHeaderLength < sizeof(*h) ||
        h->cbStructureLength < h->cbHeaderLength || h->cbStructureLength > block.n ||
        h->cbStructureLength > BLOCK_MAX_BYTES) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "identity: _EX2 (version 0x%x) of %u bytes with a header of %u", h->Version,
                        h->cbStructureLength, h->cbHeaderLength);
    }
    return SEC_E_OK;
}

sec_status
identity_block_decode(struct bytes block, struct identity *out)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 h;
    sec_status status = read_head(block, &h);

    *out = (struct identity){ 0 };
    if (status != SEC_E_OK) {
        return status;
    }
    if (h.Flags & FOREIGN_ENCRYPTION) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "identity: encrypted (flags 0x%x), and not by this process", h.Flags);
    }
    return take_all(bytes_of(block.p, h.cbStructureLength), &h, out);
}

/* --- writing ------------------------------------------------------------------------------- */

/* Texts go in one after the other; *at moves past each. */
static uint32_t
put_text(uint8_t *block, size_t *at, const struct secret *text)
{
    uint32_t off = (uint32_t)*at;

    for (size_t i = 0; i + 1 < text->n; i += 2) {
        uint16_t unit = wire_load_le16(text->p + i);

        bytes_copy(block + *at + i, &unit, sizeof(unit));
    }
    *at += text->n;
    return off;
}

static size_t
packed_bytes(const struct identity *id)
{
    return id->null_password ? 0
                             : sizeof(SEC_WINNT_AUTH_PACKED_CREDENTIALS) +
                                   sizeof(SEC_WINNT_AUTH_DATA_PASSWORD) + id->password.n;
}

/* The memory is zeroed and aligned, so the structures are written where they stand: nothing of this
 * process's stack goes out in their padding. */
static void
put_packed(uint8_t *at, const struct identity *id)
{
    SEC_WINNT_AUTH_PACKED_CREDENTIALS *packed = (void *)at;
    SEC_WINNT_AUTH_DATA_PASSWORD *inner = (void *)(at + sizeof(*packed));
    size_t end = sizeof(*packed) + sizeof(*inner);

    packed->cbHeaderLength = sizeof(*packed);
    packed->cbStructureLength = (USHORT)packed_bytes(id);
    packed->AuthData.CredType = SEC_WINNT_AUTH_DATA_TYPE_PASSWORD;
    packed->AuthData.CredData.ByteArrayOffset = sizeof(*packed);
    packed->AuthData.CredData.ByteArrayLength = (USHORT)(sizeof(*inner) + id->password.n);
    inner->UnicodePassword.ByteArrayOffset = sizeof(*inner);
    inner->UnicodePassword.ByteArrayLength = (USHORT)id->password.n;
    (void)put_text(at, &end, &id->password);
}

/* Where the password stands: behind the names, aligned for who reads it as a structure. */
static size_t
packed_offset(const struct identity *id)
{
    size_t n = sizeof(SEC_WINNT_AUTH_IDENTITY_EX2) + id->user.n + id->domain.n + id->package_list.n;

    return (n + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
}

static void
put_all(uint8_t *block, size_t n, const struct identity *id)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 *h = (void *)block;
    size_t at = sizeof(*h);

    h->Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2;
    h->cbHeaderLength = sizeof(*h);
    h->cbStructureLength = (ULONG)n;
    h->Flags = (id->flags & ~(LAYOUT_FLAGS | ENCRYPTED)) | SEC_WINNT_AUTH_IDENTITY_UNICODE;
    if (id->null_user) {
        h->Flags |= NULL_USER;
    } else {
        h->UserOffset = put_text(block, &at, &id->user);
        h->UserLength = (USHORT)id->user.n;
    }
    if (id->null_domain) {
        h->Flags |= NULL_DOMAIN;
    } else {
        h->DomainOffset = put_text(block, &at, &id->domain);
        h->DomainLength = (USHORT)id->domain.n;
    }
    if (id->package_list.n) {
        h->PackageListOffset = put_text(block, &at, &id->package_list);
        h->PackageListLength = (USHORT)id->package_list.n;
    }
    if (!id->null_password) {
        h->PackedCredentialsOffset = (ULONG)packed_offset(id);
        h->PackedCredentialsLength = (USHORT)packed_bytes(id);
        put_packed(block + packed_offset(id), id);
    }
}

sec_status
identity_block_encode(const struct identity *id, void **out)
{
    size_t n = packed_offset(id) + packed_bytes(id) + IDENTITY_SEAL_BYTES;
    uint8_t *block = given_new(n);
    sec_status status = SEC_E_OK;

    if (!block) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    put_all(block, n, id);
    if (id->flags & ENCRYPTED) {
        status = identity_block_encrypt(block);
    }
    if (status != SEC_E_OK) {
        (void)given_free(block);
        return status;
    }
    *out = block;
    return SEC_E_OK;
}

/* --- encryption in place ------------------------------------------------------------------- */

struct bytes
identity_block_bytes(const void *block)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 h;

    bytes_copy(&h, block, offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, UserOffset));
    return bytes_of(block, h.cbStructureLength);
}

static bool
is_behind(uint32_t off, uint32_t len, size_t end)
{
    return len && off + (size_t)len > end;
}

/* Whether IDENTITY_SEAL_BYTES that nothing else uses follow the packed credentials: no text stands
 * there, and they are zero. */
static bool
has_room(struct bytes block, const SEC_WINNT_AUTH_IDENTITY_EX2 *h, struct bytes packed)
{
    static const uint8_t zero[IDENTITY_SEAL_BYTES];
    size_t end = h->PackedCredentialsOffset + packed.n;

    return block.n - end >= IDENTITY_SEAL_BYTES && packed.n <= UINT16_MAX - IDENTITY_SEAL_BYTES &&
           bytes_equal(bytes_of(block.p + end, IDENTITY_SEAL_BYTES),
                       bytes_of(zero, sizeof(zero))) &&
           !is_behind(h->UserOffset, h->UserLength, h->PackedCredentialsOffset) &&
           !is_behind(h->DomainOffset, h->DomainLength, h->PackedCredentialsOffset) &&
           !is_behind(h->PackageListOffset, h->PackageListLength, h->PackedCredentialsOffset);
}

sec_status
identity_block_encrypt(void *block)
{
    SEC_AUTO(secret) sealed = { 0 };
    struct bytes whole = identity_block_bytes(block), packed;
    SEC_WINNT_AUTH_IDENTITY_EX2 h;
    sec_status status = read_head(whole, &h);

    if (status != SEC_E_OK) {
        return status;
    }
    if (h.Flags & (ENCRYPTED | FOREIGN_ENCRYPTION)) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "identity: is encrypted already");
    }
    if (!packed_of(whole, &h, &packed)) {
        return refuse("the packed credentials are not within the structure");
    }
    if (packed.n) {
        if (!has_room(whole, &h, packed)) {
            return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                            "identity: no room to encrypt in; a copy by SspiCopyAuthIdentity has");
        }
        if (!secret_resize(&sealed, packed.n + IDENTITY_SEAL_BYTES)) {
            return SEC_E_INSUFFICIENT_MEMORY;
        }
        status = identity_seal(bound_to(whole, &h), packed, sealed.p);
        if (status != SEC_E_OK) {
            return status;
        }
        bytes_copy((uint8_t *)block + h.PackedCredentialsOffset, sealed.p, sealed.n);
        h.PackedCredentialsLength = (USHORT)sealed.n;
    }
    h.Flags |= ENCRYPTED;
    bytes_copy(block, &h, sizeof(h));
    return SEC_E_OK;
}

sec_status
identity_block_decrypt(void *block)
{
    SEC_AUTO(secret) opened = { 0 };
    struct bytes whole = identity_block_bytes(block), packed;
    SEC_WINNT_AUTH_IDENTITY_EX2 h;
    sec_status status = read_head(whole, &h);

    if (status != SEC_E_OK) {
        return status;
    }
    if (!(h.Flags & ENCRYPTED)) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "identity: is not encrypted");
    }
    if (!packed_of(whole, &h, &packed)) {
        return refuse("the packed credentials are not within the structure");
    }
    if (packed.n) {
        uint8_t *at = (uint8_t *)block + h.PackedCredentialsOffset;

        status = identity_open(bound_to(whole, &h), packed, &opened);
        if (status != SEC_E_OK) {
            return status;
        }
        bytes_copy(at, opened.p, opened.n);
        secret_wipe(at + opened.n, IDENTITY_SEAL_BYTES);
        h.PackedCredentialsLength = (USHORT)opened.n;
    }
    h.Flags &= ~(ULONG)ENCRYPTED;
    bytes_copy(block, &h, sizeof(h));
    return SEC_E_OK;
}

void
identity_block_wipe(void *block)
{
    struct bytes whole = identity_block_bytes(block), packed;
    SEC_WINNT_AUTH_IDENTITY_EX2 h;

    if (read_head(whole, &h) == SEC_E_OK && packed_of(whole, &h, &packed)) {
        secret_wipe((uint8_t *)block + h.PackedCredentialsOffset, packed.n);
    }
}
