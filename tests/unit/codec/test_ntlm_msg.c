/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM's three messages: the specification's examples byte for byte, and what forgers send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/ntlm_msg.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"
#include "tests/support/ntlm_vectors.h"

enum {
    NEGOTIATE_FLAGS_AT = 12,
    NEGOTIATE_NAMES_AT = 16,
    NEGOTIATE_VERSION_AT = 32,
    CHALLENGE_FLAGS_AT = 20,
    CHALLENGE_VERSION_AT = 48,
    AUTHENTICATE_FIELDS_AT = 12,
    AUTHENTICATE_VERSION_AT = 64,
    FIELD_BYTES = 8,
};

static void
put_field(uint8_t *message, size_t at, uint16_t len, uint32_t offset)
{
    wire_store_le16(message + at, len);
    wire_store_le16(message + at + 2, len);
    wire_store_le32(message + at + 4, offset);
}

/* --- the vectors --------------------------------------------------------------------------- */

static void
test_ntlm_negotiate_decode__derived_vector_and_back(void **state)
{
    struct bytes vector = HEX(NTLM_MIC_NEGOTIATE);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_negotiate m;

    assert_int_equal(ntlm_negotiate_decode(&m, vector, NULL), WIRE_OK);
    assert_int_equal(m.flags, 0xe2088237);
    assert_int_equal(m.domain.n, 0);
    assert_int_equal(m.workstation.n, 0);
    ntlm_negotiate_encode(&w, &m);
    assert_bytes_equal(wire_written(&w), vector);
}

/* Encodes again and compares, all but Version, where we say who we are and not who wrote it. */
static void
assert_encodes_to(struct wire_writer *w, struct bytes vector, size_t version_at)
{
    assert_int_equal(wire_writer_status(w), WIRE_OK);
    assert_int_equal(w->len, vector.n);
    bytes_copy(w->p + version_at, vector.p + version_at, NTLM_VERSION_BYTES);
    assert_bytes_equal(wire_written(w), vector);
}

static void
test_ntlm_challenge_decode__4_2_4_3_and_back(void **state)
{
    struct bytes vector = HEX(NLMP_424_CHALLENGE);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_challenge m;

    assert_int_equal(ntlm_challenge_decode(&m, vector, NULL), WIRE_OK);
    assert_int_equal(m.flags, 0xe28a8233);
    assert_bytes_equal(bytes_of(m.server_challenge, 8), HEX("0123456789abcdef"));
    assert_bytes_equal(m.target_name, UTF16("Server"));
    assert_int_equal(m.target_info.n, 36);
    ntlm_challenge_encode(&w, &m);
    assert_encodes_to(&w, vector, CHALLENGE_VERSION_AT);
}

static void
test_ntlm_challenge_decode__derived_vector_and_back(void **state)
{
    struct bytes vector = HEX(NTLM_MIC_CHALLENGE);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_challenge m;

    assert_int_equal(ntlm_challenge_decode(&m, vector, NULL), WIRE_OK);
    assert_bytes_equal(m.target_name, UTF16("Domain"));
    assert_bytes_equal(m.target_info, HEX(NTLM_MIC_SERVER_PAIRS));
    ntlm_challenge_encode(&w, &m);
    assert_bytes_equal(wire_written(&w), vector);
}

static void
assert_is_user_of_domain(const struct ntlm_authenticate *m)
{
    assert_bytes_equal(m->domain, UTF16("Domain"));
    assert_bytes_equal(m->user, UTF16("User"));
    assert_bytes_equal(m->workstation, UTF16("COMPUTER"));
}

static void
test_ntlm_authenticate_decode__4_2_4_3_and_back(void **state)
{
    struct bytes vector = HEX(NLMP_424_AUTHENTICATE);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_authenticate m;

    assert_int_equal(ntlm_authenticate_decode(&m, vector, NULL), WIRE_OK);
    assert_int_equal(m.flags, 0xe2888235);
    assert_false(m.has_mic);
    assert_is_user_of_domain(&m);
    assert_bytes_equal(m.lm_response, HEX(NLMP_424_LMV2_RESPONSE));
    assert_bytes_equal(m.nt_response, HEX(NLMP_424_NT_RESPONSE));
    assert_bytes_equal(m.session_key, HEX("c5dad2544fc9799094ce1ce90bc9d03e"));
    ntlm_authenticate_encode(&w, &m);
    assert_encodes_to(&w, vector, AUTHENTICATE_VERSION_AT);
}

