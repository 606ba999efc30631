/* SPDX-License-Identifier: Apache-2.0 */
/* Logons with Kerberos, a new connection for each: sspid over HTTP and framed, with one loop and two,
 * beside Apache with mod_auth_gssapi, all on loopback, all with replay detection, the same tokens for
 * all. What the client does before it connects is not timed. Beside the rates, which the client's own
 * work and whatever else runs have a part in, the processor's time that each server took. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/harness.h"
#include "bench/kerberos_web.h"

#define APACHE  "/usr/sbin/apache2"
#define MODULES "/usr/lib/apache2/modules"

enum { COUNTED = 4000 }; /* logons whose processor time is taken */

static const char apache_time[] = "Apache, processor time a logon";

static uint16_t
start_apache(pid_t *pid)
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
    *pid = server_start(argv, kerberos_realm_path("apache.log"));
    server_await(port,
                 "Apache did not start (packages apache2-bin and libapache2-mod-auth-gssapi)");
    return port;
}

/* --- the processor's time ------------------------------------------------------------------ */

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

static void
put_row(const char *what, pid_t pid, struct kerberos_web_visitor *visitor, double *seconds,
        double baseline)
{
    double before = server_seconds(pid);

    (void)kerberos_web_visits(visitor, COUNTED);
    *seconds = server_seconds(pid) - before;
    harness_row(what, *seconds / COUNTED * 1e6, "us", baseline > 0 ? *seconds / baseline : 0,
                baseline > 0 ? apache_time : NULL);
}

/* --- rates --------------------------------------------------------------------------------- */

static const char apache_one[] = "Apache mod_auth_gssapi: Kerberos, new connection each";
static const char apache_two[] = "Apache, 2 clients";

static struct harness_job
job(const char *what, struct kerberos_web_visitor *one, struct kerberos_web_visitor *two,
    const char *baseline)
{
    return (struct harness_job){ what, kerberos_web_visits, one, two, 1, "1/s", baseline };
}

static struct kerberos_web_visitor *
visitor(uint16_t port, int framed)
{
    static unsigned ahead_seconds;

    return kerberos_web_visitor_new(port, framed, ahead_seconds++ * 20);
}

int
main(void)
{
    static const char limits[] = "max_per_address = 10000\n";
    struct kerberos_web_sspid one_loop, two_loops;
    struct kerberos_web_visitor *a[2], *h[2], *h1[2], *f[2], *f1[2];
    double apache_seconds, seconds;
    pid_t apache_pid;
    uint16_t apache;

    kerberos_realm_make();
    (void)atexit(server_stop_all); /* before the folder goes */
    one_loop = kerberos_web_start_sspid("one", "1", limits);
    two_loops = kerberos_web_start_sspid("two", "2", limits);
    apache = start_apache(&apache_pid);
    for (int i = 0; i < 2; i++) {
        a[i] = visitor(apache, 0);
        h[i] = visitor(two_loops.http, 0);
        h1[i] = visitor(one_loop.http, 0);
        f[i] = visitor(two_loops.framed, 1);
        f1[i] = visitor(one_loop.framed, 1);
    }
    {
        const struct harness_job jobs[] = {
            job(apache_one, a[0], NULL, NULL),
            job("sspid: Kerberos over HTTP, new connection each", h[0], NULL, apache_one),
            job("sspid: Kerberos framed, new connection each", f[0], NULL, apache_one),
            job(apache_two, a[0], a[1], NULL),
            job("sspid over HTTP, 2 clients, 2 loops", h[0], h[1], apache_two),
            job("sspid over HTTP, 2 clients, 1 loop", h1[0], h1[1], apache_two),
            job("sspid framed, 2 clients, 2 loops", f[0], f[1], apache_two),
            job("sspid framed, 2 clients, 1 loop", f1[0], f1[1], apache_two),
        };

        harness_group(jobs, sizeof(jobs) / sizeof(jobs[0]));
    }
    put_row(apache_time, apache_pid, a[0], &apache_seconds, 0);
    put_row("sspid over HTTP, processor time a logon", two_loops.pid, h[0], &seconds,
            apache_seconds);
    put_row("sspid framed, processor time a logon", two_loops.pid, f[0], &seconds, apache_seconds);
    return 0;
}
