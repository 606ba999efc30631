/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl decode: SPNEGO (RFC 4178 4.2, [MS-SPNG] 2.2.1). */
#include <stdio.h>

#include "base/der.h"
#include "codec/gss_krb.h"
#include "codec/ntlm_msg.h"
#include "codec/spnego_msg.h"
#include "tools/decode_print.h"

static const uint8_t ntlm_oid_der[] = { 0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04,
                                        0x01, 0x82, 0x37, 0x02, 0x02, 0x0A };

static const struct decode_name states[] = {
    { SPNEGO_ACCEPT_COMPLETED, "accept-completed" },
    { SPNEGO_ACCEPT_INCOMPLETE, "accept-incomplete" },
    { SPNEGO_REJECT, "reject" },
    { SPNEGO_REQUEST_MIC, "request-mic" },
};

/* RFC 4178 4.2.1: bits of ContextFlags, the first one highest. */
static const struct decode_name context_flags[] = {
    { INT64_C(0x80000000), "delegFlag" }, { 0x40000000, "mutualFlag" },
    { 0x20000000, "replayFlag" },         { 0x10000000, "sequenceFlag" },
    { 0x08000000, "anonFlag" },           { 0x04000000, "confFlag" },
    { 0x02000000, "integFlag" },
};

static void
show_mech_types(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    const uint8_t *start = value->cur;
    struct wire_reader list;
    unsigned count = 0;

    if (!decode_enter(d, value, DER_SEQUENCE, f->name, &list)) {
        return;
    }
    decode_line(d, start, f->name, "in the client's order");
    d->depth++;
    while (wire_left(&list) && count++ < SPNEGO_MECHS_MAX) {
        decode_show_oid(d, &(struct decode_field){ .name = "" }, &list);
    }
    d->depth--;
}

static void
show_token(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    const uint8_t *start = value->cur;
    struct wire_reader octets;
    struct bytes token;

    if (!decode_enter(d, value, DER_OCTET_STRING, f->name, &octets)) {
        return;
    }
    token = wire_rest(&octets);
    decode_line(d, start, f->name, "%zu bytes", token.n);
    decode_inner(d, token);
}

static const struct decode_field hint_fields[] = {
    { 0, "hintName", decode_show_string, NULL, 0, NULL, 0 },
    { 1, "hintAddress", decode_show_octets, NULL, 0, NULL, 0 },
};

/* [3]: hints where it holds a SEQUENCE, a MIC where it holds an OCTET STRING. */
static void
show_hints_or_mic(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    const struct decode_field hints = { .name = "negHints",
                                        .fields = hint_fields,
                                        .n_fields = SEC_ARRAY_LEN(hint_fields) };

    if (der_peek(value) == DER_SEQUENCE) {
        decode_show_sequence(d, &hints, value);
    } else {
        show_token(d, f, value);
    }
}

static const struct decode_field init_fields[] = {
    { 0, "mechTypes", show_mech_types, NULL, 0, NULL, 0 },
    { 1, "reqFlags", decode_show_flags, context_flags, SEC_ARRAY_LEN(context_flags), NULL, 0 },
    { 2, "mechToken", show_token, NULL, 0, NULL, 0 },
    { 3, "mechListMIC", show_hints_or_mic, NULL, 0, NULL, 0 },
    { 4, "mechListMIC", show_token, NULL, 0, NULL, 0 },
};

static const struct decode_field resp_fields[] = {
    { 0, "negState", decode_show_integer, states, SEC_ARRAY_LEN(states), NULL, 0 },
    { 1, "supportedMech", decode_show_oid, NULL, 0, NULL, 0 },
    { 2, "responseToken", show_token, NULL, 0, NULL, 0 },
    { 3, "mechListMIC", show_token, NULL, 0, NULL, 0 },
};

/* --- what its mechanisms tell -------------------------------------------------------------- */

static bool
offers(struct bytes mech_list, struct bytes oid)
{
    struct wire_reader mechs = spnego_mechs_of(mech_list);
    struct bytes mech;

    while (spnego_next_mech(&mechs, &mech)) {
        if (bytes_equal(mech, oid)) {
            return true;
        }
    }
    return false;
}

static struct bytes
first_of(struct bytes mech_list)
{
    struct wire_reader mechs = spnego_mechs_of(mech_list);
    struct bytes mech = { 0 };

    (void)spnego_next_mech(&mechs, &mech);
    return mech;
}

static void
note_mechanisms(struct decode *d, const struct spnego_init *m)
{
    bool kerberos = offers(m->mech_list, gss_krb5_oid) || offers(m->mech_list, gss_ms_krb5_oid);
    bool ntlm = offers(m->mech_list, bytes_of(ntlm_oid_der, sizeof(ntlm_oid_der)));

    if (m->hint_name.p || !m->mech_list.p) {
        return;
    }
    if (bytes_equal(first_of(m->mech_list), spnego_negoex_oid)) {
        if (kerberos) {
            decode_note(d, DECODE_NOTE_NEGOEX_KERBEROS);
        } else {
            decode_note(d, DECODE_NOTE_NEGOEX_ONLY);
        }
    } else if (bytes_starts_with(m->mech_token, ntlm_msg_signature) && kerberos) {
        decode_note(d, DECODE_NOTE_NTLM_CHOSEN);
    } else if (ntlm && !kerberos) {
        decode_note(d, DECODE_NOTE_NTLM_ONLY);
    }
}

/* --- messages ------------------------------------------------------------------------------ */

void
decode_spnego_init(struct decode *d, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in), token, choice;
    struct spnego_init m;
    enum wire_err err = spnego_init_decode(&m, in);

    decode_title(d, "SPNEGO %s, %zu bytes", m.hint_name.p ? "NegTokenInit2" : "NegTokenInit", in.n);
    (void)decode_der_cut(d, in);
    if (decode_enter(d, &r, DER_APPLICATION_0, "token", &token)) {
        decode_show_oid(d, &(struct decode_field){ .name = "thisMech" }, &token);
        if (decode_enter(d, &token, DER_CONTEXT_0, "NegTokenInit", &choice)) {
            decode_sequence(d, &choice, init_fields, SEC_ARRAY_LEN(init_fields));
        }
    }
    decode_verdict(d, in, err, m.fault.field, m.fault.at);
    if (err == WIRE_OK) {
        note_mechanisms(d, &m);
    }
}

void
decode_spnego_resp(struct decode *d, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in), choice;
    bool init = der_peek(&r) == DER_CONTEXT_0;
    struct spnego_resp m;
    enum wire_err err = spnego_resp_decode(&m, in);

    decode_title(d, "SPNEGO %s, %zu bytes",
                 init ? "NegTokenInit without its frame" : "NegTokenResp", in.n);
    (void)decode_der_cut(d, in);
    if (decode_enter(d, &r, 0, "choice", &choice)) {
        decode_sequence(d, &choice, init ? init_fields : resp_fields,
                        init ? SEC_ARRAY_LEN(init_fields) : SEC_ARRAY_LEN(resp_fields));
    }
    if (init && !d->cut) {
        decode_broken(
            d, "a NegTokenInit comes in a frame of RFC 2743 (0x60 and SPNEGO's object identifier)");
        return;
    }
    decode_verdict(d, in, err, m.fault.field, m.fault.at);
    if (m.state == SPNEGO_REJECT) {
        decode_note(d, DECODE_NOTE_REJECTED);
    }
}
