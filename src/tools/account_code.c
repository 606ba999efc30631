/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl otp … */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base32.h"
#include "base/clock.h"
#include "base/mem.h"
#include "tools/account_code_qr.h"
#include "tools/account_code_uri.h"
#include "tools/account_config.h"
#include "tools/account_print.h"
#include "tools/password_input.h"
#include "tools/sspictl.h"

enum { CONFIRM_ATTEMPTS = 3, NAME_BYTES = 800 };

enum {
    OPTION_HOTP = 256,
    OPTION_DIGITS,
    OPTION_PERIOD,
    OPTION_ALGORITHM,
    OPTION_ISSUER,
    OPTION_SECRET_STDIN,
    OPTION_QR,
    OPTION_NO_CONFIRM,
};

static const struct option enroll_options[] = {
    { "hotp", no_argument, NULL, OPTION_HOTP },
    { "digits", required_argument, NULL, OPTION_DIGITS },
    { "period", required_argument, NULL, OPTION_PERIOD },
    { "algorithm", required_argument, NULL, OPTION_ALGORITHM },
    { "issuer", required_argument, NULL, OPTION_ISSUER },
    { "secret-stdin", no_argument, NULL, OPTION_SECRET_STDIN },
    { "qr", no_argument, NULL, OPTION_QR },
    { "no-confirm", no_argument, NULL, OPTION_NO_CONFIRM },
    { 0 },
};

/* A secret as a whole. */
struct enrolment {
    const char *wanted, *issuer; /* of argv; issuer NULL: the configuration's */
    bool secret_stdin, qr, no_confirm;
    struct one_time_code code;
    char name[NAME_BYTES]; /* as the account was made */
    bool has_code;
};

static void
enrolment_auto(struct enrolment *e)
{
    secret_wipe(e, sizeof(*e));
}

/* --- options ------------------------------------------------------------------------------- */

/* What is out of range is refused later, with the range. */
static bool
take_number(const char *text, unsigned *out)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    *out = (unsigned)(n < 100000 ? n : 100000);
    return *text >= '0' && *text <= '9' && !*end;
}

static bool
take_algorithm(const char *text, enum one_time_code_algorithm *out)
{
    static const char *const names[] = { NULL, "sha1", "sha256", "sha512" };

    for (unsigned i = ONE_TIME_CODE_SHA1; i < SEC_ARRAY_LEN(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool
take_option(struct enrolment *e, int option, const char *value)
{
    switch (option) {
    case OPTION_HOTP: e->code.type = ONE_TIME_CODE_HOTP; return true;
    case OPTION_DIGITS: return take_number(value, &e->code.digits);
    case OPTION_PERIOD: return take_number(value, &e->code.period_s);
    case OPTION_ALGORITHM: return take_algorithm(value, &e->code.algorithm);
    case OPTION_ISSUER: e->issuer = value; return *value;
    case OPTION_SECRET_STDIN: e->secret_stdin = true; return true;
    case OPTION_QR: e->qr = true; return true;
    default: e->no_confirm = true; return true;
    }
}

static int
parse_enrolment(struct enrolment *e, int argc, char **argv)
{
    int option, at = 0;

    *e = (struct enrolment){ .code = { .type = ONE_TIME_CODE_TOTP,
                                       .algorithm = ONE_TIME_CODE_SHA1,
                                       .digits = 6,
                                       .period_s = 30 } };
    optind = 0; /* glibc: begin anew */
    while ((option = getopt_long(argc, argv, "", enroll_options, &at)) != -1) {
        if (option == '?') {
            return SSPICTL_USAGE; /* getopt has said why */
        }
        if (!take_option(e, option, optarg)) {
            return sspictl_usage("--%s: %s", enroll_options[at].name,
                                 option == OPTION_ALGORITHM ? "expected sha1, sha256 or sha512"
                                 : option == OPTION_ISSUER  ? "expected a name"
                                                            : "expected a number");
        }
    }
    if (argc - optind != 1) {
        return sspictl_usage("otp enroll: expected one user");
    }
    e->wanted = argv[optind];
    e->code.n = ONE_TIME_CODE_SECRET_MAX; /* until there is one */
    if (one_time_code_fault(&e->code)) {
        return sspictl_usage("the code: %s", one_time_code_fault(&e->code));
    }
    return SSPICTL_DONE;
}

/* --- the secret ---------------------------------------------------------------------------- */

static sec_status
read_secret(struct one_time_code *code)
{
    SEC_AUTO(secret) line = { 0 };
    struct wire_writer w = wire_writer_fixed(code->secret, sizeof(code->secret));
    sec_status status = password_input_stdin(&line);

    if (status != SEC_E_OK) {
        return status;
    }
    if (!base32_decode(secret_bytes(&line), &w)) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "standard input: expected base32");
    }
    code->n = wire_writer_status(&w) == WIRE_OK ? w.len : SIZE_MAX;
    return one_time_code_fault(code)
               ? sec_fail(SEC_E_INVALID_PARAMETER, "the code: %s", one_time_code_fault(code))
               : SEC_E_OK;
}

static sec_status
make_secret(struct enrolment *e)
{
    if (e->secret_stdin) {
        return read_secret(&e->code);
    }
    return one_time_code_new_secret(&e->code) ? SEC_E_OK
                                              : sec_fail(SEC_E_INTERNAL_ERROR, "no random bytes");
}

/* With write(2), so that no buffer of stdio keeps it. */
static bool
write_all(struct bytes text)
{
    while (text.n) {
        ssize_t n = write(STDOUT_FILENO, text.p, text.n);

        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            text = bytes_of(text.p + n, text.n - (size_t)n);
        }
    }
    return true;
}

