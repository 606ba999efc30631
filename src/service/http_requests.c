/* SPDX-License-Identifier: Apache-2.0 */
/* What comes on a connection of an HTTP listener, request by request: read, answered, or refused. */
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/secret.h"
#include "service/http.h"
#include "service/status.h"

enum {
    BODY_BYTES = 1024 * 1024, /* what a request may carry; nobody here reads it */
    OUTPUT_BYTES = 4096,      /* on the stack; a larger answer goes to the heap */
    TURNS = 32,               /* requests of one client, before others have theirs */
};

/* A request and its answer. */
struct asking {
    struct http_head head;
    char host[HTTP_HOST_BYTES];
    struct http_request request;
    struct http_reply reply;
};

/* One that has to wait: for its body, or for the pool. */
struct http_pending {
    uv_work_t work;
    struct http *http;
    struct asking asking;
    size_t n;
    char text[]; /* of the head */
};

void
http_pending_free(struct http_pending *pending)
{
    if (pending) {
        secret_wipe(pending->text, pending->n);
        http_reply_clear(&pending->asking.reply);
        mem_free(pending);
    }
}

void
http_pending_cancel(struct http_pending *pending)
{
    (void)uv_cancel((uv_req_t *)&pending->work);
}

/* --- sending ------------------------------------------------------------------------------- */

static const char *
date_of(struct http_port *port)
{
    int64_t now = (int64_t)time(NULL);

    if (now != port->date_s) {
        port->date_s = now;
        http_write_date(now, port->date);
    }
    return port->date;
}

/* Takes the reply. */
static void
deliver(struct http *h, const struct http_write_to *to, struct http_reply *reply)
{
    uint8_t room[OUTPUT_BYTES];
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));

    bool somebody = h->proven || h->state.has_session;

    /* Under a configuration that is replaced, who is nobody comes again; so does a proxy, whose pool
     * would stay with it. */
    reply->close = reply->close || h->connection.loop->draining ||
                   (port_is_stopped(h->connection.port) && (h->state.is_proxy || !somebody));
    h->closes = reply->close;
    http_write_reply(&w, reply, to);
    http_reply_clear(reply);
    if (wire_writer_status(&w) == WIRE_OK) {
        http_send(h, wire_written(&w));
    } else {
        http_note(h, "closed: no memory for the answer");
        http_end(h);
    }
}

/* What is not HTTP, or asks for what HTTP does not have here. */
static void
refuse(struct http *h, unsigned status, const char *why)
{
    const struct session_client *client = &h->connection.client;
    const struct http_write_to to = { .date = date_of(h->port), .minor = 1 };
    struct http_reply reply;

    counters_add(&h->connection.listener->endpoint->counters.bad_requests);
    log_info(client->log, "request refused", log_text("listener", client->listener),
             log_text("address", client->address), log_number("port", client->port),
             log_number("status", status), log_text("reason", why));
    h->refused = true;
    http_write_refusal(&reply, status);
    deliver(h, &to, &reply);
}

/* --- answering ----------------------------------------------------------------------------- */

static void
prepare(const struct http *h, struct asking *asking)
{
    const struct http_head *head = &asking->head;
    enum http_host kind = http_auth_host(head->host, asking->host);

    asking->reply = (struct http_reply){ 0 };
    asking->request = (struct http_request){
        .method = head->method,
        .path = head->path,
        .fields = { head->fields, head->n_fields },
        .authorization = head->authorization,
        .n_authorization = head->n_authorization,
        .keeps_alive = head->keeps_alive,
        .asked = { .host = kind == HTTP_HOST_NONE ? NULL : asking->host,
                   .host_is_address = kind == HTTP_HOST_ADDRESS },
        .now_s = uv_now(&h->connection.loop->uv) / 1000,
    };
}

/* The answer is made: the connection counts as what it made it. */
static void
on_answer(struct http *h, struct asking *asking)
{
    const struct http_write_to to = { .date = date_of(h->port),
                                      .minor = asking->head.minor,
                                      .is_head = strcmp(asking->head.method, "HEAD") == 0 };

    h->stage = HTTP_READING;
    h->proven = http_state_is_known(&h->state);
    connection_set_authenticated(&h->connection, h->proven);
    connection_progressed(&h->connection);
    deliver(h, &to, &asking->reply);
}

/* A copy that lasts, in h->pending. false: refused. */
static bool
suspend(struct http *h, const struct asking *asking, const char *text, size_t n)
{
    struct http_pending *p = mem_new(sizeof(*p) + n);

    if (!p) {
        refuse(h, 503, "no memory for a request that has to wait");
        return false;
    }
    p->http = h;
    p->n = n;
    p->asking = *asking;
    bytes_copy(p->text, text, n);
    http_head_move(&p->asking.head, text, p->text);
    prepare(h, &p->asking);
    h->pending = p;
    return true;
}

static void
on_work(uv_work_t *work)
{
    struct http_pending *p = work->data;

    http_answer(&p->http->state, &p->asking.request, &p->asking.reply);
}

static void
on_worked(uv_work_t *work, int status)
{
    struct http_pending *p = work->data;
    struct http *h = p->http;

    (void)status;
    if (h->stage == HTTP_CLOSED) {
        http_release(h);
        return;
    }
    h->pending = NULL;
    on_answer(h, &p->asking);
    http_pending_free(p);
    http_resume(h);
}

