/* SPDX-License-Identifier: Apache-2.0 */
/* A command's environment. */
#include "execd/environment.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/wire.h"
#include "execd/credentials.h"

#define CACHE "KRB5CCNAME"

enum { OURS = 16 };

struct environment {
    size_t at[OURS]; /* where each begins */
    size_t n;
    struct wire_writer texts;
};

/* What a client chose has no control characters: a line of it is one line. */
static bool
is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < ' ' || text.p[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static void
put(struct environment *e, const char *name, struct bytes value)
{
    if (value.n && is_plain(value)) {
        e->at[e->n++] = e->texts.len;
        wire_put_bytes(&e->texts, bytes_of_string(name));
        wire_put_u8(&e->texts, '=');
        wire_put_bytes(&e->texts, value);
        wire_put_u8(&e->texts, 0);
    }
}

static void
put_all(struct environment *e, const struct execd_command *c, const struct unix_account *a,
        const struct exec_msg *m, const char *credentials)
{
    char port[8], cache[CREDENTIALS_PATH_BYTES + 8] = "";

    if (*credentials) {
        (void)snprintf(cache, sizeof(cache), "FILE:%s", credentials);
    }
    (void)snprintf(port, sizeof(port), "%u", m->port);
    put(e, "USER", bytes_of_string(a->name));
    put(e, "LOGNAME", bytes_of_string(a->name));
    put(e, "HOME", bytes_of_string(a->home));
    put(e, "SHELL", bytes_of_string(a->shell));
    put(e, "PATH", bytes_of_string(c->path));
    put(e, "OPENSSPI_COMMAND", bytes_of_string(c->name));
    put(e, "OPENSSPI_USER", m->user);
    put(e, "OPENSSPI_DOMAIN", m->domain);
    put(e, "OPENSSPI_SID", m->sid);
    put(e, "OPENSSPI_PACKAGE", m->package);
    put(e, "REMOTE_ADDR", m->address);
    put(e, "REMOTE_PORT", bytes_of_string(m->port ? port : ""));
    put(e, CACHE, bytes_of_string(cache));
}

static bool
is_cache(const char *variable)
{
    return strncmp(variable, CACHE "=", sizeof(CACHE)) == 0;
}

char **
environment_new(const struct execd_command *c, const struct unix_account *a,
                const struct exec_msg *m, const char *credentials)
{
    struct environment e = { .texts = wire_writer_growing(NULL, 0) };
    size_t more = 0;
    char **all = NULL;

    while (c->environment && c->environment[more]) {
        more++;
    }
    put_all(&e, c, a, m, credentials);
    if (wire_writer_status(&e.texts) == WIRE_OK) {
        all = mem_new((e.n + more + 1) * sizeof(*all) + e.texts.len);
    }
    if (all) {
        char *texts = (char *)(all + e.n + more + 1);

        bytes_copy(texts, e.texts.p, e.texts.len);
        for (size_t i = 0; i < e.n; i++) {
            all[i] = texts + e.at[i];
        }
        for (size_t i = 0, to = e.n; i < more; i++) {
            if (!*credentials || !is_cache(c->environment[i])) {
                all[to++] = c->environment[i];
            }
        }
    }
    wire_writer_clear(&e.texts);
    return all;
}
