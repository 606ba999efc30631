/* SPDX-License-Identifier: Apache-2.0 */
/* The door to the account authority, whatever stands behind it. */
#include "account/account.h"

#include "account/store_kind.h"
#include "base/secret.h"

sec_status
account_authority_open(const struct account_options *options, struct account_authority **out)
{
    const struct store_kind *kind;
    const char *where;
    sec_status status = store_kind_of(options->store, &kind, &where);

    return status == SEC_E_OK ? kind->open_authority(options, where, out) : status;
}

struct account_authority *
account_authority_ref(struct account_authority *a)
{
    (void)__atomic_add_fetch(&a->more_references, 1, __ATOMIC_RELAXED);
    return a;
}

void
account_authority_close(struct account_authority *a)
{
    if (a && __atomic_fetch_sub(&a->more_references, 1, __ATOMIC_ACQ_REL) == 0) {
        a->ops->close(a);
    }
}

void
account_proof_clear(struct account_proof *proof)
{
    account_identity_unref(proof->identity);
    secret_wipe(proof, sizeof(*proof));
}

/* On a refusal nothing is left but its reasons. */
static void
keep_reasons(struct account_proof *out)
{
    struct account_proof reasons = {
        .sub_status = out->sub_status,
        .locked_out_now = out->locked_out_now,
        .no_clear_text = out->no_clear_text,
        .no_code = out->no_code,
        .used_code = out->used_code,
    };

    bytes_copy(reasons.sid, out->sid, sizeof(reasons.sid));
    account_proof_clear(out);
    *out = reasons;
}

const char *
account_code_reason(const struct account_proof *reasons)
{
    if (reasons->no_code) {
        return "the account has no one-time code";
    }
    if (reasons->used_code) {
        return "the one-time code was used before";
    }
    switch (reasons->sub_status) {
    case ACCOUNT_NO_SUCH_USER: return "there is no such account";
    case ACCOUNT_WRONG_PASSWORD: return "the one-time code is wrong";
    case ACCOUNT_NO_DIAL_IN: return "the one-time code is right, but the account may not dial in";
    case ACCOUNT_PASSWORD_EXPIRED:
        return "the one-time code is right, but the password has expired";
    case ACCOUNT_DISABLED: return "the one-time code is right, but the account is disabled";
    case ACCOUNT_EXPIRED: return "the one-time code is right, but the account has expired";
    case ACCOUNT_LOCKED_OUT: return "the account is locked out";
    default: return "refused";
    }
}

static const char *
reason_text(enum account_proof_kind kind, const struct account_proof *reasons)
{
    if (kind == ACCOUNT_ONE_TIME_CODE) {
        return account_code_reason(reasons);
    }
    switch (reasons->sub_status) {
    case ACCOUNT_CHALLENGE_USED: return "the challenge was answered before";
    case ACCOUNT_NOT_OF_NOW: return "the response is not to a challenge of now";
    case ACCOUNT_NO_SUCH_USER: return "there is no such account";
    case ACCOUNT_WRONG_PASSWORD: return "the password is wrong";
    case ACCOUNT_NO_DIAL_IN: return "the password is right, but the account may not dial in";
    case ACCOUNT_PASSWORD_EXPIRED: return "the password is right, but has expired";
    case ACCOUNT_DISABLED: return "the password is right, but the account is disabled";
    case ACCOUNT_EXPIRED: return "the password is right, but the account has expired";
    case ACCOUNT_LOCKED_OUT: return "the account is locked out";
    default: return "refused";
    }
}

sec_status
account_prove(struct account_authority *a, const struct account_claim *claim,
              struct account_proof *out)
{
    sec_status status;

    *out = (struct account_proof){ 0 };
    status = a->ops->prove(a, claim, out);
    if (status == SEC_E_OK) {
        return status;
    }
    keep_reasons(out);
    return status == SEC_E_LOGON_DENIED
               ? sec_fail(status, "accounts: %s", reason_text(claim->kind, out))
               : status;
}

sec_status
account_change_password(struct account_authority *a, const struct account_new_password *wanted,
                        struct account_proof *out)
{
    sec_status status;

    *out = (struct account_proof){ 0 };
    status = a->ops->change_password(a, wanted, out);
    keep_reasons(out);
    return status == SEC_E_LOGON_DENIED && out->sub_status
               ? sec_fail(status, "accounts: %s", reason_text(ACCOUNT_PASSWORD, out))
               : status;
}

sec_status
account_look_up(struct account_authority *a, struct bytes name, const char *sid,
                struct account_entry *out)
{
    *out = (struct account_entry){ 0 };
    return a->ops->look_up(a, name, sid, out);
}
