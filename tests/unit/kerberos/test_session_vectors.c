/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of peers, from session_vectors.txt: opened, made again byte for byte, altered, and turned
 * by every rotation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "session_pair.h"
#include "tests/support/hex.h"

enum { MAX_VECTORS = 256, LINE_ROOM = 2048, FIELDS = 11, HEADER = 16 };

enum kind { WRAP, WRAP_CLEAR, MIC, IOV, IOV_CLEAR, KINDS };
static const char *const kinds[KINDS] = { "wrap", "wrap-clear", "mic", "iov", "iov-clear" };

static struct vector {
    enum kind kind;
    bool by_acceptor, acceptor_subkey, dce;
    struct krb_key key;
    uint32_t sequence;
    struct bytes data, token, sealed, padding;
} vectors[MAX_VECTORS];
static size_t n_vectors;

/* --- session_vectors.txt ------------------------------------------------------------------- */

static struct bytes
unhex(const char *text)
{
    size_t n = text && strcmp(text, "-") != 0 ? strlen(text) / 2 : 0;
    uint8_t *p = malloc(n + 1);

    assert_non_null(p);
    return n ? hex_into(p, n, text) : bytes_of(p, 0);
}

static void
take_vector(char *line)
{
    struct vector *v = &vectors[n_vectors++];
    char *field[FIELDS] = { 0 }, *rest = NULL;
    struct bytes key;
    size_t n = 0;

    assert_true(n_vectors <= MAX_VECTORS);
    for (char *f = strtok_r(line, " \n", &rest); f && n < FIELDS;
         f = strtok_r(NULL, " \n", &rest)) {
        field[n++] = f;
    }
    assert_true(n >= 9);
    while (v->kind < KINDS && strcmp(kinds[v->kind], field[0]) != 0) {
        v->kind++;
    }
    assert_true(v->kind < KINDS);
    v->by_acceptor = strcmp(field[2], "acceptor") == 0;
    v->acceptor_subkey = strcmp(field[3], "subkey") == 0;
    v->dce = strcmp(field[4], "dce") == 0;
    key = unhex(field[5]);
    assert_true(krb_key_set(&v->key, (int32_t)strtol(field[1], NULL, 10), key));
    free((void *)(uintptr_t)key.p);
    v->sequence = (uint32_t)strtoul(field[6], NULL, 10);
    v->data = unhex(field[7]);
    v->token = unhex(field[8]);
    v->sealed = unhex(field[9]);
    v->padding = unhex(field[10]);
}

static int
load(void **state)
{
    char path[1024], line[LINE_ROOM];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/session_vectors.txt", getenv("OPENSSPI_TEST_DATA"));
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        assert_non_null(strchr(line, '\n'));
        if (line[0] != '#') {
            take_vector(line);
        }
    }
    (void)fclose(f);
    return n_vectors > 100 ? 0 : -1;
}

static int
unload(void **state)
{
    for (size_t i = 0; i < n_vectors; i++) {
        free((void *)(uintptr_t)vectors[i].data.p);
        free((void *)(uintptr_t)vectors[i].token.p);
        free((void *)(uintptr_t)vectors[i].sealed.p);
        free((void *)(uintptr_t)vectors[i].padding.p);
    }
    return 0;
}

static bool
is_rc4(const struct vector *v)
{
    return v->key.enctype == KRB_RC4_HMAC;
}

static bool
is_clear(const struct vector *v)
{
    return v->kind == WRAP_CLEAR || v->kind == IOV_CLEAR;
}

/* --- one message --------------------------------------------------------------------------- */

static uint8_t before[] = "signed before", behind[] = "signed behind";

struct opening {
    uint8_t *token, *data; /* on the heap, not a byte too long */
    uint8_t padding[1];
    struct sec_segment g[4];
    struct sec_msg msg;
};

static uint8_t *
heap_copy(struct bytes b)
{
    uint8_t *p = malloc(b.n ? b.n : 1);

    assert_non_null(p);
    bytes_copy(p, b.p, b.n);
    return p;
}

/* As the message came: token and sealed, or others in their place. */
static void
opening_init(struct opening *o, const struct vector *v, struct bytes token, struct bytes sealed)
{
    size_t third = v->data.n / 3;

    o->token = heap_copy(token);
    o->data = heap_copy(sealed);
    o->msg = (struct sec_msg){ .segments = o->g, .token = o->token, .token_n = token.n };
    if (v->kind == MIC) {
        o->g[0] = (struct sec_segment){ .p = o->data, .n = sealed.n };
        o->msg.n_segments = 1;
    } else if (v->kind == IOV || v->kind == IOV_CLEAR) {
        o->g[0] = (struct sec_segment){ before, sizeof(before), true };
        o->g[1] = (struct sec_segment){ o->data, third, false };
        o->g[2] = (struct sec_segment){ o->data + third, sealed.n - third, false };
        o->g[3] = (struct sec_segment){ behind, sizeof(behind), true };
        o->msg.n_segments = 4;
        bytes_copy(o->padding, v->padding.p, v->padding.n);
        o->msg.padding = (struct sec_segment){ .p = o->padding, .n = v->padding.n };
    } else {
        o->msg.stream = true;
    }
}

