/* SPDX-License-Identifier: Apache-2.0 */
/* KERB_VALIDATION_INFO: [MS-PAC] 2.5 and 3.1, [MS-RPCE] 2.2.6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/pac.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"
#include "tests/support/pac_vectors.h"

#define NEVER  UINT64_C(0x7FFFFFFFFFFFFFFF)
#define DOMAIN "S-1-5-21-397955417-626881126-188441444"
/* Where fields stand in the structure's encoding: 16 bytes of headers, 4 of the pointer to it. */
#define FIELD(offset) (20u + (offset))
enum {
    AT_USER_LENGTH = FIELD(48),
    AT_USER_MAXIMUM = FIELD(50),
    AT_USER_POINTER = FIELD(52),
    AT_USER_ID = FIELD(100),
    AT_GROUP_COUNT = FIELD(108),
    AT_GROUP_POINTER = FIELD(112),
    AT_DOMAIN_SID_POINTER = FIELD(152),
    AT_SID_COUNT = FIELD(196),
    AT_SID_POINTER = FIELD(200),
    AT_RESOURCE_SID_POINTER = FIELD(204),
    AT_RESOURCE_COUNT = FIELD(208),
    AT_RESOURCE_POINTER = FIELD(212),
    AT_REFERENTS = FIELD(216),
};

static struct bytes
logon_info_of(struct bytes whole)
{
    struct pac pac;

    assert_int_equal(pac_decode(&pac, whole), WIRE_OK);
    return pac.logon_info;
}

static struct pac_logon_info
decode(struct bytes in)
{
    struct pac_logon_info info;

    assert_int_equal(pac_logon_info_decode(&info, in), WIRE_OK);
    assert_null(info.fault.field);
    return info;
}

static void
assert_sid(const struct sid *sid, const char *want)
{
    char text[SID_TEXT_BYTES];

    sid_text(sid, text);
    assert_string_equal(text, want);
}

static void
assert_next_group(struct pac_groups *g, const char *sid, uint32_t attributes)
{
    struct pac_group group;

    assert_true(pac_next_group(g, &group));
    assert_sid(&group.sid, sid);
    assert_int_equal(group.attributes, attributes);
}

static void
assert_no_more(struct pac_groups *g)
{
    struct pac_group group;

    assert_false(pac_next_group(g, &group));
    assert_false(pac_next_group(g, &group));
}

static size_t
count_groups(const struct pac_logon_info *info)
{
    struct pac_groups g = pac_groups_of(info);
    struct pac_group group;
    size_t n = 0;

    while (pac_next_group(&g, &group)) {
        n++;
    }
    return n;
}

/* --- those of others ----------------------------------------------------------------------- */

static void
test_decode__published_example(void **state)
{
    struct pac_logon_info info = decode(logon_info_of(HEX(PAC_PUBLISHED)));
    struct pac_groups g = pac_groups_of(&info);
    struct sid sid;

    assert_true(info.logon_100ns == UINT64_C(0x01C66A650F6686D1));
    assert_true(info.logoff_100ns == NEVER && info.kickoff_100ns == NEVER);
    assert_true(info.password_last_set_100ns == UINT64_C(0x01C64A78FE39D417));
    assert_true(info.password_can_change_100ns == UINT64_C(0x01C64B4228A39417));
    assert_true(info.password_must_change_100ns == UINT64_C(0x01C6817A97245417));
    assert_bytes_equal(info.user, UTF16("lzhu"));
    assert_bytes_equal(info.full_name, UTF16("Liqiang(Larry) Zhu"));
    assert_bytes_equal(info.logon_server, UTF16("NTDEV-DC-05"));
    assert_bytes_equal(info.domain, UTF16("NTDEV"));
    assert_int_equal(info.user_rid, 2914711);
    assert_int_equal(info.primary_group_rid, 513);
    assert_int_equal(info.user_flags, 0x20);
    assert_int_equal(info.user_account_control, 0x10);
    assert_true(info.has_domain_sid && !info.has_resource_domain_sid);
    assert_sid(&info.domain_sid, DOMAIN);
    assert_int_equal(info.groups.n, 26 * 8);
    assert_int_equal(info.n_extra_sids, 13);
    assert_int_equal(info.resource_groups.n, 0);
    assert_int_equal(count_groups(&info), 39);
    assert_next_group(&g, DOMAIN "-3392609", 7); /* the text of 3.1 names it */
    for (size_t i = 1; i < 25; i++) {
        assert_true(pac_next_group(&g, &(struct pac_group){ 0 }));
    }
    assert_next_group(&g, DOMAIN "-3018354", 7);
    assert_next_group(&g, "S-1-5-21-773533881-1816936887-355810188-513", 7);
    assert_next_group(&g, DOMAIN "-3101812", 0x20000007);
    assert_true(pac_user_sid(&info, &sid));
    assert_sid(&sid, DOMAIN "-2914711");
}

