/* SPDX-License-Identifier: Apache-2.0 */
/* Managing the accounts that samd keeps. */
#include "account/authority_client.h"
#include "account/authority_store.h"
#include "base/mem.h"

struct authority_admin {
    struct account_admin door; /* the first */
    struct authority_client *client;
};

struct outcome {
    account_see see; /* NULL: no VIEW may come */
    void *user;
    sec_status status;
};

/* --- answers ------------------------------------------------------------------------------- */

static sec_status
show_view(const struct outcome *o, const struct authority_msg *m)
{
    struct account_view view = m->view;
    size_t n = m->groups.n;
    const char **lists = mem_new_array(2 * n + m->keys.n, sizeof(*lists));

    if (!lists) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    message_strings_fill(&m->groups, lists);
    message_strings_fill(&m->group_sids, lists + n);
    message_strings_fill(&m->keys, lists + 2 * n);
    view.groups = lists;
    view.group_sids = lists + n;
    view.n_groups = n;
    view.keys = lists + 2 * n;
    view.n_keys = m->keys.n;
    o->see(o->user, &view);
    mem_free(lists);
    return SEC_E_OK;
}

static enum authority_answer
take_outcome(void *user, const struct authority_msg *m)
{
    struct outcome *o = user;

    if (m->type == AUTHORITY_MSG_DONE) {
        return AUTHORITY_LAST;
    }
    if (m->type == AUTHORITY_MSG_REFUSED && sec_failed((sec_status)m->status)) {
        o->status = sec_fail((sec_status)m->status, "%s", m->reason);
        return AUTHORITY_LAST;
    }
    if (m->type != AUTHORITY_MSG_VIEW || !o->see) {
        return AUTHORITY_NONSENSE;
    }
    if (o->status == SEC_E_OK) {
        o->status = show_view(o, m);
    }
    return AUTHORITY_MORE;
}

static sec_status
ask(struct account_admin *door, struct authority_msg *m, account_see see, void *user)
{
    struct authority_admin *a = (struct authority_admin *)door;
    struct outcome o = { .see = see, .user = user };
    sec_status status = authority_client_ask(a->client, m, take_outcome, &o);

    return status == SEC_E_OK ? o.status : status;
}

/* --- requests ------------------------------------------------------------------------------ */

static sec_status
add(struct account_admin *door, const struct account_new *wanted)
{
    struct authority_msg m = {
        .type = AUTHORITY_MSG_ADD,
        .admin = { .name = wanted->name,
                   .password = wanted->password,
                   .unix_user = wanted->unix_user,
                   .expires_100ns = wanted->expires_100ns,
                   .password_expires_100ns = wanted->password_expires_100ns,
                   .may_dial_in = wanted->may_dial_in,
                   .keeps_clear_text = wanted->keeps_clear_text },
        .join = { .items = wanted->groups, .n = wanted->n_groups },
    };

    return ask(door, &m, NULL, NULL);
}

static sec_status
set_password(struct account_admin *door, const char *name, struct bytes password,
             bool keeps_clear_text)
{
    struct authority_msg m = {
        .type = AUTHORITY_MSG_SET_PASSWORD,
        .admin = { .name = name, .password = password, .keeps_clear_text = keeps_clear_text }
    };

    return ask(door, &m, NULL, NULL);
}

static sec_status
ask_by_name(struct account_admin *door, enum authority_msg_type type, const char *name)
{
    struct authority_msg m = { .type = (uint8_t)type, .admin = { .name = name } };

    return ask(door, &m, NULL, NULL);
}

static sec_status
remove_account(struct account_admin *door, const char *name)
{
    return ask_by_name(door, AUTHORITY_MSG_REMOVE, name);
}

static sec_status
unlock(struct account_admin *door, const char *name)
{
    return ask_by_name(door, AUTHORITY_MSG_UNLOCK, name);
}

static sec_status
change(struct account_admin *door, const char *name, const struct account_change *what)
{
    struct authority_msg m = {
        .type = AUTHORITY_MSG_CHANGE,
        .admin = { .name = name,
                   .unix_user = what->unix_user,
                   .disabled = what->disabled && *what->disabled,
                   .may_dial_in = what->may_dial_in && *what->may_dial_in,
                   .expires_100ns = what->expires_100ns ? *what->expires_100ns : 0,
                   .password_expires_100ns =
                       what->password_expires_100ns ? *what->password_expires_100ns : 0,
                   .changes =
                       (uint8_t)((what->disabled ? AUTHORITY_CHANGES_DISABLED : 0) |
                                 (what->may_dial_in ? AUTHORITY_CHANGES_DIAL_IN : 0) |
                                 (what->expires_100ns ? AUTHORITY_CHANGES_EXPIRES : 0) |
                                 (what->password_expires_100ns ? AUTHORITY_CHANGES_PASSWORD_EXPIRES
                                                               : 0)) },
        .join = { .items = what->join, .n = what->n_join },
        .leave = { .items = what->leave, .n = what->n_leave },
    };

    return ask(door, &m, NULL, NULL);
}

static sec_status
enroll_code(struct account_admin *door, const char *name, const struct one_time_code *code)
{
    struct authority_msg m = { .type = AUTHORITY_MSG_ENROLL_CODE,
                               .admin = { .name = name,
                                          .code = { .type = code->type,
                                                    .algorithm = code->algorithm,
                                                    .digits = code->digits,
                                                    .period_s = code->period_s,
                                                    .next = code->next },
                                          .code_secret = bytes_of(code->secret, code->n) } };

    return ask(door, &m, NULL, NULL);
}

static sec_status
remove_code(struct account_admin *door, const char *name)
{
    return ask_by_name(door, AUTHORITY_MSG_REMOVE_CODE, name);
}

static sec_status
list(struct account_admin *door, uint32_t after_rid, unsigned n_max, account_see see, void *user)
{
    struct authority_msg m = { .type = AUTHORITY_MSG_LIST,
                               .admin = { .after_rid = after_rid, .n_max = n_max } };

    return ask(door, &m, see, user);
}

static sec_status
show(struct account_admin *door, const char *name, account_see see, void *user)
{
    struct authority_msg m = { .type = AUTHORITY_MSG_SHOW, .admin = { .name = name } };

    return ask(door, &m, see, user);
}

static void
close_admin(struct account_admin *door)
{
    struct authority_admin *a = (struct authority_admin *)door;

    authority_client_free(a->client);
    mem_free(a);
}

sec_status
authority_admin_open(const char *path, unsigned timeout_ms, struct account_admin **out)
{
    static const struct account_admin_ops ops = {
        .add = add,
        .set_password = set_password,
        .remove = remove_account,
        .unlock = unlock,
        .change = change,
        .enroll_code = enroll_code,
        .remove_code = remove_code,
        .list = list,
        .show = show,
        .close = close_admin,
    };
    struct authority_admin *a = mem_new(sizeof(*a));
    sec_status status;

    if (!a) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    a->door.ops = &ops;
    a->client = authority_client_new(path, timeout_ms);
    /* Nobody should be asked for a new password first, and then be told that he may not set it. */
    status = a->client ? list(&a->door, 0, 0, NULL, NULL) : SEC_E_INSUFFICIENT_MEMORY;
    if (status != SEC_E_OK) {
        close_admin(&a->door);
        return status;
    }
    *out = &a->door;
    return SEC_E_OK;
}
