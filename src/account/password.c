/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords. */
#include "account/password.h"
#include "base/utf16.h"
#include "crypto/ntlm_key.h"

enum { PASSWORD_UNITS_MAX = 256 }; /* Windows' own limit */

void
password_keys_clear(struct password_keys *keys)
{
    secret_wipe(keys, sizeof(*keys));
}

void
password_keys_auto(struct password_keys *keys)
{
    password_keys_clear(keys);
}

static sec_status
make_hashes(struct bytes password, struct password_form form, struct password_keys *out)
{
    uint8_t held[2 * PASSWORD_UNITS_MAX];
    struct wire_writer w = wire_writer_fixed(held, sizeof(held));
    sec_status status = SEC_E_OK;

    utf16_put_utf8(&w, password);
    if (wire_writer_status(&w) == WIRE_NO_SPACE) {
        status =
            sec_fail(SEC_E_INVALID_PARAMETER, "accounts: a password has at most 256 characters");
    } else if (wire_writer_status(&w) != WIRE_OK) {
        status = sec_fail(SEC_E_INVALID_PARAMETER, "accounts: the password is not UTF-8");
    } else if (wire_written(&w).n < 2 * (size_t)form.min_length) {
        status = sec_fail(SEC_E_INVALID_PARAMETER,
                          "accounts: a password has at least %u characters here", form.min_length);
    } else {
        ntlm_key_nt_hash(wire_written(&w), &out->nt_hash);
        out->has_lm_hash = form.lm_hash && ntlm_key_lm_hash(wire_written(&w), &out->lm_hash);
    }
    secret_wipe(held, sizeof(held));
    return status;
}

sec_status
password_keys_make(struct bytes password, const char *salt, struct password_form form,
                   struct password_keys *out)
{
    sec_status status;

    *out = (struct password_keys){ 0 };
    if (!password.n) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "accounts: an account needs a password");
    }
    status = make_hashes(password, form, out);
    for (size_t i = 0; status == SEC_E_OK && i < KRB_KEY_TYPES; i++) {
        if (!krb_key_from_password(&krb_key_types[i], password, bytes_of_string(salt), 0,
                                   out->kerberos[i])) {
            status = SEC_E_INSUFFICIENT_MEMORY;
        }
    }
    if (status == SEC_E_OK && form.clear_text) {
        out->clear_text.n = password.n; /* 256 UTF-16 units are at most 768 bytes */
        bytes_copy(out->clear_text.b, password.p, password.n);
    }
    if (status != SEC_E_OK) {
        password_keys_clear(out);
    }
    return status;
}
