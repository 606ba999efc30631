/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials and contexts behind their handles. */
#include "sspi/objects.h"

#include "base/clock.h"
#include "base/mem.h"
#include "sspi/export_owner.h"
#include "sspi/sasl.h"
#include "sspi/tokens.h"

const handle_destroy handle_destroyers[HANDLE_KINDS] = {
    [HANDLE_CREDENTIAL] = objects_credential_free,
    [HANDLE_CONTEXT] = objects_context_free,
    [HANDLE_TOKEN] = tokens_object_free,
};

struct handle
objects_handle(const SecHandle *h)
{
    return h ? (struct handle){ h->dwLower, h->dwUpper } : (struct handle){ 0 };
}

struct handle_ref
objects_context(const SecHandle *h, struct context **out)
{
    struct handle_ref ref = handle_acquire(HANDLE_CONTEXT, objects_handle(h));

    *out = ref.object;
    return ref;
}

static void
lock(struct context *c, enum objects_lock what)
{
    if (what >= OBJECTS_STEP) {
        (void)pthread_mutex_lock(&c->step);
    }
    if (what == OBJECTS_WHOLE) {
        (void)pthread_mutex_lock(&c->send);
        (void)pthread_mutex_lock(&c->receive);
    }
}

static void
unlock(struct context *c, enum objects_lock what)
{
    if (what == OBJECTS_WHOLE) {
        (void)pthread_mutex_unlock(&c->receive);
        (void)pthread_mutex_unlock(&c->send);
    }
    if (what >= OBJECTS_STEP) {
        (void)pthread_mutex_unlock(&c->step);
    }
}

void
objects_hold_auto(struct objects_hold *hold)
{
    if (hold->ref.object) {
        unlock(hold->ref.object, hold->lock);
    }
    handle_release(hold->ref);
}

sec_status
objects_hold_context(struct objects_hold *hold, const SecHandle *h, enum objects_lock what,
                     struct context **out)
{
    struct context *c;

    hold->ref = objects_context(h, &c);
    if (!c) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: not a context's handle");
    }
    lock(c, what);
    hold->lock = what;
    *out = c;
    return SEC_E_OK;
}

sec_status
objects_hold_credential(struct handle_ref *ref, const SecHandle *h, struct credential **out)
{
    *ref = handle_acquire(HANDLE_CREDENTIAL, objects_handle(h));
    *out = ref->object;
    return *out ? SEC_E_OK : sec_fail(SEC_E_INVALID_HANDLE, "sspi: not a credential's handle");
}

struct credential *
objects_credential_new(void)
{
    struct credential *c = mem_new(sizeof(*c));

    if (c) {
        (void)pthread_mutex_init(&c->adding, NULL);
        atomic_init(&c->now, &c->first);
    }
    return c;
}

const struct holding *
objects_holding(const struct credential *c)
{
    return atomic_load_explicit(&c->now, memory_order_acquire);
}

void
objects_credential_free(void *object)
{
    struct credential *c = object;
    struct holding *h, *before;

    if (!c) {
        return;
    }
    for (h = atomic_load(&c->now); h; h = before) { /* the youngest, which borrows, first */
        before = h->before;
        if (h->cred) {
            h->cred->package->ops->free_cred(h->cred);
        }
        handle_release(h->delegator);
        if (h != &c->first) {
            mem_free(h);
        }
    }
    configuration_unref(c->configuration);
    (void)pthread_mutex_destroy(&c->adding);
    mem_free(c);
}

sec_status
objects_context_new(struct handle_ref credential, enum sec_role role, struct context **out)
{
    const struct sec_cred *cred = objects_holding(credential.object)->cred;
    struct sec_ctx *ctx;
    sec_status status = cred->package->ops->open(cred, role, &ctx);

    return status == SEC_E_OK ? objects_context_adopt(credential, role, ctx, out) : status;
}

sec_status
objects_context_adopt(struct handle_ref credential, enum sec_role role, struct sec_ctx *ctx,
                      struct context **out)
{
    struct context *c = mem_new(sizeof(*c));

    if (!c) {
        ctx->package->ops->free_ctx(ctx);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->ctx = ctx;
    c->credential = handle_share(credential);
    c->role = (uint8_t)role;
    (void)pthread_mutex_init(&c->step, NULL);
    (void)pthread_mutex_init(&c->send, NULL);
    (void)pthread_mutex_init(&c->receive, NULL);
    *out = c;
    return SEC_E_OK;
}

void
objects_context_free(void *object)
{
    struct context *c = object;

    if (!c) {
        return;
    }
    if (c->undelivered) {
        mem_free(c->undelivered->token);
        mem_free(c->undelivered);
    }
    mem_free(c->reason);
    tokens_forget(c);
    sasl_free(c->sasl);
    if (c->ctx) {
        c->ctx->package->ops->free_ctx(c->ctx);
    }
    export_owner_free(c->owner);
    handle_release(c->resumed);
    handle_release(c->credential);
    (void)pthread_mutex_destroy(&c->step);
    (void)pthread_mutex_destroy(&c->send);
    (void)pthread_mutex_destroy(&c->receive);
    mem_free(c);
}

void
objects_describe(const struct context *c, struct sec_facts *out)
{
    c->ctx->package->ops->describe(c->ctx, out);
    if (c->sasl) {
        sasl_describe(c->sasl, out);
    }
}

void
objects_put_time(PTimeStamp to, uint64_t utc_100ns)
{
    if (to) {
        to->QuadPart = utc_100ns > INT64_MAX ? INT64_MAX : (int64_t)clock_to_local_100ns(utc_100ns);
    }
}
