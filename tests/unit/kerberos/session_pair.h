/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of an established Kerberos context, and messages between them. */
#ifndef TESTS_UNIT_KERBEROS_SESSION_PAIR_H
#define TESTS_UNIT_KERBEROS_SESSION_PAIR_H

#include <stdlib.h>

#include "kerberos/session.h"
#include "tests/support/fake_host.h"

enum { N_ENCTYPES = 5 };
static const int32_t enctypes[N_ENCTYPES] = {
    KRB_AES256_SHA1, KRB_AES128_SHA1, KRB_AES256_SHA384, KRB_AES128_SHA256, KRB_RC4_HMAC,
};

struct session_pair {
    struct fake_host initiator_host, acceptor_host;
    struct krb_session initiator, acceptor;
    /* Of both; set before session_pair_begin. */
    struct krb_session_args args;
};

/* Replays and order are looked at, numbers begin where 32 bits are soon used up. */
static inline void
session_pair_init(struct session_pair *p)
{
    *p = (struct session_pair){ 0 };
    p->args = (struct krb_session_args){ .acceptor_subkey = true,
                                         .replay_detect = true,
                                         .sequence_detect = true,
                                         .send_sequence = UINT32_MAX - 2,
                                         .receive_sequence = 77 };
    fake_host_init(&p->initiator_host);
    fake_host_init(&p->acceptor_host);
}

static inline struct krb_key
session_pair_key(int32_t enctype)
{
    struct krb_key key;
    uint8_t b[KRB_KEY_MAX_BYTES];

    for (unsigned i = 0; i < sizeof(b); i++) {
        b[i] = (uint8_t)(0x5A + 3 * i);
    }
    if (!krb_key_set(&key, enctype, bytes_of(b, krb_profile_of(enctype)->key_bytes))) {
        abort();
    }
    return key;
}

static inline void
session_pair_begin(struct session_pair *p, int32_t enctype)
{
    struct krb_key key = session_pair_key(enctype);
    struct krb_session_args args = p->args;

    args.key = &key;
    args.host = &p->initiator_host.host;
    krb_session_begin(&p->initiator, &args);
    args.host = &p->acceptor_host.host;
    args.acceptor = true;
    args.send_sequence = p->args.receive_sequence;
    args.receive_sequence = p->args.send_sequence;
    krb_session_begin(&p->acceptor, &args);
}

static inline void
session_pair_clear(struct session_pair *p)
{
    krb_session_clear(&p->initiator);
    krb_session_clear(&p->acceptor);
}

/* A message in TOKEN, DATA and PADDING. */
enum { MESSAGE_ROOM = 4096, TOKEN_ROOM = 96 };

struct message {
    uint8_t token[TOKEN_ROOM], data[MESSAGE_ROOM], padding[1];
    struct sec_segment segment;
    struct sec_msg msg;
};

static inline uint8_t
message_byte(size_t i)
{
    return (uint8_t)(0x41 + i % 23);
}

static inline struct sec_msg *
message_init(struct message *m, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        m->data[i] = message_byte(i);
    }
    m->segment = (struct sec_segment){ .p = m->data, .n = n };
    m->msg = (struct sec_msg){
        .segments = &m->segment, .n_segments = 1, .token = m->token, .token_n = sizeof(m->token)
    };
    return &m->msg;
}

static inline bool
message_is_intact(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != message_byte(i)) {
            return false;
        }
    }
    return true;
}

/* TOKEN, DATA and PADDING one behind the other: to has room. */
static inline struct sec_msg
message_stream(const struct message *m, uint8_t *to)
{
    size_t n = m->msg.token_n;

    bytes_copy(to, m->token, n);
    bytes_copy(to + n, m->data, m->segment.n);
    n += m->segment.n;
    bytes_copy(to + n, m->padding, m->msg.padding_n);
    n += m->msg.padding_n;
    return (struct sec_msg){ .token = to, .token_n = n, .stream = true };
}

#endif
