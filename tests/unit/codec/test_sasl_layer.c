/* SPDX-License-Identifier: Apache-2.0 */
/* SASL's last two messages: offers and choices of RFC 4752, what it forbids, each prefix and byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/sasl_layer.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"

#define ALICE   "616c696365"
#define ZOE     "646e3a636e3d5a6fc3ab" /* "dn:cn=Zoë" */
#define TOO_BIG "0f4240"

static void
test_sasl_offer__each_mask_and_size(void **state)
{
    static const struct {
        const char *hex;
        enum wire_err err;
        uint8_t layers;
        uint32_t max_bytes;
    } table[] = {
        { "0700ffff", WIRE_OK, 7, 0xFFFF },    { "06ffffff", WIRE_OK, 6, SASL_SIZE_MAX },
        { "04" TOO_BIG, WIRE_OK, 4, 1000000 }, { "01000000", WIRE_OK, 1, 0 },
        { "ff010203", WIRE_OK, 7, 0x010203 }, /* layers that are not known are passed by */
        { "07000000", WIRE_OK, 7, 0 },         { "01000001", WIRE_BAD_VALUE, 0, 0 },
        { "f9000001", WIRE_BAD_VALUE, 0, 0 }, /* of these layers, NONE is known */
        { "00000000", WIRE_BAD_VALUE, 0, 0 },  { "f8000000", WIRE_BAD_VALUE, 0, 0 },
        { "07ffff", WIRE_SHORT, 0, 0 },        { "", WIRE_SHORT, 0, 0 },
        { "0700ffff00", WIRE_TRAILING, 0, 0 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        uint8_t room[8], again[8];
        struct wire_writer w = wire_writer_fixed(again, sizeof(again));
        struct bytes in = hex_into(room, sizeof(room), table[i].hex);
        struct sasl_offer o;

        assert_int_equal(sasl_offer_decode(&o, in), table[i].err);
        if (table[i].err != WIRE_OK) {
            continue;
        }
        assert_int_equal(o.layers, table[i].layers);
        assert_int_equal(o.max_bytes, table[i].max_bytes);
        sasl_offer_encode(&w, &o);
        room[0] &= SASL_LAYERS_ALL;
        assert_bytes_equal(wire_written(&w), in);
    }
}

static void
test_sasl_choice__one_layer_and_a_name(void **state)
{
    static const struct {
        const char *hex, *authzid;
        enum wire_err err;
        enum sasl_layer layer;
        uint32_t max_bytes;
    } table[] = {
        { "01000000", "", WIRE_OK, SASL_LAYER_NONE, 0 },
        { "0200ffff", "", WIRE_OK, SASL_LAYER_INTEGRITY, 0xFFFF },
        { "04ffffff" ALICE, ALICE, WIRE_OK, SASL_LAYER_CONFIDENTIALITY, SASL_SIZE_MAX },
        { "01000000" ZOE, ZOE, WIRE_OK, SASL_LAYER_NONE, 0 },
        { "01000001", "", WIRE_BAD_VALUE, 0, 0 },
        { "0000ffff", "", WIRE_BAD_VALUE, 0, 0 },
        { "0300ffff", "", WIRE_OK, SASL_LAYER_INTEGRITY, 0xFFFF }, /* as Samba has it */
        { "0700ffff", "", WIRE_OK, SASL_LAYER_CONFIDENTIALITY, 0xFFFF },
        { "0800ffff", "", WIRE_BAD_VALUE, 0, 0 },
        { "0c00ffff", "", WIRE_BAD_VALUE, 0, 0 },
        { "0400ffff616c6900", "", WIRE_BAD_VALUE, 0, 0 }, /* ends with a NUL, as C has it */
        { "0400ffff616cff", "", WIRE_BAD_VALUE, 0, 0 },
        { "0400ffffc0af", "", WIRE_BAD_VALUE, 0, 0 },   /* longer than it need be */
        { "0400ffffeda080", "", WIRE_BAD_VALUE, 0, 0 }, /* half a pair */
        { "0400ff", "", WIRE_SHORT, 0, 0 },
        { "", "", WIRE_SHORT, 0, 0 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        uint8_t room[32], name[32], again[32];
        struct wire_writer w = wire_writer_fixed(again, sizeof(again));
        struct bytes in = hex_into(room, sizeof(room), table[i].hex);
        struct sasl_choice c;

        assert_int_equal(sasl_choice_decode(&c, in), table[i].err);
        if (table[i].err != WIRE_OK) {
            continue;
        }
        assert_int_equal(c.layer, table[i].layer);
        assert_int_equal(c.max_bytes, table[i].max_bytes);
        assert_bytes_equal(c.authzid, hex_into(name, sizeof(name), table[i].authzid));
        sasl_choice_encode(&w, &c);
        room[0] = (uint8_t)table[i].layer;
        assert_bytes_equal(wire_written(&w), in);
    }
}

static void
test_sasl_choice__longest_name(void **state)
{
    static uint8_t in[SASL_OFFER_BYTES + SASL_AUTHZID_MAX_BYTES + 1] = { SASL_LAYER_NONE };
    struct sasl_choice c;

    memset(in + SASL_OFFER_BYTES, 'a', sizeof(in) - SASL_OFFER_BYTES);
    assert_int_equal(sasl_choice_decode(&c, bytes_of(in, sizeof(in) - 1)), WIRE_OK);
    assert_int_equal(c.authzid.n, SASL_AUTHZID_MAX_BYTES);
    assert_int_equal(sasl_choice_decode(&c, bytes_of(in, sizeof(in))), WIRE_LIMIT);
}

/* What passes is a view into the input, of a layer that there is. */
static void
attempt(struct bytes in, size_t at, void *user)
{
    struct sasl_offer o;
    struct sasl_choice c;

    if (sasl_offer_decode(&o, in) == WIRE_OK) {
        assert_int_equal(in.n, SASL_OFFER_BYTES);
        assert_int_equal(o.layers & ~SASL_LAYERS_ALL, 0);
        assert_true(o.layers && o.max_bytes <= SASL_SIZE_MAX);
    }
    if (sasl_choice_decode(&c, in) == WIRE_OK) {
        assert_true(mutate_is_inside(in, c.authzid));
        assert_true(c.layer == SASL_LAYER_NONE || c.layer == SASL_LAYER_INTEGRITY ||
                    c.layer == SASL_LAYER_CONFIDENTIALITY);
        assert_true(in.n >= SASL_OFFER_BYTES);
    }
}

static void
test_sasl_layer__prefixes_and_bytes(void **state)
{
    const struct bytes vectors[] = { HEX("0700ffff"), HEX("0400ffff" ZOE), HEX("01000000" ALICE) };

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        mutate_prefixes(vectors[i], attempt, NULL);
        mutate_bytes(vectors[i], attempt, NULL);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sasl_offer__each_mask_and_size),
        cmocka_unit_test(test_sasl_choice__one_layer_and_a_name),
        cmocka_unit_test(test_sasl_choice__longest_name),
        cmocka_unit_test(test_sasl_layer__prefixes_and_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
