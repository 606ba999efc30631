/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between samd and those who ask it: docs/INTERFACES.md. */
#include "account/authority_msg.h"

#include "base/secret.h"

#define NUMBER(form, member) MESSAGE_NUMBER(struct authority_msg, form, member)
#define BLOB(member) \
    MESSAGE_FIELD(struct authority_msg, BYTES, member, .max = AUTHORITY_MSG_BLOB_MAX)
#define TEXT(form, member) \
    MESSAGE_FIELD(struct authority_msg, form, member, .max = AUTHORITY_MSG_TEXT_MAX)
#define IN_PLACE(member) MESSAGE_IN_PLACE(struct authority_msg, member)

static const struct message_field *const types[] = {
    [AUTHORITY_MSG_HELLO] = MESSAGE_FIELDS(NUMBER(U32, version)),
    [AUTHORITY_MSG_PROVE] =
        MESSAGE_FIELDS(NUMBER(U8, kind), NUMBER(U8, claim.chap_id), NUMBER(FLAG, claim.dial_in),
                       IN_PLACE(claim.server_challenge), BLOB(claim.user), BLOB(claim.domain),
                       BLOB(claim.nt_response), BLOB(claim.lm_response), BLOB(claim.password),
                       BLOB(claim.challenge), BLOB(claim.peer_challenge), BLOB(claim.peer_name),
                       BLOB(claim.chap_response)),
    [AUTHORITY_MSG_ADD] = MESSAGE_FIELDS(
        TEXT(STRING, admin.name), BLOB(admin.password), TEXT(STRING_OR_NULL, admin.unix_user),
        NUMBER(U64, admin.expires_100ns), NUMBER(U64, admin.password_expires_100ns),
        NUMBER(FLAG, admin.may_dial_in), NUMBER(FLAG, admin.keeps_clear_text), TEXT(STRINGS, join)),
    [AUTHORITY_MSG_SET_PASSWORD] = MESSAGE_FIELDS(TEXT(STRING, admin.name), BLOB(admin.password),
                                                  NUMBER(FLAG, admin.keeps_clear_text)),
    [AUTHORITY_MSG_REMOVE] = MESSAGE_FIELDS(TEXT(STRING, admin.name)),
    [AUTHORITY_MSG_UNLOCK] = MESSAGE_FIELDS(TEXT(STRING, admin.name)),
    [AUTHORITY_MSG_CHANGE] = MESSAGE_FIELDS(
        TEXT(STRING, admin.name), NUMBER(U8, admin.changes), NUMBER(FLAG, admin.disabled),
        NUMBER(FLAG, admin.may_dial_in), NUMBER(U64, admin.expires_100ns),
        NUMBER(U64, admin.password_expires_100ns), TEXT(STRING_OR_NULL, admin.unix_user),
        TEXT(STRINGS, join), TEXT(STRINGS, leave)),
    [AUTHORITY_MSG_LIST] = MESSAGE_FIELDS(NUMBER(U32, admin.after_rid), NUMBER(U32, admin.n_max)),
    [AUTHORITY_MSG_SHOW] = MESSAGE_FIELDS(TEXT(STRING, admin.name)),
    [AUTHORITY_MSG_ENROLL_CODE] = MESSAGE_FIELDS(
        TEXT(STRING, admin.name), NUMBER(U32, admin.code.type), NUMBER(U32, admin.code.algorithm),
        NUMBER(U32, admin.code.digits), NUMBER(U32, admin.code.period_s),
        NUMBER(U64, admin.code.next), BLOB(admin.code_secret)),
    [AUTHORITY_MSG_REMOVE_CODE] = MESSAGE_FIELDS(TEXT(STRING, admin.name)),
    [AUTHORITY_MSG_CHANGE_PASSWORD] = MESSAGE_FIELDS(BLOB(claim.user), BLOB(claim.domain),
                                                     BLOB(claim.password), BLOB(new_password)),
    [AUTHORITY_MSG_LOOK_UP] = MESSAGE_FIELDS(BLOB(claim.user), TEXT(STRING_OR_NULL, entry_sid)),
    [AUTHORITY_MSG_REDEEM] = MESSAGE_FIELDS(TEXT(STRING, assertion), NUMBER(U32, asker)),
    [AUTHORITY_MSG_WELCOME] = MESSAGE_FIELDS(NUMBER(U32, version)),
    [AUTHORITY_MSG_PROVEN] = MESSAGE_FIELDS(
        IN_PLACE(proof.session_base_key), IN_PLACE(proof.lm_session_key),
        NUMBER(FLAG, proof.has_lm_session_key), IN_PLACE(proof.mppe_send),
        IN_PLACE(proof.mppe_receive), IN_PLACE(proof.authenticator), BLOB(identity.user),
        BLOB(identity.domain), TEXT(STRING, identity.sid), TEXT(STRING_OR_NULL, identity.unix_user),
        NUMBER(U64, identity.password_expires_100ns), NUMBER(FLAG, identity.may_dial_in),
        TEXT(STRINGS, groups), TEXT(STRINGS, group_sids), NUMBER(NUMBERS, group_attributes),
        TEXT(STRING_OR_NULL, identity.assertion)),
    [AUTHORITY_MSG_VOUCHED] =
        MESSAGE_FIELDS(BLOB(identity.user), BLOB(identity.domain), TEXT(STRING, identity.sid),
                       TEXT(STRING_OR_NULL, identity.unix_user)),
    [AUTHORITY_MSG_REFUSED] = MESSAGE_FIELDS(
        NUMBER(U32, status), NUMBER(U32, proof.sub_status), NUMBER(FLAG, proof.locked_out_now),
        NUMBER(FLAG, proof.no_clear_text), NUMBER(FLAG, proof.no_code),
        NUMBER(FLAG, proof.used_code), TEXT(STRING, refused_sid), TEXT(STRING, reason)),
    [AUTHORITY_MSG_DONE] = MESSAGE_NO_FIELDS,
    [AUTHORITY_MSG_VIEW] = MESSAGE_FIELDS(
        TEXT(STRING, view.name), TEXT(STRING, view.sid), TEXT(STRING_OR_NULL, view.unix_user),
        NUMBER(U32, view.rid), NUMBER(FLAG, view.disabled), NUMBER(FLAG, view.locked),
        NUMBER(FLAG, view.may_dial_in), NUMBER(U64, view.expires_100ns),
        NUMBER(U64, view.password_expires_100ns), NUMBER(U64, view.password_set_100ns),
        NUMBER(U64, view.created_100ns), NUMBER(U64, view.changed_100ns),
        NUMBER(U32, view.failures), NUMBER(U64, view.last_failure_100ns),
        NUMBER(U64, view.locked_until_100ns), TEXT(STRINGS, groups), TEXT(STRINGS, group_sids),
        TEXT(STRINGS, keys), NUMBER(U32, view.key_version), TEXT(STRING, view.key_salt),
        TEXT(STRING_OR_NULL, view.one_time_code)),
    [AUTHORITY_MSG_FOUND] = MESSAGE_FIELDS(TEXT(STRING, entry_sid), TEXT(STRING, entry_name),
                                           NUMBER(FLAG, entry_is_group)),
};

