/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ExportSecurityContext, ImportSecurityContext. A context is in one place at a time: the one that
 * was exported takes part in nothing any more, and what was exported is imported once.
 */
#include <opensspi/opensspi.h>

#include "base/mem.h"
#include "sspi/buffers.h"
#include "sspi/export_owner.h"
#include "sspi/export_seal.h"
#include "sspi/given.h"
#include "sspi/objects.h"
#include "sspi/package_list.h"
#include "sspi/sasl.h"
#include "sspi/text.h"

enum { ROOM_BYTES = 4096 }; /* on the stack; larger contexts go to the heap */

/* --- export -------------------------------------------------------------------------------- */

static sec_status
check_flags(ULONG flags)
{
    if (flags & SECPKG_CONTEXT_EXPORT_TO_KERNEL) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: there is no kernel to export to");
    }
    if (flags & ~(ULONG)(SECPKG_CONTEXT_EXPORT_RESET_NEW | SECPKG_CONTEXT_EXPORT_DELETE_OLD)) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: export flags 0x%x", flags);
    }
    return SEC_E_OK;
}

/* All of c's locks are held. */
static sec_status
check_exportable(const struct context *c, ULONG flags)
{
    if (!c->ctx->package->ops->save) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: the package exports no contexts");
    }
    if (c->exported) {
        return sec_fail(SEC_E_CONTEXT_EXPIRED, "sspi: the context was exported before");
    }
    if (c->undelivered || c->last_status == SEC_I_COMPLETE_NEEDED ||
        c->last_status == SEC_I_COMPLETE_AND_CONTINUE) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "sspi: a token of the context is still to be had");
    }
    /* A context as it was before its first message would use the same keys for another first. */
    if (flags & SECPKG_CONTEXT_EXPORT_RESET_NEW && c->has_messages) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "sspi: the context has protected messages, and "
                                               "cannot begin anew");
    }
    return SEC_E_OK;
}

static sec_status
save(const struct context *c, struct wire_writer *w)
{
    const struct sec_package *package = c->ctx->package;
    sec_status status;

    wire_put_counted(w, bytes_of_string(package->name));
    wire_put_u8(w, c->role);
    wire_put_u8(w, atomic_load_explicit(&c->established, memory_order_acquire));
    wire_put_u8(w, c->has_messages);
    wire_put_le32(w, (uint32_t)c->last_status);
    status = package->ops->save(c->ctx, w);
    if (status == SEC_E_OK) {
        status = export_owner_save(c, w);
    }
    sasl_save(c->sasl, w);
    if (status == SEC_E_OK && wire_writer_status(w) != WIRE_OK) {
        status = sec_fail(SEC_E_INSUFFICIENT_MEMORY, "sspi: no memory to export a context");
    }
    return status;
}

static sec_status
give(struct bytes sealed, SecBuffer *to)
{
    void *given = given_new(sealed.n);

    if (!given) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    bytes_copy(given, sealed.p, sealed.n);
    to->pvBuffer = given;
    to->cbBuffer = (ULONG)sealed.n;
    return SEC_E_OK;
}

/* All of c's locks are held. From here on it is somebody else's. */
static sec_status
export_locked(struct context *c, ULONG flags, SecBuffer *to)
{
    const struct credential *cred = c->credential.object;
    uint8_t room[ROOM_BYTES];
    SEC_AUTO(wire_writer) plain = wire_writer_secret(room, sizeof(room));
    SEC_AUTO(wire_writer) sealed = wire_writer_growing(NULL, 0);
    const struct sec_host *host = configuration_host(cred->configuration);
    struct export_seal *seal;
    sec_status status = check_exportable(c, flags);

    if (status == SEC_E_OK) {
        status = configuration_export_seal(cred->configuration, &seal);
    }
    if (status == SEC_E_OK) {
        status = save(c, &plain);
    }
    if (status == SEC_E_OK) {
        status = export_seal_put(seal, wire_written(&plain), host->now_100ns(host), &sealed);
    }
    if (status == SEC_E_OK) {
        status = give(wire_written(&sealed), to);
    }
    secret_wipe(room, sizeof(room));
    c->exported = c->exported || status == SEC_E_OK;
    return status;
}

