/* SPDX-License-Identifier: Apache-2.0 */
/* Dialogues with callers. Each has a lock of its own, which is held where the server is called: the
 * buffers are the server's, and out of bounds as soon as the call has ended or was reported. */
#include "dialogue.h"
#include "line_edit.h"

enum {
    DIALOGUES_MAX = 1024, /* threads, with those that outlive their calls */
    TYPED_BYTES = 256,    /* of one Receive; the server keeps the rest */
};

typedef DWORD(WINAPI *SEND)(HPORT, PBYTE, WORD);
typedef DWORD(WINAPI *RECEIVE)(HPORT, PBYTE, PWORD, DWORD, HANDLE);
typedef DWORD(WINAPI *GET_INFO)(HPORT, RAS_SECURITY_INFO *);

_Static_assert((int)DIALOGUE_ANSWER_BYTES == (int)LINE_EDIT_MAX + 1, "a line is an answer");

struct dialogue {
    struct dialogue *next;    /* under list_lock */
    LONG volatile references; /* the list's and the thread's */
    dialogue_talk talk;
    HPORT port;
    PBYTE out, in;
    DWORD out_size, in_size;
    OPENSSPI_RAS_COMPLETE complete;
    CRITICAL_SECTION lock; /* of what follows; End may come from inside Complete */
    BOOL ended, reported;
    /* The thread's own. */
    HANDLE received;
    WORD received_size;
    BYTE typed[TYPED_BYTES];
    WORD typed_n, typed_at;
    struct line_edit edit;
};

static SEND send_bytes;
static RECEIVE receive_bytes;
static GET_INFO get_info;
static CRITICAL_SECTION list_lock;
static struct dialogue *dialogues;
static LONG volatile count;

OPENSSPI_RAS_EXPORT BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved);

/* FALSE, and the server does not start: it offers no dialogues. */
OPENSSPI_RAS_EXPORT BOOL WINAPI
DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    HMODULE server;

    UNREFERENCED_PARAMETER(module);
    UNREFERENCED_PARAMETER(reserved);
    if (reason != DLL_PROCESS_ATTACH) {
        return TRUE;
    }
    server = LoadLibraryA("RASMAN.DLL");
    if (!server) {
        return FALSE;
    }
    send_bytes = (SEND)GetProcAddress(server, "RasSecurityDialogSend");
    receive_bytes = (RECEIVE)GetProcAddress(server, "RasSecurityDialogReceive");
    get_info = (GET_INFO)GetProcAddress(server, "RasSecurityDialogGetInfo");
    InitializeCriticalSection(&list_lock);
    return send_bytes && receive_bytes && get_info;
}

/* --- life ---------------------------------------------------------------------------------- */

static void
release(struct dialogue *d)
{
    if (InterlockedDecrement(&d->references) > 0) {
        return;
    }
    if (d->received) {
        CloseHandle(d->received);
    }
    DeleteCriticalSection(&d->lock);
    SecureZeroMemory(d, sizeof(*d)); /* what was typed */
    HeapFree(GetProcessHeap(), 0, d);
    InterlockedDecrement(&count);
}

static void
enlist(struct dialogue *d)
{
    EnterCriticalSection(&list_lock);
    d->next = dialogues;
    dialogues = d;
    LeaveCriticalSection(&list_lock);
}

/* NULL: there is none of that port. The list's reference goes to the caller. */
static struct dialogue *
delist(HPORT port)
{
    struct dialogue **at = &dialogues, *d;

    EnterCriticalSection(&list_lock);
    while (*at && (*at)->port != port) {
        at = &(*at)->next;
    }
    d = *at;
    if (d) {
        *at = d->next;
    }
    LeaveCriticalSection(&list_lock);
    return d;
}

static DWORD WINAPI
run(LPVOID dialogue)
{
    struct dialogue *d = (struct dialogue *)dialogue;

    d->talk(d);
    dialogue_report_error(d, ERROR_UNKNOWN); /* if nothing was reported */
    release(d);
    return 0;
}

