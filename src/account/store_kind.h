/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the doors of account.h and admin.h: for each kind of store a table of
 * functions, and what opens it. */
#ifndef ACCOUNT_STORE_KIND_H
#define ACCOUNT_STORE_KIND_H

#include "account/account.h"
#include "account/admin.h"

struct account_authority_ops {
    /* *out is zeroed. As account_prove answers; where it refuses, whatever *out holds but its
     * reasons is wiped by the door. */
    sec_status (*prove)(struct account_authority *, const struct account_claim *,
                        struct account_proof *out);
    /* *out is zeroed; all of it but its reasons is wiped by the door, whatever the answer. */
    sec_status (*change_password)(struct account_authority *, const struct account_new_password *,
                                  struct account_proof *out);
    sec_status (*look_up)(struct account_authority *, struct bytes name, const char *sid,
                          struct account_entry *out);
    void (*close)(struct account_authority *);
};

/* The first member of every kind's own structure. */
struct account_authority {
    const struct account_authority_ops *ops;
    unsigned more_references; /* atomic; than the one that who opened it has */
};

struct account_admin_ops {
    sec_status (*add)(struct account_admin *, const struct account_new *);
    sec_status (*set_password)(struct account_admin *, const char *name, struct bytes password,
                               bool keeps_clear_text);
    sec_status (*remove)(struct account_admin *, const char *name);
    sec_status (*unlock)(struct account_admin *, const char *name);
    sec_status (*change)(struct account_admin *, const char *name, const struct account_change *);
    sec_status (*enroll_code)(struct account_admin *, const char *name,
                              const struct one_time_code *); /* nothing is wrong with it */
    sec_status (*remove_code)(struct account_admin *, const char *name);
    /* At most n_max accounts with RIDs above after_rid, in their order; none: there are no more. */
    sec_status (*list)(struct account_admin *, uint32_t after_rid, unsigned n_max, account_see,
                       void *user);
    sec_status (*show)(struct account_admin *, const char *name, account_see, void *user);
    void (*close)(struct account_admin *);
};

/* The first member of every kind's own structure. */
struct account_admin {
    const struct account_admin_ops *ops;
    const struct account_watch *watch; /* the door's; NULL: nobody */
    bool is_elsewhere;                 /* the store is another process's, which has its own watch */
};

/* where: what follows the scheme in the store's name, and is not empty. */
struct store_kind {
    const char *scheme; /* "sqlite:" */
    sec_status (*open_authority)(const struct account_options *, const char *where,
                                 struct account_authority **out);
    sec_status (*open_admin)(const struct account_admin_options *, const char *where,
                             struct account_admin **out);
};

extern const struct store_kind sqlite_authority_kind, authority_store_kind;

/* The kind that a store's name begins with. */
SEC_NODISCARD sec_status store_kind_of(const char *store, const struct store_kind **out,
                                       const char **where);

#endif
