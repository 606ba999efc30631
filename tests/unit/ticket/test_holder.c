/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks for tickets, without a KDC: what identities mean, caches that come and go, and when a TGT
 * is asked for. The linker puts the test between src/ticket and libkrb5's AS exchange. */
#include <krb5.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "tests/support/ccache_file.h"
#include "tests/support/keytab_file.h"
#include "ticket/identity.h"
#include "ticket/ticket.h"

enum { ASKED_MAX = 64, HOUR = 3600 };

/* --- a KDC of the test's own --------------------------------------------------------------- */

static struct {
    krb5_error_code answer; /* 0: a TGT */
    int64_t life;
    atomic_uint asked;
    char names[ASKED_MAX][128];
    unsigned wait_for; /* threads that must wait for a lock before it answers */
} kdc;
static atomic_uint waiting;
static int64_t seconds_passed;

time_t __wrap_time(time_t *out);
time_t __real_time(time_t *out);
int __real_pthread_mutex_lock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_lock(pthread_mutex_t *lock);
krb5_error_code __wrap_krb5_get_init_creds_password(krb5_context, krb5_creds *, krb5_principal,
                                                    const char *password, krb5_prompter_fct, void *,
                                                    krb5_deltat, const char *,
                                                    krb5_get_init_creds_opt *);

time_t
__wrap_time(time_t *out)
{
    return __real_time(out) + seconds_passed;
}

int
__wrap_pthread_mutex_lock(pthread_mutex_t *lock)
{
    if (pthread_mutex_trylock(lock) == 0) {
        return 0;
    }
    atomic_fetch_add(&waiting, 1);
    return __real_pthread_mutex_lock(lock);
}

static krb5_error_code
make_tgt(krb5_context context, krb5_const_principal client, krb5_creds *out)
{
    static const struct krb_name tgs = { .type = KRB_NT_SRV_INST,
                                         .n = 2,
                                         .parts = { { (const uint8_t *)"krbtgt", 6 },
                                                    { (const uint8_t *)"EXAMPLE.TEST", 12 } } };
    const struct krb_ticket ticket = {
        .realm = bytes_of_string("EXAMPLE.TEST"),
        .sname = tgs,
        .enc = { .enctype = 18, .has_kvno = true, .kvno = 1, .cipher = bytes_of("0123456789", 10) },
    };
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    krb5_data der;
    krb5_error_code error;

    krb_ticket_encode(&w, &ticket);
    der = (krb5_data){ .data = (char *)w.p, .length = (unsigned)w.len };
    *out = (krb5_creds){ 0 };
    error = krb5_copy_principal(context, client, &out->client);
    if (!error) {
        error = krb5_build_principal(context, &out->server, client->realm.length,
                                     client->realm.data, "krbtgt", "EXAMPLE.TEST", (char *)NULL);
    }
    out->keyblock = (krb5_keyblock){ .enctype = 18, .length = 32, .contents = calloc(1, 32) };
    out->ticket = (krb5_data){ .data = malloc(der.length), .length = der.length };
    memcpy(out->ticket.data, der.data, der.length);
    out->times.authtime = out->times.starttime = (krb5_timestamp)time(NULL);
    out->times.endtime = (krb5_timestamp)(time(NULL) + kdc.life);
    out->ticket_flags = TKT_FLG_FORWARDABLE;
    return error;
}

krb5_error_code
__wrap_krb5_get_init_creds_password(krb5_context context, krb5_creds *creds, krb5_principal client,
                                    const char *password, krb5_prompter_fct prompter, void *data,
                                    krb5_deltat start, const char *service,
                                    krb5_get_init_creds_opt *options)
{
    unsigned n = atomic_fetch_add(&kdc.asked, 1);
    char *name = NULL;

    assert_null(prompter);
    assert_int_equal(krb5_unparse_name(context, client, &name), 0);
    (void)snprintf(kdc.names[n % ASKED_MAX], sizeof(kdc.names[0]), "%s%s",
                   client->type == KRB5_NT_ENTERPRISE_PRINCIPAL ? "enterprise " : "", name);
    krb5_free_unparsed_name(context, name);
    while (atomic_load(&waiting) < kdc.wait_for) {
        (void)usleep(1000);
    }
    return kdc.answer ? kdc.answer : make_tgt(context, client, creds);
}

