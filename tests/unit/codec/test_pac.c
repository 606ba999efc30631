/* SPDX-License-Identifier: Apache-2.0 */
/* The PAC: [MS-PAC] 2.3, 2.4, 2.7, 2.8, 2.10, 2.15 and the example of section 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/pac.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"
#include "tests/support/pac_vectors.h"

static struct pac
decode(struct bytes in)
{
    struct pac pac;

    assert_int_equal(pac_decode(&pac, in), WIRE_OK);
    assert_null(pac.fault.field);
    return pac;
}

static void
refused(struct bytes in, enum wire_err err, const char *field)
{
    struct pac pac;

    assert_int_equal(pac_decode(&pac, in), err);
    assert_string_equal(pac.fault.field, field);
    assert_true(pac.fault.at <= in.n);
}

static void
assert_sid(const struct sid *sid, const char *want)
{
    char text[SID_TEXT_BYTES];

    sid_text(sid, text);
    assert_string_equal(text, want);
}

/* --- PACs of others ------------------------------------------------------------------------ */

static void
test_pac_decode__published_example(void **state)
{
    struct pac pac = decode(HEX(PAC_PUBLISHED));
    struct pac_client_info client;

    assert_int_equal(pac.logon_info.n, 0x4b0);
    assert_int_equal(pac.server.type, -138);
    assert_bytes_equal(pac.server.value, HEX("41edce9a34815d3aef7bc98874805d25"));
    assert_int_equal(pac.server.at, 0x510 + 4);
    assert_int_equal(pac.kdc.type, -138);
    assert_bytes_equal(pac.kdc.value, HEX("f7a534dab2c02986efe0fbe5110a4f32"));
    assert_int_equal(pac.kdc.at, 0x528 + 4);
    assert_int_equal(pac.ticket.value.n, 0);
    assert_int_equal(pac.full.value.n, 0);
    assert_null(pac.upn_dns_info.p);
    assert_null(pac.requestor.p);
    assert_int_equal(pac_client_info_decode(&client, pac.client_info), WIRE_OK);
    assert_true(client.authtime_100ns == UINT64_C(0x01C66A650ED94900));
    assert_bytes_equal(client.name, UTF16("lzhu"));
}

static void
test_pac_decode__service_ticket_of_a_domain(void **state)
{
    struct pac pac = decode(HEX(PAC_AD_USER));
    struct pac_client_info client;
    struct pac_upn_dns_info upn;

    assert_int_equal(pac.server.type, 16);
    assert_int_equal(pac.server.value.n, 12);
    assert_int_equal(pac.kdc.value.n, 12);
    assert_int_equal(pac.ticket.value.n, 12);
    assert_int_equal(pac.full.value.n, 12);
    assert_int_equal(pac_client_info_decode(&client, pac.client_info), WIRE_OK);
    assert_bytes_equal(client.name, UTF16("alice"));
    assert_true(client.authtime_100ns == PAC_AD_USER_AUTHTIME);
    assert_int_equal(pac_upn_dns_info_decode(&upn, pac.upn_dns_info), WIRE_OK);
    assert_bytes_equal(upn.upn, UTF16("alice@example.test"));
    assert_bytes_equal(upn.dns_domain, UTF16("EXAMPLE.TEST"));
    assert_bytes_equal(upn.sam_name, UTF16("alice"));
    assert_int_equal(upn.flags, 2);
    assert_true(upn.has_sid);
    assert_sid(&upn.sid, "S-1-5-21-2293478218-2757620453-196890249-1102");
}

static void
test_pac_decode__names_of_other_kinds(void **state)
{
    struct pac enterprise = decode(HEX(PAC_AD_ENTERPRISE));
    struct pac administrator = decode(HEX(PAC_AD_ADMINISTRATOR));
    struct pac_client_info client;
    struct pac_upn_dns_info upn;

    assert_int_equal(pac_client_info_decode(&client, enterprise.client_info), WIRE_OK);
    assert_bytes_equal(client.name, UTF16("alice@example.test"));
    assert_int_equal(pac_upn_dns_info_decode(&upn, administrator.upn_dns_info), WIRE_OK);
    assert_bytes_equal(upn.upn, UTF16("Administrator@example.test"));
    assert_int_equal(upn.flags, 3);
    assert_true(upn.has_sid);
}

