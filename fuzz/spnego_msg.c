/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: spnego_init_decode, spnego_init_encode, spnego_resp_decode, spnego_resp_encode,
 * spnego_token_mech, spnego_mechs_of, spnego_next_mech */
#include "base/wire.h"
#include "codec/spnego_msg.h"
#include "fuzz.h"

static bool
same(struct bytes a, struct bytes b)
{
    return (a.p != NULL) == (b.p != NULL) && bytes_equal(a, b);
}

static void
check_mechs(struct bytes in, const struct spnego_init *m)
{
    struct wire_reader mechs = spnego_mechs_of(m->mech_list);
    struct bytes mech;
    size_t count = 0;

    while (spnego_next_mech(&mechs, &mech)) {
        fuzz_view(in, mech);
        count++;
    }
    fuzz_must(count <= SPNEGO_MECHS_MAX && wire_left(&mechs) == 0);
    fuzz_must(m->mech_list.n <= SPNEGO_MECH_LIST_BYTES_MAX);
}

static void
try_init(struct bytes in)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct spnego_init m, again;

    if (spnego_init_decode(&m, in) != WIRE_OK) {
        fuzz_must(m.fault.field && m.fault.at <= in.n);
        return;
    }
    fuzz_must(!m.fault.field);
    fuzz_must(bytes_equal(spnego_token_mech(in), spnego_oid));
    fuzz_view(in, m.mech_list);
    fuzz_view(in, m.mech_token);
    fuzz_view(in, m.hint_name);
    fuzz_view(in, m.mic);
    check_mechs(in, &m);

    spnego_init_encode(&w, &m);
    fuzz_must(wire_writer_status(&w) == WIRE_OK);
    fuzz_must(spnego_init_decode(&again, wire_written(&w)) == WIRE_OK);
    fuzz_must(same(again.mech_list, m.mech_list) && same(again.mech_token, m.mech_token));
    fuzz_must(same(again.hint_name, m.hint_name) && same(again.mic, m.mic));
}

static void
try_resp(struct bytes in)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct spnego_resp m, again;

    if (spnego_resp_decode(&m, in) != WIRE_OK) {
        fuzz_must(m.fault.field && m.fault.at <= in.n);
        return;
    }
    fuzz_must(!m.fault.field && m.state <= SPNEGO_NO_STATE);
    fuzz_view(in, m.mech);
    fuzz_view(in, m.token);
    fuzz_view(in, m.mic);

    spnego_resp_encode(&w, &m);
    fuzz_must(wire_writer_status(&w) == WIRE_OK);
    fuzz_must(spnego_resp_decode(&again, wire_written(&w)) == WIRE_OK);
    fuzz_must(again.state == m.state && same(again.mech, m.mech));
    fuzz_must(same(again.token, m.token) && same(again.mic, m.mic));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);

    fuzz_view(in, spnego_token_mech(in));
    try_init(in);
    try_resp(in);
    return 0;
}
