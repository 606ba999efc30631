/* SPDX-License-Identifier: Apache-2.0 */
/* The library's own sections of the file, read by the library's own reader. */
#include <stdio.h>

#include "ras/accounts.h"
#include "sspi/settings.h"

static bool
open_authority(const struct settings_text *text, struct account_authority **out)
{
    struct settings settings;
    sec_status status = settings_compile(&settings, text);

    if (status != SEC_E_OK) {
        return false;
    }
    if (out) {
        const struct account_options options = settings_account_options(text, &settings);

        status = account_authority_open(&options, out);
    }
    settings_free(&settings);
    return status == SEC_E_OK;
}

bool
accounts_open(const char *file, struct account_authority **out, struct config_error *error)
{
    struct settings_text text;
    bool good;

    error->text[0] = 0;
    if (settings_init(&text) != SEC_E_OK) {
        (void)snprintf(error->text, sizeof(error->text), "not enough memory");
        return false;
    }
    good = settings_read(&text, file, error) && open_authority(&text, out);
    if (!good && !error->text[0]) {
        (void)snprintf(error->text, sizeof(error->text), "%s: %s", file, sec_reason());
    }
    settings_clear(&text);
    return good;
}