/* --- a world of the test's own ------------------------------------------------------------- */

struct fixture {
    char folder[64], config[96], cache[96], keytab[96];
    struct ticket_authority *authority;
};

static void
write_config(const struct fixture *f, const char *default_realm)
{
    FILE *file = fopen(f->config, "w");

    assert_non_null(file);
    (void)fprintf(file,
                  "[libdefaults]\n%s%s\ndns_lookup_kdc = false\ndns_lookup_realm = false\n"
                  "dns_canonicalize_hostname = false\nrdns = false\n"
                  "[realms]\nEXAMPLE.TEST = {\nkdc = 127.0.0.1:1\n}\n"
                  "[domain_realm]\nmapped.test = EXAMPLE.TEST\n",
                  default_realm ? "default_realm = " : "", default_realm ? default_realm : "");
    assert_int_equal(fclose(file), 0);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct ticket_options options = { .replay = TICKET_REPLAY_OFF };
    char name[128];

    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/opensspi-holder-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->config, sizeof(f->config), "%s/krb5.conf", f->folder);
    (void)snprintf(f->cache, sizeof(f->cache), "%s/cache", f->folder);
    (void)snprintf(f->keytab, sizeof(f->keytab), "%s/client.keytab", f->folder);
    write_config(f, "EXAMPLE.TEST");
    assert_int_equal(setenv("KRB5_CONFIG", f->config, 1), 0);
    (void)snprintf(name, sizeof(name), "FILE:%s", f->cache);
    assert_int_equal(setenv("KRB5CCNAME", name, 1), 0);
    (void)snprintf(name, sizeof(name), "FILE:%s", f->keytab);
    assert_int_equal(setenv("KRB5_CLIENT_KTNAME", name, 1), 0);
    assert_int_equal(ticket_authority_open(&options, &f->authority), SEC_E_OK);
    kdc.answer = 0;
    kdc.life = HOUR;
    kdc.wait_for = 0;
    atomic_store(&kdc.asked, 0);
    atomic_store(&waiting, 0);
    seconds_passed = 0;
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    ticket_authority_close(f->authority);
    (void)unlink(f->config);
    (void)unlink(f->cache);
    (void)unlink(f->keytab);
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

/* UTF-16LE on the heap. */
static struct bytes
wide(const char *text)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);

    utf16_put_utf8(&w, bytes_of_string(text));
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    return wire_written(&w);
}

static void
unwide(struct bytes b)
{
    mem_free((void *)(uintptr_t)b.p);
}

static sec_status
make(struct fixture *f, const char *user, const char *domain, const char *password,
     struct ticket_holder **out)
{
    const struct ticket_holder_args args = { true, wide(user), wide(domain), wide(password) };
    sec_status status = ticket_holder_new(f->authority, &args, out);

    unwide(args.user);
    unwide(args.domain);
    unwide(args.password);
    return status;
}

static struct ticket_holder *
must_make(struct fixture *f, const char *user, const char *domain, const char *password)
{
    struct ticket_holder *h = NULL;

    assert_int_equal(make(f, user, domain, password, &h), SEC_E_OK);
    return h;
}

static struct ticket_holder *
of_the_process(struct fixture *f)
{
    const struct ticket_holder_args args = { 0 };
    struct ticket_holder *h = NULL;

    assert_int_equal(ticket_holder_new(f->authority, &args, &h), SEC_E_OK);
    return h;
}

static sec_status
get(struct ticket_holder *h, const char *target, struct ticket *t, int32_t *code)
{
    const struct ticket_request r = { .target = wide(target) };
    sec_status status = ticket_get(h, &r, t, code);

    unwide(r.target);
    return status;
}

static void
must_be_called(struct ticket_holder *h, const char *wanted)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    char *name;

    assert_int_equal(ticket_holder_name(h, &w), SEC_E_OK);
    name = utf8_from_utf16(wire_written(&w));
    assert_string_equal(name, wanted);
    mem_free(name);
}

