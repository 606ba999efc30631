/* SPDX-License-Identifier: Apache-2.0 */
/* The authority over a SQLite store. A right response for an account that is in the cache is answered from there; every
 * other one asks the store once more, so that a refusal is never for a password that was changed a
 * moment ago, and so that all refusals, whatever their reason, do the same work. */
#include <stdatomic.h>
#include <stdio.h>

#include "account/admin_store.h"
#include "account/cache.h"
#include "account/lockout.h"
#include "account/proof.h"
#include "account/shared.h"
#include "account/sqlite_store.h"
#include "account/store_code.h"
#include "account/store_kind.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "crypto/random.h"

enum {
    NAMES = 2,            /* that one claim may mean: as sent, and what is before its '@' */
    NAME_BYTES_MAX = 512, /* of names that exist: 256 units */
};

struct sqlite_authority {
    struct account_authority door; /* the first */
    struct sqlite_store *store;
    struct cache *cache;
    struct lockout_policy lockout;
    struct account_record nobody; /* who is computed with where there is no account */
    struct one_time_code no_code; /* likewise */
    char *path, *key_file;
    uint8_t *domain;
    struct account_options
        options; /* for changes; its texts are the three above, but for its store */
    _Atomic uint64_t checked_100ns; /* when the store was last looked at */
};

/* One logon. */
struct attempt {
    struct sqlite_authority *authority;
    const struct account_claim *claim;
    struct bytes user_upper;
    struct bytes names[NAMES]; /* to look up, views of user_upper */
    size_t n_names;
    bool remembers; /* whether the user's name alone says which account is meant, and the cache has
                     * what the proof needs */
    bool changes;   /* a new password: that the old one has expired is no hindrance */
    struct sqlite_stamp stamp;
    struct account_proof *out;
};

/* --- life ---------------------------------------------------------------------------------- */

static void
sqlite_authority_free(struct sqlite_authority *a)
{
    if (!a) {
        return;
    }
    cache_free(a->cache);
    sqlite_store_free(a->store);
    mem_free(a->path);
    mem_free(a->key_file);
    mem_free(a->domain);
    mem_free_wiped(a, sizeof(*a));
}

static void
sqlite_authority_auto(struct sqlite_authority **a)
{
    sqlite_authority_free(*a);
}

static void
close_authority(struct account_authority *door)
{
    sqlite_authority_free((struct sqlite_authority *)door);
}

/* A random hash: a response to it is never right, and costs what others cost. */
static bool
make_nobody(struct account_record *nobody, struct one_time_code *no_code)
{
    *no_code = (struct one_time_code){ .type = ONE_TIME_CODE_TOTP,
                                       .algorithm = ONE_TIME_CODE_SHA1,
                                       .digits = ONE_TIME_CODE_DIGITS_MAX,
                                       .period_s = 30,
                                       .n = 20 };
    if (!random_bytes(nobody->nt_hash.b, sizeof(nobody->nt_hash.b)) ||
        !random_bytes(no_code->secret, no_code->n)) {
        return false;
    }
    hmac_md5_key_init(&nobody->nt_key, bytes_of(nobody->nt_hash.b, sizeof(nobody->nt_hash.b)));
    return true;
}

/* --- names --------------------------------------------------------------------------------- */

/* A name with a domain in itself, "user@domain", sent with no domain beside it. */
static struct bytes
before_at(struct bytes user_upper)
{
    for (size_t i = 2; i + 1 < user_upper.n; i += 2) {
        if (user_upper.p[i] == '@' && !user_upper.p[i + 1]) {
            return bytes_of(user_upper.p, i);
        }
    }
    return (struct bytes){ 0 };
}

static void
choose_names(struct attempt *t)
{
    struct bytes plain = before_at(t->user_upper);

    t->names[t->n_names++] = t->user_upper;
    t->remembers = sqlite_stamp_is_trusted(t->stamp) && t->claim->kind != ACCOUNT_CHAP_MD5;
    if (plain.n && t->claim->domain.n) {
        t->remembers = false; /* what follows the '@' means something else in this claim */
    } else if (plain.n) {
        t->names[t->n_names++] = plain;
    }
    for (size_t i = 0; i < t->n_names; i++) {
        if (t->names[i].n > NAME_BYTES_MAX) {
            t->names[i] = (struct bytes){ 0 }; /* nobody's; an empty name is nobody's, too */
        }
    }
}

/* --- verdicts ------------------------------------------------------------------------------ */

