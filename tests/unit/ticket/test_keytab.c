/* SPDX-License-Identifier: Apache-2.0 */
/* Keytab files: read whole, read again when they change, and every way in which one is not there. */
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/keytab_file.h"
#include "ticket/principal.h"
#include "ticket/ticket.h"

enum { AES256 = KRB_AES256_SHA1, AES128 = KRB_AES128_SHA1, DES = 3 };

/* The linker puts this between the keytab and its clock: a second passes when the test says so. */
int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
static time_t seconds_passed;

int
__wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    if (clock != CLOCK_MONOTONIC_COARSE) {
        return __real_clock_gettime(clock, out);
    }
    *out = (struct timespec){ 1000 + seconds_passed, 0 };
    return 0;
}

static void
pass_a_second(void)
{
    seconds_passed++;
}

static const uint8_t key_bytes[KRB_KEY_MAX_BYTES] = "the key of a service, 32 bytes..";

struct fixture {
    char folder[64], path[128], name[160];
    struct ticket_authority *authority;
    struct ticket_keytab *keytab;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct ticket_options options = { .replay = TICKET_REPLAY_OFF };

    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/opensspi-keytab-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->path, sizeof(f->path), "%s/x", f->folder);
    (void)snprintf(f->name, sizeof(f->name), "FILE:%s", f->path);
    options.keytab = f->name;
    assert_int_equal(ticket_authority_open(&options, &f->authority), SEC_E_OK);
    assert_int_equal(ticket_keytab_open(f->authority, NULL, &f->keytab), SEC_E_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    ticket_keytab_close(f->keytab);
    ticket_authority_close(f->authority);
    (void)chmod(f->folder, 0700);
    (void)unlink(f->path);
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

static struct keytab_file_entry
entry(const char *principal, uint32_t kvno, int32_t enctype)
{
    const struct krb_profile *profile = krb_profile_of(enctype);

    return (struct keytab_file_entry){ principal, kvno, enctype,
                                       bytes_of(key_bytes, profile ? profile->key_bytes : 8),
                                       false };
}

static struct krb_ticket
ticket(const char *name, uint32_t kvno, int32_t enctype)
{
    struct krb_ticket t = { .enc = { .enctype = enctype, .has_kvno = true, .kvno = kvno } };

    assert_true(principal_split(bytes_of_string(name), &t.sname, &t.realm));
    return t;
}

static enum ticket_key_verdict
hold(struct fixture *f, const char *name, uint32_t kvno, int32_t enctype)
{
    const struct krb_ticket of = ticket(name, kvno, enctype);
    struct ticket_keys keys;
    enum ticket_key_verdict verdict;

    ticket_keys_hold(f->keytab, NULL, &of, &keys);
    verdict = keys.verdict;
    assert_true((verdict == TICKET_KEY_FOUND) == (keys.n > 0));
    ticket_keys_release(&keys);
    ticket_keys_release(&keys);
    return verdict;
}

static void
must_lack(struct fixture *f, const char *why)
{
    assert_int_equal(ticket_keytab_check(f->keytab, NULL), SEC_E_NO_CREDENTIALS);
    if (!strstr(sec_reason(), why)) {
        fail_msg("\"%s\" has no \"%s\"", sec_reason(), why);
    }
    sec_reason_clear();
    assert_int_equal(hold(f, "HTTP/web@R", 1, AES256), TICKET_KEY_NO_KEYTAB);
    if (!strstr(sec_reason(), why)) {
        fail_msg("\"%s\" has no \"%s\"", sec_reason(), why);
    }
}

/* The keys are those of the file, ready for use. */
static void
test_hold__a_key__opens_what_is_encrypted_under_it(void **state)
{
    static const int32_t types[] = { 17, 18, 19, 20, 23 };
    struct keytab_file_entry entries[SEC_ARRAY_LEN(types)];
    struct fixture *f = *state;

    for (size_t i = 0; i < SEC_ARRAY_LEN(types); i++) {
        entries[i] = entry("HTTP/web.example.test@EXAMPLE.TEST", 7, types[i]);
    }
    keytab_file_write(f->path, entries, SEC_ARRAY_LEN(types));
    for (size_t i = 0; i < SEC_ARRAY_LEN(types); i++) {
        const struct krb_ticket of = ticket("HTTP/web.example.test@EXAMPLE.TEST", 7, types[i]);
        const struct krb_profile *profile = krb_profile_of(types[i]);
        const uint8_t confounder[KRB_CONFOUNDER_MAX_BYTES] = { 1, 2, 3 };
        uint8_t cipher[64 + KRB_OVERHEAD_MAX_BYTES], out[sizeof(cipher)];
        uint8_t sum[2][KRB_CHECKSUM_MAX_BYTES] = { { 0 } };
        struct bytes text = bytes_of_string("a ticket"), plain;
        struct krb_checksum_key verify;
        union krb_cipher_room room;
        struct ticket_keys keys;
        struct krb_key key;
        size_t n;

        ticket_keys_hold(f->keytab, NULL, &of, &keys);
        assert_int_equal(keys.n, 1);
        assert_int_equal(keys.keys[0]->kvno, 7);
        assert_true(bytes_equal(keys.keys[0]->realm, bytes_of_string("EXAMPLE.TEST")));
        assert_true(krb_name_equal(&keys.keys[0]->name, &of.sname));
        assert_true(krb_key_set(&key, types[i], bytes_of(key_bytes, profile->key_bytes)));
        n = krb_encrypt(krb_cipher_init(&room, &key, KRB_USAGE_TICKET, KRB_ENCRYPT), confounder,
                        text, cipher);
        assert_true(krb_decrypt(keys.keys[0]->open_ticket, bytes_of(cipher, n), out, &plain));
        assert_true(bytes_equal(plain, text));
        krb_checksum_key_init(&verify, &key, KRB_USAGE_PAC);
        krb_checksum(&verify, &text, 1, sum[0]);
        krb_checksum(keys.keys[0]->verify_pac, &text, 1, sum[1]);
        assert_memory_equal(sum[0], sum[1], sizeof(sum[0]));
        ticket_keys_release(&keys);
    }
}

static void
test_check__no_file__tells_which_part_is_missing(void **state)
{
    struct fixture *f = *state;
    struct ticket_keytab *k = NULL;

    must_lack(f, "there is no such file");
    must_lack(f, f->path);
    assert_int_equal(ticket_keytab_open(f->authority, "FILE:/nonexistent/a/b.keytab", &k),
                     SEC_E_OK);
    assert_int_equal(ticket_keytab_check(k, NULL), SEC_E_NO_CREDENTIALS);
    assert_string_equal(sec_reason(),
                        "keytab /nonexistent/a/b.keytab: there is no folder /nonexistent");
    ticket_keytab_close(k);
    assert_int_equal(ticket_keytab_open(f->authority, f->folder, &k), SEC_E_OK);
    assert_int_equal(ticket_keytab_check(k, NULL), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(sec_reason(), "not a file"));
    ticket_keytab_close(k);
    assert_int_equal(ticket_keytab_open(f->authority, "BAD:nothing", &k), SEC_E_OK);
    assert_int_equal(ticket_keytab_check(k, NULL), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(sec_reason(), "keytab BAD:nothing: "));
    ticket_keytab_close(k);
}

static void
write_bytes(const char *path, const void *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), n);
    assert_int_equal(close(fd), 0);
}