static void
write_cache(const struct fixture *f, const char *service, int64_t ends_in)
{
    const struct krb_name name = { .type = KRB_NT_SRV_HST,
                                   .n = 2,
                                   .parts = { bytes_of_string("HTTP"), bytes_of_string("web") } };
    const struct krb_ticket ticket = {
        .realm = bytes_of_string("EXAMPLE.TEST"),
        .sname = name,
        .enc = { .enctype = 20, .has_kvno = true, .kvno = 7, .cipher = bytes_of("0123456789", 10) },
    };
    SEC_AUTO(wire_writer) der = wire_writer_growing(NULL, 0);
    uint64_t now = clock_now_100ns();
    struct ccache_file_entry e = {
        .service = service,
        .auth_100ns = now - 7200 * CLOCK_SECOND_100NS,
        .start_100ns = now - 7200 * CLOCK_SECOND_100NS,
        .end_100ns = now + (uint64_t)(ends_in * (int64_t)CLOCK_SECOND_100NS),
        .flags = KRB_TICKET_FORWARDABLE | KRB_TICKET_OK_AS_DELEGATE,
    };

    assert_true(krb_key_set(&e.key, 18, bytes_of("a session key, which has 32 byte", 32)));
    krb_ticket_encode(&der, &ticket);
    e.ticket = wire_written(&der);
    ccache_file_write(f->cache, "alice", "EXAMPLE.TEST", &e, 1);
}

/* --- identities ---------------------------------------------------------------------------- */

static void
test_new__what_cannot_be_a_principal__is_refused(void **state)
{
    static const struct {
        const char *user, *domain;
    } table[] = { { "", "" },       { "", "EXAMPLE" }, { "@EXAMPLE.TEST", "" },
                  { "alice@", "" }, { "alice", "." },  { "alice", "EX/AMPLE" } };
    struct ticket_holder *h = NULL;

    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        assert_int_equal(make(*state, table[i].user, table[i].domain, "x", &h),
                         SEC_E_UNKNOWN_CREDENTIALS);
        assert_null(h);
        assert_true(sec_reason()[0]);
    }
}

static void
test_new__what_is_no_utf16__is_refused(void **state)
{
    struct fixture *f = *state;
    const struct bytes good = bytes_of("a\0b\0", 4), lone = bytes_of("a\0\0\xD8", 4),
                       odd = bytes_of("a\0b", 3), nul = bytes_of("a\0\0\0b\0", 6);
    const struct ticket_holder_args table[] = {
        { true, lone, { NULL, 0 }, good }, { true, odd, { NULL, 0 }, good },
        { true, nul, { NULL, 0 }, good },  { true, good, lone, good },
        { true, good, nul, good },         { true, good, { NULL, 0 }, lone },
        { true, good, { NULL, 0 }, odd },  { true, good, { NULL, 0 }, nul },
    };
    struct ticket_holder *h = NULL;

    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        if (ticket_holder_new(f->authority, &table[i], &h) != SEC_E_UNKNOWN_CREDENTIALS) {
            fail_msg("row %zu was taken", i);
        }
        assert_null(h);
    }
}

