/* SPDX-License-Identifier: Apache-2.0 */
/* What processes leave of clients' connections for each other. Whatever a request's Authorization may
 * end is claimed before that is looked at; and what it leaves is put only where nothing is: two
 * requests of one connection at once, in two processes, leave nothing. */
#include "service/proxied_shared.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "service/logon_state.h"

enum { CONTENT_BYTES = 4096, NAME_BYTES = 512, WHY_BYTES = 256, TOUCHES = 8, AHEAD_S = 2 };

/* --- a connection as bytes ----------------------------------------------------------------- */

struct content {
    enum proxied_kind kind;
    uint64_t made_s, began_s, limit_s; /* limit: of a handshake since it began, else of idleness */
    const char *listener, *address;
    struct wire_reader rest;
};

static void
put_text(struct wire_writer *w, const char *text)
{
    wire_put_counted(w, bytes_of(text, strlen(text) + 1));
}

static const char *
take_text(struct wire_reader *r, size_t max)
{
    struct bytes b = wire_take_counted(r);

    if (wire_status(r) == WIRE_OK && (!b.n || b.n > max || memchr(b.p, 0, b.n) != b.p + b.n - 1)) {
        wire_fail(r, WIRE_BAD_VALUE);
    }
    return (const char *)b.p;
}

static bool
read_content(struct bytes from, struct content *out)
{
    struct wire_reader r = wire_reader_of(from);
    uint8_t kind = wire_u8(&r);

    out->kind = (enum proxied_kind)kind;
    out->made_s = wire_le64(&r);
    out->began_s = wire_le64(&r);
    out->limit_s = wire_le64(&r);
    out->listener = take_text(&r, NAME_BYTES);
    out->address = take_text(&r, SESSION_ADDRESS_BYTES);
    out->rest = r;
    return wire_status(&r) == WIRE_OK && (kind == PROXIED_HALF_OPEN || kind == PROXIED_KNOWN);
}

static void
put_head(const struct proxied_shared *shared, const struct proxied *e, enum proxied_kind kind,
         struct wire_writer *w)
{
    wire_put_u8(w, (uint8_t)kind);
    wire_put_le64(w, e->made_s);
    wire_put_le64(w, e->began_s);
    wire_put_le64(w, kind == PROXIED_KNOWN ? shared->idle_s : shared->handshake_timeout_s);
    put_text(w, shared->listener);
    put_text(w, e->client.address);
}

static bool
put_state(struct http_state *state, struct wire_writer *w)
{
    if (state->logon) {
        wire_put_le32(w, state->attributes);
        wire_put_le64(w, state->logon_id);
        logon_state_put(state->logon, w);
        return true;
    }
    wire_put_u8(w, (uint8_t)state->scheme);
    return session_put(&state->session, w);
}

/* --- and back ------------------------------------------------------------------------------ */

static bool
take_known(struct http_state *state, struct wire_reader *r)
{
    ULONG attributes = wire_le32(r);
    uint64_t logon_id = wire_le64(r);
    OPENSSPI_LOGON *logon = logon_state_take(wire_rest(r));

    if (!logon) {
        return false;
    }
    state->logon = logon;
    state->logon_is_copy = state->proven = true;
    state->attributes = attributes;
    state->logon_id = logon_id;
    return true;
}

/* Under the listener's credential, whose policy then holds for the leg that is to come. */
static bool
take_half_open(struct http_state *state, struct wire_reader *r)
{
    char why[WHY_BYTES];
    CredHandle *credential;
    uint8_t scheme = wire_u8(r);
    bool good;

    if (scheme != HTTP_SCHEME_NEGOTIATE && scheme != HTTP_SCHEME_NTLM) {
        return false;
    }
    credential = credential_get(state->credential, CREDENTIAL_MAIN, why, sizeof(why));
    if (!credential) {
        return false;
    }
    session_init(&state->session, state->client, state->rules, credential);
    good = session_take(&state->session, r) && wire_finish(r) == WIRE_OK;
    if (!good) {
        log_warning(state->client->log, "a handshake cannot be gone on with here",
                    log_text("listener", state->client->listener),
                    log_text("error", state->session.reason));
        session_clear(&state->session);
        return false;
    }
    state->has_session = true;
    state->scheme = (enum http_scheme)scheme;
    return true;
}

/* --- ends ---------------------------------------------------------------------------------- */

/* Two processes do not look at the clock at once; but what comes from further ahead is another
 * boot's. */
static bool
is_over(const struct content *c, uint64_t unused_s, uint64_t now_s)
{
    if (c->made_s > now_s + AHEAD_S || c->began_s > now_s + AHEAD_S) {
        return true;
    }
    return c->kind == PROXIED_KNOWN ? unused_s >= c->limit_s
                                    : now_s > c->began_s && now_s - c->began_s >= c->limit_s;
}

