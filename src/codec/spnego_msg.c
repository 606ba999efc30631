/* SPDX-License-Identifier: Apache-2.0 */
/* SPNEGO: RFC 4178 4.2 and its ASN.1 module in appendix A, [MS-SPNG] 2.2.1, RFC 2743 3.1. */
#include "base/der.h"
#include "base/wire.h"

#include "codec/spnego_msg.h"

enum { FIELDS_MAX = 5 }; /* [0] to [4] */

static const uint8_t spnego_oid_der[] = { 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02 };
static const uint8_t negoex_oid_der[] = { 0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04,
                                          0x01, 0x82, 0x37, 0x02, 0x02, 0x1E };

const struct bytes spnego_oid = { spnego_oid_der, sizeof(spnego_oid_der) };
const struct bytes spnego_negoex_oid = { negoex_oid_der, sizeof(negoex_oid_der) };

struct bytes
spnego_token_mech(struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct wire_reader token = der_enter(&r, DER_APPLICATION_0);

    return der_take_whole(&token, DER_OID);
}

struct wire_reader
spnego_mechs_of(struct bytes mech_list)
{
    struct wire_reader r = wire_reader_of(mech_list);

    return der_enter(&r, DER_SEQUENCE);
}

bool
spnego_next_mech(struct wire_reader *r, struct bytes *mech)
{
    if (wire_left(r) == 0) {
        return false;
    }
    *mech = der_take_whole(r, DER_OID);
    return mech->n != 0;
}

/* --- fields -------------------------------------------------------------------------------- */

/* Keeps the first fault: which field, and how far into the token. */
static void
note_fault(struct spnego_fault *fault, const struct wire_reader *r, const char *field)
{
    if (wire_status(r) != WIRE_OK && !fault->field) {
        *fault = (struct spnego_fault){ field, r->err_at };
    }
}

/* A MechTypeList as it was sent, each of its elements an object identifier. */
static struct bytes
read_mech_list(struct wire_reader *r)
{
    struct wire_reader list = *r;
    struct bytes whole = der_take_whole(r, DER_SEQUENCE);
    size_t count = 0;

    if (whole.n > SPNEGO_MECH_LIST_BYTES_MAX) {
        wire_fail(r, WIRE_LIMIT);
        return (struct bytes){ 0 };
    }
    list = der_enter(&list, DER_SEQUENCE);
    while (wire_left(&list)) {
        if (der_take(&list, DER_OID).n == 0) { /* an object identifier has at least one octet */
            wire_fail(&list, WIRE_BAD_VALUE);
        }
        if (++count > SPNEGO_MECHS_MAX) {
            wire_fail(&list, WIRE_LIMIT);
        }
    }
    der_leave(r, &list);
    return whole;
}

/* [MS-SPNG] 2.2.1: hintName is a fixed text, hintAddress is never sent, and neither means
 * anything. */
static struct bytes
read_hints(struct wire_reader *r)
{
    struct wire_reader hints = der_enter(r, DER_SEQUENCE);
    struct bytes name = { 0 };

    if (der_peek(&hints) == DER_CONTEXT_0) {
        struct wire_reader field = der_enter(&hints, DER_CONTEXT_0);

        name = der_take(&field, DER_GENERAL_STRING);
        der_leave(&hints, &field);
    }
    while (wire_left(&hints)) {
        (void)der_take_whole(&hints, 0);
    }
    der_leave(r, &hints);
    return name.p || wire_status(r) != WIRE_OK ? name : bytes_of("", 0);
}

static enum spnego_neg_state
read_neg_state(struct wire_reader *r)
{
    struct bytes value = der_take(r, DER_ENUMERATED);

    if (value.n != 1 || value.p[0] > SPNEGO_REQUEST_MIC) {
        wire_fail(r, WIRE_BAD_VALUE);
        return SPNEGO_NO_STATE;
    }
    return (enum spnego_neg_state)value.p[0];
}

/* The fields of a SEQUENCE, in the order of their numbers and each at most once (X.690 8.9);
 * what follows them is an extension (RFC 4178 appendix A: "...") and passed by. */
typedef void (*read_field)(void *out, unsigned number, struct wire_reader *field);

static void
read_fields(struct wire_reader *r, read_field read, void *out)
{
    struct wire_reader sequence = der_enter(r, DER_SEQUENCE);
    unsigned next = 0;

    while (wire_left(&sequence)) {
        unsigned number = (unsigned)der_peek(&sequence) - DER_CONTEXT_0;
        struct wire_reader field;

        if (number >= FIELDS_MAX) {
            (void)der_take_whole(&sequence, 0);
            next = FIELDS_MAX;
            continue;
        }
        if (number < next) {
            wire_fail(&sequence, WIRE_BAD_VALUE);
            break;
        }
        field = der_enter(&sequence, (uint8_t)(DER_CONTEXT_0 + number));
        read(out, number, &field);
        der_leave(&sequence, &field);
        next = number + 1;
    }
    der_leave(r, &sequence);
}

/* --- NegTokenInit, NegTokenInit2 ----------------------------------------------------------- */

