/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: sasl_offer_decode, sasl_offer_encode, sasl_choice_decode, sasl_choice_encode */
#include "base/wire.h"
#include "codec/sasl_layer.h"
#include "fuzz.h"

/* What was decoded says the same when it is encoded again; an offer's unknown layers are gone. */
static void
offer(struct bytes in)
{
    uint8_t room[SASL_OFFER_BYTES];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    struct sasl_offer o;

    if (sasl_offer_decode(&o, in) != WIRE_OK) {
        return;
    }
    fuzz_must(in.n == SASL_OFFER_BYTES && o.layers && o.max_bytes <= SASL_SIZE_MAX);
    fuzz_must(o.max_bytes == 0 || (o.layers & SASL_LAYERS_PROTECTED));
    sasl_offer_encode(&w, &o);
    fuzz_must(wire_writer_status(&w) == WIRE_OK && (in.p[0] & SASL_LAYERS_ALL) == room[0]);
    fuzz_must(bytes_equal(bytes_of(in.p + 1, 3), bytes_of(room + 1, 3)));
}

static void
choice(struct bytes in)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct sasl_choice c;

    if (sasl_choice_decode(&c, in) != WIRE_OK) {
        return;
    }
    fuzz_view(in, c.authzid);
    fuzz_must(c.layer == SASL_LAYER_NONE ? c.max_bytes == 0 : (c.layer & SASL_LAYERS_PROTECTED));
    fuzz_must(c.authzid.n <= SASL_AUTHZID_MAX_BYTES);
    fuzz_must(!c.authzid.n || !memchr(c.authzid.p, 0, c.authzid.n));
    sasl_choice_encode(&w, &c);
    fuzz_must((in.p[0] & c.layer) && in.p[0] < 2 * c.layer && in.n == wire_written(&w).n);
    fuzz_must(bytes_equal(bytes_of(w.p + 1, w.len - 1), bytes_of(in.p + 1, in.n - 1)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    offer(bytes_of(data, n));
    choice(bytes_of(data, n));
    return 0;
}
