/* SPDX-License-Identifier: Apache-2.0 */
/* Who the client of a START is. */
#include "execd/client.h"

#include "account/authority_client.h"
#include "base/mem.h"
#include "base/utf16.h"

enum { TEXTS = 4, MS = 1000 };

/* Each with its NUL; a text of samd's has none in it, and one of START's cannot. */
static sec_status
keep(const struct bytes texts[static TEXTS], struct client *out)
{
    const char **to[TEXTS] = { &out->user, &out->domain, &out->unix_user, &out->sid };
    size_t n = 0;
    char *at;

    for (size_t i = 0; i < TEXTS; i++) {
        n += texts[i].n + 1;
    }
    at = out->texts = mem_new(n);
    for (size_t i = 0; at && i < TEXTS; i++) {
        bytes_copy(at, texts[i].p, texts[i].n);
        *to[i] = at;
        at += texts[i].n + 1;
    }
    return out->texts ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

sec_status
client_of_start(const struct exec_msg *m, struct client *out)
{
    const struct bytes texts[TEXTS] = { m->user, m->domain, m->unix_user, m->sid };

    *out = (struct client){ 0 };
    return keep(texts, out);
}

void
client_clear(struct client *c)
{
    mem_free(c->texts);
    *c = (struct client){ 0 };
}

/* --- samd ---------------------------------------------------------------------------------- */

struct answer {
    struct client *out;
    sec_status status;
};

static sec_status
keep_identity(const struct account_identity *who, struct client *out)
{
    char *user = utf8_from_utf16(who->user), *domain = utf8_from_utf16(who->domain);
    const struct bytes texts[TEXTS] = { bytes_of_string(user), bytes_of_string(domain),
                                        bytes_of_string(who->unix_user),
                                        bytes_of_string(who->sid) };
    sec_status status = user && domain ? keep(texts, out) : SEC_E_INSUFFICIENT_MEMORY;

    mem_free(user);
    mem_free(domain);
    return status;
}

static enum authority_answer
take(void *user, const struct authority_msg *m)
{
    struct answer *a = user;

    if (m->type == AUTHORITY_MSG_REFUSED && sec_failed((sec_status)m->status)) {
        a->status = sec_fail((sec_status)m->status, "%s", m->reason);
        return AUTHORITY_LAST;
    }
    if (m->type != AUTHORITY_MSG_VOUCHED) {
        return AUTHORITY_NONSENSE;
    }
    a->status = keep_identity(&m->identity, a->out);
    a->out->vouched = true;
    return AUTHORITY_LAST;
}

sec_status
client_of_samd(const struct execd_settings *s, struct bytes assertion, uid_t asker,
               struct client *out)
{
    struct answer a = { .out = out, .status = SEC_E_INSUFFICIENT_MEMORY };
    char *text = mem_dup(assertion.p, assertion.n);
    struct authority_client *samd =
        authority_client_new(execd_settings_authority(s), s->text.authority_timeout_s * MS);
    struct authority_msg m = { .type = AUTHORITY_MSG_REDEEM, .assertion = text, .asker = asker };
    sec_status status = SEC_E_INSUFFICIENT_MEMORY;

    *out = (struct client){ 0 };
    if (text && samd) {
        status = authority_client_ask(samd, &m, take, &a);
    }
    authority_client_free(samd);
    mem_free(text);
    status = status == SEC_E_OK ? a.status : status;
    if (status != SEC_E_OK) {
        client_clear(out);
    }
    return status;
}