/* Where failures are counted; those for names that do not exist have words of their own. */
static lockout_word *
word_of(const struct attempt *t, const struct account_record *record)
{
    struct shared_state *shared = sqlite_store_shared(t->authority->store);
    uint32_t sum = 0;

    if (record) {
        return shared_word(shared, record->rid);
    }
    for (size_t i = 0; i < t->user_upper.n; i++) {
        sum = sum * 31 + t->user_upper.p[i];
    }
    return shared_word(shared, sum % SHARED_NO_ACCOUNT_WORDS);
}

/* Why an account may not log on although its password is right; 0: it may. */
static uint32_t
hindrance(const struct attempt *t, const struct account_record *r)
{
    uint64_t now = t->claim->now_100ns;

    if (lockout_look(word_of(t, r), t->authority->lockout, now).locked) {
        return ACCOUNT_LOCKED_OUT;
    }
    if (r->disabled) {
        return ACCOUNT_DISABLED;
    }
    if (r->expires_100ns <= now) {
        return ACCOUNT_EXPIRED;
    }
    if (t->claim->dial_in && !(r->identity && r->identity->may_dial_in)) {
        return ACCOUNT_NO_DIAL_IN;
    }
    return r->password_expires_100ns <= now && !t->changes ? ACCOUNT_PASSWORD_EXPIRED : 0;
}

static bool
is_code(const struct attempt *t)
{
    return t->claim->kind == ACCOUNT_ONE_TIME_CODE;
}

/* What the account claims is right and nothing hinders it. */
static bool
admit(const struct attempt *t, const struct account_record *r)
{
    bool (*pass)(lockout_word *, struct lockout_policy, uint64_t) =
        is_code(t) ? lockout_pass_code : lockout_pass;

    if (!pass(word_of(t, r), t->authority->lockout, t->claim->now_100ns)) {
        t->out->sub_status = ACCOUNT_LOCKED_OUT; /* within these microseconds */
        return false;
    }
    t->out->identity = account_identity_ref(r->identity);
    return true;
}

/* A wrong password or code, counted; record NULL: there is no such account. */
static void
count_failure(const struct attempt *t, const struct account_record *record)
{
    enum lockout_outcome (*fail)(lockout_word *, struct lockout_policy, uint64_t) =
        is_code(t) ? lockout_fail_code : lockout_fail;
    enum lockout_outcome outcome =
        fail(word_of(t, record), t->authority->lockout, t->claim->now_100ns);

    if (!record) {
        t->out->sub_status = ACCOUNT_NO_SUCH_USER;
        return;
    }
    t->out->sub_status =
        outcome == LOCKOUT_WAS_LOCKED ? ACCOUNT_LOCKED_OUT : ACCOUNT_WRONG_PASSWORD;
    t->out->locked_out_now = outcome == LOCKOUT_LOCKED_NOW;
}

/* Whom a refusal is about. */
static void
name_account(const struct attempt *t, const struct account_record *r)
{
    (void)snprintf(t->out->sid, sizeof(t->out->sid), "%s", r->identity->sid);
}

/* --- the two rounds ------------------------------------------------------------------------ */

/* From the cache. Nothing is decided here but that the response is right: with no account at hand
 * the work is done all the same. */
static bool
prove_from_cache(const struct attempt *t)
{
    SEC_AUTO(account_record) held = { 0 };
    bool cached = t->remembers && cache_get(t->authority->cache, t->user_upper, t->stamp, &held);
    bool usable = cached && !hindrance(t, &held);
    const struct account_record *r = usable ? &held : &t->authority->nobody;
    bool right = proof_check(r, t->claim, t->user_upper, false, t->out);

    return right && usable && admit(t, r);
}

/* What the store's answer is worth. */
static sec_status
judge(const struct attempt *t, const struct account_record *r, bool found)
{
    uint32_t hindered = hindrance(t, r);
    bool right = proof_check(r, t->claim, t->user_upper, hindered, t->out) && found;

    if (right) {
        t->out->sub_status = hindered;
        if (!t->out->sub_status && admit(t, r)) {
            if (t->remembers) {
                cache_put(t->authority->cache, t->user_upper, t->stamp, r);
            }
            return SEC_E_OK;
        }
    } else {
        t->out->no_clear_text = found && t->claim->kind == ACCOUNT_CHAP_MD5 && !r->clear_text;
        count_failure(t, found ? r : NULL);
    }
    if (found) {
        name_account(t, r);
    }
    return SEC_E_LOGON_DENIED;
}

