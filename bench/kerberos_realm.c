/* SPDX-License-Identifier: Apache-2.0 */
/* A realm without a KDC, and its client. */
#include "bench/kerberos_realm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "codec/pac.h"
#include "tests/support/ccache_file.h"
#include "tests/support/fake_kdc.h"
#include "tests/support/keytab_file.h"

#define HOUR_100NS (UINT64_C(36000000000))

enum { KVNO = 3 };

static char folder[64];
static pid_t owner;

static void
check(int good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "kerberos_realm: %s\n", what);
        exit(1);
    }
}

static void
tidy_up(void)
{
    char command[128];

    if (getpid() != owner) {
        return;
    }
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    check(system(command) == 0, command);
}

char *
kerberos_realm_path(const char *name)
{
    static char text[4][128];
    static unsigned next;
    char *to = text[next++ % 4];

    (void)snprintf(to, sizeof(text[0]), "%s/%s", folder, name);
    return to;
}

void
kerberos_realm_write(const char *name, const char *text)
{
    FILE *f = fopen(kerberos_realm_path(name), "w");

    check(f && fputs(text, f) >= 0 && fclose(f) == 0, name);
}

/* A PAC as a domain makes it for a user in a few groups. Its signature is the forge's business. */
static void
put_pac(struct wire_writer *w, uint64_t authtime_100ns)
{
    static const uint8_t signature[16] = { 16 }; /* hmac-sha1-96-aes256, 12 bytes blank */
    static const uint8_t groups[8 * 8] = { 1, 2, 0, 0, 7, 0, 0, 0, 2, 2, 0, 0, 7 };
    SEC_AUTO(wire_writer) logon = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) client = wire_writer_growing(NULL, 0);
    const struct bytes alice = bytes_of(u"alice", 10), domain = bytes_of(u"EXAMPLE", 14);
    const struct pac_logon_info info = {
        .logon_100ns = authtime_100ns,
        .logoff_100ns = INT64_MAX,
        .kickoff_100ns = INT64_MAX,
        .password_last_set_100ns = authtime_100ns,
        .password_must_change_100ns = INT64_MAX,
        .user = alice,
        .full_name = alice,
        .logon_server = bytes_of(u"DC1", 6),
        .domain = domain,
        .user_rid = 1104,
        .primary_group_rid = 513,
        .has_domain_sid = true,
        .domain_sid = { .authority = 5, .n = 4, .parts = { 21, 1, 2, 3 } },
        .groups = bytes_of(groups, sizeof(groups)),
        .user_session_key = bytes_of((uint8_t[16]){ 0 }, 16),
    };
    const struct pac_client_info who = { authtime_100ns, alice };

    pac_logon_info_encode(&logon, &info, NULL, 0);
    pac_client_info_encode(&client, &who);
    {
        const struct pac_buffer buffers[] = {
            { PAC_LOGON_INFO, wire_written(&logon) },
            { PAC_CLIENT_INFO, wire_written(&client) },
            { PAC_SERVER_SIGNATURE, bytes_of(signature, sizeof(signature)) },
            { PAC_KDC_SIGNATURE, bytes_of(signature, sizeof(signature)) },
        };

        pac_encode(w, buffers, sizeof(buffers) / sizeof(*buffers));
    }
}

void
kerberos_maker_init(struct kerberos_maker *m, unsigned ahead_seconds)
{
    uint64_t now = clock_now_100ns() / CLOCK_SECOND_100NS * CLOCK_SECOND_100NS;

    fake_ticket_init(&m->tickets);
    m->tickets.kvno = KVNO;
    m->tickets.auth_100ns = m->tickets.start_100ns = now - HOUR_100NS;
    m->tickets.end_100ns = now + 9 * HOUR_100NS;
    krb_forge_init(&m->forge, &m->tickets);
    m->pac = wire_writer_growing(NULL, 0);
    put_pac(&m->pac, m->tickets.auth_100ns);
    m->forge.pac = wire_written(&m->pac);
    m->last_100ns = now + ahead_seconds * CLOCK_SECOND_100NS;
}

/* Microseconds tell authenticators apart. */
void
kerberos_maker_put(struct kerberos_maker *m, struct wire_writer *out)
{
    uint64_t now = clock_now_100ns() / 10 * 10;

    m->last_100ns = now > m->last_100ns ? now : m->last_100ns + 10;
    m->forge.authenticator.ctime_100ns = m->last_100ns;
    krb_forge_put(&m->forge, out);
}

static void
write_keys(const struct kerberos_maker *m)
{
    SEC_AUTO(wire_writer) ticket = wire_writer_growing(NULL, 0);
    struct krb_key key;
    struct keytab_file_entry entry = { .principal = REALM_SERVICE "@" FAKE_REALM,
                                       .kvno = KVNO,
                                       .enctype = KRB_AES256_SHA1 };
    struct ccache_file_entry cached = { .service = REALM_SERVICE,
                                        .key = m->forge.session_key,
                                        .auth_100ns = m->tickets.auth_100ns,
                                        .start_100ns = m->tickets.auth_100ns,
                                        .end_100ns = m->tickets.end_100ns,
                                        .flags = KRB_TICKET_FORWARDABLE };

    fake_kdc_key(REALM_SERVICE, KRB_AES256_SHA1, KVNO, &key);
    entry.key = bytes_of(key.b, key.n);
    keytab_file_write(kerberos_realm_path("keytab"), &entry, 1);
    fake_kdc_put_ticket(&ticket, 1, &m->forge.clear, &m->forge.ticket, &key);
    cached.ticket = wire_written(&ticket);
    ccache_file_write(kerberos_realm_path("cache"), "alice", FAKE_REALM, &cached, 1);
}

static void
set_variable(const char *variable, const char *prefix, const char *name)
{
    char value[256];

    (void)snprintf(value, sizeof(value), "%s%s", prefix, kerberos_realm_path(name));
    check(setenv(variable, value, 1) == 0, variable);
}

void
kerberos_realm_make(void)
{
    static struct kerberos_maker m;
    char text[512];

    owner = getpid();
    (void)snprintf(folder, sizeof(folder), "/tmp/opensspi-bench-XXXXXX");
    check(mkdtemp(folder) != NULL, "a folder");
    (void)atexit(tidy_up);
    kerberos_maker_init(&m, 0);
    write_keys(&m);
    kerberos_realm_write("krb5.conf", "[libdefaults]\n default_realm = " FAKE_REALM
                                      "\n dns_lookup_kdc = false\n dns_lookup_realm = false\n"
                                      " dns_canonicalize_hostname = false\n rdns = false\n"
                                      "[domain_realm]\n .example.test = " FAKE_REALM "\n");
    (void)snprintf(text, sizeof(text),
                   "[kerberos]\nkeytab = FILE:%s\nprincipal = " REALM_SERVICE
                   "\nreplay_capacity = 3000000\n",
                   kerberos_realm_path("keytab"));
    kerberos_realm_write("opensspi.conf", text);
    set_variable("KRB5_CONFIG", "", "krb5.conf");
    set_variable("KRB5CCNAME", "FILE:", "cache");
    set_variable("KRB5_KTNAME", "FILE:", "keytab");
    set_variable("KRB5RCACHEDIR", "", "");
}
