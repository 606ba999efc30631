/* SPDX-License-Identifier: Apache-2.0 */
/* Authorization data: elements in a row and in each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/krb_msg.h"
#include "tests/support/hex.h"
#include "tests/support/krb_vectors.h"
#include "tests/support/mutate.h"

enum { ROOM = 1024 };

static struct bytes
elements_of(const struct krb_ad_element *elements, size_t n, uint8_t room[static ROOM])
{
    struct wire_writer w = wire_writer_fixed(room, ROOM);

    krb_ad_encode(&w, elements, n);
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    return wire_written(&w);
}

static void
test_krb_ad_encode__rfc_4120_5_2_6(void **state)
{
    const struct krb_ad_element elements[] = {
        { KRB_AD_AP_OPTIONS, HEX("00400000") },
        { KRB_AD_LOCAL, bytes_of("", 0) },
        { -5, HEX("aa") },
    };
    uint8_t room[ROOM];
    struct bytes der = elements_of(elements, 3, room);
    struct wire_reader r = wire_reader_of(der);
    struct krb_ad_element element;

    (void)state;
    assert_bytes_equal(der, HEX("3028"
                                "300ea0040202008fa106040400400000"
                                "300aa0040202008ea1020400"
                                "300aa0030201fba1030401aa"));
    for (size_t i = 0; i < 3; i++) {
        assert_true(krb_ad_next(&r, &element));
        assert_int_equal(element.type, elements[i].type);
        assert_bytes_equal(element.data, elements[i].data);
    }
    assert_false(krb_ad_next(&r, &element));
    assert_int_equal(wire_status(&r), WIRE_OK);
}

static void
test_krb_ad_next__nothing_and_no_elements(void **state)
{
    struct wire_reader r = wire_reader_of((struct bytes){ 0 });
    struct krb_ad_element element;

    (void)state;
    assert_false(krb_ad_next(&r, &element));
    assert_int_equal(wire_status(&r), WIRE_OK);
    r = wire_reader_of(HEX("3000"));
    assert_false(krb_ad_next(&r, &element));
    assert_false(krb_ad_next(&r, &element));
    assert_int_equal(wire_status(&r), WIRE_OK);
}

static void
test_krb_ad_next__refused(void **state)
{
    static const struct {
        const char *name, *hex;
        enum wire_err err;
        uint32_t at;
    } cases[] = {
        { "bytes behind", "300c300aa003020101a1030401aa00", WIRE_TRAILING, 14 },
        { "cut", "300d300aa003020101a1030401aa", WIRE_SHORT, 2 },
        { "no type", "30073005a1030401aa", WIRE_BAD_VALUE, 4 },
        { "no data", "30073005a003020101", WIRE_SHORT, 9 },
        { "a field more", "300e300ca003020101a1030401aaa200", WIRE_TRAILING, 14 },
        { "data that are no octets", "300c300aa003020101a1030301aa", WIRE_BAD_VALUE, 11 },
        { "a type of 33 bits",
          "30103"
          "00ea00702050100000000a1030401aa",
          WIRE_BAD_VALUE, 6 },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t room[ROOM];
        struct bytes in = hex_into(room, sizeof(room), cases[i].hex);
        struct wire_reader r = wire_reader_of(in);
        struct krb_ad_element element;
        enum wire_err err;

        print_message("# %s\n", cases[i].name);
        while (krb_ad_next(&r, &element)) {
        }
        assert_int_equal(wire_status(&r), cases[i].err);
        assert_int_equal(r.err_at, cases[i].at);
        assert_null(krb_ad_find(in, 1, &err).p);
        assert_int_equal(err, cases[i].err);
    }
}

/* AD-IF-RELEVANT within AD-IF-RELEVANT, `depth` of them, around an element. */
static struct bytes
nest(unsigned depth, int32_t container, const struct krb_ad_element *inner,
     uint8_t rooms[static 2][ROOM])
{
    struct bytes der = elements_of(inner, 1, rooms[0]);

    for (unsigned i = 0; i < depth; i++) {
        const struct krb_ad_element outer = { container, der };

        der = elements_of(&outer, 1, rooms[(i + 1) % 2]);
    }
    return der;
}

