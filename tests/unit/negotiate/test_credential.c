/* SPDX-License-Identifier: Apache-2.0 */
/* Which mechanisms may be used, and in which order. */
#include "negotiate/selection.h"
#include "tests/unit/negotiate/pair.h"

/* Alpha plays NTLM. */
static const struct {
    const char *name, *settings, *identity; /* NULL: no identity; lists in UTF-8 */
    enum sec_ntlm_policy ntlm;
    const char *usable;
} cases[] = {
    { "nothing said", "", NULL, SEC_NTLM_ALLOW, "ABC" },
    { "an identity without a list", "", "", SEC_NTLM_ALLOW, "ABC" },
    { "settings restrict and order", "Gamma,Alpha", NULL, SEC_NTLM_ALLOW, "CA" },
    { "without case, with blanks", " gamma ,\tALPHA ", NULL, SEC_NTLM_ALLOW, "CA" },
    { "names that nobody has", "Kerberos,Beta,NTLM", NULL, SEC_NTLM_ALLOW, "B" },
    { "a part of a name is no name", "Alph,Alphaa,Beta", NULL, SEC_NTLM_ALLOW, "B" },
    { "an exclusion leaves the rest", "", "!beta", SEC_NTLM_ALLOW, "AC" },
    { "two exclusions", "", "!beta,! Alpha", SEC_NTLM_ALLOW, "C" },
    { "an exclusion beats the same name", "", "beta,!beta,alpha", SEC_NTLM_ALLOW, "A" },
    { "an identity orders what settings allow", "Alpha,Beta", "beta,alpha,gamma", SEC_NTLM_ALLOW,
      "BA" },
    { "an identity cannot bring back what settings exclude", "!Alpha", "alpha", SEC_NTLM_ALLOW,
      "" },
    { "a name twice", "", "beta,beta,BETA", SEC_NTLM_ALLOW, "B" },
    { "only unknown names leave nothing", "", "nobody", SEC_NTLM_ALLOW, "" },
    { "Negotiate is no mechanism of its own", "", "negotiate", SEC_NTLM_ALLOW, "" },
    { "commas alone say nothing", "", ",, ,", SEC_NTLM_ALLOW, "ABC" },
    { "a bare mark excludes nobody", "", "!", SEC_NTLM_ALLOW, "ABC" },
    { "policy denies NTLM", "", NULL, SEC_NTLM_DENY, "BC" },
    { "policy denies NTLM to who asks for it", "Alpha", "alpha", SEC_NTLM_DENY, "" },
    { "policy audits NTLM", "", NULL, SEC_NTLM_AUDIT, "ABC" },
};

static struct fake_host host;
static const struct sec_package *const packages[] = { &negotiate_package, &fake_mechs[0].package,
                                                      &fake_mechs[1].package,
                                                      &fake_mechs[2].package };

static int
setup(void **state)
{
    (void)state;
    fake_mech_reset();
    fake_host_init(&host);
    host.host.packages = packages;
    host.host.n_packages = 4;
    host.settings.packages = "";
    return 0;
}

static struct bytes
utf16_of(const char *text, uint8_t *room)
{
    for (size_t i = 0; text[i]; i++) {
        room[2 * i] = (uint8_t)text[i];
        room[2 * i + 1] = 0;
    }
    return bytes_of(room, 2 * strlen(text));
}

static sec_status
acquire(const char *list, struct sec_cred **out)
{
    uint8_t room[2048];
    struct sec_identity identity = { .package_list = utf16_of(list ? list : "", room) };
    struct sec_acquire_args args = { .use = SEC_USE_BOTH, .identity = list ? &identity : NULL };

    return negotiate_package.ops->acquire(&host.host, &args, out);
}

static void
test_acquire__lists_restrict_and_order(void **state)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char have[FAKE_MECHS + 1] = "";
        struct sec_cred *cred;

        setup(state);
        print_message("# %s\n", cases[i].name);
        fake_mechs[0].package.rpc_id = 10;
        host.settings.packages = cases[i].settings;
        host.settings.ntlm = cases[i].ntlm;
        assert_int_equal(acquire(cases[i].identity, &cred), SEC_E_OK);
        for (size_t k = 0; k < ((struct nego_credential *)cred)->n; k++) {
            have[k] = ((struct nego_credential *)cred)->mechs[k]->package->name[0];
            have[k] = have[k] == 'G' ? 'C' : have[k];
        }
        assert_string_equal(have, cases[i].usable);
        negotiate_package.ops->free_cred(cred);
        assert_nothing_left();
    }
}

