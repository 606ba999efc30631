/* SPDX-License-Identifier: Apache-2.0 */
/* sspid in the realm (kerberos_realm.h) on loopback, and clients that log on with new connections.
 * Whatever fails ends the program. */
#ifndef BENCH_KERBEROS_WEB_H
#define BENCH_KERBEROS_WEB_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/wire.h"
#include "bench/kerberos_realm.h"
#include "bench/server.h"

struct kerberos_web_sspid {
    pid_t pid;
    uint16_t http, framed;
};

/* more: lines for both listeners. */
struct kerberos_web_sspid kerberos_web_start_sspid(const char *name, const char *loops,
                                                   const char *more);

enum { KERBEROS_WEB_BATCH = 500 };

/* Logons, made before they are timed. */
struct kerberos_web_visitor {
    uint16_t port;
    int framed; /* a token in a frame, instead of an HTTP request */
    struct kerberos_maker *maker;
    struct wire_writer requests;
    size_t at[KERBEROS_WEB_BATCH + 1];
};

struct kerberos_web_visitor *kerberos_web_visitor_new(uint16_t port, int framed,
                                                      unsigned ahead_seconds);
/* Makes so many, KERBEROS_WEB_BATCH at most. */
void kerberos_web_prepare(struct kerberos_web_visitor *visitor, long n);
/* Logs on with the one at i of those, on a connection of its own. */
void kerberos_web_visit(struct kerberos_web_visitor *visitor, long i);
/* harness_run */
double kerberos_web_visits(void *visitor, long n);

#endif
