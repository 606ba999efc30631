/* SPDX-License-Identifier: Apache-2.0 */
/* Names of principals, as people write them. Pure; views into the input. */
#ifndef TICKET_PRINCIPAL_H
#define TICKET_PRINCIPAL_H

#include "codec/krb_msg.h"

/* "HTTP/web.example.test@EXAMPLE.TEST", UTF-8; without a realm it is empty. The last '@' divides.
 * false: a part is empty, or there are more than KRB_NAME_PARTS_MAX. */
SEC_NODISCARD bool principal_split(struct bytes text, struct krb_name *name, struct bytes *realm);

/* The same, where the parts behind the first, which are a host's name, are compared without
 * case. */
bool principal_names_equal(const struct krb_name *, const struct krb_name *);

#endif