static void
test_check__an_empty_file__says_so(void **state)
{
    struct fixture *f = *state;

    write_bytes(f->path, "", 0);
    must_lack(f, "is empty");
    pass_a_second();
    write_bytes(f->path, "\5\2", 2);
    must_lack(f, "is empty");
    pass_a_second();
    write_bytes(f->path, "This is no keytab.", 18);
    must_lack(f, "cannot be read");
}

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable()
#define __lsan_enable()
#endif

/* Every prefix of a file, and every byte of it changed: keys or a reason, never both or neither. Of
 * an entry that it cannot read to its end, libkrb5 (1.20) does not free the beginning. */
static void
test_check__a_damaged_file__has_keys_or_a_reason(void **state)
{
    struct fixture *f = *state;
    const struct keytab_file_entry entries[] = { entry("HTTP/web@R", 1, AES256),
                                                 entry("host/web@R", 1, AES128) };
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    keytab_file_put(&w, entries, SEC_ARRAY_LEN(entries));
    for (size_t i = 0; i < 2 * w.len; i++) {
        struct ticket_keytab *k = NULL;
        size_t at = i % w.len;

        w.p[at] ^= i < w.len ? 0 : 0x81;
        write_bytes(f->path, w.p, i < w.len ? i : w.len);
        w.p[at] ^= i < w.len ? 0 : 0x81;
        sec_reason_clear();
        __lsan_disable();
        assert_int_equal(ticket_keytab_open(f->authority, f->path, &k), SEC_E_OK);
        assert_true((ticket_keytab_check(k, NULL) == SEC_E_OK) == (sec_reason()[0] == 0));
        __lsan_enable();
        ticket_keytab_close(k);
    }
}