static void
opening_clear(struct opening *o)
{
    free(o->token);
    free(o->data);
}

static struct bytes
sealed_of(const struct vector *v)
{
    return v->kind == MIC ? v->data : v->sealed;
}

static sec_status
open_it(struct krb_session *s, const struct vector *v, struct opening *o)
{
    return v->kind == MIC ? krb_session_verify(s, &o->msg) : krb_session_unseal(s, &o->msg);
}

static bool
is_opened(const struct vector *v, const struct opening *o)
{
    return o->msg.stream
               ? bytes_equal(v->data, bytes_of(o->msg.opened.p, o->msg.opened.n))
               : v->data.n == sealed_of(v).n && memcmp(o->data, v->data.p, v->data.n) == 0;
}

static void
begin(struct krb_session *s, const struct fake_host *host, const struct vector *v, bool sender)
{
    struct krb_session_args args = {
        .host = &host->host,
        .key = &v->key,
        .acceptor = v->by_acceptor == sender,
        .acceptor_subkey = v->acceptor_subkey,
        .dce_style = v->dce,
        .replay_detect = true,
        .sequence_detect = true,
        .send_sequence = v->sequence,
        .receive_sequence = v->sequence,
    };

    krb_session_begin(s, &args);
}

typedef void (*vector_test)(const struct vector *, struct krb_session *receiver);

static void
for_each(vector_test test)
{
    struct fake_host host;

    fake_host_init(&host);
    for (size_t i = 0; i < n_vectors; i++) {
        struct krb_session s;

        begin(&s, &host, &vectors[i], false);
        test(&vectors[i], &s);
        krb_session_clear(&s);
    }
}

/* --- as they came -------------------------------------------------------------------------- */

static void
opens_once(const struct vector *v, struct krb_session *s)
{
    for (unsigned again = 0; again < 2; again++) {
        struct opening o;

        opening_init(&o, v, v->token, sealed_of(v));
        assert_int_equal(open_it(s, v, &o), again ? SEC_E_OUT_OF_SEQUENCE : SEC_E_OK);
        if (!again) {
            assert_true(is_opened(v, &o));
            assert_int_equal(o.msg.no_encrypt, is_clear(v));
        } else if (!is_clear(v) && v->kind != MIC) {
            assert_memory_not_equal(o.msg.stream ? o.token : o.data, v->data.p,
                                    o.msg.stream ? o.msg.token_n : v->data.n);
        }
        opening_clear(&o);
    }
}

static void
test_session_unseal__what_peers_sent__opens_once(void **state)
{
    for_each(opens_once);
}

/* --- made again ---------------------------------------------------------------------------- */

/* Where the confounder lies in TOKEN; opening a sealed message left it there in the clear. */
static struct bytes
confounder_of(const struct vector *v, const struct opening *o)
{
    size_t n = krb_profile_of(v->key.enctype)->confounder_bytes;

    return bytes_of(o->token + o->msg.token_n - n, n);
}

static void
comes_out_the_same(const struct vector *v, struct krb_session *receiver)
{
    uint8_t confounder[KRB_CONFOUNDER_MAX_BYTES], token[TOKEN_ROOM];
    struct krb_session sender;
    struct fake_host host;
    struct opening o;

    /* MIT fills up with 0xFF, Windows and we with 0; and what gss_wrap makes is not rotated. */
    if (v->kind == WRAP || v->kind == WRAP_CLEAR || (v->kind == IOV && v->dce && !is_rc4(v))) {
        return;
    }
    fake_host_init(&host);
    opening_init(&o, v, v->token, sealed_of(v));
    assert_int_equal(open_it(receiver, v, &o), SEC_E_OK);
    host.random_script = bytes_of(confounder, confounder_of(v, &o).n);
    bytes_copy(confounder, confounder_of(v, &o).p, confounder_of(v, &o).n);
    begin(&sender, &host, v, true);
    o.msg.token = token;
    o.msg.token_n = sizeof(token);
    o.msg.no_encrypt = is_clear(v);
    assert_int_equal(v->kind == MIC ? krb_session_sign(&sender, &o.msg)
                                    : krb_session_seal(&sender, &o.msg),
                     SEC_E_OK);
    assert_bytes_equal(bytes_of(token, o.msg.token_n), v->token);
    assert_memory_equal(o.data, sealed_of(v).p, sealed_of(v).n);
    assert_int_equal(o.msg.padding_n, v->padding.n);
    assert_memory_equal(o.padding, v->padding.p, v->padding.n);
    opening_clear(&o);
    krb_session_clear(&sender);
}

