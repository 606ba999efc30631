/* SPDX-License-Identifier: Apache-2.0 */
/* Security packages under a test's control: as many tokens as it says, with integrity or without,
 * failing where it says. What they protect is protected by a checksum: tampering is found, keys
 * are not. The one named Trial answers SEC_I_COMPLETE_NEEDED and SEC_I_COMPLETE_AND_CONTINUE: its
 * tokens carry no checksum until CompleteAuthToken has put one in, and the peer looks for it. */
#ifndef TESTS_SUPPORT_FAKE_MECH_H
#define TESTS_SUPPORT_FAKE_MECH_H

#include <stddef.h>
#include <stdint.h>

#include "package.h"

enum { FAKE_MECHS = 3 };

struct fake_mech {
    struct sec_package package; /* what the package under test is given */
    struct sec_package_ops ops;
    struct bytes oids[2], other_oid;

    /* What it does. Tokens count from 1, the initiator's first. */
    unsigned tokens; /* of a whole exchange: 1 as Kerberos without mutual authentication,
                              * 2 with it, 3 as NTLM */
    bool integrity;  /* granted to an initiator that asks */
    bool wants_mic;
    bool amends; /* SEC_I_COMPLETE_* */
    bool half_duplex;
    uint32_t grants;          /* enum sec_flag, beside integrity */
    sec_status acquire_fails; /* 0: it does not */
    unsigned fails_at;        /* whoever is to make or take this token fails; 0: nobody */
    sec_status fails_with;
    bool error_token;  /* and sends "sorry" */
    int32_t krb_error; /* and has this from a KDC */
    bool names_nobody;
    size_t token_bytes; /* tokens are padded to this size */

    /* What was done with it. */
    int live_creds, live_contexts; /* acquired or opened, and not freed */
    unsigned steps, mics_made, mics_checked;
    uint32_t wanted; /* by the last step */
};

/* Alpha (1.2.3.1, and 1.2.3.11 as a second name), Beta (1.2.3.2), Gamma (1.2.3.3): two tokens,
 * integrity, no wish for MICs. Their raw tokens begin with the name and a NUL. */
extern struct fake_mech fake_mechs[FAKE_MECHS];
/* 1.2.3.9: three tokens, each to be completed. */
extern struct fake_mech fake_trial;

/* All four as they are described above. */
void fake_mech_reset(void);
/* Alpha is called Kerberos and has its object identifiers, Microsoft's first, and the one of
 * user-to-user for acceptors alone; Beta is called NTLM and has its own. */
void fake_mech_play_windows(void);

#endif
