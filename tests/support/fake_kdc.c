/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and tickets for tests. */
#include "tests/support/fake_kdc.h"

#include <stdlib.h>

/* FNV-1a to begin with, splitmix64 to go on: the same on every machine. */
static void
fill(uint64_t seed, const char *text, uint8_t *to, size_t n)
{
    uint64_t state = UINT64_C(0xCBF29CE484222325) ^ seed;

    for (const char *c = text; *c; c++) {
        state = (state ^ (uint8_t)*c) * UINT64_C(0x100000001B3);
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t z = (state += UINT64_C(0x9E3779B97F4A7C15));

        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        to[i] = (uint8_t)(z ^ z >> 31);
    }
}

void
fake_kdc_session_key(uint64_t seed, const char *service, int32_t enctype, struct krb_key *out)
{
    const struct krb_profile *profile = krb_profile_of(enctype);
    uint8_t b[KRB_KEY_MAX_BYTES];

    fill(seed, service, b, sizeof(b));
    if (!profile || !krb_key_set(out, enctype, bytes_of(b, profile->key_bytes))) {
        abort();
    }
}

void
fake_kdc_key(const char *principal, int32_t enctype, uint32_t kvno, struct krb_key *out)
{
    fake_kdc_session_key((uint64_t)enctype << 32 | kvno, principal, enctype, out);
}

struct krb_name
fake_kdc_name(const char *text, int32_t type)
{
    struct krb_name name = { .type = type };
    const char *end;

    while ((end = strchr(text, '/')) && name.n + 1 < KRB_NAME_PARTS_MAX) {
        name.parts[name.n++] = bytes_of(text, (size_t)(end - text));
        text = end + 1;
    }
    name.parts[name.n++] = bytes_of_string(text);
    return name;
}

void
fake_kdc_encrypt(uint64_t seed, const struct krb_key *key, uint32_t usage, struct bytes plain,
                 struct wire_writer *w)
{
    const struct krb_profile *profile = krb_profile_of(key->enctype);
    uint8_t confounder[KRB_CONFOUNDER_MAX_BYTES];
    union krb_cipher_room room;
    uint8_t *to;

    fill(seed, "confounder", confounder, sizeof(confounder));
    to = wire_reserve(w, plain.n + profile->confounder_bytes + profile->mac_bytes);
    if (to) {
        (void)krb_encrypt(krb_cipher_init(&room, key, usage, KRB_ENCRYPT), confounder, plain, to);
    }
}

void
fake_kdc_put_ticket(struct wire_writer *w, uint64_t seed, const struct krb_ticket *clear,
                    const struct krb_enc_ticket *part, const struct krb_key *seal)
{
    struct wire_writer plain = wire_writer_growing(NULL, 0), cipher = wire_writer_growing(NULL, 0);
    struct krb_ticket t = *clear;

    krb_enc_ticket_encode(&plain, part);
    if (wire_writer_status(&plain) == WIRE_OK) {
        fake_kdc_encrypt(seed, seal, KRB_USAGE_TICKET, wire_written(&plain), &cipher);
    }
    t.enc.enctype = seal->enctype;
    t.enc.cipher = wire_written(&cipher);
    if (t.enc.cipher.n) {
        krb_ticket_encode(w, &t);
    } else {
        w->err = WIRE_NO_MEMORY;
    }
    wire_writer_clear(&plain);
    wire_writer_clear(&cipher);
}
