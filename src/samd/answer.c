/* SPDX-License-Identifier: Apache-2.0 */
/* The accounts' doors, asked by message. */
#include "samd/answer.h"

#include <stdio.h>

#include "account/store_kind.h"
#include "base/clock.h"
#include "base/mem.h"

enum { LIST_MOST = 64, REASON_BYTES = 512 };

/* Nothing of a message that did not fit stays: the frames before it do. */
static bool
put(struct wire_writer *out, const struct authority_msg *m)
{
    size_t mark = out->len;

    if (authority_msg_encode(out, m) == WIRE_OK) {
        return true;
    }
    if (wire_writer_status(out) == WIRE_OK) {
        secret_wipe(out->p + mark, out->len - mark);
        out->len = mark;
    }
    return false;
}

void
answer_refusal(uint64_t id, sec_status status, const char *reason, struct wire_writer *out)
{
    struct authority_msg m = { .type = AUTHORITY_MSG_REFUSED,
                               .id = id,
                               .status = (uint32_t)status,
                               .refused_sid = "",
                               .reason = reason };

    (void)put(out, &m);
}

void
answer_welcome(uint64_t id, struct wire_writer *out)
{
    struct authority_msg m = { .type = AUTHORITY_MSG_WELCOME,
                               .id = id,
                               .version = AUTHORITY_MSG_VERSION };

    (void)put(out, &m);
}

/* --- proofs -------------------------------------------------------------------------------- */

static void
put_refused(uint64_t id, sec_status status, const struct account_proof *reasons, bool with_reason,
            struct wire_writer *out)
{
    struct authority_msg m = { .type = AUTHORITY_MSG_REFUSED,
                               .id = id,
                               .status = (uint32_t)status,
                               .proof = *reasons,
                               .refused_sid = reasons->sid,
                               .reason = with_reason ? sec_reason() : "" };

    (void)put(out, &m);
}

static void
put_proven(uint64_t id, const struct account_proof *proof, const char *assertion,
           struct wire_writer *out)
{
    const struct account_identity *who = proof->identity;
    struct authority_msg m = {
        .type = AUTHORITY_MSG_PROVEN,
        .id = id,
        .proof = *proof,
        .identity = *who,
        .groups = { .items = who->groups, .n = who->n_groups },
        .group_sids = { .items = who->group_sids, .n = who->n_groups },
        .group_attributes = { .items = who->group_attributes,
                              .n = who->group_attributes ? who->n_groups : 0 },
    };

    m.identity.assertion = assertion;
    if (!put(out, &m)) {
        answer_refusal(id, SEC_E_NO_AUTHENTICATING_AUTHORITY,
                       "accounts: who that is does not fit in an answer: too many groups", out);
    }
    authority_msg_wipe(&m);
}

/* Before the proof: it is none then, and nobody has a wrong password forgotten by showing it. */
static sec_status
refuse_challenge(enum challenge_verdict v, struct account_proof *proof)
{
    *proof = (struct account_proof){ 0 };
    if (v == CHALLENGE_BROKEN) {
        return SEC_E_NO_AUTHENTICATING_AUTHORITY;
    }
    proof->sub_status = v == CHALLENGE_AGAIN ? ACCOUNT_CHALLENGE_USED : ACCOUNT_NOT_OF_NOW;
    return SEC_E_LOGON_DENIED;
}

enum challenge_verdict
answer_proof(const struct answer_proofs *with, uid_t asker, const struct authority_msg *request,
             struct wire_writer *out)
{
    char assertion[ASSERTION_TEXT_BYTES];
    struct account_claim claim = request->claim;
    struct account_proof proof;
    enum challenge_verdict challenge;
    sec_status status;

