/* SPDX-License-Identifier: Apache-2.0 */
/* A listener's credentials: acquired at start or when the first client comes, shared by the
 * loops. */
#ifndef SERVICE_CREDENTIAL_H
#define SERVICE_CREDENTIAL_H

#include <pthread.h>
#include <stdbool.h>

#include <opensspi/opensspi.h>

#include "base/attributes.h"
#include "service/settings.h"

enum credential_kind {
    CREDENTIAL_MAIN,         /* the listener's package */
    CREDENTIAL_EACH_REQUEST, /* the same without NTLM, which belongs to a connection */
    CREDENTIAL_KINDS,
};

struct credential {
    const struct listener_settings *settings; /* borrowed */
    pthread_mutex_t lock;
    CredHandle handles[CREDENTIAL_KINDS];
    bool have[CREDENTIAL_KINDS];
    bool was_tried, takes_ntlm;
};

void credential_init(struct credential *credential, const struct listener_settings *settings);
void credential_clear(struct credential *credential);

/* Acquires it if that was not done yet. Borrowed until credential_clear. NULL: why says why;
 * the next call tries again. */
CredHandle *credential_get(struct credential *credential, enum credential_kind kind, char *why,
                           size_t why_n);

/* Whether a client may speak NTLM, raw, to the main credential: what HTTP offers as the scheme
 * NTLM. Policy decides (ntlm, packages), so the library is asked, once. */
bool credential_takes_ntlm(struct credential *credential);

/* Whether clients that come with a ticket can be served, as far as the listener takes Kerberos at
 * all: false where it does and has no key, and why says why. Acquires a credential for the
 * question. */
SEC_NODISCARD bool credential_has_keys(const struct listener_settings *settings, char *why,
                                       size_t why_n);

/* Asks the library whether a listener's package and options are good. */
SEC_NODISCARD bool credential_check(const struct settings *settings,
                                    const struct listener_settings *listener,
                                    struct config_error *error);

#endif
