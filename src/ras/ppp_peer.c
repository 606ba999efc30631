/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of pppd's plugin. Whoever comes runs as root or as rasd, and shows the token of a
 * call that nobody has shown before; then it may ask about proofs, a few times, of the kinds that
 * the call's port requires. Proofs are looked at in libuv's pool: the account store may block.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "ras/ppp_proof.h"
#include "ras/ppp_server.h"

enum {
    STRANGERS_MAX = 64,
    HELLO_MS = 10000,
    ATTEMPTS_MAX = 5, /* in a call */
};

struct job;

struct ppp_peer {
    struct ppp_server *server;
    struct ppp *call; /* NULL until its token is shown, and after the call */
    struct job *job;  /* the proof that is being looked at */
    uv_pipe_t pipe;
    uv_timer_t timer;
    unsigned handles;
    bool closing, stranger;
    size_t n;
    uint8_t frame[PPP_MSG_LENGTH_BYTES + PPP_MSG_BYTES_MAX];
};

struct job {
    uv_work_t work;
    struct ppp_peer *peer; /* NULL: it is gone */
    struct account_authority *accounts;
    struct ppp_proof proof;
    struct account_proof result;
    sec_status status;
};

/* --- closing ------------------------------------------------------------------------------- */

static void
on_closed(uv_handle_t *handle)
{
    struct ppp_peer *p = handle->data;

    if (--p->handles == 0) {
        struct ppp_server *s = p->server;

        mem_free_wiped(p, sizeof(*p));
        ppp_server_unref(s);
    }
}

void
ppp_peer_close(struct ppp_peer *p)
{
    struct ppp *call;

    if (!p || p->closing) {
        return;
    }
    p->closing = true;
    p->server->strangers -= p->stranger;
    call = p->call;
    p->call = NULL;
    if (p->job) {
        p->job->peer = NULL;
    }
    uv_close((uv_handle_t *)&p->pipe, on_closed);
    uv_close((uv_handle_t *)&p->timer, on_closed);
    if (call) {
        ppp_peer_gone(call);
    }
}

static void
refuse(struct ppp_peer *p, const char *why)
{
    log_warning(p->server->args.log, "pppd's plugin is hung up on", log_text("why", why),
                log_number("call", p->call ? (int64_t)p->call->id : 0));
    ppp_peer_close(p);
}

