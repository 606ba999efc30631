/* SPDX-License-Identifier: Apache-2.0 */
/* How an acceptor refuses: what the operator is told, what is kept, and what the peer gets to
 * see. RFC 4120 5.9.1; [MS-KILE] 3.4.5. */
#include <stdio.h>

#include "base/text.h"
#include "base/utf16.h"
#include "kerberos/accept.h"

/* [MS-ERREF] 2.3.1, for the event log. */
#define STATUS_LOGON_FAILURE         UINT32_C(0xC000006D)
#define STATUS_TIME_DIFFERENCE_AT_DC UINT32_C(0xC0000133)

enum {
    NAME_ROOM = 512,
    ERROR_ROOM = 1024,
    CLAIM_MAX_BYTES = 2048, /* of a refused client's name: nobody's is longer */
};

sec_status
krb_accept_refuse(struct krb_accept *a, enum krb_error_code code, sec_status status)
{
    if (!a->c->sub_status && status == SEC_E_TIME_SKEW) {
        a->c->sub_status = STATUS_TIME_DIFFERENCE_AT_DC;
    } else if (!a->c->sub_status && status == SEC_E_LOGON_DENIED) {
        a->c->sub_status = STATUS_LOGON_FAILURE;
    }
    a->c->error_code = (int32_t)code;
    return status;
}

/* --- texts --------------------------------------------------------------------------------- */

static struct krb_accept_text
text_of(struct bytes text)
{
    static const char more[] = "…";
    struct krb_accept_text out = { "" };
    struct bytes cut = text_cut(text, sizeof(out.s) - sizeof(more));

    bytes_copy(out.s, cut.p, cut.n);
    if (cut.n < text.n) {
        bytes_copy(out.s + cut.n, more, sizeof(more));
    }
    return out;
}

static struct krb_accept_text
name_text(const struct krb_name *name, struct bytes realm)
{
    uint8_t room[NAME_ROOM];
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));

    krb_name_put(&w, name, realm);
    return text_of(wire_written(&w));
}

struct krb_accept_text
krb_accept_client(const struct krb_accept *a)
{
    return a->opened ? name_text(&a->ticket.cname, a->ticket.crealm)
                     : (struct krb_accept_text){ "?" };
}

struct krb_accept_text
krb_accept_service(const struct krb_accept *a)
{
    return name_text(&a->req.ticket.sname, a->req.ticket.realm);
}

struct krb_accept_text
krb_accept_enctype(int32_t enctype)
{
    const struct krb_profile *profile = krb_profile_of(enctype);
    struct krb_accept_text out;

    if (profile) {
        return text_of(bytes_of_string(profile->name));
    }
    (void)snprintf(out.s, sizeof(out.s), "of type %d", enctype);
    return out;
}

/* --- names --------------------------------------------------------------------------------- */

static void
put_utf16(struct wire_writer *w, const struct krb_name *name, struct bytes realm)
{
    uint8_t room[NAME_ROOM];
    SEC_AUTO(wire_writer) utf8 = wire_writer_growing(room, sizeof(room));

    krb_name_put(&utf8, name, realm);
    if (wire_writer_status(&utf8) != WIRE_OK) {
        w->err = wire_writer_status(&utf8);
    }
    utf16_put_utf8(w, wire_written(&utf8));
}

enum piece { SERVICE, SERVICE_NAME, CLIENT, USER, REALM, PIECES };

static void
put_piece(const struct krb_accept *a, enum piece piece, struct wire_writer *w)
{
    const struct krb_ticket *clear = &a->req.ticket;
    const struct bytes none = { 0 };

    switch (piece) {
    case SERVICE: put_utf16(w, &clear->sname, clear->realm); break;
    case SERVICE_NAME: put_utf16(w, &clear->sname, none); break;
    case CLIENT: put_utf16(w, &a->ticket.cname, a->ticket.crealm); break;
    case USER: put_utf16(w, &a->ticket.cname, none); break;
    default: utf16_put_utf8(w, a->ticket.crealm); break;
    }
}

/* One after the other into the room, to be cut out of it when it moves no more. */
static enum wire_err
read_pieces(struct krb_accept *a, enum piece n)
{
    struct bytes *const to[PIECES] = { &a->names[KRB_SERVICE], &a->service_name,
                                       &a->names[KRB_CLIENT], &a->names[KRB_USER],
                                       &a->names[KRB_DOMAIN] };
    struct wire_writer *w = a->names_room;
    size_t end[PIECES], at = 0;

    w->len = 0;
    for (unsigned i = 0; i < n; i++) {
        put_piece(a, (enum piece)i, w);
        end[i] = w->len;
    }
    if (wire_writer_status(w) != WIRE_OK) {
        return wire_writer_status(w);
    }
    for (unsigned i = 0; i < n; i++) {
        *to[i] = bytes_of(w->p + at, end[i] - at);
        at = end[i];
    }
    a->names[KRB_TARGET] = a->client_target.n ? a->client_target : a->service_name;
    a->c->target_sent = true;
    return WIRE_OK;
}

enum wire_err
krb_accept_read_names(struct krb_accept *a)
{
    return read_pieces(a, USER);
}

/* As far as they go: a refusal must not fail for a name. Its user and domain are the ticket's. */
static void
keep_claims(struct krb_accept *a)
{
    if (read_pieces(a, a->opened ? PIECES : CLIENT) != WIRE_OK) {
        return;
    }
    for (size_t i = 0; i < KRB_NAMES; i++) {
        if (a->names[i].n > CLAIM_MAX_BYTES) {
            a->names[i] = bytes_of(NULL, 0);
        }
    }
    (void)krb_context_keep_names(a->c, a->names);
}

/* --- the error token ----------------------------------------------------------------------- */

/* The client's time is repeated to who has proven to have written it. Nothing tells more than the
 * code does; nor is there KERB-ERROR-DATA of [MS-KILE] 2.2.2, which asks the client for another
 * AP-REQ: this context is over, and would not hear it. */
static void
put_error(const struct krb_accept *a, struct wire_writer *out)
{
    uint8_t room[ERROR_ROOM];
    SEC_AUTO(wire_writer) body = wire_writer_growing(room, sizeof(room));
    const struct krb_error m = {
        .ctime_100ns = a->proven ? a->authenticator.ctime_100ns : 0,
        .stime_100ns = a->now_100ns,
        .code = a->c->error_code,
        .realm = a->req.ticket.realm,
        .sname = a->req.ticket.sname,
    };

    krb_error_encode(&body, &m);
    if (wire_writer_status(&body) == WIRE_OK) {
        krb_context_put_token(a->c, GSS_KRB_ERROR, a->bare, wire_written(&body), out);
    }
}

void
krb_accept_end_refused(struct krb_accept *a, struct wire_writer *out)
{
    struct krb_context *c = a->c;
    size_t start = out->len;

    keep_claims(a);
    if (!(a->args->wanted & SEC_EXTENDED_ERROR) && !(a->checksum.flags & GSS_KRB_EXTENDED_ERROR)) {
        return;
    }
    if (c->error_code == KRB_ERR_NONE) {
        c->error_code = KRB_ERR_GENERIC;
    }
    put_error(a, out);
    if (wire_writer_status(out) != WIRE_OK) {
        out->len = start;
    }
}