static void
test_password__each_spelling__asks_for_the_likeliest_first(void **state)
{
    static const struct {
        const char *default_realm, *user, *domain, *asked[2], *name;
    } table[] = {
        { "EXAMPLE.TEST", "alice", "", { "alice@EXAMPLE.TEST" }, "alice@EXAMPLE.TEST" },
        { "EXAMPLE.TEST", "alice", "EXAMPLE", { "alice@EXAMPLE.TEST" }, "alice@EXAMPLE.TEST" },
        { "EXAMPLE.TEST", "alice", "example", { "alice@EXAMPLE.TEST" }, "alice@EXAMPLE.TEST" },
        { "EXAMPLE.TEST",
          "alice",
          "OTHER",
          { "enterprise alice\\@OTHER@EXAMPLE.TEST" },
          "alice@OTHER" },
        { "EXAMPLE.TEST",
          "alice",
          "EXAM",
          { "enterprise alice\\@EXAM@EXAMPLE.TEST" },
          "alice@EXAM" },
        { "EXAMPLE.TEST",
          "alice",
          "other.test",
          { "alice@OTHER.TEST", "enterprise alice\\@other.test@EXAMPLE.TEST" },
          "alice@OTHER.TEST" },
        { "EXAMPLE.TEST",
          "alice@EXAMPLE.TEST",
          "",
          { "alice@EXAMPLE.TEST", "enterprise alice\\@EXAMPLE.TEST@EXAMPLE.TEST" },
          "alice@EXAMPLE.TEST" },
        { "EXAMPLE.TEST",
          "alice@example.test",
          "",
          { "alice@EXAMPLE.TEST", "enterprise alice\\@example.test@EXAMPLE.TEST" },
          "alice@EXAMPLE.TEST" },
        { NULL, "alice@EXAMPLE.TEST", "", { "alice@EXAMPLE.TEST" }, "alice@EXAMPLE.TEST" },
        { NULL, "alice", "example.test", { "alice@EXAMPLE.TEST" }, "alice@EXAMPLE.TEST" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        unsigned n = table[i].asked[1] ? 2 : 1;
        struct ticket_holder *h;
        struct ticket t;

        write_config(f, table[i].default_realm);
        h = must_make(f, table[i].user, table[i].domain, "x");
        must_be_called(h, table[i].name);
        kdc.answer = KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN;
        atomic_store(&kdc.asked, 0);
        assert_int_equal(ticket_get_tgt(h, &t), SEC_E_LOGON_DENIED);
        assert_int_equal(kdc.asked, n);
        for (unsigned j = 0; j < n; j++) {
            assert_string_equal(kdc.names[j], table[i].asked[j]);
        }
        ticket_holder_free(h);
    }
}

/* Each wrong password counts towards a lock-out, each KDC that is down takes its time. */
static void
test_password__refused_or_no_kdc__is_not_tried_in_another_spelling(void **state)
{
    static const krb5_error_code table[] = { KRB5KDC_ERR_PREAUTH_FAILED, KRB5KDC_ERR_CLIENT_REVOKED,
                                             KRB5KDC_ERR_KEY_EXP, KRB5_KDC_UNREACH };
    struct ticket_holder *h = must_make(*state, "alice@EXAMPLE.TEST", "", "x");
    struct ticket t;

    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        int32_t code = 0;

        kdc.answer = table[i];
        atomic_store(&kdc.asked, 0);
        assert_int_equal(get(h, "HTTP/web", &t, &code), table[i] == KRB5_KDC_UNREACH
                                                            ? SEC_E_NO_AUTHENTICATING_AUTHORITY
                                                            : SEC_E_LOGON_DENIED);
        assert_int_equal(kdc.asked, 1);
        assert_int_equal(code, table[i] == KRB5_KDC_UNREACH ? 0 : table[i] - ERROR_TABLE_BASE_krb5);
        assert_non_null(strstr(sec_reason(), "alice@EXAMPLE.TEST"));
    }
    ticket_holder_free(h);
}

static void
test_password__none_or_no_realm__asks_nobody(void **state)
{
    struct fixture *f = *state;
    struct ticket_holder *h = must_make(f, "alice", "", "");
    struct ticket t;

    assert_int_equal(ticket_get_tgt(h, &t), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(sec_reason(), "no password for alice"));
    ticket_holder_free(h);
    write_config(f, NULL);
    h = must_make(f, "alice", "", "x");
    assert_int_equal(ticket_get_tgt(h, &t), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_non_null(strstr(sec_reason(), "alice"));
    assert_int_equal(kdc.asked, 0);
    ticket_holder_free(h);
}

/* --- the TGT's life ------------------------------------------------------------------------ */

static void
test_tgt__is_asked_for_once_and_again_before_it_ends(void **state)
{
    struct ticket_holder *h = must_make(*state, "alice", "", "x");
    struct ticket t;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(ticket_get_tgt(h, &t), SEC_E_OK);
        assert_true(t.flags & KRB_TICKET_FORWARDABLE);
        assert_true(bytes_equal(t.crealm, bytes_of_string("EXAMPLE.TEST")));
        ticket_clear(&t);
    }
    assert_int_equal(kdc.asked, 1);
    seconds_passed = HOUR - HOUR / 10 - 5;
    assert_int_equal(ticket_get_tgt(h, &t), SEC_E_OK);
    ticket_clear(&t);
    assert_int_equal(kdc.asked, 1);
    seconds_passed += 10;
    assert_int_equal(ticket_get_tgt(h, &t), SEC_E_OK);
    ticket_clear(&t);
    assert_int_equal(kdc.asked, 2);
    assert_int_equal(ticket_get_tgt(h, &t), SEC_E_OK);
    ticket_clear(&t);
    assert_int_equal(kdc.asked, 2);
    ticket_holder_free(h);
}

