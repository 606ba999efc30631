/* SPDX-License-Identifier: Apache-2.0 */
/* Which mechanisms may be used: the host's packages, as policy and the identity's PackageList
 * restrict and order them (SEC_WINNT_AUTH_IDENTITY_EX of sspi.h). */
#include "negotiate/credential.h"

#include "base/der.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "codec/spnego_msg.h"
#include "negotiate/negotiate.h"

/* Packages are known by name in lists and by number in policy, never by their symbols. */
enum { RPC_ID_NTLM = 10 };

enum { NAME_ROOM = 512 }; /* on the stack; longer names go to the heap */

struct selection {
    const struct sec_package *packages[NEGO_MECHS_MAX];
    size_t n;
};

/* --- lists --------------------------------------------------------------------------------- */

static bool
is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The next item of a list, without the blanks around it. false: no more. */
static bool
next_item(struct wire_reader *r, struct bytes *item)
{
    const uint8_t *start, *end;

    if (wire_left(r) == 0) {
        return false;
    }
    start = r->cur;
    while (wire_left(r) && *r->cur != ',') {
        wire_skip(r, 1);
    }
    end = r->cur;
    wire_skip(r, wire_left(r) ? 1 : 0);
    while (start < end && is_blank(*start)) {
        start++;
    }
    while (start < end && is_blank(end[-1])) {
        end--;
    }
    *item = (struct bytes){ start, (size_t)(end - start) };
    return true;
}

/* "!ntlm": takes the mark and the blanks after it off. */
static bool
is_denial(struct bytes *item)
{
    if (item->n == 0 || item->p[0] != '!') {
        return false;
    }
    do {
        item->p++;
        item->n--;
    } while (item->n && is_blank(*item->p));
    return true;
}

static uint8_t
lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

/* Names of packages are ASCII. */
static bool
names(struct bytes item, const struct sec_package *p)
{
    struct bytes name = bytes_of_string(p->name);

    if (item.n != name.n) {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        if (lower(item.p[i]) != lower(name.p[i])) {
            return false;
        }
    }
    return true;
}

static bool
holds(const struct selection *s, const struct sec_package *p)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->packages[i] == p) {
            return true;
        }
    }
    return false;
}

static void
drop(struct selection *s, struct bytes item)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->n; i++) {
        if (!names(item, s->packages[i])) {
            s->packages[kept++] = s->packages[i];
        }
    }
    s->n = kept;
}

/* What is denied must be able to be a name: of "!!ntlm" and "!ntlm kerberos" nobody is denied. */
static bool
denies_names(struct bytes list)
{
    struct wire_reader r = wire_reader_of(list);
    struct bytes item;

    while (next_item(&r, &item)) {
        if (!is_denial(&item)) {
            continue;
        }
        for (size_t i = 0; i < item.n; i++) {
            if (item.p[i] == '!' || is_blank(item.p[i])) {
                return false;
            }
        }
    }
    return true;
}

/* "kerberos,ntlm" restricts to these, in this order; "!ntlm" excludes, and with nothing else in
 * the list the rest stays as it was. Names that nobody has are passed by. */
static void
apply_list(struct selection *s, struct bytes list)
{
    struct selection chosen = { .n = 0 };
    struct wire_reader r = wire_reader_of(list);
    struct bytes item;
    bool restricts = false;

    while (next_item(&r, &item)) {
        if (is_denial(&item)) {
            drop(s, item);
        }
    }
    r = wire_reader_of(list);
    while (next_item(&r, &item)) {
        if (item.n == 0 || item.p[0] == '!') {
            continue;
        }
        restricts = true;
        for (size_t i = 0; i < s->n; i++) {
            if (names(item, s->packages[i]) && !holds(&chosen, s->packages[i])) {
                chosen.packages[chosen.n++] = s->packages[i];
            }
        }
    }
    if (restricts) {
        *s = chosen;
    }
}

/* --- the credential ------------------------------------------------------------------------ */

static struct selection
usable_packages(const struct sec_host *host)
{
    struct selection s = { .n = 0 };

    for (size_t i = 0; i < host->n_packages && s.n < NEGO_MECHS_MAX; i++) {
        const struct sec_package *p = host->packages[i];
        bool denied = p->rpc_id == RPC_ID_NTLM && host->settings->ntlm == SEC_NTLM_DENY;

        if (p != &negotiate_package && p->n_oids && !denied) {
            s.packages[s.n++] = p;
        }
    }
    return s;
}

static sec_status
select_packages(const struct sec_host *host, const struct sec_identity *identity,
                struct selection *s)
{
    uint8_t room[NEGO_PACKAGE_LIST_BYTES];
    struct wire_writer list = wire_writer_fixed(room, sizeof(room));

    *s = usable_packages(host);
    apply_list(s, bytes_of_string(host->settings->packages));
    if (!identity || identity->package_list.n == 0) {
        return SEC_E_OK;
    }
    utf8_put_utf16(&list, identity->package_list);
    if (wire_writer_status(&list) != WIRE_OK) {
        /* A restriction that cannot be read must not turn into none. */
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "negotiate: PackageList of %zu bytes %s",
                        identity->package_list.n, wire_err_text(wire_writer_status(&list)));
    }
    if (!denies_names(wire_written(&list))) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                        "negotiate: the PackageList excludes what cannot be a package's name");
    }
    apply_list(s, wire_written(&list));
    return SEC_E_OK;
}

sec_status
nego_credential_acquire(const struct sec_host *host, const struct sec_acquire_args *args,
                        struct sec_cred **out)
{
    struct nego_credential *c;
    struct selection s;
    sec_status status = select_packages(host, args->identity, &s);

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

static size_t
rank_of(const struct selection *policy, const struct sec_package *p)
{
    size_t i = 0;

    while (i < policy->n && policy->packages[i] != p) {
        i++;
    }
    return i;
}

/* Before the first that policy prefers less: behind it, nobody would ever use it. There is room: a
 * credential has each package once. */
static void
insert(struct nego_credential *c, const struct selection *policy, struct sec_cred *mech)
{
    size_t at = 0;

    while (at < c->n && rank_of(policy, c->mechs[at]->package) < rank_of(policy, mech->package)) {
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
add_to(struct nego_credential *c, const struct selection *policy, const struct sec_package *p,
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
add_to_all(struct nego_credential *c, const struct selection *policy, const struct selection *which,
           const struct sec_acquire_args *args)
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
    struct selection policy, which;
    sec_status status = select_packages(c->base.host, NULL, &policy);

    if (status == SEC_E_OK) {
        status = select_packages(c->base.host, args->identity, &which);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (package == &negotiate_package) {
        return add_to_all(c, &policy, &which, args);
    }
    if (rank_of(&which, package) == which.n) {
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
    struct selection s;
    sec_status status = select_packages(host, id, &s);
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