static void
test_ntlm_authenticate_decode__derived_vector_with_mic_and_back(void **state)
{
    struct bytes vector = HEX(NTLM_MIC_AUTHENTICATE);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_authenticate m;

    assert_int_equal(ntlm_authenticate_decode(&m, vector, NULL), WIRE_OK);
    assert_true(m.has_mic);
    assert_bytes_equal(m.mic, HEX(NTLM_MIC_VALUE));
    assert_is_user_of_domain(&m);
    assert_bytes_equal(m.nt_response, HEX(NTLM_MIC_NT_RESPONSE));
    ntlm_authenticate_encode(&w, &m);
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    bytes_copy(w.p + NTLM_MIC_OFFSET, m.mic.p, m.mic.n); /* encoded as zeros */
    assert_bytes_equal(wire_written(&w), vector);
}

/* --- each prefix, each byte ---------------------------------------------------------------- */

static void
try_negotiate(struct bytes in, size_t at, void *user)
{
    struct ntlm_negotiate m;

    if (ntlm_negotiate_decode(&m, in, NULL) == WIRE_OK) {
        assert_true(mutate_is_inside(in, m.domain));
        assert_true(mutate_is_inside(in, m.workstation));
        /* Up to the flags is all that is needed. */
        assert_true(in.n >= NEGOTIATE_NAMES_AT);
    }
}

static void
try_challenge(struct bytes in, size_t at, void *user)
{
    struct ntlm_challenge m;

    if (ntlm_challenge_decode(&m, in, NULL) == WIRE_OK) {
        assert_true(mutate_is_inside(in, m.target_name));
        assert_true(mutate_is_inside(in, m.target_info));
        assert_false(*(const bool *)user);
    }
}

static void
try_authenticate(struct bytes in, size_t at, void *user)
{
    struct ntlm_authenticate m;

    if (ntlm_authenticate_decode(&m, in, NULL) == WIRE_OK) {
        assert_true(mutate_is_inside(in, m.lm_response));
        assert_true(mutate_is_inside(in, m.nt_response));
        assert_true(mutate_is_inside(in, m.domain));
        assert_true(mutate_is_inside(in, m.user));
        assert_true(mutate_is_inside(in, m.workstation));
        assert_true(mutate_is_inside(in, m.session_key));
        assert_true(mutate_is_inside(in, m.mic));
        assert_int_equal(m.mic.n, m.has_mic ? NTLM_MIC_BYTES : 0);
        assert_false(*(const bool *)user);
    }
}

static void
test_ntlm_negotiate_decode__each_prefix_and_byte_survived(void **state)
{
    mutate_prefixes(HEX(NTLM_MIC_NEGOTIATE), try_negotiate, NULL);
    mutate_bytes(HEX(NTLM_MIC_NEGOTIATE), try_negotiate, NULL);
}

static void
test_ntlm_challenge_decode__each_prefix_refused_each_byte_survived(void **state)
{
    const struct bytes vectors[] = { HEX(NLMP_424_CHALLENGE), HEX(NTLM_MIC_CHALLENGE) };

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        bool must_fail = true;

        mutate_prefixes(vectors[i], try_challenge, &must_fail);
        must_fail = false;
        mutate_bytes(vectors[i], try_challenge, &must_fail);
    }
}

static void
test_ntlm_authenticate_decode__each_prefix_refused_each_byte_survived(void **state)
{
    const struct bytes vectors[] = { HEX(NLMP_424_AUTHENTICATE), HEX(NTLM_MIC_AUTHENTICATE) };

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        bool must_fail = true;

        mutate_prefixes(vectors[i], try_authenticate, &must_fail);
        must_fail = false;
        mutate_bytes(vectors[i], try_authenticate, &must_fail);
    }
}