    sec_reason_clear();
    claim.kind = (enum account_proof_kind)request->kind;
    claim.now_100ns = clock_now_100ns();
    challenge = challenge_take(with->challenges, &claim);
    status = challenge == CHALLENGE_FIRST ? account_prove(with->accounts, &claim, &proof)
                                          : refuse_challenge(challenge, &proof);
    if (status == SEC_E_OK) {
        bool issued = assertion_issue(with->assertions, proof.identity, asker, clock_monotonic_ms(),
                                      assertion);

        put_proven(request->id, &proof, issued ? assertion : NULL, out);
        secret_wipe(assertion, sizeof(assertion));
    } else {
        put_refused(request->id, status, &proof, status == SEC_E_NO_AUTHENTICATING_AUTHORITY, out);
    }
    account_proof_clear(&proof);
    return challenge;
}

void
answer_assertion(struct assertions *assertions, const struct authority_msg *request,
                 struct wire_writer *out)
{
    struct account_identity *who =
        assertion_redeem(assertions, request->assertion, request->asker, clock_monotonic_ms());
    struct authority_msg m = { .type = AUTHORITY_MSG_VOUCHED, .id = request->id };

    if (who) {
        m.identity = *who;
        (void)put(out, &m);
    } else {
        answer_refusal(request->id, SEC_E_LOGON_DENIED,
                       "accounts: no such assertion was given, or not just now, or to another",
                       out);
    }
    account_identity_unref(who);
}

sec_status
answer_new_password(struct account_authority *accounts, const struct authority_msg *request,
                    struct account_proof *reasons, struct wire_writer *out)
{
    const struct account_new_password wanted = { .user = request->claim.user,
                                                 .domain = request->claim.domain,
                                                 .old_password = request->claim.password,
                                                 .password = request->new_password,
                                                 .now_100ns = clock_now_100ns() };
    sec_status status;

    sec_reason_clear();
    status = account_change_password(accounts, &wanted, reasons);
    if (status == SEC_E_OK) {
        (void)put(out, &(struct authority_msg){ .type = AUTHORITY_MSG_DONE, .id = request->id });
    } else {
        put_refused(request->id, status, reasons, true, out);
    }
    return status;
}

/* --- names and SIDs ------------------------------------------------------------------------ */

void
answer_look_up(struct account_authority *accounts, const struct authority_msg *request,
               struct wire_writer *out)
{
    struct account_entry entry;
    sec_status status;

    sec_reason_clear();
    status = account_look_up(accounts, request->claim.user, request->entry_sid, &entry);
    if (status == SEC_E_OK) {
        (void)put(out, &(struct authority_msg){ .type = AUTHORITY_MSG_FOUND,
                                                .id = request->id,
                                                .entry_sid = entry.sid,
                                                .entry_name = entry.name,
                                                .entry_is_group = entry.is_group });
    } else {
        answer_refusal(request->id, status, sec_reason(), out);
    }
}

/* --- administrators ------------------------------------------------------------------------ */

struct viewing {
    uint64_t id;
    struct wire_writer *out;
    bool too_long;
};

static void
put_view(void *user, const struct account_view *view)
{
    struct viewing *v = user;
    struct authority_msg m = {
        .type = AUTHORITY_MSG_VIEW,
        .id = v->id,
        .view = *view,
        .groups = { .items = view->groups, .n = view->n_groups },
        .group_sids = { .items = view->group_sids, .n = view->n_groups },
        .keys = { .items = view->keys, .n = view->n_keys },
    };

    v->too_long = !put(v->out, &m) || v->too_long;
}

/* A list of a request, as pointers into it; *out is owned by the caller: mem_free. */
static bool
take_texts(const struct message_strings *texts, const char ***out)
{
    *out = mem_new_array(texts->n, sizeof(**out));
    if (*out) {
        message_strings_fill(texts, *out);
    }
    return *out != NULL;
}

static sec_status
add(struct account_admin *admin, const struct authority_msg *m)
{
    const char **groups;
    sec_status status = SEC_E_INSUFFICIENT_MEMORY;

    if (take_texts(&m->join, &groups)) {
        status =
            account_admin_add(admin, &(struct account_new){
                                         .name = m->admin.name,
                                         .password = m->admin.password,
                                         .groups = groups,
                                         .n_groups = m->join.n,
                                         .unix_user = m->admin.unix_user,
                                         .expires_100ns = m->admin.expires_100ns,
                                         .password_expires_100ns = m->admin.password_expires_100ns,
                                         .may_dial_in = m->admin.may_dial_in,
                                         .keeps_clear_text = m->admin.keeps_clear_text,
                                     });
    }
    mem_free(groups);
    return status;
}

