/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts that samd keeps: this process opens no store and sees no hash. */
#include <stdio.h>

#include "account/authority_client.h"
#include "account/authority_store.h"
#include "base/mem.h"

/* Management derives keys of passwords, and may wait for other changes. */
#define ADMIN_TIMEOUT_MS 30000

struct authority_store {
    struct account_authority door; /* the first */
    struct authority_client *client;
    char *path;
};

struct verdict {
    struct account_proof *out;
    sec_status status;
};

/* A copy, strings and all, of what is in a frame. */
static sec_status
take_identity(const struct authority_msg *m, struct account_proof *out)
{
    struct account_identity identity = m->identity;
    size_t n = m->groups.n;
    const char **names = mem_new_array(2 * n, sizeof(*names));
    uint32_t *attributes = m->group_attributes.n ? mem_new_array(n, sizeof(*attributes)) : NULL;

    if (names && (attributes || !m->group_attributes.n)) {
        message_strings_fill(&m->groups, names);
        message_strings_fill(&m->group_sids, names + n);
        if (attributes) {
            message_numbers_fill(&m->group_attributes, attributes);
        }
        identity.groups = names;
        identity.group_sids = names + n;
        identity.group_attributes = attributes;
        identity.n_groups = (uint32_t)n;
        out->identity = account_identity_new(&identity);
    }
    mem_free(names);
    mem_free(attributes);
    return out->identity ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static bool
is_verdict(sec_status status)
{
    return status == SEC_E_LOGON_DENIED || status == SEC_E_NO_AUTHENTICATING_AUTHORITY ||
           status == SEC_E_INSUFFICIENT_MEMORY;
}

static enum authority_answer
take_refusal(struct verdict *v, const struct authority_msg *m)
{
    struct bytes sid = bytes_of_string(m->refused_sid);

    if (sid.n >= sizeof(v->out->sid)) {
        return AUTHORITY_NONSENSE;
    }
    bytes_copy(v->out->sid, sid.p, sid.n + 1);
    v->status = (sec_status)m->status;
    v->out->sub_status = m->proof.sub_status;
    v->out->locked_out_now = m->proof.locked_out_now;
    v->out->no_clear_text = m->proof.no_clear_text;
    v->out->no_code = m->proof.no_code;
    v->out->used_code = m->proof.used_code;
    if (m->reason[0]) {
        v->status = sec_fail(v->status, "%s", m->reason);
    }
    return AUTHORITY_LAST;
}

static enum authority_answer
take_verdict(void *user, const struct authority_msg *m)
{
    struct verdict *v = user;

    if (m->type == AUTHORITY_MSG_REFUSED) {
        return is_verdict((sec_status)m->status) ? take_refusal(v, m) : AUTHORITY_NONSENSE;
    }
    if (m->type != AUTHORITY_MSG_PROVEN) {
        return AUTHORITY_NONSENSE;
    }
    *v->out = m->proof;
    v->status = take_identity(m, v->out);
    return AUTHORITY_LAST;
}

static sec_status
prove(struct account_authority *door, const struct account_claim *claim, struct account_proof *out)
{
    struct authority_store *a = (struct authority_store *)door;
    struct authority_msg m = { .type = AUTHORITY_MSG_PROVE,
                               .kind = (uint8_t)claim->kind,
                               .claim = *claim };
    struct verdict v = { .out = out };
    sec_status status = authority_client_ask(a->client, &m, take_verdict, &v);

    if (status == SEC_E_INVALID_PARAMETER) { /* no right response is as long as this one */
        out->sub_status = ACCOUNT_WRONG_PASSWORD;
        return SEC_E_LOGON_DENIED;
    }
    if (status != SEC_E_OK) {
        account_proof_clear(out); /* of an answer with a fault nothing is believed */
        return status;
    }
    return v.status;
}

static enum authority_answer
take_change(void *user, const struct authority_msg *m)
{
    struct verdict *v = user;
    sec_status status = (sec_status)m->status;

    if (m->type == AUTHORITY_MSG_REFUSED) {
        return is_verdict(status) || status == ACCOUNT_PASSWORD_RESTRICTION ? take_refusal(v, m)
                                                                            : AUTHORITY_NONSENSE;
    }
    v->status = SEC_E_OK;
    return m->type == AUTHORITY_MSG_DONE ? AUTHORITY_LAST : AUTHORITY_NONSENSE;
}

/* On a connection of its own, which waits for as long as an administrator's: what samd has begun is
 * not to be taken for undone. */
static sec_status
change_password(struct account_authority *door, const struct account_new_password *wanted,
                struct account_proof *out)
{
    struct authority_store *a = (struct authority_store *)door;
    struct authority_client *client = authority_client_new(a->path, ADMIN_TIMEOUT_MS);
    struct authority_msg m = { .type = AUTHORITY_MSG_CHANGE_PASSWORD,
                               .claim = { .user = wanted->user,
                                          .domain = wanted->domain,
                                          .password = wanted->old_password },
                               .new_password = wanted->password };
    struct verdict v = { .out = out };
    sec_status status =
        client ? authority_client_ask(client, &m, take_change, &v) : SEC_E_INSUFFICIENT_MEMORY;

    authority_client_free(client);
    if (status == SEC_E_INVALID_PARAMETER) { /* no password is as long as one of these */
        out->sub_status = ACCOUNT_WRONG_PASSWORD;
        return SEC_E_LOGON_DENIED;
    }
    if (status != SEC_E_OK) {
        account_proof_clear(out);
        return status;
    }
    return v.status;
}

struct finding {
    struct account_entry *out;
    sec_status status;
};

static bool
take_string(char *to, size_t room, const char *from)
{
    return snprintf(to, room, "%s", from) < (int)room;
}

static enum authority_answer
take_finding(void *user, const struct authority_msg *m)
{
    struct finding *f = user;

    f->status = (sec_status)m->status;
    if (m->type == AUTHORITY_MSG_REFUSED &&
        (f->status == SEC_E_TARGET_UNKNOWN || f->status == SEC_E_NO_AUTHENTICATING_AUTHORITY ||
         f->status == SEC_E_INSUFFICIENT_MEMORY)) {
        f->status = sec_fail(f->status, "%s", m->reason);
        return AUTHORITY_LAST;
    }
    f->status = SEC_E_OK;
    f->out->is_group = m->entry_is_group;
    return m->type == AUTHORITY_MSG_FOUND &&
                   take_string(f->out->sid, sizeof(f->out->sid), m->entry_sid) &&
                   take_string(f->out->name, sizeof(f->out->name), m->entry_name)
               ? AUTHORITY_LAST
               : AUTHORITY_NONSENSE;
}

static sec_status
look_up(struct account_authority *door, struct bytes name, const char *sid,
        struct account_entry *out)
{
    struct authority_store *a = (struct authority_store *)door;
    struct authority_msg m = { .type = AUTHORITY_MSG_LOOK_UP,
                               .claim = { .user = name },
                               .entry_sid = sid };
    struct finding f = { .out = out };
    sec_status status = authority_client_ask(a->client, &m, take_finding, &f);

    if (status == SEC_E_INVALID_PARAMETER) { /* nobody's name is as long as this one */
        status = SEC_E_TARGET_UNKNOWN;
    }
    return status == SEC_E_OK ? f.status : status;
}

static void
close_authority(struct account_authority *door)
{
    struct authority_store *a = (struct authority_store *)door;

    authority_client_free(a->client);
    mem_free(a->path);
    mem_free(a);
}

static sec_status
open_authority(const struct account_options *options, const char *path,
               struct account_authority **out)
{
    static const struct account_authority_ops ops = { .prove = prove,
                                                      .change_password = change_password,
                                                      .look_up = look_up,
                                                      .close = close_authority };
    unsigned timeout_ms = options->timeout_ms ? options->timeout_ms : ACCOUNT_TIMEOUT_MS;
    struct authority_store *a = mem_new(sizeof(*a));

    if (!a) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    a->door.ops = &ops;
    a->client = authority_client_new(path, timeout_ms);
    a->path = mem_dup(path, strlen(path));
    if (!a->client || !a->path) {
        close_authority(&a->door);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *out = &a->door;
    return SEC_E_OK;
}

static sec_status
open_admin(const struct account_admin_options *options, const char *path,
           struct account_admin **out)
{
    return authority_admin_open(path, ADMIN_TIMEOUT_MS, out);
}

const struct store_kind authority_store_kind = {
    .scheme = "authority:",
    .open_authority = open_authority,
    .open_admin = open_admin,
};
