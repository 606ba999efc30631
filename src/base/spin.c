/* SPDX-License-Identifier: Apache-2.0 */
/* Looking instead of sleeping. */
#include "base/spin.h"

#include <sched.h>

#include "base/clock.h"

enum {
    /* A wait in vain costs what some that are not save. */
    TRUST_MAX = 8,
    VAIN_COST = 4,
    TRY_EVERY = 64, /* waits, where there is no trust; twice as many after a try in vain */
    DOUBLED_MAX = 4,
    PAUSES = 8, /* between two looks, which are system calls */
    /* A thread that was kept from running for so long shares its processor with others, who have a
     * better use for it; so it is left to them for some of their turns. */
    CROWDED_US = 200,
    LEFT_US = 100000,
};

static void
pause_briefly(void)
{
    for (int i = 0; i < PAUSES; i++) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ __volatile__("yield");
#endif
    }
}

bool
spin_is_worth(struct spin *s)
{
    unsigned doubled = atomic_load_explicit(&s->doubled, memory_order_relaxed);
    unsigned every = (unsigned)TRY_EVERY << doubled;

    if (atomic_load_explicit(&s->trust, memory_order_relaxed)) {
        return true;
    }
    return atomic_fetch_add_explicit(&s->skipped, 1, memory_order_relaxed) % every == every - 1 &&
           clock_monotonic_us() >= atomic_load_explicit(&s->crowded_until_us, memory_order_relaxed);
}

static void
set(atomic_uint *to, unsigned value)
{
    if (value != atomic_load_explicit(to, memory_order_relaxed)) {
        atomic_store_explicit(to, value, memory_order_relaxed);
    }
}

/* Threads that lose each other's word for it cost a look or two. */
static void
learn(struct spin *s, bool in_vain)
{
    unsigned trust = atomic_load_explicit(&s->trust, memory_order_relaxed);
    unsigned doubled = atomic_load_explicit(&s->doubled, memory_order_relaxed);

    if (!in_vain) {
        set(&s->trust, trust < TRUST_MAX ? trust + 1 : trust);
        set(&s->doubled, trust < TRUST_MAX ? doubled : 0);
    } else if (trust) {
        set(&s->trust, trust > VAIN_COST ? trust - VAIN_COST : 0);
    } else {
        set(&s->doubled, doubled < DOUBLED_MAX ? doubled + 1 : doubled);
    }
}

bool
spin_wait(struct spin *s, unsigned most_us, spin_look look, void *user)
{
    uint64_t began = clock_monotonic_us(), now = began;
    bool found = look(user);

    while (!found && now - began < most_us) {
        pause_briefly();
        found = look(user);
        now = clock_monotonic_us();
    }
    if (now - began > most_us + CROWDED_US) {
        atomic_store_explicit(&s->crowded_until_us, now + LEFT_US, memory_order_relaxed);
        set(&s->trust, 0);
    } else {
        learn(s, !found);
    }
    return found;
}

unsigned
spin_processors(void)
{
    cpu_set_t may;
    int n = sched_getaffinity(0, sizeof(may), &may) == 0 ? CPU_COUNT(&may) : 1;

    return n > 0 ? (unsigned)n : 1;
}
