/* SPDX-License-Identifier: Apache-2.0 */
/* AV pairs and the NTLMv2 response: [MS-NLMP] 2.2.2.1, 2.2.2.7, 3.1.5.1.2, 4.2.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/ntlm_msg.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"
#include "tests/support/ntlm_vectors.h"

#define STAMP UINT64_C(0x01d4f54cf65a0000) /* of the derived vectors */

/* --- reading ------------------------------------------------------------------------------- */

static void
test_ntlm_av_pairs_decode__derived_vector_read(void **state)
{
    struct ntlm_av_pairs av;
    struct bytes rest;

    assert_int_equal(ntlm_av_pairs_decode(&av, HEX(NTLM_MIC_CLIENT_PAIRS "00000000"), &rest),
                     WIRE_OK);
    assert_bytes_equal(av.nb_domain, UTF16("Domain"));
    assert_bytes_equal(av.nb_computer, UTF16("Server"));
    assert_true(av.timestamp_100ns == STAMP);
    assert_int_equal(av.flags, NTLM_AV_FLAG_MIC);
    assert_bytes_equal(av.channel_bindings, HEX(NTLM_MIC_BINDINGS));
    assert_bytes_equal(av.target_name, UTF16(NTLM_MIC_TARGET));
    assert_int_equal(av.present, 1u << 1 | 1u << 2 | 1u << 6 | 1u << 7 | 1u << 9 | 1u << 10);
    assert_bytes_equal(rest, HEX("00000000"));
}

static void
test_ntlm_av_pairs_decode__each_known_pair_goes_to_its_place(void **state)
{
    struct ntlm_av_pairs av;

    assert_int_equal(ntlm_av_pairs_decode(&av,
                                          HEX("05000200 0500 03000200 0300 04000200 0400"
                                              "01000200 0100 02000200 0200 09000200 0900"
                                              "08000300 080808 00000000"),
                                          NULL),
                     WIRE_OK);
    assert_bytes_equal(av.nb_computer, HEX("0100"));
    assert_bytes_equal(av.nb_domain, HEX("0200"));
    assert_bytes_equal(av.dns_computer, HEX("0300"));
    assert_bytes_equal(av.dns_domain, HEX("0400"));
    assert_bytes_equal(av.dns_tree, HEX("0500"));
    assert_bytes_equal(av.single_host, HEX("080808"));
    assert_bytes_equal(av.target_name, HEX("0900"));
    assert_int_equal(av.present, 0x33e);
}

static void
try_pairs(struct bytes in, size_t at, void *user)
{
    struct ntlm_av_pairs av;
    struct bytes rest;

    if (ntlm_av_pairs_decode(&av, in, &rest) != WIRE_OK) {
        return;
    }
    assert_false(*(const bool *)user);
    assert_true(mutate_is_inside(in, rest));
    assert_true(mutate_is_inside(in, av.nb_computer));
    assert_true(mutate_is_inside(in, av.nb_domain));
    assert_true(mutate_is_inside(in, av.dns_computer));
    assert_true(mutate_is_inside(in, av.dns_domain));
    assert_true(mutate_is_inside(in, av.dns_tree));
    assert_true(mutate_is_inside(in, av.single_host));
    assert_true(mutate_is_inside(in, av.target_name));
    assert_true(mutate_is_inside(in, av.channel_bindings));
    assert_int_equal(av.channel_bindings.n, ntlm_av_has(&av, NTLM_AV_CHANNEL_BINDINGS) ? 16 : 0);
}

static void
test_ntlm_av_pairs_decode__each_prefix_refused_each_byte_survived(void **state)
{
    bool must_fail = true;

    mutate_prefixes(HEX(NTLM_MIC_CLIENT_PAIRS), try_pairs, &must_fail);
    must_fail = false;
    mutate_bytes(HEX(NTLM_MIC_CLIENT_PAIRS), try_pairs, &must_fail);
}