static sec_status
change(struct account_admin *admin, const struct authority_msg *m)
{
    uint8_t changes = m->admin.changes;
    const char **join = NULL, **leave = NULL;
    sec_status status = SEC_E_INSUFFICIENT_MEMORY;

    if (take_texts(&m->join, &join) && take_texts(&m->leave, &leave)) {
        status = account_admin_change(
            admin, m->admin.name,
            &(struct account_change){
                .disabled = changes & AUTHORITY_CHANGES_DISABLED ? &m->admin.disabled : NULL,
                .may_dial_in = changes & AUTHORITY_CHANGES_DIAL_IN ? &m->admin.may_dial_in : NULL,
                .expires_100ns =
                    changes & AUTHORITY_CHANGES_EXPIRES ? &m->admin.expires_100ns : NULL,
                .password_expires_100ns = changes & AUTHORITY_CHANGES_PASSWORD_EXPIRES
                                              ? &m->admin.password_expires_100ns
                                              : NULL,
                .unix_user = m->admin.unix_user,
                .join = join,
                .n_join = m->join.n,
                .leave = leave,
                .n_leave = m->leave.n,
            });
    }
    mem_free(join);
    mem_free(leave);
    return status;
}

static sec_status
enroll_code(struct account_admin *admin, const struct authority_msg *m)
{
    struct one_time_code code = m->admin.code;
    sec_status status;

    if (m->admin.code_secret.n > sizeof(code.secret)) {
        return sec_fail(SEC_E_INVALID_PARAMETER,
                        "accounts: one-time code: its secret has not %d to"
                        " %d bytes",
                        ONE_TIME_CODE_SECRET_MIN, ONE_TIME_CODE_SECRET_MAX);
    }
    code.n = m->admin.code_secret.n;
    bytes_copy(code.secret, m->admin.code_secret.p, code.n);
    status = account_admin_enroll_code(admin, m->admin.name, &code);
    secret_wipe(&code, sizeof(code));
    return status;
}

static sec_status
run(struct account_admin *admin, const struct authority_msg *m, struct viewing *v)
{
    unsigned n_max = m->admin.n_max < LIST_MOST ? m->admin.n_max : LIST_MOST;

    switch (m->type) {
    case AUTHORITY_MSG_ADD: return add(admin, m);
    case AUTHORITY_MSG_SET_PASSWORD:
        return account_admin_set_password(admin, m->admin.name, m->admin.password,
                                          m->admin.keeps_clear_text);
    case AUTHORITY_MSG_REMOVE: return account_admin_remove(admin, m->admin.name);
    case AUTHORITY_MSG_UNLOCK: return account_admin_unlock(admin, m->admin.name);
    case AUTHORITY_MSG_CHANGE: return change(admin, m);
    case AUTHORITY_MSG_ENROLL_CODE: return enroll_code(admin, m);
    case AUTHORITY_MSG_REMOVE_CODE: return account_admin_remove_code(admin, m->admin.name);
    case AUTHORITY_MSG_LIST: return admin->ops->list(admin, m->admin.after_rid, n_max, put_view, v);
    default: return account_admin_show(admin, m->admin.name, put_view, v);
    }
}

sec_status
answer_administrator(struct account_admin *admin, const struct authority_msg *request,
                     struct wire_writer *out)
{
    struct viewing v = { .id = request->id, .out = out };
    sec_status status;

    sec_reason_clear();
    status = run(admin, request, &v);
    if (status == SEC_E_OK && v.too_long) {
        status =
            sec_fail(SEC_E_INSUFFICIENT_MEMORY, "accounts: an account does not fit in an answer");
    }
    if (status == SEC_E_OK) {
        (void)put(out, &(struct authority_msg){ .type = AUTHORITY_MSG_DONE, .id = request->id });
    } else {
        answer_refusal(request->id, status, sec_reason(), out);
    }
    return status;
}