/* What was claimed is nobody's any more: the end of a logon, or a handshake that is refused. */
static void
end_content(struct content *c, const struct session_client *told, sec_status status,
            const char *reason)
{
    struct session_client client = *told;
    const struct session_rules rules = { 0 };
    struct http_state state = { .client = &client };

    client.listener = c->listener;
    client.port = 0;
    (void)snprintf(client.address, sizeof(client.address), "%s", c->address);
    if (c->kind == PROXIED_KNOWN) {
        if (take_known(&state, &c->rest)) {
            http_state_clear(&state);
        }
        return;
    }
    session_init(&state.session, &client, &rules, NULL);
    session_refuse(&state.session, status, reason);
    session_clear(&state.session);
}

static void
end_old(struct content *c, const struct session_client *told)
{
    char reason[SESSION_REASON_BYTES];

    (void)snprintf(reason, sizeof(reason),
                   "the handshake was not done after handshake_timeout = %llu s",
                   (unsigned long long)c->limit_s);
    end_content(c, told, SESSION_TIMEOUT, reason);
}

/* --- names --------------------------------------------------------------------------------- */

static bool
name_of(const struct proxied_shared *shared, const struct proxied_key *key,
        struct proxied_store_name *out)
{
    uint8_t room[NAME_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));

    wire_put_le64(&w, shared->scope);
    wire_put_counted(&w, bytes_of_string(shared->listener));
    wire_put(&w, &key->proxy, sizeof(key->proxy));
    wire_put(&w, &key->client, sizeof(key->client));
    wire_put_counted(&w, bytes_of_string(key->connection));
    if (wire_writer_status(&w) != WIRE_OK) {
        return false;
    }
    proxied_store_name(shared->store, wire_written(&w), out);
    return true;
}

static void
tell_damaged(const struct session_client *client)
{
    log_warning(client->log, "what was left of a connection is not as it was left",
                log_text("listener", client->listener));
}

/* One that is claimed, and can be used. */
static bool
claim(struct proxied_shared *shared, const struct proxied_store_name *name,
      const struct session_client *client, struct secret *held, struct content *out,
      uint64_t *unused_s)
{
    enum proxied_store_answer answer = proxied_store_claim(shared->store, name, held, unused_s);

    if (answer == PROXIED_STORE_FOUND && read_content(secret_bytes(held), out)) {
        return true;
    }
    if (answer != PROXIED_STORE_NONE) {
        tell_damaged(client);
    }
    return false;
}

/* --- requests with an Authorization -------------------------------------------------------- */

static void
take_content(struct proxied *e, struct content *c)
{
    bool taken = c->kind == PROXIED_KNOWN ? take_known(&e->state, &c->rest)
                                          : take_half_open(&e->state, &c->rest);

    if (taken) {
        e->made_s = c->made_s;
        e->began_s = c->began_s;
    }
}

void
proxied_shared_load(struct proxied_shared *shared, struct proxied *e, uint64_t now_s)
{
    SEC_AUTO(secret) held = { 0 };
    struct proxied_store_name name;
    struct content c;
    uint64_t unused_s = 0;

    e->began_s = now_s;
    e->kept = PROXIED_NOTHING;
    if (!name_of(shared, &e->key, &name) ||
        !claim(shared, &name, &e->client, &held, &c, &unused_s)) {
        return;
    }
    if (is_over(&c, unused_s, now_s)) {
        end_old(&c, &e->client);
    } else if (proxied_is_younger(&e->key, c.made_s, now_s)) {
        end_content(&c, &e->client, SESSION_OUT_OF_BOUNDS,
                    "the connection is another one's by now");
    } else {
        take_content(e, &c);
    }
}

/* Two at once: neither is to stand. */
static void
end_other(struct proxied_shared *shared, const struct proxied_store_name *name, struct proxied *e)
{
    SEC_AUTO(secret) held = { 0 };
    struct content c;
    uint64_t unused_s;

    log_warning(
        e->client.log,
        "a connection's state cannot be left: another request of it was answered meanwhile, "
        "or there is no room",
        log_text("listener", e->client.listener), log_text("address", e->client.address));
    if (claim(shared, name, &e->client, &held, &c, &unused_s)) {
        end_content(&c, &e->client, SESSION_OUT_OF_BOUNDS,
                    "two requests of the connection were answered at once");
    }
}

