/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP Negotiate with Kerberos, a new connection for each request: sspid beside Apache with
 * mod_auth_gssapi, both on loopback, both with replay detection, the same tokens for both. What the
 * client does before it connects is not timed. Beside the rates, which the client's own work and
 * whatever else runs have a part in, the processor's time that each server took. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/mem.h"
#include "bench/harness.h"
#include "bench/kerberos_realm.h"
#include "bench/server.h"
#include "codec/spnego_msg.h"

#define APACHE  "/usr/sbin/apache2"
#define MODULES "/usr/lib/apache2/modules"

enum { BATCH = 500, ANSWER_BYTES = 16384 };

static pid_t sspid_process, apache_process;

/* --- servers ------------------------------------------------------------------------------- */

static uint16_t
start_sspid(void)
{
    static const char form[] = "[kerberos]\nkeytab = FILE:%s\nreplay_capacity = 3000000\n"
                               "[listener web]\nprotocol = http\naddress = 127.0.0.1:%u\n"
                               "backend = whoami\npackage = Kerberos\nmax_per_address = 10000\n"
                               "[events]\nfile = %s\n";
    char text[1024], conf[256];
    const char *const argv[] = { SSPID, "--config", conf, NULL };
    uint16_t port = server_free_port();

    (void)snprintf(text, sizeof(text), form, kerberos_realm_path("keytab"), port,
                   kerberos_realm_path("events.jsonl"));
    kerberos_realm_write("sspid.conf", text);
    (void)snprintf(conf, sizeof(conf), "%s", kerberos_realm_path("sspid.conf"));
    sspid_process = server_start(argv, kerberos_realm_path("sspid.log"));
    server_await(port, "sspid did not start");
    return port;
}

static uint16_t
start_apache(void)
{
    static const char form[] =
        "ServerRoot %s\nServerName localhost\nDefaultRuntimeDir %s\nPidFile %s/pid\n"
        "Mutex file:%s\nListen 127.0.0.1:%u\n"
        "LoadModule mpm_event_module " MODULES "/mod_mpm_event.so\n"
        "LoadModule authn_core_module " MODULES "/mod_authn_core.so\n"
        "LoadModule authz_core_module " MODULES "/mod_authz_core.so\n"
        "LoadModule authz_user_module " MODULES "/mod_authz_user.so\n"
        "LoadModule auth_gssapi_module " MODULES "/mod_auth_gssapi.so\n"
        "ErrorLog %s/apache.error\nLogLevel warn\nDocumentRoot %s/www\n%s"
        "<Directory %s/www>\n Require all granted\n</Directory>\n"
        "<Location /whoami>\n AuthType GSSAPI\n AuthName bench\n GssapiCredStore keytab:%s/keytab\n"
        " GssapiAllowedMech krb5\n Require valid-user\n</Location>\n";
    char text[4096], conf[256], root[128];
    const char *const argv[] = { APACHE, "-f", conf, "-D", "FOREGROUND", NULL };
    uint16_t port = server_free_port();

    (void)snprintf(root, sizeof(root), "%s", kerberos_realm_path(""));
    root[strlen(root) - 1] = 0;
    /* Its children are another user's. */
    server_check(mkdir(kerberos_realm_path("www"), 0755) == 0 && chmod(root, 01777) == 0 &&
                     chmod(kerberos_realm_path("keytab"), 0644) == 0 &&
                     chmod(kerberos_realm_path("krb5.conf"), 0644) == 0,
                 "Apache's folder");
    kerberos_realm_write("www/whoami", "{\"user\":\"alice\"}\n");
    (void)snprintf(text, sizeof(text), form, root, root, root, root, port, root, root,
                   geteuid() == 0 ? "User www-data\nGroup www-data\n" : "", root, root);
    kerberos_realm_write("apache.conf", text);
    (void)snprintf(conf, sizeof(conf), "%s", kerberos_realm_path("apache.conf"));
    apache_process = server_start(argv, kerberos_realm_path("apache.log"));
    server_await(port,
                 "Apache did not start (packages apache2-bin and libapache2-mod-auth-gssapi)");
    return port;
}

/* --- requests ------------------------------------------------------------------------------ */

struct visitor {
    uint16_t port;
    long visits;
    struct kerberos_maker *maker;
    struct wire_writer requests;
    size_t at[BATCH + 1];
};

/* As browsers send it: SPNEGO with Kerberos alone, its token at once. */
static void
put_request(struct visitor *v)
{
    SEC_AUTO(wire_writer) token = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) outer = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) list = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) text = wire_writer_growing(NULL, 0);
    struct spnego_init m = { 0 };

    kerberos_maker_put(v->maker, &token);
    wire_put_u8(&list, 0x30);
    wire_put_u8(&list, (uint8_t)gss_krb5_oid.n);
    wire_put_bytes(&list, gss_krb5_oid);
    m.mech_list = wire_written(&list);
    m.mech_token = wire_written(&token);
    spnego_init_encode(&outer, &m);
    base64_encode(wire_written(&outer), &text);
    wire_put_bytes(&v->requests,
                   bytes_of_string("GET /whoami HTTP/1.1\r\nHost: web.example.test\r\n"
                                   "Connection: close\r\nAuthorization: Negotiate "));
    wire_put_bytes(&v->requests, wire_written(&text));
    wire_put_bytes(&v->requests, bytes_of_string("\r\n\r\n"));
}

