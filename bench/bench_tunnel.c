/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes through sspid's tunnel over loopback, to a service and from it, beside what sealing and opening
 * the same messages costs in one process: the client here, sspid, and the service in a thread. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <opensspi/opensspi.h>

#include "base/mem.h"
#include "bench/harness.h"
#include "bench/kerberos_realm.h"
#include "bench/server.h"
#include "service/stream.h"

#define USER     "bench"
#define DOMAIN   "BENCHDOM"
#define PASSWORD "Passw0rd!"
#define WANTED                                                             \
    (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | \
     ISC_REQ_SEQUENCE_DETECT | ISC_REQ_MUTUAL_AUTH | ISC_REQ_ALLOCATE_MEMORY)

enum { MAX_MESSAGE = 1 << 20, ROOM_BYTES = 262144, FROM_SERVICE = 0x80 };

static void
check(int good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "bench_tunnel: %s\n", OpenSspiReason());
    }
    server_check(good, what);
}

static void
send_all(int fd, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

        check(sent > 0, "send");
        p += sent;
        n -= (size_t)sent;
    }
}

static void
receive_all(int fd, uint8_t *p, size_t n)
{
    check(recv(fd, p, n, MSG_WAITALL) == (ssize_t)n, "recv");
}

/* --- the service --------------------------------------------------------------------------- */

/* A head of 8 bytes: so many bytes follow, which are answered with one; or are to be sent. */
static void *
serve_one(void *user)
{
    uint8_t *room = mem_new(ROOM_BYTES), head[8];
    int fd = (int)(intptr_t)user;

    while (room && recv(fd, head, sizeof(head), MSG_WAITALL) == sizeof(head)) {
        bool sends = head[7] == FROM_SERVICE;
        uint64_t left = wire_load_le64(head) & UINT64_C(0x00FFFFFFFFFFFFFF);

        while (left) {
            size_t most = left < ROOM_BYTES ? (size_t)left : ROOM_BYTES;
            ssize_t n = sends ? send(fd, room, most, MSG_NOSIGNAL) : recv(fd, room, most, 0);

            check(n > 0, "the service");
            left -= (uint64_t)n;
        }
        if (!sends) {
            send_all(fd, head, 1);
        }
    }
    mem_free(room);
    (void)close(fd);
    return NULL;
}

static void *
serve(void *user)
{
    int listener = (int)(intptr_t)user;
    pthread_t thread;

    for (;;) {
        int fd = accept(listener, NULL, NULL);

        check(fd >= 0 && pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)fd) == 0 &&
                  pthread_detach(thread) == 0,
              "a client of the service");
    }
    return NULL;
}

static void
start_service(uint16_t port)
{
    const struct sockaddr_in a = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    pthread_t thread;

    check(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
              bind(fd, (const struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 16) == 0 &&
              pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0,
          "the service");
}

/* --- contexts ------------------------------------------------------------------------------ */

/* What a client's token is answered: by a server in this process, or over a socket. */
struct link {
    const char *package;
    int fd;
    CredHandle credential;
    CtxtHandle client, server;
    bool has_server;
    SecPkgContext_Sizes sizes;
    size_t most;
    uint8_t *room;
    struct stream_reader reader;
};

static void
answer_here(struct link *l, SecBuffer *token)
{
    SecBuffer in = *token, out = { 0, SECBUFFER_TOKEN, NULL };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                  out_desc = { SECBUFFER_VERSION, 1, &out };
    ULONG attributes;

    check(AcceptSecurityContext(&l->credential, l->has_server ? &l->server : NULL, &in_desc,
                                ASC_REQ_CONFIDENTIALITY | ASC_REQ_ALLOCATE_MEMORY,
                                SECURITY_NATIVE_DREP, &l->server, &out_desc, &attributes,
                                NULL) >= 0,
          "AcceptSecurityContext");
    l->has_server = true;
    (void)FreeContextBuffer(token->pvBuffer);
    *token = out;
}

static void
answer_there(struct link *l, SecBuffer *token, bool more)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    uint8_t head[STREAM_HEAD_BYTES];

    if (token->cbBuffer) {
        stream_put_token(&w, bytes_of(token->pvBuffer, token->cbBuffer));
        send_all(l->fd, w.p, w.len);
    }
    if (more) {
        receive_all(l->fd, head, sizeof(head));
        token->cbBuffer = wire_load_le32(head);
        check(token->cbBuffer < ROOM_BYTES, "a token");
        receive_all(l->fd, l->room, token->cbBuffer);
        token->pvBuffer = l->room;
    }
}

