/* SPDX-License-Identifier: Apache-2.0 */
/* The module's side of a dialogue. Whatever is wrong with a call's arguments or its time is an
 * error of that call; nothing of it reaches rasd. */
#include <opensspi/rasmodule.h>
#include <windows.h>

#include "ras/module_host/calls.h"
#include "ras/module_host/dialog.h"
#include "ras/module_host/link.h"

enum { NOTES_MAX = 100 };

static const struct log *dialog_log;

void
dialog_open(const struct log *log)
{
    dialog_log = log;
}

/* A module's mistake that has no other place to be told. It may make many. */
static void
note(const char *mistake, HPORT port)
{
    static LONG volatile notes;

    if (InterlockedIncrement(&notes) <= NOTES_MAX) {
        log_warning(dialog_log, mistake, log_number("port", (int64_t)(uintptr_t)port));
    }
}

/* A handle is good until the outcome was reported or the module has done with the call. */
static struct calls_call *
open_call(HPORT port)
{
    struct calls_call *c = calls_by_handle(port);

    return c && !c->completed && !c->over ? c : NULL;
}

/* --- Send ---------------------------------------------------------------------------------- */

static DWORD
send_from(HPORT port, const BYTE *buffer, WORD n)
{
    const struct calls_call *c = open_call(port);
    struct host_msg m = { .type = HOST_MSG_SEND };

    if (!c) {
        return ERROR_INVALID_PORT_HANDLE;
    }
    if (buffer != c->send.p) {
        return ERROR_BUFFER_INVALID;
    }
    if (n == 0 || n > c->send.n) {
        return ERROR_INVALID_SIZE;
    }
    if (c->ended) {
        return ERROR_PORT_DISCONNECTED;
    }
    m.call = c->number;
    m.data = bytes_of(buffer, n);
    return link_offer(&m) ? PENDING : ERROR_OUT_OF_BUFFERS;
}

SEC_EXPORT DWORD WINAPI
RasSecurityDialogSend(HPORT hPort, PBYTE pBuffer, WORD BufferLength)
{
    DWORD error;

    calls_lock();
    error = send_from(hPort, pBuffer, BufferLength);
    calls_unlock();
    return error;
}

/* --- Receive ------------------------------------------------------------------------------- */

static DWORD
receive_into(HPORT port, const BYTE *buffer, WORD *length, DWORD seconds, HANDLE event)
{
    struct calls_call *c = open_call(port);
    struct host_msg m = { .type = HOST_MSG_RECEIVE, .seconds = seconds };

    if (!c) {
        return ERROR_INVALID_PORT_HANDLE;
    }
    if (c->receiving) {
        return ERROR_ASYNC_REQUEST_PENDING;
    }
    if (buffer != c->receive.p) {
        return ERROR_BUFFER_INVALID;
    }
    if (!length || *length == 0 || *length > c->receive.n) {
        return ERROR_INVALID_SIZE;
    }
    if (c->ended) {
        return ERROR_PORT_DISCONNECTED;
    }
    /* An event that was set before says nothing of this Receive. */
    if (!ResetEvent(event)) {
        return ERROR_EVENT_INVALID;
    }
    c->receiving = true;
    c->length = length;
    c->event = event;
    c->size = *length;
    c->last_error = PENDING;
    c->received = 0;
    m.call = c->number;
    m.size = c->size;
    link_answer(&m); /* one at a time: these need no limit */
    return PENDING;
}

SEC_EXPORT DWORD WINAPI
RasSecurityDialogReceive(HPORT hPort, PBYTE pBuffer, PWORD pBufferLength, DWORD Timeout,
                         HANDLE hEvent)
{
    DWORD error;

    calls_lock();
    error = receive_into(hPort, pBuffer, pBufferLength, Timeout, hEvent);
    calls_unlock();
    return error;
}

/* Where the outcome was reported meanwhile, buffer and length are the module's no more, nor ours to
 * write to. */
void
dialog_on_received(const struct host_msg *m)
{
    struct calls_call *c;

    calls_lock();
    c = calls_by_number(m->call);
    if (c && c->receiving) {
        if (m->data.n > c->size) {
            link_nonsense("more was received than was asked for");
        }
        c->receiving = false;
        c->last_error = m->error;
        c->received = (DWORD)m->data.n;
        bytes_copy(c->receive.p, m->data.p, m->data.n);
        *c->length = (WORD)m->data.n;
        (void)SetEvent(c->event);
    }
    calls_unlock();
}

/* --- GetInfo ------------------------------------------------------------------------------- */