static void
test_pac_decode__attributes_and_requestor_of_a_tgt(void **state)
{
    struct pac pac = decode(HEX(PAC_AD_TGT));
    struct sid sid;

    assert_bytes_equal(pac.attributes_info, HEX("0200000002000000"));
    assert_int_equal(pac_requestor_decode(&sid, pac.requestor), WIRE_OK);
    assert_sid(&sid, "S-1-5-21-2293478218-2757620453-196890249-1102");
}

static void
test_pac_decode__without_logon_information(void **state)
{
    struct pac sha2 = decode(HEX(PAC_MIT_SHA2));
    struct pac rc4 = decode(HEX(PAC_MIT_RC4));

    assert_null(sha2.logon_info.p);
    assert_int_equal(sha2.server.type, 20);
    assert_int_equal(sha2.server.value.n, 24);
    assert_int_equal(rc4.server.type, -138);
    assert_int_equal(rc4.server.value.n, 16);
    assert_int_equal(rc4.kdc.type, 20);
    assert_int_equal(rc4.kdc.value.n, 24);
}

static void
test_pac_decode__made_by_another_library(void **state)
{
    struct pac pac = decode(HEX(PAC_MADE));
    struct pac_upn_dns_info upn;
    struct sid sid;

    assert_int_equal(pac_upn_dns_info_decode(&upn, pac.upn_dns_info), WIRE_OK);
    assert_bytes_equal(upn.upn, HEX("7a006f00eb0040006e006f007200740068002e007400650073007400"));
    assert_int_equal(upn.flags, 0);
    assert_false(upn.has_sid);
    assert_int_equal(upn.sam_name.n, 0);
    assert_int_equal(pac_requestor_decode(&sid, pac.requestor), WIRE_OK);
    assert_sid(&sid, "S-1-5-21-11-22-33-70001");
    assert_bytes_equal(pac.server.value, HEX("1112131415161718191a1b1c"));
    assert_bytes_equal(pac.kdc.value, HEX("0102030405060708090a0b0c"));
}

/* --- prefixes and flips -------------------------------------------------------------------- */

static void
try_pac(struct bytes in, size_t at, void *user)
{
    const bool *is_prefix = user;
    struct pac_upn_dns_info upn;
    struct pac_client_info client;
    struct bytes parts[5];
    struct pac pac;
    struct sid sid;
    size_t n, total = 0;

    if (pac_decode(&pac, in) != WIRE_OK) {
        assert_non_null(pac.fault.field);
        assert_true(pac.fault.at <= in.n);
        return;
    }
    assert_false(*is_prefix);
    n = pac_signed_parts(&pac, parts);
    for (size_t i = 0; i < n; i++) {
        total += parts[i].n;
    }
    assert_int_equal(total, in.n);
    assert_true(mutate_is_inside(in, pac.logon_info));
    assert_true(mutate_is_inside(in, pac.server.value));
    assert_true(mutate_is_inside(in, pac.kdc.value));
    if (pac_client_info_decode(&client, pac.client_info) == WIRE_OK) {
        assert_true(mutate_is_inside(pac.client_info, client.name));
    }
    if (pac_upn_dns_info_decode(&upn, pac.upn_dns_info) == WIRE_OK) {
        assert_true(mutate_is_inside(pac.upn_dns_info, upn.upn));
        assert_true(mutate_is_inside(pac.upn_dns_info, upn.dns_domain));
        assert_true(mutate_is_inside(pac.upn_dns_info, upn.sam_name));
    }
    (void)!pac_requestor_decode(&sid, pac.requestor);
}

/* Without the padding behind the last buffer it would be a PAC still. */
static void
test_pac_decode__prefixes_and_flips(void **state)
{
    struct bytes vectors[] = { HEX(PAC_AD_TGT), HEX(PAC_MIT_SHA2), HEX(PAC_MADE) };
    bool is_prefix = true, is_flipped = false;

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        struct bytes whole = vectors[i];

        while (whole.p[whole.n - 1] == 0) {
            whole.n--;
        }
        mutate_prefixes(whole, try_pac, &is_prefix);
        mutate_bytes(vectors[i], try_pac, &is_flipped);
    }
}

