/* SPDX-License-Identifier: Apache-2.0 */
/* Target names, as callers of InitializeSecurityContext spell them. Pure; views into the input. */
#ifndef TICKET_TARGET_H
#define TICKET_TARGET_H

#include "base/attributes.h"
#include "base/bytes.h"
#include "codec/krb_msg.h"

enum target_kind {
    TARGET_SERVICE,    /* service/host, service/host:port, service/host/name: taken literally */
    TARGET_HOST_BASED, /* service@host: made canonical as krb5.conf has it */
    TARGET_PRINCIPAL,  /* user@REALM, UPN: user-to-user, or a service account's own name */
};

enum target_fault {
    TARGET_GOOD,
    TARGET_EMPTY,
    TARGET_NO_SPN,  /* neither '/' nor '@' */
    TARGET_ADDRESS, /* service/192.0.2.1: nobody registers addresses; Windows does not ask either */
    TARGET_MALFORMED,
};

struct target {
    enum target_kind kind;
    struct krb_name name; /* TARGET_HOST_BASED: service and host */
    struct bytes realm;   /* empty: none was named */
    struct bytes host;    /* without a port; TARGET_PRINCIPAL: empty */
};

/* UTF-8. user: the name is a user's, whatever stands behind '@'. Otherwise user@REALM is told from
 * service@host by the case: realms are in capital letters. A UPN that is not is taken for
 * service@host, and its realm is empty. */
SEC_NODISCARD enum target_fault target_parse(struct target *, struct bytes text, bool user);
/* "is no service principal name" and so on. Static. */
const char *target_fault_text(enum target_fault);

#endif
