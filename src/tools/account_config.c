/* SPDX-License-Identifier: Apache-2.0 */
/* The store that a configuration names, read by the library's own reader of its sections: what the
 * library refuses is refused here, in the same words. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/utf16.h"
#include "sspi/settings.h"
#include "tools/account_audit.h"
#include "tools/account_config.h"
#include "tools/sspictl.h"

static int
open_admin(const char *file, const struct settings_text *text, bool creates,
           struct account_admin **out)
{
    struct settings settings;
    sec_status status = settings_compile(&settings, text);

    if (status != SEC_E_OK) {
        (void)sspictl_failed("the configuration", status);
        return SSPICTL_USAGE;
    }
    status = account_admin_open(
        &(struct account_admin_options){
            .accounts = settings_account_options(text, &settings),
            .dns_domain = settings.sec.dns_domain,
            .creates = creates,
        },
        out);
    if (status == SEC_E_OK) {
        account_audit_watch(*out, file ? file : config_default_file(), settings.sec.domain);
    }
    settings_free(&settings);
    return status == SEC_E_OK ? SSPICTL_DONE : sspictl_failed("cannot open the store", status);
}

/* An administrator's settings are not needed: the old password is what it takes. */
static int
change_password(const char *file, const struct settings_text *text,
                struct account_new_password *wanted)
{
    struct settings settings;
    struct account_authority *authority = NULL;
    struct account_options options;
    struct account_proof reasons;
    sec_status status = settings_compile(&settings, text);

    if (status != SEC_E_OK) {
        (void)sspictl_failed("the configuration", status);
        return SSPICTL_USAGE;
    }
    options = settings_account_options(text, &settings);
    status = account_authority_open(&options, &authority);
    if (status == SEC_E_OK) {
        wanted->now_100ns = clock_now_100ns();
        status = account_change_password(authority, wanted, &reasons);
        account_audit_new_password(&options, file ? file : config_default_file(), wanted->user,
                                   status, &reasons);
    }
    account_authority_close(authority);
    settings_free(&settings);
    return status == SEC_E_OK ? SSPICTL_DONE
                              : sspictl_failed("the password was not changed", status);
}

static int
take_issuer(const struct settings_text *text, char **out)
{
    struct settings settings;
    sec_status status = settings_compile(&settings, text);

    if (status != SEC_E_OK) {
        (void)sspictl_failed("the configuration", status);
        return SSPICTL_USAGE;
    }
    *out = utf8_from_utf16(settings.sec.domain);
    settings_free(&settings);
    return *out ? SSPICTL_DONE : sspictl_failed("the configuration", SEC_E_INSUFFICIENT_MEMORY);
}

/* The default file may be absent; one that was named may not. */
static bool
read_settings(const char *file, struct settings_text *text)
{
    const char *name = file ? file : config_default_file();
    struct config_error error = { 0 };

    if (!file && access(name, F_OK) && errno == ENOENT) {
        return true;
    }
    if (!settings_read(text, name, &error)) {
        (void)fprintf(stderr, "sspictl: %s\n", error.text);
        return false;
    }
    return true;
}

int
account_config_issuer(const char *file, char **out)
{
    struct settings_text text;
    sec_status status = settings_init(&text);
    int result = SSPICTL_USAGE;

    if (status != SEC_E_OK) {
        return sspictl_failed("the configuration", status);
    }
    if (read_settings(file, &text)) {
        result = take_issuer(&text, out);
    }
    settings_clear(&text);
    return result;
}

int
account_config_change_password(const char *file, const char *name, struct bytes old_password,
                               struct bytes password)
{
    SEC_AUTO(wire_writer) user = wire_writer_growing(NULL, 0);
    struct account_new_password wanted = { .old_password = old_password, .password = password };
    struct settings_text text;
    sec_status status;
    int result = SSPICTL_USAGE;

    utf16_put_utf8(&user, bytes_of_string(name));
    if (wire_writer_status(&user) != WIRE_OK) {
        return sspictl_usage("the name is not UTF-8");
    }
    wanted.user = wire_written(&user);
    status = settings_init(&text);
    if (status != SEC_E_OK) {
        return sspictl_failed("the configuration", status);
    }
    if (read_settings(file, &text)) {
        result = change_password(file, &text, &wanted);
    }
    settings_clear(&text);
    return result;
}

int
account_config_open(const char *file, bool creates, struct account_admin **out)
{
    struct settings_text text;
    sec_status status = settings_init(&text);
    int result = SSPICTL_USAGE;

    if (status != SEC_E_OK) {
        return sspictl_failed("the configuration", status);
    }
    if (read_settings(file, &text)) {
        result = open_admin(file, &text, creates, out);
    }
    settings_clear(&text);
    return result;
}
