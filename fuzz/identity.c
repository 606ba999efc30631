/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: identity_block_decode, identity_block_encode, identity_decode, identity_text_take,
 * identity_block_encrypt, identity_block_decrypt, SspiUnmarshalAuthIdentity */
#define SECURITY_WIN32
#include <opensspi/sspi.h>

#include "base/mem.h"
#include "fuzz.h"
#include "sspi/given.h"
#include "sspi/identity.h"
#include "sspi/identity_block.h"

static bool
is_same(const struct secret *a, const struct secret *b)
{
    return bytes_equal(secret_bytes(a), secret_bytes(b));
}

/* What was read is what is written and read again, encrypted or not. */
static void
write_and_read(const struct identity *id)
{
    SEC_AUTO(identity) again = { 0 };
    void *block = NULL;

    fuzz_must(identity_block_encode(id, &block) == SEC_E_OK);
    fuzz_must(identity_block_bytes(block).n == given_size(block));
    fuzz_must(identity_decode(block, true, &again) == SEC_E_OK);
    fuzz_must(is_same(&again.user, &id->user) && is_same(&again.domain, &id->domain));
    fuzz_must(is_same(&again.password, &id->password));
    fuzz_must(is_same(&again.package_list, &id->package_list));
    fuzz_must(again.null_user == id->null_user && again.null_domain == id->null_domain);
    fuzz_must(again.null_password == id->null_password);
    fuzz_must(given_free(block) == SEC_E_OK);
}

/* Bytes that came from elsewhere, in memory of exactly their size. */
static void
read_block(struct bytes in)
{
    SEC_AUTO(identity) id = { 0 };
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE made = NULL;
    uint8_t *copy = mem_dup(in.p, in.n);
    sec_status status;

    if (!copy) {
        return;
    }
    status = identity_block_decode(in, &id);
    fuzz_must((SspiUnmarshalAuthIdentity((ULONG)in.n, (char *)copy, &made) == SEC_E_OK) ==
              (status == SEC_E_OK));
    fuzz_must((made != NULL) == (status == SEC_E_OK));
    if (made) {
        write_and_read(&id);
        /* In place, where there is room: and back to what it was. */
        if (!SspiIsAuthIdentityEncrypted(copy) && SspiEncryptAuthIdentity(copy) == SEC_E_OK) {
            fuzz_must(SspiDecryptAuthIdentity(copy) == SEC_E_OK);
            fuzz_must(bytes_equal(in, bytes_of(copy, in.n)));
        }
        SspiZeroAuthIdentity(copy);
        SspiFreeAuthIdentity(made);
    }
    mem_free(copy);
}

/* The same bytes as the texts of a caller's structure, cut where its first two say. */
static void
read_texts(struct bytes in, ULONG flags, size_t width)
{
    SEC_AUTO(identity) id = { 0 };
    size_t user_n = in.p[0] * width, domain_n = in.p[1] * width;
    SEC_WINNT_AUTH_IDENTITY_A plain = { .Flags = flags };
    uint8_t *texts = mem_dup(in.p + 2, in.n - 2);

    in.n -= 2;
    if (texts && user_n + domain_n <= in.n) {
        plain.User = texts;
        plain.UserLength = (ULONG)(user_n / width);
        plain.Domain = texts + user_n;
        plain.DomainLength = (ULONG)(domain_n / width);
        plain.Password = texts + user_n + domain_n;
        plain.PasswordLength = (ULONG)((in.n - user_n - domain_n) / width);
        if (identity_decode(&plain, width == 2, &id) == SEC_E_OK) {
            write_and_read(&id);
        }
    }
    mem_free(texts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);

    read_block(in);
    if (n >= 2) {
        read_texts(in, SEC_WINNT_AUTH_IDENTITY_ANSI, 1);
        read_texts(in, SEC_WINNT_AUTH_IDENTITY_UNICODE, 2);
    }
    return 0;
}
