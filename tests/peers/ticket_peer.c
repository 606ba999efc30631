/* SPDX-License-Identifier: Apache-2.0 */
/* src/ticket against a KDC, one question a run.
 *   ticket_peer [-u USER] [-d DOMAIN] [-p PASSWORD] name | get TARGET… | user-to-user TARGET |
 *               delegate TARGET | fresh TARGET | renewal | storm TARGET… */
#include <krb5.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "ticket/ticket.h"

static struct ticket_authority *authority;

static int
fail(sec_status status, int32_t krb_error)
{
    printf("%s %d %s\n", sec_status_name(status), krb_error, sec_reason());
    return 1;
}

static struct bytes
utf16_of(const char *text, struct wire_writer *w)
{
    *w = wire_writer_growing(NULL, 0);
    utf16_put_utf8(w, bytes_of_string(text));
    return wire_written(w);
}

static void
put(const char *label, const struct krb_name *name, struct bytes realm)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    krb_name_put(&w, name, realm);
    printf(" %s=%.*s", label, (int)w.len, (const char *)w.p);
}

static int
show(const struct ticket *t)
{
    printf("ok enctype=%d session=%d flags=%08x", t->enctype, t->key.enctype, t->flags);
    put("client", &t->cname, t->crealm);
    put("server", &t->sname, t->realm);
    printf("\n");
    return t->end_100ns > t->start_100ns ? 0 : 1;
}

static sec_status
get(struct ticket_holder *h, const char *target, struct bytes peer_tgt, bool delegate,
    struct ticket *t, int32_t *krb_error)
{
    SEC_AUTO(wire_writer) name = { 0 };
    const struct ticket_request r = { .target = utf16_of(target, &name),
                                      .peer_tgt = peer_tgt,
                                      .delegate = delegate };

    return ticket_get(h, &r, t, krb_error);
}

static int
get_all(struct ticket_holder *h, char **targets)
{
    int failed = 0;

    for (; *targets; targets++) {
        struct ticket t;
        int32_t krb_error;
        sec_status status = get(h, *targets, bytes_of(NULL, 0), false, &t, &krb_error);

        failed |= status == SEC_E_OK ? show(&t) : fail(status, krb_error);
        ticket_clear(&t);
    }
    return failed;
}

static int
user_to_user(struct ticket_holder *h, const char *target)
{
    struct ticket tgt, t = { 0 };
    int32_t krb_error = 0;
    sec_status status = ticket_get_tgt(h, &tgt);
    int result;

    if (status == SEC_E_OK) {
        status = get(h, target, tgt.der, false, &t, &krb_error);
    }
    result = status == SEC_E_OK ? show(&t) : fail(status, krb_error);
    ticket_clear(&tgt);
    ticket_clear(&t);
    return result;
}

/* Whose tickets a cache has; "" for one that is gone. */
static void
show_cache(const char *name)
{
    krb5_context context;
    krb5_ccache cache = NULL;
    krb5_principal client = NULL;
    char *text = NULL;

    if (krb5_init_context(&context)) {
        return;
    }
    if (krb5_cc_resolve(context, name, &cache) == 0 &&
        krb5_cc_get_principal(context, cache, &client) == 0 &&
        krb5_unparse_name(context, client, &text) == 0) {
        printf("cache of %s\n", text);
    } else {
        printf("no cache\n");
    }
    krb5_free_unparsed_name(context, text);
    krb5_free_principal(context, client);
    if (cache) {
        (void)(client ? krb5_cc_close(context, cache) : krb5_cc_destroy(context, cache));
    }
    krb5_free_context(context);
}

static int
delegate(struct ticket_holder *h, const char *target)
{
    SEC_AUTO(wire_writer) message = wire_writer_secret(NULL, 0);
    static const struct krb_key wrong = { .enctype = KRB_AES256_SHA1, .n = 32 };
    const struct krb_key *keys[2];
    const struct krb_name other = { .n = 1, .parts = { { (const uint8_t *)"mallory", 7 } } };
    struct ticket_delegated *d = NULL;
    struct ticket t;
    int32_t krb_error = 0;
    char *name;
    sec_status status = get(h, target, bytes_of(NULL, 0), true, &t, &krb_error);

    if (status == SEC_E_OK) {
        status = ticket_forward(h, &t, &message);
    }
    if (status != SEC_E_OK) {
        ticket_clear(&t);
        return fail(status, krb_error);
    }
    keys[0] = &wrong;
    keys[1] = &t.key;
    if (ticket_delegated_new(authority, wire_written(&message), keys, 1, &t.cname, t.crealm, &d) ==
            SEC_E_OK ||
        ticket_delegated_new(authority, wire_written(&message), keys, 2, &other, t.crealm, &d) ==
            SEC_E_OK) {
        printf("opened for who may not\n");
        return 1;
    }
    status =
        ticket_delegated_new(authority, wire_written(&message), keys, 2, &t.cname, t.crealm, &d);
    ticket_clear(&t);
    if (status != SEC_E_OK) {
        return fail(status, 0);
    }
    name = mem_dup(ticket_delegated_cache(d), strlen(ticket_delegated_cache(d)));
    show_cache(name);
    ticket_delegated_free(d);
    show_cache(name);
    mem_free(name);
    return 0;
}

