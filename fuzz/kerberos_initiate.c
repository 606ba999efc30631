/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: krb_step of an initiator */
/* The first byte says what the caller wants. What follows are the acceptor's answers, each a byte
 * for its kind, a 16-bit length and its bytes: a whole token, or what goes into one and is
 * encrypted under the ticket's session key, so that what lies behind the proof is reached. */
#include "codec/gss_krb.h"
#include "codec/krb_msg.h"
#include "fuzz.h"
#include "kerberos/kerberos.h"
#include "tests/support/hex.h"
#include "tests/support/krb_pair.h"
#include "tests/support/krb_peer.h"

enum wish {
    MUTUAL = 1,
    DCE = 2,
    USER_TO_USER = 4,
    DELEGATE = 8,
    CONFIDENTIALITY = 16,
    OLD_KEY = 32
};
enum kind { TOKEN, AP_REP_PART, ERROR_BODY, TGT_REP, KINDS };
enum { ANSWERS_MAX = 4, PART_MAX = 400 };

static struct krb_peer_request request;

static void
set_wishes(struct krb_pair *p, uint8_t wishes)
{
    p->client_args.wanted = (wishes & MUTUAL ? SEC_MUTUAL_AUTH : 0u) |
                            (wishes & DCE ? SEC_DCE_STYLE : 0u) |
                            (wishes & USER_TO_USER ? SEC_USE_SESSION_KEY : 0u) |
                            (wishes & DELEGATE ? SEC_DELEGATE : 0u) |
                            (wishes & CONFIDENTIALITY ? SEC_CONFIDENTIALITY : 0u);
    p->client_args.target =
        wishes & USER_TO_USER ? UTF16("bob@EXAMPLE.TEST") : UTF16("HTTP/web.example.test");
    p->client_args.bindings = (struct sec_bindings){ true, { 1, 2, 3 } };
    p->client_tickets.cached_kvno = wishes & OLD_KEY ? 2 : 0;
}

static void
put_framed(struct wire_writer *w, bool bare, uint16_t id, struct bytes body)
{
    if (!bare) {
        gss_krb_token_put(w, gss_krb5_oid, id, body.n);
    }
    wire_put_bytes(w, body);
}

/* Any EncAPRepPart, well encrypted. */
static void
put_ap_rep(struct wire_writer *w, bool bare, const struct krb_key *key, struct bytes part)
{
    static const uint8_t confounder[KRB_CONFOUNDER_MAX_BYTES];
    struct wire_writer body = wire_writer_growing(NULL, 0);
    uint8_t cipher[PART_MAX + KRB_OVERHEAD_MAX_BYTES];
    union krb_cipher_room room;
    struct krb_ap_rep m = { .enc = { .enctype = key->enctype } };

    part.n = part.n < PART_MAX ? part.n : PART_MAX;
    m.enc.cipher =
        bytes_of(cipher, krb_encrypt(krb_cipher_init(&room, key, KRB_USAGE_AP_REP, KRB_ENCRYPT),
                                     confounder, part, cipher));
    krb_ap_rep_encode(&body, &m);
    put_framed(w, bare, GSS_KRB_AP_REP, wire_written(&body));
    wire_writer_clear(&body);
}

/* Bob's TGT is always the same. */
static void
put_tgt(struct krb_pair *p, struct wire_writer *w, struct ticket *tgt)
{
    const struct ticket_holder_args own = { 0 };
    struct ticket_holder *bob;

    fuzz_must(ticket_holder_new(&p->server_tickets, &own, &bob) == SEC_E_OK);
    ticket_clear(tgt);
    fuzz_must(ticket_get_tgt(bob, tgt) == SEC_E_OK);
    ticket_holder_free(bob);
    krb_peer_put_tgt_rep(w, tgt->der);
}

/* One answer. false: no more. */
static bool
answer(struct krb_pair *p, struct wire_reader *r, struct ticket *tgt, struct wire_writer *w)
{
    enum kind kind = (enum kind)(wire_u8(r) % KINDS);
    size_t n = wire_le16(r);
    struct bytes in = wire_take(r, n < wire_left(r) ? n : wire_left(r));
    bool bare = p->client_args.wanted & SEC_DCE_STYLE;

    if (wire_status(r) != WIRE_OK) {
        return false;
    }
    switch (kind) {
    case TOKEN: wire_put_bytes(w, in); return true;
    case ERROR_BODY: put_framed(w, bare, GSS_KRB_ERROR, in); return true;
    case TGT_REP: put_tgt(p, w, tgt); return true;
    default: break;
    }
    if (request.session.n == 0) {
        return false;
    }
    put_ap_rep(w, bare, &request.session, in);
    return true;
}

/* What an initiator says can be read by the service, and by nobody takes what it is not. */
static void
check(struct krb_pair *p, sec_status status, const struct wire_writer *out,
      const struct ticket *tgt)
{
    struct sec_facts facts = sec_pair_facts(p->client);
    struct gss_krb_token token;

    if (sec_failed(status)) {
        fuzz_must(out->len == 0 && facts.phase == SEC_PHASE_FAILED && facts.session_key.n == 0);
        fuzz_must(p->client_args.granted == 0);
        return;
    }
    fuzz_must((status == SEC_E_OK) == (facts.phase == SEC_PHASE_ESTABLISHED));
    if (status == SEC_E_OK) {
        fuzz_must(facts.session_key.n != 0);
        fuzz_must(!(p->client_args.wanted & SEC_MUTUAL_AUTH) || facts.flags & SEC_MUTUAL_AUTH);
    }
    if (out->len) {
        fuzz_must(gss_krb_token_decode(&token, wire_written(out)) == WIRE_OK);
        if (token.id == GSS_KRB_AP_REQ) {
            fuzz_must(krb_peer_open(&request, wire_written(out), tgt->key.n ? &tgt->key : NULL));
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct wire_reader r = wire_reader_of(bytes_of(data, n));
    struct wire_writer token = wire_writer_growing(NULL, 0);
    uint8_t wishes = wire_u8(&r);
    struct ticket tgt = { 0 };
    struct krb_pair p;
    sec_status status = SEC_I_CONTINUE_NEEDED;

    request = (struct krb_peer_request){ 0 };
    krb_pair_init(&p);
    set_wishes(&p, wishes);
    fuzz_must(krb_pair_open(&p));
    for (unsigned i = 0; i <= ANSWERS_MAX && status == SEC_I_CONTINUE_NEEDED; i++) {
        struct wire_writer out = wire_writer_growing(NULL, 0);

        if (i && !answer(&p, &r, &tgt, &token)) {
            break;
        }
        status = sec_pair_step(p.client, &p.client_args, wire_written(&token), &out);
        check(&p, status, &out, &tgt);
        wire_writer_clear(&token);
        token = wire_writer_growing(NULL, 0);
        wire_writer_clear(&out);
    }
    wire_writer_clear(&token);
    ticket_clear(&tgt);
    krb_pair_clear(&p);
    fuzz_must(krb_pair_is_clean(&p));
    return 0;
}
