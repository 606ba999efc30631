/* SPDX-License-Identifier: Apache-2.0 */
/* A credential of each mechanism that may be used: acquired, added to, asked, found. */
#include "negotiate/credential.h"

#include "base/der.h"
#include "base/mem.h"
#include "codec/spnego_msg.h"
#include "negotiate/negotiate.h"
#include "negotiate/selection.h"

enum { NAME_ROOM = 512 }; /* on the stack; longer names go to the heap */

/* --- the credential ------------------------------------------------------------------------ */

sec_status
nego_credential_acquire(const struct sec_host *host, const struct sec_acquire_args *args,
                        struct sec_cred **out)
{
    struct nego_credential *c;
    struct nego_selection s;
    sec_status status = nego_selection_make(host, args->identity, &s);

    if (sec_failed(status)) {
        return status;
    }
    c = mem_new(sizeof(*c));
    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->base = (struct sec_cred){ .package = &negotiate_package, .host = host };
    c->explicit_identity = args->identity != NULL;
    for (size_t i = 0; i < s.n; i++) {
        struct sec_acquire_args own = *args;

        sec_reason_clear();
        own.package = s.packages[i];
        status = own.package->ops->acquire(host, &own, &c->mechs[c->n]);
        if (status == SEC_E_OK) {
            c->n++;
            continue;
        }
        /* A mechanism that cannot be had (no keytab, no ticket) is left out. With none at all the
         * first step, not acquire, says SEC_E_NO_CREDENTIALS, as on Windows. */
        if (status != SEC_E_INSUFFICIENT_MEMORY) {
            status = nego_attempts_add(&c->refused, s.packages[i], status);
        }
        if (status != SEC_E_OK) {
            nego_credential_free(&c->base);
            return status;
        }
    }
    *out = &c->base;
    return SEC_E_OK;
}

void
nego_credential_free(struct sec_cred *cred)
{
    struct nego_credential *c = (struct nego_credential *)cred;

    if (!c) {
        return;
    }
    for (size_t i = 0; i < c->n; i++) {
        if (!c->borrowed[i]) {
            c->mechs[i]->package->ops->free_cred(c->mechs[i]);
        }
    }
    nego_attempts_clear(&c->refused);
    mem_free(c);
}

/* --- adding -------------------------------------------------------------------------------- */

static size_t
place_of(const struct nego_credential *c, const struct sec_package *p)
{
    size_t i = 0;

    while (i < c->n && c->mechs[i]->package != p) {
        i++;
    }
    return i;
}

/* Before the first that policy prefers less: behind it, nobody would ever use it. There is room: a
 * credential has each package once. */
static void
insert(struct nego_credential *c, const struct nego_selection *policy, struct sec_cred *mech)
{
    size_t at = 0;

    while (at < c->n && nego_selection_rank(policy, c->mechs[at]->package) <
                            nego_selection_rank(policy, mech->package)) {
        at++;
    }
    for (size_t i = c->n; i > at; i--) {
        c->mechs[i] = c->mechs[i - 1];
        c->borrowed[i] = c->borrowed[i - 1];
    }
    c->mechs[at] = mech;
    c->borrowed[at] = false;
    c->n++;
}

/* To one mechanism: what it has already, and this; or this. */
static sec_status
add_to(struct nego_credential *c, const struct nego_selection *policy, const struct sec_package *p,
       const struct sec_acquire_args *args)
{
    struct sec_acquire_args own = *args;
    size_t i = place_of(c, p);
    struct sec_cred *made = NULL;
    sec_status status;

    sec_reason_clear();
    own.package = p;
    if (i == c->n) {
        status = p->ops->acquire(c->base.host, &own, &made);
        if (status == SEC_E_OK) {
            insert(c, policy, made);
        }
        return status;
    }
    if (!p->ops->add) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "negotiate: nothing is added to %s", p->name);
    }
    status = p->ops->add(c->mechs[i], p, &own, &made);
    if (status == SEC_E_OK) {
        c->mechs[i] = made;
        c->borrowed[i] = false;
    }
    return status;
}

