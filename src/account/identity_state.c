/* SPDX-License-Identifier: Apache-2.0 */
/* Identities as bytes, for contexts that move from one process to another. */
#include "account/account.h"
#include "base/mem.h"

/* What a PAC can hold at most is far below. */
enum { GROUPS_MAX = 65536 };

static void
put_text(struct wire_writer *w, const char *s)
{
    wire_put_u8(w, s != NULL);
    /* With its NUL, so that what is read is a string where it lies. */
    wire_put_counted(w, s ? bytes_of(s, strlen(s) + 1) : bytes_of(NULL, 0));
}

void
account_identity_put(const struct account_identity *identity, struct wire_writer *w)
{
    wire_put_counted(w, identity->user);
    wire_put_counted(w, identity->domain);
    put_text(w, identity->sid);
    put_text(w, identity->unix_user);
    wire_put_le64(w, identity->password_expires_100ns);
    wire_put_u8(w, identity->may_dial_in);
    wire_put_le32(w, (uint32_t)identity->n_groups);
    wire_put_u8(w, identity->group_attributes != NULL);
    for (size_t i = 0; i < identity->n_groups; i++) {
        put_text(w, identity->groups[i]);
        put_text(w, identity->group_sids[i]);
        wire_put_le32(w, identity->group_attributes ? identity->group_attributes[i] : 0);
    }
}

static const char *
take_text(struct wire_reader *r)
{
    bool there = wire_u8(r) != 0;
    struct bytes b = wire_take_counted(r);

    if (!there) {
        return NULL;
    }
    if (!b.n || b.p[b.n - 1] || memchr(b.p, 0, b.n - 1)) {
        wire_fail(r, WIRE_BAD_VALUE);
        return NULL;
    }
    return (const char *)b.p;
}

/* The lists of an identity while it is read. */
struct lists {
    const char **groups, **sids;
    uint32_t *attributes;
};

static void
lists_free(struct lists *l)
{
    mem_free(l->groups);
    mem_free(l->sids);
    mem_free(l->attributes);
}

static bool
lists_new(struct lists *l, size_t n)
{
    *l = (struct lists){ mem_new_array(n, sizeof(*l->groups)), mem_new_array(n, sizeof(*l->sids)),
                         mem_new_array(n, sizeof(*l->attributes)) };
    return l->groups && l->sids && l->attributes;
}

static sec_status
take_groups(struct wire_reader *r, struct account_identity *i, struct lists *l)
{
    size_t n = wire_le32(r);
    bool attributes = wire_u8(r) != 0;

    if (wire_status(r) != WIRE_OK || n > GROUPS_MAX || n > wire_left(r)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "accounts: an identity of %zu groups", n);
    }
    if (!lists_new(l, n)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    for (size_t g = 0; g < n; g++) {
        l->groups[g] = take_text(r);
        l->sids[g] = take_text(r);
        l->attributes[g] = wire_le32(r);
    }
    i->groups = l->groups;
    i->group_sids = l->sids;
    i->group_attributes = attributes ? l->attributes : NULL;
    i->n_groups = (uint32_t)n;
    return SEC_E_OK;
}

sec_status
account_identity_take(struct wire_reader *r, struct account_identity **out)
{
    struct account_identity i = { 0 };
    struct lists lists = { 0 };
    sec_status status;

    i.user = wire_take_counted(r);
    i.domain = wire_take_counted(r);
    i.sid = take_text(r);
    i.unix_user = take_text(r);
    i.password_expires_100ns = wire_le64(r);
    i.may_dial_in = wire_u8(r) != 0;
    status = take_groups(r, &i, &lists);
    if (status == SEC_E_OK && wire_status(r) != WIRE_OK) {
        status = sec_fail(SEC_E_INVALID_TOKEN, "accounts: an identity %s at offset %u",
                          wire_err_text(wire_status(r)), r->err_at);
    }
    if (status == SEC_E_OK) {
        *out = account_identity_new(&i);
        status = *out ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    lists_free(&lists);
    return status;
}
