/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: account_prove, proof_check, utf16_put_upper */
#include <stdio.h>
#include <unistd.h>

#include "account/account.h"
#include "account/admin.h"
#include "base/clock.h"
#include "base/wire.h"
#include "fuzz.h"

static char folder[] = "/tmp/fuzz-accounts-XXXXXX";

static void
remove_store(void)
{
    static const char *const names[] = { "a.db", "a.db-wal", "a.db-shm", "a.db-shared", "a.key" };

    for (size_t i = 0; i < SEC_ARRAY_LEN(names); i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

/* A store with one account, in a folder that stays as long as the process runs. */
static struct account_authority *
open_store(void)
{
    static char store[64], key_file[64];
    struct account_admin_options options = { .creates = true };
    struct account_admin *admin = NULL;
    struct account_authority *a = NULL;

    fuzz_must(mkdtemp(folder) && !atexit(remove_store));
    (void)snprintf(store, sizeof(store), "sqlite:%s/a.db", folder);
    (void)snprintf(key_file, sizeof(key_file), "%s/a.key", folder);
    options.accounts.store = store;
    options.accounts.key_file = key_file;
    options.accounts.keep_lm_hashes = true;
    fuzz_must(account_admin_open(&options, &admin) == SEC_E_OK);
    fuzz_must(
        account_admin_add(admin, &(struct account_new){
                                     .name = "user",
                                     .password = bytes_of_string("a password nobody guesses 7"),
                                     .keeps_clear_text = true,
                                     .expires_100ns = CLOCK_NEVER_100NS,
                                     .password_expires_100ns = CLOCK_NEVER_100NS }) == SEC_E_OK);
    account_admin_close(admin);
    fuzz_must(account_authority_open(&options.accounts, &a) == SEC_E_OK);
    return a;
}

/* A byte says how long each part is. */
static struct bytes
part(struct wire_reader *r)
{
    size_t n = wire_u8(r);

    return wire_take(r, n < wire_left(r) ? n : wire_left(r));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct account_authority *authority;
    struct wire_reader r = wire_reader_of(bytes_of(data, n));
    struct account_claim claim = { .now_100ns = UINT64_C(134000000000000000) };
    struct account_proof proof;
    sec_status status;

    if (!authority) {
        authority = open_store();
    }
    claim.kind = (enum account_proof_kind)(wire_u8(&r) % (ACCOUNT_ONE_TIME_CODE + 2));
    wire_copy(&r, claim.server_challenge, sizeof(claim.server_challenge));
    claim.user = part(&r);
    claim.domain = part(&r);
    claim.lm_response = part(&r);
    claim.nt_response = wire_rest(&r);
    /* PPP's kinds find theirs in the same bytes. */
    claim.password = claim.chap_response = claim.nt_response;
    claim.challenge = claim.lm_response;
    claim.peer_challenge = claim.domain;
    claim.peer_name = claim.user;
    claim.dial_in = n % 2;

    /* Nobody guesses: whatever comes, it proves nothing, and the store is well. */
    status = account_prove(authority, &claim, &proof);
    fuzz_must(status == SEC_E_LOGON_DENIED);
    fuzz_must(!proof.identity && !proof.has_lm_session_key && proof.sub_status);
    account_proof_clear(&proof);
    return 0;
}
