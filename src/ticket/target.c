/* SPDX-License-Identifier: Apache-2.0 */
/* Target names. */
#include "ticket/target.h"

#include <arpa/inet.h>

#include "ticket/principal.h"

enum { ADDRESS_TEXT_MAX = 64 };

static bool
has(struct bytes text, uint8_t c)
{
    return text.n && memchr(text.p, c, text.n);
}

static bool
is_realm(struct bytes text)
{
    bool capital = false;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] >= 'a' && text.p[i] <= 'z') {
            return false;
        }
        capital = capital || (text.p[i] >= 'A' && text.p[i] <= 'Z');
    }
    return capital;
}

/* "web:8080" without its port; "[::1]:80" and "::1" stay what they are. */
static struct bytes
without_port(struct bytes host)
{
    const uint8_t *colon = host.n ? memchr(host.p, ':', host.n) : NULL;
    size_t n = colon ? (size_t)(colon - host.p) : host.n;

    if (!colon || has(bytes_of(colon + 1, host.n - n - 1), ':')) {
        return host;
    }
    return bytes_of(host.p, n);
}

static bool
is_address(struct bytes host)
{
    char text[ADDRESS_TEXT_MAX];
    uint8_t address[16];

    if (host.n == 0 || host.n >= sizeof(text)) {
        return false;
    }
    bytes_copy(text, host.p, host.n);
    text[host.n] = 0;
    return host.p[0] == '[' || inet_pton(AF_INET, text, address) == 1 ||
           inet_pton(AF_INET6, text, address) == 1;
}

static enum target_fault
parse_service(struct target *t)
{
    t->kind = TARGET_SERVICE;
    t->name.type = t->name.n == 2 ? KRB_NT_SRV_HST : KRB_NT_SRV_INST;
    t->host = without_port(t->name.parts[1]);
    return is_address(t->host) ? TARGET_ADDRESS : TARGET_GOOD;
}

static enum target_fault
parse_host_based(struct target *t, struct bytes service, struct bytes host, struct bytes realm)
{
    t->kind = TARGET_HOST_BASED;
    t->name = (struct krb_name){ .type = KRB_NT_SRV_HST, .n = 2, .parts = { service, host } };
    t->host = host;
    t->realm = realm;
    return service.n == 0 || host.n == 0 ? TARGET_MALFORMED
           : is_address(host)            ? TARGET_ADDRESS
                                         : TARGET_GOOD;
}

/* service@host@REALM, of which principal_split has cut off the realm. */
static enum target_fault
parse_host_with_realm(struct target *t)
{
    struct bytes whole = t->name.parts[0];
    const uint8_t *at = memchr(whole.p, '@', whole.n);
    size_t n = (size_t)(at - whole.p);

    return parse_host_based(t, bytes_of(whole.p, n), bytes_of(at + 1, whole.n - n - 1), t->realm);
}

enum target_fault
target_parse(struct target *t, struct bytes text, bool user)
{
    *t = (struct target){ .kind = TARGET_PRINCIPAL };
    if (text.n == 0) {
        return TARGET_EMPTY;
    }
    if (has(text, 0)) {
        return TARGET_MALFORMED;
    }
    if (!has(text, '/') && !has(text, '@') && !user) {
        return TARGET_NO_SPN;
    }
    if (!principal_split(text, &t->name, &t->realm)) {
        return TARGET_MALFORMED;
    }
    if (t->name.n > 1) {
        return parse_service(t);
    }
    if (!user && has(t->name.parts[0], '@')) {
        return parse_host_with_realm(t);
    }
    if (!user && !is_realm(t->realm)) {
        return parse_host_based(t, t->name.parts[0], t->realm, bytes_of(NULL, 0));
    }
    t->name.type = KRB_NT_PRINCIPAL;
    return TARGET_GOOD;
}

const char *
target_fault_text(enum target_fault fault)
{
    static const char *const texts[] = {
        [TARGET_GOOD] = "is good",
        [TARGET_EMPTY] = "is empty: Kerberos needs the service's name",
        [TARGET_NO_SPN] = "is no service principal name, which would be service/host",
        [TARGET_ADDRESS] = "names an address, which nobody registers: use the host's name",
        [TARGET_MALFORMED] = "is malformed",
    };

    return texts[fault];
}
