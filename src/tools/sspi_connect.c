/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-connect: to a framed listener of sspid's what nc is to TCP. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/status.h"
#include "tools/connect_auth.h"
#include "tools/connect_pump.h"
#include "tools/password_input.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };
enum { HANDSHAKE_MS = 30000, HOST_BYTES = 256 };

struct options {
    const char *package, *spn, *user, *password_file;
    bool password_stdin, verbose;
    char host[HOST_BYTES];
    const char *port;
};

static const char help_text[] =
    "Usage: sspi-connect [-v] [--package P] [--spn SPN] [--user DOMAIN\\NAME]\n"
    "                    [--password-stdin | --password-file FILE] HOST:PORT\n\n"
    "    -v, --verbose        say which mechanism is used, and why no other\n"
    "    --package P          Negotiate (if not given), Kerberos, NTLM\n"
    "    --spn SPN            the service's name; host/HOST if not given\n"
    "    --user DOMAIN\\NAME   or NAME, or NAME@REALM; the default credentials if not given\n"
    "    --password-stdin     the password is the first line of standard input\n"
    "    --password-file F    the password is the first line of F, which others may not read\n"
    "    --help, --version\n\n"
    "Then standard input goes to the service and what it sends to standard output, both sealed.\n"
    "Exit status: 0 done, 1 refused or failed, 2 a fault in the options. More in "
    "sspi-connect(1).\n";

static int
usage(const char *what)
{
    if (what) {
        (void)fprintf(stderr, "sspi-connect: %s\n", what);
    }
    (void)fprintf(stderr, "Try: sspi-connect --help\n");
    return USAGE;
}

/* "HOST:PORT" or "[ADDRESS]:PORT" */
static bool
read_target(const char *text, struct options *o)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    bool brackets = n >= 2 && text[0] == '[' && text[n - 1] == ']';

    if (!n || !colon[1] || n >= sizeof(o->host) || (!brackets && memchr(text, ':', n))) {
        return false;
    }
    (void)snprintf(o->host, sizeof(o->host), "%.*s", (int)(brackets ? n - 2 : n), text + brackets);
    o->port = colon + 1;
    return o->host[0] != 0;
}

/* -1: go on; else the exit status. */
static int
read_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        { "package", required_argument, NULL, 'p' },
        { "spn", required_argument, NULL, 's' },
        { "user", required_argument, NULL, 'u' },
        { "password-stdin", no_argument, NULL, 'i' },
        { "password-file", required_argument, NULL, 'f' },
        { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "v", known, NULL)) != -1) {
        switch (option) {
        case 'p': o->package = optarg; break;
        case 's': o->spn = optarg; break;
        case 'u': o->user = optarg; break;
        case 'i': o->password_stdin = true; break;
        case 'f': o->password_file = optarg; break;
        case 'v': o->verbose = true; break;
        case 'h': (void)fputs(help_text, stdout); return DONE;
        case 'V': (void)printf("sspi-connect (OpenSSPI) %s\n", OPENSSPI_VERSION); return DONE;
        default: return usage(NULL); /* getopt has said why */
        }
    }
    if (optind + 1 != argc || !read_target(argv[optind], o)) {
        return usage("expected HOST:PORT or [ADDRESS]:PORT");
    }
    if (o->password_stdin && o->password_file) {
        return usage("--password-stdin and --password-file: one of them");
    }
    if (!o->user && (o->password_stdin || o->password_file)) {
        return usage("a password goes with --user");
    }
    return -1;
}

static bool
read_password(const struct options *o, struct secret *password)
{
    sec_status status;

    if (o->password_stdin) {
        status = password_input_stdin(password);
    } else if (o->password_file) {
        status = password_input_file(o->password_file, password);
    } else {
        status = password_input_terminal("Password", NULL, password);
    }
    if (status != SEC_E_OK) {
        connect_auth_complain(*sec_reason() ? sec_reason() : sec_status_name(status), NULL);
    }
    return status == SEC_E_OK;
}

static int
talk(const struct options *o, const struct connect_auth *auth)
{
    uint64_t deadline = clock_monotonic_ms() + HANDSHAKE_MS;
    int fd = connect_auth_dial(o->host, o->port, deadline);
    CredHandle credential;
    CtxtHandle context;
    bool good;

    if (fd < 0) {
        return FAILED;
    }
    good = connect_auth_run(fd, auth, deadline, &credential, &context);
    if (good) {
        good = connect_pump_run(fd, &context);
        (void)DeleteSecurityContext(&context);
        (void)FreeCredentialsHandle(&credential);
    }
    (void)close(fd);
    return good ? DONE : FAILED;
}

int
main(int argc, char **argv)
{
    struct options o = { .package = "Negotiate" };
    char spn[HOST_BYTES + 8];
    struct secret password = { 0 };
    struct connect_auth auth;
    char *user = NULL, *backslash;
    int status = read_options(argc, argv, &o);

    if (status >= 0) {
        return status;
    }
    secret_harden_process();
    (void)snprintf(spn, sizeof(spn), "host/%s", o.host);
    auth = (struct connect_auth){ .package = o.package,
                                  .spn = o.spn ? o.spn : spn,
                                  .verbose = o.verbose };
    if (o.user) {
        user = mem_dup(o.user, strlen(o.user));
        if (!user || !read_password(&o, &password)) {
            mem_free(user);
            secret_clear(&password);
            return FAILED;
        }
        backslash = strchr(user, '\\');
        auth.user = backslash ? backslash + 1 : user;
        auth.domain = backslash ? user : "";
        auth.password = &password;
        if (backslash) {
            *backslash = 0;
        }
    }
    status = talk(&o, &auth);
    secret_clear(&password);
    mem_free(user);
    return status;
}
