/* SPDX-License-Identifier: Apache-2.0 */
/* Half-open initiators that moved, and the credentials that they go on with. */
#include "sspi/export_owner.h"

#include "base/mem.h"
#include "crypto/hmac_sha.h"

enum { OWNER_KEY_BYTES = 32, OWNER_TAG_BYTES = 32, NAME_ROOM = 512 };

struct export_owner {
    uint8_t key[OWNER_KEY_BYTES], tag[OWNER_TAG_BYTES];
};

void
export_owner_free(struct export_owner *o)
{
    mem_free(o);
}

/* --- names --------------------------------------------------------------------------------- */

static sec_status
put_name(const struct context *c, const struct sec_cred *cred, struct wire_writer *out)
{
    const struct sec_package_ops *ops = cred->package->ops;
    sec_status status;

    if (ops->identify) {
        status = ops->identify(c->ctx, cred, out);
    } else {
        status = ops->cred_name ? ops->cred_name(cred, out) : SEC_E_OK;
        status = status == SEC_E_NO_CREDENTIALS ? SEC_E_OK : status; /* nobody has no name */
    }
    if (status == SEC_E_OK && wire_writer_status(out) != WIRE_OK) {
        status = SEC_E_INSUFFICIENT_MEMORY;
    }
    return status;
}

static sec_status
make_tag(const struct context *c, const struct sec_cred *cred,
         const uint8_t key[static OWNER_KEY_BYTES], uint8_t tag[static OWNER_TAG_BYTES])
{
    uint8_t room[NAME_ROOM], inner[HMAC_SHA256_STATE_BYTES], outer[HMAC_SHA256_STATE_BYTES];
    SEC_AUTO(wire_writer) name = wire_writer_growing(room, sizeof(room));
    const struct hmac_sha_key k = { HMAC_SHA256, inner, outer };
    sec_status status = put_name(c, cred, &name);
    struct hmac_sha h;

    if (status != SEC_E_OK) {
        return status;
    }
    hmac_sha_key_init(HMAC_SHA256, bytes_of(key, OWNER_KEY_BYTES), inner, outer);
    hmac_sha_begin(&h, &k);
    hmac_sha_add(&h, wire_written(&name));
    hmac_sha_end(&h, tag, OWNER_TAG_BYTES);
    secret_wipe(inner, sizeof(inner));
    secret_wipe(outer, sizeof(outer));
    return SEC_E_OK;
}

/* --- saved and loaded ---------------------------------------------------------------------- */

static bool
is_half_way(const struct context *c)
{
    struct sec_facts f;

    if (c->role != SEC_INITIATOR) {
        return false;
    }
    c->ctx->package->ops->describe(c->ctx, &f);
    return f.phase == SEC_PHASE_HALF_OPEN;
}

static sec_status
make_owner(const struct context *c, struct export_owner *out)
{
    const struct handle_ref from = c->resumed.object ? c->resumed : c->credential;
    const struct sec_cred *cred = objects_holding(from.object)->cred;

    if (!cred->host->random(cred->host, out->key, sizeof(out->key))) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "sspi: no random bytes");
    }
    return make_tag(c, cred, out->key, out->tag);
}

sec_status
export_owner_save(const struct context *c, struct wire_writer *out)
{
    struct export_owner o;
    sec_status status = SEC_E_OK;

    if (!is_half_way(c)) {
        wire_put_u8(out, 0);
        return SEC_E_OK;
    }
    if (c->owner) {
        o = *c->owner;
    } else {
        status = make_owner(c, &o);
    }
    if (status == SEC_E_OK) {
        wire_put_u8(out, 1);
        wire_put(out, o.key, sizeof(o.key));
        wire_put(out, o.tag, sizeof(o.tag));
    }
    return status;
}

sec_status
export_owner_load(struct context *c, struct wire_reader *in)
{
    bool owned = wire_u8(in) != 0;

    if (owned != is_half_way(c)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sspi: exported context: %s",
                        owned ? "an owner that does not matter" : "it is half-way, and nobody's");
    }
    if (!owned) {
        return SEC_E_OK;
    }
    c->owner = mem_new(sizeof(*c->owner));
    if (!c->owner) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    wire_copy(in, c->owner->key, sizeof(c->owner->key));
    wire_copy(in, c->owner->tag, sizeof(c->owner->tag));
    return SEC_E_OK;
}

/* --- the next leg -------------------------------------------------------------------------- */

static sec_status
check_owner(const struct context *c, const struct holding *h)
{
    uint8_t tag[OWNER_TAG_BYTES];
    sec_status status;

    if (h->cred->package != c->ctx->package) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: a credential of %s for a context of %s",
                        h->cred->package->name, c->ctx->package->name);
    }
    if (!(h->use & SEC_USE_OUTBOUND)) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "sspi: the credential is not for this side");
    }
    status = make_tag(c, h->cred, c->owner->key, tag);
    if (status == SEC_E_OK && !secret_equal(tag, c->owner->tag, sizeof(tag))) {
        status = sec_fail(SEC_E_UNKNOWN_CREDENTIALS,
                          "sspi: the credential is another's than the one that began the context");
    }
    return status;
}

sec_status
export_owner_check(struct context *c, struct handle_ref credential)
{
    const struct holding *h;
    sec_status status;

    if (!c->owner) {
        return SEC_E_OK;
    }
    if (!credential.object) {
        return c->ctx->awaits_cred
                   ? sec_fail(SEC_E_INVALID_HANDLE,
                              "sspi: the context was imported half-way, and needs a credential")
                   : SEC_E_OK;
    }
    h = objects_holding(credential.object);
    status = check_owner(c, h);
    if (status == SEC_E_OK && c->ctx->awaits_cred) {
        status = c->ctx->package->ops->resume(c->ctx, h->cred);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    c->resumed = handle_share(credential);
    export_owner_free(c->owner);
    c->owner = NULL;
    return SEC_E_OK;
}
