/* SPDX-License-Identifier: Apache-2.0 */
/* PAP (RFC 1334), CHAP (RFC 1994), MS-CHAP (RFC 2433) and MS-CHAPv2 (RFC 2759) as claims. */
#include <stdio.h>

#include "base/utf16.h"
#include "ras/ppp_proof.h"
#include "ras/settings.h"

enum {
    MSCHAP_RESPONSE_BYTES = 49, /* of both versions: 24, 24, and a byte of flags */
    MSCHAP_CHALLENGE_BYTES = 8,
    MSCHAP_V2_CHALLENGE_BYTES = 16,
    MD5_RESPONSE_BYTES = 16,
    USE_NT_RESPONSE = 1,
};

/* --- what pppd shows ----------------------------------------------------------------------- */

/* pppd prints a byte from 128 on as "M-" and the byte without its highest bit, which for a control
 * character is '^' and another. */
static size_t
unprint(struct bytes text, uint8_t *to)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (c == 'M' && i + 2 < text.n && text.p[i + 1] == '-') {
            bool control = text.p[i + 2] == '^' && i + 3 < text.n;

            i += control ? 3 : 2;
            c = (uint8_t)((control ? text.p[i] ^ 0x40 : text.p[i]) | 0x80);
        }
        to[n++] = c;
    }
    return n;
}

/* As the caller sent it. Where what comes out is no UTF-8, "M-" was what the caller typed. */
static struct bytes
take_printed(struct bytes text, uint8_t *to)
{
    size_t n = unprint(text, to);

    if (n == text.n || !utf8_is_well_formed(bytes_of(to, n))) {
        bytes_copy(to, text.p, text.n);
        n = text.n;
    }
    return bytes_of(to, n);
}

/* --- names --------------------------------------------------------------------------------- */

/* "DOMAIN\user". */
static struct bytes
split(struct bytes name, struct bytes *domain)
{
    for (size_t i = name.n; i-- > 0;) {
        if (name.p[i] == '\\') {
            *domain = bytes_of(name.p, i);
            return bytes_of(name.p + i + 1, name.n - i - 1);
        }
    }
    *domain = (struct bytes){ 0 };
    return name;
}

/* For callbacks, which log and compare: what is no UTF-8 stays as pppd printed it. */
static void
keep(char *to, struct bytes text, struct bytes otherwise)
{
    struct bytes from = utf8_is_well_formed(text) ? text : otherwise;

    (void)snprintf(to, PPP_MSG_USER_MAX + 1, "%.*s", (int)from.n, (const char *)from.p);
}

static void
take_name(struct ppp_proof *out, struct bytes printed)
{
    struct bytes name = take_printed(printed, out->sent_user);
    struct bytes domain, user = split(name, &domain);

    out->claim.peer_name = user;
    out->claim.user = utf16_into(out->user_utf16, sizeof(out->user_utf16), user);
    out->claim.domain = utf16_into(out->domain_utf16, sizeof(out->domain_utf16), domain);
    keep(out->user, user, printed);
    keep(out->domain, domain, (struct bytes){ 0 });
}

/* --- claims -------------------------------------------------------------------------------- */

static struct bytes
copy(struct bytes from, uint8_t *to)
{
    bytes_copy(to, from.p, from.n);
    return bytes_of(to, from.n);
}

static const char *
take_mschap(struct ppp_proof *out, bool v2)
{
    struct account_claim *claim = &out->claim;
    struct bytes challenge = claim->challenge, response = claim->chap_response;

    if (response.n != MSCHAP_RESPONSE_BYTES ||
        challenge.n != (v2 ? MSCHAP_V2_CHALLENGE_BYTES : MSCHAP_CHALLENGE_BYTES)) {
        return "a response or a challenge of a length that MS-CHAP does not have";
    }
    claim->nt_response = bytes_of(response.p + 24, 24);
    if (v2) {
        claim->peer_challenge = bytes_of(response.p, MSCHAP_V2_CHALLENGE_BYTES);
    } else if (!(response.p[MSCHAP_RESPONSE_BYTES - 1] & USE_NT_RESPONSE)) {
        return "the caller's MS-CHAP has LAN Manager's response alone";
    } else {
        bytes_copy(claim->server_challenge, challenge.p, MSCHAP_CHALLENGE_BYTES);
    }
    return NULL;
}