static void
establish(struct link *l)
{
    bool ntlm = strcmp(l->package, "NTLM") == 0;
    SEC_WINNT_AUTH_IDENTITY_A id = { .User = (unsigned char *)USER,
                                     .UserLength = sizeof(USER) - 1,
                                     .Domain = (unsigned char *)DOMAIN,
                                     .DomainLength = sizeof(DOMAIN) - 1,
                                     .Password = (unsigned char *)PASSWORD,
                                     .PasswordLength = sizeof(PASSWORD) - 1,
                                     .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI };
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    SecBuffer token = { 0, SECBUFFER_TOKEN, NULL };
    CredHandle mine;
    ULONG attributes;

    check(AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)l->package, SECPKG_CRED_OUTBOUND, NULL,
                                    ntlm ? &id : NULL, NULL, NULL, &mine, NULL) == SEC_E_OK &&
              (l->fd >= 0 ||
               AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)l->package, SECPKG_CRED_INBOUND,
                                         NULL, NULL, NULL, NULL, &l->credential, NULL) == SEC_E_OK),
          "credentials");
    for (bool first = true; status == SEC_I_CONTINUE_NEEDED; first = false) {
        SecBuffer out = { 0, SECBUFFER_TOKEN, NULL };
        SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &token },
                      out_desc = { SECBUFFER_VERSION, 1, &out };

        status = InitializeSecurityContextA(&mine, first ? NULL : &l->client,
                                            (char *)(uintptr_t)REALM_SERVICE, WANTED, 0,
                                            SECURITY_NATIVE_DREP, first ? NULL : &in_desc, 0,
                                            &l->client, &out_desc, &attributes, NULL);
        check(status >= 0, "InitializeSecurityContext");
        token = out;
        if (l->fd >= 0) {
            answer_there(l, &token, status == SEC_I_CONTINUE_NEEDED);
        } else if (token.cbBuffer) {
            answer_here(l, &token);
        }
    }
    check(QueryContextAttributesA(&l->client, SECPKG_ATTR_SIZES, &l->sizes) == SEC_E_OK, "sizes");
    l->most = stream_fit(&l->sizes, MAX_MESSAGE);
}

/* port 0: client and server are both here. plain: nothing is sealed, sspi-connect does it. */
static struct link *
link_new(const char *package, uint16_t port, bool plain)
{
    struct link *l = mem_new(sizeof(*l));

    check(l && (l->room = mem_new(ROOM_BYTES)), "memory");
    l->package = package;
    l->reader =
        (struct stream_reader){ .max_bytes = MAX_MESSAGE, .first_bytes = STREAM_BULK_BYTES };
    l->fd = port ? server_connect(port) : -1;
    check(!port || l->fd >= 0, "a connection");
    l->most = STREAM_BULK_BYTES - 128;
    if (!plain) {
        establish(l);
    }
    return l;
}

/* --- what is measured ---------------------------------------------------------------------- */

static double
pairs(void *state, long n)
{
    struct link *l = state;
    double begin = harness_now();

    for (long i = 0; i < n; i++) {
        struct bytes plain;
        size_t whole;

        check(stream_seal_at(&l->client, &l->sizes, l->room, l->most, &whole) == SEC_E_OK &&
                  stream_open(&l->server, l->room + STREAM_HEAD_BYTES, whole - STREAM_HEAD_BYTES,
                              &plain) == SEC_E_OK &&
                  plain.n == l->most,
              "a pair");
    }
    return harness_now() - begin;
}

static void
send_sealed(struct link *l, size_t plain_n)
{
    size_t n;

    check(stream_seal_at(&l->client, &l->sizes, l->room, plain_n, &n) == SEC_E_OK, "sealing");
    send_all(l->fd, l->room, n);
}

static size_t
receive_sealed(struct link *l)
{
    enum stream_result result = STREAM_MORE;
    struct bytes plain;

    while (result == STREAM_MORE) {
        size_t most;
        uint8_t *room = stream_room(&l->reader, &most);
        ssize_t n = room ? recv(l->fd, room, most, 0) : -1;

        check(n > 0, "the stream");
        result = stream_filled(&l->reader, (size_t)n);
    }
    check(result == STREAM_WHOLE &&
              stream_open(&l->client, l->reader.p, l->reader.length, &plain) == SEC_E_OK &&
              plain.n > 0,
          "a message");
    return plain.n;
}

static void
send_head(struct link *l, uint64_t bytes, uint8_t how, bool plain)
{
    uint8_t *at = plain ? l->room : l->room + stream_before(&l->sizes);

    for (int i = 0; i < 7; i++) {
        at[i] = (uint8_t)(bytes >> 8 * i);
    }
    at[7] = how;
    if (plain) {
        send_all(l->fd, at, 8);
    } else {
        send_sealed(l, 8);
    }
}

static double
to_service(void *state, long n)
{
    struct link *l = state;
    double begin = harness_now();

    send_head(l, (uint64_t)n * l->most, 0, false);
    for (long i = 0; i < n; i++) {
        send_sealed(l, l->most);
    }
    check(receive_sealed(l) == 1, "the service's answer");
    return harness_now() - begin;
}

