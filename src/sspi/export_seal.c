/* SPDX-License-Identifier: Apache-2.0 */
/* Exported contexts on their way. The seal is AES-SIV; its tag, which no two have in common, is the
 * name under which one is spent. It is bound to the list of what is spent: beside another one, what
 * is in one place would be in two. */
#include "sspi/export_seal.h"

#include <unistd.h>

#include "account/seal.h"
#include "base/clock.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "ticket/replay.h"

enum {
    HEAD_BYTES = 4 + 8 + AEAD_NONCE_BYTES, /* magic and version, when, nonce */
    BOUND_BYTES = HEAD_BYTES + REPLAY_NAME_BYTES,
    SEALED_BYTES_MAX = 1 << 20,
    SPENT_CAPACITY = 1 << 16, /* within twice a lifetime */
};

_Static_assert((int)EXPORT_ID_BYTES == (int)AEAD_TAG_BYTES &&
                   (int)AEAD_TAG_BYTES == (int)TICKET_REPLAY_HASH_BYTES,
               "the tag is the name");

/* "OSX" and the version of what follows. Another version is another form. */
static const uint8_t magic[4] = { 'O', 'S', 'X', 3 };

struct export_seal {
    struct seal_key *key;
    struct replay *spent;
    uint64_t lifetime_100ns;
};

void
export_seal_close(struct export_seal *s)
{
    if (s) {
        seal_key_free(s->key);
        replay_close(s->spent);
        mem_free(s);
    }
}

static sec_status
no_key(sec_status status)
{
    char why[256];

    if (status == SEC_E_INSUFFICIENT_MEMORY) {
        return status;
    }
    bytes_copy(why, sec_reason(), strnlen(sec_reason(), sizeof(why) - 1) + 1);
    why[sizeof(why) - 1] = 0;
    return sec_fail(SEC_E_NO_CREDENTIALS, "sspi: contexts cannot be exported: %s", why);
}

sec_status
export_seal_open(const struct export_options *o, struct export_seal **out)
{
    const struct replay_options spent = {
        .capacity = SPENT_CAPACITY,
        .skew_100ns = o->lifetime_s * CLOCK_SECOND_100NS,
        .start_100ns = clock_now_100ns(),
    };
    struct export_seal *s = mem_new(sizeof(*s));
    sec_status status;

    if (!s) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    s->lifetime_100ns = spent.skew_100ns;
    status = seal_key_make(o->key_file, geteuid(), &s->key);
    if (status == SEC_E_OK) {
        status = replay_shared_open(o->spent_file, &spent, &s->spent);
    }
    if (status != SEC_E_OK) {
        export_seal_close(s);
        return no_key(status);
    }
    *out = s;
    return SEC_E_OK;
}

/* What is authenticated beside what is sealed. */
static struct bytes
bind_to(const struct export_seal *s, const uint8_t head[static HEAD_BYTES],
        uint8_t room[static BOUND_BYTES])
{
    bytes_copy(room, head, HEAD_BYTES);
    replay_name(s->spent, room + HEAD_BYTES);
    return bytes_of(room, BOUND_BYTES);
}

sec_status
export_seal_put(struct export_seal *s, struct bytes plain, uint64_t now_100ns,
                struct wire_writer *out)
{
    uint8_t head[HEAD_BYTES], bound[BOUND_BYTES], *nonce = head + HEAD_BYTES - AEAD_NONCE_BYTES;
    uint8_t *to;

    if (plain.n > SEALED_BYTES_MAX - HEAD_BYTES - AEAD_TAG_BYTES) {
        return sec_fail(SEC_E_CANNOT_PACK, "sspi: a context of %zu bytes", plain.n);
    }
    bytes_copy(head, magic, sizeof(magic));
    wire_store_le64(head + sizeof(magic), now_100ns);
    if (!random_bytes(nonce, AEAD_NONCE_BYTES)) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "sspi: no random bytes");
    }
    wire_put(out, head, sizeof(head));
    to = wire_reserve(out, plain.n + AEAD_TAG_BYTES);
    if (!to) {
        return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "sspi: no memory for an exported context");
    }
    aead_seal(s->key->b, nonce, bind_to(s, head, bound), plain, to);
    return SEC_E_OK;
}

static sec_status
check_age(const struct export_seal *s, uint64_t made_100ns, uint64_t now_100ns)
{
    if (made_100ns > now_100ns + CLOCK_SECOND_100NS ||
        (now_100ns > made_100ns && now_100ns - made_100ns > s->lifetime_100ns)) {
        return sec_fail(SEC_E_CONTEXT_EXPIRED,
                        "sspi: the exported context is older than lifetime, or the clock was set");
    }
    return SEC_E_OK;
}

sec_status
export_seal_take(struct export_seal *s, struct bytes sealed, uint64_t now_100ns,
                 struct export_opened *out)
{
    struct wire_reader r = wire_reader_of(sealed);
    struct bytes version = wire_take(&r, sizeof(magic));
    uint64_t made_100ns = wire_le64(&r);
    struct bytes nonce = wire_take(&r, AEAD_NONCE_BYTES), boxed = wire_rest(&r);
    uint8_t bound[BOUND_BYTES];

    *out = (struct export_opened){ .made_100ns = made_100ns };
    if (wire_finish(&r) != WIRE_OK || boxed.n <= AEAD_TAG_BYTES || sealed.n > SEALED_BYTES_MAX) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: an exported context of %zu bytes", sealed.n);
    }
    if (!bytes_equal(version, bytes_of(magic, sizeof(magic)))) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: not a context exported by this version");
    }
    if (!secret_resize(&out->plain, boxed.n - AEAD_TAG_BYTES)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (!aead_open(s->key->b, nonce.p, bind_to(s, sealed.p, bound), boxed, out->plain.p)) {
        secret_clear(&out->plain);
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: the exported context was altered, or sealed "
                                             "with another key_file or beside another spent_file");
    }
    bytes_copy(out->id, boxed.p, EXPORT_ID_BYTES);
    return check_age(s, made_100ns, now_100ns);
}

sec_status
export_seal_spend(struct export_seal *s, const struct export_opened *opened, uint64_t now_100ns)
{
    switch (replay_check(s->spent, opened->id, opened->made_100ns, now_100ns)) {
    case TICKET_FRESH: return SEC_E_OK;
    case TICKET_REPLAYED:
        return sec_fail(SEC_E_CONTEXT_EXPIRED, "sspi: the exported context was imported before");
    case TICKET_BEFORE_START:
        return sec_fail(SEC_E_CONTEXT_EXPIRED, "sspi: nobody remembers whether the exported "
                                               "context was imported before");
    default:
        return sec_fail(SEC_E_CONTEXT_EXPIRED,
                        "sspi: the list of imported contexts is full or damaged");
    }
}