static void
read_init_field(void *to, unsigned number, struct wire_reader *field)
{
    static const char *const names[FIELDS_MAX] = { "mechTypes", "reqFlags", "mechToken",
                                                   "mechListMIC", "mechListMIC" };
    struct spnego_init *out = to;
    const char *name = names[number];

    switch (number) {
    case 0: out->mech_list = read_mech_list(field); break;
    case 1: /* RFC 4178 4.2.1: reqFlags are not protected and are ignored on receipt */
        (void)der_take_whole(field, 0);
        break;
    case 2: out->mech_token = der_take(field, DER_OCTET_STRING); break;
    case 3:
        if (der_peek(field) == DER_SEQUENCE) {
            name = "negHints";
            out->hint_name = read_hints(field);
            break;
        }
        out->mic = der_take(field, DER_OCTET_STRING);
        break;
    default: /* [4] is NegTokenInit2's MIC; in a NegTokenInit it is an extension */
        if (out->hint_name.p) {
            out->mic = der_take(field, DER_OCTET_STRING);
        } else {
            (void)wire_rest(field);
        }
        break;
    }
    note_fault(&out->fault, field, name);
}

enum wire_err
spnego_init_decode(struct spnego_init *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct wire_reader token = der_enter(&r, DER_APPLICATION_0);
    struct wire_reader choice;

    *out = (struct spnego_init){ 0 };
    if (!bytes_equal(der_take_whole(&token, DER_OID), spnego_oid)) {
        wire_fail(&token, WIRE_BAD_VALUE);
    }
    note_fault(&out->fault, &token, "thisMech");
    choice = der_enter(&token, DER_CONTEXT_0);
    read_fields(&choice, read_init_field, out);
    der_leave(&token, &choice);
    der_leave(&r, &token);
    if (wire_finish(&r) == WIRE_TRAILING) {
        wire_fail(&r, WIRE_TRAILING);
    }
    note_fault(&out->fault, &r, "NegTokenInit");
    return wire_status(&r);
}

/* A field [n] around an element, both measured and written; nothing for an absent one. */
static size_t
field_size(struct bytes contents)
{
    return contents.p ? der_size(der_size(contents.n)) : 0;
}

static void
put_field(struct wire_writer *w, unsigned number, uint8_t tag, struct bytes contents)
{
    if (contents.p) {
        der_put_header(w, (uint8_t)(DER_CONTEXT_0 + number), der_size(contents.n));
        der_put(w, tag, contents);
    }
}

/* The same for what is an element already. */
static size_t
whole_size(struct bytes element)
{
    return element.p ? der_size(element.n) : 0;
}

static void
put_whole(struct wire_writer *w, unsigned number, struct bytes element)
{
    if (element.p) {
        der_put(w, (uint8_t)(DER_CONTEXT_0 + number), element);
    }
}

void
spnego_init_encode(struct wire_writer *w, const struct spnego_init *m)
{
    bool hints = m->hint_name.p != NULL;
    size_t hint = field_size(m->hint_name);
    size_t fields = whole_size(m->mech_list) + field_size(m->mech_token) + field_size(m->mic) +
                    (hints ? der_size(der_size(hint)) : 0);

    der_put_header(w, DER_APPLICATION_0, spnego_oid.n + der_size(der_size(fields)));
    wire_put_bytes(w, spnego_oid);
    der_put_header(w, DER_CONTEXT_0, der_size(fields));
    der_put_header(w, DER_SEQUENCE, fields);
    put_whole(w, 0, m->mech_list);
    put_field(w, 2, DER_OCTET_STRING, m->mech_token);
    if (hints) {
        der_put_header(w, DER_CONTEXT_0 + 3, der_size(hint));
        der_put_header(w, DER_SEQUENCE, hint);
        put_field(w, 0, DER_GENERAL_STRING, m->hint_name);
    }
    put_field(w, hints ? 4 : 3, DER_OCTET_STRING, m->mic);
}

/* --- NegTokenResp -------------------------------------------------------------------------- */

static void
read_resp_field(void *to, unsigned number, struct wire_reader *field)
{
    static const char *const names[FIELDS_MAX] = { "negState", "supportedMech", "responseToken",
                                                   "mechListMIC", "extension" };
    struct spnego_resp *out = to;

    switch (number) {
    case 0: out->state = read_neg_state(field); break;
    case 1: out->mech = der_take_whole(field, DER_OID); break;
    case 2: out->token = der_take(field, DER_OCTET_STRING); break;
    case 3: out->mic = der_take(field, DER_OCTET_STRING); break;
    default: (void)wire_rest(field); break;
    }
    note_fault(&out->fault, field, names[number]);
}

enum wire_err
spnego_resp_decode(struct spnego_resp *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct wire_reader choice = der_enter(&r, DER_CONTEXT_0 + 1);

    *out = (struct spnego_resp){ .state = SPNEGO_NO_STATE };
    read_fields(&choice, read_resp_field, out);
    der_leave(&r, &choice);
    if (wire_finish(&r) == WIRE_TRAILING) {
        wire_fail(&r, WIRE_TRAILING);
    }
    note_fault(&out->fault, &r, "NegTokenResp");
    return wire_status(&r);
}

void
spnego_resp_encode(struct wire_writer *w, const struct spnego_resp *m)
{
    uint8_t value = (uint8_t)m->state;
    struct bytes state = m->state != SPNEGO_NO_STATE ? bytes_of(&value, 1) : (struct bytes){ 0 };
    size_t fields =
        field_size(state) + whole_size(m->mech) + field_size(m->token) + field_size(m->mic);

    der_put_header(w, DER_CONTEXT_0 + 1, der_size(fields));
    der_put_header(w, DER_SEQUENCE, fields);
    put_field(w, 0, DER_ENUMERATED, state);
    put_whole(w, 1, m->mech);
    put_field(w, 2, DER_OCTET_STRING, m->token);
    put_field(w, 3, DER_OCTET_STRING, m->mic);
}