/* A TGT of seconds is used for most of them. */
static void
test_tgt__of_a_short_life__is_not_asked_for_each_time(void **state)
{
    struct ticket_holder *h = must_make(*state, "alice", "", "x");
    struct ticket t;

    kdc.life = 40;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ticket_get_tgt(h, &t), SEC_E_OK);
        ticket_clear(&t);
    }
    assert_int_equal(kdc.asked, 1);
    ticket_holder_free(h);
}

static void
test_tgt__that_cannot_be_renewed__is_used_to_its_end(void **state)
{
    struct ticket_holder *h = must_make(*state, "alice", "", "x");
    struct ticket t;

    assert_int_equal(ticket_get_tgt(h, &t), SEC_E_OK);
    ticket_clear(&t);
    kdc.answer = KRB5_KDC_UNREACH;
    seconds_passed = HOUR - 100;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ticket_get_tgt(h, &t), SEC_E_OK);
        ticket_clear(&t);
    }
    assert_int_equal(kdc.asked, 2); /* and it is not tried at each ticket */
    seconds_passed += 40;
    assert_int_equal(ticket_get_tgt(h, &t), SEC_E_OK);
    ticket_clear(&t);
    assert_int_equal(kdc.asked, 3);
    seconds_passed = HOUR + 1;
    assert_int_equal(ticket_get_tgt(h, &t), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(kdc.asked, 4);
    ticket_holder_free(h);
}

enum { THREADS = 8 };

struct waiter {
    struct ticket_holder *holder;
    sec_status status;
    char reason[SEC_REASON_BYTES];
};

static void *
wait_for_tgt(void *user)
{
    struct waiter *w = user;
    struct ticket t;

    w->status = ticket_get_tgt(w->holder, &t);
    (void)snprintf(w->reason, sizeof(w->reason), "%s", sec_reason());
    if (w->status == SEC_E_OK) {
        ticket_clear(&t);
    }
    return NULL;
}

