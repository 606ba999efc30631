/* SPDX-License-Identifier: Apache-2.0 */
/* What a package of others says of an established context: who the client is, above all. */
#include "account/account.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "sspi/identity.h"
#include "sspi/loaded_context.h"
#include "token/unix_name.h"

/* A text of the package's, of a length that it may have; NULL is empty. */
static sec_status
take_text(const struct loaded_package *p, const char *what, const char *text, struct bytes *out)
{
    size_t n = text ? strnlen(text, OPENSSPI_PACKAGE_TEXT_MAX + 1) : 0;

    *out = bytes_of(text, n);
    return n <= OPENSSPI_PACKAGE_TEXT_MAX
               ? SEC_E_OK
               : loaded_context_fault(p, "QueryContext gave a %s of more than %d bytes", what,
                                      OPENSSPI_PACKAGE_TEXT_MAX);
}

/* A name in UTF-16LE, on the heap. */
static sec_status
take_name(const struct loaded_package *p, const char *what, const char *text, struct bytes *out)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct bytes utf8, written;
    sec_status status = take_text(p, what, text, &utf8);

    if (status != SEC_E_OK) {
        return status;
    }
    utf16_put_utf8(&w, utf8);
    if (wire_writer_status(&w) == WIRE_BAD_VALUE || w.len > 2 * IDENTITY_MAX_UNITS) {
        return loaded_context_fault(p, "QueryContext gave a %s that is no name", what);
    }
    written = wire_written(&w);
    out->p = wire_writer_status(&w) == WIRE_OK ? mem_dup(written.p, written.n) : NULL;
    out->n = written.n;
    return out->p ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static sec_status
check_sid(const struct loaded_package *p, const char *text, bool necessary)
{
    struct sid sid;
    struct bytes view;
    sec_status status = take_text(p, "SID", text, &view);

    if (status == SEC_E_OK && (text || necessary) && !sid_parse(&sid, view)) {
        status = loaded_context_fault(p, "QueryContext gave a SID that is none");
    }
    return status;
}

static sec_status
check_groups(const struct loaded_package *p, const OPENSSPI_PACKAGE_CONTEXT *q)
{
    struct bytes name;
    sec_status status = SEC_E_OK;

    if (q->GroupCount > OPENSSPI_PACKAGE_GROUPS_MAX ||
        (q->GroupCount && (!q->ppszGroups || !q->ppszGroupSids))) {
        return loaded_context_fault(p, "QueryContext gave %u groups, and no list of so many",
                                    q->GroupCount);
    }
    for (ULONG i = 0; i < q->GroupCount && status == SEC_E_OK; i++) {
        if (!q->ppszGroups[i]) {
            return loaded_context_fault(p, "QueryContext gave a group without a name");
        }
        status = take_text(p, "group", q->ppszGroups[i], &name);
        if (status == SEC_E_OK) {
            status = check_sid(p, q->ppszGroupSids[i], true);
        }
    }
    return status;
}

/* Who the client is: proven by the package, which has to say it. */
static sec_status
take_identity(const struct loaded_package *p, const OPENSSPI_PACKAGE_CONTEXT *q,
              struct loaded_answer *a)
{
    struct bytes unix_user;
    sec_status status = take_text(p, "Unix user", q->pszUnixUser, &unix_user);

    if (status == SEC_E_OK) {
        status = check_sid(p, q->pszUserSid, false);
    }
    if (status == SEC_E_OK) {
        status = check_groups(p, q);
    }
    if (status == SEC_E_OK && a->user.n == 0) {
        status = loaded_context_fault(p, "QueryContext did not say who the client is");
    }
    if (status == SEC_E_OK) {
        a->identity = account_identity_new(&(struct account_identity){
            .user = a->user,
            .domain = a->domain,
            .sid = q->pszUserSid ? q->pszUserSid : "",
            .groups = q->ppszGroups,
            .group_sids = q->ppszGroupSids,
            .n_groups = q->GroupCount,
            .unix_user = unix_user.n ? q->pszUnixUser : NULL,
            .password_expires_100ns = UINT64_MAX,
        });
        status = a->identity ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    return status;
}

static sec_status
take_algorithm(const struct loaded_package *p, const char *text,
               char to[static OPENSSPI_PACKAGE_COMMENT_MAX + 1])
{
    size_t n = text ? strnlen(text, OPENSSPI_PACKAGE_COMMENT_MAX + 1) : 0;
    bool good = n <= OPENSSPI_PACKAGE_COMMENT_MAX;

    for (size_t i = 0; good && i < n; i++) {
        good = text[i] >= ' ' && text[i] <= '~';
    }
    if (!good) {
        return loaded_context_fault(p, "QueryContext gave an algorithm's name that is none");
    }
    bytes_copy(to, text, n);
    return SEC_E_OK;
}

static sec_status
take_keys(const struct loaded_package *p, const OPENSSPI_PACKAGE_CONTEXT *q,
          struct loaded_answer *a)
{
    sec_status status;

