/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl account … */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tools/account_config.h"
#include "tools/account_print.h"
#include "tools/date.h"
#include "tools/password_input.h"
#include "tools/sspictl.h"

enum {
    OPTION_PASSWORD_STDIN = 256,
    OPTION_GROUP,
    OPTION_NO_GROUP,
    OPTION_UNIX_USER,
    OPTION_EXPIRES,
    OPTION_PASSWORD_EXPIRES,
    OPTION_JSON,
    OPTION_DIAL_IN,
    OPTION_KEEP_CLEAR_TEXT,
    OPTION_OWN,
};

/* All options of all commands; each has a set of those that it takes. */
static const struct option long_options[] = {
    { "password-stdin", no_argument, NULL, OPTION_PASSWORD_STDIN },
    { "group", required_argument, NULL, OPTION_GROUP },
    { "no-group", required_argument, NULL, OPTION_NO_GROUP },
    { "unix-user", required_argument, NULL, OPTION_UNIX_USER },
    { "expires", required_argument, NULL, OPTION_EXPIRES },
    { "password-expires", required_argument, NULL, OPTION_PASSWORD_EXPIRES },
    { "json", no_argument, NULL, OPTION_JSON },
    { "dial-in", required_argument, NULL, OPTION_DIAL_IN },
    { "keep-clear-text", no_argument, NULL, OPTION_KEEP_CLEAR_TEXT },
    { "own", no_argument, NULL, OPTION_OWN },
    { 0 },
};

#define TAKES(option) (1u << ((option)-OPTION_PASSWORD_STDIN))

struct arguments {
    const char *name;
    bool password_stdin, json;
    const char **join, **leave; /* views of argv */
    size_t n_join, n_leave;
    const char *unix_user;
    bool has_expires, has_password_expires, has_dial_in, dial_in, keep_clear_text, own;
    uint64_t expires_100ns, password_expires_100ns;
};

static void
arguments_clear(struct arguments *a)
{
    mem_free(a->join);
    mem_free(a->leave);
}

static void
arguments_auto(struct arguments *a)
{
    arguments_clear(a);
}

static bool
take_date(const char *text, uint64_t *out_100ns)
{
    if (strcmp(text, "never") == 0) {
        *out_100ns = CLOCK_NEVER_100NS;
        return true;
    }
    return date_parse(text, out_100ns);
}

static bool
take_yes_no(const char *text, bool *out)
{
    *out = strcmp(text, "yes") == 0;
    return *out || strcmp(text, "no") == 0;
}

static bool
take_option(struct arguments *a, int option, const char *value)
{
    switch (option) {
    case OPTION_PASSWORD_STDIN: a->password_stdin = true; return true;
    case OPTION_JSON: a->json = true; return true;
    case OPTION_GROUP: a->join[a->n_join++] = value; return true;
    case OPTION_NO_GROUP: a->leave[a->n_leave++] = value; return true;
    case OPTION_KEEP_CLEAR_TEXT: a->keep_clear_text = true; return true;
    case OPTION_OWN: a->own = true; return true;
    case OPTION_DIAL_IN: a->has_dial_in = true; return take_yes_no(value, &a->dial_in);
    case OPTION_UNIX_USER: a->unix_user = value; return true;
    case OPTION_EXPIRES: a->has_expires = true; return take_date(value, &a->expires_100ns);
    case OPTION_PASSWORD_EXPIRES:
        a->has_password_expires = true;
        return take_date(value, &a->password_expires_100ns);
    default: return false;
    }
}

/* An exit status: SSPICTL_DONE, or what went wrong was said. */
static int
parse(struct arguments *a, unsigned takes, bool takes_name, int argc, char **argv)
{
    int option, at = 0;

    *a = (struct arguments){ .expires_100ns = UINT64_MAX, .password_expires_100ns = UINT64_MAX };
    a->join = mem_new_array((size_t)argc, sizeof(*a->join));
    a->leave = mem_new_array((size_t)argc, sizeof(*a->leave));
    if (!a->join || !a->leave) {
        return sspictl_failed(argv[0], SEC_E_INSUFFICIENT_MEMORY);
    }
    optind = 0; /* glibc: begin anew */
    while ((option = getopt_long(argc, argv, "", long_options, &at)) != -1) {
        if (option == '?') {
            return SSPICTL_USAGE; /* getopt has said why */
        }
        if (!(takes & TAKES(option))) {
            return sspictl_usage("account %s has no option --%s", argv[0], long_options[at].name);
        }
        if (!take_option(a, option, optarg)) {
            return sspictl_usage(option == OPTION_DIAL_IN ? "--%s: expected yes or no"
                                                          : "--%s: expected never, " DATE_FORMS,
                                 long_options[at].name);
        }
    }
    if (argc - optind != takes_name) {
        return sspictl_usage(
            takes_name ? "account %s: expected one name" : "account %s takes no name", argv[0]);
    }
    a->name = takes_name ? argv[optind] : NULL;
    return SSPICTL_DONE;
}