const char *
ppp_proof_make(struct ppp_proof *out, const struct ppp_msg *m)
{
    struct account_claim *claim = &out->claim;

    *out = (struct ppp_proof){ .algorithm = m->algorithm };
    claim->dial_in = true;
    take_name(out, m->user);
    claim->challenge = copy(m->challenge, out->challenge);
    claim->chap_id = m->id;
    switch (m->algorithm) {
    case PPP_MSG_PAP:
        claim->kind = ACCOUNT_PASSWORD;
        claim->password = take_printed(m->response, out->response);
        return NULL;
    case PPP_MSG_CHAP_MD5:
        claim->kind = ACCOUNT_CHAP_MD5;
        claim->chap_response = copy(m->response, out->response);
        return claim->chap_response.n == MD5_RESPONSE_BYTES
                   ? NULL
                   : "a response of a length that CHAP with MD5 does not have";
    default:
        claim->kind = m->algorithm == PPP_MSG_MSCHAP ? ACCOUNT_MSCHAP : ACCOUNT_MSCHAP_V2;
        claim->chap_response = copy(m->response, out->response);
        return take_mschap(out, m->algorithm == PPP_MSG_MSCHAP_V2);
    }
}

unsigned
ppp_proof_bit(uint8_t algorithm)
{
    switch (algorithm) {
    case PPP_MSG_PAP: return PPP_PAP;
    case PPP_MSG_CHAP_MD5: return PPP_CHAP_MD5;
    case PPP_MSG_MSCHAP: return PPP_MSCHAP;
    case PPP_MSG_MSCHAP_V2: return PPP_MSCHAP_V2;
    default: return 0;
    }
}

/* --- answers ------------------------------------------------------------------------------- */

static void
put_hex(char *to, struct bytes from)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < from.n; i++) {
        *to++ = digits[from.p[i] >> 4];
        *to++ = digits[from.p[i] & 0xF];
    }
    *to = 0;
}

void
ppp_proof_success(const struct ppp_proof *proof, const uint8_t authenticator[static 20],
                  char text[static PPP_PROOF_TEXT_BYTES])
{
    char hex[2 * 20 + 1];

    put_hex(hex, bytes_of(authenticator, 20));
    if (proof->algorithm == PPP_MSG_MSCHAP_V2) {
        (void)snprintf(text, PPP_PROOF_TEXT_BYTES, "S=%s M=Access granted", hex);
    } else {
        (void)snprintf(text, PPP_PROOF_TEXT_BYTES, "Access granted");
    }
}

/* The same words whatever the reason was; no second try within the call (R=0). */
void
ppp_proof_failure(const struct ppp_proof *proof, char text[static PPP_PROOF_TEXT_BYTES])
{
    char hex[2 * MSCHAP_V2_CHALLENGE_BYTES + 1] = "";

    if (proof->algorithm == PPP_MSG_MSCHAP_V2 &&
        proof->claim.challenge.n == MSCHAP_V2_CHALLENGE_BYTES) {
        put_hex(hex, proof->claim.challenge);
        (void)snprintf(text, PPP_PROOF_TEXT_BYTES, "E=691 R=0 C=%s V=3 M=Access denied", hex);
    } else if (proof->algorithm == PPP_MSG_MSCHAP) {
        (void)snprintf(text, PPP_PROOF_TEXT_BYTES, "E=691 R=0");
    } else {
        (void)snprintf(text, PPP_PROOF_TEXT_BYTES, "Access denied");
    }
}

const char *
ppp_proof_reason(const struct account_proof *proof, sec_status status)
{
    if (status == SEC_E_NO_AUTHENTICATING_AUTHORITY) {
        return "the account store cannot answer";
    }
    if (status != SEC_E_LOGON_DENIED) {
        return "the account authority failed";
    }
    if (proof->no_clear_text) {
        return "CHAP with MD5 needs a password that is kept in clear, and the account keeps none";
    }
    switch (proof->sub_status) {
    case ACCOUNT_NO_SUCH_USER: return "there is no such account";
    case ACCOUNT_WRONG_PASSWORD: return "the password is wrong";
    case ACCOUNT_NO_DIAL_IN: return "the account may not dial in";
    case ACCOUNT_PASSWORD_EXPIRED: return "the password has expired";
    case ACCOUNT_DISABLED: return "the account is disabled";
    case ACCOUNT_EXPIRED: return "the account has expired";
    case ACCOUNT_LOCKED_OUT: return "the account is locked out";
    case ACCOUNT_CHALLENGE_USED: return "the challenge was answered before";
    case ACCOUNT_NOT_OF_NOW: return "the response is not to a challenge of now";
    default: return "the account authority refused";
    }
}
