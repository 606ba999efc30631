/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rasd's plugin for pppd 2.4.9: whether a caller's proof is good is asked of rasd, over a socket,
 * with the token of the one call that this pppd is for. Nothing is decided here, and no secret but
 * MPPE's keys comes back. Where rasd does not answer, nobody is let in.
 */
/* pppd's own headers come first: they define a bool of one byte as theirs. */
/* clang-format off */
#include <pppd/pppd.h>
#define MPPE /* the keys, in the header that follows */
#include <pppd/chap_ms.h>
#include <pppd/chap-new.h>
#include <pppd/fsm.h>
#include <pppd/ipcp.h>
/* clang-format on */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/secret.h"
#include "ras/ppp_msg.h"

#define EXPORT __attribute__((visibility("default")))

enum { ANSWER_SECONDS = 60, VERDICT_BYTES = PPP_MSG_TEXT_MAX + 1 };

EXPORT extern char pppd_version[];
EXPORT extern int plugin_init(void);
char pppd_version[] = VERSION; /* pppd loads no plugin that was made for another one */

static char *socket_path;
static int token_fd = -1;
static int rasd_fd = -1;
static char remote_address[PPP_MSG_ADDRESS_MAX + 1];
static char verdict_text[VERDICT_BYTES];

static option_t options[] = {
    { (char *)"opensspi-socket", o_string, &socket_path, (char *)"where rasd listens", OPT_PRIV },
    { (char *)"opensspi-token-fd", o_int, &token_fd, (char *)"where the token is read", OPT_PRIV },
    { NULL },
};

/* --- frames -------------------------------------------------------------------------------- */

static void
hang_up_on_rasd(const char *why)
{
    error("OpenSSPI: %s", why);
    if (rasd_fd >= 0) {
        (void)close(rasd_fd);
    }
    rasd_fd = -1;
}

static int
receive_all(uint8_t *to, size_t n)
{
    while (n) {
        ssize_t got = recv(rasd_fd, to, n, MSG_WAITALL);

        if (got <= 0) {
            return 0;
        }
        to += got;
        n -= (size_t)got;
    }
    return 1;
}

static int
send_message(const struct ppp_msg *m)
{
    uint8_t frame[PPP_MSG_LENGTH_BYTES + PPP_MSG_BYTES_MAX];
    struct wire_writer w = wire_writer_fixed(frame, sizeof(frame));
    struct bytes out;
    int sent;

    if (rasd_fd < 0) {
        return 0;
    }
    ppp_msg_encode(&w, m);
    out = wire_written(&w);
    sent = wire_writer_status(&w) == WIRE_OK &&
           send(rasd_fd, out.p, out.n, MSG_NOSIGNAL) == (ssize_t)out.n;
    secret_wipe(frame, sizeof(frame)); /* a token or a password may be in it */
    if (!sent) {
        hang_up_on_rasd("rasd does not take what is sent");
    }
    return sent;
}

/* m's views are of frame. */
static int
receive_message(uint8_t frame[static PPP_MSG_BYTES_MAX], uint8_t type, struct ppp_msg *m)
{
    uint8_t length[PPP_MSG_LENGTH_BYTES];
    uint32_t n;

    if (!receive_all(length, sizeof(length))) {
        hang_up_on_rasd("rasd does not answer");
        return 0;
    }
    n = wire_load_le32(length);
    if (n > PPP_MSG_BYTES_MAX || !receive_all(frame, n) ||
        ppp_msg_decode(m, bytes_of(frame, n)) != WIRE_OK || m->type != type) {
        hang_up_on_rasd("rasd's answer makes no sense");
        return 0;
    }
    return 1;
}

static void
keep_text(char *to, size_t room, struct bytes text)
{
    size_t n = text.n < room ? text.n : room - 1;

    bytes_copy(to, text.p, n);
    to[n] = 0;
}

/* --- connecting ---------------------------------------------------------------------------- */

