/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between samd and those who ask it: their bytes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account/authority_msg.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"

enum { ROOM = 512, TEXTS_MOST = 4 };

struct vector {
    const char *name, *bytes; /* without the length */
    struct authority_msg message;
};

#define BLOB(s)                             \
    {                                       \
        (const uint8_t *)(s), sizeof(s) - 1 \
    }

static const char *const two_groups[] = { "A", "Bc" };
static const char *const two_sids[] = { "S-1-1", "S-1-2" };
static const char *const one_group[] = { "G" };
static const char *const one_key[] = { "nt-hash" };
static const uint32_t two_attributes[] = { 7, 0x20000010 };

#define ID "0807060504030201"

/* docs/INTERFACES.md, message by message. */
static const struct vector vectors[] = {
    { "HELLO", "01 0000000000000000 01000000", { .type = AUTHORITY_MSG_HELLO, .version = 1 } },
    { "PROVE",
      "02 " ID
      " 00 07 01 0102030405060708 0200 6100 0200 6400 0300 6e6e6e 0100 6c 0200 7077 0100 63"
      " 0100 70 0100 6e 0100 72",
      { .type = AUTHORITY_MSG_PROVE,
        .id = UINT64_C(0x0102030405060708),
        .kind = ACCOUNT_NTLM_V2,
        .claim = { .chap_id = 7,
                   .dial_in = true,
                   .server_challenge = { 1, 2, 3, 4, 5, 6, 7, 8 },
                   .user = BLOB("a\0"),
                   .domain = BLOB("d\0"),
                   .nt_response = BLOB("nnn"),
                   .lm_response = BLOB("l"),
                   .password = BLOB("pw"),
                   .challenge = BLOB("c"),
                   .peer_challenge = BLOB("p"),
                   .peer_name = BLOB("n"),
                   .chap_response = BLOB("r") } } },
    { "ADD",
      "03 " ID " 0100 61 00 0200 7077 01 0100 75 00 0500000000000000 ffffffffffffffff 01 00 0200"
      " 0100 41 00 0200 4263 00",
      { .type = AUTHORITY_MSG_ADD,
        .id = UINT64_C(0x0102030405060708),
        .admin = { .name = "a",
                   .password = BLOB("pw"),
                   .unix_user = "u",
                   .expires_100ns = 5,
                   .password_expires_100ns = UINT64_MAX,
                   .may_dial_in = true },
        .join = { .items = two_groups, .n = 2 } } },
    { "SET_PASSWORD",
      "04 " ID " 0100 61 00 0200 7077 01",
      { .type = AUTHORITY_MSG_SET_PASSWORD,
        .id = UINT64_C(0x0102030405060708),
        .admin = { .name = "a", .password = BLOB("pw"), .keeps_clear_text = true } } },
    { "REMOVE",
      "05 " ID " 0100 61 00",
      { .type = AUTHORITY_MSG_REMOVE,
        .id = UINT64_C(0x0102030405060708),
        .admin = { .name = "a" } } },
    { "UNLOCK",
      "06 " ID " 0000 00",
      { .type = AUTHORITY_MSG_UNLOCK,
        .id = UINT64_C(0x0102030405060708),
        .admin = { .name = "" } } },
    { "CHANGE",
      "07 " ID " 0100 61 00 05 01 00 0600000000000000 0000000000000000 00 0000 0100 0100 47 00",
      { .type = AUTHORITY_MSG_CHANGE,
        .id = UINT64_C(0x0102030405060708),
        .admin = { .name = "a",
                   .changes = AUTHORITY_CHANGES_DISABLED | AUTHORITY_CHANGES_EXPIRES,
                   .disabled = true,
                   .expires_100ns = 6 },
        .leave = { .items = one_group, .n = 1 } } },
    { "LIST",
      "08 " ID " e9030000 40000000",
      { .type = AUTHORITY_MSG_LIST,
        .id = UINT64_C(0x0102030405060708),
        .admin = { .after_rid = 1001, .n_max = 64 } } },
    { "SHOW",
      "09 " ID " 0100 61 00",
      { .type = AUTHORITY_MSG_SHOW,
        .id = UINT64_C(0x0102030405060708),
        .admin = { .name = "a" } } },
    { "ENROLL_CODE",
      "0a " ID " 0100 61 00 01000000 02000000 06000000 1e000000 0900000000000000 0300 736563",
      { .type = AUTHORITY_MSG_ENROLL_CODE,
        .id = UINT64_C(0x0102030405060708),
        .admin = { .name = "a",
                   .code = { .type = ONE_TIME_CODE_TOTP,
                             .algorithm = ONE_TIME_CODE_SHA256,
                             .digits = 6,
                             .period_s = 30,
                             .next = 9 },
                   .code_secret = BLOB("sec") } } },
    { "REMOVE_CODE",
      "0b " ID " 0100 61 00",
      { .type = AUTHORITY_MSG_REMOVE_CODE,
        .id = UINT64_C(0x0102030405060708),
        .admin = { .name = "a" } } },
    { "CHANGE_PASSWORD",
      "0c " ID " 0200 6100 0200 6400 0300 6f6c64 0100 6e",
      { .type = AUTHORITY_MSG_CHANGE_PASSWORD,
        .id = UINT64_C(0x0102030405060708),
        .claim = { .user = BLOB("a\0"), .domain = BLOB("d\0"), .password = BLOB("old") },
        .new_password = BLOB("n") } },
    { "LOOK_UP",
      "0d " ID " 0200 6100 01 0500 532d312d39 00",
      { .type = AUTHORITY_MSG_LOOK_UP,
        .id = UINT64_C(0x0102030405060708),
        .claim = { .user = BLOB("a\0") },
        .entry_sid = "S-1-9" } },
    { "REDEEM",
      "0e " ID " 0200 6666 00 e9030000",
      { .type = AUTHORITY_MSG_REDEEM,
        .id = UINT64_C(0x0102030405060708),
        .assertion = "ff",
        .asker = 1001 } },
    { "WELCOME", "20 0000000000000000 01000000", { .type = AUTHORITY_MSG_WELCOME, .version = 1 } },
    { "PROVEN",
      "21 " ID " 01000000000000000000000000000000 02000000000000000000000000000000 01"
      " 03000000000000000000000000000000 04000000000000000000000000000000"
      " 0500000000000000000000000000000000000000 0200 6100 0200 6400 0500 532d312d39 00 00"
      " ffffffffffffffff 01 0200 0100 41 00 0200 4263 00 0200 0500 532d312d31 00 0500 532d312d32 00"
      " 0200 07000000 10000020 01 0200 6666 00",
      { .type = AUTHORITY_MSG_PROVEN,
        .id = UINT64_C(0x0102030405060708),
        .proof = { .session_base_key = { { 1 } },
                   .lm_session_key = { { 2 } },
                   .has_lm_session_key = true,
                   .mppe_send = { { 3 } },
                   .mppe_receive = { { 4 } },
                   .authenticator = { 5 } },
        .identity = { .user = BLOB("a\0"),
                      .domain = BLOB("d\0"),
                      .sid = "S-1-9",
                      .password_expires_100ns = UINT64_MAX,
                      .may_dial_in = true,
                      .assertion = "ff" },
        .groups = { .items = two_groups, .n = 2 },
        .group_sids = { .items = two_sids, .n = 2 },
        .group_attributes = { .items = two_attributes, .n = 2 } } },
    { "REFUSED",
      "22 " ID " 0c030980 6a0000c0 01 00 00 01 0500 532d312d39 00 0200 6e6f 00",
      { .type = AUTHORITY_MSG_REFUSED,
        .id = UINT64_C(0x0102030405060708),
        .status = UINT32_C(0x8009030C),
        .proof = { .sub_status = ACCOUNT_WRONG_PASSWORD,
                   .locked_out_now = true,
                   .used_code = true },
        .refused_sid = "S-1-9",
        .reason = "no" } },
    { "DONE", "23 " ID, { .type = AUTHORITY_MSG_DONE, .id = UINT64_C(0x0102030405060708) } },
    { "VIEW",
      "24 " ID " 0100 61 00 0500 532d312d39 00 01 0100 75 00 e9030000 01 00 01 0100000000000000"
      " 0200000000000000 0300000000000000 0400000000000000 0500000000000000 06000000"
      " 0700000000000000 0800000000000000 0100 0100 47 00 0100 0500 532d312d31 00 0100"
      " 0700 6e742d68617368 00 02000000 0100 73 00 01 0400 746f7470 00",
      { .type = AUTHORITY_MSG_VIEW,
        .id = UINT64_C(0x0102030405060708),
        .view = { .name = "a",
                  .sid = "S-1-9",
                  .unix_user = "u",
                  .rid = 1001,
                  .disabled = true,
                  .may_dial_in = true,
                  .expires_100ns = 1,
                  .password_expires_100ns = 2,
                  .password_set_100ns = 3,
                  .created_100ns = 4,
                  .changed_100ns = 5,
                  .failures = 6,
                  .last_failure_100ns = 7,
                  .locked_until_100ns = 8,
                  .key_version = 2,
                  .key_salt = "s",
                  .one_time_code = "totp" },
        .groups = { .items = one_group, .n = 1 },
        .group_sids = { .items = two_sids, .n = 1 },
        .keys = { .items = one_key, .n = 1 } } },
    { "FOUND",
      "25 " ID " 0500 532d312d39 00 0100 47 00 01",
      { .type = AUTHORITY_MSG_FOUND,
        .id = UINT64_C(0x0102030405060708),
        .entry_sid = "S-1-9",
        .entry_name = "G",
        .entry_is_group = true } },
    { "VOUCHED",
      "26 " ID " 0200 6100 0200 6400 0500 532d312d39 00 01 0100 75 00",
      { .type = AUTHORITY_MSG_VOUCHED,
        .id = UINT64_C(0x0102030405060708),
        .identity = { .user = BLOB("a\0"),
                      .domain = BLOB("d\0"),
                      .sid = "S-1-9",
                      .unix_user = "u" } } },
};