static void
test_decode__service_ticket_of_a_domain(void **state)
{
#define AD "S-1-5-21-2293478218-2757620453-196890249"
    struct pac_logon_info info = decode(logon_info_of(HEX(PAC_AD_USER)));
    struct pac_logon_info administrator = decode(logon_info_of(HEX(PAC_AD_ADMINISTRATOR)));
    struct pac_groups g = pac_groups_of(&info);
    struct sid sid;

    assert_bytes_equal(info.user, UTF16("alice"));
    assert_bytes_equal(info.domain, UTF16("EXAMPLE"));
    assert_bytes_equal(info.logon_server, UTF16("DC1"));
    assert_int_equal(info.full_name.n, 0);
    assert_next_group(&g, AD "-513", 7);
    assert_next_group(&g, AD "-1104", 7);
    assert_next_group(&g, AD "-1106", 7);
    assert_next_group(&g, "S-1-18-1", 7);
    assert_no_more(&g);
    assert_true(pac_user_sid(&info, &sid));
    assert_sid(&sid, AD "-1102");
    assert_int_equal(count_groups(&administrator), 7);
    assert_true(pac_user_sid(&administrator, &sid));
    assert_sid(&sid, AD "-500");
#undef AD
}

static void
test_decode__made_by_another_library(void **state)
{
    struct pac_logon_info info = decode(logon_info_of(HEX(PAC_MADE)));
    struct pac_groups g = pac_groups_of(&info);
    struct sid sid;

    assert_bytes_equal(info.user, HEX("7a006f00eb00"));
    assert_bytes_equal(info.domain, UTF16("NORTH"));
    assert_bytes_equal(info.logon_server, UTF16("DC-NORTH"));
    assert_true(info.logoff_100ns == NEVER);
    assert_true(info.password_must_change_100ns == UINT64_C(133036288000000000));
    assert_next_group(&g, "S-1-5-21-11-22-33-513", 7);
    assert_next_group(&g, "S-1-5-21-11-22-33-70002", 7);
    assert_next_group(&g, "S-1-5-21-11-22-33-70003", 0x10);
    assert_next_group(&g, "S-1-5-21-11-22-33-572", 0x20000007);
    assert_next_group(&g, "S-1-18-1", 7);
    assert_next_group(&g, "S-1-5-21-99-98-97-1105", 7);
    assert_next_group(&g, "S-1-5-21-44-55-66-1601", 0x20000007);
    assert_next_group(&g, "S-1-5-21-44-55-66-1602", 0x20000007);
    assert_no_more(&g);
    assert_true(pac_user_sid(&info, &sid));
    assert_sid(&sid, "S-1-5-21-11-22-33-70001");
}

/* --- prefixes and flips -------------------------------------------------------------------- */

