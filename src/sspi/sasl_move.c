/* SPDX-License-Identifier: Apache-2.0 */
/* What SASL knows of a context, for ExportSecurityContext and back. */
#include <opensspi/sspi.h>

#include "sspi/sasl.h"

void
sasl_save(const struct sasl *s, struct wire_writer *out)
{
    wire_put_u8(out, s != NULL);
    if (!s) {
        return;
    }
    wire_put_u8(out, s->state);
    wire_put_u8(out, s->begun);
    wire_put_u8(out, s->layer);
    wire_put_u8(out, s->offered);
    wire_put_u8(out, s->forbids_authzid);
    wire_put_u8(out, s->sizes_agreed);
    wire_put_u8(out, s->send_set);
    wire_put_u8(out, s->receive_set);
    wire_put_le32(out, s->send_own);
    wire_put_le32(out, s->send_agreed);
    wire_put_le32(out, s->receive_size);
    wire_put_le32(out, s->wanted);
    wire_put_le32(out, s->granted);
    wire_put_le64(out, s->expires_100ns);
    wire_put_counted(out, bytes_of(s->authzid, s->authzid_n));
}

static sec_status
load(struct sasl *s, struct wire_reader *in)
{
    struct bytes authzid;

    s->state = wire_u8(in);
    s->begun = wire_u8(in) != 0;
    s->layer = wire_u8(in);
    s->offered = wire_u8(in);
    s->forbids_authzid = wire_u8(in) != 0;
    s->sizes_agreed = wire_u8(in) != 0;
    s->send_set = wire_u8(in) != 0;
    s->receive_set = wire_u8(in) != 0;
    s->send_own = wire_le32(in);
    s->send_agreed = wire_le32(in);
    s->receive_size = wire_le32(in);
    s->wanted = wire_le32(in);
    s->granted = wire_le32(in);
    s->expires_100ns = wire_le64(in);
    authzid = wire_take_counted(in);
    if (wire_status(in) != WIRE_OK || s->state >= SASL_FAILED ||
        (s->layer & (s->layer - 1u)) != 0 || (s->layer != 0) != (s->state == SASL_DONE) ||
        s->layer > SASL_LAYERS_ALL || sasl_authzid_check(authzid) != WIRE_OK) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sasl: exported context: not one of SASL's");
    }
    return sasl_set_authzid(s, authzid);
}

sec_status
sasl_load(struct context *c, struct wire_reader *in)
{
    sec_status status;

    if (!wire_u8(in)) {
        return SEC_E_OK;
    }
    status = sasl_begin(c);
    return status == SEC_E_OK ? load(c->sasl, in) : status;
}