static int
read_password(const struct arguments *a, struct secret *out)
{
    sec_status status = a->password_stdin
                            ? password_input_stdin(out)
                            : password_input_terminal("New password", "The same again", out);

    return status == SEC_E_OK ? SSPICTL_DONE : sspictl_failed("no password", status);
}

static int
finish(struct account_admin *admin, const char *what, sec_status status)
{
    account_admin_close(admin);
    return status == SEC_E_OK ? SSPICTL_DONE : sspictl_failed(what, status);
}

/* --- the commands -------------------------------------------------------------------------- */

static int
run_add(const char *config_file, int argc, char **argv)
{
    SEC_AUTO(arguments) a;
    SEC_AUTO(secret) password = { 0 };
    struct account_admin *admin = NULL;
    int result =
        parse(&a,
              TAKES(OPTION_PASSWORD_STDIN) | TAKES(OPTION_GROUP) | TAKES(OPTION_UNIX_USER) |
                  TAKES(OPTION_EXPIRES) | TAKES(OPTION_PASSWORD_EXPIRES) | TAKES(OPTION_DIAL_IN) |
                  TAKES(OPTION_KEEP_CLEAR_TEXT),
              true, argc, argv);
    struct account_new wanted = { .name = a.name,
                                  .groups = a.join,
                                  .n_groups = a.n_join,
                                  .unix_user = a.unix_user,
                                  .expires_100ns = a.expires_100ns,
                                  .password_expires_100ns = a.password_expires_100ns,
                                  .may_dial_in = a.dial_in,
                                  .keeps_clear_text = a.keep_clear_text };

    if (result == SSPICTL_DONE) {
        result = account_config_open(config_file, true, &admin);
    }
    if (result == SSPICTL_DONE) {
        result = read_password(&a, &password);
    }
    if (result != SSPICTL_DONE) {
        account_admin_close(admin);
        return result;
    }
    wanted.password = secret_bytes(&password);
    return finish(admin, "the account was not made", account_admin_add(admin, &wanted));
}

/* By who has no rights but to know the old one. */
static int
change_own_password(const char *config_file, const struct arguments *a)
{
    SEC_AUTO(secret) old = { 0 };
    SEC_AUTO(secret) password = { 0 };
    sec_status status = a->password_stdin ? password_input_stdin(&old)
                                          : password_input_terminal("Old password", NULL, &old);
    int result =
        status == SEC_E_OK ? read_password(a, &password) : sspictl_failed("no password", status);

    if (result == SSPICTL_DONE && a->password_stdin && secret_bytes(&password).n == 0) {
        return sspictl_usage("account passwd --own: expected two lines, the old password and the "
                             "new one");
    }
    return result == SSPICTL_DONE
               ? account_config_change_password(config_file, a->name, secret_bytes(&old),
                                                secret_bytes(&password))
               : result;
}

static int
run_passwd(const char *config_file, int argc, char **argv)
{
    SEC_AUTO(arguments) a;
    SEC_AUTO(secret) password = { 0 };
    struct account_admin *admin = NULL;
    int result =
        parse(&a, TAKES(OPTION_PASSWORD_STDIN) | TAKES(OPTION_KEEP_CLEAR_TEXT) | TAKES(OPTION_OWN),
              true, argc, argv);

    if (result == SSPICTL_DONE && a.own) {
        return a.keep_clear_text
                   ? sspictl_usage("account passwd --own keeps what the account keeps: not with "
                                   "--keep-clear-text")
                   : change_own_password(config_file, &a);
    }
    if (result == SSPICTL_DONE) {
        result = account_config_open(config_file, false, &admin);
    }
    if (result == SSPICTL_DONE) {
        result = read_password(&a, &password);
    }
    if (result != SSPICTL_DONE) {
        account_admin_close(admin);
        return result;
    }
    return finish(
        admin, "the password was not set",
        account_admin_set_password(admin, a.name, secret_bytes(&password), a.keep_clear_text));
}

static int
change(const char *config_file, const struct arguments *a, const struct account_change *what)
{
    struct account_admin *admin = NULL;
    int result = account_config_open(config_file, false, &admin);

    if (result != SSPICTL_DONE) {
        return result;
    }
    return finish(admin, "nothing was changed", account_admin_change(admin, a->name, what));
}