/* --- the directory ------------------------------------------------------------------------- */

static void
test_pac_decode__directory_refused(void **state)
{
    refused(HEX(""), WIRE_SHORT, "cBuffers");
    refused(HEX("00000000 000000"), WIRE_SHORT, "cBuffers");
    refused(HEX("00000000 01000000"), WIRE_BAD_VALUE, "Version");
    refused(HEX("21000000 00000000"), WIRE_LIMIT, "cBuffers");
    refused(HEX("ffffffff 00000000"), WIRE_LIMIT, "cBuffers");
    refused(HEX("01000000 00000000 0a000000 08000000 18000000 000000"), WIRE_SHORT, "Buffers");
}

static void
test_pac_decode__no_buffers_is_a_pac(void **state)
{
    struct bytes parts[5];
    struct pac pac = decode(HEX("0000000000000000"));

    assert_int_equal(pac_signed_parts(&pac, parts), 1);
    assert_bytes_equal(parts[0], HEX("0000000000000000"));
}

#define ONE(type, size, offset, high) \
    "01000000 00000000" type size offset high "0102030405060708 1112131415161718"

static void
test_pac_decode__place_of_a_buffer(void **state)
{
    struct pac pac;

    /* behind the end */
    refused(HEX(ONE("63000000", "11000000", "18000000", "00000000")), WIRE_RANGE, "cbBufferSize");
    refused(HEX(ONE("63000000", "01000000", "28000000", "00000000")), WIRE_RANGE, "cbBufferSize");
    refused(HEX(ONE("63000000", "01000000", "f8ffffff", "00000000")), WIRE_RANGE, "cbBufferSize");
    refused(HEX(ONE("63000000", "ffffffff", "18000000", "00000000")), WIRE_RANGE, "cbBufferSize");
    /* offset and size that wrap */
    refused(HEX(ONE("63000000", "f0ffffff", "20000000", "00000000")), WIRE_RANGE, "cbBufferSize");
    /* above 4 GB, where the low half alone would do */
    refused(HEX(ONE("63000000", "08000000", "18000000", "01000000")), WIRE_RANGE, "Offset");
    /* unaligned */
    refused(HEX(ONE("63000000", "04000000", "1c000000", "00000000")), WIRE_BAD_VALUE, "Offset");
    refused(HEX(ONE("63000000", "01000000", "19000000", "00000000")), WIRE_BAD_VALUE, "Offset");
    /* in the directory */
    refused(HEX(ONE("63000000", "08000000", "10000000", "00000000")), WIRE_OVERLAP, "Offset");
    refused(HEX(ONE("63000000", "08000000", "00000000", "00000000")), WIRE_OVERLAP, "Offset");
    /* a type of nobody's passes, and may be empty */
    pac = decode(HEX(ONE("63000000", "10000000", "18000000", "00000000")));
    assert_null(pac.logon_info.p);
    pac = decode(HEX(ONE("63000000", "00000000", "28000000", "00000000")));
    pac = decode(HEX(ONE("0a000000", "08000000", "20000000", "00000000")));
    assert_bytes_equal(pac.client_info, HEX("1112131415161718"));
}

/* An empty buffer does not pass for an absent one. */
static void
test_pac_decode__empty_buffer_refused(void **state)
{
    refused(HEX(ONE("01000000", "00000000", "18000000", "00000000")), WIRE_SHORT, "cbBufferSize");
    refused(HEX(ONE("06000000", "00000000", "18000000", "00000000")), WIRE_SHORT, "cbBufferSize");
}