/* From the store, into *held. */
static sec_status
prove_from_store(const struct attempt *t, struct account_record *held)
{
    struct sqlite_authority *a = t->authority;
    struct clear_text text;
    bool wants_text = t->claim->kind == ACCOUNT_CHAP_MD5;
    bool found = false;
    sec_status status;

    text.n = 0;
    status = sqlite_store_find(a->store, t->names, t->n_names, held,
                               (struct sqlite_wanted){ .clear_text = wants_text ? &text : NULL },
                               &found);
    if (status == SEC_E_OK) {
        held->clear_text = text.n ? &text : NULL;
        status = judge(t, found ? held : &a->nobody, found);
    }
    held->clear_text = NULL;
    if (wants_text) {
        secret_wipe(&text, sizeof(text));
    }
    return status;
}

/* --- one-time codes ------------------------------------------------------------------------ */

/* A right code: first it is used up, down to the disk, then the account is let in. */
static sec_status
admit_code(const struct attempt *t, const struct account_record *r, const struct store_code *code,
           uint64_t moment)
{
    bool used = false;
    sec_status status = store_code_use(t->authority->path, code, moment, &used);

    if (status != SEC_E_OK) {
        return status;
    }
    if (!used) {
        t->out->used_code = true;
        count_failure(t, r);
        return SEC_E_LOGON_DENIED;
    }
    return admit(t, r) ? SEC_E_OK : SEC_E_LOGON_DENIED;
}

static sec_status
judge_code(const struct attempt *t, const struct account_record *r, bool found,
           const struct store_code *code)
{
    uint32_t hindered = hindrance(t, r);
    bool has = found && code->code.n;
    struct one_time_code_verdict v;

    if (!one_time_code_check(has ? &code->code : &t->authority->no_code, t->claim->password,
                             t->claim->now_100ns, &v)) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: a code is not computed");
    }
    if (v.right && has) {
        t->out->sub_status = hindered;
        return hindered ? SEC_E_LOGON_DENIED : admit_code(t, r, code, v.moment);
    }
    t->out->no_code = found && !has;
    t->out->used_code = v.used && has;
    count_failure(t, found ? r : NULL);
    return SEC_E_LOGON_DENIED;
}

/* Always from the store: what is used up is there alone. */
static sec_status
prove_code(const struct attempt *t)
{
    SEC_AUTO(account_record) held = { 0 };
    struct sqlite_authority *a = t->authority;
    struct store_code code = { 0 };
    bool found = false;
    sec_status status = sqlite_store_find(a->store, t->names, t->n_names, &held,
                                          (struct sqlite_wanted){ .code = &code }, &found);

    if (status == SEC_E_OK) {
        status = judge_code(t, found ? &held : &a->nobody, found, &code);
    }
    if (status == SEC_E_LOGON_DENIED && found) {
        name_account(t, &held);
    }
    secret_wipe(&code, sizeof(code));
    return status;
}

/* Once a second somebody sees whether the database was put aside or changed with other tools,
 * which raise no generation. */
static void
check_store(struct sqlite_authority *a, uint64_t now_100ns)
{
    uint64_t then = atomic_load_explicit(&a->checked_100ns, memory_order_relaxed);
    uint64_t apart = now_100ns > then ? now_100ns - then : then - now_100ns;

    if (apart >= CLOCK_SECOND_100NS &&
        atomic_compare_exchange_strong(&a->checked_100ns, &then, now_100ns)) {
        sqlite_store_check(a->store);
    }
}