/* Negotiate itself stands for all of its mechanisms; one that has a use for it is enough. */
static sec_status
add_to_all(struct nego_credential *c, const struct nego_selection *policy,
           const struct nego_selection *which, const struct sec_acquire_args *args)
{
    sec_status answer = sec_fail(SEC_E_NO_CREDENTIALS, "negotiate: no mechanism may be used");
    bool added = false;

    for (size_t i = 0; i < which->n; i++) {
        sec_status status = add_to(c, policy, which->packages[i], args);

        if (status == SEC_E_INSUFFICIENT_MEMORY) {
            return status;
        }
        added = added || status == SEC_E_OK;
        answer = i == 0 || answer == SEC_E_UNSUPPORTED_FUNCTION ? status : answer;
    }
    return added ? SEC_E_OK : answer;
}

/* What could not be had, and still is not there. */
static sec_status
keep_refused(struct nego_credential *c, const struct nego_attempts *refused)
{
    sec_status status = nego_attempts_copy(&c->refused, refused);
    size_t kept = 0;

    for (size_t i = 0; i < c->refused.n; i++) {
        struct sec_attempt a = c->refused.list[i];

        if (place_of(c, a.package) == c->n) {
            c->refused.list[kept++] = a;
        } else {
            mem_free((void *)(uintptr_t)a.reason);
        }
    }
    c->refused.n = kept;
    return status;
}

static sec_status
add(struct nego_credential *c, const struct sec_package *package,
    const struct sec_acquire_args *args)
{
    struct nego_selection policy, which;
    sec_status status = nego_selection_make(c->base.host, NULL, &policy);

    if (status == SEC_E_OK) {
        status = nego_selection_make(c->base.host, args->identity, &which);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (package == &negotiate_package) {
        return add_to_all(c, &policy, &which, args);
    }
    if (nego_selection_rank(&which, package) == which.n) {
        return sec_fail(SEC_E_SECPKG_NOT_FOUND, "negotiate: policy has no mechanism %s",
                        package->name);
    }
    return add_to(c, &policy, package, args);
}

sec_status
nego_credential_add(const struct sec_cred *cred, const struct sec_package *package,
                    const struct sec_acquire_args *args, struct sec_cred **out)
{
    const struct nego_credential *from = (const struct nego_credential *)cred;
    struct nego_credential *c = mem_new(sizeof(*c));
    sec_status status;

    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->base = from->base;
    c->explicit_identity = from->explicit_identity || args->identity;
    for (; c->n < from->n; c->n++) {
        c->mechs[c->n] = from->mechs[c->n];
        c->borrowed[c->n] = true;
    }
    status = add(c, package, args);
    if (status == SEC_E_OK) {
        status = keep_refused(c, &from->refused);
    }
    if (status != SEC_E_OK) {
        nego_credential_free(&c->base);
        return status;
    }
    *out = &c->base;
    return SEC_E_OK;
}

/* --- what is asked of it ------------------------------------------------------------------- */

sec_status
nego_credential_name(const struct sec_cred *cred, struct wire_writer *out)
{
    const struct nego_credential *c = (const struct nego_credential *)cred;

    for (size_t i = 0; i < c->n; i++) {
        const struct sec_package_ops *ops = c->mechs[i]->package->ops;
        sec_status status =
            ops->cred_name ? ops->cred_name(c->mechs[i], out) : SEC_E_NO_CREDENTIALS;

        if (status != SEC_E_NO_CREDENTIALS) {
            return status;
        }
    }
    return sec_fail(SEC_E_NO_CREDENTIALS, "negotiate: the credential names nobody");
}

sec_status
nego_credential_put_name(const struct nego_credential *c, size_t index, struct wire_writer *out)
{
    const struct sec_package_ops *ops = c->mechs[index]->package->ops;
    sec_status status = ops->cred_name ? ops->cred_name(c->mechs[index], out) : SEC_E_OK;

    return status == SEC_E_NO_CREDENTIALS ? SEC_E_OK : status;
}

bool
nego_credential_names_nobody(const struct nego_credential *c, size_t index)
{
    const struct sec_package_ops *ops = c->mechs[index]->package->ops;
    uint8_t room[NAME_ROOM];
    SEC_AUTO(wire_writer) name = wire_writer_growing(room, sizeof(room));

    return !c->explicit_identity && ops->cred_name &&
           ops->cred_name(c->mechs[index], &name) == SEC_E_NO_CREDENTIALS;
}

/* Of those that have keys: NTLM serves every name, so that it says nothing about one. */
sec_status
nego_credential_check_service(const struct sec_cred *cred, const char *service)
{
    const struct nego_credential *c = (const struct nego_credential *)cred;

    for (size_t i = 0; i < c->n; i++) {
        const struct sec_package_ops *ops = c->mechs[i]->package->ops;

        if (ops->check_service) {
            return ops->check_service(c->mechs[i], service);
        }
    }
    return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                    "negotiate: no mechanism here to which a service's name matters");
}