static void
visit(uint16_t port, const uint8_t *request, size_t n)
{
    char answer[ANSWER_BYTES];
    size_t got = 0;
    ssize_t r;
    int fd = server_connect(port);

    server_check(fd >= 0 && send(fd, request, n, MSG_NOSIGNAL) == (ssize_t)n, "the request");
    while (got < sizeof(answer) - 1 &&
           (r = recv(fd, answer + got, sizeof(answer) - 1 - got, 0)) > 0) {
        got += (size_t)r;
    }
    answer[got] = 0;
    (void)close(fd);
    if (strncmp(answer, "HTTP/1.1 200", 12) != 0 ||
        !strcasestr(answer, "\r\nWWW-Authenticate: Negotiate ")) {
        (void)fprintf(stderr, "%.300s\n", answer);
        server_check(0, "not 200 with a token");
    }
}

static double
visits(void *state, long n)
{
    struct visitor *v = state;
    double total = 0;

    while (n > 0) {
        long now = n < BATCH ? n : BATCH;
        double begin;

        v->requests.len = 0;
        for (long i = 0; i < now; i++) {
            v->at[i] = v->requests.len;
            put_request(v);
        }
        v->at[now] = v->requests.len;
        server_check(wire_writer_status(&v->requests) == WIRE_OK, "memory");
        begin = harness_now();
        for (long i = 0; i < now; i++) {
            visit(v->port, v->requests.p + v->at[i], v->at[i + 1] - v->at[i]);
        }
        total += harness_now() - begin;
        v->visits += now;
        n -= now;
    }
    return total;
}

static struct visitor *
visitor_new(uint16_t port, unsigned ahead_seconds)
{
    struct visitor *v = mem_new(sizeof(*v));

    server_check(v && (v->maker = mem_new(sizeof(*v->maker))), "memory");
    v->port = port;
    v->requests = wire_writer_growing(NULL, 0);
    kerberos_maker_init(v->maker, ahead_seconds);
    return v;
}

/* proc_pid_stat(5): the number after so many blanks behind the process's name. */
static unsigned long
stat_number(const char *behind_name, unsigned blanks)
{
    const char *at = behind_name;

    while (at && blanks--) {
        at = strchr(at + 1, ' ');
    }
    return at ? strtoul(at, NULL, 10) : 0;
}

/* Of that process where it is pid, or pid's child; 0 for others. */
static double
seconds_of(const char *process, pid_t pid)
{
    char path[64], line[1024] = "";
    const char *behind_name;
    unsigned long self, parent;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%.16s/stat", process);
    f = fopen(path, "r");
    if (f) {
        (void)!fgets(line, sizeof(line), f);
        (void)fclose(f);
    }
    behind_name = strrchr(line, ')');
    self = strtoul(process, NULL, 10);
    parent = stat_number(behind_name, 2);
    if (!behind_name || ((pid_t)self != pid && (pid_t)parent != pid)) {
        return 0;
    }
    return (double)(stat_number(behind_name, 12) + stat_number(behind_name, 13)) /
           (double)sysconf(_SC_CLK_TCK);
}

/* The processor's time that a server and its children have taken. */
static double
server_seconds(pid_t pid)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    double total = 0;

    server_check(processes != NULL, "/proc");
    while ((entry = readdir(processes)) != NULL) {
        total += seconds_of(entry->d_name, pid);
    }
    (void)closedir(processes);
    return total;
}

static double
microseconds_a_visit(double seconds, const struct visitor *one, const struct visitor *other)
{
    return seconds / (double)(one->visits + other->visits) * 1e6;
}

int
main(void)
{
    uint16_t sspid, apache;
    double before[2], took[2];

    kerberos_realm_make();
    (void)atexit(server_stop_all); /* before the folder goes */
    sspid = start_sspid();
    apache = start_apache();
    {
        const char *const baseline = "Apache mod_auth_gssapi: Kerberos, new connection each";
        struct visitor *const to_apache[] = { visitor_new(apache, 0), visitor_new(apache, 60) };
        struct visitor *const to_sspid[] = { visitor_new(sspid, 0), visitor_new(sspid, 60) };
        const struct harness_job jobs[] = {
            { baseline, visits, to_apache[0], NULL, 1, "1/s", NULL },
            { "sspid: Kerberos over HTTP, new connection each", visits, to_sspid[0], NULL, 1, "1/s",
              baseline },
            { "Apache, 2 clients", visits, to_apache[0], to_apache[1], 1, "1/s", NULL },
            { "sspid, 2 clients", visits, to_sspid[0], to_sspid[1], 1, "1/s", "Apache, 2 clients" },
        };

        before[0] = server_seconds(sspid_process);
        before[1] = server_seconds(apache_process);
        harness_group(jobs, sizeof(jobs) / sizeof(jobs[0]));
        took[0] = microseconds_a_visit(server_seconds(sspid_process) - before[0], to_sspid[0],
                                       to_sspid[1]);
        took[1] = microseconds_a_visit(server_seconds(apache_process) - before[1], to_apache[0],
                                       to_apache[1]);
        harness_row("Apache, processor time a logon", took[1], "us", 0, NULL);
        harness_row("sspid, processor time a logon", took[0], "us", took[0] / took[1],
                    "Apache, processor time a logon");
    }
    return 0;
}