static void
test_pac_decode__overlapping_buffers_refused(void **state)
{
#define TWO(type1, size1, offset1, type2, size2, offset2)                             \
    "02000000 00000000" type1 size1 offset1 "00000000" type2 size2 offset2 "00000000" \
    "0102030405060708 1112131415161718 2122232425262728"
    refused(HEX(TWO("01000000", "09000000", "28000000", "0a000000", "08000000", "30000000")),
            WIRE_OVERLAP, "Buffers");
    refused(HEX(TWO("0a000000", "08000000", "30000000", "01000000", "09000000", "28000000")),
            WIRE_OVERLAP, "Buffers");
    refused(HEX(TWO("01000000", "18000000", "28000000", "63000000", "01000000", "30000000")),
            WIRE_OVERLAP, "Buffers");
    refused(HEX(TWO("01000000", "08000000", "28000000", "0a000000", "08000000", "28000000")),
            WIRE_OVERLAP, "Buffers");
    (void)decode(HEX(TWO("01000000", "08000000", "28000000", "0a000000", "08000000", "30000000")));
    (void)decode(HEX(TWO("01000000", "08000000", "30000000", "63000000", "00000000", "30000000")));
}

static void
test_pac_decode__type_twice_refused(void **state)
{
    refused(HEX(TWO("01000000", "08000000", "28000000", "01000000", "08000000", "30000000")),
            WIRE_BAD_VALUE, "ulType");
    refused(HEX(TWO("14000000", "08000000", "28000000", "14000000", "08000000", "30000000")),
            WIRE_BAD_VALUE, "ulType");
    (void)decode(HEX(TWO("63000000", "08000000", "28000000", "63000000", "08000000", "30000000")));
#undef TWO
}

/* --- signatures ---------------------------------------------------------------------------- */

static struct bytes
one_signature(struct wire_writer *w, uint32_t type, struct bytes data)
{
    *w = wire_writer_growing(NULL, 0);
    pac_encode(w, &(struct pac_buffer){ type, data }, 1);
    return wire_written(w);
}

static void
test_pac_decode__signature_is_as_long_as_its_type_says(void **state)
{
    static const struct {
        const char *data;
        int32_t type;
        size_t n;
    } cases[] = {
        { "0f000000 000102030405060708090a0b", 15, 12 },
        { "10000000 000102030405060708090a0b", 16, 12 },
        { "13000000 000102030405060708090a0b0c0d0e0f", 19, 16 },
        { "14000000 000102030405060708090a0b0c0d0e0f1011121314151617", 20, 24 },
        { "76ffffff 000102030405060708090a0b0c0d0e0f", -138, 16 },
        { "11000000 000102030405060708090a0b0c0d0e0f", 17, 16 },
        /* RODCIdentifier behind it */
        { "10000000 000102030405060708090a0b 3412", 16, 12 },
        /* a type that nobody knows: all of it */
        { "7f000000 0001020304", 127, 5 },
    };
    static const uint32_t types[] = { PAC_SERVER_SIGNATURE, PAC_KDC_SIGNATURE, PAC_TICKET_SIGNATURE,
                                      PAC_FULL_SIGNATURE };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases) * SEC_ARRAY_LEN(types); i++) {
        const char *data = cases[i / SEC_ARRAY_LEN(types)].data;
        SEC_AUTO(wire_writer) w;
        uint8_t room[64];
        struct pac pac = decode(
            one_signature(&w, types[i % SEC_ARRAY_LEN(types)], hex_into(room, sizeof(room), data)));
        const struct pac_signature *const all[] = { &pac.server, &pac.kdc, &pac.ticket, &pac.full };
        const struct pac_signature *s = all[i % SEC_ARRAY_LEN(types)];

        assert_int_equal(s->type, cases[i / SEC_ARRAY_LEN(types)].type);
        assert_int_equal(s->value.n, cases[i / SEC_ARRAY_LEN(types)].n);
        assert_int_equal(s->at, 24 + 4);
    }
}

static void
test_pac_decode__truncated_signature_refused(void **state)
{
    static const char *const cases[] = {
        "0f",
        "0f000000",
        "10000000 000102030405060708090a",
        "76ffffff 000102030405060708090a0b0c0d0e",
        "14000000 000102030405060708090a0b0c0d0e0f10111213141516",
        "7f000000",
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        SEC_AUTO(wire_writer) w;
        uint8_t room[64];

        refused(one_signature(&w, PAC_SERVER_SIGNATURE, hex_into(room, sizeof(room), cases[i])),
                WIRE_SHORT, "signature");
    }
}

