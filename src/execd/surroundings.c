/* SPDX-License-Identifier: Apache-2.0 */
/* What a good configuration names and this machine may not have. */
#include "execd/surroundings.h"

#include <stdio.h>

#include "base/trusted_file.h"
#include "token/unix_name.h"

enum { WHY_BYTES = 400, TEXT_BYTES = 700 };

void
execd_surroundings_check(const struct execd_settings *settings,
                         void (*tell)(void *user, const char *text), void *user)
{
    char why[WHY_BYTES], text[TEXT_BYTES];

    for (size_t i = 0; i < settings->n_commands; i++) {
        const struct execd_command *c = &settings->commands[i];
        uid_t uid;
        gid_t gid;

        if (!trusted_file_check(c->argv[0], why, sizeof(why))) {
            (void)snprintf(text, sizeof(text), "[exec %s] command: %s", c->name, why);
            tell(user, text);
        }
        for (size_t k = 0; c->users && c->users[k]; k++) {
            if (unix_name_find_user(c->users[k], &uid) != SEC_E_OK) {
                (void)snprintf(text, sizeof(text), "[exec %s] users: there is no user %s", c->name,
                               c->users[k]);
                tell(user, text);
            }
        }
        for (size_t k = 0; c->groups && c->groups[k]; k++) {
            if (unix_name_find_group(c->groups[k], &gid) != SEC_E_OK) {
                (void)snprintf(text, sizeof(text), "[exec %s] groups: there is no group %s",
                               c->name, c->groups[k]);
                tell(user, text);
            }
        }
    }
}