/* A pair shorter than what is read of it lets the reader run on into what follows. */
static void
test_ntlm_av_pairs_decode__pair_of_the_wrong_length_refused_ghsl_2023_011(void **state)
{
    static const struct {
        uint16_t id, len;
        bool good;
    } cases[] = {
        { NTLM_AV_FLAGS, 0, false },
        { NTLM_AV_FLAGS, 3, false },
        { NTLM_AV_FLAGS, 4, true },
        { NTLM_AV_FLAGS, 5, false },
        { NTLM_AV_TIMESTAMP, 0, false },
        { NTLM_AV_TIMESTAMP, 7, false },
        { NTLM_AV_TIMESTAMP, 8, true },
        { NTLM_AV_TIMESTAMP, 9, false },
        { NTLM_AV_CHANNEL_BINDINGS, 0, false },
        { NTLM_AV_CHANNEL_BINDINGS, 15, false },
        { NTLM_AV_CHANNEL_BINDINGS, 16, true },
        { NTLM_AV_CHANNEL_BINDINGS, 17, false },
        { NTLM_AV_EOL, 1, false },
        { NTLM_AV_TARGET_NAME, 0, true },
        { NTLM_AV_NB_COMPUTER_NAME, 0, true },
        { 11, 3, true },
        { UINT16_MAX, 30, true },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t list[40] = { 0 };
        uint8_t *copy;
        struct ntlm_av_pairs av;
        size_t n = 4u + cases[i].len + 4u;

        wire_store_le16(list, cases[i].id);
        wire_store_le16(list + 2, cases[i].len);
        copy = mutate_copy(bytes_of(list, n), n);
        assert_int_equal(ntlm_av_pairs_decode(&av, bytes_of(copy, n), NULL),
                         cases[i].good ? WIRE_OK : WIRE_BAD_VALUE);
        free(copy);
        /* And with the list ending within the pair. */
        copy = mutate_copy(bytes_of(list, n), 4);
        assert_true(cases[i].len == 0 ||
                    ntlm_av_pairs_decode(&av, bytes_of(copy, 4), NULL) != WIRE_OK);
        free(copy);
    }
}

/* One that counts and one that is looked at: whoever adds a second pair may mean either. */
static void
test_ntlm_av_pairs_decode__second_pair_of_a_kind_refused(void **state)
{
    struct ntlm_av_pairs av;

    assert_int_equal(
        ntlm_av_pairs_decode(&av, HEX("06000400 00000000 06000400 02000000 00000000"), NULL),
        WIRE_BAD_VALUE);
    assert_int_equal(ntlm_av_pairs_decode(&av, HEX("01000000 02000000 01000000 00000000"), NULL),
                     WIRE_BAD_VALUE);
    assert_int_equal(ntlm_av_pairs_decode(&av, HEX("0b000000 0b000000 00000000"), NULL), WIRE_OK);
}

static void
test_ntlm_av_pairs_decode__list_without_its_end_refused(void **state)
{
    struct ntlm_av_pairs av;

    assert_int_equal(ntlm_av_pairs_decode(&av, (struct bytes){ 0 }, NULL), WIRE_SHORT);
    assert_int_equal(ntlm_av_pairs_decode(&av, HEX("010002004100"), NULL), WIRE_SHORT);
    assert_int_equal(ntlm_av_pairs_decode(&av, HEX("0100ffff4100"), NULL), WIRE_SHORT);
}

/* --- answering ----------------------------------------------------------------------------- */

static void
assert_answer(struct bytes server, const struct ntlm_av_answer *answer, struct bytes expected)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    assert_int_equal(ntlm_av_pairs_answer(&w, server, answer), WIRE_OK);
    assert_bytes_equal(wire_written(&w), expected);
}

static void
test_ntlm_av_pairs_answer__server_pairs_give_derived_vector(void **state)
{
    const struct ntlm_av_answer answer = {
        .set_flags = NTLM_AV_FLAG_MIC,
        .channel_bindings = HEX(NTLM_MIC_BINDINGS).p,
        .has_target_name = true,
        .target_name = UTF16(NTLM_MIC_TARGET),
    };

    assert_answer(HEX(NTLM_MIC_SERVER_PAIRS), &answer, HEX(NTLM_MIC_CLIENT_PAIRS));
}

