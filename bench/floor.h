/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto floor: what any implementation of NTLM must compute, on bare nettle, with nothing
 * around it. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stddef.h>

/* Both sides of an NTLMv2 handshake with MIC, key exchange, four session keys, two RC4 states a
 * side and fresh random; with_mics: and SPNEGO's four MICs. state: NULL, or anything for with MICs. */
double floor_handshake(void *with_mics, long n);
/* The same, and a sealed message of 16 bytes each way, at both sides. */
double floor_used_handshake(void *unused, long n);

/* A message of *(size_t *)state bytes: RC4 over it, HMAC-MD5 over it and its number. */
double floor_seal(void *size, long n);
/* The HMAC and its 8 bytes of RC4 alone. */
double floor_sign(void *size, long n);

#endif
