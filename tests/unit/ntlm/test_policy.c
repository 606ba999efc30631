/* SPDX-License-Identifier: Apache-2.0 */
/* What a server admits: tables of channel bindings, target names and time stamps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ntlm/policy.h"
#include "tests/support/fake_host.h"
#include "tests/support/hex.h"

#define SECOND UINT64_C(10000000)
#define HOUR   (3600 * SECOND)

static const uint8_t own_bindings[16] = { 1, 2, 3 };
static const uint8_t other_bindings[16] = { 1, 2, 4 };
static const uint8_t no_bindings[16];

struct server {
    struct fake_host host;
    struct ntlm_credential cred;
    struct ntlm_context context;
};

static void
server_init(struct server *s)
{
    *s = (struct server){ 0 };
    fake_host_init(&s->host);
    s->host.settings.channel_bindings = SEC_BINDINGS_BY_CALLER;
    s->host.settings.service_binding = SEC_BINDINGS_BY_CALLER;
    s->cred.base.host = &s->host.host;
    s->context.cred = &s->cred;
}

/* What a client sent, at the server's own time. */
static struct ntlm_v2_response
response(const uint8_t *bindings, const struct bytes *target, uint32_t av_flags)
{
    struct ntlm_v2_response v2 = { .timestamp_100ns = FAKE_HOST_NOW_100NS };

    if (bindings) {
        v2.av.present |= 1u << NTLM_AV_CHANNEL_BINDINGS;
        v2.av.channel_bindings = bytes_of(bindings, 16);
    }
    if (target) {
        v2.av.present |= 1u << NTLM_AV_TARGET_NAME;
        v2.av.target_name = *target;
    }
    v2.av.flags = av_flags;
    return v2;
}

/* --- channel bindings ---------------------------------------------------------------------- */

static const uint8_t *const sent_bindings[] = { NULL, no_bindings, own_bindings, other_bindings };

static const struct bindings_case {
    enum sec_bindings_policy policy;
    bool given;
    uint32_t flags;
    const char *admitted; /* of a client that sent: no pair, zeros, the same, others */
} bindings_cases[] = {
    { SEC_BINDINGS_BY_CALLER, false, 0, "yyyy" },
    { SEC_BINDINGS_BY_CALLER, false, SEC_ALLOW_MISSING_BINDINGS, "yyyy" },
    { SEC_BINDINGS_BY_CALLER, false, SEC_PROXY_BINDINGS, "nnyy" },
    { SEC_BINDINGS_BY_CALLER, true, 0, "nnyn" },
    { SEC_BINDINGS_BY_CALLER, true, SEC_ALLOW_MISSING_BINDINGS, "ynyn" },
    { SEC_BINDINGS_BY_CALLER, true, SEC_PROXY_BINDINGS, "nnyn" },
    { SEC_BINDINGS_OFF, false, 0, "yyyy" },
    { SEC_BINDINGS_OFF, false, SEC_ALLOW_MISSING_BINDINGS, "yyyy" },
    { SEC_BINDINGS_OFF, false, SEC_PROXY_BINDINGS, "yyyy" },
    { SEC_BINDINGS_OFF, true, 0, "yyyy" },
    { SEC_BINDINGS_OFF, true, SEC_ALLOW_MISSING_BINDINGS, "yyyy" },
    { SEC_BINDINGS_OFF, true, SEC_PROXY_BINDINGS, "yyyy" },
    { SEC_BINDINGS_ALLOW_MISSING, false, 0, "yyyy" },
    { SEC_BINDINGS_ALLOW_MISSING, false, SEC_ALLOW_MISSING_BINDINGS, "yyyy" },
    { SEC_BINDINGS_ALLOW_MISSING, false, SEC_PROXY_BINDINGS, "nnyy" },
    { SEC_BINDINGS_ALLOW_MISSING, true, 0, "ynyn" },
    { SEC_BINDINGS_ALLOW_MISSING, true, SEC_ALLOW_MISSING_BINDINGS, "ynyn" },
    { SEC_BINDINGS_ALLOW_MISSING, true, SEC_PROXY_BINDINGS, "nnyn" },
    { SEC_BINDINGS_REQUIRED, false, 0, "nnnn" },
    { SEC_BINDINGS_REQUIRED, false, SEC_ALLOW_MISSING_BINDINGS, "nnnn" },
    { SEC_BINDINGS_REQUIRED, false, SEC_PROXY_BINDINGS, "nnyy" },
    { SEC_BINDINGS_REQUIRED, true, 0, "nnyn" },
    { SEC_BINDINGS_REQUIRED, true, SEC_ALLOW_MISSING_BINDINGS, "nnyn" },
    { SEC_BINDINGS_REQUIRED, true, SEC_PROXY_BINDINGS, "nnyn" },
};

static void
check_bindings_case(const struct bindings_case *k, size_t client, bool v1)
{
    struct ntlm_v2_response v2 = response(sent_bindings[client], NULL, 0);
    struct sec_step_args args = { .wanted = k->flags, .bindings.given = k->given };
    bool admitted = k->admitted[client] == 'y';
    struct server s;

    server_init(&s);
    s.host.settings.channel_bindings = k->policy;
    bytes_copy(args.bindings.md5, own_bindings, sizeof(own_bindings));
    assert_int_equal(ntlm_policy_check_pairs(&s.context, &args, v1 ? NULL : &v2),
                     admitted ? SEC_E_OK : SEC_E_BAD_BINDINGS);
    assert_int_equal(s.context.bindings_verified,
                     k->given && sent_bindings[client] == own_bindings);
    assert_int_equal(s.context.sub_status, admitted ? 0 : 0xC000035B);
}

