/* SPDX-License-Identifier: Apache-2.0 */
/* A handshake that goes on in another process. */
#include <stdio.h>

#include "service/session.h"

bool
session_put(struct session *session, struct wire_writer *w)
{
    SecBuffer packed = { 0 };
    sec_status status = session->has_context
                            ? ExportSecurityContext(&session->context,
                                                    SECPKG_CONTEXT_EXPORT_DELETE_OLD, &packed, NULL)
                            : SEC_E_INVALID_HANDLE;

    if (status != SEC_E_OK) {
        (void)snprintf(session->reason, sizeof(session->reason), "%s", OpenSspiReason());
        return false;
    }
    session_set_context(session, false); /* it is deleted */
    wire_put_le32(w, session->legs);
    wire_put_le64(w, session->began_us);
    wire_put_counted(w, bytes_of(packed.pvBuffer, packed.cbBuffer));
    (void)FreeContextBuffer(packed.pvBuffer);
    return true;
}

bool
session_take(struct session *session, struct wire_reader *r)
{
    struct bytes from;
    SecBuffer packed = { 0 };
    sec_status status;

    session->legs = wire_le32(r);
    session->began_us = wire_le64(r);
    from = wire_take_counted(r);
    if (wire_status(r) != WIRE_OK) {
        (void)snprintf(session->reason, sizeof(session->reason), "not a handshake's bytes");
        return false;
    }
    packed = (SecBuffer){ (ULONG)from.n, SECBUFFER_TOKEN, (void *)(uintptr_t)from.p };
    status = OpenSspiImportContext(session->credential, &packed, &session->context);
    if (status != SEC_E_OK) {
        SecInvalidateHandle(&session->context);
        (void)snprintf(session->reason, sizeof(session->reason), "%s", OpenSspiReason());
        return false;
    }
    session_set_context(session, true);
    return true;
}