static int
open_socket(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const struct timeval limit = { .tv_sec = ANSWER_SECONDS };

    if (!socket_path || strlen(socket_path) >= sizeof(to.sun_path)) {
        error("OpenSSPI: opensspi-socket is missing, or too long");
        return 0;
    }
    bytes_copy(to.sun_path, socket_path, strlen(socket_path) + 1);
    rasd_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (rasd_fd < 0 || setsockopt(rasd_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
        setsockopt(rasd_fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
        connect(rasd_fd, (const struct sockaddr *)&to, sizeof(to))) {
        error("OpenSSPI: %s: %m", socket_path);
        hang_up_on_rasd("rasd cannot be reached");
        return 0;
    }
    return 1;
}

static int
introduce(void)
{
    uint8_t token[PPP_MSG_TOKEN_BYTES], frame[PPP_MSG_BYTES_MAX];
    struct ppp_msg m = { .type = PPP_MSG_HELLO, .version = PPP_MSG_VERSION };
    ssize_t got = token_fd < 0 ? -1 : read(token_fd, token, sizeof(token));
    int sent;

    if (token_fd >= 0) {
        (void)close(token_fd);
        token_fd = -1;
    }
    if (got != (ssize_t)sizeof(token)) {
        hang_up_on_rasd("there is no token");
        return 0;
    }
    m.token = bytes_of(token, sizeof(token));
    sent = send_message(&m);
    secret_wipe(token, sizeof(token));
    if (!sent || !receive_message(frame, PPP_MSG_WELCOME, &m)) {
        return 0;
    }
    keep_text(remote_address, sizeof(remote_address), m.remote);
    return m.version == PPP_MSG_VERSION;
}

/* Once: a token is good for one connection. */
static int
is_connected(void)
{
    static int tried;

    if (!tried) {
        tried = 1;
        if (open_socket() && !introduce()) {
            hang_up_on_rasd("rasd does not know this call");
        }
    }
    return rasd_fd >= 0;
}

/* --- proofs -------------------------------------------------------------------------------- */

static int
ask(const struct ppp_msg *proof)
{
    uint8_t frame[PPP_MSG_BYTES_MAX];
    struct ppp_msg m;
    int proven;

    verdict_text[0] = 0;
    if (!is_connected() || !send_message(proof) || !receive_message(frame, PPP_MSG_VERDICT, &m)) {
        return 0;
    }
    proven = m.error == 0;
    keep_text(verdict_text, sizeof(verdict_text), m.text);
    if (proven && m.send_key.n && m.receive_key.n) {
        bytes_copy(mppe_send_key, m.send_key.p, sizeof(mppe_send_key));
        bytes_copy(mppe_recv_key, m.receive_key.p, sizeof(mppe_recv_key));
        mppe_keys_set = 1;
    }
    secret_wipe(frame, sizeof(frame));
    return proven;
}

static int
check_pap(char *name, char *password, char **message, struct wordlist **addresses,
          struct wordlist **more_options)
{
    const struct ppp_msg proof = { .type = PPP_MSG_PROVE,
                                   .algorithm = PPP_MSG_PAP,
                                   .user = bytes_of_string(name),
                                   .response = bytes_of_string(password) };
    int proven = ask(&proof);

    *message = verdict_text;
    return proven;
}

/* Challenge and response have their length before them. */
static int
check_chap(char *name, char *our, int id, struct chap_digest_type *digest, unsigned char *challenge,
           unsigned char *response, char *message, int message_space)
{
    const struct ppp_msg proof = { .type = PPP_MSG_PROVE,
                                   .algorithm = (uint8_t)digest->code,
                                   .id = (uint8_t)id,
                                   .user = bytes_of_string(name),
                                   .challenge = bytes_of(challenge + 1, challenge[0]),
                                   .response = bytes_of(response + 1, response[0]) };
    int proven = ask(&proof);

    if (message_space > 0) {
        keep_text(message, (size_t)message_space, bytes_of_string(verdict_text));
    }
    return proven;
}

/* rasd is asked; where it cannot be, pppd ends for want of secrets. */
static int
can_check(void)
{
    return is_connected();
}

/* What the port says that callers have, by rasd or by pppd's own options. */
static int
may_have_address(uint32_t address)
{
    uint32_t wanted = ipcp_wantoptions[0].hisaddr;
    char text[INET_ADDRSTRLEN];

    if (wanted) {
        return address == wanted;
    }
    return inet_ntop(AF_INET, &address, text, sizeof(text)) && strcmp(text, remote_address) == 0;
}

/* --- notices ------------------------------------------------------------------------------- */

static void
tell_up(void *unused, int argument)
{
    char local[INET_ADDRSTRLEN], remote[INET_ADDRSTRLEN];
    struct ppp_msg m = { .type = PPP_MSG_UP, .interface_name = bytes_of_string(ifname) };

    if (inet_ntop(AF_INET, &ipcp_gotoptions[0].ouraddr, local, sizeof(local)) &&
        inet_ntop(AF_INET, &ipcp_hisoptions[0].hisaddr, remote, sizeof(remote))) {
        m.local = bytes_of_string(local);
        m.remote = bytes_of_string(remote);
        (void)send_message(&m);
    }
}

/* The kernel counts in 64 bits, pppd in 32. */
static uint64_t
count_of(const char *which, uint64_t otherwise)
{
    char path[128];
    unsigned long long n = 0;
    char line[32] = "";
    FILE *file;

    (void)snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", ifname, which);
    file = fopen(path, "re");
    if (!file) {
        return otherwise;
    }
    if (fgets(line, sizeof(line), file)) {
        n = strtoull(line, NULL, 10);
    }
    (void)fclose(file);
    return n ? n : otherwise;
}

/* pppd has brought its figures up to date by then. */
static void
tell_down(void *unused, int argument)
{
    const struct ppp_msg m = {
        .type = PPP_MSG_DOWN,
        .seconds = link_connect_time,
        .bytes_in = count_of("rx_bytes", link_stats_valid ? link_stats.bytes_in : 0),
        .bytes_out = count_of("tx_bytes", link_stats_valid ? link_stats.bytes_out : 0),
    };

    (void)send_message(&m);
}

static void
leave(void *unused, int argument)
{
    if (rasd_fd >= 0) {
        (void)close(rasd_fd);
        rasd_fd = -1;
    }
    secret_wipe(mppe_send_key, sizeof(mppe_send_key));
    secret_wipe(mppe_recv_key, sizeof(mppe_recv_key));
}

int
plugin_init(void)
{
    add_options(options);
    pap_check_hook = can_check;
    pap_auth_hook = check_pap;
    chap_check_hook = can_check;
    chap_verify_hook = check_chap;
    allowed_address_hook = may_have_address;
    add_notifier(&ip_up_notifier, tell_up, NULL);
    add_notifier(&ip_down_notifier, tell_down, NULL);
    add_notifier(&exitnotify, leave, NULL);
    return 0;
}