static struct bytes
frame_of(const struct vector *v, uint8_t room[static ROOM])
{
    return hex_into(room, ROOM, v->bytes);
}

static void
assert_text(const char *is, const char *wanted)
{
    if (wanted) {
        assert_string_equal(is, wanted);
    } else {
        assert_null(is);
    }
}

static void
assert_texts(const struct message_strings *is, const struct message_strings *wanted)
{
    const char *texts[TEXTS_MOST];

    assert_int_equal(is->n, wanted->n);
    message_strings_fill(is, texts);
    for (size_t i = 0; i < wanted->n; i++) {
        assert_string_equal(texts[i], wanted->items[i]);
    }
}

static void
assert_claim(const struct account_claim *a, const struct account_claim *b)
{
    assert_int_equal(a->chap_id, b->chap_id);
    assert_int_equal(a->dial_in, b->dial_in);
    assert_memory_equal(a->server_challenge, b->server_challenge, sizeof(a->server_challenge));
    assert_true(bytes_equal(a->user, b->user) && bytes_equal(a->domain, b->domain));
    assert_true(bytes_equal(a->nt_response, b->nt_response));
    assert_true(bytes_equal(a->lm_response, b->lm_response));
    assert_true(bytes_equal(a->password, b->password) && bytes_equal(a->challenge, b->challenge));
    assert_true(bytes_equal(a->peer_challenge, b->peer_challenge));
    assert_true(bytes_equal(a->peer_name, b->peer_name));
    assert_true(bytes_equal(a->chap_response, b->chap_response));
}