const struct message_format authority_msg_format = MESSAGE_FORMAT(
    struct authority_msg, types, MESSAGE_FIELDS(NUMBER(U64, id)), AUTHORITY_MSG_BYTES_MAX);

/* What holds between fields; NULL: nothing is wrong. */
static const char *
mismatch(const struct authority_msg *m)
{
    if (m->identity.user.n % 2 || m->identity.domain.n % 2) {
        return "identity's names";
    }
    if (m->groups.n != m->group_sids.n) {
        return "group_sids";
    }
    return m->group_attributes.n && m->group_attributes.n != m->groups.n ? "group_attributes"
                                                                         : NULL;
}

enum wire_err
authority_msg_decode(struct authority_msg *out, struct bytes in)
{
    enum wire_err err = message_decode(&authority_msg_format, out, in);
    const char *fault = err == WIRE_OK ? mismatch(out) : NULL;

    return fault ? message_refuse(&authority_msg_format, out, WIRE_BAD_VALUE, fault, (uint32_t)in.n)
                 : err;
}

enum wire_err
authority_msg_encode(struct wire_writer *w, const struct authority_msg *m)
{
    return message_encode(&authority_msg_format, w, m);
}

void
authority_msg_wipe(struct authority_msg *m)
{
    secret_wipe(m, sizeof(*m));
}
