/* SPDX-License-Identifier: Apache-2.0 */
/* Reads SEC_WINNT_AUTH_IDENTITY in each of its layouts. Source: the public pages of the structures,
 * and of SEC_WINNT_AUTH_IDENTITY_INFO for how to tell them apart. */
#include "sspi/identity.h"

#include <opensspi/sspi_identity.h>

#include "base/bytes.h"
#include "sspi/identity_block.h"
#include "sspi/identity_text.h"

/* Only an _EX2 can be encrypted here: the others have no room for it. */
#define ANY_ENCRYPTION                                 \
    (SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED | \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED |  \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED |    \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED)

/* The texts of a plain structure or an _EX, in either width: the layouts are the same. */
struct texts {
    const void *user, *domain, *password, *list;
    size_t user_n, domain_n, password_n, list_n; /* characters */
};

static sec_status
take_texts(const struct texts *t, bool wide, struct identity *out)
{
    sec_status status = identity_text_take(&out->user, t->user, t->user_n, wide, IDENTITY_USER);

    if (status == SEC_E_OK) {
        status = identity_text_take(&out->domain, t->domain, t->domain_n, wide, IDENTITY_DOMAIN);
    }
    if (status == SEC_E_OK) {
        status =
            identity_text_take(&out->password, t->password, t->password_n, wide, IDENTITY_PASSWORD);
    }
    if (status == SEC_E_OK) {
        status =
            identity_text_take(&out->package_list, t->list, t->list_n, wide, IDENTITY_PACKAGE_LIST);
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
    if (flags & ANY_ENCRYPTION) {
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

/* A plain structure begins with a pointer, whose low half may happen to be a version's number; its
 * high half then stands where the others have their length. That is believed where it is one: no
 * structure has as many bytes as the high half of a pointer counts, on machines that have one. */
enum identity_layout
identity_layout_of(const void *auth_data)
{
    enum { LENGTH_MAX = 4095 };
    struct {
        ULONG version, length;
    } head;
    USHORT header_length;

    if (!auth_data) {
        return IDENTITY_NONE;
    }
    bytes_copy(&head, auth_data, sizeof(head));
    if (head.version == SEC_WINNT_AUTH_IDENTITY_VERSION) {
        bool is_pointer = sizeof(void *) == sizeof(head) && head.length > LENGTH_MAX;

        return head.length == sizeof(SEC_WINNT_AUTH_IDENTITY_EXW) ? IDENTITY_EX
               : is_pointer                                       ? IDENTITY_PLAIN
                                                                  : IDENTITY_NONE;
    }
    if (head.version == SEC_WINNT_AUTH_IDENTITY_VERSION_2) {
        bytes_copy(&header_length, &head.length, sizeof(header_length));
        return header_length <= LENGTH_MAX ? IDENTITY_EX2 : IDENTITY_PLAIN;
    }
    return IDENTITY_PLAIN;
}

sec_status
identity_decode(const void *auth_data, bool wide_call, struct identity *out)
{
    sec_status status;

    *out = (struct identity){ 0 };
    switch (identity_layout_of(auth_data)) {
    case IDENTITY_PLAIN: status = decode_plain(auth_data, wide_call, out); break;
    case IDENTITY_EX: status = decode_ex(auth_data, wide_call, out); break;
    case IDENTITY_EX2: status = identity_block_decode(identity_block_bytes(auth_data), out); break;
    default:
        status = sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                          "identity: none given, or an _EX with a wrong length");
    }
    if (status != SEC_E_OK) {
        identity_clear(out);
    }
    return status;
}

bool
identity_is_encrypted(const void *auth_data)
{
    static const size_t flags_at[] = {
        [IDENTITY_PLAIN] = offsetof(SEC_WINNT_AUTH_IDENTITY_W, Flags),
        [IDENTITY_EX] = offsetof(SEC_WINNT_AUTH_IDENTITY_EXW, Flags),
        [IDENTITY_EX2] = offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, Flags),
    };
    enum identity_layout layout = identity_layout_of(auth_data);
    ULONG flags = 0;

    if (layout != IDENTITY_NONE) {
        bytes_copy(&flags, (const uint8_t *)auth_data + flags_at[layout], sizeof(flags));
    }
    return flags & ANY_ENCRYPTION;
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
