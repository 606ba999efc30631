/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: krb_ticket_decode, krb_ap_req_decode, krb_ap_rep_decode, krb_error_decode,
 * krb_tgt_req_decode, krb_tgt_rep_decode, krb_enc_ticket_decode, krb_authenticator_decode,
 * krb_enc_ap_rep_decode, their encoders, krb_ad_next, krb_ad_find, krb_ad_encode, krb_name_put.
 * The first byte chooses. */
#include "codec/krb_msg.h"
#include "fuzz.h"
#include "tests/support/krb_kinds.h"

static void
try_message(enum krb_kind kind, struct bytes in)
{
    SEC_AUTO(wire_writer) first = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) second = wire_writer_growing(NULL, 0);
    struct krb_fault fault;

    if (krb_kind_again(kind, in, &first, &fault) != WIRE_OK) {
        fuzz_must(fault.field && fault.at <= in.n);
        return;
    }
    fuzz_must(!fault.field && wire_writer_status(&first) == WIRE_OK);
    fuzz_must(krb_kind_again(kind, wire_written(&first), &second, &fault) == WIRE_OK);
    fuzz_must(bytes_equal(wire_written(&first), wire_written(&second)));
}

static void
check_name(struct bytes in, const struct krb_name *name, struct bytes realm)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    fuzz_must(name->n <= KRB_NAME_PARTS_MAX && krb_name_equal(name, name));
    for (size_t i = 0; i < name->n; i++) {
        fuzz_view(in, name->parts[i]);
    }
    fuzz_view(in, realm);
    krb_name_put(&w, name, realm);
    fuzz_must(wire_writer_status(&w) == WIRE_OK);
}

/* The views of those that have most of them. */
static void
check_views(struct bytes in)
{
    struct krb_ap_req req;
    struct krb_enc_ticket ticket;
    struct krb_authenticator authenticator;

    if (krb_ap_req_decode(&req, in) == WIRE_OK) {
        check_name(in, &req.ticket.sname, req.ticket.realm);
        fuzz_view(in, req.ticket.whole);
        fuzz_view(in, req.ticket.enc.cipher);
        fuzz_view(in, req.authenticator.cipher);
    }
    if (krb_enc_ticket_decode(&ticket, in) == WIRE_OK) {
        check_name(in, &ticket.cname, ticket.crealm);
        fuzz_must(ticket.cname.n && ticket.authtime_100ns && ticket.endtime_100ns);
        fuzz_view(in, ticket.key.value);
        fuzz_view(in, ticket.transited);
        fuzz_view(in, ticket.addresses);
        fuzz_view(in, ticket.authorization_data);
    }
    if (krb_authenticator_decode(&authenticator, in) == WIRE_OK) {
        check_name(in, &authenticator.cname, authenticator.crealm);
        fuzz_must(authenticator.ctime_100ns % 10 == 0);
        fuzz_view(in, authenticator.checksum);
        fuzz_view(in, authenticator.subkey.value);
        fuzz_view(in, authenticator.authorization_data);
    }
}

static void
try_authorization_data(struct bytes in)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct wire_reader r = wire_reader_of(in);
    struct krb_ad_element elements[64];
    enum wire_err err;
    struct bytes found = krb_ad_find(in, KRB_AD_WIN2K_PAC, &err);
    size_t n = 0;

    fuzz_view(in, found);
    fuzz_must(err == WIRE_OK || !found.p);
    while (n < SEC_ARRAY_LEN(elements) && krb_ad_next(&r, &elements[n])) {
        fuzz_view(in, elements[n++].data);
    }
    if (in.n && wire_finish(&r) == WIRE_OK) { /* what was read is what would be written */
        krb_ad_encode(&w, elements, n);
        fuzz_must(bytes_equal(wire_written(&w), in));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in;

    if (n == 0) {
        return 0;
    }
    in = bytes_of(data + 1, n - 1);
    if (data[0] % (KRB_KINDS + 1) == KRB_KINDS) {
        try_authorization_data(in);
    } else {
        try_message((enum krb_kind)(data[0] % (KRB_KINDS + 1)), in);
        check_views(in);
    }
    return 0;
}