static void
try_logon_info(struct bytes in, size_t at, void *user)
{
    struct pac_logon_info info;
    struct sid sid;

    if (pac_logon_info_decode(&info, in) != WIRE_OK) {
        assert_non_null(info.fault.field);
        assert_true(info.fault.at <= in.n);
        assert_int_equal(info.user.n + info.groups.n + info.extra_.n, 0);
        return;
    }
    assert_false(*(const bool *)user);
    assert_true(mutate_is_inside(in, info.user));
    assert_true(mutate_is_inside(in, info.full_name));
    assert_true(mutate_is_inside(in, info.logon_server));
    assert_true(mutate_is_inside(in, info.domain));
    assert_true(mutate_is_inside(in, info.groups));
    assert_true(mutate_is_inside(in, info.extra_));
    assert_true(mutate_is_inside(in, info.resource_groups));
    assert_true(mutate_is_inside(in, info.user_session_key));
    assert_int_equal(count_groups(&info) + (info.user_rid == 0 && info.n_extra_sids),
                     info.groups.n / 8 + info.n_extra_sids + info.resource_groups.n / 8);
    (void)!pac_user_sid(&info, &sid);
}

static void
test_decode__prefixes_and_flips(void **state)
{
    bool is_prefix = true, is_flipped = false;
    struct bytes vectors[] = { logon_info_of(HEX(PAC_PUBLISHED)), logon_info_of(HEX(PAC_MADE)) };

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        mutate_prefixes(vectors[i], try_logon_info, &is_prefix);
        mutate_bytes(vectors[i], try_logon_info, &is_flipped);
    }
}

/* --- changed in one place ------------------------------------------------------------------ */

/* The example of the made PAC, with numbers of it overwritten. */
struct change {
    size_t at, n;
    uint64_t value;
};

static void
refused_changed(const struct change *changes, size_t n, enum wire_err err, const char *field)
{
    struct bytes whole = logon_info_of(HEX(PAC_MADE));
    uint8_t *copy = mutate_copy(whole, whole.n);
    struct pac_logon_info info;

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < changes[i].n; k++) {
            copy[changes[i].at + k] = (uint8_t)(changes[i].value >> 8 * k);
        }
    }
    assert_int_equal(pac_logon_info_decode(&info, bytes_of(copy, whole.n)), err);
    assert_string_equal(info.fault.field, field);
    free(copy);
}

#define REFUSED(at, n, value, err, field) \
    refused_changed(&(struct change){ at, n, value }, 1, err, field)

static void
test_decode__headers_checked(void **state)
{
    REFUSED(0, 1, 2, WIRE_BAD_VALUE, "common header");    /* type serialization version 2 */
    REFUSED(1, 1, 0x00, WIRE_BAD_VALUE, "common header"); /* big-endian */
    REFUSED(2, 2, 0x40, WIRE_BAD_VALUE, "common header");
    REFUSED(8, 4, 0xFFFFFFFF, WIRE_SHORT, "ObjectBufferLength");
    REFUSED(8, 4, 0x271, WIRE_SHORT, "ObjectBufferLength");
    REFUSED(8, 4, 0x270 - 8, WIRE_TRAILING, "ObjectBufferLength");
    REFUSED(8, 4, 0x270 - 4, WIRE_SHORT, "ResourceGroupIds");  /* the object ends before it */
    REFUSED(16, 4, 0, WIRE_BAD_VALUE, "KERB_VALIDATION_INFO"); /* a pointer to nothing */
}

static void
test_decode__string_headers_checked(void **state)
{
    REFUSED(AT_USER_LENGTH, 2, 5, WIRE_BAD_VALUE, "EffectiveName");
    REFUSED(AT_USER_LENGTH, 2, 4, WIRE_BAD_VALUE, "EffectiveName");
    REFUSED(AT_USER_LENGTH, 2, 8, WIRE_BAD_VALUE, "EffectiveName"); /* above MaximumLength */
    REFUSED(AT_USER_LENGTH, 4, 0xFFFEFFFE, WIRE_BAD_VALUE, "EffectiveName");
    REFUSED(AT_USER_MAXIMUM, 2, 8, WIRE_BAD_VALUE, "EffectiveName");
    REFUSED(AT_USER_POINTER, 4, 0, WIRE_BAD_VALUE, "EffectiveName");
}