/* upper: for the user's name, and to be cleared by the caller. */
static sec_status
begin(struct attempt *t, struct account_authority *door, struct wire_writer *upper)
{
    t->authority = (struct sqlite_authority *)door;
    utf16_put_upper(upper, t->claim->user);
    if (wire_writer_status(upper) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    t->user_upper = wire_written(upper);
    check_store(t->authority, t->claim->now_100ns);
    t->stamp = sqlite_store_stamp(t->authority->store);
    choose_names(t);
    return SEC_E_OK;
}

static sec_status
prove(struct account_authority *door, const struct account_claim *claim, struct account_proof *out)
{
    uint8_t upper[NAME_BYTES_MAX];
    SEC_AUTO(wire_writer) user = wire_writer_growing(upper, sizeof(upper));
    SEC_AUTO(account_record) held = { 0 };
    struct attempt t = { .claim = claim, .out = out };
    sec_status status = begin(&t, door, &user);

    if (status != SEC_E_OK) {
        return status;
    }
    if (is_code(&t)) {
        return prove_code(&t);
    }
    if (prove_from_cache(&t)) {
        return SEC_E_OK;
    }
    return prove_from_store(&t, &held);
}

/* --- changing a password ------------------------------------------------------------------- */

static sec_status
set_password(struct sqlite_authority *a, const struct account_record *proven, struct bytes password)
{
    const struct account_admin_options options = { .accounts = a->options };
    struct account_admin *admin = NULL;
    sec_status status = admin_store_open(&options, a->path, &admin);

    if (status == SEC_E_OK) {
        status = admin_store_set_own_password(
            admin, &(struct admin_proven){ proven->rid, proven->key_version }, password);
    }
    account_admin_close(admin);
    return status;
}

/* Between the proof and the change nothing is locked: keys are derived meanwhile. The change is made
 * only where the password that was proven is still the account's. */
static sec_status
change_password(struct account_authority *door, const struct account_new_password *wanted,
                struct account_proof *out)
{
    uint8_t upper[NAME_BYTES_MAX];
    SEC_AUTO(wire_writer) user = wire_writer_growing(upper, sizeof(upper));
    SEC_AUTO(account_record) held = { 0 };
    const struct account_claim claim = { .kind = ACCOUNT_PASSWORD,
                                         .user = wanted->user,
                                         .domain = wanted->domain,
                                         .password = wanted->old_password,
                                         .now_100ns = wanted->now_100ns };
    struct attempt t = { .claim = &claim, .out = out, .changes = true };
    sec_status status = begin(&t, door, &user);

    t.remembers = false; /* what is proven is about to be over */
    if (status == SEC_E_OK) {
        status = prove_from_store(&t, &held);
    }
    if (status == SEC_E_OK) {
        name_account(&t, &held);
        status = set_password(t.authority, &held, wanted->password);
    }
    return status;
}

/* --- names and SIDs ------------------------------------------------------------------------ */

static sec_status
look_up(struct account_authority *door, struct bytes name, const char *sid,
        struct account_entry *out)
{
    struct sqlite_authority *a = (struct sqlite_authority *)door;
    uint8_t held[NAME_BYTES_MAX];
    SEC_AUTO(wire_writer) upper = wire_writer_growing(held, sizeof(held));
    bool found = false;
    sec_status status;

    utf16_put_upper(&upper, name);
    if (wire_writer_status(&upper) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = sqlite_store_look_up(a->store, wire_written(&upper), sid, out, &found);
    return status == SEC_E_OK && !found
               ? sec_fail(SEC_E_TARGET_UNKNOWN, "accounts: there is no such account or group")
               : status;
}

/* --- opening ------------------------------------------------------------------------------- */

static sec_status
open_authority(const struct account_options *options, const char *path,
               struct account_authority **out)
{
    static const struct account_authority_ops ops = { .prove = prove,
                                                      .change_password = change_password,
                                                      .look_up = look_up,
                                                      .close = close_authority };
    SEC_AUTO(sqlite_authority) *a = mem_new(sizeof(*a));

    if (!options->key_file) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "accounts: key_file: the store %s needs one",
                        options->store);
    }
    if (!a) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    a->door.ops = &ops;
    a->path = mem_dup(path, strlen(path));
    a->key_file = mem_dup(options->key_file, strlen(options->key_file));
    a->domain = mem_dup(options->domain.p, options->domain.n);
    if (!a->path || !a->key_file || !a->domain) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    a->options = *options;
    a->options.store = NULL; /* a->path says where it is */
    a->options.key_file = a->key_file;
    a->options.domain = bytes_of(a->domain, options->domain.n);
    a->lockout = (struct lockout_policy){ options->lockout_threshold, options->lockout_minutes };
    a->cache = cache_new();
    a->store = sqlite_store_new(&(struct sqlite_store_options){
        .path = a->path,
        .key_file = a->key_file,
        .domain = bytes_of(a->domain, options->domain.n),
        .lm_hashes = options->keep_lm_hashes,
    });
    if (!a->cache || !a->store || !make_nobody(&a->nobody, &a->no_code)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *out = &sec_steal(&a)->door;
    return SEC_E_OK;
}

const struct store_kind sqlite_authority_kind = {
    .scheme = "sqlite:",
    .open_authority = open_authority,
    .open_admin = admin_store_open,
};