/* What may wait leaves the loop. */
static void
answer_elsewhere(struct http *h)
{
    h->pending->work.data = h->pending;
    h->stage = HTTP_BUSY;
    connection_hold(&h->connection);
    if (uv_queue_work(&h->connection.loop->uv, &h->pending->work, on_work, on_worked) != 0) {
        h->stage = HTTP_READING;
        refuse(h, 503, "the pool takes nothing");
    }
}

/* How the service fares, for who asks without a name: the listener is there for it. */
static bool
shows_metrics(const struct http *h, const struct http_request *request)
{
    return h->connection.listener->settings->metrics && strcmp(request->path, "/metrics") == 0 &&
           (strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0);
}

static void
put_metrics(const struct http *h, const struct http_request *request, struct http_reply *reply)
{
    const struct service *service = h->connection.loop->service;

    *reply = (struct http_reply){ .status = 200,
                                  .type = STATUS_METRICS_TYPE,
                                  .close = !request->keeps_alive,
                                  .body = wire_writer_growing(NULL, 0) };
    service->put_metrics(service->owner, &reply->body);
    if (wire_writer_status(&reply->body) != WIRE_OK) {
        reply->status = 500;
        reply->body.len = 0;
    }
}

/* Answers a request that is whole. */
static void
answer(struct http *h, struct asking *asking)
{
    if (shows_metrics(h, &asking->request)) {
        put_metrics(h, &asking->request, &asking->reply);
    } else {
        http_answer(&h->state, &asking->request, &asking->reply);
    }
    on_answer(h, asking);
}

/* --- requests ------------------------------------------------------------------------------ */

/* A head without an end so far: whether it is of any use to wait for more. */
static void
check_beginning(struct http *h, struct bytes in)
{
    if (!http_head_may_begin(in)) {
        refuse(h, 400, "what came is not HTTP; TLS, perhaps");
    } else if (in.n > h->port->head_max) {
        bool has_line = memchr(in.p, '\n', in.n) != NULL;

        refuse(h, has_line ? 431 : 414,
               has_line ? "its head is too large" : "its request line is too large");
    }
}

/* false: more has to come first. */
static bool
use_head(struct http *h, struct http_text *text)
{
    struct asking asking;
    size_t n = http_head_end(bytes_of(text->p, text->n), &h->scanned);
    char *head = text->p;

    if (n == 0 || n > h->port->head_max) {
        check_beginning(h, bytes_of(text->p, text->n));
        return false;
    }
    h->scanned = 0;
    *text = (struct http_text){ text->p + n, text->n - n };
    if (!http_head_read(&asking.head, head, n)) {
        refuse(h, asking.head.status, asking.head.why);
        return false;
    }
    if (asking.head.body_bytes > BODY_BYTES) {
        refuse(h, 413, "its body is too large");
        return false;
    }
    prepare(h, &asking);
    if (asking.head.chunked || asking.head.body_bytes) {
        http_body_init(&h->body, asking.head.chunked, asking.head.body_bytes, BODY_BYTES);
        return suspend(h, &asking, head, n);
    }
    if (!http_answer_may_wait(&h->state, &asking.request)) {
        answer(h, &asking);
    } else if (suspend(h, &asking, head, n)) {
        answer_elsewhere(h);
    }
    return true;
}

/* The body is at its end. */
static void
on_body(struct http *h)
{
    struct http_pending *p = h->pending;

    if (http_answer_may_wait(&h->state, &p->asking.request)) {
        answer_elsewhere(h);
        return;
    }
    h->pending = NULL;
    answer(h, &p->asking);
    http_pending_free(p);
}

/* Who waits to be asked for the body is. false: the connection is at its end. */
static bool
ask_for_body(struct http *h)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    ssize_t n;

    if (!h->pending->asking.head.expects_continue) {
        return true;
    }
    h->pending->asking.head.expects_continue = false;
    n = http_send_some(h, bytes_of_string(line));
    if (n >= 0 && (size_t)n < sizeof(line) - 1) {
        http_end(h); /* it does not read what it was sent before */
    }
    return h->stage != HTTP_CLOSED;
}

static bool
use_body(struct http *h, struct http_text *text)
{
    struct bytes in = bytes_of(text->p, text->n);
    enum http_body_result result = http_body_skip(&h->body, &in);

    *text = (struct http_text){ text->p + (text->n - in.n), in.n };
    if (result == HTTP_BODY_WHOLE) {
        on_body(h);
        return true;
    }
    if (result == HTTP_BODY_BROKEN) {
        refuse(h, 400, "its body is not in chunks as it says");
    } else if (result == HTTP_BODY_TOO_LARGE) {
        refuse(h, 413, "its body is too large");
    }
    return false;
}

void
http_requests_use(struct http *h, struct http_text *text)
{
    bool goes_on = true;
    int turns = 0;

    while (goes_on && h->stage == HTTP_READING && text->n) {
        if (turns++ == TURNS) {
            h->stage = HTTP_WRITING; /* nothing, and then goes on */
            return;
        }
        goes_on = h->pending ? use_body(h, text) : use_head(h, text);
    }
    if (h->stage == HTTP_READING && h->pending) {
        (void)ask_for_body(h);
    }
}