static void
test_ntlm_decode__another_message_or_none_refused(void **state)
{
    const struct bytes vectors[] = {
        HEX(NTLM_MIC_NEGOTIATE),
        HEX(NTLM_MIC_CHALLENGE),
        HEX(NTLM_MIC_AUTHENTICATE),
        HEX("604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a0428"),
        { NULL, 0 },
    };
    struct ntlm_negotiate negotiate;
    struct ntlm_challenge challenge;
    struct ntlm_authenticate authenticate;
    uint32_t at;

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        assert_int_equal(ntlm_negotiate_decode(&negotiate, vectors[i], &at) == WIRE_OK, i == 0);
        assert_int_equal(ntlm_challenge_decode(&challenge, vectors[i], &at) == WIRE_OK, i == 1);
        assert_int_equal(ntlm_authenticate_decode(&authenticate, vectors[i], &at) == WIRE_OK,
                         i == 2);
    }
}

/* --- field descriptors --------------------------------------------------------------------- */

struct field_case {
    uint16_t len;
    uint32_t offset;
    enum wire_err expected;
};

/* n is the length of the message that the field stands in. Overlaps are looked at before the end,
 * so a field whose range runs over another and past the end is the former. */
static size_t
bad_fields(struct field_case *to, uint32_t n)
{
    const struct field_case cases[] = {
        { 1, n, WIRE_RANGE },
        { 2, n - 1, WIRE_RANGE },
        { 1, n + 1, WIRE_RANGE },
        { 8, UINT32_MAX, WIRE_RANGE },     /* wraps a 32-bit sum */
        { 8, UINT32_MAX - 7, WIRE_RANGE }, /* to exactly 0 */
        { UINT16_MAX, UINT32_MAX - 100, WIRE_RANGE },
        { UINT16_MAX, 0x7FFFFFFF, WIRE_RANGE }, /* turns a signed one negative */
        { 8, 0x80000000, WIRE_RANGE },
        { 1, 0, WIRE_OVERLAP },
        { 4, 12, WIRE_OVERLAP },
    };

    memcpy(to, cases, sizeof(cases));
    return SEC_ARRAY_LEN(cases);
}

static void
test_ntlm_authenticate_decode__offset_and_length_wrap_or_pass_the_end_cve_2023_25563(void **state)
{
    struct bytes vector = HEX(NTLM_MIC_AUTHENTICATE);
    struct field_case cases[16];
    size_t n_cases = bad_fields(cases, (uint32_t)vector.n);

    for (size_t field = 0; field < 6; field++) {
        for (size_t i = 0; i < n_cases; i++) {
            uint8_t *copy = mutate_copy(vector, vector.n);
            struct ntlm_authenticate m;
            uint32_t at = 0;

            put_field(copy, AUTHENTICATE_FIELDS_AT + field * FIELD_BYTES, cases[i].len,
                      cases[i].offset);
            /* The last byte is the session key's: two of the cases share it with other fields. */
            if (field == 5 || cases[i].offset != vector.n - 1) {
                assert_int_equal(ntlm_authenticate_decode(&m, bytes_of(copy, vector.n), &at),
                                 cases[i].expected);
                assert_int_equal(at, cases[i].offset);
            } else {
                assert_int_not_equal(ntlm_authenticate_decode(&m, bytes_of(copy, vector.n), &at),
                                     WIRE_OK);
            }
            free(copy);
        }
    }
}

static void
test_ntlm_challenge_decode__offset_and_length_wrap_or_pass_the_end_cve_2023_25563(void **state)
{
    static const size_t field_at[] = { 12, 40 };
    struct bytes vector = HEX(NTLM_MIC_CHALLENGE);
    struct field_case cases[16];
    size_t n_cases = bad_fields(cases, (uint32_t)vector.n);

    for (size_t field = 0; field < SEC_ARRAY_LEN(field_at); field++) {
        for (size_t i = 0; i < n_cases; i++) {
            uint8_t *copy = mutate_copy(vector, vector.n);
            struct ntlm_challenge m;

            put_field(copy, field_at[field], cases[i].len, cases[i].offset);
            assert_int_not_equal(ntlm_challenge_decode(&m, bytes_of(copy, vector.n), NULL),
                                 WIRE_OK);
            free(copy);
        }
    }
}