static void
assert_proof(const struct authority_msg *a, const struct authority_msg *b)
{
    const struct account_proof *p = &a->proof, *q = &b->proof;

    assert_memory_equal(p->session_base_key.b, q->session_base_key.b, 16);
    assert_memory_equal(p->lm_session_key.b, q->lm_session_key.b, 16);
    assert_memory_equal(p->mppe_send.b, q->mppe_send.b, 16);
    assert_memory_equal(p->mppe_receive.b, q->mppe_receive.b, 16);
    assert_memory_equal(p->authenticator, q->authenticator, sizeof(p->authenticator));
    assert_int_equal(p->has_lm_session_key, q->has_lm_session_key);
    assert_int_equal(p->sub_status, q->sub_status);
    assert_int_equal(p->locked_out_now, q->locked_out_now);
    assert_int_equal(p->no_clear_text, q->no_clear_text);
    assert_int_equal(p->no_code, q->no_code);
    assert_int_equal(p->used_code, q->used_code);
    assert_true(bytes_equal(a->identity.user, b->identity.user));
    assert_true(bytes_equal(a->identity.domain, b->identity.domain));
    assert_text(a->identity.sid, b->identity.sid);
    assert_text(a->identity.unix_user, b->identity.unix_user);
    assert_int_equal(a->identity.password_expires_100ns, b->identity.password_expires_100ns);
    assert_int_equal(a->identity.may_dial_in, b->identity.may_dial_in);
    assert_text(a->identity.assertion, b->identity.assertion);
    assert_text(a->assertion, b->assertion);
    assert_int_equal(a->asker, b->asker);
    assert_int_equal(a->status, b->status);
    assert_text(a->entry_sid, b->entry_sid);
    assert_text(a->entry_name, b->entry_name);
    assert_int_equal(a->entry_is_group, b->entry_is_group);
    assert_text(a->refused_sid, b->refused_sid);
    assert_text(a->reason, b->reason);
}

