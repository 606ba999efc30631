/* SPDX-License-Identifier: Apache-2.0 */
/* A ticket that was opened, and PACs to put into it, for the tests of krb_authorize. */
#ifndef TESTS_UNIT_KERBEROS_AUTHORIZE_SCENE_H
#define TESTS_UNIT_KERBEROS_AUTHORIZE_SCENE_H

#include "codec/pac.h"
#include "kerberos/context.h"
#include "tests/support/fake_host.h"

#define SCENE_LOGON_FAILURE   0xC000006D /* STATUS_LOGON_FAILURE */
#define SCENE_PAC_NEVER_100NS UINT64_C(0x7FFFFFFFFFFFFFFF)

/* A context, and a ticket that was opened. */
struct scene {
    struct fake_host host;
    struct krb_credential cred;
    struct krb_context c;
    struct krb_checksum_key pac_key;
    struct ticket_key key;
    struct krb_enc_ticket ticket;
    struct krb_ticket clear;
    struct krb_proven proven;
    struct wire_writer ad, room;
    struct bytes names[KRB_NAMES];
};

/* alice@EXAMPLE.TEST, without a PAC; the key that Samba's PACs are signed with. */
void scene_init(struct scene *s);
void scene_clear(struct scene *s);
void scene_set_key(struct scene *s, int32_t enctype, struct bytes key);
/* The PAC as KDCs put it into a ticket: in AD-IF-RELEVANT. */
void scene_set_pac(struct scene *s, struct bytes pac);

sec_status scene_authorize(struct scene *s);
/* Refused, for the reason that is named, and nothing has been believed. */
void scene_denied(struct scene *s, const char *why);
void scene_accepted(struct scene *s);
/* Forgets whom it accepted. */
void scene_again(struct scene *s);
void scene_assert_group(const struct scene *s, size_t i, const char *sid, const char *name,
                        uint32_t attributes);
/* Nothing but the ticket's own names. */
void scene_assert_plain(const struct scene *s, struct bytes user, struct bytes domain);

/* What a KDC would write. */
struct draft {
    struct pac_logon_info logon;
    struct pac_group extra[4];
    size_t n_extra;
    struct pac_client_info client;
    bool without_logon, without_client, without_server, without_kdc;
    struct bytes requestor, upn;
    struct bytes server; /* type and blank value; n 0: as the key has it */
};

/* alice of EXAMPLE, RID 1105, in Domain Users. */
void draft_init(struct draft *d);
/* Signs with the scene's key and puts it into the ticket. */
void scene_issue(struct scene *s, const struct draft *d);
struct sid scene_sid(const char *text);

#endif
