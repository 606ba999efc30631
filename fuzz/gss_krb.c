/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: gss_krb_token_decode, gss_krb_token_put, gss_krb_checksum_decode,
 * gss_krb_checksum_encode, gss_cfx_header_decode, gss_cfx_header_write, gss_rc4_token_decode,
 * gss_rc4_token_bytes, gss_rc4_token_write */
#include <string.h>

#include "codec/gss_krb.h"
#include "fuzz.h"

static void
try_token(struct bytes in)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct gss_krb_token t;

    if (gss_krb_token_decode(&t, in) != WIRE_OK) {
        fuzz_must(t.fault.field && t.fault.at <= in.n);
        return;
    }
    fuzz_must(!t.fault.field && t.bare == (t.oid.n == 0));
    fuzz_view(in, t.oid);
    fuzz_view(in, t.body);
    gss_krb_token_put(&w, t.oid, t.id, t.body.n);
    wire_put_bytes(&w, t.body);
    fuzz_must(bytes_equal(wire_written(&w), in));
}

static void
try_checksum(struct bytes in)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct gss_krb_checksum m;

    if (gss_krb_checksum_decode(&m, in) != WIRE_OK) {
        fuzz_must(m.fault.field && m.fault.at <= in.n);
        return;
    }
    fuzz_view(in, m.bindings);
    fuzz_view(in, m.krb_cred);
    fuzz_must(m.bindings.n == 16 && (m.krb_cred.p != NULL) == ((m.flags & GSS_KRB_DELEG) != 0));
    gss_krb_checksum_encode(&w, &m);
    fuzz_must(wire_writer_status(&w) == WIRE_OK && bytes_starts_with(in, wire_written(&w)));
}

static void
try_messages(struct bytes in)
{
    struct gss_cfx_header h;
    struct gss_rc4_token t, written;
    uint8_t out[GSS_RC4_WRAP_LONG_BYTES];

    if (gss_cfx_header_decode(&h, in) == WIRE_OK) {
        gss_cfx_header_write(&h, out);
        fuzz_must(in.n >= GSS_CFX_HEADER_BYTES && memcmp(out, in.p, GSS_CFX_HEADER_BYTES) == 0);
    }
    if (gss_rc4_token_decode(&t, in) != WIRE_OK) {
        return;
    }
    fuzz_must(t.bytes <= in.n && (t.confounder != NULL) == (t.id == GSS_RC4_WRAP));
    fuzz_view(in, bytes_of(t.header, 8));
    fuzz_view(in, bytes_of(t.sequence, 8));
    fuzz_view(in, bytes_of(t.checksum, 8));
    fuzz_view(in, bytes_of(t.confounder, t.confounder ? 8 : 0));
    fuzz_must(gss_rc4_token_bytes(t.id, t.framed) <= sizeof(out));
    gss_rc4_token_write(&written, out, t.id, t.seal, t.framed);
    fuzz_must(memcmp(written.header, t.header, 8) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);

    try_token(in);
    try_checksum(in);
    try_messages(in);
    return 0;
}