static void
assert_admin(const struct authority_msg *a, const struct authority_msg *b)
{
    assert_text(a->admin.name, b->admin.name);
    assert_text(a->admin.unix_user, b->admin.unix_user);
    assert_true(bytes_equal(a->admin.password, b->admin.password));
    assert_int_equal(a->admin.expires_100ns, b->admin.expires_100ns);
    assert_int_equal(a->admin.password_expires_100ns, b->admin.password_expires_100ns);
    assert_int_equal(a->admin.may_dial_in, b->admin.may_dial_in);
    assert_int_equal(a->admin.keeps_clear_text, b->admin.keeps_clear_text);
    assert_int_equal(a->admin.disabled, b->admin.disabled);
    assert_int_equal(a->admin.changes, b->admin.changes);
    assert_int_equal(a->admin.after_rid, b->admin.after_rid);
    assert_int_equal(a->admin.n_max, b->admin.n_max);
    assert_int_equal(a->admin.code.type, b->admin.code.type);
    assert_int_equal(a->admin.code.algorithm, b->admin.code.algorithm);
    assert_int_equal(a->admin.code.digits, b->admin.code.digits);
    assert_int_equal(a->admin.code.period_s, b->admin.code.period_s);
    assert_int_equal(a->admin.code.next, b->admin.code.next);
    assert_true(bytes_equal(a->new_password, b->new_password));
    assert_true(bytes_equal(a->admin.code_secret, b->admin.code_secret));
    assert_texts(&a->join, &b->join);
    assert_texts(&a->leave, &b->leave);
}

static void
assert_view(const struct account_view *a, const struct account_view *b)
{
    assert_text(a->name, b->name);
    assert_text(a->sid, b->sid);
    assert_text(a->unix_user, b->unix_user);
    assert_int_equal(a->rid, b->rid);
    assert_int_equal(a->disabled, b->disabled);
    assert_int_equal(a->locked, b->locked);
    assert_int_equal(a->may_dial_in, b->may_dial_in);
    assert_int_equal(a->expires_100ns, b->expires_100ns);
    assert_int_equal(a->password_expires_100ns, b->password_expires_100ns);
    assert_int_equal(a->password_set_100ns, b->password_set_100ns);
    assert_int_equal(a->created_100ns, b->created_100ns);
    assert_int_equal(a->changed_100ns, b->changed_100ns);
    assert_int_equal(a->failures, b->failures);
    assert_int_equal(a->last_failure_100ns, b->last_failure_100ns);
    assert_int_equal(a->locked_until_100ns, b->locked_until_100ns);
    assert_int_equal(a->key_version, b->key_version);
    assert_text(a->key_salt, b->key_salt);
    assert_text(a->one_time_code, b->one_time_code);
}

