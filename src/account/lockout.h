/* SPDX-License-Identifier: Apache-2.0 */
/* The lock-out of one account as one word that processes share: how many wrong passwords and
 * one-time codes, when the last one that counted, and whether that locked the account. */
#ifndef ACCOUNT_LOCKOUT_H
#define ACCOUNT_LOCKOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lockout_policy {
    unsigned threshold; /* 0: never */
    /* How long failures count, and how long an account stays locked; 0: until it is unlocked. */
    unsigned minutes;
};

typedef _Atomic uint64_t lockout_word;

struct lockout_view {
    unsigned failures; /* of both kinds, that still count */
    bool locked;
    uint64_t last_100ns, until_100ns; /* of the last failure; the end of the lock-out */
};

struct lockout_view lockout_look(lockout_word *, struct lockout_policy, uint64_t now_100ns);

enum lockout_outcome {
    LOCKOUT_COUNTED,
    LOCKOUT_LOCKED_NOW, /* this failure was the one: told to one caller only */
    LOCKOUT_WAS_LOCKED, /* a locked account counts no failures: the lock-out ends in its time */
};

/* A wrong password. */
enum lockout_outcome lockout_fail(lockout_word *, struct lockout_policy, uint64_t now_100ns);
/* The right one: forgets the wrong ones. false: the account is locked all the same. */
bool lockout_pass(lockout_word *, struct lockout_policy, uint64_t now_100ns);
/* The same for one-time codes. Both kinds count towards one threshold, but a right password forgets
 * no wrong codes and a right code no wrong passwords: who has one could else guess the other for
 * ever. */
enum lockout_outcome lockout_fail_code(lockout_word *, struct lockout_policy, uint64_t now_100ns);
bool lockout_pass_code(lockout_word *, struct lockout_policy, uint64_t now_100ns);
/* An operator unlocks it. */
void lockout_clear(lockout_word *);

#endif