static void
test_session_seal__with_a_peers_confounder__makes_its_message(void **state)
{
    for_each(comes_out_the_same);
}

/* --- altered ------------------------------------------------------------------------------- */

static void
prefixes_are_refused(const struct vector *v, struct krb_session *s)
{
    for (size_t n = 0; n < v->token.n; n++) {
        struct opening o;
        sec_status status;

        opening_init(&o, v, bytes_of(v->token.p, n), sealed_of(v));
        status = open_it(s, v, &o);
        assert_true(status == SEC_E_INVALID_TOKEN || status == SEC_E_MESSAGE_ALTERED ||
                    (status == SEC_E_INCOMPLETE_MESSAGE && o.msg.stream));
        opening_clear(&o);
    }
    opens_once(v, s);
}

static void
test_session_unseal__each_prefix__is_refused(void **state)
{
    for_each(prefixes_are_refused);
}

/* How much of the message its RRC turns. */
static size_t
body_bytes(const struct vector *v)
{
    return v->token.n - HEADER + (v->kind == MIC ? 0 : v->sealed.n);
}

static unsigned
rrc_of(const uint8_t *token)
{
    return (unsigned)token[6] << 8 | token[7];
}

/* RRC is the one field that nothing covers: another that means the same turns the same. */
static bool
means_the_same(const struct vector *v, const uint8_t *altered)
{
    size_t n = body_bytes(v), ec = (size_t)v->token.p[4] << 8 | v->token.p[5];
    size_t a = rrc_of(v->token.p), b = rrc_of(altered);

    if (is_rc4(v) || v->kind == MIC) {
        return false;
    }
    if (v->dce && !is_clear(v)) {
        size_t tail = ec + HEADER + krb_profile_of(v->key.enctype)->mac_bytes;

        a += a && a != tail ? ec : 0;
        b += b && b != tail ? ec : 0;
    }
    return a % n == b % n;
}

/* RFC 4757's frame is covered by nothing, and this turns one of Kerberos' two names into the other. */
static bool
is_the_other_oid(const struct vector *v, size_t at, unsigned bit)
{
    return is_rc4(v) && at == 7 && bit == 2;
}

static void
flip_is_refused(const struct vector *v, struct krb_session *s, size_t at, unsigned bit)
{
    struct bytes sealed = sealed_of(v);
    struct opening o;
    sec_status status;

    if (is_the_other_oid(v, at, bit)) {
        return;
    }
    opening_init(&o, v, v->token, sealed);
    if (at < v->token.n) {
        o.token[at] ^= (uint8_t)(1u << bit);
        if (at < HEADER && means_the_same(v, o.token)) {
            opening_clear(&o);
            return;
        }
    } else if (at - v->token.n < sealed.n) {
        o.data[at - v->token.n] ^= (uint8_t)(1u << bit);
    } else {
        o.padding[0] ^= (uint8_t)(1u << bit);
    }
    status = open_it(s, v, &o);
    /* RFC 4757 covers SND_SEQ by nothing where it is not the key of what is sealed too. */
    if (status != SEC_E_MESSAGE_ALTERED && status != SEC_E_INVALID_TOKEN &&
        !(status == SEC_E_INCOMPLETE_MESSAGE && o.msg.stream && is_rc4(v)) &&
        !(status == SEC_E_OUT_OF_SEQUENCE && is_rc4(v) && (v->kind == MIC || is_clear(v)))) {
        fail_msg("%s of type %d, byte %zu: %08x", kinds[v->kind], v->key.enctype, at,
                 (unsigned)status);
    }
    if (!is_clear(v) && v->kind != MIC && !o.msg.stream) {
        assert_memory_not_equal(o.data, v->data.p, v->data.n);
    }
    assert_null(o.msg.opened.p);
    opening_clear(&o);
}

static void
flips_are_refused(const struct vector *v, struct krb_session *s)
{
    for (size_t at = 0; at < v->token.n + sealed_of(v).n + v->padding.n; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            flip_is_refused(v, s, at, bit);
        }
    }
    opens_once(v, s);
}

static void
test_session_unseal__each_bit_turned_over__is_refused(void **state)
{
    for_each(flips_are_refused);
}

