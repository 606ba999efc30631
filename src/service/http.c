/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of HTTP listeners. A client waits here until its first byte, which costs little;
 * then libmicrohttpd, driven from the loop, speaks HTTP with it. Its time-out is idleness; the
 * deadline of a handshake stays here. What a request is answered is http_answer.c's business.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "service/http_answer.h"
#include "service/service.h"

enum {
    HEADERS_BYTES = 32768,    /* beside the token */
    BODY_BYTES = 1024 * 1024, /* what a request may carry; nobody here reads it */
    IDLE_SECONDS = 60,        /* between the requests of a client that is known */
    MAX_FIELDS = 100,
    MAX_CONNECTIONS = 1 << 20, /* the listener's own limits come first */
};

struct http_port {
    struct port *port;
    struct MHD_Daemon *daemon;
    uv_poll_t poll; /* libmicrohttpd's epoll descriptor */
    uv_timer_t timer;
    int handles;
    struct http *entering; /* being handed over */
};

struct http {
    struct connection connection; /* first */
    struct http_port *port;
    int fd;
    uv_poll_t first_byte;
    bool handed_over; /* libmicrohttpd has the descriptor */
    bool doomed;      /* to be closed instead */
    bool over;        /* on its way out */
    int handles;
    unsigned requests, answers;
    struct http_state state;
};

/* One request, from its headers to its end. */
struct request {
    bool began;
    bool too_large;
    uint64_t body;
};

static void pump(struct http_port *http);

/* --- the end of a connection --------------------------------------------------------------- */

static void
on_handle_closed(uv_handle_t *handle)
{
    struct http *h = handle->data;

    if (--h->handles == 0) {
        connection_leave(&h->connection);
        mem_free(h);
    }
}

/* The descriptor is closed, by us or by libmicrohttpd. */
static void
release(struct http *h)
{
    if (h->connection.loop->draining) {
        h->state.told = NULL; /* it is we who end it */
    }
    http_state_end(&h->state, uv_now(&h->connection.loop->uv) / 1000);
    h->over = true;
    h->connection.deadline.data = h;
    h->handles++;
    uv_close((uv_handle_t *)&h->connection.deadline, on_handle_closed);
}

static void
on_first_byte_closed(uv_handle_t *handle)
{
    struct http *h = handle->data;

    if (!h->handed_over) {
        (void)close(h->fd);
    }
    on_handle_closed(handle);
}

/* Ends it now, wherever it stands. */
static void
end(struct http *h)
{
    if (h->over) {
        return;
    }
    if (h->handed_over) {
        /* libmicrohttpd sees the end of file, closes, and on_connection follows. */
        (void)shutdown(h->fd, SHUT_RDWR);
        return;
    }
    if (uv_is_closing((uv_handle_t *)&h->first_byte)) {
        h->doomed = true;
        return;
    }
    h->handles++;
    uv_close((uv_handle_t *)&h->first_byte, on_first_byte_closed);
    release(h);
}

static void
note(const struct http *h, const char *what)
{
    const struct session_client *client = &h->connection.client;

    log_info(client->log, what, log_text("listener", client->listener),
             log_text("address", client->address), log_number("port", client->port));
}

static void
on_deadline(uv_timer_t *timer)
{
    struct http *h = timer->data;
    char reason[SESSION_REASON_BYTES];

    counters_add(&h->connection.listener->endpoint->counters.timed_out);
    if (h->state.has_session) {
        (void)snprintf(reason, sizeof(reason),
                       "the handshake was not done after handshake_timeout = %lu s and %u legs",
                       h->connection.listener->settings->handshake_timeout_s,
                       h->state.session.legs);
        session_refuse(&h->state.session, SESSION_TIMEOUT, reason);
        http_state_clear(&h->state);
    } else {
        note(h, "closed: no logon before handshake_timeout");
    }
    end(h);
}

static void
on_stop(struct connection *connection, bool now)
{
    struct http *h = (struct http *)connection;

    if (now || !h->state.has_session) {
        end(h);
    }
}

/* --- requests ------------------------------------------------------------------------------ */

struct found {
    const char *authorization;
    unsigned n;
    struct http_field fields[MAX_FIELDS];
    size_t n_fields;
};

static enum MHD_Result
collect(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct found *found = user;

    (void)kind;
    if (strcasecmp(name, MHD_HTTP_HEADER_AUTHORIZATION) == 0) {
        found->authorization = value ? value : "";
        found->n++;
    }
    if (found->n_fields < MAX_FIELDS) {
        found->fields[found->n_fields++] = (struct http_field){ name, value ? value : "" };
    }
    return MHD_YES;
}

/* Whether a list such as "Keep-Alive, Upgrade" has the word. */
static bool
has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    while (list && *list) {
        list += strspn(list, ", \t");
        if (strncasecmp(list, word, n) == 0 && strchr(", \t", list[n])) {
            return true;
        }
        list += strcspn(list, ",");
    }
    return false;
}

