/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-connect: to a framed listener of sspid's what nc is to TCP. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/host_port.h"
#include "base/mem.h"
#include "base/status.h"
#include "tools/connect_auth.h"
#include "tools/connect_listen.h"
#include "tools/connect_pump.h"
#include "tools/connect_sample.h"
#include "tools/password_input.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };
enum { HANDSHAKE_MS = 30000, MAX_MESSAGE = 1048576 }; /* sspid has the same, by default */

struct options {
    const char *package, *spn, *user, *password_file, *listen;
    bool password_stdin, delegate, verbose, sample, any_address;
    unsigned long max_message;
    char host[HOST_PORT_HOST_BYTES];
    const char *port;
};

static const char help_text[] =
    "Usage: sspi-connect [-v] [--package P] [--spn SPN] [--user DOMAIN\\NAME]\n"
    "                    [--password-stdin | --password-file FILE] [--delegate]\n"
    "                    [--protocol P] [--max-message N]\n"
    "                    [--listen ADDRESS:PORT [--any-address]] HOST:PORT\n\n"
    "    -v, --verbose        say which mechanism is used, and why no other\n"
    "    --package P          Negotiate (if not given), Kerberos, NTLM\n"
    "    --spn SPN            the service's name; host/HOST if not given\n"
    "    --user DOMAIN\\NAME   or NAME, or NAME@REALM; the default credentials if not given\n"
    "    --password-stdin     the password is the first line of standard input\n"
    "    --password-file F    the password is the first line of F, which others may not read\n"
    "    --delegate           let the service act as you, with tickets, where it may\n"
    "    --protocol P         framed (if not given), or sample: Microsoft's second socket sample\n"
    "    --max-message N      the bytes of a sealed message that the service takes (1048576)\n"
    "    --listen ADDRESS:PORT  for each client that connects there, a connection to HOST:PORT\n"
    "    --any-address        ... and the address need not be of loopback\n"
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

static bool
read_protocol(const char *word, bool *sample)
{
    *sample = strcmp(word, "sample") == 0;
    return *sample || strcmp(word, "framed") == 0;
}

/* NULL, or what does not go together. */
static const char *
contradiction(const struct options *o)
{
    if (o->password_stdin && o->password_file) {
        return "--password-stdin and --password-file: one of them";
    }
    if (!o->user && (o->password_stdin || o->password_file)) {
        return "a password goes with --user";
    }
    if (o->any_address && !o->listen) {
        return "--any-address goes with --listen";
    }
    return o->listen && o->sample ? "--protocol sample sends nothing: --listen is not for it"
                                  : NULL;
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
        { "delegate", no_argument, NULL, 'd' },
        { "protocol", required_argument, NULL, 'P' },
        { "max-message", required_argument, NULL, 'm' },
        { "listen", required_argument, NULL, 'l' },
        { "any-address", no_argument, NULL, 'a' },
        { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { 0 },
    };
    const char *wrong;
    char why[64];
    int option;

    while ((option = getopt_long(argc, argv, "v", known, NULL)) != -1) {
        switch (option) {
        case 'p': o->package = optarg; break;
        case 's': o->spn = optarg; break;
        case 'u': o->user = optarg; break;
        case 'i': o->password_stdin = true; break;
        case 'f': o->password_file = optarg; break;
        case 'd': o->delegate = true; break;
        case 'l': o->listen = optarg; break;
        case 'a': o->any_address = true; break;
        case 'P':
            if (!read_protocol(optarg, &o->sample)) {
                return usage("--protocol: expected framed or sample");
            }
            break;
        case 'm':
            if (!config_number(optarg, 64, 67108864, &o->max_message, why, sizeof(why))) {
                return usage("--max-message: expected a number from 64 to 67108864");
            }
            break;
        case 'v': o->verbose = true; break;
        case 'h': (void)fputs(help_text, stdout); return DONE;
        case 'V': (void)printf("sspi-connect (OpenSSPI) %s\n", OPENSSPI_VERSION); return DONE;
        default: return usage(NULL); /* getopt has said why */
        }
    }
    if (optind + 1 != argc || !host_port_split(argv[optind], o->host, &o->port)) {
        return usage("expected HOST:PORT or [ADDRESS]:PORT");
    }
    wrong = contradiction(o);
    if (wrong) {
        return usage(wrong);
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
        good = o->sample
                   ? connect_sample_run(fd, &context, deadline)
                   : connect_pump_run(&(struct connect_pump){ .server = fd,
                                                              .in = STDIN_FILENO,
                                                              .out = STDOUT_FILENO,
                                                              .context = &context,
                                                              .max_message = o->max_message });
        (void)DeleteSecurityContext(&context);
        (void)FreeCredentialsHandle(&credential);
    }
    (void)close(fd);
    return good ? DONE : FAILED;
}

static int
listen_for(const struct options *o, const struct connect_auth *auth)
{
    const struct connect_listen listen = { .address = o->listen,
                                           .any_address = o->any_address,
                                           .host = o->host,
                                           .port = o->port,
                                           .auth = auth,
                                           .max_message = o->max_message };

    return connect_listen_run(&listen) ? DONE : FAILED;
}

int
main(int argc, char **argv)
{
    struct options o = { .package = "Negotiate", .max_message = MAX_MESSAGE };
    char spn[HOST_PORT_HOST_BYTES + 8];
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
                                  .delegate = o.delegate,
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
    status = o.listen ? listen_for(&o, &auth) : talk(&o, &auth);
    secret_clear(&password);
    mem_free(user);
    return status;
}
