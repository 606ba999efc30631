/* SPDX-License-Identifier: Apache-2.0 */
/* Looking instead of sleeping. */
#include "base/spin.h"

#include <sched.h>

#include "base/clock.h"

enum {
    TRUST = 4,      /* so many waits in vain after one that was not */
    TRY_EVERY = 64, /* waits, where there is no trust */
    PAUSES = 8,     /* between two looks, which are system calls */
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
    if (atomic_load_explicit(&s->trust, memory_order_relaxed)) {
        return true;
    }
    return atomic_fetch_add_explicit(&s->skipped, 1, memory_order_relaxed) % TRY_EVERY ==
               TRY_EVERY - 1 &&
           clock_monotonic_us() >= atomic_load_explicit(&s->crowded_until_us, memory_order_relaxed);
}

/* Threads that lose each other's word for it cost a look or two. */
static void
learn(struct spin *s, unsigned trust)
{
    if (trust != atomic_load_explicit(&s->trust, memory_order_relaxed)) {
        atomic_store_explicit(&s->trust, trust, memory_order_relaxed);
    }
}

bool
spin_wait(struct spin *s, unsigned most_us, spin_look look, void *user)
{
    uint64_t began = clock_monotonic_us(), now = began;
    unsigned trust = atomic_load_explicit(&s->trust, memory_order_relaxed);
    bool found = look(user);

    while (!found && now - began < most_us) {
        pause_briefly();
        found = look(user);
        now = clock_monotonic_us();
    }
    if (now - began > most_us + CROWDED_US) {
        atomic_store_explicit(&s->crowded_until_us, now + LEFT_US, memory_order_relaxed);
        learn(s, 0);
    } else {
        learn(s, found ? TRUST : trust ? trust - 1 : 0);
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