    if (q->cbSessionKey > OPENSSPI_PACKAGE_KEY_MAX || (q->cbSessionKey && !q->pSessionKey)) {
        return loaded_context_fault(p, "QueryContext gave a session key of %u bytes",
                                    q->cbSessionKey);
    }
    if (q->cbMaxSignature > OPENSSPI_PACKAGE_SIGNATURE_MAX ||
        q->cbSecurityTrailer > OPENSSPI_PACKAGE_SIGNATURE_MAX ||
        !q->cbMaxSignature != !p->ops.sign || !q->cbSecurityTrailer != !p->ops.seal) {
        return loaded_context_fault(p,
                                    "QueryContext gave signatures of %u and trailers of %u bytes",
                                    q->cbMaxSignature, q->cbSecurityTrailer);
    }
    a->max_signature = q->cbMaxSignature;
    a->trailer = q->cbSecurityTrailer;
    a->half_duplex = q->HalfDuplex;
    a->key_bits = q->KeyBits;
    status = take_algorithm(p, q->pszSignatureAlgorithm, a->sign_algorithm);
    if (status == SEC_E_OK) {
        status = take_algorithm(p, q->pszEncryptAlgorithm, a->seal_algorithm);
    }
    if (status == SEC_E_OK && q->cbSessionKey &&
        !secret_set(&a->session_key, q->pSessionKey, q->cbSessionKey)) {
        status = SEC_E_INSUFFICIENT_MEMORY;
    }
    return status;
}

static sec_status
take_client(const struct loaded_context *c, const OPENSSPI_PACKAGE_CONTEXT *q,
            struct loaded_answer *a)
{
    const struct loaded_package *p = c->owner;

    a->anonymous = q->Anonymous;
    if (c->role != SEC_ACCEPTOR) {
        return SEC_E_OK;
    }
    if (!a->anonymous) {
        return take_identity(p, q, a);
    }
    return c->host->settings->allow_anonymous
               ? SEC_E_OK
               : sec_fail(SEC_E_LOGON_DENIED, "%s: anonymous clients are not admitted", p->name);
}

sec_status
loaded_answer_query(struct loaded_context *c, struct loaded_answer **out)
{
    const struct loaded_package *p = c->owner;
    OPENSSPI_PACKAGE_CONTEXT q = { .cbSize = sizeof(q) };
    struct loaded_answer *a = mem_new(sizeof(*a));
    sec_status status;

    if (!a) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = p->table.QueryContext(c->context, &q);
    if (status != SEC_E_OK) {
        status = loaded_context_error(p, "QueryContext", status);
    }
    if (status == SEC_E_OK) {
        status = take_keys(p, &q, a);
    }
    if (status == SEC_E_OK) {
        status = take_name(p, "user", q.pszUser, &a->user);
    }
    if (status == SEC_E_OK) {
        status = take_name(p, "domain", q.pszDomain, &a->domain);
    }
    if (status == SEC_E_OK) {
        status = take_client(c, &q, a);
    }
    if (status != SEC_E_OK) {
        loaded_answer_free(a);
        return status;
    }
    *out = a;
    return SEC_E_OK;
}

void
loaded_answer_free(struct loaded_answer *a)
{
    if (a) {
        mem_free((void *)(uintptr_t)a->user.p);
        mem_free((void *)(uintptr_t)a->domain.p);
        secret_clear(&a->session_key);
        account_identity_unref(a->identity);
        mem_free(a);
    }
}
