/* SPDX-License-Identifier: Apache-2.0 */
/* What samd gives with a proof. */
#include "account/assertions.h"

#include <pthread.h>

#include "base/mem.h"
#include "crypto/random.h"

enum { WORD_BYTES = 16, INDEX_DIGITS = 8 };

struct slot {
    struct account_identity *who; /* NULL: used up, or none yet */
    uid_t asker;
    uint64_t until_ms;
    uint8_t word[WORD_BYTES];
};

struct assertions {
    pthread_mutex_t lock; /* of what follows */
    uint32_t next;
    struct slot slots[ASSERTIONS_MOST];
};

struct assertions *
assertions_new(void)
{
    struct assertions *all = mem_new(sizeof(*all));

    if (all) {
        (void)pthread_mutex_init(&all->lock, NULL);
    }
    return all;
}

static struct account_identity *
empty(struct slot *s)
{
    struct account_identity *who = s->who;

    secret_wipe(s->word, sizeof(s->word));
    s->who = NULL;
    return who;
}

void
assertions_free(struct assertions *all)
{
    for (size_t i = 0; all && i < ASSERTIONS_MOST; i++) {
        account_identity_unref(empty(&all->slots[i]));
    }
    if (all) {
        (void)pthread_mutex_destroy(&all->lock);
        mem_free(all);
    }
}

static char *
put_digits(char *to, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < 2 * n; i++) {
        *to++ = "0123456789abcdef"[i % 2 ? from[i / 2] & 15 : from[i / 2] >> 4];
    }
    return to;
}

static void
put_text(char text[static ASSERTION_TEXT_BYTES], uint32_t at, const uint8_t word[static WORD_BYTES])
{
    const uint8_t index[INDEX_DIGITS / 2] = { (uint8_t)(at >> 24), (uint8_t)(at >> 16),
                                              (uint8_t)(at >> 8), (uint8_t)at };

    text = put_digits(text, index, sizeof(index));
    text = put_digits(text, word, WORD_BYTES);
    *text = 0;
}

bool
assertion_issue(struct assertions *all, const struct account_identity *who, uid_t asker,
                uint64_t now_ms, char text[static ASSERTION_TEXT_BYTES])
{
    struct slot fresh = { .asker = asker, .until_ms = now_ms + ASSERTION_MS };
    struct account_identity *before;
    uint32_t at;

    if (!random_bytes(fresh.word, sizeof(fresh.word))) {
        text[0] = 0;
        return false;
    }
    fresh.who = account_identity_ref(who);
    (void)pthread_mutex_lock(&all->lock);
    at = all->next;
    all->next = (at + 1) % ASSERTIONS_MOST;
    before = empty(&all->slots[at]);
    all->slots[at] = fresh;
    (void)pthread_mutex_unlock(&all->lock);
    account_identity_unref(before);
    put_text(text, at, fresh.word);
    secret_wipe(fresh.word, sizeof(fresh.word));
    return true;
}

static bool
take_digits(const char *text, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (digit < 0) {
            return false;
        }
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | digit : digit << 4);
    }
    return true;
}

/* As it was written: there is one form of it. */
static bool
take_text(const char *text, uint32_t *at, uint8_t word[static WORD_BYTES])
{
    uint8_t index[INDEX_DIGITS / 2];

    if (strlen(text) != ASSERTION_TEXT_BYTES - 1 || !take_digits(text, INDEX_DIGITS, index) ||
        !take_digits(text + INDEX_DIGITS, 2 * (size_t)WORD_BYTES, word)) {
        return false;
    }
    *at = (uint32_t)index[0] << 24 | (uint32_t)index[1] << 16 | (uint32_t)index[2] << 8 | index[3];
    return *at < ASSERTIONS_MOST;
}

struct account_identity *
assertion_redeem(struct assertions *all, const char *text, uid_t asker, uint64_t now_ms)
{
    struct account_identity *who = NULL;
    uint8_t word[WORD_BYTES];
    struct slot *s;
    uint32_t at;
    bool good;

    if (!take_text(text, &at, word)) {
        return NULL;
    }
    s = &all->slots[at];
    (void)pthread_mutex_lock(&all->lock);
    if (s->who && secret_equal(word, s->word, WORD_BYTES)) {
        good = s->asker == asker && now_ms < s->until_ms;
        who = empty(s); /* whoever came with it */
        if (!good) {
            account_identity_unref(who);
            who = NULL;
        }
    }
    (void)pthread_mutex_unlock(&all->lock);
    secret_wipe(word, sizeof(word));
    return who;
}
