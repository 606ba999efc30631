/* SPDX-License-Identifier: Apache-2.0 */
/* What a KDC does, without one: keys and tickets that are the same in every run. Links neither
 * src/ticket nor what stands in for it. */
#ifndef TESTS_SUPPORT_FAKE_KDC_H
#define TESTS_SUPPORT_FAKE_KDC_H

#include "codec/krb_msg.h"
#include "crypto/krb_crypt.h"

/* The long-term key of a principal ("HTTP/web.example.test"). */
void fake_kdc_key(const char *principal, int32_t enctype, uint32_t kvno, struct krb_key *out);
/* A session key; another for each seed. */
void fake_kdc_session_key(uint64_t seed, const char *service, int32_t enctype, struct krb_key *out);
/* A PrincipalName of ASCII text, its parts views of it. */
struct krb_name fake_kdc_name(const char *text, int32_t type);
/* Encrypts under a key with the confounder of a seed; appended to w. */
void fake_kdc_encrypt(uint64_t seed, const struct krb_key *key, uint32_t usage, struct bytes plain,
                      struct wire_writer *w);
/* Appends a Ticket: clear without its cipher, and what is to be encrypted under seal. */
void fake_kdc_put_ticket(struct wire_writer *w, uint64_t seed, const struct krb_ticket *clear,
                         const struct krb_enc_ticket *part, const struct krb_key *seal);

#endif