/* --- finding ------------------------------------------------------------------------------- */

static bool
is_in(const struct bytes *oids, size_t n, struct bytes oid)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes_equal(oids[i], oid)) {
            return true;
        }
    }
    return false;
}

bool
nego_has_oid(const struct sec_package *p, struct bytes oid)
{
    return is_in(p->oids, p->n_oids, oid) || is_in(p->other_oids, p->n_other_oids, oid);
}

size_t
nego_credential_find(const struct nego_credential *c, struct bytes oid, unsigned mask)
{
    for (size_t i = 0; i < c->n; i++) {
        if ((mask & 1u << i) && nego_has_oid(c->mechs[i]->package, oid)) {
            return i;
        }
    }
    return c->n;
}

size_t
nego_credential_find_raw(const struct nego_credential *c, struct bytes token)
{
    struct bytes oid = spnego_token_mech(token);

    for (size_t i = 0; i < c->n; i++) {
        const struct sec_package *p = c->mechs[i]->package;

        if ((p->raw_token_prefix.n && bytes_starts_with(token, p->raw_token_prefix)) ||
            (oid.n && nego_has_oid(p, oid))) {
            return i;
        }
    }
    return c->n;
}

/* The object identifiers of a mask's mechanisms, written or only measured. */
static size_t
put_oids(const struct nego_credential *c, unsigned mask, struct wire_writer *w)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++) {
        const struct sec_package *p = c->mechs[i]->package;

        for (size_t k = 0; k < p->n_oids && (mask & 1u << i); k++) {
            n += p->oids[k].n;
            if (w) {
                wire_put_bytes(w, p->oids[k]);
            }
        }
    }
    return n;
}

void
nego_credential_put_list(const struct nego_credential *c, unsigned mask, struct wire_writer *w)
{
    der_put_header(w, DER_SEQUENCE, put_oids(c, mask, NULL));
    (void)put_oids(c, mask, w);
}

/* The first that knows somebody to ask. */
sec_status
nego_credential_change_password(const struct sec_host *host, const struct sec_identity *id,
                                struct bytes password)
{
    struct nego_selection s;
    sec_status status = nego_selection_make(host, id, &s);
    sec_status answer = sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                                 "negotiate: policy has no mechanism that changes passwords");

    for (size_t i = 0; status == SEC_E_OK && i < s.n; i++) {
        if (s.packages[i]->ops->change_password) {
            answer = s.packages[i]->ops->change_password(host, id, password);
            if (answer != SEC_E_NO_AUTHENTICATING_AUTHORITY) {
                return answer;
            }
        }
    }
    return status == SEC_E_OK ? answer : status;
}