static void
test_pac_decode__endless_signature_refused(void **state)
{
    uint8_t data[4 + 65] = { 0x7f };
    SEC_AUTO(wire_writer) w;
    SEC_AUTO(wire_writer) v;

    refused(one_signature(&w, PAC_KDC_SIGNATURE, bytes_of(data, sizeof(data))), WIRE_LIMIT,
            "signature");
    (void)decode(one_signature(&v, PAC_KDC_SIGNATURE, bytes_of(data, sizeof(data) - 1)));
}

/* The whole with the two values blank, put together from the parts. */
static void
check_signed_parts(struct bytes whole)
{
    SEC_AUTO(wire_writer) want = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) have = wire_writer_growing(NULL, 0);
    struct pac pac = decode(whole);
    struct bytes parts[5];
    size_t n = pac_signed_parts(&pac, parts);

    for (size_t i = 0; i < whole.n; i++) {
        bool blank = (i >= pac.server.at && i < pac.server.at + pac.server.value.n) ||
                     (i >= pac.kdc.at && i < pac.kdc.at + pac.kdc.value.n);

        wire_put_u8(&want, blank ? 0 : whole.p[i]);
    }
    for (size_t i = 0; i < n; i++) {
        wire_put_bytes(&have, parts[i]);
    }
    assert_bytes_equal(wire_written(&have), wire_written(&want));
}

static void
test_pac_signed_parts__both_values_blank_and_nothing_else(void **state)
{
    SEC_AUTO(wire_writer) w;
    SEC_AUTO(wire_writer) v;

    check_signed_parts(HEX(PAC_PUBLISHED));
    check_signed_parts(HEX(PAC_AD_USER));
    check_signed_parts(HEX(PAC_MADE)); /* the KDC's first */
    check_signed_parts(HEX(PAC_MIT_RC4));
    check_signed_parts(
        one_signature(&w, PAC_SERVER_SIGNATURE, HEX("10000000 0102030405060708090a0b0c 3412")));
    check_signed_parts(
        one_signature(&v, PAC_KDC_SIGNATURE, HEX("10000000 0102030405060708090a0b0c 3412")));
}

/* --- the other buffers --------------------------------------------------------------------- */

static void
test_pac_client_info_decode__refusals(void **state)
{
    struct pac_client_info c;

    assert_int_equal(pac_client_info_decode(&c, HEX("")), WIRE_SHORT);
    assert_int_equal(pac_client_info_decode(&c, HEX("0000000000000000 0400 610062")), WIRE_SHORT);
    assert_int_equal(pac_client_info_decode(&c, HEX("0000000000000000 feff 61006200")), WIRE_SHORT);
    assert_int_equal(pac_client_info_decode(&c, HEX("0000000000000000 0300 61006200")),
                     WIRE_BAD_VALUE);
    assert_int_equal(pac_client_info_decode(&c, HEX("0100000000000000 0000")), WIRE_OK);
    assert_int_equal(c.name.n, 0);
}

static void
test_pac_client_info_encode__what_it_decodes(void **state)
{
    struct pac_client_info info = { .authtime_100ns = 77, .name = UTF16("alice") };
    uint8_t room[64];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    struct pac_client_info again;

    pac_client_info_encode(&w, &info);
    assert_int_equal(pac_client_info_decode(&again, wire_written(&w)), WIRE_OK);
    assert_true(again.authtime_100ns == 77);
    assert_bytes_equal(again.name, info.name);
}

