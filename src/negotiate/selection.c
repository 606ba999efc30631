/* SPDX-License-Identifier: Apache-2.0 */
/* Which mechanisms may be used: the host's packages, as policy and the identity's PackageList
 * restrict and order them (SEC_WINNT_AUTH_IDENTITY_EX of sspi.h). */
#include "negotiate/selection.h"

#include "base/utf16.h"
#include "base/wire.h"
#include "negotiate/negotiate.h"

/* Packages are known by name in lists and by number in policy, never by their symbols. */
enum { RPC_ID_NTLM = 10 };

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

static bool
names(struct bytes item, const struct sec_package *p)
{
    return bytes_equal_nocase(item, bytes_of_string(p->name));
}

static bool
holds(const struct nego_selection *s, const struct sec_package *p)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->packages[i] == p) {
            return true;
        }
    }
    return false;
}

static void
drop(struct nego_selection *s, struct bytes item)
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
apply_list(struct nego_selection *s, struct bytes list)
{
    struct nego_selection chosen = { .n = 0 };
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

/* --- the selection ------------------------------------------------------------------------- */

static struct nego_selection
usable_packages(const struct sec_host *host)
{
    struct nego_selection s = { .n = 0 };

    for (size_t i = 0; i < host->n_packages && s.n < NEGO_MECHS_MAX; i++) {
        const struct sec_package *p = host->packages[i];
        bool denied = p->rpc_id == RPC_ID_NTLM && host->settings->ntlm == SEC_NTLM_DENY;

        if (p != &negotiate_package && p->n_oids && !denied) {
            s.packages[s.n++] = p;
        }
    }
    return s;
}

sec_status
nego_selection_make(const struct sec_host *host, const struct sec_identity *identity,
                    struct nego_selection *s)
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

size_t
nego_selection_rank(const struct nego_selection *s, const struct sec_package *p)
{
    size_t i = 0;

    while (i < s->n && s->packages[i] != p) {
        i++;
    }
    return i;
}
