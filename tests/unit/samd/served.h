/* SPDX-License-Identifier: Apache-2.0 */
/* A samd in this process: its server and its listener over a store of its own. */
#ifndef TESTS_UNIT_SAMD_SERVED_H
#define TESTS_UNIT_SAMD_SERVED_H

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "daemon/unix_listener.h"
#include "samd/server.h"
#include "tests/support/account_store.h"

struct served {
    struct test_store store;
    struct account_authority *accounts; /* what the server asks */
    struct terms terms;
    struct server *server;
    struct log log;
    int fd;
    pthread_t thread;
    unsigned long requests_per_second;
    char socket[128], name[160]; /* "authority:SOCKET" */
};

static inline void *
served_accept_(void *user)
{
    struct served *s = user;
    int fd;

    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        server_take(s->server, fd);
    }
    return NULL;
}

static inline void
served_start(struct served *s)
{
    char why[256];

    s->log = (struct log){ .fd = -1, .program = "samd" };
    s->terms = (struct terms){ .references = 1,
                               .accounts = s->accounts,
                               .store = &s->store.options,
                               .rules = { .group = (gid_t)-1,
                                          .administrators = (gid_t)-1,
                                          .requests_per_second = s->requests_per_second } };
    s->server =
        server_start(&(struct server_options){ .log = &s->log, .terms = &s->terms, .threads = 2 });
    if (!s->server ||
        !unix_listener_open(s->socket, UNIX_LISTENER_EVERYBODY, &s->fd, why, sizeof(why)) ||
        fcntl(s->fd, F_SETFL, 0) || pthread_create(&s->thread, NULL, served_accept_, s)) {
        abort();
    }
}

static inline void
served_stop(struct served *s)
{
    (void)shutdown(s->fd, SHUT_RDWR);
    (void)pthread_join(s->thread, NULL);
    server_stop(s->server);
    (void)close(s->fd);
}

/* The store's folder is the socket's, too. */
static inline void
served_make(struct served *s)
{
    test_store_make(&s->store);
    (void)snprintf(s->socket, sizeof(s->socket), "%s/auth", s->store.folder);
    (void)snprintf(s->name, sizeof(s->name), "authority:%s", s->socket);
    if (chmod(s->store.folder, 0755) || test_store_add(&s->store, "user", "p1") != SEC_E_OK ||
        account_authority_open(&s->store.options.accounts, &s->accounts) != SEC_E_OK) {
        abort();
    }
}

static inline void
served_clear(struct served *s)
{
    account_authority_close(s->accounts);
    test_store_remove(&s->store);
}

#endif