static bool
keeps_alive(struct MHD_Connection *mhd, const char *version)
{
    const char *list =
        MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONNECTION);

    if (strcmp(version, MHD_HTTP_VERSION_1_1) == 0) {
        return !has_word(list, "close");
    }
    return strcmp(version, MHD_HTTP_VERSION_1_0) == 0 && has_word(list, "keep-alive");
}

static enum MHD_Result
send_reply(struct http *h, struct MHD_Connection *mhd, struct http_reply *reply)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->body.len, reply->body.len ? reply->body.p : (void *)"", MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = response ? MHD_YES : MHD_NO;

    for (size_t i = 0; i < reply->n_headers && result == MHD_YES; i++) {
        result = MHD_add_response_header(response, reply->headers[i].name,
                                         (const char *)reply->headers[i].value.p);
    }
    if (reply->type && result == MHD_YES) {
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
    }
    if ((reply->close || h->connection.loop->draining) && result == MHD_YES) {
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    if (result == MHD_YES) {
        result = MHD_queue_response(mhd, reply->status, response);
    }
    if (response) {
        MHD_destroy_response(response);
    }
    return result;
}

/* The connection counts as what the answer made it, and its time runs accordingly. */
static void
settle(struct http *h, bool was_proven)
{
    struct connection *c = &h->connection;

    limits_set_authenticated(&c->listener->endpoint->limits, &c->ticket, h->state.proven);
    if (h->state.proven) {
        (void)uv_timer_stop(&c->deadline);
    } else if (was_proven) {
        connection_start_deadline(c, on_deadline);
    }
}

static enum MHD_Result
answer(struct http *h, struct MHD_Connection *mhd, struct http_request *request)
{
    struct found found = { 0 };
    char host[HTTP_HOST_BYTES];
    enum http_host kind = http_auth_host(
        MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST), host);
    struct http_reply reply;
    bool was_proven = h->state.proven;
    enum MHD_Result result;

    (void)MHD_get_connection_values(mhd, MHD_HEADER_KIND, collect, &found);
    request->authorization = found.authorization;
    request->n_authorization = found.n;
    request->fields = found.fields;
    request->n_fields = found.n_fields;
    request->asked.host = kind == HTTP_HOST_NONE ? NULL : host;
    request->asked.host_is_address = kind == HTTP_HOST_ADDRESS;
    request->now_s = uv_now(&h->connection.loop->uv) / 1000;
    http_answer(&h->state, request, &reply);
    settle(h, was_proven);
    h->answers++;
    result = send_reply(h, mhd, &reply);
    http_reply_clear(&reply);
    return result;
}

/* A body that nobody here reads, from its headers on. */
static enum MHD_Result
refuse_body(struct http *h, struct MHD_Connection *mhd, unsigned status, const char *what)
{
    struct http_reply reply = { .status = status, .close = true };
    enum MHD_Result result;

    note(h, what);
    h->answers++;
    result = send_reply(h, mhd, &reply);
    http_reply_clear(&reply);
    return result;
}

static bool
announces_too_much(struct MHD_Connection *mhd)
{
    const char *text =
        MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return text && strtoull(text, NULL, 10) > BODY_BYTES;
}

struct framing {
    unsigned n; /* headers that say how long the body is */
    bool other; /* a coding that libmicrohttpd does not know */
};

static enum MHD_Result
count_framing(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct framing *framing = user;
    bool coding = strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;

    (void)kind;
    framing->n += coding || strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
    framing->other |= coding && (!value || strcasecmp(value, "chunked") != 0);
    return MHD_YES;
}

/* RFC 9112 6.1 and 6.3: where a proxy may read another length than libmicrohttpd does, the bytes of
 * one client would become the request of another. */
static bool
is_ambiguous(struct MHD_Connection *mhd)
{
    struct framing framing = { 0 };

    (void)MHD_get_connection_values(mhd, MHD_HEADER_KIND, count_framing, &framing);
    return framing.n > 1 || framing.other;
}

/* The headers are there: whether the body may come. */
static enum MHD_Result
begin(struct http *h, struct MHD_Connection *mhd)
{
    if (is_ambiguous(mhd)) {
        return refuse_body(h, mhd, MHD_HTTP_BAD_REQUEST,
                           "request refused: it does not say once how long its body is");
    }
    if (announces_too_much(mhd)) {
        return refuse_body(h, mhd, MHD_HTTP_CONTENT_TOO_LARGE,
                           "request refused: its body is too large");
    }
    return MHD_YES;
}

/* Called with the headers, with each part of the body, and once more at its end. */
static enum MHD_Result
on_request(void *user, struct MHD_Connection *mhd, const char *url, const char *method,
           const char *version, const char *body, size_t *body_n, void **memory)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http *h = info ? info->socket_context : NULL;
    struct request *request = *memory;
    struct http_request asked = { .method = method, .path = url };

    (void)user;
    (void)body;
    if (!h || !request) {
        return MHD_NO;
    }
    if (!request->began) {
        request->began = true;
        return begin(h, mhd);
    }
    if (*body_n) {
        request->body += *body_n;
        *body_n = 0;
        if (request->body > BODY_BYTES) {
            note(h, "closed: the request's body is too large");
            return MHD_NO;
        }
        return MHD_YES;
    }
    asked.keeps_alive = keeps_alive(mhd, version);
    return answer(h, mhd, &asked);
}