static void
test_decode__string_referents_checked(void **state)
{
    REFUSED(AT_REFERENTS, 4, 4, WIRE_BAD_VALUE, "EffectiveName");
    REFUSED(AT_REFERENTS, 4, 0xFFFFFFFF, WIRE_BAD_VALUE, "EffectiveName");
    REFUSED(AT_REFERENTS + 4, 4, 1, WIRE_BAD_VALUE, "EffectiveName"); /* an offset */
    REFUSED(AT_REFERENTS + 8, 4, 2, WIRE_BAD_VALUE, "EffectiveName");
    /* three numbers that agree on more than there is */
    refused_changed((const struct change[]){ { AT_USER_LENGTH, 4, 0xFFFEFFFE },
                                             { AT_REFERENTS, 4, 0x7FFF },
                                             { AT_REFERENTS + 8, 4, 0x7FFF } },
                    3, WIRE_SHORT, "EffectiveName");
}

static void
test_decode__huge_counts_refused(void **state)
{
    static const size_t counts[] = { AT_GROUP_COUNT, AT_SID_COUNT, AT_RESOURCE_COUNT };
    static const char *const fields[] = { "GroupIds", "ExtraSids", "ResourceGroupIds" };

    for (size_t i = 0; i < SEC_ARRAY_LEN(counts); i++) {
        REFUSED(counts[i], 4, 0xFFFFFFFF, WIRE_LIMIT, fields[i]);
        REFUSED(counts[i], 4, 0x20000000, WIRE_LIMIT, fields[i]); /* eight times it wraps */
        REFUSED(counts[i], 4, PAC_GROUPS_MAX + 1, WIRE_LIMIT, fields[i]);
        REFUSED(counts[i], 4, PAC_GROUPS_MAX, WIRE_BAD_VALUE, fields[i]);
        REFUSED(counts[i], 4, 1, WIRE_BAD_VALUE, fields[i]);
        REFUSED(counts[i], 4, 0, WIRE_BAD_VALUE, fields[i]);
    }
}

static void
test_decode__missing_referents_refused(void **state)
{
    REFUSED(AT_GROUP_POINTER, 4, 0, WIRE_BAD_VALUE, "GroupIds");
    REFUSED(AT_SID_POINTER, 4, 0, WIRE_BAD_VALUE, "ExtraSids");
    REFUSED(AT_RESOURCE_POINTER, 4, 0, WIRE_BAD_VALUE, "ResourceGroupIds");
    /* what stands there is then read as something else */
    REFUSED(AT_DOMAIN_SID_POINTER, 4, 0, WIRE_BAD_VALUE, "ExtraSids");
    REFUSED(AT_RESOURCE_SID_POINTER, 4, 0, WIRE_BAD_VALUE, "ResourceGroupIds");
    /* left behind */
    refused_changed(
        (const struct change[]){ { AT_RESOURCE_COUNT, 8, 0 }, { AT_RESOURCE_POINTER, 4, 0 } }, 2,
        WIRE_TRAILING, "KERB_VALIDATION_INFO");
}

/* --- encoding ------------------------------------------------------------------------------ */

static struct sid
sid_of(const char *text)
{
    struct sid sid;

    assert_true(sid_parse(&sid, bytes_of_string(text)));
    return sid;
}