static void
wait_side_by_side(struct ticket_holder *h, sec_status wanted)
{
    struct waiter waiters[THREADS];
    pthread_t threads[THREADS];

    kdc.wait_for = THREADS - 1; /* all the others stand before the lock */
    for (unsigned i = 0; i < THREADS; i++) {
        waiters[i] = (struct waiter){ .holder = h };
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_tgt, &waiters[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(waiters[i].status, wanted);
        assert_true(wanted == SEC_E_OK || strstr(waiters[i].reason, "alice"));
    }
    assert_int_equal(kdc.asked, 1);
}

static void
test_threads__of_a_wrong_password__count_as_one_attempt(void **state)
{
    struct ticket_holder *h = must_make(*state, "alice", "", "wrong");

    kdc.answer = KRB5KDC_ERR_PREAUTH_FAILED;
    wait_side_by_side(h, SEC_E_LOGON_DENIED);
    ticket_holder_free(h);
}

static void
test_threads__without_a_tgt__get_one_for_all(void **state)
{
    struct ticket_holder *h = must_make(*state, "alice", "", "x");

    wait_side_by_side(h, SEC_E_OK);
    ticket_holder_free(h);
}

/* --- the process's own cache --------------------------------------------------------------- */

static void
test_default__no_cache__names_what_there_would_have_to_be(void **state)
{
    struct fixture *f = *state;
    struct ticket_holder *h = of_the_process(f);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ticket t;

    assert_int_equal(get(h, "HTTP/web", &t, NULL), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(sec_reason(), f->cache));
    assert_non_null(strstr(sec_reason(), f->keytab));
    assert_int_equal(ticket_holder_name(h, &w), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(sec_reason(), f->cache));
    ticket_holder_free(h);
}

/* A cache that comes later counts; what is in it needs no KDC. */
static void
test_default__a_ticket_in_the_cache__is_given_whole(void **state)
{
    struct fixture *f = *state;
    struct ticket_holder *h = of_the_process(f);
    struct ticket t;
    int32_t code = 7;

    assert_int_equal(get(h, "HTTP/web@EXAMPLE.TEST", &t, NULL), SEC_E_NO_CREDENTIALS);
    write_cache(f, "HTTP/web", HOUR);
    must_be_called(h, "alice@EXAMPLE.TEST");
    assert_int_equal(get(h, "HTTP/web@EXAMPLE.TEST", &t, &code), SEC_E_OK);
    assert_int_equal(code, 0);
    assert_int_equal(t.enctype, 20);
    assert_int_equal(t.key.enctype, 18);
    assert_memory_equal(t.key.b, "a session key, which has 32 byte", 32);
    assert_int_equal(t.cname.n, 1);
    assert_true(bytes_equal(t.cname.parts[0], bytes_of_string("alice")));
    assert_true(bytes_equal(t.realm, bytes_of_string("EXAMPLE.TEST")));
    assert_true(bytes_equal(t.sname.parts[1], bytes_of_string("web")));
    assert_true(t.flags & KRB_TICKET_OK_AS_DELEGATE);
    assert_true(t.end_100ns > clock_now_100ns() && t.start_100ns < clock_now_100ns());
    assert_true(t.der.p >= t.block.p && t.der.p + t.der.n <= t.block.p + t.block.n);
    ticket_clear(&t);
    assert_null(t.block.p);
    /* A port is of the name, not of the host. */
    write_cache(f, "HTTP/web:8080", HOUR);
    assert_int_equal(get(h, "HTTP/web:8080@EXAMPLE.TEST", &t, &code), SEC_E_OK);
    ticket_clear(&t);
    ticket_holder_free(h);
}

/* Without a realm, krb5.conf says whose a host is; else it is the client's own. */
static void
test_default__targets_without_a_realm__are_found(void **state)
{
    static const char *const services[] = { "HTTP/mapped.test", "HTTP/web", "ldap/mapped.test/x" };
    struct fixture *f = *state;
    struct ticket_holder *h = of_the_process(f);
    struct ticket t;

    for (size_t i = 0; i < SEC_ARRAY_LEN(services); i++) {
        write_cache(f, services[i], HOUR);
        assert_int_equal(get(h, services[i], &t, NULL), SEC_E_OK);
        ticket_clear(&t);
    }
    write_cache(f, "HTTP/mapped.test", HOUR);
    assert_int_equal(get(h, "HTTP@mapped.test", &t, NULL), SEC_E_OK);
    ticket_clear(&t);
    assert_int_equal(get(h, "HTTP@mapped.test@EXAMPLE.TEST", &t, NULL), SEC_E_OK);
    ticket_clear(&t);
    ticket_holder_free(h);
}

static void
test_default__a_tgt_that_has_run_out__says_so(void **state)
{
    struct fixture *f = *state;
    struct ticket_holder *h = of_the_process(f);
    struct ticket t;

    write_cache(f, "krbtgt/EXAMPLE.TEST", -60);
    assert_int_equal(get(h, "HTTP/web", &t, NULL), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(sec_reason(), "expired"));
    ticket_holder_free(h);
}

static void
test_get__what_is_no_target__is_refused(void **state)
{
    struct fixture *f = *state;
    struct ticket_holder *h = of_the_process(f);
    const struct ticket_request lone = { .target = bytes_of("a\0\0\xD8", 4) };
    struct ticket t;
    int32_t code = 7;

    write_cache(f, "krbtgt/EXAMPLE.TEST", HOUR);
    assert_int_equal(get(h, "", &t, &code), SEC_E_TARGET_UNKNOWN);
    assert_int_equal(code, 0);
    assert_int_equal(get(h, "web", &t, &code), SEC_E_TARGET_UNKNOWN);
    assert_int_equal(get(h, "HTTP/192.0.2.1", &t, &code), SEC_E_TARGET_UNKNOWN);
    assert_int_equal(ticket_get(h, &lone, &t, &code), SEC_E_TARGET_UNKNOWN);
    ticket_holder_free(h);
}

/* What is not the holder's ticket's client is not forwarded, and neither is a TGT that may not be:
 * without asking anybody. */
static void
test_forward__of_what_cannot_be_forwarded__says_why(void **state)
{
    struct fixture *f = *state;
    struct ticket_holder *h = must_make(f, "alice", "", "x"), *bob = must_make(f, "bob", "", "x");
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    struct ticket t;

    assert_int_equal(ticket_get_tgt(h, &t), SEC_E_OK);
    assert_int_equal(ticket_forward(bob, &t, &out), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(sec_reason(), "another client"));
    assert_int_equal(ticket_forward(h, &t, &out), SEC_E_NO_CREDENTIALS); /* no KDC */
    assert_non_null(strstr(sec_reason(), "forwarded TGT"));
    assert_int_equal(out.len, 0);
    ticket_clear(&t);
    ticket_holder_free(h);
    ticket_holder_free(bob);
}

/* What a client delegated, and nothing in its place: not the process's cache, not its keytab. */
static void
test_given_cache__alone_counts(void **state)
{
    struct fixture *f = *state;
    char name[128];
    const struct ticket_holder_args missing = { .cache = "MEMORY:nobody" },
                                    given = { .cache = name };
    struct ticket_holder *h = NULL;
    struct ticket t;
    int32_t code = 0;

    write_cache(f, "HTTP/web", HOUR);
    assert_int_equal(ticket_holder_new(f->authority, &missing, &h), SEC_E_OK);
    assert_int_equal(get(h, "HTTP/web", &t, &code), SEC_E_NO_CREDENTIALS);
    assert_int_equal(ticket_holder_name(h, &(struct wire_writer){ .grows = true }),
                     SEC_E_NO_CREDENTIALS);
    ticket_holder_free(h);
    (void)snprintf(name, sizeof(name), "FILE:%s", f->cache);
    assert_int_equal(setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1), 0);
    assert_int_equal(ticket_holder_new(f->authority, &given, &h), SEC_E_OK);
    must_be_called(h, "alice@EXAMPLE.TEST");
    assert_int_equal(get(h, "HTTP/web", &t, &code), SEC_E_OK);
    ticket_clear(&t);
    ticket_holder_free(h);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_new__what_cannot_be_a_principal__is_refused),
        TEST(test_new__what_is_no_utf16__is_refused),
        TEST(test_password__each_spelling__asks_for_the_likeliest_first),
        TEST(test_password__refused_or_no_kdc__is_not_tried_in_another_spelling),
        TEST(test_password__none_or_no_realm__asks_nobody),
        TEST(test_tgt__is_asked_for_once_and_again_before_it_ends),
        TEST(test_tgt__of_a_short_life__is_not_asked_for_each_time),
        TEST(test_tgt__that_cannot_be_renewed__is_used_to_its_end),
        TEST(test_threads__of_a_wrong_password__count_as_one_attempt),
        TEST(test_threads__without_a_tgt__get_one_for_all),
        TEST(test_default__no_cache__names_what_there_would_have_to_be),
        TEST(test_default__a_ticket_in_the_cache__is_given_whole),
        TEST(test_default__targets_without_a_realm__are_found),
        TEST(test_default__a_tgt_that_has_run_out__says_so),
        TEST(test_given_cache__alone_counts),
        TEST(test_get__what_is_no_target__is_refused),
        TEST(test_forward__of_what_cannot_be_forwarded__says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
