/* SPDX-License-Identifier: Apache-2.0 */
/* QuerySecurityContextToken, and handles of tokens. */
#include "sspi/tokens.h"

#include <stdio.h>

#include <opensspi/opensspi.h>

#include "account/account.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "sspi/impersonation.h"
#include "token/thread_identity.h"
#include "token/unix_name.h"

enum { RPC_ID_NTLM = 10 };

/* --- objects ------------------------------------------------------------------------------- */

struct token_object
tokens_share(const struct token_object *o)
{
    return (struct token_object){
        .token = token_ref(o->token),
        .configuration = configuration_hold(o->configuration),
        .source = handle_share(o->source),
        .context = o->context,
    };
}

void
tokens_clear(struct token_object *o)
{
    token_unref(o->token);
    configuration_unref(o->configuration);
    handle_release(o->source);
    *o = (struct token_object){ 0 };
}

void
tokens_object_free(void *object)
{
    tokens_clear(object);
    mem_free(object);
}

sec_status
tokens_open(struct token_object *o, HANDLE *out)
{
    struct token_object *kept = mem_new(sizeof(*kept));
    struct handle h;

    if (!kept) {
        tokens_clear(o);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *kept = *o;
    *o = (struct token_object){ 0 };
    if (!handle_new(HANDLE_TOKEN, kept, &h)) {
        tokens_object_free(kept);
        return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "sspi: no room for another handle");
    }
    *out = (HANDLE)(uintptr_t)handle_pack(h);
    return SEC_E_OK;
}

sec_status
tokens_hold(struct handle_ref *ref, HANDLE handle, struct token_object **out)
{
    *ref = handle_acquire(HANDLE_TOKEN, handle_unpack(HANDLE_TOKEN, (uint64_t)(uintptr_t)handle));
    *out = ref->object;
    return *out ? SEC_E_OK : sec_fail(SEC_E_INVALID_HANDLE, "sspi: not a token's handle");
}

/* --- a context's --------------------------------------------------------------------------- */

/* The names of a context's client, in UTF-8. */
struct client_names {
    struct wire_writer user, domain, upn;
};

static void
client_names_auto(struct client_names *n)
{
    wire_writer_clear(&n->user);
    wire_writer_clear(&n->domain);
    wire_writer_clear(&n->upn);
}