static void
covered_data_altered(const struct vector *v, struct krb_session *s)
{
    struct opening o;

    if (v->kind != IOV && v->kind != IOV_CLEAR) {
        return;
    }
    for (unsigned i = 0; i < sizeof(before); i++) {
        uint8_t *at = i & 1 ? &before[i] : &behind[i];

        opening_init(&o, v, v->token, v->sealed);
        *at ^= 1;
        assert_int_equal(open_it(s, v, &o), SEC_E_MESSAGE_ALTERED);
        *at ^= 1;
        opening_clear(&o);
    }
}

static void
test_session_unseal__covered_data_altered__is_refused(void **state)
{
    for_each(covered_data_altered);
}

/* --- every rotation ------------------------------------------------------------------------ */

/* to: from, turned to the right by n. */
static void
turn_right(uint8_t *to, const uint8_t *from, size_t bytes, size_t n)
{
    for (size_t i = 0; i < bytes; i++) {
        to[(i + n) % bytes] = from[i];
    }
}

static void
opens_as_a_stream(const struct vector *v, struct krb_session s, uint8_t *whole)
{
    struct sec_msg m = { .token = heap_copy(bytes_of(whole, v->token.n)),
                         .token_n = v->token.n,
                         .stream = true };

    assert_int_equal(krb_session_unseal(&s, &m), SEC_E_OK);
    assert_bytes_equal(bytes_of(m.opened.p, m.opened.n), v->data);
    free(m.token);
}

/* TOKEN is what is not data; DATA in three parts, with something covered by nothing in between. */
static void
opens_in_parts(const struct vector *v, struct krb_session s, uint8_t *whole)
{
    size_t overhead = v->token.n - v->data.n, n = v->data.n;
    uint8_t *token = heap_copy(bytes_of(whole, overhead));
    uint8_t *data = heap_copy(bytes_of(whole + overhead, n));
    struct sec_segment g[3] = { { data, 1, false },
                                { data + 1, 0, false },
                                { data + 1, n - 1, false } };
    struct sec_msg m = { .segments = g, .n_segments = 3, .token = token, .token_n = overhead };

    assert_int_equal(krb_session_unseal(&s, &m), SEC_E_OK);
    assert_memory_equal(data, v->data.p, n);
    free(token);
    free(data);
}

static void
opens_by_any_rotation(const struct vector *v, struct krb_session *s)
{
    const struct krb_profile *p = krb_profile_of(v->key.enctype);
    size_t ec = (size_t)v->token.p[4] << 8 | v->token.p[5], n = v->token.n - HEADER, by;
    size_t tail = is_clear(v) ? p->checksum_bytes : ec + HEADER + p->mac_bytes;
    uint8_t whole[256], straight[256];
    struct opening o;

    if (is_rc4(v) || (v->kind != WRAP && v->kind != WRAP_CLEAR)) {
        return;
    }
    assert_true(v->token.n <= sizeof(whole));
    by = rrc_of(v->token.p);
    by += v->dce && !is_clear(v) && by && by != tail ? ec : 0;
    turn_right(straight, v->token.p + HEADER, n, n - by % n);
    /* The keys once, so that copies of the session share them. */
    opening_init(&o, v, v->token, sealed_of(v));
    o.token[HEADER] ^= 1;
    assert_int_equal(open_it(s, v, &o), SEC_E_MESSAGE_ALTERED);
    opening_clear(&o);
    bytes_copy(whole, v->token.p, HEADER);
    for (unsigned rrc = 0; rrc < 400; rrc++) {
        unsigned field = rrc < 390 ? rrc : 65536 - (rrc - 389);

        whole[6] = (uint8_t)(field >> 8);
        whole[7] = (uint8_t)field;
        by = field + (v->dce && !is_clear(v) && field && field != tail ? ec : 0);
        turn_right(whole + HEADER, straight, n, by);
        opens_as_a_stream(v, *s, whole);
        opens_in_parts(v, *s, whole);
    }
}

static void
test_session_unseal__each_rotation__opens_in_one_and_in_parts(void **state)
{
    for_each(opens_by_any_rotation);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_unseal__what_peers_sent__opens_once),
        cmocka_unit_test(test_session_seal__with_a_peers_confounder__makes_its_message),
        cmocka_unit_test(test_session_unseal__each_prefix__is_refused),
        cmocka_unit_test(test_session_unseal__each_bit_turned_over__is_refused),
        cmocka_unit_test(test_session_unseal__covered_data_altered__is_refused),
        cmocka_unit_test(test_session_unseal__each_rotation__opens_in_one_and_in_parts),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
