/* SPDX-License-Identifier: Apache-2.0 */
/* Service principal names, as configured and as sent. */
#include "base/spn.h"

#include "base/utf16.h"

/* One part of a name, up to the separator or the end, which it is cut off from. */
static struct bytes
cut(struct bytes *name, uint16_t separator)
{
    struct bytes part = *name;

    for (size_t i = 0; i + 1 < name->n; i += 2) {
        if (wire_load_le16(name->p + i) == separator) {
            part.n = i;
            *name = bytes_of(name->p + i + 2, name->n - i - 2);
            return part;
        }
    }
    *name = bytes_of(NULL, 0);
    return part;
}

bool
spn_matches(struct bytes own, struct bytes sent)
{
    struct bytes own_class = cut(&own, '/'), sent_class = cut(&sent, '/');
    struct bytes own_host = cut(&own, '/'), sent_host = cut(&sent, '/');
    struct bytes own_port = own_host, sent_port = sent_host;

    own_host = cut(&own_port, ':');
    sent_host = cut(&sent_port, ':');
    return sent_host.n && utf16_equal_nocase(own_class, sent_class) &&
           utf16_equal_nocase(own_host, sent_host) &&
           (!own_port.n || !sent_port.n || bytes_equal(own_port, sent_port)) &&
           (!own.n || !sent.n || utf16_equal_nocase(own, sent));
}
