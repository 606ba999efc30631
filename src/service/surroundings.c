/* SPDX-License-Identifier: Apache-2.0 */
/* What a good configuration names and this machine may not have. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "daemon/surroundings.h"
#include "daemon/tcp_socket.h"
#include "service/credential.h"
#include "service/surroundings.h"

enum { WHY_BYTES = 400 };

static void
check_address(const struct surroundings_report *r, const struct listener_settings *l)
{
    struct sockaddr_in6 address = l->address;
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address.sin6_addr);
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* The port may be taken by the service that runs. */
    address.sin6_port = 0;
    bytes_copy(&v4.sin_addr, address.sin6_addr.s6_addr + 12, sizeof(v4.sin_addr));
    if (fd < 0 || bind(fd, is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&address,
                       is_v4 ? sizeof(v4) : sizeof(address)) != 0) {
        surroundings_say(r, "[listener %s] address: %s: %s", l->name, l->address_text,
                         tcp_socket_error(errno));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

void
surroundings_check(const struct settings *s, void (*tell)(void *user, const char *text), void *user)
{
    const struct surroundings_report r = { tell, user };
    char why[WHY_BYTES];

    if (s->store) {
        surroundings_check_store(&r, "[accounts]", s->store, s->key_file);
    }
    if (s->events.file) {
        (void)surroundings_check_folder(&r, "[events] file", s->events.file, X_OK);
    }
    if (s->control_socket) {
        (void)surroundings_check_folder(&r, "[service] control_socket", s->control_socket,
                                        W_OK | X_OK);
    }
    for (size_t i = 0; i < s->n_listeners; i++) {
        const struct listener_settings *l = &s->listeners[i];

        check_address(&r, l);
        if (!credential_has_keys(l, why, sizeof(why))) {
            surroundings_say(&r, "[listener %s]: tickets cannot be taken: %s", l->name, why);
        }
    }
}