/* The plugin waits for each answer: one that does not go out at once is for nobody. */
static void
answer(struct ppp_peer *p, const struct ppp_msg *m)
{
    uint8_t frame[PPP_MSG_LENGTH_BYTES + PPP_MSG_BYTES_MAX];
    struct wire_writer w = wire_writer_fixed(frame, sizeof(frame));
    ssize_t sent = -1;
    uv_os_fd_t fd;

    ppp_msg_encode(&w, m);
    if (wire_writer_status(&w) == WIRE_OK && !uv_fileno((const uv_handle_t *)&p->pipe, &fd)) {
        sent = send(fd, frame, w.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    secret_wipe(frame, sizeof(frame)); /* MPPE's keys */
    if (sent != (ssize_t)w.len) {
        refuse(p, "it does not take its answer");
    }
}

/* --- proofs -------------------------------------------------------------------------------- */

static void
verdict_no(struct ppp_peer *p, const struct ppp_proof *proof)
{
    char text[PPP_PROOF_TEXT_BYTES];

    p->call->refused = true;
    ppp_proof_failure(proof, text);
    answer(p, &(struct ppp_msg){
                  .type = PPP_MSG_VERDICT, .error = 691, .text = bytes_of_string(text) });
}

static void
verdict_yes(struct ppp_peer *p, const struct job *job)
{
    char text[PPP_PROOF_TEXT_BYTES];
    struct ppp_msg m = { .type = PPP_MSG_VERDICT };

    ppp_proof_success(&job->proof, job->result.authenticator, text);
    m.text = bytes_of_string(text);
    if (job->proof.algorithm == PPP_MSG_MSCHAP || job->proof.algorithm == PPP_MSG_MSCHAP_V2) {
        m.send_key = bytes_of(job->result.mppe_send.b, PPP_MSG_KEY_BYTES);
        m.receive_key = bytes_of(job->result.mppe_receive.b, PPP_MSG_KEY_BYTES);
    }
    answer(p, &m);
}

static void
tell_refused(struct ppp *call, const struct ppp_proof *proof, const char *why,
             const char *locked_out)
{
    if (call->owned && call->events.refused) {
        call->events.refused(call->owner, proof->user, proof->domain, why, locked_out);
    }
}

/* The owner may let go of the call, and so of the peer, in either callback. */
static void
finish(struct ppp_peer *p, struct job *job)
{
    struct ppp *call = p->call;

    if (job->status != SEC_E_OK) {
        tell_refused(call, &job->proof, ppp_proof_reason(&job->result, job->status),
                     job->result.locked_out_now ? job->result.sid : NULL);
    } else if (call->owned && call->events.authenticated &&
               call->events.authenticated(call->owner, job->proof.user, job->proof.domain,
                                          job->result.identity->sid)) {
        if (!p->closing) {
            call->authenticated = true;
            verdict_yes(p, job);
        }
        return;
    }
    if (!p->closing) {
        verdict_no(p, &job->proof);
    }
}

static void
job_run(uv_work_t *work)
{
    struct job *job = work->data;

    job->status = account_prove(job->accounts, &job->proof.claim, &job->result);
}

static void
job_done(uv_work_t *work, int status)
{
    struct job *job = work->data;
    struct ppp_peer *p = job->peer;

    if (p) {
        p->job = NULL;
        if (status == 0) {
            finish(p, job);
        } else {
            refuse(p, "its proof was not looked at");
        }
    }
    account_proof_clear(&job->result);
    account_authority_close(job->accounts);
    mem_free_wiped(job, sizeof(*job));
}

static void
on_prove(struct ppp_peer *p, const struct ppp_msg *m)
{
    struct ppp *call = p->call;
    const char *why;
    struct job *job;

    if (call->authenticated || p->job || ++call->attempts > ATTEMPTS_MAX) {
        refuse(p, "it asks too often");
        return;
    }
    if (!(ppp_proof_bit(m->algorithm) & call->require)) {
        refuse(p, "it asks about a proof that the port does not have");
        return;
    }
    job = mem_new(sizeof(*job));
    if (!job) {
        refuse(p, "no memory");
        return;
    }
    why = ppp_proof_make(&job->proof, m);
    job->proof.claim.now_100ns = clock_now_100ns();
    job->accounts = account_authority_ref(call->accounts);
    job->peer = p;
    job->work.data = job;
    if (why) {
        tell_refused(call, &job->proof, why, NULL);
        if (!p->closing) {
            verdict_no(p, &job->proof);
        }
        account_authority_close(job->accounts);
        mem_free_wiped(job, sizeof(*job));
        return;
    }
    p->job = job;
    (void)uv_queue_work(p->server->args.loop, &job->work, job_run, job_done); /* cannot fail */
}

/* --- the other messages -------------------------------------------------------------------- */

static void
on_hello(struct ppp_peer *p, const struct ppp_msg *m)
{
    struct ppp *call = NULL;

    if (m->version == PPP_MSG_VERSION) {
        call = ppp_by_token(p->server, m->token);
    }
    if (!call) {
        refuse(p, m->version == PPP_MSG_VERSION ? "its token is of no call"
                                                : "it is of another version");
        return;
    }
    p->call = call;
    call->peer = p;
    p->stranger = false;
    p->server->strangers--;
    (void)uv_timer_stop(&p->timer);
    answer(p, &(struct ppp_msg){ .type = PPP_MSG_WELCOME,
                                 .version = PPP_MSG_VERSION,
                                 .remote = bytes_of_string(call->remote) });
}

static void
keep_address(char *to, size_t room, struct bytes text)
{
    (void)snprintf(to, room, "%.*s", (int)text.n, (const char *)text.p);
}

static void
on_up(struct ppp_peer *p, const struct ppp_msg *m)
{
    struct ppp *call = p->call;
    char name[PPP_MSG_INTERFACE_MAX + 1];

    keep_address(name, sizeof(name), m->interface_name);
    keep_address(call->accounting.local, sizeof(call->accounting.local), m->local);
    keep_address(call->accounting.remote, sizeof(call->accounting.remote), m->remote);
    if (call->owned && call->events.up) {
        call->events.up(call->owner, name, call->accounting.local, call->accounting.remote);
    }
}

static void
on_message(struct ppp_peer *p, struct bytes frame)
{
    struct ppp_msg m;

    if (ppp_msg_decode(&m, frame) != WIRE_OK) {
        refuse(p, m.fault.field);
        return;
    }
    if (!p->call != (m.type == PPP_MSG_HELLO)) {
        refuse(p, "it speaks out of turn");
        return;
    }
    switch (m.type) {
    case PPP_MSG_HELLO: on_hello(p, &m); break;
    case PPP_MSG_PROVE: on_prove(p, &m); break;
    case PPP_MSG_UP: on_up(p, &m); break;
    case PPP_MSG_DOWN:
        p->call->accounting.bytes_in = m.bytes_in;
        p->call->accounting.bytes_out = m.bytes_out;
        break;
    default: refuse(p, "it speaks as rasd does");
    }
}

/* --- bytes --------------------------------------------------------------------------------- */

static void
on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct ppp_peer *p = handle->data;

    *out = uv_buf_init((char *)p->frame + p->n, (unsigned)(sizeof(p->frame) - p->n));
}

/* Whole frames from the front; false: the peer was closed. */
static bool
take_frames(struct ppp_peer *p)
{
    while (p->n >= PPP_MSG_LENGTH_BYTES) {
        uint32_t n = wire_load_le32(p->frame);
        size_t whole = PPP_MSG_LENGTH_BYTES + (size_t)n;

        if (n > PPP_MSG_BYTES_MAX) {
            refuse(p, "its frame is too long");
            return false;
        }
        if (p->n < whole) {
            return true;
        }
        on_message(p, bytes_of(p->frame + PPP_MSG_LENGTH_BYTES, n));
        if (p->closing) {
            return false;
        }
        bytes_move(p->frame, p->frame + whole, p->n - whole);
        p->n -= whole;
        secret_wipe(p->frame + p->n, sizeof(p->frame) - p->n); /* a password may have been there */
    }
    return true;
}

static void
on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct ppp_peer *p = stream->data;

    if (n < 0) {
        ppp_peer_close(p);
        return;
    }
    p->n += (size_t)n;
    (void)take_frames(p);
}

