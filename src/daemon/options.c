/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a daemon. */
#include <getopt.h>
#include <stdio.h>

#include "base/config.h"
#include "daemon/options.h"
#include "daemon/process.h"

enum { WHY_BYTES = 128, TEXT_BYTES = 256 };

static const char help_text[] =
    "    -n, --check     only check the configuration\n"
    "    -v, --verbose   say more on standard error\n"
    "    --config FILE   instead of OPENSSPI_CONFIG or /etc/opensspi/opensspi.conf\n";

static void
print_help(const struct options_program *p)
{
    (void)printf("Usage: %s [-n] [-v] [--config FILE]", p->name);
    if (p->own) {
        (void)printf(" [--%s %s]", p->own->name, p->own->argument);
    }
    (void)printf("\n\n%s", help_text);
    if (p->own) {
        char left[32];

        (void)snprintf(left, sizeof(left), "--%s %s", p->own->name, p->own->argument);
        (void)printf("    %-15s %s\n", left, p->own->help);
    }
    (void)printf("    --help, --version\n\n"
                 "Exit status: 0 done, 1 failed, 2 a fault in the options or the configuration.\n"
                 "More in %s(8) and opensspi.conf(5).\n",
                 p->name);
}

static int
usage(const struct options_program *p, const char *what)
{
    if (what) {
        (void)fprintf(stderr, "%s: %s\n", p->name, what);
    }
    (void)fprintf(stderr, "Try: %s --help\n", p->name);
    return PROCESS_USAGE;
}

static int
take_own(const struct options_program *p)
{
    char why[WHY_BYTES], text[TEXT_BYTES];

    if (p->own->take(p->user, optarg, why, sizeof(why))) {
        return -1;
    }
    (void)snprintf(text, sizeof(text), "--%s: expected %s", p->own->name, why);
    return usage(p, text);
}

int
options_read(struct options *o, const struct options_program *p, int argc, char **argv)
{
    const struct option known[] = {
        { "check", no_argument, NULL, 'n' },
        { "verbose", no_argument, NULL, 'v' },
        { "config", required_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { p->own ? p->own->name : NULL, required_argument, NULL, 'o' },
        { 0 },
    };
    int option, status = -1;

    *o = (struct options){ .config_file = config_default_file() };
    while (status < 0 && (option = getopt_long(argc, argv, "nv", known, NULL)) != -1) {
        switch (option) {
        case 'n': o->check_only = true; break;
        case 'v': o->verbose = true; break;
        case 'c': o->config_file = optarg; break;
        case 'o': status = take_own(p); break;
        case 'h': print_help(p); return PROCESS_DONE;
        case 'V': (void)printf("%s %s\n", p->name, p->version); return PROCESS_DONE;
        default: return usage(p, NULL); /* getopt has said why */
        }
    }
    if (status < 0 && optind != argc) {
        status = usage(p, "it takes no arguments beside its options");
    }
    return status;
}