static void
assert_same(const struct authority_msg *a, const struct authority_msg *b)
{
    uint32_t numbers[TEXTS_MOST];

    assert_int_equal(a->type, b->type);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->kind, b->kind);
    assert_claim(&a->claim, &b->claim);
    assert_proof(a, b);
    assert_admin(a, b);
    assert_view(&a->view, &b->view);
    assert_texts(&a->groups, &b->groups);
    assert_texts(&a->group_sids, &b->group_sids);
    assert_texts(&a->keys, &b->keys);
    assert_int_equal(a->group_attributes.n, b->group_attributes.n);
    message_numbers_fill(&a->group_attributes, numbers);
    for (size_t i = 0; i < b->group_attributes.n; i++) {
        assert_int_equal(numbers[i], b->group_attributes.items[i]);
    }
}

static void
test_authority_msg_decode__each_vector__gives_its_fields(void **state)
{
    uint8_t room[ROOM];
    struct authority_msg m;

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        print_message("%s\n", vectors[i].name);
        assert_int_equal(authority_msg_decode(&m, frame_of(&vectors[i], room)), WIRE_OK);
        assert_same(&m, &vectors[i].message);
        assert_null(m.fault.field);
    }
}

static void
test_authority_msg_encode__each_vector__gives_its_bytes(void **state)
{
    uint8_t room[ROOM], out[ROOM];

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        struct bytes frame = frame_of(&vectors[i], room);
        struct wire_writer w = wire_writer_fixed(out, sizeof(out));

        assert_int_equal(authority_msg_encode(&w, &vectors[i].message), WIRE_OK);
        assert_int_equal(wire_load_le32(out), frame.n);
        assert_bytes_equal(bytes_of(out + 4, w.len - 4), frame);
    }
}

static void
must_fail(struct bytes in, size_t at, void *user)
{
    struct authority_msg m;

    assert_int_not_equal(authority_msg_decode(&m, in), WIRE_OK);
    assert_non_null(m.fault.field);
    assert_true(m.fault.at <= in.n);
    assert_int_equal(m.type, 0);
    assert_null(m.admin.name);
}

static void
test_authority_msg_decode__each_prefix__is_refused(void **state)
{
    uint8_t room[ROOM];

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        mutate_prefixes(frame_of(&vectors[i], room), must_fail, NULL);
    }
}

/* What is taken can be written again, as the same bytes. */
static void
may_fail(struct bytes in, size_t at, void *user)
{
    uint8_t out[ROOM];
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));
    struct authority_msg m;

    if (authority_msg_decode(&m, in) == WIRE_OK) {
        assert_int_equal(authority_msg_encode(&w, &m), WIRE_OK);
        assert_bytes_equal(bytes_of(out + 4, w.len - 4), in);
    }
}

static void
test_authority_msg_decode__each_byte_changed__reads_nothing_else(void **state)
{
    uint8_t room[ROOM];

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        mutate_bytes(frame_of(&vectors[i], room), may_fail, NULL);
    }
}

static void
test_authority_msg_decode__what_no_message_has__is_refused(void **state)
{
    static const struct {
        const char *bytes;
        enum wire_err err;
        const char *field;
        uint32_t at;
    } cases[] = {
        { "00 " ID, WIRE_BAD_VALUE, "type", 0 },
        { "0f " ID, WIRE_BAD_VALUE, "type", 0 },
        { "1f " ID, WIRE_BAD_VALUE, "type", 0 },
        { "27 " ID, WIRE_BAD_VALUE, "type", 0 },
        { "23 " ID " 00", WIRE_TRAILING, "end", 9 },
        { "05 " ID " 0100 61 61", WIRE_BAD_VALUE, "admin.name", 9 },
        { "05 " ID " 0200 6100 00", WIRE_BAD_VALUE, "admin.name", 9 },
        { "05 " ID " 0100 61", WIRE_SHORT, "admin.name", 11 },
        { "04 " ID " 0100 61 00 0200 7077 02", WIRE_BAD_VALUE, "admin.keeps_clear_text", 17 },
        { "07 " ID " 0100 61 00 05 01 00 0600000000000000 0000000000000000 00 ffff 0100 61 00",
          WIRE_SHORT, "join", 39 },
    };
    uint8_t room[ROOM];
    struct authority_msg m;

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct bytes frame = hex_into(room, sizeof(room), cases[i].bytes);

        print_message("%s\n", cases[i].bytes);
        assert_int_equal(authority_msg_decode(&m, frame), cases[i].err);
        assert_string_equal(m.fault.field, cases[i].field);
        assert_int_equal(m.fault.at, cases[i].at);
    }
}

