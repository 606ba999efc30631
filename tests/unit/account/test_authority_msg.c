/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between samd and those who ask it: their bytes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account/authority_msg.h"
#include "tests/support/message_vectors.h"

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

static enum wire_err
decode(void *message, struct bytes in)
{
    return authority_msg_decode(message, in);
}

static enum wire_err
encode(struct wire_writer *w, const void *message)
{
    return authority_msg_encode(w, message);
}

static const struct message_subject subject = { &authority_msg_format, decode, encode };

static void
test_authority_msg__each_vector__both_ways_cut_and_changed(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        message_check_vector(&subject, vectors[i].name, vectors[i].bytes, &vectors[i].message);
    }
}

static void
test_authority_msg_decode__what_no_message_has__is_refused(void **state)
{
    static const struct message_refusal cases[] = {
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

    message_check_refusals(&subject, cases, SEC_ARRAY_LEN(cases));
}

/* Names of half a unit, and lists that do not fit each other. */
static void
test_authority_msg_decode__an_identity_that_cannot_be__is_refused(void **state)
{
    uint8_t out[MESSAGE_ROOM];
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
        cmocka_unit_test(test_authority_msg__each_vector__both_ways_cut_and_changed),
        cmocka_unit_test(test_authority_msg_decode__what_no_message_has__is_refused),
        cmocka_unit_test(test_authority_msg_decode__an_identity_that_cannot_be__is_refused),
        cmocka_unit_test(test_authority_msg_encode__more_than_a_message_carries__is_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