static void
check_round_trip(const struct pac_logon_info *info, const struct pac_group *extra, size_t n)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) twice = wire_writer_growing(NULL, 0);
    struct pac_logon_info again;
    struct pac_groups g;

    pac_logon_info_encode(&w, info, extra, n);
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    assert_int_equal(wire_written(&w).n % 8, 0);
    again = decode(wire_written(&w));
    assert_bytes_equal(again.user, info->user);
    assert_bytes_equal(again.full_name, info->full_name);
    assert_bytes_equal(again.logon_server, info->logon_server);
    assert_bytes_equal(again.domain, info->domain);
    assert_bytes_equal(again.groups, info->groups);
    assert_bytes_equal(again.resource_groups, info->resource_groups);
    assert_int_equal(again.has_domain_sid, info->has_domain_sid);
    assert_true(sid_equal(&again.domain_sid, &info->domain_sid));
    assert_true(sid_equal(&again.resource_domain_sid, &info->resource_domain_sid));
    assert_int_equal(again.n_extra_sids, n);
    assert_true(again.logoff_100ns == info->logoff_100ns);
    assert_true(again.password_must_change_100ns == info->password_must_change_100ns);
    assert_int_equal(again.user_rid, info->user_rid);
    assert_int_equal(again.user_flags, info->user_flags);
    assert_int_equal(again.user_account_control, info->user_account_control);
    g = pac_groups_of(&again);
    for (size_t i = 0; i < again.groups.n / 8; i++) {
        assert_true(pac_next_group(&g, &(struct pac_group){ 0 }));
    }
    for (size_t i = again.user_rid ? 0 : 1; i < n; i++) {
        struct pac_group group;

        assert_true(pac_next_group(&g, &group));
        assert_true(sid_equal(&group.sid, &extra[i].sid));
        assert_int_equal(group.attributes, extra[i].attributes);
    }
    pac_logon_info_encode(&twice, &again, extra, n);
    assert_bytes_equal(wire_written(&twice), wire_written(&w));
}

static void
test_encode__what_it_decodes(void **state)
{
    struct pac_group extra[] = { { sid_of("S-1-18-1"), 7 },
                                 { sid_of("S-1-5-21-9-8-7-1105"), 0x20000007 },
                                 { sid_of("S-1-5"), 0 } };
    struct pac_logon_info info = { .user = UTF16("bob"),
                                   .domain = UTF16("D"),
                                   .logoff_100ns = NEVER,
                                   .password_must_change_100ns = 77,
                                   .user_rid = 1,
                                   .domain_sid = sid_of("S-1-5-21-1-2-3"),
                                   .has_domain_sid = true,
                                   .user_flags = 0x220,
                                   .user_account_control = 0x10 };

    check_round_trip(&info, NULL, 0);
    check_round_trip(&info, extra, 3);
    info.groups = HEX("01020000 07000000 02020000 07000000");
    check_round_trip(&info, extra, 1);
    info.resource_groups = HEX("51040000 07000020");
    info.resource_domain_sid = sid_of("S-1-5-21-4-5-6");
    info.has_resource_domain_sid = true;
    info.logon_server = UTF16("DC1");
    info.full_name = bytes_of("", 0); /* there, and empty */
    check_round_trip(&info, extra, 3);
}

/* --- what only few write ------------------------------------------------------------------- */

static struct bytes
encoded(struct wire_writer *w, const struct pac_logon_info *info, const struct pac_group *extra,
        size_t n)
{
    *w = wire_writer_growing(NULL, 0);
    pac_logon_info_encode(w, info, extra, n);
    return wire_written(w);
}

/* [MS-PAC] 2.5: "If the UserId member equals 0x00000000, the first group SID in this member is the
 * SID for this account." */
static void
test_user_sid__first_extra_sid_where_there_is_no_user_id(void **state)
{
    struct pac_group extra[] = { { sid_of("S-1-5-21-1-2-3-1105"), 7 }, { sid_of("S-1-18-1"), 7 } };
    struct pac_logon_info info = { .user = UTF16("bob"), .user_flags = 0x20 };
    SEC_AUTO(wire_writer) w;
    SEC_AUTO(wire_writer) v;
    SEC_AUTO(wire_writer) u;
    struct pac_logon_info out = decode(encoded(&w, &info, extra, 2));
    struct pac_groups g = pac_groups_of(&out);
    struct sid sid;

    assert_true(pac_user_sid(&out, &sid));
    assert_sid(&sid, "S-1-5-21-1-2-3-1105");
    assert_next_group(&g, "S-1-18-1", 7);
    assert_no_more(&g);
    out = decode(encoded(&v, &info, extra, 1));
    assert_int_equal(count_groups(&out), 0);
    out = decode(encoded(&u, &info, NULL, 0));
    assert_false(pac_user_sid(&out, &sid));
}

