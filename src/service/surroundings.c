/* SPDX-License-Identifier: Apache-2.0 */
/* What a good configuration names and this machine may not have. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "service/credential.h"
#include "service/surroundings.h"

enum { TEXT_BYTES = 700, WHY_BYTES = 400, PATH_BYTES = 4096 };

struct report {
    void (*tell)(void *user, const char *text);
    void *user;
};

SEC_PRINTF(2, 3)
static void
say(const struct report *r, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    r->tell(r->user, text);
}

/* The folder that a path is in. */
static bool
folder_of(const char *path, char folder[static PATH_BYTES])
{
    const char *slash = strrchr(path, '/');

    return slash && snprintf(folder, PATH_BYTES, "%.*s", (int)(slash - path) + (slash == path),
                             path) < PATH_BYTES;
}

/* false: it was told. */
static bool
check_folder(const struct report *r, const char *key, const char *path, int mode)
{
    char folder[PATH_BYTES];

    if (!folder_of(path, folder) || access(folder, mode) == 0) {
        return true;
    }
    say(r, "%s: the folder %s: %s", key, folder, strerror(errno));
    return false;
}

/* The store may not be there before the first account is; then its folder must be. */
static void
check_store(const struct report *r, const struct settings *s)
{
    static const char sqlite[] = "sqlite:", authority[] = "authority:";
    const char *store = s->store;

    if (strncmp(store, authority, sizeof(authority) - 1) == 0) {
        store += sizeof(authority) - 1;
        if (access(store, F_OK) != 0) {
            say(r, "[accounts] store: %s: %s: samd does not run, and passwords are refused", store,
                strerror(errno));
        }
        return;
    }
    if (strncmp(store, sqlite, sizeof(sqlite) - 1) != 0) {
        return;
    }
    store += sizeof(sqlite) - 1;
    if (!check_folder(r, "[accounts] store", store, X_OK)) {
        return;
    }
    if (access(store, F_OK) != 0) {
        say(r, "[accounts] store: %s is not there yet: make an account (sspictl account add)",
            store);
        return;
    }
    if (access(store, R_OK | W_OK) != 0) {
        say(r, "[accounts] store: %s: %s", store, strerror(errno));
    }
    if (s->key_file && access(s->key_file, R_OK) != 0) {
        say(r, "[accounts] key_file: %s: %s: passwords are refused", s->key_file, strerror(errno));
    }
}

static void
check_address(const struct report *r, const struct listener_settings *l)
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
        say(r, "[listener %s] address: %s: %s", l->name, l->address_text, strerror(errno));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

void
surroundings_check(const struct settings *s, void (*tell)(void *user, const char *text), void *user)
{
    const struct report r = { tell, user };
    char why[WHY_BYTES];

    if (s->store) {
        check_store(&r, s);
    }
    if (s->events.file) {
        (void)check_folder(&r, "[events] file", s->events.file, X_OK);
    }
    if (s->control_socket) {
        (void)check_folder(&r, "[service] control_socket", s->control_socket, W_OK | X_OK);
    }
    for (size_t i = 0; i < s->n_listeners; i++) {
        const struct listener_settings *l = &s->listeners[i];

        check_address(&r, l);
        if (!credential_has_keys(l, why, sizeof(why))) {
            say(&r, "[listener %s]: tickets cannot be taken: %s", l->name, why);
        }
    }
}
