/* SPDX-License-Identifier: Apache-2.0 */
/* Who the client of a START is: as samd has it, where it vouches for him, else as sspid says. */
#ifndef EXECD_CLIENT_H
#define EXECD_CLIENT_H

#include "execd/exec_msg.h"
#include "execd/settings.h"

/* Texts are UTF-8, in one piece of memory. */
struct client {
    const char *user, *domain, *unix_user, *sid;
    bool vouched;
    char *texts;
};

/* As sspid says. SEC_E_INSUFFICIENT_MEMORY. */
SEC_NODISCARD sec_status client_of_start(const struct exec_msg *start, struct client *out);
/* As samd says, which is asked whether it gave that assertion to a process of the asker. Waits for it.
 * SEC_E_LOGON_DENIED: it did not; SEC_E_NO_AUTHENTICATING_AUTHORITY: it does not answer;
 * SEC_E_INSUFFICIENT_MEMORY. */
SEC_NODISCARD sec_status client_of_samd(const struct execd_settings *, struct bytes assertion,
                                        uid_t asker, struct client *out);
void client_clear(struct client *);

#endif
