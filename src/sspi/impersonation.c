/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ImpersonateSecurityContext and RevertSecurityContext. A thread acts as a client in two ways: its
 * Unix identity is that of the client's account (src/token/thread_identity.h), and what the library
 * does by default in its name it does with what the client delegated.
 */
#include "sspi/impersonation.h"

#include <opensspi/opensspi.h>

#include "base/mem.h"
#include "token/thread_identity.h"

struct impersonation {
    struct token_object as;
    const struct unix_account *account; /* the logon's */
    struct thread_identity before;
};

static _Thread_local struct impersonation *current;

static pthread_once_t made = PTHREAD_ONCE_INIT;
static pthread_key_t at_end; /* of a thread that still acts as somebody */
static int key_error;

const struct token_object *
impersonation_current(void)
{
    return current ? &current->as : NULL;
}

const struct thread_identity *
impersonation_before(void)
{
    return current ? &current->before : NULL;
}

bool
impersonation_is_foreign(void)
{
    return current && !current->as.token->logon->local;
}

/* --- reverting ----------------------------------------------------------------------------- */

static void
forget(struct impersonation *i)
{
    tokens_clear(&i->as);
    thread_identity_clear(&i->before);
    mem_free(i);
}

static bool
has_changed(const struct impersonation *i)
{
    return !thread_identity_is(&i->before, i->account);
}

static void
revert(void)
{
    struct impersonation *i = current;

    if (!i) {
        return;
    }
    if (has_changed(i)) {
        thread_identity_restore(&thread_identity_kernel, &i->before);
    }
    current = NULL;
    (void)pthread_setspecific(at_end, NULL);
    forget(i);
}

static void
revert_at_end(void *unused)
{
    revert();
}

static void
make_key(void)
{
    key_error = pthread_key_create(&at_end, revert_at_end);
}

/* --- impersonating ------------------------------------------------------------------------- */

static sec_status
find_account(const struct token_object *o, const struct unix_account **out)
{
    const struct sec_token *t = o->token;
    sec_status status;

    if (!t->primary && t->level < TOKEN_LEVEL_IMPERSONATION) {
        return sec_fail(SEC_E_NO_IMPERSONATION, "sspi: the client %s",
                        t->level == TOKEN_LEVEL_ANONYMOUS ? "is anonymous"
                                                          : "lets itself be identified alone");
    }
    status = logon_unix_account(t->logon, configuration_unix_policy(o->configuration), out);
    return status == SEC_E_INSUFFICIENT_MEMORY ? status
           : status != SEC_E_OK                ? SEC_E_NO_IMPERSONATION
                                               : SEC_E_OK;
}

/* The newer client takes the older one's place; what the process itself is stays known. */
static sec_status
replace(struct impersonation *with)
{
    struct impersonation *old = current;
    sec_status status;

    with->before = old->before;
    if (has_changed(old)) {
        thread_identity_restore(&thread_identity_kernel, &old->before);
    }
    status = thread_identity_take(&thread_identity_kernel, &with->before, with->account);
    if (status == SEC_E_OK) {
        old->before = (struct thread_identity){ 0 };
        current = with;
        (void)pthread_setspecific(at_end, with);
        forget(old);
        return SEC_E_OK;
    }
    with->before = (struct thread_identity){ 0 };
    if (thread_identity_take(&thread_identity_kernel, &old->before, old->account) != SEC_E_OK) {
        thread_identity_end(&thread_identity_kernel); /* neither the one nor the other */
    }
    return status;
}

static sec_status
begin(struct impersonation *with)
{
    sec_status status;

    if (current) {
        return replace(with);
    }
    if (pthread_setspecific(at_end, with) != 0) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = thread_identity_read(&thread_identity_kernel, &with->before);
    if (status == SEC_E_OK) {
        status = thread_identity_take(&thread_identity_kernel, &with->before, with->account);
    }
    if (status != SEC_E_OK) {
        (void)pthread_setspecific(at_end, NULL);
        return status;
    }
    current = with;
    return SEC_E_OK;
}

/* Takes what the object holds, also when it fails. */
static sec_status
impersonate(struct token_object *o)
{
    struct impersonation *with = mem_new(sizeof(*with));
    sec_status status = with ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;

    (void)pthread_once(&made, make_key);
    if (!with || key_error != 0) {
        mem_free(with);
        tokens_clear(o);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    with->as = *o;
    *o = (struct token_object){ 0 };
    status = find_account(&with->as, &with->account);
    if (status == SEC_E_OK) {
        status = begin(with);
    }
    if (status != SEC_E_OK) {
        forget(with);
    }
    return status;
}

/* --- the interface ------------------------------------------------------------------------- */

SECURITY_STATUS SEC_ENTRY
ImpersonateSecurityContext(PCtxtHandle handle)
{
    struct token_object o;
    sec_status status;

    sec_reason_clear();
    status = tokens_of_context(handle, &o);
    if (status == SEC_E_OK) {
        o.context = objects_handle(handle);
        status = impersonate(&o);
    }
    return status;
}

static bool
is_current_context(struct handle h)
{
    return current && current->as.context.upper == h.upper &&
           current->as.context.lower == h.lower && h.upper != 0;
}

/* By a context that lives, or by the one that the thread acts for though it is deleted: a server that
 * cleans up in that order must not go on as the client. */
SECURITY_STATUS SEC_ENTRY
RevertSecurityContext(PCtxtHandle handle)
{
    struct context *c;
    struct handle_ref ref;

    sec_reason_clear();
    ref = objects_context(handle, &c);
    if (!c && !is_current_context(objects_handle(handle))) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: not a context's handle");
    }
    revert();
    handle_release(ref);
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY
OpenSspiImpersonateToken(HANDLE token)
{
    SEC_AUTO(handle_ref) ref = { 0 };
    struct token_object *o, copy;
    sec_status status;

    sec_reason_clear();
    if (!token) {
        revert();
        return SEC_E_OK;
    }
    status = tokens_hold(&ref, token, &o);
    if (status != SEC_E_OK) {
        return status;
    }
    copy = tokens_share(o);
    return impersonate(&copy);
}

SECURITY_STATUS SEC_ENTRY
OpenSspiOpenThreadToken(HANDLE *token)
{
    struct token_object copy;

    sec_reason_clear();
    if (!token) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the token");
    }
    if (!current) {
        return sec_fail(SEC_E_NO_IMPERSONATION, "sspi: the thread acts as the process");
    }
    copy = tokens_share(&current->as);
    return tokens_open(&copy, token);
}