/* A second MsvAvFlags would let a server read the one without the MIC's bit. */
static void
test_ntlm_av_pairs_answer__flags_of_the_server_updated_not_doubled(void **state)
{
    const struct ntlm_av_answer mic = { .set_flags = NTLM_AV_FLAG_MIC };
    const struct ntlm_av_answer nothing = { 0 };

    assert_answer(HEX("06000400 00000000 0b000100 41 00000000"), &mic,
                  HEX("06000400 02000000 0b000100 41 00000000"));
    assert_answer(HEX("0b000100 41 06000400 05000000 00000000"), &mic,
                  HEX("0b000100 41 06000400 07000000 00000000"));
    assert_answer(HEX("06000400 05000000 00000000"), &nothing, HEX("06000400 05000000 00000000"));
    assert_answer(HEX("00000000"), &mic, HEX("06000400 02000000 00000000"));
    assert_answer(HEX("00000000"), &nothing, HEX("00000000"));
}

static void
test_ntlm_av_pairs_answer__client_pairs_from_the_server_do_not_pass_on(void **state)
{
    const struct ntlm_av_answer answer = {
        .channel_bindings = HEX(NTLM_MIC_BINDINGS).p,
        .has_target_name = true,
    };

    assert_answer(HEX("0a001000 ffffffffffffffffffffffffffffffff 09000200 5800 01000200 4100"
                      "00000000"),
                  &answer, HEX("01000200 4100 0a001000" NTLM_MIC_BINDINGS "09000000 00000000"));
}

/* What the peer says behind the end is not carried over. */
static void
test_ntlm_av_pairs_answer__bytes_behind_the_end_dropped(void **state)
{
    const struct ntlm_av_answer nothing = { 0 };

    assert_answer(HEX("01000200 4100 00000000 ffffffff"), &nothing, HEX("01000200 4100 00000000"));
}

static void
test_ntlm_av_pairs_answer__malformed_list_refused(void **state)
{
    const struct ntlm_av_answer nothing = { 0 };
    const struct bytes lists[] = {
        HEX("06000300 000000 00000000"),
        HEX("01000200 41"),
        HEX("01000200 4100"),
        HEX("00000100 00"),
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(lists); i++) {
        SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

        assert_int_not_equal(ntlm_av_pairs_answer(&w, lists[i], &nothing), WIRE_OK);
    }
}

static void
test_ntlm_av_put__value_of_more_than_64_kib_refused(void **state)
{
    static const uint8_t value[UINT16_MAX + 1];
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    ntlm_av_put(&w, NTLM_AV_TARGET_NAME, bytes_of(value, UINT16_MAX));
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    ntlm_av_put(&w, NTLM_AV_TARGET_NAME, bytes_of(value, UINT16_MAX + 1));
    assert_int_equal(wire_writer_status(&w), WIRE_LIMIT);
}

/* --- the NTLMv2 response ------------------------------------------------------------------- */

static void
test_ntlm_v2_response_decode__4_2_4_and_back(void **state)
{
    struct bytes vector = HEX(NLMP_424_NT_RESPONSE);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_v2_response m;

    assert_true(ntlm_v2_response_is(vector));
    assert_int_equal(ntlm_v2_response_decode(&m, vector), WIRE_OK);
    assert_bytes_equal(m.proof, HEX("68cd0ab851e51c96aabc927bebef6a1c"));
    assert_bytes_equal(m.blob, HEX(NLMP_424_TEMP));
    assert_true(m.timestamp_100ns == 0);
    assert_bytes_equal(m.client_challenge, HEX("aaaaaaaaaaaaaaaa"));
    assert_int_equal(m.av.present, 6);
    ntlm_v2_blob_encode(&w, m.timestamp_100ns, m.client_challenge.p,
                        HEX("02000c0044006f006d00610069006e0001000c00530065007200760065007200"
                            "00000000"));
    assert_bytes_equal(wire_written(&w), m.blob);
}