static void
test_ntlm_negotiate_decode__offset_and_length_wrap_or_pass_the_end_cve_2023_25563(void **state)
{
    static const uint32_t supplied[] = { NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED,
                                         NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED };
    struct bytes vector = HEX(NTLM_MIC_NEGOTIATE);
    struct field_case cases[16];
    size_t n_cases = bad_fields(cases, (uint32_t)vector.n);

    for (size_t field = 0; field < 2; field++) {
        for (size_t i = 0; i < n_cases; i++) {
            uint8_t *copy = mutate_copy(vector, vector.n);
            struct ntlm_negotiate m;

            put_field(copy, NEGOTIATE_NAMES_AT + field * FIELD_BYTES, cases[i].len,
                      cases[i].offset);
            /* A descriptor that the flags do not vouch for says nothing. */
            assert_int_equal(ntlm_negotiate_decode(&m, bytes_of(copy, vector.n), NULL), WIRE_OK);
            assert_int_equal(m.domain.n + m.workstation.n, 0);
            wire_store_le32(copy + NEGOTIATE_FLAGS_AT, 0xe2088237 | supplied[field]);
            assert_int_equal(ntlm_negotiate_decode(&m, bytes_of(copy, vector.n), NULL),
                             cases[i].expected);
            free(copy);
        }
    }
}

/* Each pair of fields, laid over each other by one byte from either side, or one in the other. */
static void
test_ntlm_authenticate_decode__two_fields_share_bytes_refused(void **state)
{
    struct bytes vector = HEX(NTLM_MIC_AUTHENTICATE);

    for (size_t one = 0; one < 6; one++) {
        for (size_t two = 0; two < 6; two++) {
            const struct field_case over[] = {
                { 10, 100, WIRE_OVERLAP }, /* the same */
                { 5, 96, WIRE_OVERLAP },   /* its first byte */
                { 10, 109, WIRE_OVERLAP }, /* its last byte */
                { 2, 104, WIRE_OVERLAP },  /* within */
                { 50, 90, WIRE_OVERLAP },  /* around */
                { 5, 95, WIRE_OK },        /* right before */
                { 5, 110, WIRE_OK },       /* right behind */
                { 0, 104, WIRE_OK },       /* nothing, within */
            };

            for (size_t i = 0; i < SEC_ARRAY_LEN(over) && one != two; i++) {
                uint8_t *copy = mutate_copy(vector, vector.n);
                struct ntlm_authenticate m;

                for (size_t f = 0; f < 6; f++) {
                    put_field(copy, AUTHENTICATE_FIELDS_AT + f * FIELD_BYTES, 0, 0);
                }
                put_field(copy, AUTHENTICATE_FIELDS_AT + one * FIELD_BYTES, 10, 100);
                put_field(copy, AUTHENTICATE_FIELDS_AT + two * FIELD_BYTES, over[i].len,
                          over[i].offset);
                assert_int_equal(ntlm_authenticate_decode(&m, bytes_of(copy, vector.n), NULL),
                                 over[i].expected);
                free(copy);
            }
        }
    }
}

static void
test_ntlm_challenge_decode__name_and_info_share_bytes_refused(void **state)
{
    struct bytes vector = HEX(NTLM_MIC_CHALLENGE);
    uint8_t *copy = mutate_copy(vector, vector.n);
    struct ntlm_challenge m;

    put_field(copy, 12, 13, 56); /* one byte into TargetInfo at 68 */
    assert_int_equal(ntlm_challenge_decode(&m, bytes_of(copy, vector.n), NULL), WIRE_OVERLAP);
    free(copy);
}

