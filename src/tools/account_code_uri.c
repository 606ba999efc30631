/* SPDX-License-Identifier: Apache-2.0 */
/* otpauth URIs. */
#include "tools/account_code_uri.h"

#include <stdio.h>

#include "base/base32.h"

static void
put(struct wire_writer *w, const char *text)
{
    wire_put_bytes(w, bytes_of_string(text));
}

/* RFC 3986 2.3: what is not unreserved is escaped, byte for byte of its UTF-8. */
static void
put_escaped(struct wire_writer *w, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *text; text++) {
        uint8_t c = (uint8_t)*text;
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';

        if (plain) {
            wire_put_u8(w, c);
        } else {
            wire_put_u8(w, '%');
            wire_put_u8(w, (uint8_t)digits[c >> 4]);
            wire_put_u8(w, (uint8_t)digits[c & 15]);
        }
    }
}

void
account_code_put_uri(struct wire_writer *w, const char *issuer, const char *user,
                     const struct one_time_code *code)
{
    static const char *const algorithms[] = { NULL, "SHA1", "SHA256", "SHA512" };
    bool totp = code->type == ONE_TIME_CODE_TOTP;
    char numbers[64];

    put(w, totp ? "otpauth://totp/" : "otpauth://hotp/");
    put_escaped(w, issuer);
    put(w, ":");
    put_escaped(w, user);
    put(w, "?secret=");
    base32_encode(bytes_of(code->secret, code->n), w);
    put(w, "&issuer=");
    put_escaped(w, issuer);
    put(w, "&algorithm=");
    put(w, algorithms[code->algorithm]);
    (void)snprintf(numbers, sizeof(numbers), "&digits=%u&%s=%llu", code->digits,
                   totp ? "period" : "counter",
                   totp ? (unsigned long long)code->period_s : (unsigned long long)code->next);
    put(w, numbers);
}
