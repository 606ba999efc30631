/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of store. */
#include "account/store_kind.h"

static const struct store_kind *const kinds[] = { &sqlite_authority_kind, &authority_store_kind };

sec_status
store_kind_of(const char *store, const struct store_kind **out, const char **where)
{
    struct bytes name = bytes_of_string(store);

    for (size_t i = 0; i < SEC_ARRAY_LEN(kinds); i++) {
        struct bytes scheme = bytes_of_string(kinds[i]->scheme);

        if (bytes_starts_with(name, scheme) && name.n > scheme.n) {
            *out = kinds[i];
            *where = store + scheme.n;
            return SEC_E_OK;
        }
    }
    return sec_fail(SEC_E_INVALID_PARAMETER,
                    "accounts: store %s; want sqlite:PATH or authority:SOCKET", store ? store : "");
}