/* Names of half a unit, and lists that do not fit each other. */
static void
test_authority_msg_decode__an_identity_that_cannot_be__is_refused(void **state)
{
    uint8_t out[ROOM];
    struct authority_msg proven = vectors[15].message, m;
    struct wire_writer w = wire_writer_fixed(out, sizeof(out));

    proven.group_sids.n = 1;
    assert_int_equal(authority_msg_encode(&w, &proven), WIRE_OK);
    assert_int_equal(authority_msg_decode(&m, bytes_of(out + 4, w.len - 4)), WIRE_BAD_VALUE);
    assert_string_equal(m.fault.field, "group_sids");

    proven = vectors[15].message;
    proven.group_attributes.n = 1;
    w = wire_writer_fixed(out, sizeof(out));
    assert_int_equal(authority_msg_encode(&w, &proven), WIRE_OK);
    assert_int_equal(authority_msg_decode(&m, bytes_of(out + 4, w.len - 4)), WIRE_BAD_VALUE);
    assert_string_equal(m.fault.field, "group_attributes");

    proven = vectors[15].message;
    proven.identity.user.n = 1;
    w = wire_writer_fixed(out, sizeof(out));
    assert_int_equal(authority_msg_encode(&w, &proven), WIRE_OK);
    assert_int_equal(authority_msg_decode(&m, bytes_of(out + 4, w.len - 4)), WIRE_BAD_VALUE);
}

static void
test_authority_msg_encode__more_than_a_message_carries__is_a_limit(void **state)
{
    static uint8_t blob[AUTHORITY_MSG_BLOB_MAX + 1];
    static char text[AUTHORITY_MSG_TEXT_MAX + 2];
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct authority_msg m = { .type = AUTHORITY_MSG_PROVE };

    m.claim.nt_response = bytes_of(blob, sizeof(blob));
    assert_int_equal(authority_msg_encode(&w, &m), WIRE_LIMIT);
    m.claim.nt_response.n = AUTHORITY_MSG_BLOB_MAX;
    assert_int_equal(authority_msg_encode(&w, &m), WIRE_OK);
    m.claim.lm_response = m.claim.user = m.claim.domain = m.claim.nt_response;
    assert_int_equal(authority_msg_encode(&w, &m), WIRE_LIMIT); /* as a whole */

    memset(text, 'a', sizeof(text) - 1);
    m = (struct authority_msg){ .type = AUTHORITY_MSG_SHOW, .admin = { .name = text } };
    assert_int_equal(authority_msg_encode(&w, &m), WIRE_LIMIT);
    m.admin.name = text + 1;
    assert_int_equal(authority_msg_encode(&w, &m), WIRE_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authority_msg_decode__each_vector__gives_its_fields),
        cmocka_unit_test(test_authority_msg_encode__each_vector__gives_its_bytes),
        cmocka_unit_test(test_authority_msg_decode__each_prefix__is_refused),
        cmocka_unit_test(test_authority_msg_decode__each_byte_changed__reads_nothing_else),
        cmocka_unit_test(test_authority_msg_decode__what_no_message_has__is_refused),
        cmocka_unit_test(test_authority_msg_decode__an_identity_that_cannot_be__is_refused),
        cmocka_unit_test(test_authority_msg_encode__more_than_a_message_carries__is_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
