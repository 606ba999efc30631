/* SPDX-License-Identifier: Apache-2.0 */
/* Between the seam's struct sec_package_ops and the table of a package of others. */
#include "sspi/loaded_context.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "sspi/flags.h"

struct loaded_credential {
    struct sec_cred base;
    struct loaded_package *owner;
    void *credential; /* the package's */
};

/* --- answers ------------------------------------------------------------------------------- */

sec_status
loaded_context_fault(const struct loaded_package *p, const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return sec_fail(SEC_E_INTERNAL_ERROR, "%s: %s", p->name, text);
}

sec_status
loaded_context_error(const struct loaded_package *p, const char *function, sec_status status)
{
    static const sec_status own[] = {
        SEC_E_INSUFFICIENT_MEMORY,
        SEC_E_UNSUPPORTED_FUNCTION,
        SEC_E_TARGET_UNKNOWN,
        SEC_E_INTERNAL_ERROR,
        SEC_E_NOT_OWNER,
        SEC_E_INVALID_TOKEN,
        SEC_E_QOP_NOT_SUPPORTED,
        SEC_E_LOGON_DENIED,
        SEC_E_UNKNOWN_CREDENTIALS,
        SEC_E_NO_CREDENTIALS,
        SEC_E_MESSAGE_ALTERED,
        SEC_E_OUT_OF_SEQUENCE,
        SEC_E_NO_AUTHENTICATING_AUTHORITY,
        SEC_E_CONTEXT_EXPIRED,
        SEC_E_INCOMPLETE_CREDENTIALS,
        SEC_E_WRONG_PRINCIPAL,
        SEC_E_TIME_SKEW,
        SEC_E_ILLEGAL_MESSAGE,
        SEC_E_ENCRYPT_FAILURE,
        SEC_E_DECRYPT_FAILURE,
        SEC_E_SECURITY_QOS_FAILED,
        SEC_E_MUTUAL_AUTH_FAILED,
        SEC_E_BAD_BINDINGS,
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(own); i++) {
        if (status == own[i]) {
            return sec_reason()[0]
                       ? status
                       : sec_fail(status, "%s: %s refused, and gave no reason", p->name, function);
        }
    }
    return loaded_context_fault(p, "%s answered 0x%08x, which is not a package's to say", function,
                                (unsigned)status);
}

/* --- credentials --------------------------------------------------------------------------- */

/* UTF-8 with its NUL. */
static sec_status
put_text(struct wire_writer *w, struct bytes utf16)
{
    size_t start = w->len;

    utf8_put_utf16(w, utf16);
    if (wire_writer_status(w) == WIRE_BAD_VALUE ||
        (wire_writer_status(w) == WIRE_OK && w->len > start &&
         memchr(w->p + start, 0, w->len - start))) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "sspi: the identity is no text");
    }
    wire_put_u8(w, 0);
    return wire_writer_status(w) == WIRE_OK ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static const char *
text_at(const struct wire_writer *w, size_t at, struct bytes given)
{
    return given.n ? (const char *)w->p + at : NULL;
}

static sec_status
ask_credential(struct loaded_package *p, const struct sec_acquire_args *args, void **out)
{
    uint8_t room[512];
    SEC_AUTO(wire_writer) texts = wire_writer_secret(room, sizeof(room));
    const struct sec_identity *from = args->identity;
    OPENSSPI_PACKAGE_IDENTITY identity = { .cbSize = sizeof(identity) };
    OPENSSPI_PACKAGE_ACQUIRE arguments = { .cbSize = sizeof(arguments),
                                           .Use = args->use,
                                           .NoDefaults = !from && args->restricted };
    size_t domain_at = 0, password_at = 0;
    sec_status status = SEC_E_OK;

    if (from) {
        status = put_text(&texts, from->user);
        domain_at = texts.len;
        status = status == SEC_E_OK ? put_text(&texts, from->domain) : status;
        password_at = texts.len;
        status = status == SEC_E_OK ? put_text(&texts, from->password) : status;
        arguments.pIdentity = &identity;
    }
    if (status == SEC_E_OK && from) {
        identity.pszUser = text_at(&texts, 0, from->user);
        identity.pszDomain = text_at(&texts, domain_at, from->domain);
        identity.pszPassword = text_at(&texts, password_at, from->password);
    }
    if (status == SEC_E_OK) {
        sec_reason_clear();
        status = p->table.AcquireCredential(&arguments, out);
        if (status != SEC_E_OK) {
            status = loaded_context_error(p, "AcquireCredential", status);
        } else if (!*out) {
            status = loaded_context_fault(p, "AcquireCredential gave no credential");
        }
    }
    secret_wipe(room, sizeof(room));
    return status;
}

static sec_status
acquire(const struct sec_host *host, const struct sec_acquire_args *args, struct sec_cred **out)
{
    struct loaded_package *p = (struct loaded_package *)(uintptr_t)args->package;
    struct loaded_credential *c = mem_new(sizeof(*c));
    sec_status status;

    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = ask_credential(p, args, &c->credential);
    if (status != SEC_E_OK) {
        mem_free(c);
        return status;
    }
    c->base = (struct sec_cred){ .package = &p->package, .host = host };
    c->owner = p;
    /* Who called holds a reference, too: nobody unloads meanwhile. */
    atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed);
    *out = &c->base;
    return SEC_E_OK;
}