/* --- coming -------------------------------------------------------------------------------- */

static bool
may_come(const struct ppp_peer *p)
{
    struct ucred who;
    socklen_t n = sizeof(who);
    uv_os_fd_t fd;

    return uv_fileno((const uv_handle_t *)&p->pipe, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           (who.uid == 0 || who.uid == geteuid());
}

static void
on_late(uv_timer_t *timer)
{
    refuse(timer->data, "it shows no token");
}

void
ppp_peer_accept(struct ppp_server *s)
{
    struct ppp_peer *p = mem_new(sizeof(*p));

    if (!p) {
        return; /* it waits, and gives up */
    }
    ppp_server_ref(s);
    p->server = s;
    p->handles = 2;
    p->stranger = true;
    s->strangers++;
    (void)uv_pipe_init(s->args.loop, &p->pipe, 0);
    (void)uv_timer_init(s->args.loop, &p->timer);
    p->pipe.data = p;
    p->timer.data = p;
    if (uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&p->pipe)) {
        ppp_peer_close(p);
    } else if (s->strangers > STRANGERS_MAX || !may_come(p)) {
        refuse(p, s->strangers > STRANGERS_MAX ? "too many of them" : "it runs as another user");
    } else if (uv_read_start((uv_stream_t *)&p->pipe, on_room, on_bytes) ||
               uv_timer_start(&p->timer, on_late, HELLO_MS, 0)) {
        refuse(p, "no memory");
    }
}
