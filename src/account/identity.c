/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: immutable, counted, one allocation each. */
#include <stdatomic.h>

#include "account/account.h"
#include "account/record.h"
#include "base/mem.h"

struct counted_identity {
    atomic_uint references;
    struct account_identity identity; /* what the holders see */
};

static struct counted_identity *
counted(const struct account_identity *identity)
{
    /* Every identity is the member of a counted one; const only keeps holders from writing. */
    return (struct counted_identity *)((uintptr_t)identity -
                                       offsetof(struct counted_identity, identity));
}

struct account_identity *
account_identity_ref(const struct account_identity *identity)
{
    struct counted_identity *c = counted(identity);

    atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
    return &c->identity;
}

void
account_identity_unref(const struct account_identity *identity)
{
    if (!identity) {
        return;
    }
    if (atomic_fetch_sub_explicit(&counted(identity)->references, 1, memory_order_acq_rel) == 1) {
        mem_free(counted(identity));
    }
}

/* Where the next string goes; with base NULL it only counts. */
struct layout {
    uint8_t *base;
    size_t used;
};

static uint8_t *
lay(struct layout *l, const void *from, size_t n)
{
    uint8_t *at = l->base ? l->base + l->used : NULL;

    l->used += n;
    if (at) {
        bytes_copy(at, from, n);
    }
    return at;
}

static const char *
lay_string(struct layout *l, const char *s)
{
    return s ? (const char *)lay(l, s, strlen(s) + 1) : NULL;
}

static struct bytes
lay_bytes(struct layout *l, struct bytes b)
{
    return (struct bytes){ lay(l, b.p, b.n), b.n };
}

/* Pointers first, then numbers, so that they are aligned; then the strings that are pointed to. */
static void
lay_identity(struct layout *l, const struct account_identity *from, struct account_identity *to)
{
    size_t table_bytes = from->n_groups * sizeof(char *);
    const char **groups = (const char **)(void *)lay(l, from->groups, table_bytes);
    const char **group_sids = (const char **)(void *)lay(l, from->group_sids, table_bytes);

    *to = *from;
    if (from->group_attributes) {
        to->group_attributes = (const uint32_t *)(void *)lay(
            l, from->group_attributes, from->n_groups * sizeof(*from->group_attributes));
    }
    to->user = lay_bytes(l, from->user);
    to->domain = lay_bytes(l, from->domain);
    to->sid = lay_string(l, from->sid);
    to->unix_user = lay_string(l, from->unix_user);
    to->assertion = lay_string(l, from->assertion);
    for (size_t i = 0; i < from->n_groups; i++) {
        const char *group = lay_string(l, from->groups[i]);
        /* A group without a name goes by its SID: one text for both. */
        const char *group_sid =
            from->group_sids[i] == from->groups[i] ? group : lay_string(l, from->group_sids[i]);

        if (l->base) {
            groups[i] = group;
            group_sids[i] = group_sid;
        }
    }
    to->groups = groups;
    to->group_sids = group_sids;
}

struct account_identity *
account_identity_new(const struct account_identity *from)
{
    struct account_identity measured;
    struct layout l = { 0 };
    struct counted_identity *c;

    lay_identity(&l, from, &measured);
    c = mem_new(sizeof(*c) + l.used);
    if (!c) {
        return NULL;
    }
    l = (struct layout){ .base = (uint8_t *)(c + 1) };
    lay_identity(&l, from, &c->identity);
    atomic_init(&c->references, 1);
    return &c->identity;
}

/* --- records ------------------------------------------------------------------------------- */

void
account_record_clear(struct account_record *r)
{
    account_identity_unref(r->identity);
    secret_wipe(r, sizeof(*r));
}

void
account_record_auto(struct account_record *r)
{
    account_record_clear(r);
}

void
account_record_copy(struct account_record *to, const struct account_record *from)
{
    *to = *from;
    (void)account_identity_ref(from->identity);
}
