/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto floor: what any implementation of NTLM and of Kerberos must compute, on bare nettle,
 * with nothing around it. */
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

/* --- Kerberos (floor_kerberos.c) ----------------------------------------------------------- */

enum floor_kerberos_type { FLOOR_AES256_SHA1, FLOOR_AES256_SHA384 };

/* The acceptor's side of an AP exchange, AP-REQ in and AP-REP out: ticket, PAC's checksum,
 * authenticator and reply, with the session key's derivations and fresh random. The service's keys
 * are at hand. */
double floor_kerberos_accept(void *type, long n);

/* A message as RFC 4121 wraps it: confounder, so many bytes, the token's header. */
struct floor_kerberos_message {
    enum floor_kerberos_type type;
    size_t size;
};

double floor_kerberos_seal(void *message, long n);
double floor_kerberos_open(void *message, long n);
/* The checksum of a MIC. */
double floor_kerberos_sign(void *message, long n);

#endif
