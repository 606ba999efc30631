/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of token it is, and the notes that close it. */
#include <stdio.h>
#include <string.h>

#include "base/der.h"
#include "codec/gss_krb.h"
#include "codec/ntlm_msg.h"
#include "codec/spnego_msg.h"
#include "tools/decode_print.h"

enum { NTLM_SIGNATURE_BYTES = 16 };

static const struct {
    const char *dotted, *name;
} mechanisms[] = {
    { "1.3.6.1.5.5.2", "SPNEGO" },
    { "1.2.840.113554.1.2.2", "Kerberos" },
    { "1.2.840.48018.1.2.2", "Kerberos, as Microsoft names it" },
    { "1.2.840.113554.1.2.2.3", "Kerberos, user-to-user" },
    { "1.3.6.1.5.2.5", "IAKERB: Kerberos through the server" },
    { "1.3.6.1.5.2.7", "PKU2U" },
    { "1.3.6.1.4.1.311.2.2.10", "NTLM" },
    { "1.3.6.1.4.1.311.2.2.30", "NegoEx" },
    { "1.3.5.1.5.2", "Kerberos of old" },
    { "1.3.6.1.5.5.14", "SCRAM-SHA-1" },
    { "1.2.752.43.14.2", "NTLM, as Heimdal names it" },
};

void
decode_oid_text(struct bytes oid, char *text, size_t n)
{
    char dotted[DER_OID_TEXT_BYTES];

    der_oid_text(oid, dotted);
    for (size_t i = 0; i < SEC_ARRAY_LEN(mechanisms); i++) {
        if (strcmp(mechanisms[i].dotted, dotted) == 0) {
            (void)snprintf(text, n, "%s (%s)", dotted, mechanisms[i].name);
            return;
        }
    }
    (void)snprintf(text, n, "%s", dotted);
}

/* A frame of RFC 2743: which mechanism's, and on to that. */
static bool
decode_frame(struct decode *d, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct bytes oid;
    char text[128];
    size_t n;

    (void)der_take_header(&r, DER_APPLICATION_0, &n);
    oid = der_take_whole(&r, DER_OID);
    if (bytes_equal(oid, spnego_oid)) {
        decode_spnego_init(d, in);
        return true;
    }
    if (bytes_equal(oid, gss_krb5_oid) || bytes_equal(oid, gss_ms_krb5_oid) ||
        bytes_equal(oid, gss_krb5_u2u_oid) || bytes_equal(oid, gss_iakerb_oid)) {
        decode_kerberos(d, in);
        return true;
    }
    decode_title(d, "GSS-API token, %zu bytes", in.n);
    decode_oid_text(oid, text, sizeof(text));
    if (!decode_der_cut(d, in)) {
        decode_broken(d, "its mechanism is %s, not one that is known here",
                      oid.n ? text : "no object identifier");
    }
    return true;
}

/* false: nothing that is known here. */
static bool
decode_known(struct decode *d, struct bytes in)
{
    uint8_t first = in.n ? in.p[0] : 0, second = in.n > 1 ? in.p[1] : 0;

    if (bytes_starts_with(in, ntlm_msg_signature)) {
        decode_ntlm(d, in);
    } else if (bytes_starts_with(in, bytes_of_string("NEGOEXTS"))) {
        decode_negoex(d, in);
    } else if (first == DER_APPLICATION_0) {
        return decode_frame(d, in);
    } else if (first == DER_CONTEXT_0 || first == DER_CONTEXT_0 + 1) {
        decode_spnego_resp(d, in);
    } else if (decode_is_kerberos(in)) {
        decode_kerberos(d, in);
    } else if ((first == 0x04 || first == 0x05) && second == 0x04) {
        decode_cfx(d, in);
    } else if (in.n == NTLM_SIGNATURE_BYTES && wire_load_le32(in.p) == 1) {
        decode_ntlm_signature(d, in);
    } else {
        return false;
    }
    return true;
}

void
decode_inner(struct decode *d, struct bytes in)
{
    d->depth++;
    d->nested++;
    if (d->nested > DECODE_NESTED_MAX) {
        decode_title(d, "nested too deep: not looked into");
    } else if (in.n && !decode_known(d, in)) {
        decode_title(d, "nothing that is known here");
    }
    d->nested--;
    d->depth--;
}

static void
decode_unknown(struct decode *d, struct bytes in)
{
    if (in.n == 0) {
        decode_title(d, "no token");
        decode_broken(d, "the token is empty");
        decode_note(d, DECODE_NOTE_EMPTY);
        return;
    }
    decode_title(d, "unknown, %zu bytes", in.n);
    decode_hex(d, in.p, "begins with", in);
    decode_broken(d, "neither SPNEGO (0x60, 0xa1), Kerberos, NTLM (NTLMSSP) nor NegoEx (NEGOEXTS)");
    decode_note(d, DECODE_NOTE_UNKNOWN);
}

bool
decode_token(struct wire_writer *out, struct bytes token, const struct decode_keys *keys)
{
    struct decode d = { .w = out, .base = token.p, .keys = keys };

    if (token.n == 0 || !decode_known(&d, token)) {
        decode_unknown(&d, token);
    }
    decode_put_notes(&d);
    return !d.broken;
}