static void
test_pac_upn_dns_info_decode__refusals(void **state)
{
    struct pac_upn_dns_info u;

    assert_int_equal(pac_upn_dns_info_decode(&u, HEX("0000 0000 0000 0000 000000")), WIRE_SHORT);
    assert_int_equal(pac_upn_dns_info_decode(&u, HEX("0000 0000 0000 0000 00000000")), WIRE_OK);
    /* names behind the end, and of half a character */
    assert_int_equal(pac_upn_dns_info_decode(&u, HEX("0200 0b00 0000 0000 00000000")), WIRE_RANGE);
    assert_int_equal(pac_upn_dns_info_decode(&u, HEX("0000 0000 ffff ffff 00000000")), WIRE_RANGE);
    assert_int_equal(pac_upn_dns_info_decode(&u, HEX("0100 0000 0000 0000 00000000")),
                     WIRE_BAD_VALUE);
    /* the extension, announced and not there */
    assert_int_equal(pac_upn_dns_info_decode(&u, HEX("0000 0000 0000 0000 02000000 0000")),
                     WIRE_SHORT);
    assert_int_equal(
        pac_upn_dns_info_decode(&u, HEX("0000 0000 0000 0000 02000000 0000 0000 0000 0000")),
        WIRE_OK);
    assert_false(u.has_sid);
    /* a SID with something behind it, and half a SID */
    assert_int_equal(
        pac_upn_dns_info_decode(
            &u, HEX("0000 0000 0000 0000 02000000 0000 0000 0d00 1400 010100000000000512000000ff")),
        WIRE_TRAILING);
    assert_int_equal(
        pac_upn_dns_info_decode(
            &u, HEX("0000 0000 0000 0000 02000000 0000 0000 0b00 1400 0101000000000005120000")),
        WIRE_SHORT);
    assert_false(u.has_sid);
}

static void
test_pac_requestor_decode__a_sid_and_nothing_else(void **state)
{
    struct sid sid;

    assert_int_equal(pac_requestor_decode(&sid, HEX("010100000000000512000000")), WIRE_OK);
    assert_int_equal(pac_requestor_decode(&sid, HEX("01010000000000051200000000")), WIRE_TRAILING);
    assert_int_equal(pac_requestor_decode(&sid, HEX("0101000000000005120000")), WIRE_SHORT);
    assert_int_equal(pac_requestor_decode(&sid, HEX("")), WIRE_SHORT);
}

/* --- building ------------------------------------------------------------------------------ */

static void
test_pac_encode__published_example_again(void **state)
{
    struct bytes whole = HEX(PAC_PUBLISHED);
    struct pac pac = decode(whole);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct wire_reader r = wire_reader_of(whole);
    const struct pac_buffer buffers[] = {
        { PAC_LOGON_INFO, pac.logon_info },
        { PAC_CLIENT_INFO, pac.client_info },
        { PAC_SERVER_SIGNATURE, wire_at(&r, pac.server.at - 4, 20) },
        { PAC_KDC_SIGNATURE, wire_at(&r, pac.kdc.at - 4, 20) },
    };

    pac_encode(&w, buffers, SEC_ARRAY_LEN(buffers));
    assert_bytes_equal(wire_written(&w), whole);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pac_decode__published_example),
        cmocka_unit_test(test_pac_decode__service_ticket_of_a_domain),
        cmocka_unit_test(test_pac_decode__names_of_other_kinds),
        cmocka_unit_test(test_pac_decode__attributes_and_requestor_of_a_tgt),
        cmocka_unit_test(test_pac_decode__without_logon_information),
        cmocka_unit_test(test_pac_decode__made_by_another_library),
        cmocka_unit_test(test_pac_decode__prefixes_and_flips),
        cmocka_unit_test(test_pac_decode__directory_refused),
        cmocka_unit_test(test_pac_decode__no_buffers_is_a_pac),
        cmocka_unit_test(test_pac_decode__place_of_a_buffer),
        cmocka_unit_test(test_pac_decode__empty_buffer_refused),
        cmocka_unit_test(test_pac_decode__overlapping_buffers_refused),
        cmocka_unit_test(test_pac_decode__type_twice_refused),
        cmocka_unit_test(test_pac_decode__signature_is_as_long_as_its_type_says),
        cmocka_unit_test(test_pac_decode__truncated_signature_refused),
        cmocka_unit_test(test_pac_decode__endless_signature_refused),
        cmocka_unit_test(test_pac_signed_parts__both_values_blank_and_nothing_else),
        cmocka_unit_test(test_pac_client_info_decode__refusals),
        cmocka_unit_test(test_pac_client_info_encode__what_it_decodes),
        cmocka_unit_test(test_pac_upn_dns_info_decode__refusals),
        cmocka_unit_test(test_pac_requestor_decode__a_sid_and_nothing_else),
        cmocka_unit_test(test_pac_encode__published_example_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