static void
test_ntlm_v2_response_decode__derived_vector_read(void **state)
{
    struct ntlm_v2_response m;

    assert_int_equal(ntlm_v2_response_decode(&m, HEX(NTLM_MIC_NT_RESPONSE)), WIRE_OK);
    assert_true(m.timestamp_100ns == STAMP);
    assert_true(m.av.timestamp_100ns == STAMP);
    assert_int_equal(m.av.flags, NTLM_AV_FLAG_MIC);
}

static void
try_v2_response(struct bytes in, size_t at, void *user)
{
    const size_t *least = user;
    struct ntlm_v2_response m;

    if (ntlm_v2_response_decode(&m, in) == WIRE_OK) {
        assert_true(in.n >= *least);
        assert_true(mutate_is_inside(in, m.proof) && m.proof.n == 16);
        assert_true(mutate_is_inside(in, m.blob) && m.proof.n + m.blob.n == in.n);
        assert_true(mutate_is_inside(in, m.client_challenge) && m.client_challenge.n == 8);
    }
}

/* All but the four bytes behind the pairs, which some senders leave out, is needed. */
static void
test_ntlm_v2_response_decode__each_prefix_refused_each_byte_survived(void **state)
{
    struct bytes vector = HEX(NTLM_MIC_NT_RESPONSE);
    size_t least = vector.n - 4;

    mutate_prefixes(vector, try_v2_response, &least);
    mutate_bytes(vector, try_v2_response, &least);
}

static void
test_ntlm_v2_response_is__24_bytes_are_ntlmv1(void **state)
{
    static const uint8_t response[64];

    assert_false(ntlm_v2_response_is(bytes_of(response, 0)));
    assert_false(ntlm_v2_response_is(bytes_of(response, 24)));
    assert_false(ntlm_v2_response_is(bytes_of(response, 47)));
    assert_true(ntlm_v2_response_is(bytes_of(response, 48)));
}

static void
test_ntlm_v2_response_decode__other_response_types_refused(void **state)
{
    for (size_t at = 16; at < 18; at++) {
        for (unsigned value = 0; value < 4; value++) {
            uint8_t *copy = mutate_copy(HEX(NLMP_424_NT_RESPONSE), 84);
            struct ntlm_v2_response m;

            copy[at] = (uint8_t)value;
            assert_int_equal(ntlm_v2_response_decode(&m, bytes_of(copy, 84)),
                             value == 1 ? WIRE_OK : WIRE_BAD_VALUE);
            free(copy);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_av_pairs_decode__derived_vector_read),
        cmocka_unit_test(test_ntlm_av_pairs_decode__each_known_pair_goes_to_its_place),
        cmocka_unit_test(test_ntlm_av_pairs_decode__each_prefix_refused_each_byte_survived),
        cmocka_unit_test(test_ntlm_av_pairs_decode__pair_of_the_wrong_length_refused_ghsl_2023_011),
        cmocka_unit_test(test_ntlm_av_pairs_decode__second_pair_of_a_kind_refused),
        cmocka_unit_test(test_ntlm_av_pairs_decode__list_without_its_end_refused),
        cmocka_unit_test(test_ntlm_av_pairs_answer__server_pairs_give_derived_vector),
        cmocka_unit_test(test_ntlm_av_pairs_answer__flags_of_the_server_updated_not_doubled),
        cmocka_unit_test(test_ntlm_av_pairs_answer__client_pairs_from_the_server_do_not_pass_on),
        cmocka_unit_test(test_ntlm_av_pairs_answer__bytes_behind_the_end_dropped),
        cmocka_unit_test(test_ntlm_av_pairs_answer__malformed_list_refused),
        cmocka_unit_test(test_ntlm_av_put__value_of_more_than_64_kib_refused),
        cmocka_unit_test(test_ntlm_v2_response_decode__4_2_4_and_back),
        cmocka_unit_test(test_ntlm_v2_response_decode__derived_vector_read),
        cmocka_unit_test(test_ntlm_v2_response_decode__each_prefix_refused_each_byte_survived),
        cmocka_unit_test(test_ntlm_v2_response_is__24_bytes_are_ntlmv1),
        cmocka_unit_test(test_ntlm_v2_response_decode__other_response_types_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