/* A list that restricts must not turn into none because it cannot be read. */
static void
test_acquire__list_that_cannot_be_read_refused(void **state)
{
    struct sec_identity identity = { 0 };
    struct sec_acquire_args args = { .use = SEC_USE_OUTBOUND, .identity = &identity };
    char long_list[NEGO_PACKAGE_LIST_BYTES + 2];
    struct sec_cred *cred = NULL;

    (void)state;
    identity.package_list = HEX("210000d8"); /* "!" and half a pair */
    assert_int_equal(negotiate_package.ops->acquire(&host.host, &args, &cred),
                     SEC_E_UNKNOWN_CREDENTIALS);
    memset(long_list, ',', sizeof(long_list));
    long_list[NEGO_PACKAGE_LIST_BYTES + 1] = 0;
    assert_int_equal(acquire(long_list, &cred), SEC_E_UNKNOWN_CREDENTIALS);
    long_list[NEGO_PACKAGE_LIST_BYTES] = 0;
    assert_int_equal(acquire(long_list, &cred), SEC_E_OK);
    negotiate_package.ops->free_cred(cred);
    assert_int_equal(acquire("!!beta", &cred), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(acquire("alpha, ! !beta", &cred), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(acquire("!beta gamma", &cred), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(acquire("!beta !gamma", &cred), SEC_E_UNKNOWN_CREDENTIALS);
    assert_nothing_left();
}

static void
test_acquire__mechanism_that_cannot_be_had_is_left_out(void **state)
{
    uint8_t room[64];
    struct wire_writer name = wire_writer_fixed(room, sizeof(room));
    struct sec_cred *cred;

    (void)state;
    fake_mechs[0].acquire_fails = SEC_E_NO_CREDENTIALS;
    fake_mechs[2].acquire_fails = SEC_E_UNKNOWN_CREDENTIALS;
    assert_int_equal(acquire(NULL, &cred), SEC_E_OK);
    assert_int_equal(((struct nego_credential *)cred)->n, 1);
    assert_int_equal(negotiate_package.ops->cred_name(cred, &name), SEC_E_OK);
    assert_bytes_equal(wire_written(&name), UTF16("Beta"));
    negotiate_package.ops->free_cred(cred);
    assert_nothing_left();
}

static void
test_acquire__no_memory_is_not_left_out(void **state)
{
    struct sec_cred *cred = NULL;

    (void)state;
    fake_mechs[1].acquire_fails = SEC_E_INSUFFICIENT_MEMORY;
    assert_int_equal(acquire(NULL, &cred), SEC_E_INSUFFICIENT_MEMORY);
    assert_null(cred);
    assert_nothing_left();
}

/* As on Windows: acquire succeeds, and the first step says that there is nothing to use. */
static void
test_step__nothing_usable_no_credentials(void **state)
{
    static const struct {
        enum sec_role role;
        const char *hex;
    } firsts[] = {
        { SEC_INITIATOR, "" },
        { SEC_ACCEPTOR, "" },
        { SEC_ACCEPTOR, "601b06062b0601050502a011300fa007300506032a0301a2040402aabb" },
        { SEC_ACCEPTOR, "416c70686100000001" },
    };

    for (size_t i = 0; i < 4; i++) {
        struct side s;
        uint8_t in[64];

        setup(state);
        side_open(&s, firsts[i].role, "");
        (void)side_step(&s, hex_into(in, sizeof(in), firsts[i].hex));
        assert_status(&s, SEC_E_NO_CREDENTIALS);
        assert_int_equal(side_facts(&s).phase, SEC_PHASE_FAILED);
        side_close(&s);
    }
}

static void
test_cred_name__nobody(void **state)
{
    uint8_t room[64];
    struct wire_writer name = wire_writer_fixed(room, sizeof(room));
    struct sec_cred *cred;

    (void)state;
    assert_int_equal(acquire("nobody", &cred), SEC_E_OK);
    assert_int_equal(negotiate_package.ops->cred_name(cred, &name), SEC_E_NO_CREDENTIALS);
    negotiate_package.ops->free_cred(cred);
}

static void
test_free__null_is_nothing(void **state)
{
    (void)state;
    negotiate_package.ops->free_cred(NULL);
    negotiate_package.ops->free_ctx(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_acquire__lists_restrict_and_order, setup),
        cmocka_unit_test_setup(test_acquire__list_that_cannot_be_read_refused, setup),
        cmocka_unit_test_setup(test_acquire__mechanism_that_cannot_be_had_is_left_out, setup),
        cmocka_unit_test_setup(test_acquire__no_memory_is_not_left_out, setup),
        cmocka_unit_test_setup(test_step__nothing_usable_no_credentials, setup),
        cmocka_unit_test_setup(test_cred_name__nobody, setup),
        cmocka_unit_test_setup(test_free__null_is_nothing, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
