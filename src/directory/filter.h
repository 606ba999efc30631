/* SPDX-License-Identifier: Apache-2.0 */
/* What is searched for when a name is looked up (RFC 4515). */
#ifndef DIRECTORY_FILTER_H
#define DIRECTORY_FILTER_H

#include <opensspi/sspi.h>

#include "base/bytes.h"
#include "base/status.h"
#include "base/wire.h"

/* How a domain is called. UTF-8. */
struct filter_domain {
    const char *dns, *netbios;
};

/* A value as a filter may hold it: nothing in it is read as the filter's own, and it is matched as it
 * is, without wildcards. */
void filter_put_value(struct wire_writer *, struct bytes value);

/* "(attribute=value)", the value escaped. */
void filter_put_equal(struct wire_writer *, const char *attribute, struct bytes value);

/* The format that a name has by its looks; NameUnknown (0): none that this domain could know. */
ULONG filter_guess(const struct filter_domain *, const char *name);

/* A filter for the name, with its NUL; *out is a format other than NameUnknown. What it finds may be more than
 * what the name means. SEC_E_TARGET_UNKNOWN: it is no name of that format, or not this domain's. */
SEC_NODISCARD sec_status filter_put_name(struct wire_writer *, const struct filter_domain *,
                                         ULONG format, const char *name);

#endif