/* As nobody; the status that the child exits with is that of the check, 1 where a reason is not as
 * expected. */
static void
check_as_nobody(struct fixture *f, const char *why)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        if (setgroups(0, NULL) || setgid(65534) || setuid(65534)) {
            _exit(2);
        }
        if (ticket_keytab_check(f->keytab, NULL) != SEC_E_NO_CREDENTIALS ||
            !strstr(sec_reason(), why)) {
            (void)fprintf(stderr, "%s\n", sec_reason());
            _exit(1);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void
test_check__what_may_not_be_read__is_told_from_what_is_missing(void **state)
{
    struct fixture *f = *state;
    const struct keytab_file_entry one = entry("HTTP/web@R", 1, AES256);

    keytab_file_write(f->path, &one, 1);
    if (geteuid() != 0) { /* who is nobody else can only deny itself */
        assert_int_equal(chmod(f->path, 0), 0);
        must_lack(f, "may not read it (mode 000");
        return;
    }
    check_as_nobody(f, "user 65534 may not enter /tmp/opensspi-keytab-");
    assert_int_equal(chmod(f->folder, 0755), 0);
    check_as_nobody(f, "user 65534 may not read it (mode 600, owner 0, group 0)");
    assert_int_equal(ticket_keytab_check(f->keytab, NULL), SEC_E_OK);
}

static void
test_check__a_file_that_everybody_may_write__is_refused(void **state)
{
    struct fixture *f = *state;
    const struct keytab_file_entry one = entry("HTTP/web@R", 1, AES256);

    keytab_file_write(f->path, &one, 1);
    assert_int_equal(chmod(f->path, 0666), 0);
    must_lack(f, "everybody may write it (mode 666)");
    pass_a_second();
    assert_int_equal(chmod(f->path, 0640), 0);
    assert_int_equal(ticket_keytab_check(f->keytab, NULL), SEC_E_OK);
}

/* It works, and so nobody would notice: the log says it, once. */
static void
test_check__a_file_that_everybody_may_read__is_told_once(void **state)
{
    struct fixture *f = *state;
    const struct keytab_file_entry one = entry("HTTP/web@R", 1, AES256);
    int saved = dup(STDERR_FILENO), ends[2];
    char text[2048] = "";
    const char *first;

    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    keytab_file_write(f->path, &one, 1);
    assert_int_equal(chmod(f->path, 0644), 0);
    for (int i = 0; i < 2; i++) {
        struct ticket_keytab *k = NULL;

        assert_int_equal(ticket_keytab_open(f->authority, NULL, &k), SEC_E_OK);
        assert_int_equal(ticket_keytab_check(k, NULL), SEC_E_OK);
        ticket_keytab_close(k);
    }
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    (void)close(ends[1]);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    (void)close(ends[0]);
    first = strstr(text, "everybody may read the keytab");
    assert_non_null(first);
    assert_non_null(strstr(text, f->path));
    assert_null(strstr(first + 1, "everybody"));
}

static void
test_hold__after_the_file_changed__has_the_new_keys_and_keeps_the_held(void **state)
{
    struct fixture *f = *state;
    const struct keytab_file_entry old = entry("HTTP/web@R", 3, AES256);
    const struct keytab_file_entry both[] = { old, entry("HTTP/web@R", 4, AES256) };
    const struct krb_ticket of = ticket("HTTP/web@R", 3, AES256);
    struct ticket_keys keys;

    keytab_file_write(f->path, &old, 1);
    ticket_keys_hold(f->keytab, NULL, &of, &keys);
    assert_int_equal(keys.n, 1);
    assert_int_equal(hold(f, "HTTP/web@R", 4, AES256), TICKET_KEY_NO_KVNO);
    assert_non_null(strstr(sec_reason(), "ticket for HTTP/web kvno 4, keytab FILE:/"));
    assert_non_null(strstr(sec_reason(), "/x has kvno 3"));
    /* At once, so that no ticket under a new key is refused. */
    keytab_file_write(f->path, both, 2);
    assert_int_equal(hold(f, "HTTP/web@R", 4, AES256), TICKET_KEY_FOUND);
    pass_a_second();
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(hold(f, "HTTP/web@R", 4, AES256), TICKET_KEY_NO_KEYTAB);
    assert_int_equal(keys.keys[0]->kvno, 3);
    assert_memory_equal(keys.keys[0]->key.b, key_bytes, 32);
    assert_int_equal(ticket_keys_explain(&keys, NULL, &of), TICKET_KEY_FOUND);
    ticket_keys_release(&keys);
}

/* A key that was taken out is gone within a second, also where nobody missed another. */
static void
test_hold__a_key_that_was_taken_out__is_gone(void **state)
{
    struct fixture *f = *state;
    const struct keytab_file_entry both[] = { entry("HTTP/web@R", 3, AES256),
                                              entry("HTTP/web@R", 4, AES256) };

    keytab_file_write(f->path, both, 2);
    assert_int_equal(hold(f, "HTTP/web@R", 3, AES256), TICKET_KEY_FOUND);
    keytab_file_write(f->path, both + 1, 1);
    pass_a_second();
    assert_int_equal(hold(f, "HTTP/web@R", 3, AES256), TICKET_KEY_NO_KVNO);
}

static void
test_explain__keys_of_others_were_held__says_what_the_own_name_lacks(void **state)
{
    struct fixture *f = *state;
    const struct keytab_file_entry entries[] = { entry("HTTP/web@R", 3, AES256),
                                                 entry("host/web@R", 4, AES256) };
    const struct krb_ticket of = ticket("HTTP/web@R", 4, AES256);
    struct ticket_keys keys;

    keytab_file_write(f->path, entries, 2);
    ticket_keys_hold(f->keytab, NULL, &of, &keys);
    assert_int_equal(keys.n, 1);
    assert_int_equal(ticket_keys_explain(&keys, NULL, &of), TICKET_KEY_NO_KVNO);
    assert_non_null(strstr(sec_reason(), "/x has kvno 3"));
    ticket_keys_release(&keys);
    ticket_keys_hold(f->keytab, "HTTP/web", &of, &keys);
    assert_int_equal(keys.n, 0);
    assert_int_equal(keys.verdict, TICKET_KEY_NO_KVNO);
    ticket_keys_release(&keys);
}

static void
test_check__of_a_principal__wants_its_key(void **state)
{
    struct fixture *f = *state;
    const struct keytab_file_entry entries[] = { entry("HTTP/web@R", 3, AES256),
                                                 entry("HTTP/des@R", 3, DES) };

    keytab_file_write(f->path, entries, 2);
    assert_int_equal(ticket_keytab_check(f->keytab, "HTTP/WEB"), SEC_E_OK);
    assert_int_equal(ticket_keytab_check(f->keytab, "HTTP/web@R"), SEC_E_OK);
    assert_int_equal(ticket_keytab_check(f->keytab, "HTTP/web@Q"), SEC_E_NO_CREDENTIALS);
    assert_int_equal(ticket_keytab_check(f->keytab, "HTTP/des"), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(sec_reason(), "encryption type 3"));
}

/* Old keytabs have 8 bits of the version. */
static void
test_hold__an_old_keytab__fits_by_8_bits(void **state)
{
    struct fixture *f = *state;
    struct keytab_file_entry one = entry("HTTP/web@R", 260, AES256);

    one.old = true;
    keytab_file_write(f->path, &one, 1);
    assert_int_equal(hold(f, "HTTP/web@R", 260, AES256), TICKET_KEY_FOUND);
    assert_int_equal(hold(f, "HTTP/web@R", 4, AES256), TICKET_KEY_FOUND);
    assert_int_equal(hold(f, "HTTP/web@R", 261, AES256), TICKET_KEY_NO_KVNO);
}

/* KRB5_KTNAME, as libkrb5 reads it, where nothing is configured. */
static void
test_open__without_a_name__is_the_environments(void **state)
{
    struct fixture *f = *state;
    const struct keytab_file_entry one = entry("HTTP/web@R", 3, AES256);
    const struct ticket_options options = { .replay = TICKET_REPLAY_OFF };
    struct ticket_authority *a = NULL;
    struct ticket_keytab *k = NULL;

    keytab_file_write(f->path, &one, 1);
    assert_int_equal(setenv("KRB5_KTNAME", f->name, 1), 0);
    assert_int_equal(ticket_authority_open(&options, &a), SEC_E_OK);
    assert_int_equal(ticket_keytab_open(a, NULL, &k), SEC_E_OK);
    assert_int_equal(ticket_keytab_check(k, "HTTP/web"), SEC_E_OK);
    ticket_keytab_close(k);
    ticket_authority_close(a);
    assert_int_equal(unsetenv("KRB5_KTNAME"), 0);
}

static void
list_one(void *user, const struct ticket_entry *e)
{
    struct wire_writer *w = user;

    krb_name_put(w, &e->name, e->realm);
    wire_put_u8(w, (uint8_t)('0' + e->kvno));
    wire_put_u8(w, e->usable ? '+' : '-');
}

static void
test_list__tells_every_entry_and_no_key(void **state)
{
    struct fixture *f = *state;
    const struct keytab_file_entry two[] = { entry("HTTP/web@R", 3, AES256),
                                             entry("host/web@R", 4, DES) };
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    assert_int_equal(ticket_keytab_list(f->keytab, list_one, &w), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(sec_reason(), "there is no such file"));
    assert_int_equal(w.len, 0);
    pass_a_second();
    keytab_file_write(f->path, two, 2);
    assert_int_equal(ticket_keytab_list(f->keytab, list_one, &w), SEC_E_OK);
    assert_int_equal(w.len, strlen("HTTP/web@R3+host/web@R4-"));
    assert_memory_equal(w.p, "HTTP/web@R3+host/web@R4-", w.len);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hold__a_key__opens_what_is_encrypted_under_it),
        TEST(test_check__no_file__tells_which_part_is_missing),
        TEST(test_check__an_empty_file__says_so),
        TEST(test_check__a_damaged_file__has_keys_or_a_reason),
        TEST(test_check__what_may_not_be_read__is_told_from_what_is_missing),
        TEST(test_check__a_file_that_everybody_may_write__is_refused),
        TEST(test_check__a_file_that_everybody_may_read__is_told_once),
        TEST(test_hold__after_the_file_changed__has_the_new_keys_and_keeps_the_held),
        TEST(test_hold__a_key_that_was_taken_out__is_gone),
        TEST(test_explain__keys_of_others_were_held__says_what_the_own_name_lacks),
        TEST(test_check__of_a_principal__wants_its_key),
        TEST(test_hold__an_old_keytab__fits_by_8_bits),
        TEST(test_open__without_a_name__is_the_environments),
        TEST(test_list__tells_every_entry_and_no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