SECURITY_STATUS SEC_ENTRY
ExportSecurityContext(PCtxtHandle context, ULONG flags, PSecBuffer packed, void **token)
{
    SEC_AUTO(objects_hold) hold = { 0 };
    struct context *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_context(&hold, context, OBJECTS_WHOLE, &c);
    if (status == SEC_E_OK) {
        status = check_flags(flags);
    }
    if (status == SEC_E_OK && !packed) {
        status = sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the exported context");
    }
    if (status == SEC_E_OK) {
        status = export_locked(c, flags, packed);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    packed->BufferType = SECBUFFER_EMPTY;
    if (token) {
        *token = NULL; /* who needs the client's token asks QuerySecurityContextToken */
    }
    /* Who deletes it at the same time has done the same. */
    if (flags & SECPKG_CONTEXT_EXPORT_DELETE_OLD &&
        !handle_delete(HANDLE_CONTEXT, objects_handle(context))) {
        sec_reason_clear();
    }
    return SEC_E_OK;
}

/* --- import -------------------------------------------------------------------------------- */

/* A credential that no handle names: contexts that come from elsewhere live under it. */
static sec_status
credential_for(const struct sec_package *package, enum sec_role role,
               struct configuration *configuration, struct handle_ref *out)
{
    const struct sec_acquire_args args = {
        .package = package,
        .use = role == SEC_ACCEPTOR ? SEC_USE_INBOUND : SEC_USE_OUTBOUND,
        .for_load = true,
    };
    struct credential *c = objects_credential_new();
    struct handle h;
    sec_status status;

    if (!c) {
        configuration_unref(configuration);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->configuration = configuration;
    c->first.use = args.use;
    status = package->ops->acquire(configuration_host(configuration), &args, &c->first.cred);
    if (status == SEC_E_OK && !handle_new(HANDLE_CREDENTIAL, c, &h)) {
        status = sec_fail(SEC_E_INSUFFICIENT_MEMORY, "sspi: no room for another handle");
    }
    if (status != SEC_E_OK) {
        objects_credential_free(c);
        return status;
    }
    *out = handle_acquire(HANDLE_CREDENTIAL, h);
    return handle_delete(HANDLE_CREDENTIAL, h)
               ? SEC_E_OK
               : sec_fail(SEC_E_INTERNAL_ERROR, "sspi: a handle that nobody knows is gone");
}

/* What stands behind the package's part. *out is freed where it fails. */
static sec_status
load_rest(struct wire_reader *r, struct context **out)
{
    sec_status status = export_owner_load(*out, r);

    if (status == SEC_E_OK) {
        status = sasl_load(*out, r);
    }
    if (status == SEC_E_OK && wire_finish(r) != WIRE_OK) {
        status = sec_fail(SEC_E_INVALID_TOKEN, "sspi: exported context: %s at offset %u",
                          wire_err_text(wire_finish(r)), wire_offset(r));
    }
    if (status != SEC_E_OK) {
        objects_context_free(*out);
        *out = NULL;
    }
    return status;
}

/* What save puts before the package's own bytes. */
struct moved {
    enum sec_role role;
    bool established, has_messages;
    sec_status last;
    struct wire_reader rest;
};

static sec_status
read_head(const struct sec_package *package, struct bytes plain, struct moved *out)
{
    struct wire_reader r = wire_reader_of(plain);
    struct bytes name = wire_take_counted(&r);

    out->role = wire_u8(&r) ? SEC_ACCEPTOR : SEC_INITIATOR;
    out->established = wire_u8(&r) != 0;
    out->has_messages = wire_u8(&r) != 0;
    out->last = (sec_status)wire_le32(&r);
    out->rest = r;
    return bytes_equal(name, bytes_of_string(package->name)) && package->ops->load
               ? SEC_E_OK
               : sec_fail(SEC_E_INVALID_TOKEN, "sspi: not a context of %s", package->name);
}

/* The reverse of save, under a credential. */
static sec_status
load(const struct sec_package *package, struct moved *m, struct handle_ref credential,
     struct context **out)
{
    struct sec_ctx *ctx = NULL;
    sec_status status =
        package->ops->load(objects_holding(credential.object)->cred, m->role, &m->rest, &ctx);

    if (status == SEC_E_OK) {
        status = objects_context_adopt(credential, m->role, ctx, out);
    }
    if (status == SEC_E_OK) {
        status = load_rest(&m->rest, out);
    }
    if (status == SEC_E_OK) {
        (*out)->last_status = m->last;
        (*out)->has_messages = m->has_messages;
        (*out)->imported = true;
        atomic_store_explicit(&(*out)->established, m->established, memory_order_release);
    }
    return status;
}

/* Where a context goes, and under what: the caller's credential, or one that no handle names. */
struct import {
    const struct sec_package *package;
    struct configuration *configuration; /* borrowed */
    struct handle_ref credential;        /* empty: none was named. Borrowed */
    struct export_seal *seal;
    PCtxtHandle context;
};

static sec_status
load_opened(const struct import *i, struct bytes plain, struct context **out)
{
    const struct credential *named = i->credential.object;
    struct handle_ref own = { 0 };
    struct moved m;
    sec_status status = read_head(i->package, plain, &m);

    if (status != SEC_E_OK) {
        return status;
    }
    if (!named) {
        status = credential_for(i->package, m.role, configuration_hold(i->configuration), &own);
    } else if (!(objects_holding(named)->use &
                 (m.role == SEC_ACCEPTOR ? SEC_USE_INBOUND : SEC_USE_OUTBOUND))) {
        status = sec_fail(SEC_E_NO_CREDENTIALS, "sspi: the credential is not for the side that the "
                                                "context is of");
    }
    if (status == SEC_E_OK) {
        status = load(i->package, &m, named ? i->credential : own, out);
    }
    if (status == SEC_E_OK && named) {
        status = export_owner_check(*out, i->credential);
    }
    handle_release(own);
    return status;
}

static sec_status
import_opened(const struct import *i, const struct export_opened *opened, uint64_t now_100ns)
{
    struct context *c = NULL;
    struct handle h;
    sec_status status = load_opened(i, secret_bytes(&opened->plain), &c);

    if (status == SEC_E_OK && !handle_new(HANDLE_CONTEXT, c, &h)) {
        status = sec_fail(SEC_E_INSUFFICIENT_MEMORY, "sspi: no room for another handle");
    }
    if (status != SEC_E_OK) {
        objects_context_free(c);
        return status;
    }
    /* Last of all: what cannot be loaded here may be loaded elsewhere. */
    status = export_seal_spend(i->seal, opened, now_100ns);
    if (status != SEC_E_OK) {
        return handle_delete(HANDLE_CONTEXT, h) ? status : SEC_E_INTERNAL_ERROR;
    }
    i->context->dwLower = h.lower;
    i->context->dwUpper = h.upper;
    return SEC_E_OK;
}

static sec_status
check_arguments(const SecBuffer *packed, PCtxtHandle context)
{
    if (!context) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: nowhere to put the handle");
    }
    return packed ? SEC_E_OK : sec_fail(SEC_E_INVALID_TOKEN, "sspi: no exported context");
}

static sec_status
import_packed(struct import *i, const SecBuffer *packed)
{
    const struct sec_host *host = configuration_host(i->configuration);
    uint64_t now_100ns = host->now_100ns(host);
    struct export_opened opened = { 0 };
    struct bytes sealed = { 0 };
    sec_status status = buffers_view(packed, &sealed);

    if (status == SEC_E_OK) {
        status = configuration_export_seal(i->configuration, &i->seal);
    }
    if (status == SEC_E_OK) {
        status = export_seal_take(i->seal, sealed, now_100ns, &opened);
    }
    if (status == SEC_E_OK) {
        status = import_opened(i, &opened, now_100ns);
    }
    secret_clear(&opened.plain);
    return status;
}

static sec_status
import_of(const struct sec_package *package, const SecBuffer *packed, PCtxtHandle context)
{
    struct import i = { .package = package, .context = context };
    sec_status status = check_arguments(packed, context);

    if (status == SEC_E_OK) {
        status = configuration_current(&i.configuration);
    }
    if (status == SEC_E_OK) {
        status = import_packed(&i, packed);
        configuration_unref(i.configuration);
    }
    return status;
}

SECURITY_STATUS SEC_ENTRY
OpenSspiImportContext(PCredHandle credential, PSecBuffer packed, PCtxtHandle context)
{
    SEC_AUTO(handle_ref) ref = { 0 };
    struct import i = { .context = context };
    struct credential *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_credential(&ref, credential, &c);
    if (status != SEC_E_OK) {
        return status;
    }
    i.credential = ref;
    i.package = objects_holding(c)->cred->package;
    i.configuration = c->configuration;
    status = check_arguments(packed, context);
    if (status == SEC_E_OK) {
        status = import_packed(&i, packed);
    }
    return status;
}

static sec_status
import_context(struct bytes package_name, const SecBuffer *packed, PCtxtHandle context)
{
    const struct sec_package *package = NULL;
    sec_status status;

    sec_reason_clear();
    status = package_list_find(package_name, &package);
    if (status == SEC_E_OK) {
        status = import_of(package, packed, context);
    }
    package_list_release(package);
    return status;
}

SECURITY_STATUS SEC_ENTRY
ImportSecurityContextA(SEC_CHAR *package, PSecBuffer packed, void *token, PCtxtHandle context)
{
    return import_context(bytes_of_string(package), packed, context);
}

SECURITY_STATUS SEC_ENTRY
ImportSecurityContextW(SEC_WCHAR *package, PSecBuffer packed, void *token, PCtxtHandle context)
{
    struct text_name name;

    return import_context(text_name_of(&name, package), packed, context);
}