/* --- libmicrohttpd's other calls ----------------------------------------------------------- */

/* A request line was read. What is returned is on_request's memory. */
static void *
on_request_line(void *user, const char *uri, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http *h = info ? info->socket_context : NULL;

    (void)user;
    (void)uri;
    if (h) {
        h->requests++;
    }
    return mem_new(sizeof(struct request));
}

static void
on_completed(void *user, struct MHD_Connection *mhd, void **memory,
             enum MHD_RequestTerminationCode code)
{
    (void)user;
    (void)mhd;
    (void)code;
    mem_free(*memory);
    *memory = NULL;
}

static void
on_connection(void *user, struct MHD_Connection *mhd, void **context,
              enum MHD_ConnectionNotificationCode code)
{
    struct http_port *http = user;
    struct http *h;

    (void)mhd;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = http->entering;
        http->entering = NULL;
        return;
    }
    h = *context;
    if (h) {
        if (h->requests > h->answers) {
            note(h, "a request ended before it could be answered: cut, malformed, or its headers "
                    "too large");
        }
        release(h);
    }
}

SEC_PRINTF(2, 0)
static void
on_message(void *user, const char *format, va_list args)
{
    struct http_port *http = user;
    char text[256];

    (void)vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\n")] = 0;
    log_info(http->port->loop->service->log, "http",
             log_text("listener", http->port->listener->settings->name), log_text("message", text));
}

/* --- driving it from the loop -------------------------------------------------------------- */

static void
on_timer(uv_timer_t *timer)
{
    pump(timer->data);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    pump(poll->data);
}

static void
pump(struct http_port *http)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;

    (void)MHD_run(http->daemon);
    if (MHD_get_timeout(http->daemon, &ms) == MHD_YES) {
        (void)uv_timer_start(&http->timer, on_timer, ms, 0);
    } else {
        (void)uv_timer_stop(&http->timer);
    }
}

static void
hand_over(uv_handle_t *handle)
{
    struct http *h = handle->data;
    struct http_port *http = h->port;
    struct sockaddr_in6 from = { .sin6_family = AF_INET6 };

    h->handles--;
    if (h->doomed) {
        (void)close(h->fd);
        release(h);
        return;
    }
    h->handed_over = true;
    http->entering = h;
    (void)MHD_add_connection(http->daemon, h->fd, (const struct sockaddr *)&from, sizeof(from));
    pump(http);
    if (http->entering) {
        /* It did not begin, and closed the descriptor. */
        http->entering = NULL;
        log_error(h->connection.client.log, "a connection could not be handed over",
                  log_text("listener", h->connection.client.listener));
        release(h);
    }
}

static void
on_first_byte(uv_poll_t *poll, int status, int events)
{
    struct http *h = poll->data;

    (void)status;
    (void)events;
    h->handles++;
    uv_close((uv_handle_t *)poll, hand_over);
}

void
http_accept(struct port *port, int fd, const struct sockaddr_in6 *from)
{
    struct http *h = mem_new(sizeof(*h));

    if (!h || !connection_open(&h->connection, port, from)) {
        (void)close(fd);
        mem_free(h);
        return;
    }
    h->connection.stop = on_stop;
    h->port = port->http;
    h->fd = fd;
    h->first_byte.data = h;
    http_state_init(&h->state, &h->connection.client, &port->listener->rules,
                    &port->listener->credential);
    h->state.told = &port->listener->told;
    if (uv_poll_init(&port->loop->uv, &h->first_byte, fd) != 0) {
        (void)close(fd);
        release(h);
        return;
    }
    (void)uv_poll_start(&h->first_byte, UV_READABLE, on_first_byte);
    connection_start_deadline(&h->connection, on_deadline);
}

struct http_port *
http_port_new(struct port *port)
{
    struct http_port *http = mem_new(sizeof(*http));
    size_t memory = port->listener->settings->max_token / 3 * 4 + HEADERS_BYTES;
    const union MHD_DaemonInfo *info;

    if (!http) {
        return NULL;
    }
    http->port = port;
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request,
        http, MHD_OPTION_EXTERNAL_LOGGER, on_message, http, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, http, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        memory, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)MAX_CONNECTIONS, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    info = http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    http->poll.data = http->timer.data = http;
    if (!info || uv_timer_init(&port->loop->uv, &http->timer) != 0 ||
        uv_poll_init(&port->loop->uv, &http->poll, info->epoll_fd) != 0 ||
        uv_poll_start(&http->poll, UV_READABLE, on_poll) != 0) {
        return NULL; /* the program ends */
    }
    return http;
}

static void
on_port_handle_closed(uv_handle_t *handle)
{
    struct http_port *http = handle->data;

    if (--http->handles == 0) {
        MHD_stop_daemon(http->daemon);
        mem_free(http);
    }
}

void
http_port_stop(struct http_port *http)
{
    http->handles = 2;
    uv_close((uv_handle_t *)&http->poll, on_port_handle_closed);
    uv_close((uv_handle_t *)&http->timer, on_port_handle_closed);
}
