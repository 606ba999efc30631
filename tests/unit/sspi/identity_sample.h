/* SPDX-License-Identifier: Apache-2.0 */
/* An identity with characters of each length, in both widths, and what it reads as. */
#ifndef TESTS_UNIT_SSPI_IDENTITY_SAMPLE_H
#define TESTS_UNIT_SSPI_IDENTITY_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <opensspi/sspi_identity.h>

#include "sspi/identity.h"
#include "tests/support/hex.h"

#define W(text) ((unsigned short *)(uintptr_t)u##text)
#define A(text) ((unsigned char *)(uintptr_t)(text))

static const SEC_WINNT_AUTH_IDENTITY_W plain_w = {
    .User = W("Üser"),
    .UserLength = 4,
    .Domain = W("DOM"),
    .DomainLength = 3,
    .Password = W("pass 🔑"),
    .PasswordLength = 7,
    .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE,
};
static const SEC_WINNT_AUTH_IDENTITY_A plain_a = {
    .User = A("Üser"),
    .UserLength = 5,
    .Domain = A("DOM"),
    .DomainLength = 3,
    .Password = A("pass 🔑"),
    .PasswordLength = 9,
    .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
};

static inline void
assert_text(const struct secret *have, const char *want_hex)
{
    uint8_t room[256];

    assert_bytes_equal(secret_bytes(have), hex_into(room, sizeof(room), want_hex));
}

/* Üser, DOM, "pass " and a key. */
static inline void
assert_is_sample(const struct identity *id)
{
    assert_text(&id->user, "dc00 7300 6500 7200");
    assert_text(&id->domain, "4400 4f00 4d00");
    assert_text(&id->password, "7000 6100 7300 7300 2000 3dd8 11dd");
    assert_false(id->null_user || id->null_domain || id->null_password);
}

#endif