static sec_status
show_secret(const struct enrolment *e, const char *issuer)
{
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0);
    SEC_AUTO(wire_writer) uri = wire_writer_secret(NULL, 0);

    account_code_put_uri(&uri, issuer, e->name, &e->code);
    wire_put_u8(&uri, 0);
    if (wire_writer_status(&uri) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if ((e->qr || isatty(STDOUT_FILENO)) && !account_code_put_qr(&w, (const char *)uri.p)) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "the names are too long for a QR code");
    }
    wire_put(&w, uri.p, uri.len - 1);
    wire_put_u8(&w, '\n');
    if (wire_writer_status(&w) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return write_all(wire_written(&w))
               ? SEC_E_OK
               : sec_fail(SEC_E_INTERNAL_ERROR, "standard output: %s", strerror(errno));
}

/* --- enroll -------------------------------------------------------------------------------- */

static void
take_view(void *user, const struct account_view *v)
{
    struct enrolment *e = user;

    (void)snprintf(e->name, sizeof(e->name), "%s", v->name);
    e->has_code = v->one_time_code;
}

static bool
has_terminal(void)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (tty >= 0) {
        (void)close(tty);
    }
    return tty >= 0;
}

/* A code that the device shows, so that it has the secret and, for TOTP, the time. It is used up. */
static sec_status
confirm(struct one_time_code *code)
{
    for (unsigned i = 0; i < CONFIRM_ATTEMPTS; i++) {
        SEC_AUTO(secret) typed = { 0 };
        struct one_time_code_verdict v;
        sec_status status = password_input_terminal("The code that it shows now", NULL, &typed);

        if (status != SEC_E_OK) {
            return status;
        }
        if (one_time_code_check(code, secret_bytes(&typed), clock_now_100ns(), &v) && v.right) {
            code->next = v.moment + 1;
            return SEC_E_OK;
        }
        (void)fprintf(stderr, "sspictl: that code is not right%s\n",
                      code->type == ONE_TIME_CODE_TOTP ? "; both clocks must be" : "");
    }
    return sec_fail(SEC_E_LOGON_DENIED, "the code was not confirmed");
}

static sec_status
enroll(struct account_admin *admin, struct enrolment *e, const char *issuer)
{
    sec_status status = account_admin_show(admin, e->wanted, take_view, e);

    if (status == SEC_E_OK && e->has_code) {
        status = sec_fail(SEC_E_INVALID_PARAMETER,
                          "%s has a one-time code; otp remove takes it away", e->wanted);
    }
    if (status == SEC_E_OK) {
        status = make_secret(e);
    }
    if (status == SEC_E_OK) {
        status = show_secret(e, issuer);
    }
    if (status == SEC_E_OK && !e->no_confirm) {
        status = confirm(&e->code);
    }
    return status == SEC_E_OK ? account_admin_enroll_code(admin, e->wanted, &e->code) : status;
}

static int
run_enroll(const char *config_file, int argc, char **argv)
{
    SEC_AUTO(enrolment) e;
    struct account_admin *admin = NULL;
    char *issuer = NULL;
    int result = parse_enrolment(&e, argc, argv);

    if (result == SSPICTL_DONE && !e.no_confirm && !has_terminal()) {
        result = sspictl_usage("there is no terminal to ask for a code on: use --no-confirm");
    }
    if (result == SSPICTL_DONE) {
        result = account_config_issuer(config_file, &issuer);
    }
    if (result == SSPICTL_DONE) {
        result = account_config_open(config_file, false, &admin);
    }
    if (result == SSPICTL_DONE) {
        sec_status status = enroll(admin, &e, e.issuer ? e.issuer : issuer);

        result = status == SEC_E_OK ? SSPICTL_DONE : sspictl_failed("no code was enrolled", status);
    }
    account_admin_close(admin);
    mem_free(issuer);
    return result;
}

/* --- the others ---------------------------------------------------------------------------- */

static int
run_remove(const char *config_file, int argc, char **argv)
{
    struct account_admin *admin = NULL;
    int result = argc == 2 ? account_config_open(config_file, false, &admin)
                           : sspictl_usage("otp remove: expected one user");
    sec_status status;

    if (result != SSPICTL_DONE) {
        return result;
    }
    status = account_admin_remove_code(admin, argv[1]);
    account_admin_close(admin);
    return status == SEC_E_OK ? SSPICTL_DONE : sspictl_failed("nothing was removed", status);
}

static int
run_list(const char *config_file, int argc, char **argv)
{
    struct account_admin *admin = NULL;
    int result = argc == 1 ? account_config_open(config_file, false, &admin)
                           : sspictl_usage("otp list takes nothing");
    sec_status status;

    if (result != SSPICTL_DONE) {
        return result;
    }
    status = account_admin_list(admin, account_print_code, NULL);
    account_admin_close(admin);
    return status == SEC_E_OK ? SSPICTL_DONE : sspictl_failed("cannot look", status);
}

int
sspictl_otp(const char *config_file, int argc, char **argv)
{
    static const struct sspictl_command commands[] = {
        { "enroll", run_enroll }, { "list", run_list }, { "remove", run_remove }, { 0 }
    };

    return sspictl_dispatch(commands, "otp command", config_file, argc - 1, argv + 1);
}
