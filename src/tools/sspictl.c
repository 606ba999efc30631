/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl: packages, the service, events, tokens, faults, accounts, one-time codes, calls. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/secret.h"
#include "tools/account_audit.h"
#include "tools/date.h"
#include "tools/sspictl.h"

static const struct sspictl_command commands[] = {
    { "packages", sspictl_packages }, { "status", sspictl_status }, { "events", sspictl_events },
    { "decode", sspictl_decode },     { "doctor", sspictl_doctor }, { "account", sspictl_account },
    { "otp", sspictl_otp },           { "ras", sspictl_ras },       { 0 },
};

static const char help_text[] =
    "Usage: sspictl [--config FILE] COMMAND\n\n"
    "    packages [--json]\n"
    "    status [--json]\n"
    "    events [--follow] [--since DATE] [--until DATE] [--id ID]... [--user NAME]\n"
    "           [--address ADDRESS] [--package NAME] [--file FILE] [--json]\n"
    "    decode [--keytab FILE] [TOKEN]...\n"
    "    doctor [--spn SPN] [--keytab FILE] [--listener NAME] [--user USER] [--json]\n"
    "    account add NAME [--password-stdin] [--group GROUP]... [--unix-user USER]\n"
    "                [--expires DATE] [--password-expires DATE] [--dial-in yes|no]\n"
    "                [--keep-clear-text]\n"
    "    account modify NAME [--group GROUP]... [--no-group GROUP]... [--unix-user USER]\n"
    "                [--expires DATE] [--password-expires DATE] [--dial-in yes|no]\n"
    "    account passwd NAME [--password-stdin] [--keep-clear-text | --own]\n"
    "    account list [--json]\n"
    "    account show NAME [--json]\n"
    "    account enable | disable | unlock | remove NAME\n"
    "    otp enroll USER [--hotp] [--digits N] [--period SECONDS] [--algorithm NAME]\n"
    "               [--issuer NAME] [--secret-stdin] [--qr] [--no-confirm]\n"
    "    otp list\n"
    "    otp remove USER\n"
    "    ras status [--json]\n"
    "    ras hangup PORT\n\n"
    "    --config FILE   instead of OPENSSPI_CONFIG or /etc/opensspi/opensspi.conf\n"
    "    --help, --version\n\n"
    "TOKEN: base64, hexadecimal or a line such as \"Authorization: Negotiate YII...\";\n"
    "without one, standard input: one a line, or the raw bytes of one. With a\n"
    "keytab, Kerberos tickets are opened.\n"
    "DATE: " DATE_FORMS "; never for --expires;\n"
    "for events also " DATE_PAST_FORMS ".\n"
    "Exit status: 0 done, 1 refused or failed (decode: a broken token, doctor: a fault), 2 a\n"
    "fault in the options or the configuration.\n"
    "More in sspictl(1).\n";

int
sspictl_usage(const char *format, ...)
{
    va_list args;

    (void)fprintf(stderr, "sspictl: ");
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, "\nTry: sspictl --help\n");
    return SSPICTL_USAGE;
}

int
sspictl_failed(const char *what, sec_status status)
{
    const char *reason = sec_reason();

    (void)fprintf(stderr, "sspictl: %s: %s\n", what, *reason ? reason : sec_status_name(status));
    return SSPICTL_FAILED;
}

int
sspictl_dispatch(const struct sspictl_command *list, const char *what, const char *config_file,
                 int argc, char **argv)
{
    if (argc < 1) {
        return sspictl_usage("%s is missing", what);
    }
    for (; list->name; list++) {
        if (strcmp(list->name, argv[0]) == 0) {
            return list->run(config_file, argc, argv);
        }
    }
    return sspictl_usage("there is no %s %s", what, argv[0]);
}

bool
sspictl_take_json(int argc, char **argv, const char *command, bool *json)
{
    static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
    int option;

    *json = false;
    optind = 0; /* glibc: begin anew */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'j') {
            return false; /* getopt has said why */
        }
        *json = true;
    }
    if (optind != argc) {
        (void)sspictl_usage("%s takes no name", command);
        return false;
    }
    return true;
}

static int
help(void)
{
    (void)fputs(help_text, stdout);
    return SSPICTL_DONE;
}

/* "sspictl account add --help": one help has it all. */
static bool
asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return true;
        }
    }
    return false;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'v' },
        { 0 },
    };
    const char *config_file = NULL;
    int option, result;

    secret_harden_process();
    (void)umask(077);
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (option == 'h') {
            return help();
        }
        if (option == 'v') {
            (void)printf("sspictl (OpenSSPI) %s\n", OPENSSPI_VERSION);
            return SSPICTL_DONE;
        }
        if (option != 'c') {
            return SSPICTL_USAGE; /* getopt has said why */
        }
        config_file = optarg;
    }
    if (asks_for_help(argc - optind, argv + optind)) {
        return help();
    }
    result = sspictl_dispatch(commands, "command", config_file, argc - optind, argv + optind);
    account_audit_end();
    return result;
}