static void
free_credential(struct sec_cred *cred)
{
    struct loaded_credential *c = (struct loaded_credential *)cred;
    struct loaded_package *p;

    if (c) {
        p = c->owner;
        p->table.FreeCredential(c->credential);
        mem_free(c);
        /* Last of all: from here on it may be unloaded. */
        atomic_fetch_sub_explicit(&p->references, 1, memory_order_release);
    }
}

static sec_status
credential_name(const struct sec_cred *cred, struct wire_writer *out)
{
    const struct loaded_credential *c = (const struct loaded_credential *)cred;
    struct loaded_package *p = c->owner;
    char name[OPENSSPI_PACKAGE_TEXT_MAX + 1] = "";
    sec_status status;
    size_t n;

    sec_reason_clear();
    status = p->table.QueryCredentialName(c->credential, name, sizeof(name));
    if (status != SEC_E_OK) {
        return loaded_context_error(p, "QueryCredentialName", status);
    }
    n = strnlen(name, sizeof(name));
    utf16_put_utf8(out, bytes_of(name, n));
    if (n == 0 || n == sizeof(name) || wire_writer_status(out) == WIRE_BAD_VALUE) {
        return loaded_context_fault(p, "QueryCredentialName gave no name");
    }
    return wire_writer_status(out) == WIRE_OK ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* --- contexts ------------------------------------------------------------------------------ */

static sec_status
open_context(const struct sec_cred *cred, enum sec_role role, struct sec_ctx **out)
{
    const struct loaded_credential *credential = (const struct loaded_credential *)cred;
    struct loaded_package *p = credential->owner;
    struct loaded_context *c = mem_new(sizeof(*c));
    sec_status status;

    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    sec_reason_clear();
    status = p->table.OpenContext(
        credential->credential, role == SEC_INITIATOR ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND,
        &c->context);
    if (status != SEC_E_OK) {
        status = loaded_context_error(p, "OpenContext", status);
    } else if (!c->context) {
        status = loaded_context_fault(p, "OpenContext gave no context");
    }
    if (status != SEC_E_OK) {
        mem_free(c);
        return status;
    }
    c->base.package = &p->package;
    c->owner = p;
    c->host = cred->host;
    c->role = role;
    *out = &c->base;
    return SEC_E_OK;
}

static void
free_context(struct sec_ctx *ctx)
{
    struct loaded_context *c = (struct loaded_context *)ctx;

    if (c) {
        c->owner->table.DeleteContext(c->context);
        loaded_answer_free(c->answer);
        mem_free(c);
    }
}

/* --- legs ---------------------------------------------------------------------------------- */

/* What no package may say, because it has no function for it, or no capability. */
static uint32_t
never_granted(const struct loaded_package *p)
{
    uint32_t never = SEC_DELEGATE;

    if (!p->ops.sign) {
        never |= SEC_INTEGRITY | SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT;
    }
    if (!p->ops.seal) {
        never |= SEC_CONFIDENTIALITY;
    }
    if (!(p->package.traits & SEC_TRAIT_MUTUAL_AUTH)) {
        never |= SEC_MUTUAL_AUTH;
    }
    return never;
}

static sec_status
check_established(struct loaded_context *c, const OPENSSPI_PACKAGE_LEG *leg)
{
    if (!flags_granted(c->role, leg->Granted, &c->granted) ||
        c->granted & never_granted(c->owner)) {
        return loaded_context_fault(c->owner, "it granted 0x%x, which it cannot", leg->Granted);
    }
    c->start_100ns = c->host->now_100ns(c->host);
    c->expires_100ns = leg->Expires ? leg->Expires : UINT64_MAX;
    return loaded_answer_query(c, &c->answer);
}

/* Whether a leg's answer is one: its status, and its token. */
static sec_status
check_leg(struct loaded_context *c, sec_status status, const OPENSSPI_PACKAGE_LEG *leg, ULONG room)
{
    const struct loaded_package *p = c->owner;
    const char *function = c->role == SEC_INITIATOR ? "InitializeContext" : "AcceptContext";

    if (leg->cbOutput > room) {
        return loaded_context_fault(p, "%s wrote %u bytes, and had room for %u", function,
                                    leg->cbOutput, room);
    }
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED) {
        return loaded_context_error(p, function, status);
    }
    /* Both sides would wait, or the server would never begin. */
    if (!leg->cbOutput &&
        (status == SEC_I_CONTINUE_NEEDED || (c->role == SEC_INITIATOR && !c->had_leg))) {
        return loaded_context_fault(p, "%s wrote no token where the peer waits for one", function);
    }
    return status == SEC_E_OK ? check_established(c, leg) : status;
}

