/* SPDX-License-Identifier: Apache-2.0 */
/* What a client came with: the mechanisms it lists, and whose token it sent. */
#ifndef NEGOTIATE_OFFER_H
#define NEGOTIATE_OFFER_H

#include "package.h"

/* By an object identifier, tag and length included. */
enum sec_mechanism nego_offer_mechanism(struct bytes oid);
/* By how a first token begins; NONE where it is nobody's that is known. */
enum sec_mechanism nego_offer_token_of(struct bytes token);

/* "Kerberos", "MS-Kerberos", "Kerberos-U2U", "IAKERB", "NTLM", "NegoEx"; "" for the rest. */
const char *nego_offer_name(enum sec_mechanism);

/* A NegTokenInit's list and mechToken. */
struct sec_offer nego_offer_of(struct bytes mech_list, struct bytes mech_token);
/* A first token without SPNEGO. */
struct sec_offer nego_offer_of_raw(struct bytes token);

/* Kerberos by any of its names; IAKERB is not one. */
bool nego_offer_is_kerberos(enum sec_mechanism);
bool nego_offer_has_kerberos(const struct sec_offer *);

/* "MS-Kerberos, NTLM, 1.2.3.4", for a reason. */
enum { NEGO_OFFER_TEXT_BYTES = 128 };
void nego_offer_text(struct bytes mech_list, char text[static NEGO_OFFER_TEXT_BYTES]);

#endif