static void
test_ntlm_negotiate_decode__names_share_bytes_refused(void **state)
{
    uint8_t copy[48];
    struct ntlm_negotiate m;

    memset(copy, 'A', sizeof(copy));
    bytes_copy(copy, HEX(NTLM_MIC_NEGOTIATE).p, 40);
    wire_store_le32(copy + NEGOTIATE_FLAGS_AT, 0xe2088237 | NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED |
                                                   NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED);
    put_field(copy, NEGOTIATE_NAMES_AT, 4, 40);
    put_field(copy, NEGOTIATE_NAMES_AT + FIELD_BYTES, 4, 44);
    assert_int_equal(ntlm_negotiate_decode(&m, bytes_of(copy, sizeof(copy)), NULL), WIRE_OK);
    put_field(copy, NEGOTIATE_NAMES_AT + FIELD_BYTES, 4, 43);
    assert_int_equal(ntlm_negotiate_decode(&m, bytes_of(copy, sizeof(copy)), NULL), WIRE_OVERLAP);
}

/* Heimdal 7.8: no workstation, and a domain whose offset is that of the descriptor it leaves out. */
static void
test_ntlm_negotiate_decode__name_in_place_of_an_absent_descriptor_read(void **state)
{
    struct bytes message =
        HEX("4e544c4d53535000 01000000 31120840 0e000e0018000000 0000000000000000"
            "4500580041004d0050004c004500");
    struct ntlm_negotiate m;
    uint8_t *copy = mutate_copy(message, message.n);

    assert_int_equal(ntlm_negotiate_decode(&m, message, NULL), WIRE_OK);
    assert_int_equal(m.domain.n, 14);
    assert_int_equal(m.workstation.n, 0);
    wire_store_le32(copy + NEGOTIATE_FLAGS_AT,
                    0x40081231 | NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED);
    assert_int_equal(ntlm_negotiate_decode(&m, bytes_of(copy, message.n), NULL), WIRE_OVERLAP);
    free(copy);
}

/* --- lengths of old and of unusual senders ------------------------------------------------- */

static void
test_ntlm_negotiate_decode__16_and_32_bytes_of_old_clients_accepted(void **state)
{
    static const size_t sizes[] = { 16, 20, 24, 28, 32, 36, 40 };

    for (size_t i = 0; i < SEC_ARRAY_LEN(sizes); i++) {
        uint8_t *copy = mutate_copy(HEX(NTLM_MIC_NEGOTIATE), sizes[i]);
        struct ntlm_negotiate m;

        assert_int_equal(ntlm_negotiate_decode(&m, bytes_of(copy, sizes[i]), NULL), WIRE_OK);
        assert_int_equal(m.flags, 0xe2088237);
        free(copy);
    }
}

/* Names behind a header without Version, at 32, as clients before it sent them. */
static void
test_ntlm_negotiate_decode__names_without_version_read(void **state)
{
    struct bytes message =
        HEX("4e544c4d53535000 01000000 07320000 0600060025000000 0500050020000000"
            "484f53543144 4f4d41494e");
    struct ntlm_negotiate m;

    assert_int_equal(ntlm_negotiate_decode(&m, message, NULL), WIRE_OK);
    assert_bytes_equal(m.workstation, bytes_of_string("HOST1"));
    assert_bytes_equal(m.domain, bytes_of_string("DOMAIN"));
}

static void
test_ntlm_challenge_decode__32_40_and_48_bytes_of_old_servers_accepted(void **state)
{
    static const struct {
        size_t n;
        bool target_info;
        enum wire_err expected;
    } cases[] = {
        { 31, false, WIRE_SHORT }, { 32, false, WIRE_OK },   { 40, false, WIRE_OK },
        { 48, false, WIRE_OK },    { 40, true, WIRE_SHORT }, { 47, true, WIRE_SHORT },
        { 48, true, WIRE_OK },     { 56, true, WIRE_OK },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t *copy = mutate_copy(HEX(NLMP_424_CHALLENGE), cases[i].n);
        struct ntlm_challenge m;

        if (cases[i].n >= 32) {
            put_field(copy, 12, 0, 0);
            wire_store_le32(copy + CHALLENGE_FLAGS_AT,
                            cases[i].target_info ? 0x00808201 : 0x00008201);
        }
        if (cases[i].n >= 48) {
            put_field(copy, 40, 0, 0);
        }
        assert_int_equal(ntlm_challenge_decode(&m, bytes_of(copy, cases[i].n), NULL),
                         cases[i].expected);
        free(copy);
    }
}

