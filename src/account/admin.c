/* SPDX-License-Identifier: Apache-2.0 */
/* The door to managing accounts, whatever store stands behind it. */
#include "account/admin.h"

#include "account/store_kind.h"

enum { LIST_AT_ONCE = 64 };

sec_status
account_admin_open(const struct account_admin_options *options, struct account_admin **out)
{
    const struct store_kind *kind;
    const char *where;
    sec_status status = store_kind_of(options->accounts.store, &kind, &where);

    if (status == SEC_E_OK) {
        status = kind->open_admin(options, where, out);
    }
    if (status == SEC_E_OK) {
        (*out)->is_elsewhere = kind == &authority_store_kind;
    }
    return status;
}

void
account_admin_close(struct account_admin *a)
{
    if (a) {
        a->ops->close(a);
    }
}

void
account_admin_watch(struct account_admin *a, const struct account_watch *watch)
{
    a->watch = a->is_elsewhere ? NULL : watch;
}

/* --- watching ------------------------------------------------------------------------------ */

/* An account before a change, while it is made. */
struct watched {
    struct account_admin *admin;
    const char *name;
    void *kept; /* NULL: there is none of that name */
    bool failed;
};

static void
keep(void *user, const struct account_view *view)
{
    struct watched *w = user;

    w->kept = w->admin->watch->keep(w->admin->watch->user, view);
    w->failed = w->kept == NULL;
}

static struct watched
look(struct account_admin *a, const char *name)
{
    struct watched w = { .admin = a, .name = name };

    if (a->watch) {
        sec_status status = a->ops->show(a, name, keep, &w);

        w.failed |= status != SEC_E_OK && status != SEC_E_UNKNOWN_CREDENTIALS;
    }
    return w;
}

/* What came of the change; the answer is it. */
static sec_status
tell(struct watched before, sec_status status)
{
    const struct account_watch *watch = before.admin->watch;

    if (watch && status == SEC_E_OK) {
        struct watched after = look(before.admin, before.name);

        if (!before.failed && !after.failed) {
            watch->changed(watch->user, before.kept, after.kept);
        }
        watch->drop(after.kept);
    }
    if (watch) {
        watch->drop(before.kept);
    }
    return status;
}

/* --- changes ------------------------------------------------------------------------------- */

sec_status
account_admin_add(struct account_admin *a, const struct account_new *wanted)
{
    struct watched before = look(a, wanted->name);

    return tell(before, a->ops->add(a, wanted));
}

sec_status
account_admin_set_password(struct account_admin *a, const char *name, struct bytes password,
                           bool keeps_clear_text)
{
    struct watched before = look(a, name);

    return tell(before, a->ops->set_password(a, name, password, keeps_clear_text));
}

sec_status
account_admin_remove(struct account_admin *a, const char *name)
{
    struct watched before = look(a, name);

    return tell(before, a->ops->remove(a, name));
}

sec_status
account_admin_unlock(struct account_admin *a, const char *name)
{
    struct watched before = look(a, name);

    return tell(before, a->ops->unlock(a, name));
}

sec_status
account_admin_change(struct account_admin *a, const char *name, const struct account_change *change)
{
    struct watched before = look(a, name);

    return tell(before, a->ops->change(a, name, change));
}

sec_status
account_admin_enroll_code(struct account_admin *a, const char *name,
                          const struct one_time_code *code)
{
    const char *fault = one_time_code_fault(code);

    struct watched before;

    if (fault) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "accounts: one-time code: %s", fault);
    }
    before = look(a, name);
    return tell(before, a->ops->enroll_code(a, name, code));
}

sec_status
account_admin_remove_code(struct account_admin *a, const char *name)
{
    struct watched before = look(a, name);

    return tell(before, a->ops->remove_code(a, name));
}

struct page {
    account_see see;
    void *user;
    uint32_t last_rid;
    size_t n;
};

static void
see_of_page(void *user, const struct account_view *view)
{
    struct page *p = user;

    p->last_rid = view->rid;
    p->n++;
    p->see(p->user, view);
}

sec_status
account_admin_list(struct account_admin *a, account_see see, void *user)
{
    struct page page = { .see = see, .user = user };
    sec_status status;

    do {
        page.n = 0;
        status = a->ops->list(a, page.last_rid, LIST_AT_ONCE, see_of_page, &page);
    } while (status == SEC_E_OK && page.n);
    return status;
}

sec_status
account_admin_show(struct account_admin *a, const char *name, account_see see, void *user)
{
    return a->ops->show(a, name, see, user);
}
