/* SPDX-License-Identifier: Apache-2.0 */
/* One AP-REQ on its way through an acceptor's checks: what the files accept*.c share. */
#ifndef KERBEROS_ACCEPT_H
#define KERBEROS_ACCEPT_H

#include "kerberos/context.h"

/* On the stack of the leg. Views point into the token and into the rooms, which are secrets. */
struct krb_accept {
    struct krb_context *c;
    struct sec_step_args *args;
    uint64_t now_100ns;
    bool bare; /* the AP-REQ came without a frame */

    struct krb_ap_req req;
    struct ticket_keys keys;
    const struct ticket_key *key; /* that opened the ticket; NULL: none yet, or user-to-user */

    bool opened; /* the ticket: what the KDC has said of the client is known */
    struct krb_enc_ticket ticket;
    struct wire_writer *ticket_room;

    bool proven; /* the authenticator: the client has the session key */
    struct krb_authenticator authenticator;
    struct wire_writer *authenticator_room;

    struct gss_krb_checksum checksum;
    uint32_t ap_options;        /* AD-AUTH-DATA-AP-OPTIONS */
    struct bytes client_target; /* KERB_AUTH_DATA_CLIENT_TARGET without its realm; n 0: none */

    struct wire_writer *names_room;
    struct bytes names[KRB_NAMES]; /* UTF-16LE; of a refusal, claims */
    struct bytes service_name;     /* "HTTP/web.example.test", UTF-16LE */
};

static inline const struct sec_kerberos_settings *
krb_accept_settings(const struct krb_accept *a)
{
    return &krb_host(a->c)->settings->kerberos;
}

/* --- accept_ticket.c: RFC 4120 3.2.3, in this order ---------------------------------------- */

sec_status krb_accept_open_ticket(struct krb_accept *);
sec_status krb_accept_check_ticket(struct krb_accept *);
sec_status krb_accept_open_authenticator(struct krb_accept *);
sec_status krb_accept_check_client(struct krb_accept *);
sec_status krb_accept_check_clock(struct krb_accept *);
sec_status krb_accept_check_replay(struct krb_accept *);
/* At the beginning: that the replay cache will be asked. */
void krb_accept_expect_replay_check(const struct krb_accept *);

/* --- accept_policy.c: what this service makes of a proven client ---------------------------- */

/* RFC 4121 4.1.1; [MS-KILE] 3.2.5.8. */
sec_status krb_accept_read_checksum(struct krb_accept *);
sec_status krb_accept_read_authorization(struct krb_accept *);
sec_status krb_accept_check_bindings(struct krb_accept *);
sec_status krb_accept_check_target(struct krb_accept *);

/* --- accept_error.c: refusals --------------------------------------------------------------- */

/* Notes the error code that goes with a refusal, for facts, events and the peer; gives status. */
sec_status krb_accept_refuse(struct krb_accept *, enum krb_error_code, sec_status status);
/* The end of a refusal: what was read is kept as claims, and where the caller or the client asked
 * for it a KRB-ERROR is appended. */
void krb_accept_end_refused(struct krb_accept *, struct wire_writer *out);

/* Names and encryption types for reasons, cut short. */
struct krb_accept_text {
    char s[64];
};
struct krb_accept_text krb_accept_client(const struct krb_accept *);
struct krb_accept_text krb_accept_service(const struct krb_accept *);
struct krb_accept_text krb_accept_enctype(int32_t enctype);

/* Fills service_name and, of names, KRB_SERVICE, KRB_CLIENT and KRB_TARGET. WIRE_BAD_VALUE: one is
 * not UTF-8. */
SEC_NODISCARD enum wire_err krb_accept_read_names(struct krb_accept *);

#endif