/* TargetInfo right behind a header of 48 bytes: no Version. */
static void
test_ntlm_challenge_decode__header_without_version_read(void **state)
{
    struct bytes message =
        HEX("4e544c4d53535000 02000000 0000000030000000 01828000 0123456789abcdef"
            "0000000000000000 0400040030000000 00000000");
    struct ntlm_challenge m;

    assert_int_equal(ntlm_challenge_decode(&m, message, NULL), WIRE_OK);
    assert_bytes_equal(m.target_info, HEX("00000000"));
}

/* Whether there is room for a MIC depends on where the payload begins, and on nothing else. */
static void
test_ntlm_authenticate_decode__payload_offset_tells_whether_a_mic_fits(void **state)
{
    static const struct {
        uint32_t payload;
        bool mic;
    } cases[] = { { 64, false }, { 72, false }, { 80, false },
                  { 87, false }, { 88, true },  { 90, true } };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t copy[120] = { 0 };
        struct ntlm_authenticate m;

        bytes_copy(copy, HEX(NTLM_MIC_AUTHENTICATE).p, 64);
        for (size_t f = 0; f < 6; f++) {
            put_field(copy, AUTHENTICATE_FIELDS_AT + f * FIELD_BYTES, 0, 0);
        }
        put_field(copy, AUTHENTICATE_FIELDS_AT + 3 * FIELD_BYTES, 8, cases[i].payload);
        assert_int_equal(ntlm_authenticate_decode(&m, bytes_of(copy, sizeof(copy)), NULL), WIRE_OK);
        assert_int_equal(m.has_mic, cases[i].mic);
        assert_int_equal(m.mic.n, cases[i].mic ? 16 : 0);
        assert_int_equal(m.user.n, 8);
    }
}

/* No payload at all: what is behind the header may be a MIC only if it is there. */
static void
test_ntlm_authenticate_decode__no_payload_has_a_mic_only_with_room(void **state)
{
    static const size_t sizes[] = { 64, 72, 87, 88 };

    for (size_t i = 0; i < SEC_ARRAY_LEN(sizes); i++) {
        uint8_t *copy = mutate_copy(HEX(NTLM_MIC_AUTHENTICATE), sizes[i]);
        struct ntlm_authenticate m;

        for (size_t f = 0; f < 6; f++) {
            put_field(copy, AUTHENTICATE_FIELDS_AT + f * FIELD_BYTES, 0, 0);
        }
        assert_int_equal(ntlm_authenticate_decode(&m, bytes_of(copy, sizes[i]), NULL), WIRE_OK);
        assert_int_equal(m.has_mic, sizes[i] >= NTLM_MIC_END);
        free(copy);
    }
}

/* --- encoding ------------------------------------------------------------------------------ */

static void
test_ntlm_authenticate_encode__field_of_more_than_64_kib_refused(void **state)
{
    static const uint8_t long_field[UINT16_MAX + 1];
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_authenticate m = { .nt_response = bytes_of(long_field, UINT16_MAX) };

    ntlm_authenticate_encode(&w, &m);
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    wire_writer_clear(&w);
    w = wire_writer_growing(NULL, 0);
    m.nt_response.n++;
    ntlm_authenticate_encode(&w, &m);
    assert_int_equal(wire_writer_status(&w), WIRE_LIMIT);
}

