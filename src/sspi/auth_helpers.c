/* SPDX-License-Identifier: Apache-2.0 */
/* What the interface offers around identities and bindings: pure functions of their arguments. */
#include <opensspi/sspi.h>

#include "base/wire.h"
#include "codec/channel_bindings.h"
#include "sspi/given.h"

/* --- target names -------------------------------------------------------------------------- */

static size_t
find(PCWSTR s, size_t from, size_t to, SEC_WCHAR c)
{
    while (from < to && s[from] != c) {
        from++;
    }
    return from;
}

/* "class/host[:port][/name]" or a host alone: [*from, *to) is the host. A bare IPv6 address has
 * more than one colon and no port; one in brackets comes without them. */
static void
find_host(PCWSTR s, size_t n, size_t *from, size_t *to)
{
    size_t slash = find(s, 0, n, '/'), colon;

    *from = slash < n ? slash + 1 : 0;
    *to = find(s, *from, n, '/');
    if (*from < *to && s[*from] == '[') {
        size_t bracket = find(s, *from, *to, ']');

        if (bracket < *to) {
            ++*from;
            *to = bracket;
        }
        return;
    }
    colon = find(s, *from, *to, ':');
    if (colon < *to && find(s, colon + 1, *to, ':') == *to) {
        *to = colon;
    }
}

SECURITY_STATUS WINAPI
SspiGetTargetHostName(PCWSTR pszTargetName, PWSTR *pszHostName)
{
    size_t n = 0, from, to;
    PWSTR host;

    sec_reason_clear();
    if (!pszTargetName || !pszHostName) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "%s: a pointer that is needed is NULL", __func__);
    }
    while (pszTargetName[n]) {
        n++;
    }
    find_host(pszTargetName, n, &from, &to);
    if (from == to) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "target name: no host in it");
    }
    host = given_new((to - from + 1) * sizeof(*host));
    if (!host) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    bytes_copy(host, pszTargetName + from, (to - from) * sizeof(*host));
    *pszHostName = host;
    return SEC_E_OK;
}

/* --- prompting ----------------------------------------------------------------------------- */

/* Statuses that speak of the credentials, and neither of the network nor of the message. NTSTATUS
 * and Win32 values reach callers through other interfaces. */
BOOLEAN WINAPI
SspiIsPromptingNeeded(ULONG ErrorOrNtStatus)
{
    static const ULONG about_credentials[] = {
        (ULONG)SEC_E_LOGON_DENIED,
        (ULONG)SEC_E_NO_CREDENTIALS,
        (ULONG)SEC_E_UNKNOWN_CREDENTIALS,
        (ULONG)SEC_E_INCOMPLETE_CREDENTIALS,
        0xC0000064, /* STATUS_NO_SUCH_USER */
        0xC000006A, /* STATUS_WRONG_PASSWORD */
        0xC000006D, /* STATUS_LOGON_FAILURE */
        1326,       /* ERROR_LOGON_FAILURE */
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(about_credentials); i++) {
        if (ErrorOrNtStatus == about_credentials[i]) {
            return 1;
        }
    }
    return 0;
}

/* --- channel bindings ---------------------------------------------------------------------- */

/* Appends a part and says where it went; an empty one is nowhere. */
static ULONG
put_part(struct wire_writer *w, struct bytes part)
{
    size_t at = w->len;

    wire_put_bytes(w, part);
    return part.n ? (ULONG)at : 0;
}

static SEC_CHANNEL_BINDINGS_EX *
make_ex(const struct channel_bindings *b, ULONG flags, size_t n)
{
    SEC_CHANNEL_BINDINGS_EX *ex = given_new(n);
    struct wire_writer w = wire_writer_fixed(ex, n);

    if (!ex) {
        return NULL;
    }
    wire_put_zero(&w, sizeof(*ex));
    ex->dwInitiatorOffset = put_part(&w, b->initiator);
    ex->dwAcceptorOffset = put_part(&w, b->acceptor);
    ex->dwApplicationDataOffset = put_part(&w, b->application);
    ex->magicNumber = SEC_CHANNEL_BINDINGS_EX_MAGIC;
    ex->flags = flags;
    ex->cbHeaderLength = sizeof(*ex);
    ex->cbStructureLength = (ULONG)n;
    ex->dwInitiatorAddrType = b->initiator_type;
    ex->cbInitiatorLength = (ULONG)b->initiator.n;
    ex->dwAcceptorAddrType = b->acceptor_type;
    ex->cbAcceptorLength = (ULONG)b->acceptor.n;
    ex->cbApplicationDataLength = (ULONG)b->application.n;
    return ex;
}

/* Bindings that the library gave are freed; others stay with who made them. */
SECURITY_STATUS WINAPI
SspiSetChannelBindingFlags(PSecPkgContext_Bindings pBindings, ULONG flags)
{
    struct channel_bindings b;
    SEC_CHANNEL_BINDINGS_EX *ex;
    enum wire_err err;
    size_t n;

    sec_reason_clear();
    if (!pBindings || !pBindings->Bindings) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "channel bindings: none given");
    }
    if (flags & ~(ULONG)SEC_CHANNEL_BINDINGS_VALID_FLAGS) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "channel bindings: flags 0x%x", flags);
    }
    err = channel_bindings_decode(&b, bytes_of(pBindings->Bindings, pBindings->BindingsLength));
    if (err != WIRE_OK) {
        return sec_fail(SEC_E_INVALID_TOKEN, "channel bindings of %u bytes: %s",
                        pBindings->BindingsLength, wire_err_text(err));
    }
    n = sizeof(*ex) + b.initiator.n + b.acceptor.n + b.application.n;
    ex = n <= UINT32_MAX ? make_ex(&b, flags, n) : NULL;
    if (!ex) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (given_size(pBindings->Bindings)) {
        (void)given_free(pBindings->Bindings);
    }
    pBindings->Bindings = (SEC_CHANNEL_BINDINGS *)ex;
    pBindings->BindingsLength = (ULONG)n;
    return SEC_E_OK;
}