static double
from_service(void *state, long n)
{
    struct link *l = state;
    uint64_t left = (uint64_t)n * l->most;
    double begin = harness_now();

    send_head(l, left, FROM_SERVICE, false);
    while (left) {
        left -= receive_sealed(l);
    }
    return harness_now() - begin;
}

static double
through_connect(void *state, long n)
{
    struct link *l = state;
    double begin = harness_now();

    send_head(l, (uint64_t)n * l->most, 0, true);
    for (long i = 0; i < n; i++) {
        send_all(l->fd, l->room, l->most);
    }
    receive_all(l->fd, l->room, 1);
    return harness_now() - begin;
}

/* --- programs ------------------------------------------------------------------------------ */

/* sspictl makes the store: the tests' fakes, which forge tickets, leave no room for the real one. */
static void
configure(uint16_t at, uint16_t service)
{
    static const char form[] = "[server]\ncomputer = SERVER\ndomain = " DOMAIN "\n"
                               "[accounts]\nstore = sqlite:%s\nkey_file = %s\n"
                               "[events]\nfile = %s\n[kerberos]\nkeytab = FILE:%s\n"
                               "[listener tunnel]\nprotocol = framed\naddress = 127.0.0.1:%u\n"
                               "backend = proxy:127.0.0.1:%u\n";
    static const char add[] = SSPICTL " account add " USER " --password-stdin";
    char text[1024];
    FILE *sspictl;

    (void)snprintf(text, sizeof(text), form, kerberos_realm_path("accounts.db"),
                   kerberos_realm_path("accounts.key"), kerberos_realm_path("events.jsonl"),
                   kerberos_realm_path("keytab"), at, service);
    kerberos_realm_write("sspid.conf", text);
    check(setenv("OPENSSPI_CONFIG", kerberos_realm_path("sspid.conf"), 1) == 0, "setenv");
    sspictl = popen(add, "w");
    check(sspictl && fputs(PASSWORD "\n", sspictl) >= 0 && pclose(sspictl) == 0, add);
}

static void
start_sspid(uint16_t port)
{
    const char *const argv[] = { SSPID, NULL };

    (void)server_start(argv, kerberos_realm_path("sspid.log"));
    server_await(port, "sspid did not start");
}

static void
start_sspi_connect(uint16_t at, uint16_t to)
{
    char listen_at[32], host_port[32];
    const char *const argv[] = { SSPI_CONNECT, "--package", "Kerberos", "--spn", REALM_SERVICE,
                                 "--listen",   listen_at,   host_port,  NULL };

    (void)snprintf(listen_at, sizeof(listen_at), "127.0.0.1:%u", at);
    (void)snprintf(host_port, sizeof(host_port), "127.0.0.1:%u", to);
    (void)server_start(argv, kerberos_realm_path("connect.log"));
    server_await(at, "sspi-connect did not start");
}

int
main(void)
{
    uint16_t service = server_free_port(), sspid, local;

    kerberos_realm_make();
    (void)atexit(server_stop_all); /* before the folder goes */
    start_service(service);
    sspid = server_free_port();
    configure(sspid, service);
    start_sspid(sspid);
    local = server_free_port();
    start_sspi_connect(local, sspid);
    {
        const double mega = (STREAM_BULK_BYTES - 128) / 1e6;
        struct link *k = link_new("Kerberos", 0, false), *n = link_new("NTLM", 0, false);
        const char *const kerberos = "Kerberos: EncryptMessage and DecryptMessage, 64 KB";
        const char *const ntlm = "NTLM: EncryptMessage and DecryptMessage, 64 KB";
        const struct harness_job jobs[] = {
            { kerberos, pairs, k, NULL, (double)k->most / 1e6, "MB/s", NULL },
            { "sspid: a tunnel with Kerberos, to the service", to_service,
              link_new("Kerberos", sspid, false), NULL, (double)k->most / 1e6, "MB/s", kerberos },
            { "sspid: a tunnel with Kerberos, from the service", from_service,
              link_new("Kerberos", sspid, false), NULL, (double)k->most / 1e6, "MB/s", kerberos },
            { "sspi-connect --listen and sspid, Kerberos, to the service", through_connect,
              link_new("Kerberos", local, true), NULL, mega, "MB/s", kerberos },
            { ntlm, pairs, n, NULL, (double)n->most / 1e6, "MB/s", NULL },
            { "sspid: a tunnel with NTLM, to the service", to_service,
              link_new("NTLM", sspid, false), NULL, (double)n->most / 1e6, "MB/s", ntlm },
            { "sspid: a tunnel with NTLM, from the service", from_service,
              link_new("NTLM", sspid, false), NULL, (double)n->most / 1e6, "MB/s", ntlm },
        };

        harness_group(jobs, sizeof(jobs) / sizeof(jobs[0]));
    }
    return 0;
}