static void
test_ntlm_encode__measuring_gives_the_length_and_less_room_is_not_overrun(void **state)
{
    struct bytes vector = HEX(NTLM_MIC_AUTHENTICATE);
    struct wire_writer measure = wire_writer_measuring();
    struct ntlm_authenticate m;

    assert_int_equal(ntlm_authenticate_decode(&m, vector, NULL), WIRE_OK);
    ntlm_authenticate_encode(&measure, &m);
    assert_int_equal(measure.len, vector.n);
    for (size_t n = 0; n <= vector.n; n++) {
        uint8_t *room = malloc(n ? n : 1);
        struct wire_writer w = wire_writer_fixed(room, n);

        ntlm_authenticate_encode(&w, &m);
        assert_int_equal(wire_writer_status(&w), n < vector.n ? WIRE_NO_SPACE : WIRE_OK);
        free(room);
    }
}

static void
test_ntlm_negotiate_encode__names_given_read_back(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_negotiate again, m = {
        .flags = NTLMSSP_NEGOTIATE_OEM | NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED |
                 NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED,
        .domain = bytes_of_string("DOMAIN"),
        .workstation = bytes_of_string("WS"),
    };

    ntlm_negotiate_encode(&w, &m);
    assert_int_equal(ntlm_negotiate_decode(&again, wire_written(&w), NULL), WIRE_OK);
    assert_int_equal(again.flags, m.flags);
    assert_bytes_equal(again.domain, m.domain);
    assert_bytes_equal(again.workstation, m.workstation);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_negotiate_decode__derived_vector_and_back),
        cmocka_unit_test(test_ntlm_challenge_decode__4_2_4_3_and_back),
        cmocka_unit_test(test_ntlm_challenge_decode__derived_vector_and_back),
        cmocka_unit_test(test_ntlm_authenticate_decode__4_2_4_3_and_back),
        cmocka_unit_test(test_ntlm_authenticate_decode__derived_vector_with_mic_and_back),
        cmocka_unit_test(test_ntlm_negotiate_decode__each_prefix_and_byte_survived),
        cmocka_unit_test(test_ntlm_challenge_decode__each_prefix_refused_each_byte_survived),
        cmocka_unit_test(test_ntlm_authenticate_decode__each_prefix_refused_each_byte_survived),
        cmocka_unit_test(test_ntlm_decode__another_message_or_none_refused),
        cmocka_unit_test(
            test_ntlm_authenticate_decode__offset_and_length_wrap_or_pass_the_end_cve_2023_25563),
        cmocka_unit_test(
            test_ntlm_challenge_decode__offset_and_length_wrap_or_pass_the_end_cve_2023_25563),
        cmocka_unit_test(
            test_ntlm_negotiate_decode__offset_and_length_wrap_or_pass_the_end_cve_2023_25563),
        cmocka_unit_test(test_ntlm_authenticate_decode__two_fields_share_bytes_refused),
        cmocka_unit_test(test_ntlm_challenge_decode__name_and_info_share_bytes_refused),
        cmocka_unit_test(test_ntlm_negotiate_decode__names_share_bytes_refused),
        cmocka_unit_test(test_ntlm_negotiate_decode__name_in_place_of_an_absent_descriptor_read),
        cmocka_unit_test(test_ntlm_negotiate_decode__16_and_32_bytes_of_old_clients_accepted),
        cmocka_unit_test(test_ntlm_negotiate_decode__names_without_version_read),
        cmocka_unit_test(test_ntlm_challenge_decode__32_40_and_48_bytes_of_old_servers_accepted),
        cmocka_unit_test(test_ntlm_challenge_decode__header_without_version_read),
        cmocka_unit_test(test_ntlm_authenticate_decode__payload_offset_tells_whether_a_mic_fits),
        cmocka_unit_test(test_ntlm_authenticate_decode__no_payload_has_a_mic_only_with_room),
        cmocka_unit_test(test_ntlm_authenticate_encode__field_of_more_than_64_kib_refused),
        cmocka_unit_test(test_ntlm_encode__measuring_gives_the_length_and_less_room_is_not_overrun),
        cmocka_unit_test(test_ntlm_negotiate_encode__names_given_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