/* *expected: it said what a package may say, so that its token may go to the peer. */
static sec_status
run_leg(struct loaded_context *c, struct sec_step_args *args, const char *target, uint8_t *room,
        size_t *written)
{
    const OPENSSPI_PACKAGE *table = &c->owner->table;
    OPENSSPI_PACKAGE_LEG leg = {
        .cbSize = sizeof(leg),
        .Request = flags_requested(c->role, args->wanted),
        .pInput = args->token.p,
        .cbInput = (ULONG)args->token.n,
        .pszTarget = target,
        .pBindings = args->bindings.given ? args->bindings.md5 : NULL,
        .pOutput = room,
        .cbOutput = table->cbMaxToken,
    };
    sec_status status, checked;

    sec_reason_clear();
    status = c->role == SEC_INITIATOR ? table->InitializeContext(c->context, &leg)
                                      : table->AcceptContext(c->context, &leg);
    checked = check_leg(c, status, &leg, table->cbMaxToken);
    /* An error's token is the peer's if the package can send one, and said nothing that it may not. */
    if (!sec_failed(checked) ||
        (checked == status && c->owner->package.traits & SEC_TRAIT_EXTENDED_ERROR)) {
        *written = leg.cbOutput;
    }
    return checked;
}

static sec_status
run_with_room(struct loaded_context *c, struct sec_step_args *args, const char *target,
              struct wire_writer *out)
{
    size_t start = out->len, written = 0;
    uint8_t *room = wire_reserve(out, c->owner->table.cbMaxToken);
    sec_status status = SEC_E_INSUFFICIENT_MEMORY;

    if (room) {
        status = run_leg(c, args, target, room, &written);
        secret_wipe(room + written, c->owner->table.cbMaxToken - written);
        out->len = start + written;
    }
    c->had_leg = true;
    c->phase = status == SEC_E_OK   ? SEC_PHASE_ESTABLISHED
               : sec_failed(status) ? SEC_PHASE_FAILED
                                    : SEC_PHASE_HALF_OPEN;
    if (status == SEC_E_OK) {
        c->base.half_duplex = c->answer->half_duplex;
        args->granted = c->granted;
        args->expires_100ns = c->expires_100ns;
    }
    return status;
}

static sec_status
step(struct sec_ctx *ctx, struct sec_step_args *args, struct wire_writer *out)
{
    struct loaded_context *c = (struct loaded_context *)ctx;
    SEC_AUTO(wire_writer) target = wire_writer_growing(NULL, 0);

    args->expires_100ns = UINT64_MAX;
    if (c->phase != SEC_PHASE_HALF_OPEN) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "%s: the context is %s", c->owner->name,
                        c->phase == SEC_PHASE_ESTABLISHED ? "established" : "dead");
    }
    if (args->token.n > UINT32_MAX) {
        return sec_fail(SEC_E_INVALID_TOKEN, "%s: a token of %zu bytes", c->owner->name,
                        args->token.n);
    }
    utf8_put_utf16(&target, args->target);
    wire_put_u8(&target, 0);
    if (wire_writer_status(&target) == WIRE_BAD_VALUE) {
        return sec_fail(SEC_E_TARGET_UNKNOWN, "sspi: the target name is no text");
    }
    if (wire_writer_status(&target) != WIRE_OK) {
        c->phase = SEC_PHASE_FAILED;
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return run_with_room(c, args, (const char *)target.p, out);
}

/* --- what is known ------------------------------------------------------------------------- */

static void
describe(const struct sec_ctx *ctx, struct sec_facts *out)
{
    const struct loaded_context *c = (const struct loaded_context *)ctx;
    const struct loaded_answer *a = c->answer;

    *out = (struct sec_facts){
        .phase = c->phase,
        .mechanism = &c->owner->package,
        .max_token = c->owner->table.cbMaxToken,
        .expires_100ns = c->expires_100ns,
        .password_expires_100ns = UINT64_MAX,
    };
    if (c->phase != SEC_PHASE_ESTABLISHED) {
        return;
    }
    out->flags = c->granted;
    out->start_100ns = c->start_100ns;
    out->max_signature = a->max_signature;
    out->security_trailer = a->trailer;
    out->user = out->native_client = a->user;
    out->domain = out->native_client_domain = a->domain;
    out->session_key = secret_bytes(&a->session_key);
    out->key_bits = a->key_bits;
    out->sign_algorithm = a->sign_algorithm[0] ? a->sign_algorithm : NULL;
    out->seal_algorithm = a->seal_algorithm;
    out->anonymous = a->anonymous;
    out->identity = a->identity;
}

void
loaded_package_set_ops(struct loaded_package *p)
{
    p->ops = (struct sec_package_ops){
        .acquire = acquire,
        .free_cred = free_credential,
        .cred_name = p->table.QueryCredentialName ? credential_name : NULL,
        .open = open_context,
        .step = step,
        .free_ctx = free_context,
        .sign = p->table.MakeSignature ? loaded_messages_sign : NULL,
        .verify = p->table.VerifySignature ? loaded_messages_verify : NULL,
        .seal = p->table.EncryptMessage ? loaded_messages_seal : NULL,
        .unseal = p->table.DecryptMessage ? loaded_messages_unseal : NULL,
        .describe = describe,
    };
}