void
proxied_shared_save(struct proxied_shared *shared, struct proxied *e, uint64_t now_s)
{
    uint8_t room[CONTENT_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_secret(room, sizeof(room));
    enum proxied_kind kind = e->state.logon         ? PROXIED_KNOWN
                             : e->state.has_session ? PROXIED_HALF_OPEN
                                                    : PROXIED_NOTHING;
    struct proxied_store_name name;

    e->kept = PROXIED_NOTHING;
    if (kind == PROXIED_NOTHING) {
        return;
    }
    if (kind == PROXIED_HALF_OPEN && e->state.session.legs == 1) {
        e->began_s = now_s;
    }
    put_head(shared, e, kind, &w);
    if (!put_state(&e->state, &w)) {
        log_warning(e->client.log, "a handshake cannot be left for others",
                    log_text("listener", e->client.listener),
                    log_text("error", e->state.session.reason));
    } else if (wire_writer_status(&w) == WIRE_OK && name_of(shared, &e->key, &name)) {
        if (proxied_store_put(shared->store, &name, wire_written(&w))) {
            e->kept = kind;
            http_state_hand_over(&e->state);
            return;
        }
        end_other(shared, &name, e);
    }
    http_state_clear(&e->state);
}

void
proxied_shared_end(struct proxied_shared *shared, struct proxied *e, uint64_t now_s)
{
    SEC_AUTO(secret) held = { 0 };
    struct proxied_store_name name;
    struct content c;
    uint64_t unused_s = 0;

    if (e->kept == PROXIED_NOTHING || !name_of(shared, &e->key, &name) ||
        !claim(shared, &name, &e->client, &held, &c, &unused_s)) {
        return;
    }
    if (is_over(&c, unused_s, now_s)) {
        end_old(&c, &e->client);
    } else if (c.kind == (enum proxied_kind)e->kept && c.began_s == e->began_s) {
        end_content(&c, &e->client, SESSION_OUT_OF_BOUNDS,
                    "the oldest of max_unauthenticated handshakes had to make room");
    } else if (!proxied_store_put(shared->store, &name, secret_bytes(&held))) {
        end_content(&c, &e->client, SESSION_OUT_OF_BOUNDS, "there is no room for it any more");
    }
}

/* --- requests without ---------------------------------------------------------------------- */

/* Nobody's any more: claimed, since it may have been looked at or gone on with meanwhile. */
static void
drop(struct proxied_shared *shared, const struct proxied_store_name *name, struct proxied *e,
     uint64_t now_s)
{
    SEC_AUTO(secret) held = { 0 };
    struct content c;
    uint64_t unused_s = 0;

    if (!claim(shared, name, &e->client, &held, &c, &unused_s)) {
        return;
    }
    if (is_over(&c, unused_s, now_s)) {
        end_old(&c, &e->client);
    } else if (c.kind == PROXIED_KNOWN) {
        end_content(&c, &e->client, SEC_E_OK, "");
    }
    /* A handshake that a request without an Authorization leaves half-way ends without a word. */
}

bool
proxied_shared_look(struct proxied_shared *shared, const struct proxied_key *key,
                    const struct http_state *from, const struct session_client *client,
                    uint64_t now_s, struct proxied *e)
{
    SEC_AUTO(secret) held = { 0 };
    struct proxied_store_name name;
    struct content c;
    uint64_t unused_s = 0;
    enum proxied_store_answer answer;

    *e = (struct proxied){ .client = *client, .key = *key };
    http_state_like(&e->state, from, &e->client);
    if (!name_of(shared, key, &name)) {
        return false;
    }
    answer = proxied_store_look(shared->store, &name, &held, &unused_s);
    if (answer == PROXIED_STORE_NONE) {
        return false;
    }
    if (answer != PROXIED_STORE_FOUND || !read_content(secret_bytes(&held), &c) ||
        c.kind != PROXIED_KNOWN || is_over(&c, unused_s, now_s) ||
        proxied_is_younger(key, c.made_s, now_s)) {
        drop(shared, &name, e, now_s);
        return false;
    }
    if (unused_s > c.limit_s / TOUCHES) {
        proxied_store_touch(shared->store, &name);
    }
    return take_known(&e->state, &c.rest);
}

/* --- all of them --------------------------------------------------------------------------- */

struct sweep {
    struct proxied_shared *shared;
    const struct session_client *client;
    uint64_t now_s;
};

static bool
looks_old(const struct sweep *s, const struct proxied_store_name *name)
{
    SEC_AUTO(secret) held = { 0 };
    struct content c;
    uint64_t unused_s = 0;
    enum proxied_store_answer answer = proxied_store_look(s->shared->store, name, &held, &unused_s);

    /* What no process here can read is another configuration's or another boot's. */
    return answer == PROXIED_STORE_TROUBLE ||
           (answer == PROXIED_STORE_FOUND &&
            (!read_content(secret_bytes(&held), &c) || is_over(&c, unused_s, s->now_s)));
}

static void
see(void *user, const struct proxied_store_name *name)
{
    const struct sweep *s = user;
    SEC_AUTO(secret) held = { 0 };
    struct content c;
    uint64_t unused_s = 0;

    if (!looks_old(s, name) || !claim(s->shared, name, s->client, &held, &c, &unused_s)) {
        return;
    }
    if (is_over(&c, unused_s, s->now_s)) {
        end_old(&c, s->client);
    } else if (!proxied_store_put(s->shared->store, name, secret_bytes(&held))) {
        end_content(&c, s->client, SESSION_OUT_OF_BOUNDS, "there is no room for it any more");
    }
}

void
proxied_shared_sweep(struct proxied_shared *shared, const struct session_client *client,
                     uint64_t now_s)
{
    struct sweep s = { shared, client, now_s };
    uint64_t least_s =
        shared->idle_s < shared->handshake_timeout_s ? shared->idle_s : shared->handshake_timeout_s;

    proxied_store_each(shared->store, least_s, see, &s);
}
