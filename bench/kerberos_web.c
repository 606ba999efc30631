/* SPDX-License-Identifier: Apache-2.0 */
/* sspid and its clients on loopback. */
#include "bench/kerberos_web.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/mem.h"
#include "bench/harness.h"
#include "codec/spnego_msg.h"

enum { ANSWER_BYTES = 16384 };

struct kerberos_web_sspid
kerberos_web_start_sspid(const char *name, const char *loops, const char *more)
{
    static const char form[] =
        "[kerberos]\nkeytab = FILE:%s\nreplay_capacity = 3000000\n"
        "[listener web]\nprotocol = http\naddress = 127.0.0.1:%u\nbackend = whoami\n"
        "package = Kerberos\n%s"
        "[listener framed]\nprotocol = framed\naddress = 127.0.0.1:%u\nbackend = whoami\n"
        "package = Kerberos\n%s[events]\nfile = %s\n";
    struct kerberos_web_sspid sspid = { .http = server_free_port() };
    char text[2048], conf[256], events[64], file[64];
    const char *const argv[] = { SSPID, "--config", conf, "--loops", loops, NULL };

    do {
        sspid.framed = server_free_port();
    } while (sspid.framed == sspid.http);
    (void)snprintf(events, sizeof(events), "%s.events", name);
    (void)snprintf(file, sizeof(file), "%s.conf", name);
    (void)snprintf(text, sizeof(text), form, kerberos_realm_path("keytab"), sspid.http, more,
                   sspid.framed, more, kerberos_realm_path(events));
    kerberos_realm_write(file, text);
    (void)snprintf(conf, sizeof(conf), "%s", kerberos_realm_path(file));
    (void)snprintf(file, sizeof(file), "%s.log", name);
    sspid.pid = server_start(argv, kerberos_realm_path(file));
    server_await(sspid.http, "sspid did not start");
    return sspid;
}

/* --- clients ------------------------------------------------------------------------------- */

/* As browsers send it: SPNEGO with Kerberos alone, its token at once. */
static void
put_token(struct kerberos_web_visitor *v, struct wire_writer *outer)
{
    SEC_AUTO(wire_writer) token = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) list = wire_writer_growing(NULL, 0);
    struct spnego_init m = { 0 };

    kerberos_maker_put(v->maker, &token);
    wire_put_u8(&list, 0x30);
    wire_put_u8(&list, (uint8_t)gss_krb5_oid.n);
    wire_put_bytes(&list, gss_krb5_oid);
    m.mech_list = wire_written(&list);
    m.mech_token = wire_written(&token);
    spnego_init_encode(outer, &m);
}

static void
put_request(struct kerberos_web_visitor *v)
{
    SEC_AUTO(wire_writer) token = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) text = wire_writer_growing(NULL, 0);

    if (v->framed) {
        kerberos_maker_put(v->maker, &token);
        wire_put_le32(&v->requests, (uint32_t)token.len);
        wire_put_bytes(&v->requests, wire_written(&token));
        return;
    }
    put_token(v, &token);
    base64_encode(wire_written(&token), &text);
    wire_put_bytes(&v->requests,
                   bytes_of_string("GET /whoami HTTP/1.1\r\nHost: web.example.test\r\n"
                                   "Connection: close\r\nAuthorization: Negotiate "));
    wire_put_bytes(&v->requests, wire_written(&text));
    wire_put_bytes(&v->requests, bytes_of_string("\r\n\r\n"));
}

void
kerberos_web_prepare(struct kerberos_web_visitor *v, long n)
{
    v->requests.len = 0;
    for (long i = 0; i < n; i++) {
        v->at[i] = v->requests.len;
        put_request(v);
    }
    v->at[n] = v->requests.len;
    server_check(wire_writer_status(&v->requests) == WIRE_OK, "memory");
}

/* A token, then sealed who it is: to be seen from how much it is. */
static int
is_framed_answer(const char *answer, size_t n)
{
    uint32_t token = n > 4 ? wire_load_le32(answer) : 0;

    return token > 0 && n > 4 + (size_t)token + 4;
}

static int
is_http_answer(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 200", 12) == 0 &&
           strcasestr(answer, "\r\nWWW-Authenticate: Negotiate ") != NULL;
}

void
kerberos_web_visit(struct kerberos_web_visitor *v, long i)
{
    char answer[ANSWER_BYTES];
    size_t got = 0, n = v->at[i + 1] - v->at[i];
    ssize_t r;
    int fd = server_connect(v->port), good;

    server_check(fd >= 0 && send(fd, v->requests.p + v->at[i], n, MSG_NOSIGNAL) == (ssize_t)n,
                 "the request");
    do {
        r = recv(fd, answer + got, sizeof(answer) - 1 - got, 0);
        got += r > 0 ? (size_t)r : 0;
        answer[got] = 0;
        good = v->framed ? is_framed_answer(answer, got) : is_http_answer(answer);
    } while (r > 0 && got < sizeof(answer) - 1 && !(v->framed && good));
    (void)close(fd);
    if (!good) {
        (void)fprintf(stderr, "%.300s\n", answer);
        server_check(0, "a logon was refused");
    }
}

double
kerberos_web_visits(void *visitor, long n)
{
    struct kerberos_web_visitor *v = visitor;
    double total = 0;

    while (n > 0) {
        long now = n < KERBEROS_WEB_BATCH ? n : KERBEROS_WEB_BATCH;
        double begin;

        kerberos_web_prepare(v, now);
        begin = harness_now();
        for (long i = 0; i < now; i++) {
            kerberos_web_visit(v, i);
        }
        total += harness_now() - begin;
        n -= now;
    }
    return total;
}

struct kerberos_web_visitor *
kerberos_web_visitor_new(uint16_t port, int framed, unsigned ahead_seconds)
{
    struct kerberos_web_visitor *v = mem_new(sizeof(*v));

    server_check(v && (v->maker = mem_new(sizeof(*v->maker))), "memory");
    v->port = port;
    v->framed = framed;
    v->requests = wire_writer_growing(NULL, 0);
    kerberos_maker_init(v->maker, ahead_seconds);
    return v;
}
