/* SPDX-License-Identifier: Apache-2.0 */
/* A realm without a KDC. */
#include "tests/support/demo_realm.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/ccache_file.h"
#include "tests/support/fake_kdc.h"
#include "tests/support/keytab_file.h"

#define HOUR_100NS (UINT64_C(3600) * CLOCK_SECOND_100NS)

enum { PATH_BYTES = 128, TYPES = 5, SERVICES_MAX = 4 };

static const int32_t types[TYPES] = { KRB_AES256_SHA1, KRB_AES128_SHA1, KRB_AES256_SHA384,
                                      KRB_AES128_SHA256, KRB_RC4_HMAC };
static char folder[64], keytab[PATH_BYTES];

static void
require(int good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "demo_realm: %s\n", what);
        abort();
    }
}

static const char *
path_of(const char *name, char to[static PATH_BYTES])
{
    (void)snprintf(to, PATH_BYTES, "%s/%s", folder, name);
    return to;
}

static void
set_variable(const char *variable, const char *prefix, const char *name)
{
    char path[PATH_BYTES], value[PATH_BYTES + 8];

    (void)snprintf(value, sizeof(value), "%s%s", prefix, path_of(name, path));
    require(setenv(variable, value, 1) == 0, variable);
}

static void
write_configuration(void)
{
    char path[PATH_BYTES];
    FILE *f = fopen(path_of("krb5.conf", path), "w");

    require(f != NULL, path);
    (void)fputs("[libdefaults]\n"
                "    default_realm = " DEMO_REALM "\n"
                "    dns_lookup_kdc = false\n"
                "    dns_lookup_realm = false\n"
                "    dns_canonicalize_hostname = false\n"
                "    rdns = false\n"
                "    allow_rc4 = true\n"
                "    allow_weak_crypto = true\n"
                "[domain_realm]\n"
                "    .domain.test = " DEMO_REALM "\n",
                f);
    require(fclose(f) == 0, path);
}

static void
write_keytab(const char *const *services, size_t n, uint32_t kvno)
{
    struct keytab_file_entry entries[SERVICES_MAX * TYPES];
    struct krb_key keys[SERVICES_MAX * TYPES];
    char principals[SERVICES_MAX][PATH_BYTES], path[PATH_BYTES];

    require(n <= SERVICES_MAX, "too many services");
    for (size_t i = 0; i < n * TYPES; i++) {
        char *principal = principals[i / TYPES];
        int32_t type = types[i % TYPES];

        (void)snprintf(principal, PATH_BYTES, "%s@" DEMO_REALM, services[i / TYPES]);
        fake_kdc_key(services[i / TYPES], type, kvno, &keys[i]);
        entries[i] = (struct keytab_file_entry){ .principal = principal,
                                                 .kvno = kvno,
                                                 .enctype = type,
                                                 .key = bytes_of(keys[i].b, keys[i].n) };
    }
    keytab_file_write(path_of("keytab", path), entries, n * TYPES);
}

void
demo_realm_write_services(const char *const *services, size_t n)
{
    write_keytab(services, n, DEMO_KVNO);
}

void
demo_realm_write_keytab(uint32_t kvno)
{
    static const char *const service[] = { DEMO_SERVICE };
    char path[PATH_BYTES];

    if (!kvno) {
        (void)unlink(path_of("keytab", path));
        return;
    }
    write_keytab(service, 1, kvno);
}

void
demo_realm_write_cache(int32_t session_enctype, uint32_t flags)
{
    SEC_AUTO(wire_writer) der = wire_writer_growing(NULL, 0);
    uint64_t now = clock_now_100ns();
    struct ccache_file_entry entry = { .service = DEMO_SERVICE,
                                       .auth_100ns = now - HOUR_100NS,
                                       .start_100ns = now - HOUR_100NS,
                                       .end_100ns = now + 9 * HOUR_100NS,
                                       .flags = flags };
    struct krb_enc_ticket part = { .flags = flags,
                                   .crealm = bytes_of_string(DEMO_REALM),
                                   .cname = fake_kdc_name("alice", KRB_NT_PRINCIPAL),
                                   .authtime_100ns = entry.auth_100ns,
                                   .starttime_100ns = entry.start_100ns,
                                   .endtime_100ns = entry.end_100ns };
    const struct krb_ticket clear = { .realm = bytes_of_string(DEMO_REALM),
                                      .sname = fake_kdc_name(DEMO_SERVICE, KRB_NT_SRV_INST),
                                      .enc = { .has_kvno = true, .kvno = DEMO_KVNO } };
    struct krb_key seal;
    char path[PATH_BYTES];

    if (!session_enctype) {
        (void)unlink(path_of("cache", path));
        return;
    }
    fake_kdc_key(DEMO_SERVICE, KRB_AES256_SHA1, DEMO_KVNO, &seal);
    fake_kdc_session_key(1, DEMO_SERVICE, session_enctype, &entry.key);
    part.key = (struct krb_keyblock){ session_enctype, bytes_of(entry.key.b, entry.key.n) };
    fake_kdc_put_ticket(&der, 1, &clear, &part, &seal);
    entry.ticket = wire_written(&der);
    ccache_file_write(path_of("cache", path), "alice", DEMO_REALM, &entry, 1);
}

void
demo_realm_remove(void)
{
    static const char *const names[] = { "krb5.conf", "keytab", "cache" };
    char path[PATH_BYTES];

    for (size_t i = 0; folder[0] && i < SEC_ARRAY_LEN(names); i++) {
        (void)unlink(path_of(names[i], path));
    }
    if (folder[0]) {
        (void)rmdir(folder);
    }
    folder[0] = 0;
}

void
demo_realm_make(void)
{
    demo_realm_remove();
    (void)snprintf(folder, sizeof(folder), "/tmp/opensspi-realm-XXXXXX");
    require(mkdtemp(folder) != NULL, "a folder");
    require(atexit(demo_realm_remove) == 0, "atexit");
    (void)snprintf(keytab, sizeof(keytab), "FILE:%s/keytab", folder);
    write_configuration();
    set_variable("KRB5_CONFIG", "", "krb5.conf");
    set_variable("KRB5CCNAME", "FILE:", "cache");
    set_variable("KRB5_KTNAME", "FILE:", "keytab");
    demo_realm_write_keytab(DEMO_KVNO);
    demo_realm_write_cache(KRB_AES256_SHA1, KRB_TICKET_FORWARDABLE | KRB_TICKET_OK_AS_DELEGATE);
}

const char *
demo_realm_keytab(void)
{
    return keytab;
}