SEC_EXPORT DWORD WINAPI
RasSecurityDialogGetInfo(HPORT hPort, RAS_SECURITY_INFO *pBuffer)
{
    const struct calls_call *c;
    DWORD error = NO_ERROR;

    calls_lock();
    c = open_call(hPort);
    if (!c) {
        error = ERROR_INVALID_PORT_HANDLE;
    } else if (!pBuffer) {
        error = ERROR_BUFFER_INVALID;
    } else {
        *pBuffer = (RAS_SECURITY_INFO){ .LastError = c->last_error, .BytesReceived = c->received };
        bytes_copy(pBuffer->DeviceName, c->device, sizeof(c->device));
    }
    calls_unlock();
    return error;
}

/* --- Complete ------------------------------------------------------------------------------ */

/* A name that is not terminated is none: cut short it might be another's. */
static bool
is_terminated(const CHAR *name, size_t room)
{
    return strnlen(name, room) < room;
}

static void
report(struct calls_call *c, const SECURITY_MESSAGE *said)
{
    const bool named = is_terminated(said->UserName, sizeof(said->UserName)) &&
                       is_terminated(said->Domain, sizeof(said->Domain));
    struct host_msg m = { .type = HOST_MSG_COMPLETE, .call = c->number };

    m.outcome = said->dwMsgId;
    m.error = said->dwMsgId == SECURITYMSG_SUCCESS || said->dwMsgId == SECURITYMSG_FAILURE
                  ? 0
                  : said->dwError;
    if (named) {
        m.user = bytes_of_string(said->UserName);
        m.domain = bytes_of_string(said->Domain);
    } else {
        note("Complete with a name that does not end", c->handle);
    }
    c->repeated = c->completed;
    c->completed = true;
    c->receiving = false;
    calls_end_checks(c);
    link_answer(&m);
}

SEC_EXPORT VOID WINAPI
RasSecurityDialogComplete(SECURITY_MESSAGE *pSecMsg)
{
    struct calls_call *c;

    if (!pSecMsg) {
        note("Complete without a message", NULL);
        return;
    }
    calls_lock();
    c = calls_by_handle(pSecMsg->hPort);
    if (!c || c->over) {
        note("Complete of a call that is over", pSecMsg->hPort);
    } else if (c->repeated) {
        note("Complete once more", pSecMsg->hPort);
    } else {
        report(c, pSecMsg);
    }
    calls_unlock();
}

/* --- codes --------------------------------------------------------------------------------- */

static DWORD
ask_rasd(struct calls_call *c, struct calls_check *check, struct host_msg *m)
{
    if (c->ended) {
        return ERROR_PORT_DISCONNECTED;
    }
    check->request = ++c->last_request;
    m->call = c->number;
    m->request = check->request;
    if (!link_offer(m)) {
        return ERROR_OUT_OF_BUFFERS;
    }
    check->next = c->checks;
    c->checks = check;
    return PENDING;
}

SEC_EXPORT DWORD WINAPI
OpenSspiRasCheckCode(HPORT hPort, LPCSTR UserName, LPCSTR Domain, LPCSTR Code)
{
    struct calls_check check = { .cond = PTHREAD_COND_INITIALIZER };
    struct host_msg m = { .type = HOST_MSG_OTP_CHECK };
    struct calls_call *c;

    m.user = bytes_of_string(UserName);
    m.domain = bytes_of_string(Domain);
    m.data = bytes_of_string(Code);
    if (m.user.n == 0 || m.user.n > HOST_MSG_NAME_MAX || m.domain.n > HOST_MSG_DOMAIN_MAX ||
        m.data.n == 0 || m.data.n > HOST_MSG_CODE_MAX) {
        return ERROR_INVALID_SIZE;
    }
    calls_lock();
    c = open_call(hPort);
    check.error = c ? ask_rasd(c, &check, &m) : ERROR_INVALID_PORT_HANDLE;
    while (check.error == PENDING && !check.done) {
        calls_wait(&check.cond);
    }
    calls_unlock();
    pthread_cond_destroy(&check.cond);
    return check.error;
}

void
dialog_on_otp_result(const struct host_msg *m)
{
    struct calls_call *c;

    calls_lock();
    c = calls_by_number(m->call);
    for (struct calls_check **at = c ? &c->checks : NULL; at && *at; at = &(*at)->next) {
        struct calls_check *check = *at;

        if (check->request == m->request) {
            *at = check->next;
            check->done = true;
            check->error = m->error;
            pthread_cond_signal(&check->cond);
            break;
        }
    }
    calls_unlock();
}