static void
test_ntlm_policy_check_pairs__channel_bindings_by_policy_call_and_client(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(bindings_cases); i++) {
        for (size_t client = 0; client < SEC_ARRAY_LEN(sent_bindings); client++) {
            check_bindings_case(&bindings_cases[i], client, false);
        }
    }
}

static void
test_ntlm_policy_check_pairs__ntlmv1_has_no_bindings(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(bindings_cases); i++) {
        check_bindings_case(&bindings_cases[i], 0, true);
    }
}

/* --- the target's name --------------------------------------------------------------------- */

enum { NO_NAME, EMPTY_NAME, OWN_NAME, OTHER_NAME, UNVERIFIED_NAME, N_NAMES };

static void
test_ntlm_policy_check_pairs__target_name_by_policy_names_and_client(void **state)
{
    static const struct {
        enum sec_bindings_policy policy;
        bool spns;
        const char *admitted; /* of a client that sent: none, an empty one, ours, another's, ours
                               * from an untrusted source */
    } cases[] = {
        { SEC_BINDINGS_BY_CALLER, false, "yyyyy" },
        { SEC_BINDINGS_BY_CALLER, true, "yyyny" },
        { SEC_BINDINGS_OFF, false, "yyyyy" },
        { SEC_BINDINGS_OFF, true, "yyyny" },
        { SEC_BINDINGS_ALLOW_MISSING, false, "yyyyy" },
        { SEC_BINDINGS_ALLOW_MISSING, true, "yyyny" },
        { SEC_BINDINGS_REQUIRED, false, "nnnnn" },
        { SEC_BINDINGS_REQUIRED, true, "nnynn" },
    };
    const struct bytes spns[] = { UTF16("HOST/web1"), UTF16("HTTP/web1.example.test") };
    const struct bytes names[N_NAMES] = {
        [OWN_NAME] = UTF16("http/WEB1.example.test"),
        [OTHER_NAME] = UTF16("HTTP/web2.example.test"),
        [UNVERIFIED_NAME] = UTF16("HTTP/web1.example.test"),
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        for (size_t client = 0; client < N_NAMES; client++) {
            struct ntlm_v2_response v2 =
                response(NULL, client == NO_NAME ? NULL : &names[client],
                         client == UNVERIFIED_NAME ? NTLM_AV_FLAG_UNVERIFIED_TARGET : 0);
            struct sec_step_args args = { 0 };
            struct server s;

            server_init(&s);
            s.host.settings.service_binding = cases[i].policy;
            s.host.settings.spns = spns;
            s.host.settings.n_spns = cases[i].spns ? 2 : 0;
            assert_int_equal(ntlm_policy_check_pairs(&s.context, &args, &v2),
                             cases[i].admitted[client] == 'y' ? SEC_E_OK : SEC_E_WRONG_PRINCIPAL);
            if (client == NO_NAME) {
                assert_int_equal(ntlm_policy_check_pairs(&s.context, &args, NULL),
                                 cases[i].admitted[client] == 'y' ? SEC_E_OK
                                                                  : SEC_E_WRONG_PRINCIPAL);
            }
        }
    }
}

/* --- age ----------------------------------------------------------------------------------- */

static void
test_ntlm_policy_check_pairs__time_stamp_36_hours_either_way_and_no_more(void **state)
{
    static const struct {
        uint64_t sent;
        bool admitted;
    } cases[] = {
        { FAKE_HOST_NOW_100NS, true },
        { FAKE_HOST_NOW_100NS - 36 * HOUR, true },
        { FAKE_HOST_NOW_100NS - 36 * HOUR - 1, false },
        { FAKE_HOST_NOW_100NS + 36 * HOUR, true },
        { FAKE_HOST_NOW_100NS + 36 * HOUR + 1, false },
        { 0, false },
        { UINT64_MAX, false },
        { FAKE_HOST_NOW_100NS + (UINT64_C(1) << 63), false },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct ntlm_v2_response v2 = response(NULL, NULL, 0);
        struct sec_step_args args = { 0 };
        struct server s;

        server_init(&s);
        v2.timestamp_100ns = cases[i].sent;
        assert_int_equal(ntlm_policy_check_pairs(&s.context, &args, &v2),
                         cases[i].admitted ? SEC_E_OK : SEC_E_LOGON_DENIED);
        assert_int_equal(s.context.sub_status, cases[i].admitted ? 0 : 0xC0000133);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_policy_check_pairs__channel_bindings_by_policy_call_and_client),
        cmocka_unit_test(test_ntlm_policy_check_pairs__ntlmv1_has_no_bindings),
        cmocka_unit_test(test_ntlm_policy_check_pairs__target_name_by_policy_names_and_client),
        cmocka_unit_test(test_ntlm_policy_check_pairs__time_stamp_36_hours_either_way_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