static void
test_decode__rid_without_a_domain_refused(void **state)
{
    struct pac_logon_info info = { .user = UTF16("bob"), .user_rid = 1105 };
    SEC_AUTO(wire_writer) w;
    SEC_AUTO(wire_writer) v;
    SEC_AUTO(wire_writer) u;
    struct pac_logon_info out;

    assert_int_equal(pac_logon_info_decode(&out, encoded(&w, &info, NULL, 0)), WIRE_BAD_VALUE);
    assert_string_equal(out.fault.field, "LogonDomainId");
    info.user_rid = 0;
    info.groups = HEX("01020000 07000000");
    assert_int_equal(pac_logon_info_decode(&out, encoded(&v, &info, NULL, 0)), WIRE_BAD_VALUE);
    assert_string_equal(out.fault.field, "LogonDomainId");
    info.groups = (struct bytes){ 0 };
    info.resource_groups = HEX("01020000 07000000");
    assert_int_equal(pac_logon_info_decode(&out, encoded(&u, &info, NULL, 0)), WIRE_BAD_VALUE);
    assert_string_equal(out.fault.field, "ResourceGroupDomainSid");
}

/* A RID has to go behind it. */
static void
test_decode__domain_of_fifteen_parts_refused(void **state)
{
    struct pac_logon_info info = { .user = UTF16("bob"), .user_rid = 1105, .has_domain_sid = true };
    struct pac_logon_info out;
    SEC_AUTO(wire_writer) w;
    SEC_AUTO(wire_writer) v;
    struct sid sid;

    info.domain_sid = sid_of("S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14");
    out = decode(encoded(&w, &info, NULL, 0));
    assert_true(pac_user_sid(&out, &sid));
    assert_true(sid_append(&info.domain_sid, 15));
    assert_int_equal(pac_logon_info_decode(&out, encoded(&v, &info, NULL, 0)), WIRE_BAD_VALUE);
    assert_string_equal(out.fault.field, "LogonDomainId");
}

static void
test_decode__as_many_groups_as_may_be(void **state)
{
    struct pac_logon_info info = { .user = UTF16("bob"),
                                   .user_rid = 1105,
                                   .domain_sid = sid_of("S-1-5-21-1-2-3"),
                                   .has_domain_sid = true };
    uint8_t *groups = calloc(PAC_GROUPS_MAX + 1, 8);
    SEC_AUTO(wire_writer) w;
    SEC_AUTO(wire_writer) v;
    struct pac_logon_info out;

    assert_non_null(groups);
    info.groups = bytes_of(groups, (size_t)PAC_GROUPS_MAX * 8);
    out = decode(encoded(&w, &info, NULL, 0));
    assert_int_equal(count_groups(&out), PAC_GROUPS_MAX);
    info.groups.n += 8;
    assert_int_equal(pac_logon_info_decode(&out, encoded(&v, &info, NULL, 0)), WIRE_LIMIT);
    free(groups);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode__published_example),
        cmocka_unit_test(test_decode__service_ticket_of_a_domain),
        cmocka_unit_test(test_decode__made_by_another_library),
        cmocka_unit_test(test_decode__prefixes_and_flips),
        cmocka_unit_test(test_decode__headers_checked),
        cmocka_unit_test(test_decode__string_headers_checked),
        cmocka_unit_test(test_decode__string_referents_checked),
        cmocka_unit_test(test_decode__huge_counts_refused),
        cmocka_unit_test(test_decode__missing_referents_refused),
        cmocka_unit_test(test_encode__what_it_decodes),
        cmocka_unit_test(test_user_sid__first_extra_sid_where_there_is_no_user_id),
        cmocka_unit_test(test_decode__rid_without_a_domain_refused),
        cmocka_unit_test(test_decode__domain_of_fifteen_parts_refused),
        cmocka_unit_test(test_decode__as_many_groups_as_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
