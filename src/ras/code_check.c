/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of one-time codes. */
#include "ras/code_check.h"

#include <stdio.h>

#include <opensspi/raserror.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/utf16.h"

/* A secret as a whole. */
struct code_check {
    uv_work_t work;
    struct account_authority *accounts;
    code_check_done done;
    void *owner;
    uint64_t call;
    uint32_t request;
    char address[CODE_CHECK_ADDRESS_BYTES];
    struct account_claim claim; /* views of what follows */
    struct account_proof proof;
    sec_status status;
    uint8_t user_utf16[2 * HOST_MSG_NAME_MAX], domain_utf16[2 * HOST_MSG_DOMAIN_MAX];
    uint8_t user[HOST_MSG_NAME_MAX], domain[HOST_MSG_DOMAIN_MAX], code[HOST_MSG_CODE_MAX];
    size_t user_n, domain_n;
};

static struct bytes
copy(struct bytes from, uint8_t *to)
{
    bytes_copy(to, from.p, from.n);
    return bytes_of(to, from.n);
}

static void
check(uv_work_t *work)
{
    struct code_check *c = work->data;

    c->status = account_prove(c->accounts, &c->claim, &c->proof);
}

/* Windows' codes; why it was refused is for the log alone. */
static void
judge(const struct code_check *c, struct code_answer *a)
{
    switch (c->status) {
    case SEC_E_OK: break;
    case SEC_E_LOGON_DENIED:
        a->error = ERROR_AUTHENTICATION_FAILURE;
        a->refusal = account_code_reason(&c->proof);
        a->locked_out = c->proof.locked_out_now ? c->proof.sid : NULL;
        break;
    case SEC_E_NO_AUTHENTICATING_AUTHORITY:
        a->error = ERROR_SERVER_NOT_RESPONDING;
        a->refusal = "the account store cannot answer";
        break;
    default: a->error = ERROR_AUTH_INTERNAL; a->refusal = "the account authority failed";
    }
}

static void
answer(uv_work_t *work, int status)
{
    struct code_check *c = work->data;
    struct code_answer a = { .call = c->call,
                             .address = c->address,
                             .request = c->request,
                             .user = bytes_of(c->user, c->user_n),
                             .domain = bytes_of(c->domain, c->domain_n) };

    if (status) { /* it never ran */
        c->status = SEC_E_INTERNAL_ERROR;
    }
    judge(c, &a);
    c->done(c->owner, &a);
    account_authority_close(c->accounts);
    account_proof_clear(&c->proof);
    mem_free_wiped(c, sizeof(*c));
}

bool
code_check_start(uv_loop_t *loop, struct account_authority *accounts, const struct host_msg *m,
                 const char *address, code_check_done done, void *owner)
{
    struct code_check *c = mem_new(sizeof(*c));

    if (!c) {
        return false;
    }
    c->accounts = account_authority_ref(accounts);
    c->done = done;
    c->owner = owner;
    c->call = m->call;
    c->request = m->request;
    (void)snprintf(c->address, sizeof(c->address), "%s", address);
    c->user_n = copy(m->user, c->user).n;
    c->domain_n = copy(m->domain, c->domain).n;
    c->claim = (struct account_claim){
        .kind = ACCOUNT_ONE_TIME_CODE,
        .dial_in = true,
        .now_100ns = clock_now_100ns(),
        .user = utf16_into(c->user_utf16, sizeof(c->user_utf16), m->user),
        .domain = utf16_into(c->domain_utf16, sizeof(c->domain_utf16), m->domain),
        .password = copy(m->data, c->code),
    };
    c->work.data = c;
    (void)uv_queue_work(loop, &c->work, check, answer); /* cannot fail */
    return true;
}
