/* SPDX-License-Identifier: Apache-2.0 */
/* Challenges, by what the responses to them are computed over. */
#include "samd/challenges.h"

#include "account/proof.h"
#include "base/clock.h"
#include "base/mem.h"
#include "codec/ntlm_msg.h"
#include "crypto/digest.h"
#include "crypto/mschap_key.h"
#include "crypto/ntlm_key.h"
#include "ticket/replay.h"

enum {
    /* NTLMv2's: at 5000 a second of the last 52 seconds, of the last half an hour up to 145 a second.
     * Of 50 bytes each, as they come. */
    WITH_TIME_MAX = 1 << 18,
    WITHOUT_TIME_MAX = 1 << 16,
    AHEAD_SECONDS = 1, /* the clock is this machine's, but may be set back a little */
};

struct challenges {
    struct replay *with_time, *without_time;
};

/* --- life ---------------------------------------------------------------------------------- */

static bool
open_table(size_t capacity, uint64_t ahead, struct replay **out)
{
    const struct replay_options options = { .capacity = capacity };

    if (replay_open(&options, out) != SEC_E_OK) {
        return false;
    }
    replay_let_oldest_go(*out, ahead * CLOCK_SECOND_100NS);
    return true;
}

struct challenges *
challenges_new(void)
{
    struct challenges *all = mem_new(sizeof(*all));

    if (all && open_table(WITH_TIME_MAX, AHEAD_SECONDS, &all->with_time) &&
        open_table(WITHOUT_TIME_MAX, 0, &all->without_time)) {
        return all;
    }
    challenges_free(all);
    return NULL;
}

void
challenges_free(struct challenges *all)
{
    if (all) {
        replay_close(all->with_time);
        replay_close(all->without_time);
        mem_free(all);
    }
}

/* --- names --------------------------------------------------------------------------------- */

_Static_assert((int)TICKET_REPLAY_HASH_BYTES == (int)MD5_BYTES, "a digest is a name");

/* What a response to MS-CHAPv2, or to NTLMv1 with extended session security, is computed over is
 * derived, and could be named as another kind's challenge: so that is what is remembered, of all kinds
 * alike. LM's and NTLM's responses to one challenge are then one, too. false: there is none. */
static bool
name_of(const struct account_claim *claim, uint8_t name[static TICKET_REPLAY_HASH_BYTES])
{
    const struct bytes own = bytes_of(claim->server_challenge, sizeof(claim->server_challenge));
    uint8_t first[MSCHAP_V2_CHALLENGE_BYTES] = { 0 }, second[MSCHAP_V2_CHALLENGE_BYTES] = { 0 };
    bool whole = true; /* or the proof refuses it */

    if (claim->kind == ACCOUNT_PASSWORD || claim->kind == ACCOUNT_ONE_TIME_CODE) {
        return false;
    }
    if (claim->kind == ACCOUNT_CHAP_MD5) {
        digest_md5((const struct bytes[]){ { &claim->chap_id, 1 }, claim->challenge }, 2, name);
        return true;
    }
    if (claim->kind == ACCOUNT_MSCHAP_V2) {
        whole = proof_take(claim->challenge, first, sizeof(first)) &&
                proof_take(claim->peer_challenge, second, sizeof(second));
        mschap_key_challenge(second, first, claim->peer_name, first);
    } else if (claim->kind == ACCOUNT_NTLM_V1_ESS) {
        whole = proof_take(claim->lm_response, second, NTLM_CHALLENGE_BYTES);
        digest_md5((const struct bytes[]){ own, bytes_of(second, NTLM_CHALLENGE_BYTES) }, 2, first);
    } else {
        bytes_copy(first, own.p, own.n);
    }
    (void)whole;
    for (size_t i = 0; i < TICKET_REPLAY_HASH_BYTES; i++) {
        name[i] = i < NTLM_CHALLENGE_BYTES ? first[i] : 0;
    }
    return true;
}

/* --- taking -------------------------------------------------------------------------------- */

/* When the CHALLENGE was made that this answers, by its maker's clock, which is this machine's: the
 * client gives it back under its proof ([MS-NLMP] 3.1.5.1.2). The client's own time stamp says
 * nothing here. */
static bool
made_at(const struct account_claim *claim, uint64_t *made_100ns)
{
    struct ntlm_v2_response v2;

    if (ntlm_v2_response_decode(&v2, claim->nt_response) != WIRE_OK ||
        !ntlm_av_has(&v2.av, NTLM_AV_TIMESTAMP)) {
        (void)sec_fail(0, "accounts: the response has no time stamp of its challenge");
        return false;
    }
    *made_100ns = v2.av.timestamp_100ns;
    if (*made_100ns > claim->now_100ns + AHEAD_SECONDS * CLOCK_SECOND_100NS ||
        claim->now_100ns > *made_100ns + CHALLENGE_SECONDS * CLOCK_SECOND_100NS) {
        (void)sec_fail(0, "accounts: the response's challenge is not of now");
        return false;
    }
    return true;
}

static enum challenge_verdict
verdict_of(enum ticket_replay_verdict v)
{
    switch (v) {
    case TICKET_FRESH: return CHALLENGE_FIRST;
    case TICKET_REPLAYED:
        (void)sec_fail(0, "accounts: the challenge was answered before");
        return CHALLENGE_AGAIN;
    case TICKET_BEFORE_START:
        (void)sec_fail(0, "accounts: the challenge is older than what is remembered");
        return CHALLENGE_NOT_OF_NOW;
    default: return CHALLENGE_BROKEN;
    }
}

/* What has no time is in both tables: NTLMv2's response to the same challenge is not to follow. */
enum challenge_verdict
challenge_take(struct challenges *all, const struct account_claim *claim)
{
    uint64_t now_100ns = claim->now_100ns, made_100ns = now_100ns;
    bool has_time = claim->kind == ACCOUNT_NTLM_V2;
    uint8_t name[TICKET_REPLAY_HASH_BYTES];
    enum challenge_verdict v;

    if (!name_of(claim, name)) {
        return CHALLENGE_FIRST;
    }
    if (has_time && !made_at(claim, &made_100ns)) {
        return CHALLENGE_NOT_OF_NOW;
    }
    v = verdict_of(replay_check(all->with_time, name, made_100ns, now_100ns));
    if (v == CHALLENGE_FIRST && !has_time) {
        v = verdict_of(replay_check(all->without_time, name, now_100ns, now_100ns));
    }
    return v;
}