static bool
same(const struct ticket *a, const struct ticket *b)
{
    return bytes_equal(a->der, b->der);
}

/* From the cache twice, one that is not, and that one from the cache. */
static int
fresh(struct ticket_holder *h, const char *target)
{
    SEC_AUTO(wire_writer) name = { 0 };
    struct ticket_request r = { .target = utf16_of(target, &name) };
    struct ticket t[4] = { { .flags = 0 } };
    sec_status status = SEC_E_OK;

    for (size_t i = 0; i < SEC_ARRAY_LEN(t) && status == SEC_E_OK; i++) {
        r.fresh = i == 2;
        status = ticket_get(h, &r, &t[i], NULL);
    }
    if (status == SEC_E_OK) {
        printf("%s, %s, %s\n", same(&t[0], &t[1]) ? "same" : "another",
               same(&t[1], &t[2]) ? "same" : "another", same(&t[2], &t[3]) ? "same" : "another");
    } else {
        (void)fail(status, 0);
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(t); i++) {
        ticket_clear(&t[i]);
    }
    return 0;
}

/* Until the holder has another TGT than the first; all on the way are good. */
static int
renewal(struct ticket_holder *h)
{
    uint64_t first = 0, end = 0;

    while (end == first) {
        struct ticket t;
        sec_status status = ticket_get_tgt(h, &t);

        if (status != SEC_E_OK) {
            return fail(status, 0);
        }
        end = t.end_100ns;
        first = first ? first : end;
        ticket_clear(&t);
        (void)usleep(100000);
    }
    printf("renewed\n");
    return 0;
}

enum { THREADS = 8, ROUNDS = 25 };

struct storm {
    struct ticket_holder *holder;
    char **targets;
    atomic_uint good, bad;
};

static void *
storm_on(void *user)
{
    struct storm *s = user;

    for (unsigned i = 0; i < ROUNDS; i++) {
        for (char **target = s->targets; *target; target++) {
            SEC_AUTO(wire_writer) name = { 0 };
            const struct ticket_request r = { .target = utf16_of(*target, &name),
                                              .fresh = i % 5 == 4 };
            struct ticket t;

            if (ticket_get(s->holder, &r, &t, NULL) == SEC_E_OK) {
                atomic_fetch_add(&s->good, 1);
            } else if (atomic_fetch_add(&s->bad, 1) == 0) {
                printf("%s\n", sec_reason());
            }
            ticket_clear(&t);
        }
    }
    return NULL;
}

static int
storm(struct ticket_holder *h, char **targets)
{
    struct storm s = { .holder = h, .targets = targets };
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, storm_on, &s)) {
            return 2;
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    printf("%u good, %u bad\n", s.good, s.bad);
    return 0;
}

static int
name(struct ticket_holder *h)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    sec_status status = ticket_holder_name(h, &w);
    char *text;

    if (status != SEC_E_OK) {
        return fail(status, 0);
    }
    text = utf8_from_utf16(wire_written(&w));
    printf("%s\n", text);
    mem_free(text);
    return 0;
}

static int
run(struct ticket_holder *h, char **words)
{
    if (strcmp(words[0], "name") == 0) {
        return name(h);
    }
    if (strcmp(words[0], "renewal") == 0) {
        return renewal(h);
    }
    if (!words[1]) {
        return 2;
    }
    if (strcmp(words[0], "fresh") == 0) {
        return fresh(h, words[1]);
    }
    if (strcmp(words[0], "storm") == 0) {
        return storm(h, words + 1);
    }
    if (strcmp(words[0], "get") == 0) {
        return get_all(h, words + 1);
    }
    if (strcmp(words[0], "user-to-user") == 0) {
        return user_to_user(h, words[1]);
    }
    return strcmp(words[0], "delegate") == 0 ? delegate(h, words[1]) : 2;
}

int
main(int argc, char **argv)
{
    SEC_AUTO(wire_writer) user = { 0 };
    SEC_AUTO(wire_writer) domain = { 0 };
    SEC_AUTO(wire_writer) password = { 0 };
    const struct ticket_options options = { .skew_100ns = UINT64_C(3000000000) };
    struct ticket_holder_args args = { 0 };
    struct ticket_holder *h = NULL;
    int option, result;
    sec_status status;

    while ((option = getopt(argc, argv, "u:d:p:")) != -1) {
        args.explicit_identity = true;
        switch (option) {
        case 'u': args.user = utf16_of(optarg, &user); break;
        case 'd': args.domain = utf16_of(optarg, &domain); break;
        case 'p': args.password = utf16_of(optarg, &password); break;
        default: return 2;
        }
    }
    if (optind == argc || ticket_authority_open(&options, &authority) != SEC_E_OK) {
        return 2;
    }
    status = ticket_holder_new(authority, &args, &h);
    result = status == SEC_E_OK ? run(h, argv + optind) : fail(status, 0);
    ticket_holder_free(h);
    ticket_authority_close(authority);
    return result;
}