static void
test_krb_ad_find__as_deep_as_the_limit(void **state)
{
    const struct krb_ad_element pac = { KRB_AD_WIN2K_PAC, HEX("aabb") };
    enum wire_err err;

    (void)state;
    for (unsigned depth = 0; depth <= KRB_AUTH_DATA_DEPTH_MAX + 2; depth++) {
        uint8_t rooms[2][ROOM];
        struct bytes der = nest(depth, KRB_AD_IF_RELEVANT, &pac, rooms);
        struct bytes found = krb_ad_find(der, KRB_AD_WIN2K_PAC, &err);

        if (depth <= KRB_AUTH_DATA_DEPTH_MAX) {
            assert_int_equal(err, WIRE_OK);
            assert_bytes_equal(found, pac.data);
        } else {
            assert_int_equal(err, WIRE_LIMIT);
            assert_null(found.p);
        }
    }
}

static void
test_krb_ad_find__never_in_what_does_not_say_so(void **state)
{
    static const int32_t containers[] = { KRB_AD_KDC_ISSUED, KRB_AD_AND_OR,
                                          KRB_AD_MANDATORY_FOR_KDC };
    const struct krb_ad_element pac = { KRB_AD_WIN2K_PAC, HEX("aabb") };
    enum wire_err err;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(containers); i++) {
        uint8_t rooms[2][ROOM];

        assert_null(krb_ad_find(nest(1, containers[i], &pac, rooms), KRB_AD_WIN2K_PAC, &err).p);
        assert_int_equal(err, WIRE_OK);
    }
}

static void
test_krb_ad_find__the_first_of_several(void **state)
{
    const struct krb_ad_element inner = { KRB_AD_WIN2K_PAC, HEX("11") };
    uint8_t rooms[2][ROOM], room[ROOM];
    const struct krb_ad_element elements[] = {
        { 77, HEX("00") },
        { KRB_AD_IF_RELEVANT, elements_of(&inner, 1, rooms[0]) },
        { KRB_AD_WIN2K_PAC, HEX("22") },
    };
    struct bytes der = elements_of(elements, 3, room);
    enum wire_err err;

    (void)state;
    assert_bytes_equal(krb_ad_find(der, KRB_AD_WIN2K_PAC, &err), HEX("11"));
    assert_bytes_equal(krb_ad_find(der, KRB_AD_IF_RELEVANT, &err), elements[1].data);
    assert_null(krb_ad_find(der, KRB_AD_LOCAL, &err).p);
    assert_int_equal(err, WIRE_OK);
    assert_null(krb_ad_find((struct bytes){ 0 }, KRB_AD_LOCAL, &err).p);
    assert_int_equal(err, WIRE_OK);
}

/* What stands behind the element that was looked for is read as well. */
static void
test_krb_ad_find__malformed_anywhere(void **state)
{
    uint8_t room[ROOM];
    const struct krb_ad_element elements[] = {
        { KRB_AD_WIN2K_PAC, HEX("22") },
        { KRB_AD_IF_RELEVANT, HEX("3005") },
    };
    const struct krb_ad_element empty[] = {
        { KRB_AD_WIN2K_PAC, HEX("22") },
        { KRB_AD_IF_RELEVANT, bytes_of("", 0) },
    };
    enum wire_err err;

    (void)state;
    assert_null(krb_ad_find(elements_of(elements, 2, room), KRB_AD_WIN2K_PAC, &err).p);
    assert_int_equal(err, WIRE_SHORT);
    assert_null(krb_ad_find(elements_of(empty, 2, room), KRB_AD_WIN2K_PAC, &err).p);
    assert_int_equal(err, WIRE_SHORT);
}

static void
try_find(struct bytes in, size_t at, void *user)
{
    enum wire_err err;
    struct bytes found = krb_ad_find(in, KRB_AD_WIN2K_PAC, &err);

    (void)at;
    (void)user;
    assert_true(mutate_is_inside(in, found));
    assert_true(err == WIRE_OK || !found.p);
}

static void
test_krb_ad_find__no_prefix_or_flip_crashes(void **state)
{
    struct krb_enc_ticket ticket;

    (void)state;
    assert_int_equal(krb_enc_ticket_decode(&ticket, HEX(KRB_MIT_ENC_TICKET)), WIRE_OK);
    mutate_prefixes(ticket.authorization_data, try_find, NULL);
    mutate_bytes(ticket.authorization_data, try_find, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_krb_ad_encode__rfc_4120_5_2_6),
        cmocka_unit_test(test_krb_ad_next__nothing_and_no_elements),
        cmocka_unit_test(test_krb_ad_next__refused),
        cmocka_unit_test(test_krb_ad_find__as_deep_as_the_limit),
        cmocka_unit_test(test_krb_ad_find__never_in_what_does_not_say_so),
        cmocka_unit_test(test_krb_ad_find__the_first_of_several),
        cmocka_unit_test(test_krb_ad_find__malformed_anywhere),
        cmocka_unit_test(test_krb_ad_find__no_prefix_or_flip_crashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
