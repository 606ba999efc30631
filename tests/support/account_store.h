/* SPDX-License-Identifier: Apache-2.0 */
/* A store of accounts in a folder of its own, that goes with it. */
#ifndef TESTS_SUPPORT_ACCOUNT_STORE_H
#define TESTS_SUPPORT_ACCOUNT_STORE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "account/account.h"
#include "account/admin.h"
#include "base/clock.h"
#include "base/utf16.h"
#include "codec/ntlm_msg.h"
#include "crypto/ntlm_key.h"
#include "crypto/random.h"
#include "tests/support/hex.h"

struct test_store {
    char folder[64], database[128], store[160], key_file[128];
    struct account_admin_options options;
};

static inline void
test_store_make(struct test_store *t)
{
    const char *tmp = getenv("TMPDIR");

    (void)snprintf(t->folder, sizeof(t->folder), "%.40s/accounts-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(t->folder)) {
        abort();
    }
    (void)snprintf(t->database, sizeof(t->database), "%s/accounts.db", t->folder);
    (void)snprintf(t->store, sizeof(t->store), "sqlite:%s", t->database);
    (void)snprintf(t->key_file, sizeof(t->key_file), "%s/accounts.key", t->folder);
    t->options = (struct account_admin_options){
        .accounts = { .store = t->store,
                      .key_file = t->key_file,
                      .domain = UTF16("TESTS"),
                      .lockout_threshold = 3,
                      .lockout_minutes = 10 },
        .dns_domain = UTF16("tests.example"),
        .creates = true,
    };
}

static inline int
test_store_unlink_(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static inline void
test_store_remove(struct test_store *t)
{
    (void)nftw(t->folder, test_store_unlink_, 8, FTW_DEPTH | FTW_PHYS);
}

static inline sec_status
test_store_add(struct test_store *t, const char *name, const char *password)
{
    struct account_admin *admin = NULL;
    sec_status status = account_admin_open(&t->options, &admin);

    if (status == SEC_E_OK) {
        status = account_admin_add(
            admin, &(struct account_new){ .name = name,
                                          .password = bytes_of_string(password),
                                          .expires_100ns = CLOCK_NEVER_100NS,
                                          .password_expires_100ns = CLOCK_NEVER_100NS });
    }
    account_admin_close(admin);
    return status;
}

static inline struct account_admin *
test_store_admin(struct test_store *t)
{
    struct account_admin *admin = NULL;

    if (account_admin_open(&t->options, &admin) != SEC_E_OK) {
        abort();
    }
    return admin;
}

/* --- a store and its authority ------------------------------------------------------------- */

struct test_accounts {
    struct test_store store;
    struct account_authority *authority;
};

/* Closed still: store.options are the caller's to change. */
static inline struct test_accounts *
test_accounts_new(void)
{
    struct test_accounts *f = calloc(1, sizeof(*f));

    if (!f) {
        abort();
    }
    test_store_make(&f->store);
    return f;
}

/* A test's setup: with the account User, whose password is Password. */
static inline int
test_accounts_open(struct test_accounts *f, void **state)
{
    *state = f;
    return test_store_add(&f->store, "User", "Password") == SEC_E_OK &&
                   account_authority_open(&f->store.options.accounts, &f->authority) == SEC_E_OK
               ? 0
               : -1;
}

static inline int
test_accounts_teardown(void **state)
{
    struct test_accounts *f = *state;

    account_authority_close(f->authority);
    test_store_remove(&f->store);
    free(f);
    return 0;
}

/* --- a client ------------------------------------------------------------------------------ */

/* What a client with a password answers; make with test_claim_make. */
struct test_claim {
    struct account_claim claim;
    uint8_t user[1100], domain[128], nt[80], lm[24];
};

static inline struct bytes
test_utf16_(uint8_t *held, size_t n, const char *text)
{
    struct wire_writer w = wire_writer_fixed(held, n);

    utf16_put_utf8(&w, bytes_of_string(text));
    if (wire_writer_status(&w) != WIRE_OK) {
        abort();
    }
    return wire_written(&w);
}

/* With the time stamp of the challenge. */
static inline struct bytes
test_blob_(uint8_t *held, size_t n, uint64_t made_100ns)
{
    static const uint8_t client_challenge[8] = { 8, 7, 6, 5, 4, 3, 2, 1 };
    uint8_t room[32];
    struct wire_writer pairs = wire_writer_fixed(room, sizeof(room));
    struct wire_writer w = wire_writer_fixed(held, n);

    ntlm_av_put_le64(&pairs, NTLM_AV_TIMESTAMP, made_100ns);
    ntlm_av_put(&pairs, NTLM_AV_EOL, (struct bytes){ 0 });
    ntlm_v2_blob_encode(&w, made_100ns, client_challenge, wire_written(&pairs));
    if (wire_writer_status(&w) != WIRE_OK) {
        abort();
    }
    return wire_written(&w);
}

/* To a challenge of its own; proof over domain_in_key, which differs from domain only where a test
 * wants that. */
static inline void
test_claim_make_over(struct test_claim *t, const char *user, const char *domain,
                     const char *domain_in_key, const char *password)
{
    uint8_t held_password[512], held_domain[128], upper[1100];
    struct bytes blob;
    struct wire_writer w = wire_writer_fixed(upper, sizeof(upper));
    struct secret16 hash, v2;

    t->claim = (struct account_claim){ .kind = ACCOUNT_NTLM_V2, .now_100ns = clock_now_100ns() };
    if (!random_bytes(t->claim.server_challenge, sizeof(t->claim.server_challenge))) {
        abort();
    }
    blob =
        test_blob_(t->nt + NTLM_PROOF_BYTES, sizeof(t->nt) - NTLM_PROOF_BYTES, t->claim.now_100ns);
    t->claim.user = test_utf16_(t->user, sizeof(t->user), user);
    t->claim.domain = test_utf16_(t->domain, sizeof(t->domain), domain);
    utf16_put_upper(&w, t->claim.user);
    ntlm_key_nt_hash(test_utf16_(held_password, sizeof(held_password), password), &hash);
    ntlm_key_v2(&hash, wire_written(&w),
                test_utf16_(held_domain, sizeof(held_domain), domain_in_key), &v2);
    ntlm_key_v2_proof(&v2, t->claim.server_challenge, blob, t->nt);
    t->claim.nt_response = bytes_of(t->nt, NTLM_PROOF_BYTES + blob.n);
}

static inline void
test_claim_make(struct test_claim *t, const char *user, const char *domain, const char *password)
{
    test_claim_make_over(t, user, domain, domain, password);
}

/* One logon, of which only the verdict matters; *sub_status may be NULL. */
static inline sec_status
test_logon(struct account_authority *a, const char *user, const char *password,
           uint32_t *sub_status)
{
    struct test_claim t;
    struct account_proof proof;
    sec_status status;

    test_claim_make(&t, user, "TESTS", password);
    status = account_prove(a, &t.claim, &proof);
    if (sub_status) {
        *sub_status = proof.sub_status;
    }
    account_proof_clear(&proof);
    return status;
}

#endif
