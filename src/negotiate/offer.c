/* SPDX-License-Identifier: Apache-2.0 */
/* What a client came with. Windows' and others' mechanisms are told apart here although most of
 * them are not taken: which of them a client offers tells what is wrong on its side. */
#include "negotiate/offer.h"

#include <stdio.h>

#include "base/der.h"
#include "codec/gss_krb.h"
#include "codec/spnego_msg.h"

static const uint8_t ntlm_der[] = { 0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04,
                                    0x01, 0x82, 0x37, 0x02, 0x02, 0x0A };
static const struct bytes ntlm_oid = { ntlm_der, sizeof(ntlm_der) };

static const struct {
    const struct bytes *oid;
    const char *name;
} known[SEC_MECHANISMS] = {
    [SEC_MECHANISM_KRB5] = { &gss_krb5_oid, "Kerberos" },
    [SEC_MECHANISM_MS_KRB5] = { &gss_ms_krb5_oid, "MS-Kerberos" },
    [SEC_MECHANISM_KRB5_U2U] = { &gss_krb5_u2u_oid, "Kerberos-U2U" },
    [SEC_MECHANISM_IAKERB] = { &gss_iakerb_oid, "IAKERB" },
    [SEC_MECHANISM_NTLM] = { &ntlm_oid, "NTLM" },
    [SEC_MECHANISM_NEGOEX] = { &spnego_negoex_oid, "NegoEx" },
};

/* How tokens begin that have no frame with an object identifier. DCE style sends a bare AP-REQ,
 * [APPLICATION 14]. */
static const struct {
    const char *prefix;
    size_t n;
    enum sec_mechanism mechanism;
} beginnings[] = {
    { "NTLMSSP", 8, SEC_MECHANISM_NTLM },
    { "NEGOEXTS", 8, SEC_MECHANISM_NEGOEX },
    { "\x6E", 1, SEC_MECHANISM_KRB5 },
};

enum sec_mechanism
nego_offer_mechanism(struct bytes oid)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(known); i++) {
        if (known[i].oid && bytes_equal(*known[i].oid, oid)) {
            return (enum sec_mechanism)i;
        }
    }
    return SEC_MECHANISM_OTHER;
}

enum sec_mechanism
nego_offer_token_of(struct bytes token)
{
    struct bytes oid = spnego_token_mech(token);

    for (size_t i = 0; i < SEC_ARRAY_LEN(beginnings); i++) {
        if (bytes_starts_with(token, bytes_of(beginnings[i].prefix, beginnings[i].n))) {
            return beginnings[i].mechanism;
        }
    }
    return oid.n ? nego_offer_mechanism(oid) : SEC_MECHANISM_NONE;
}

const char *
nego_offer_name(enum sec_mechanism m)
{
    return known[m].name ? known[m].name : "";
}

struct sec_offer
nego_offer_of(struct bytes mech_list, struct bytes mech_token)
{
    struct sec_offer offer = { .token = (uint8_t)nego_offer_token_of(mech_token) };
    struct wire_reader mechs = spnego_mechs_of(mech_list);
    struct bytes mech;

    for (size_t i = 0; i < SEC_OFFERED_MAX && spnego_next_mech(&mechs, &mech); i++) {
        offer.mechanisms[i] = (uint8_t)nego_offer_mechanism(mech);
    }
    return offer;
}

struct sec_offer
nego_offer_of_raw(struct bytes token)
{
    return (struct sec_offer){ .token = (uint8_t)nego_offer_token_of(token), .raw = true };
}

bool
nego_offer_is_kerberos(enum sec_mechanism m)
{
    return m == SEC_MECHANISM_KRB5 || m == SEC_MECHANISM_MS_KRB5 || m == SEC_MECHANISM_KRB5_U2U;
}

bool
nego_offer_has_kerberos(const struct sec_offer *offer)
{
    for (size_t i = 0; i < SEC_OFFERED_MAX; i++) {
        if (nego_offer_is_kerberos((enum sec_mechanism)offer->mechanisms[i])) {
            return true;
        }
    }
    return false;
}

/* "Kerberos", or the numbers of an identifier that has no name here. */
static void
name_of(struct bytes mech, char name[static DER_OID_TEXT_BYTES])
{
    enum sec_mechanism m = nego_offer_mechanism(mech);

    if (m == SEC_MECHANISM_OTHER) {
        der_oid_text(mech, name);
    } else {
        (void)snprintf(name, DER_OID_TEXT_BYTES, "%s", nego_offer_name(m));
    }
}

void
nego_offer_text(struct bytes mech_list, char text[static NEGO_OFFER_TEXT_BYTES])
{
    struct wire_reader mechs = spnego_mechs_of(mech_list);
    char name[DER_OID_TEXT_BYTES];
    struct bytes mech;
    size_t used = 0;

    (void)snprintf(text, NEGO_OFFER_TEXT_BYTES, "none");
    while (used < NEGO_OFFER_TEXT_BYTES - DER_OID_TEXT_BYTES - 8 &&
           spnego_next_mech(&mechs, &mech)) {
        name_of(mech, name);
        used += (size_t)snprintf(text + used, NEGO_OFFER_TEXT_BYTES - used, "%s%s",
                                 used ? ", " : "", name);
    }
    if (wire_left(&mechs)) {
        (void)snprintf(text + used, NEGO_OFFER_TEXT_BYTES - used, ", …");
    }
}
