/* SPDX-License-Identifier: Apache-2.0 */
/* Who a client is, as headers for a proxy. */
#include "service/http_remote.h"

#include <stdio.h>

/* SE_GROUP_ENABLED, SE_GROUP_USE_FOR_DENY_ONLY */
enum { GROUP_ENABLED = 0x4, GROUP_DENY_ONLY = 0x10 };

static void
add_text(struct http_reply *reply, const char *name, const char *text)
{
    wire_put_bytes(http_reply_header(reply, name), bytes_of_string(text));
}

static void
add_percent(struct http_reply *reply, const char *name, const char *value)
{
    if (value && *value) {
        http_auth_put_percent(http_reply_header(reply, name), bytes_of_string(value));
    }
}

/* Who reads the header grants by it: a group that only ever denies is not in it. */
static bool
counts(const OPENSSPI_LOGON *logon, ULONG i)
{
    return (logon->GroupAttributes[i] & (GROUP_ENABLED | GROUP_DENY_ONLY)) == GROUP_ENABLED;
}

/* Appends one more name; false: it does not fit. */
static bool
put_group(struct wire_writer *groups, const char *name, size_t max)
{
    SEC_AUTO(wire_writer) one = wire_writer_growing(NULL, 0);

    http_auth_put_percent(&one, bytes_of_string(name));
    if (wire_writer_status(&one) != WIRE_OK) {
        groups->err = WIRE_NO_MEMORY;
        return true;
    }
    if (groups->len + (groups->len > 0) + one.len > max) {
        return false;
    }
    if (groups->len) {
        wire_put_u8(groups, ',');
    }
    wire_put_bytes(groups, wire_written(&one));
    return true;
}

/* From the first that does not fit on, none is there: what is cut does not depend on lengths. */
static size_t
add_groups(struct http_reply *reply, const OPENSSPI_LOGON *logon, size_t max)
{
    struct wire_writer *groups = NULL;
    size_t cut = 0;
    char text[24];

    for (ULONG i = 0; i < logon->GroupCount; i++) {
        if (!counts(logon, i)) {
            continue;
        }
        if (!groups) {
            groups = http_reply_header(reply, "Remote-Groups");
        }
        if (cut || !put_group(groups, logon->Groups[i], max)) {
            cut++;
        }
    }
    if (cut) {
        (void)snprintf(text, sizeof(text), "%zu", cut);
        add_text(reply, "Remote-Groups-Cut", text);
    }
    return cut;
}

bool
http_remote_is_nobody(const OPENSSPI_LOGON *logon)
{
    return logon->Anonymous || !*logon->UserName;
}

size_t
http_remote_put(struct http_reply *reply, const OPENSSPI_LOGON *logon, size_t max_groups)
{
    if (http_remote_is_nobody(logon)) {
        add_text(reply, "Remote-Authenticated", "no");
        return 0;
    }
    add_text(reply, "Remote-Authenticated", "yes");
    add_percent(reply, "Remote-User", logon->UserName);
    add_percent(reply, "Remote-Domain", logon->DomainName);
    add_percent(reply, "Remote-Sid", logon->UserSid);
    add_percent(reply, "Remote-Unix-User", logon->UnixUser);
    return add_groups(reply, logon, max_groups);
}
