/* SPDX-License-Identifier: Apache-2.0 */
/* One call on a pseudo-terminal: rasd's side of it (src/ras/ppp.h, our plugin, a store of accounts)
 * on one end, a caller's program on the other. What happens is printed, one JSON array a line.
 * SIGTERM hangs up.
 *   ppp_line STORE KEY_FILE FOLDER PLUGIN REQUIRE MPPE LOCAL REMOTE OPTIONS -- CALLER [ARGUMENT...] */
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "account/account.h"
#include "ras/ppp.h"
#include "ras/settings.h"
#include "tests/support/hex.h"

enum { STORE = 1, KEY_FILE, FOLDER, PLUGIN, REQUIRE, MPPE, LOCAL, REMOTE, OPTIONS, DASHES, CALLER };

static struct ppp *call;
static struct ppp_server *server;
static uv_signal_t on_term;

static bool
authenticated(void *owner, const char *user, const char *domain, const char *sid)
{
    printf("[\"authenticated\", \"%s\", \"%s\", \"%s\"]\n", user, domain, sid);
    return strcmp(user, "other") != 0; /* whom the module did not vet */
}

static void
refused(void *owner, const char *user, const char *domain, const char *why, const char *locked_out)
{
    printf("[\"refused\", \"%s\", \"%s\", \"%s\"]\n", user, domain, why);
}

static void
up(void *owner, const char *interface_name, const char *local, const char *remote)
{
    printf("[\"up\", \"%s\", \"%s\", \"%s\"]\n", interface_name, local, remote);
}

static void
ended(void *owner, int exit_status, const struct ppp_accounting *a)
{
    printf("[\"ended\", %d, %llu, %llu, %llu, \"%s\", \"%s\", \"%s\"]\n", exit_status,
           (unsigned long long)a->seconds, (unsigned long long)a->bytes_in,
           (unsigned long long)a->bytes_out, a->local, a->remote, a->reason);
    ppp_free(call);
    ppp_server_close(server);
    uv_close((uv_handle_t *)&on_term, NULL);
}

static void
stop(uv_signal_t *handle, int number)
{
    ppp_stop(call);
}

static pid_t
start_caller(int master, char **argv)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)dup2(master, 0);
        (void)dup2(master, 1);
        (void)execv(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static void
die(const char *what, const char *why)
{
    (void)fprintf(stderr, "ppp_line: %s: %s\n", what, why);
    exit(3);
}

int
main(int argc, char **argv)
{
    struct log log = log_on_stderr("ppp_line", LOG_LEVEL_DEBUG);
    const struct ppp_events events = { authenticated, refused, up, ended };
    struct port_settings port = { .name = (char *)"test", .type = PORT_PTY };
    struct account_options options = { .domain = UTF16("TESTS"),
                                       .lockout_threshold = 3,
                                       .lockout_minutes = 10 };
    struct account_authority *accounts = NULL;
    uv_loop_t *loop = uv_default_loop();
    char why[200] = "";
    int master, slave;
    struct termios raw;
    pid_t caller;

    if (argc <= CALLER) {
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    options.store = argv[STORE];
    options.key_file = argv[KEY_FILE];
    port.ppp.require = (unsigned)strtoul(argv[REQUIRE], NULL, 10);
    port.ppp.mppe = argv[MPPE][0] == '1';
    port.ppp.local_address = argv[LOCAL];
    port.ppp.options = argv[OPTIONS];
    if (account_authority_open(&options, &accounts) != SEC_E_OK) {
        die("accounts", sec_reason());
    }
    server = ppp_server_open(&(struct ppp_server_args){ .loop = loop,
                                                        .log = &log,
                                                        .pppd = "/usr/sbin/pppd",
                                                        .plugin = argv[PLUGIN],
                                                        .run_directory = argv[FOLDER] },
                             why, sizeof(why));
    if (!server) {
        die("server", why);
    }
    if (openpty(&master, &slave, NULL, NULL, NULL) || tcgetattr(slave, &raw)) {
        die("openpty", "no pseudo-terminal");
    }
    cfmakeraw(&raw);
    (void)tcsetattr(slave, TCSANOW, &raw);
    (void)fcntl(master, F_SETFD, FD_CLOEXEC);
    (void)uv_signal_init(loop, &on_term);
    (void)uv_signal_start(&on_term, stop, SIGTERM);
    call = ppp_start(server, slave, &port,
                     (struct ppp_call){ .id = 7, .remote = argv[REMOTE], .accounts = accounts },
                     &events, NULL, why, sizeof(why));
    if (!call) {
        die("pppd", why);
    }
    caller = start_caller(master, argv + CALLER);
    (void)close(master);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    account_authority_close(accounts);
    (void)kill(caller, SIGTERM);
    (void)waitpid(caller, NULL, 0);
    return 0;
}