static struct dialogue *
dialogue_new(void)
{
    struct dialogue *d = NULL;

    if (InterlockedIncrement(&count) <= DIALOGUES_MAX) {
        d = (struct dialogue *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*d));
    }
    if (!d) {
        InterlockedDecrement(&count);
        return NULL;
    }
    d->references = 1;
    InitializeCriticalSection(&d->lock);
    line_edit_init(&d->edit, true); /* 255, telnet's IAC, is in no text of UTF-8 */
    d->received = CreateEventA(NULL, FALSE, FALSE, NULL);
    if (!d->received) {
        release(d);
        return NULL;
    }
    return d;
}

DWORD
dialogue_begin(HPORT port, PBYTE out, DWORD out_size, PBYTE in, DWORD in_size,
               OPENSSPI_RAS_COMPLETE complete, dialogue_talk talk)
{
    struct dialogue *d = dialogue_new();
    HANDLE thread;

    if (!d) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    d->talk = talk;
    d->port = port;
    d->out = out;
    d->out_size = out_size;
    d->in = in;
    d->in_size = in_size;
    d->complete = complete;
    d->references = 2;
    enlist(d);
    thread = CreateThread(NULL, 0, run, d, 0, NULL);
    if (!thread) {
        (void)delist(port);
        release(d);
        release(d);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    CloseHandle(thread);
    return NO_ERROR;
}

DWORD
dialogue_end(HPORT port)
{
    struct dialogue *d = delist(port);

    if (d) {
        EnterCriticalSection(&d->lock);
        d->ended = TRUE;
        LeaveCriticalSection(&d->lock);
        release(d);
    }
    return ERROR_PORT_DISCONNECTED;
}

HPORT
dialogue_port(const struct dialogue *d)
{
    return d->port;
}

void
dialogue_device(struct dialogue *d, char device[OPENSSPI_RAS_DEVICE_BYTES])
{
    RAS_SECURITY_INFO info;

    ZeroMemory(&info, sizeof(info));
    EnterCriticalSection(&d->lock);
    if (!d->ended) {
        (void)get_info(d->port, &info);
    }
    LeaveCriticalSection(&d->lock);
    CopyMemory(device, info.DeviceName, OPENSSPI_RAS_DEVICE_BYTES);
}

/* --- out ----------------------------------------------------------------------------------- */

static BOOL
show(struct dialogue *d, const char *text, size_t n)
{
    BOOL shown = TRUE;

    EnterCriticalSection(&d->lock);
    while (n && shown) {
        WORD part = (WORD)(n < d->out_size ? n : d->out_size);

        shown = !d->ended && !d->reported;
        if (shown) {
            CopyMemory(d->out, text, part);
            shown = send_bytes(d->port, d->out, part) == PENDING;
        }
        text += part;
        n -= part;
    }
    LeaveCriticalSection(&d->lock);
    return shown;
}

BOOL
dialogue_say(struct dialogue *d, const char *text)
{
    BOOL shown = TRUE;

    while (*text && shown) {
        size_t n = strcspn(text, "\n");

        shown = show(d, text, n);
        text += n;
        if (*text && shown) {
            shown = show(d, "\r\n", 2);
            text++;
        }
    }
    return shown;
}

/* --- in ------------------------------------------------------------------------------------ */

/* What the server put into its buffer, or why it is empty. */
static DWORD
take_received(struct dialogue *d)
{
    RAS_SECURITY_INFO info;

    if (d->ended) {
        return ERROR_PORT_DISCONNECTED;
    }
    if (d->received_size) {
        d->typed_at = 0;
        d->typed_n = d->received_size;
        CopyMemory(d->typed, d->in, d->typed_n);
        SecureZeroMemory(d->in, d->typed_n);
        return NO_ERROR;
    }
    return get_info(d->port, &info) == NO_ERROR && info.LastError ? info.LastError
                                                                  : ERROR_PORT_DISCONNECTED;
}

/* Waits for more of what the caller types. The server sets the event in any case, also when the
 * call ends: until then received_size is its own. */
static DWORD
hear(struct dialogue *d, ULONGLONG until_ms)
{
    ULONGLONG now_ms = GetTickCount64();
    DWORD error;

    if (now_ms >= until_ms) {
        return ERROR_REQUEST_TIMEOUT;
    }
    EnterCriticalSection(&d->lock);
    d->received_size = (WORD)(d->in_size < TYPED_BYTES ? d->in_size : TYPED_BYTES);
    error = d->ended ? ERROR_PORT_DISCONNECTED
                     : receive_bytes(d->port, d->in, &d->received_size,
                                     (DWORD)((until_ms - now_ms + 999) / 1000), d->received);
    LeaveCriticalSection(&d->lock);
    if (error != PENDING) {
        return error ? error : ERROR_UNKNOWN;
    }
    WaitForSingleObject(d->received, INFINITE);
    EnterCriticalSection(&d->lock);
    error = take_received(d);
    LeaveCriticalSection(&d->lock);
    return error;
}

/* NO_ERROR and the line's end in *result, or LINE_EDIT_MORE. */
static DWORD
edit_typed(struct dialogue *d, ULONGLONG until_ms, enum line_edit_result *result)
{
    DWORD error = NO_ERROR;
    size_t used;

    if (d->typed_at == d->typed_n) {
        error = hear(d, until_ms);
    }
    if (error) {
        return error;
    }
    *result =
        line_edit_take(&d->edit, d->typed + d->typed_at, (size_t)(d->typed_n - d->typed_at), &used);
    SecureZeroMemory(d->typed + d->typed_at, used);
    d->typed_at = (WORD)(d->typed_at + used);
    return show(d, d->edit.show, d->edit.show_length) ? NO_ERROR : ERROR_PORT_DISCONNECTED;
}

DWORD
dialogue_ask(struct dialogue *d, const char *prompt, BOOL echo, DWORD seconds,
             char answer[DIALOGUE_ANSWER_BYTES])
{
    ULONGLONG until_ms = GetTickCount64() + 1000ULL * seconds;
    enum line_edit_result result = LINE_EDIT_MORE;
    DWORD error = dialogue_say(d, prompt) ? NO_ERROR : ERROR_PORT_DISCONNECTED;

    answer[0] = 0;
    line_edit_begin(&d->edit, echo);
    while (!error && result == LINE_EDIT_MORE) {
        error = edit_typed(d, until_ms, &result);
    }
    if (!error && result == LINE_EDIT_TOO_LONG) {
        error = ERROR_INVALID_SIZE;
    } else if (!error) {
        CopyMemory(answer, d->edit.line, d->edit.length + 1); /* of LINE_EDIT_MAX at most */
    }
    line_edit_begin(&d->edit, FALSE); /* wipes it */
    return error;
}

/* --- the outcome --------------------------------------------------------------------------- */

static void
report(struct dialogue *d, SECURITY_MESSAGE *m)
{
    m->hPort = d->port;
    EnterCriticalSection(&d->lock);
    if (!d->ended && !d->reported) {
        d->reported = TRUE;
        d->complete(m);
    }
    LeaveCriticalSection(&d->lock);
}

BOOL
dialogue_split_name(const char *name, char user[OPENSSPI_RAS_USER_BYTES],
                    char domain[OPENSSPI_RAS_DOMAIN_BYTES])
{
    const char *backslash = strrchr(name, '\\');
    size_t domain_n = backslash ? (size_t)(backslash - name) : 0;

    user[0] = domain[0] = 0;
    if (backslash) {
        name = backslash + 1;
    }
    if (domain_n >= OPENSSPI_RAS_DOMAIN_BYTES || !*name ||
        strlen(name) >= OPENSSPI_RAS_USER_BYTES) {
        return FALSE;
    }
    if (backslash) {
        CopyMemory(domain, backslash - domain_n, domain_n);
    }
    domain[domain_n] = 0;
    CopyMemory(user, name, strlen(name) + 1);
    return TRUE;
}

void
dialogue_report(struct dialogue *d, DWORD outcome, const char *name)
{
    SECURITY_MESSAGE m;

    ZeroMemory(&m, sizeof(m));
    m.dwMsgId = outcome;
    if (!dialogue_split_name(name, m.UserName, m.Domain) && outcome == SECURITYMSG_SUCCESS) {
        dialogue_report_error(d, ERROR_INVALID_SIZE);
        return;
    }
    report(d, &m);
}

void
dialogue_report_error(struct dialogue *d, DWORD error)
{
    SECURITY_MESSAGE m;

    ZeroMemory(&m, sizeof(m));
    m.dwMsgId = SECURITYMSG_ERROR;
    m.dwError = error;
    report(d, &m);
}