static int
run_modify(const char *config_file, int argc, char **argv)
{
    SEC_AUTO(arguments) a;
    int result =
        parse(&a,
              TAKES(OPTION_GROUP) | TAKES(OPTION_NO_GROUP) | TAKES(OPTION_UNIX_USER) |
                  TAKES(OPTION_EXPIRES) | TAKES(OPTION_PASSWORD_EXPIRES) | TAKES(OPTION_DIAL_IN),
              true, argc, argv);

    if (result != SSPICTL_DONE) {
        return result;
    }
    return change(
        config_file, &a,
        &(struct account_change){
            .expires_100ns = a.has_expires ? &a.expires_100ns : NULL,
            .password_expires_100ns = a.has_password_expires ? &a.password_expires_100ns : NULL,
            .may_dial_in = a.has_dial_in ? &a.dial_in : NULL,
            .unix_user = a.unix_user,
            .join = a.join,
            .n_join = a.n_join,
            .leave = a.leave,
            .n_leave = a.n_leave,
        });
}

static int
set_disabled(const char *config_file, int argc, char **argv, bool disabled)
{
    SEC_AUTO(arguments) a;
    int result = parse(&a, 0, true, argc, argv);

    return result == SSPICTL_DONE
               ? change(config_file, &a, &(struct account_change){ .disabled = &disabled })
               : result;
}

static int
run_enable(const char *config_file, int argc, char **argv)
{
    return set_disabled(config_file, argc, argv, false);
}

static int
run_disable(const char *config_file, int argc, char **argv)
{
    return set_disabled(config_file, argc, argv, true);
}

static int
run_by_name(const char *config_file, int argc, char **argv,
            sec_status (*act)(struct account_admin *, const char *))
{
    SEC_AUTO(arguments) a;
    struct account_admin *admin = NULL;
    int result = parse(&a, 0, true, argc, argv);

    if (result == SSPICTL_DONE) {
        result = account_config_open(config_file, false, &admin);
    }
    return result == SSPICTL_DONE ? finish(admin, "nothing was changed", act(admin, a.name))
                                  : result;
}

static int
run_unlock(const char *config_file, int argc, char **argv)
{
    return run_by_name(config_file, argc, argv, account_admin_unlock);
}

static int
run_remove(const char *config_file, int argc, char **argv)
{
    return run_by_name(config_file, argc, argv, account_admin_remove);
}

/* One account or all of them; as JSON an object or an array of them. */
static sec_status
see(struct account_admin *admin, const struct arguments *a, account_see print, void *user)
{
    return a->name ? account_admin_show(admin, a->name, print, user)
                   : account_admin_list(admin, print, user);
}

static sec_status
see_json(struct account_admin *admin, const struct arguments *a)
{
    json_t *all = json_array();
    sec_status status = all ? see(admin, a, account_print_json, all) : SEC_E_INSUFFICIENT_MEMORY;

    if (status == SEC_E_OK) {
        const json_t *what = a->name ? json_array_get(all, 0) : all;

        if (json_dumpf(what, stdout, JSON_INDENT(2))) {
            status = SEC_E_INSUFFICIENT_MEMORY;
        }
        (void)printf("\n");
    }
    json_decref(all);
    return status;
}

static int
look(const char *config_file, int argc, char **argv, bool one)
{
    SEC_AUTO(arguments) a;
    struct account_admin *admin = NULL;
    int result = parse(&a, TAKES(OPTION_JSON), one, argc, argv);
    sec_status status;

    if (result == SSPICTL_DONE) {
        result = account_config_open(config_file, false, &admin);
    }
    if (result != SSPICTL_DONE) {
        return result;
    }
    status = a.json ? see_json(admin, &a)
                    : see(admin, &a, one ? account_print_whole : account_print_line, NULL);
    return finish(admin, "cannot look", status);
}

static int
run_list(const char *config_file, int argc, char **argv)
{
    return look(config_file, argc, argv, false);
}

static int
run_show(const char *config_file, int argc, char **argv)
{
    return look(config_file, argc, argv, true);
}

int
sspictl_account(const char *config_file, int argc, char **argv)
{
    static const struct sspictl_command commands[] = {
        { "add", run_add },         { "list", run_list },
        { "show", run_show },       { "modify", run_modify },
        { "passwd", run_passwd },   { "enable", run_enable },
        { "disable", run_disable }, { "unlock", run_unlock },
        { "remove", run_remove },   { 0 },
    };

    return sspictl_dispatch(commands, "account command", config_file, argc - 1, argv + 1);
}