/* A NUL within would make another name of it. */
static sec_status
put_utf8(struct wire_writer *w, struct bytes utf16)
{
    *w = wire_writer_growing(NULL, 0);
    utf8_put_utf16(w, utf16);
    if (wire_writer_status(w) == WIRE_BAD_VALUE || (w->len && memchr(w->p, 0, w->len))) {
        return sec_fail(SEC_E_NO_IMPERSONATION, "sspi: the client's name is no text");
    }
    wire_put_u8(w, 0);
    return wire_writer_status(w) == WIRE_OK ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* What the client's domain told; of a user of the account store, what lookup.c makes of its name. */
static sec_status
put_principal(struct client_names *n, const struct sec_facts *f, const struct sec_settings *s)
{
    sec_status status = put_utf8(&n->upn, f->kerberos.upn);

    if (status != SEC_E_OK || f->kerberos.upn.n || f->anonymous || !f->identity ||
        !s->dns_domain.n || !utf16_equal_nocase(f->domain, s->domain)) {
        return status;
    }
    n->upn.len = 0;
    utf8_put_utf16(&n->upn, f->user);
    wire_put_u8(&n->upn, '@');
    utf8_put_utf16(&n->upn, s->dns_domain);
    wire_put_u8(&n->upn, 0);
    return wire_writer_status(&n->upn) == WIRE_OK ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static sec_status
put_names(struct client_names *n, const struct sec_facts *f, const struct sec_settings *s)
{
    sec_status status = put_utf8(&n->user, f->user);

    if (status == SEC_E_OK) {
        status = put_utf8(&n->domain, f->domain);
    }
    return status == SEC_E_OK ? put_principal(n, f, s) : status;
}

/* A client whom only its name tells, as with a ticket without a PAC, is the account here that it maps
 * to: somebody without any SID would be the same as the next one. */
static sec_status
take_unix_sid(struct logon_facts *l, const struct configuration *configuration,
              char text[static SID_TEXT_BYTES])
{
    const struct unix_account_client client = { l->user, l->domain, l->unix_user };
    struct sid sid;
    sec_status status =
        unix_account_map(&client, configuration_unix_policy(configuration), &l->unix_account);

    if (status == SEC_E_OK) {
        sid = unix_name_user_sid(l->unix_account->uid);
        sid_text(&sid, text);
        l->sid = text;
    }
    return status;
}

static sec_status
make_logon(const struct sec_facts *f, const struct configuration *configuration, struct logon **out)
{
    const struct account_identity *id = f->anonymous ? NULL : f->identity;
    SEC_AUTO(client_names) names = { 0 };
    char sid[SID_TEXT_BYTES];
    sec_status status = put_names(&names, f, configuration_host(configuration)->settings);
    struct logon_facts l = {
        .anonymous = f->anonymous,
        .ntlm = f->mechanism->rpc_id == RPC_ID_NTLM,
        .package = f->mechanism->name,
        .delegated_cache = f->kerberos.delegated_cache,
        .expires_100ns = f->expires_100ns,
    };

    if (status != SEC_E_OK) {
        return status;
    }
    l.user = (const char *)names.user.p;
    l.domain = (const char *)names.domain.p;
    l.upn = (const char *)names.upn.p;
    if (id) {
        l.sid = id->sid;
        l.groups = id->groups;
        l.group_sids = id->group_sids;
        l.group_attributes = id->group_attributes;
        l.n_groups = id->n_groups;
        l.unix_user = id->unix_user;
    }
    if (!f->anonymous && (!l.sid || !l.sid[0])) {
        status = take_unix_sid(&l, configuration, sid);
    }
    if (status == SEC_E_OK) {
        status = logon_new(&l, out);
    }
    if (status != SEC_E_OK) {
        unix_account_free(l.unix_account);
    }
    return status;
}

static enum token_level
level_of(const struct sec_facts *f)
{
    if (f->anonymous) {
        return TOKEN_LEVEL_ANONYMOUS;
    }
    if (f->flags & SEC_IDENTIFY) {
        return TOKEN_LEVEL_IDENTIFICATION;
    }
    return (f->flags & SEC_DELEGATE) && f->kerberos.delegated_cache ? TOKEN_LEVEL_DELEGATION
                                                                    : TOKEN_LEVEL_IMPERSONATION;
}

static struct configuration *
configuration_of(const struct context *c)
{
    return ((const struct credential *)c->credential.object)->configuration;
}

/* c->step is held. */
static sec_status
make_token(struct context *c)
{
    struct sec_facts f;
    struct logon *logon = NULL;
    sec_status status;

    objects_describe(c, &f);
    if (f.phase != SEC_PHASE_ESTABLISHED || !f.mechanism) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: the context is not established");
    }
    if (c->role != SEC_ACCEPTOR) {
        return sec_fail(SEC_E_NO_IMPERSONATION, "sspi: a client's context has no token");
    }
    if (f.flags & SEC_NO_TOKEN) {
        return sec_fail(SEC_E_NO_IMPERSONATION, "sspi: the server asked for no token");
    }
    if (!f.anonymous && !f.user.n) {
        return sec_fail(SEC_E_NO_IMPERSONATION, "sspi: the context names no client");
    }
    status = make_logon(&f, configuration_of(c), &logon);
    if (status == SEC_E_OK) {
        status = token_new(logon, false, level_of(&f), &c->token);
        logon_unref(logon);
    }
    return status;
}

sec_status
tokens_of_context(PCtxtHandle handle, struct token_object *out)
{
    SEC_AUTO(objects_hold) hold = { 0 };
    struct context *c;
    sec_status status = objects_hold_context(&hold, handle, OBJECTS_STEP, &c);

    if (status != SEC_E_OK) {
        return status;
    }
    if (c->exported) {
        return sec_fail(SEC_E_CONTEXT_EXPIRED, "sspi: the context was exported");
    }
    status = c->token ? SEC_E_OK : make_token(c);
    if (status != SEC_E_OK) {
        return status;
    }
    *out = (struct token_object){
        .token = token_ref(c->token),
        .configuration = configuration_hold(configuration_of(c)),
    };
    /* Its end would be the end of what was delegated. */
    if (out->token->logon->delegated_cache[0]) {
        out->source = handle_share(hold.ref);
    }
    return SEC_E_OK;
}

sec_status
tokens_lend(struct context *c, HANDLE *out)
{
    struct token_object o;
    sec_status status;

    if (c->exported) {
        return sec_fail(SEC_E_CONTEXT_EXPIRED, "sspi: the context was exported");
    }
    status = c->token ? SEC_E_OK : make_token(c);
    if (status == SEC_E_OK && !c->access_token) {
        /* Without the context for its source: it would keep itself alive. */
        o = (struct token_object){ .token = token_ref(c->token),
                                   .configuration = configuration_hold(configuration_of(c)) };
        status = tokens_open(&o, &c->access_token);
    }
    if (status == SEC_E_OK) {
        *out = c->access_token;
    }
    return status;
}

static bool
close_handle(HANDLE handle)
{
    return handle_delete(HANDLE_TOKEN, handle_unpack(HANDLE_TOKEN, (uint64_t)(uintptr_t)handle));
}

void
tokens_forget(struct context *c)
{
    if (c->access_token) {
        (void)!close_handle(c->access_token);
    }
    token_unref(c->token);
}

/* --- the process's own --------------------------------------------------------------------- */

/* Its groups as SIDs, in one piece of memory. */
struct group_sids {
    const char **names, **sids;
    size_t n;
};

static void
group_sids_auto(struct group_sids *g)
{
    mem_free(g->names);
}

/* The effective group first: it is the primary one. */
static bool
fill_groups(struct group_sids *g, const struct thread_identity *i)
{
    size_t most = i->n_groups + 1;
    char(*texts)[SID_TEXT_BYTES];

    g->names = mem_new_array(most, 2 * sizeof(*g->names) + sizeof(*texts));
    if (!g->names) {
        return false;
    }
    g->sids = g->names + most;
    texts = (char(*)[SID_TEXT_BYTES])(void *)(g->sids + most);
    for (size_t k = 0; k < most; k++) {
        gid_t gid = k == 0 ? i->egid : i->groups[k - 1];
        struct sid sid = unix_name_group_sid(gid);

        if (k == 0 || gid != i->egid) {
            sid_text(&sid, texts[g->n]);
            g->sids[g->n] = g->names[g->n] = texts[g->n];
            g->n++;
        }
    }
    return true;
}

/* A user without a name has its number for one. */
static sec_status
name_of(uid_t uid, struct wire_writer *name)
{
    char number[16];
    sec_status status = unix_name_of_user(uid, name);

    if (status == SEC_E_TARGET_UNKNOWN) {
        (void)snprintf(number, sizeof(number), "%u", uid);
        wire_put(name, number, strlen(number) + 1);
        status = wire_writer_status(name) == WIRE_OK ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    return status;
}

static sec_status
make_own_logon(const struct thread_identity *i, struct logon **out)
{
    SEC_AUTO(wire_writer) name = wire_writer_growing(NULL, 0);
    SEC_AUTO(group_sids) groups = { 0 };
    const struct sid user = unix_name_user_sid(i->euid);
    char sid[SID_TEXT_BYTES];
    struct logon_facts l = {
        .local = true,
        .sid = sid,
        .domain = "Unix User",
        .package = "",
        .expires_100ns = UINT64_MAX,
    };
    sec_status status = name_of(i->euid, &name);

    if (status != SEC_E_OK) {
        return status;
    }
    sid_text(&user, sid);
    l.user = l.unix_user = (const char *)name.p;
    l.unix_account = unix_account_new(l.user, i->euid, i->egid, i->groups, i->n_groups);
    if (!l.unix_account || !fill_groups(&groups, i)) {
        unix_account_free(l.unix_account);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    l.groups = groups.names;
    l.n_groups = groups.n;
    l.group_sids = groups.sids;
    status = logon_new(&l, out);
    if (status != SEC_E_OK) {
        unix_account_free(l.unix_account);
    }
    return status;
}

static bool
is_of(const struct logon *l, const struct thread_identity *i)
{
    const struct unix_account *a = atomic_load(&l->unix_account);

    return i->euid == a->uid && i->egid == a->gid &&
           bytes_equal(bytes_of(i->groups, i->n_groups * sizeof(*i->groups)),
                       bytes_of(a->groups, a->n_groups * sizeof(*a->groups)));
}

/* One logon for all tokens of the process, as long as it is who it was when it first asked. */
static sec_status
own_logon(const struct thread_identity *i, struct logon **out)
{
    static _Atomic(struct logon *) own_first;
    struct logon *first = atomic_load(&own_first);
    sec_status status;

    if (first && is_of(first, i)) {
        *out = logon_ref(first);
        return SEC_E_OK;
    }
    status = make_own_logon(i, out);
    if (status == SEC_E_OK && !first && atomic_compare_exchange_strong(&own_first, &first, *out)) {
        (void)logon_ref(*out);
    }
    return status;
}

/* This process's own; of a thread that acts as a client, too. */
static sec_status
take_process(struct token_object *out)
{
    struct thread_identity read = { 0 };
    const struct thread_identity *own = impersonation_before();
    struct token_object o = { 0 };
    struct logon *logon = NULL;
    sec_status status = own ? SEC_E_OK : thread_identity_read(&thread_identity_kernel, &read);

    if (status == SEC_E_OK) {
        status = own_logon(own ? own : &read, &logon);
    }
    thread_identity_clear(&read);
    if (status == SEC_E_OK) {
        status = token_new(logon, true, TOKEN_LEVEL_ANONYMOUS, &o.token);
        logon_unref(logon);
    }
    if (status == SEC_E_OK) {
        status = configuration_current(&o.configuration);
    }
    if (status != SEC_E_OK) {
        tokens_clear(&o);
        return status;
    }
    *out = o;
    return SEC_E_OK;
}

/* --- the interface ------------------------------------------------------------------------- */

SECURITY_STATUS SEC_ENTRY
QuerySecurityContextToken(PCtxtHandle handle, HANDLE *token)
{
    struct token_object o;
    sec_status status;

    sec_reason_clear();
    if (!token) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the token");
    }
    status = tokens_of_context(handle, &o);
    return status == SEC_E_OK ? tokens_open(&o, token) : status;
}

SECURITY_STATUS SEC_ENTRY
OpenSspiOpenProcessToken(HANDLE *token)
{
    struct token_object o;
    sec_status status;

    sec_reason_clear();
    if (!token) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the token");
    }
    status = take_process(&o);
    return status == SEC_E_OK ? tokens_open(&o, token) : status;
}

SECURITY_STATUS SEC_ENTRY
OpenSspiDuplicateToken(HANDLE token, ULONG type, ULONG level, HANDLE *out)
{
    SEC_AUTO(handle_ref) ref = { 0 };
    struct token_object *o, copy;
    sec_status status;

    sec_reason_clear();
    if (!out || level > TOKEN_LEVEL_DELEGATION ||
        (type != OPENSSPI_TOKEN_PRIMARY && type != OPENSSPI_TOKEN_IMPERSONATION)) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: a token of type %u and level %u", type,
                        level);
    }
    status = tokens_hold(&ref, token, &o);
    if (status != SEC_E_OK) {
        return status;
    }
    copy = tokens_share(o);
    token_unref(copy.token);
    copy.token = NULL;
    status = token_duplicate(o->token, type == OPENSSPI_TOKEN_PRIMARY, (enum token_level)level,
                             &copy.token);
    if (status == SEC_E_OK) {
        status = tokens_open(&copy, out);
    } else {
        tokens_clear(&copy);
    }
    return status;
}

SECURITY_STATUS SEC_ENTRY
OpenSspiCloseToken(HANDLE token)
{
    sec_reason_clear();
    if (!close_handle(token)) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: not a token's handle");
    }
    return SEC_E_OK;
}
