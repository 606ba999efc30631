/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A security module that keeps the rules, or breaks one of them: which one is the name of the
 * call's device. What it finds wrong with the server it sends to the caller as "WRONG: line"; what
 * is well ends in SUCCESS for the user "good".
 */
#include <dlfcn.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <windows.h>
#include <raserror.h>
#include <rasshost.h>

#include <opensspi/rasmodule.h>

enum { CALLS = 4096 };

typedef DWORD(WINAPI *SEND)(HPORT, PBYTE, WORD);
typedef DWORD(WINAPI *RECEIVE)(HPORT, PBYTE, PWORD, DWORD, HANDLE);
typedef DWORD(WINAPI *GET_INFO)(HPORT, RAS_SECURITY_INFO *);
typedef void(WINAPI *COMPLETE)(SECURITY_MESSAGE *);

struct dialog {
    HPORT port;
    PBYTE out, in;
    DWORD out_size, in_size;
    COMPLETE complete;
    HANDLE event, ended, worked;
    char name[129];
    DWORD end_answer;
};

static SEND send_bytes;
static RECEIVE receive_bytes;
static GET_INFO get_info;
static OPENSSPI_RAS_CHECK_CODE check_code;
static CRITICAL_SECTION lock;
static struct dialog *dialogs[CALLS];
static LONG volatile count;

/* --- what is common to all ----------------------------------------------------------------- */

static DWORD
tell(struct dialog *d, const char *text)
{
    CopyMemory(d->out, text, strlen(text));
    return send_bytes(d->port, d->out, (WORD)strlen(text));
}

static void
report(struct dialog *d, DWORD outcome, DWORD error, const char *user)
{
    SECURITY_MESSAGE m;

    ZeroMemory(&m, sizeof(m));
    m.dwMsgId = outcome;
    m.hPort = d->port;
    m.dwError = error;
    lstrcpynA(m.UserName, user, sizeof(m.UserName));
    lstrcpyA(m.Domain, "LAB");
    d->complete(&m);
}

static void
wrong(struct dialog *d, int line)
{
    char text[64];

    wsprintfA(text, "WRONG: line %d", line);
    tell(d, text);
    report(d, SECURITYMSG_ERROR, ERROR_GEN_FAILURE, "");
    SetEvent(d->worked);
    ExitThread(1);
}

#define MUST(d, holds)            \
    do {                          \
        if (!(holds)) {           \
            wrong((d), __LINE__); \
        }                         \
    } while (0)

static void
good(struct dialog *d)
{
    report(d, SECURITYMSG_SUCCESS, 0, "good");
}

/* Bytes received; 0: timed out or lost. */
static WORD
hear(struct dialog *d, DWORD seconds)
{
    WORD n = (WORD)d->in_size;

    MUST(d, receive_bytes(d->port, d->in, &n, seconds, d->event) == PENDING);
    MUST(d, WaitForSingleObject(d->event, INFINITE) == WAIT_OBJECT_0);
    return n;
}

static DWORD
last_error(struct dialog *d)
{
    RAS_SECURITY_INFO info;

    MUST(d, get_info(d->port, &info) == NO_ERROR);
    return info.LastError;
}

/* --- workers ------------------------------------------------------------------------------- */

/* What the caller types is the user's name, accepted but for "mallory". */
static void
polite(struct dialog *d)
{
    RAS_SECURITY_INFO info;
    char user[64];
    WORD n;

    MUST(d, tell(d, "Name: ") == PENDING);
    n = hear(d, 30);
    if (n == 0) {
        /* End may have answered already that the module is done: then there is nothing to say. */
        if (get_info(d->port, &info) == NO_ERROR) {
            report(d, SECURITYMSG_ERROR, info.LastError, "");
        }
        return;
    }
    wsprintfA(user, "%.*s", n, (char *)d->in);
    user[strcspn(user, "\r\n")] = 0;
    report(d, lstrcmpA(user, "mallory") ? SECURITYMSG_SUCCESS : SECURITYMSG_FAILURE, 0, user);
}

static void
silent(struct dialog *d)
{
    WaitForSingleObject(d->ended, INFINITE);
}

static void
twice(struct dialog *d)
{
    good(d);
    report(d, SECURITYMSG_SUCCESS, 0, "another");
    report(d, SECURITYMSG_FAILURE, 0, "a third");
}

static void
late(struct dialog *d)
{
    WaitForSingleObject(d->ended, INFINITE);
    Sleep(50);
    report(d, SECURITYMSG_ERROR, ERROR_PORT_DISCONNECTED, "");
}

/* Uses the handle after the outcome was reported, and long after that. */
static void
stale(struct dialog *d)
{
    RAS_SECURITY_INFO info;
    DWORD answers[6];
    WORD n = 1;

    good(d);
    for (int i = 0; i < 2; i++) {
        answers[3 * i] = send_bytes(d->port, d->out, 1);
        answers[3 * i + 1] = receive_bytes(d->port, d->in, &n, 0, d->event);
        answers[3 * i + 2] = get_info(d->port, &info);
        WaitForSingleObject(d->ended, INFINITE);
        Sleep(100);
    }
    report(d, SECURITYMSG_FAILURE, 0, "stale");
    for (int i = 0; i < 6; i++) {
        if (answers[i] != ERROR_INVALID_PORT_HANDLE) {
            abort();
        }
    }
}

static void
buffer_later(struct dialog *d)
{
    good(d);
    WaitForSingleObject(d->ended, INFINITE);
    for (;;) {
        *(BYTE volatile *)d->in = 0;
        Sleep(1);
    }
}

static void
overrun(struct dialog *d)
{
    FillMemory(d->out, d->out_size + 16, 'x');
    good(d);
}

static void
arguments(struct dialog *d)
{
    BYTE own[16] = { 0 };
    WORD n = (WORD)d->in_size, more = (WORD)(d->in_size + 1), none = 0;
    HANDLE closed = CreateEventA(NULL, TRUE, FALSE, NULL);
    HPORT other = (HPORT)((ULONG_PTR)d->port + 4);
    RAS_SECURITY_INFO info;

    CloseHandle(closed);
    MUST(d, send_bytes(d->port, own, 4) == ERROR_BUFFER_INVALID);
    MUST(d, send_bytes(d->port, d->in, 4) == ERROR_BUFFER_INVALID);
    MUST(d, send_bytes(d->port, NULL, 4) == ERROR_BUFFER_INVALID);
    MUST(d, send_bytes(d->port, d->out, 0) == ERROR_INVALID_SIZE);
    MUST(d, send_bytes(d->port, d->out, (WORD)(d->out_size + 1)) == ERROR_INVALID_SIZE);
    MUST(d, send_bytes(other, d->out, 4) == ERROR_INVALID_PORT_HANDLE);
    MUST(d, send_bytes(NULL, d->out, 4) == ERROR_INVALID_PORT_HANDLE);
    MUST(d, receive_bytes(d->port, own, &n, 0, d->event) == ERROR_BUFFER_INVALID);
    MUST(d, receive_bytes(d->port, d->out, &n, 0, d->event) == ERROR_BUFFER_INVALID);
    MUST(d, receive_bytes(d->port, d->in, NULL, 0, d->event) == ERROR_INVALID_SIZE);
    MUST(d, receive_bytes(d->port, d->in, &none, 0, d->event) == ERROR_INVALID_SIZE);
    MUST(d, receive_bytes(d->port, d->in, &more, 0, d->event) == ERROR_INVALID_SIZE);
    MUST(d, receive_bytes(d->port, d->in, &n, 0, NULL) == ERROR_EVENT_INVALID);
    MUST(d, receive_bytes(d->port, d->in, &n, 0, closed) == ERROR_EVENT_INVALID);
    MUST(d, receive_bytes(other, d->in, &n, 0, d->event) == ERROR_INVALID_PORT_HANDLE);
    MUST(d, get_info(d->port, NULL) == ERROR_BUFFER_INVALID);
    MUST(d, get_info(other, &info) == ERROR_INVALID_PORT_HANDLE);
    MUST(d, get_info(d->port, &info) == NO_ERROR && info.LastError == SUCCESS);
    MUST(d, receive_bytes(d->port, d->in, &n, 0, d->event) == PENDING);
    MUST(d, receive_bytes(d->port, d->in, &n, 0, d->event) == ERROR_ASYNC_REQUEST_PENDING);
    MUST(d, get_info(d->port, &info) == NO_ERROR && info.LastError == PENDING);
    MUST(d, tell(d, "ready") == PENDING);
    MUST(d, WaitForSingleObject(d->event, INFINITE) == WAIT_OBJECT_0);
    MUST(d, get_info(d->port, &info) == NO_ERROR && info.LastError == SUCCESS);
    MUST(d, info.BytesReceived == n && n == 2 && lstrcmpA(info.DeviceName, d->name) == 0);
    good(d);
}

/* A WORD is written, whatever stands behind it. */
static void
dword_length(struct dialog *d)
{
    DWORD n = 0xABCD0000 | d->in_size;

    MUST(d, receive_bytes(d->port, d->in, (PWORD)(void *)&n, 0, d->event) == PENDING);
    MUST(d, WaitForSingleObject(d->event, INFINITE) == WAIT_OBJECT_0);
    MUST(d, n == 0xABCD0003);
    good(d);
}

static void
times_out(struct dialog *d)
{
    MUST(d, hear(d, 2) == 0);
    MUST(d, last_error(d) == ERROR_REQUEST_TIMEOUT);
    good(d);
}

/* A Receive is pending when the outcome is reported: its event stays as it is. */
static void
completes_while_receiving(struct dialog *d)
{
    static WORD n; /* longer than this thread */

    n = (WORD)d->in_size;
    MUST(d, receive_bytes(d->port, d->in, &n, 0, d->event) == PENDING);
    good(d);
    WaitForSingleObject(d->ended, INFINITE);
    if (n != d->in_size || WaitForSingleObject(d->event, 0) != WAIT_TIMEOUT) {
        abort();
    }
}

/* Nobody waits for anybody: what was typed comes in one piece or in many. */
static void
reads_bytes(struct dialog *d)
{
    char text[16] = "";

    tell(d, "?");
    while (lstrlenA(text) < 5) {
        WORD n = 1;

        MUST(d, receive_bytes(d->port, d->in, &n, 0, d->event) == PENDING);
        MUST(d, WaitForSingleObject(d->event, INFINITE) == WAIT_OBJECT_0 && n == 1);
        text[lstrlenA(text)] = (char)d->in[0];
    }
    report(d, SECURITYMSG_SUCCESS, 0, text);
}

static void
floods(struct dialog *d)
{
    DWORD error;

    FillMemory(d->out, d->out_size, 'f');
    do {
        error = send_bytes(d->port, d->out, (WORD)d->out_size);
    } while (error == PENDING);
    MUST(d, error == ERROR_OUT_OF_BUFFERS);
    good(d);
}

/* The buffer may be filled again at once. */
static void
sends_quickly(struct dialog *d)
{
    char text[16];

    for (int i = 0; i < 200; i++) {
        wsprintfA(text, "%d,", i);
        MUST(d, tell(d, text) == PENDING);
    }
    good(d);
}

static void
unterminated(struct dialog *d)
{
    SECURITY_MESSAGE m;

    FillMemory(&m, sizeof(m), 'A');
    m.dwMsgId = SECURITYMSG_SUCCESS;
    m.hPort = d->port;
    d->complete(&m);
}

static void
error_beside_success(struct dialog *d)
{
    report(d, SECURITYMSG_SUCCESS, 5, "good");
}

static void
odd_outcome(struct dialog *d)
{
    d->complete(NULL);
    report(d, 77, 5, "x");
}

static void
crashes(struct dialog *d)
{
    int volatile *volatile nowhere = NULL;

    *nowhere = 1;
}

static void
exits(struct dialog *d)
{
    exit(0);
}

static void
closes(struct dialog *d)
{
    for (int i = 3; i < 1024; i++) {
        close(i);
    }
    good(d);
}

static void
checks_a_code(struct dialog *d)
{
    DWORD error = check_code(d->port, "alice", NULL, "123456");

    MUST(d, check_code(d->port, "", NULL, "1") == ERROR_INVALID_SIZE);
    MUST(d, check_code(d->port, "a", NULL, "") == ERROR_INVALID_SIZE);
    MUST(d, check_code(d->port, "a", "0123456789abcdef", "1") == ERROR_INVALID_SIZE);
    MUST(d, check_code(NULL, "a", NULL, "1") == ERROR_INVALID_PORT_HANDLE);
    report(d, error ? SECURITYMSG_FAILURE : SECURITYMSG_SUCCESS, 0, "alice");
}

static void
checks_and_loses(struct dialog *d)
{
    if (check_code(d->port, "alice", "LAB", "1") != ERROR_PORT_DISCONNECTED) {
        abort();
    }
}

static void
stdout_is_stderr(struct dialog *d)
{
    char c;

    puts("printed by the module");
    fflush(stdout);
    MUST(d, read(0, &c, 1) == 0);
    good(d);
}

/* --- which one ----------------------------------------------------------------------------- */

enum how {
    WORKS, /* End returns when the thread has ended */
    BEGIN_REFUSES,
    BEGIN_BLOCKS,
    BEGIN_REFUSES_AND_COMPLETES,
    BEGIN_COMPLETES,
    END_SUCCEEDS,
    END_COMPLETES,
    END_BLOCKS,
    END_AT_ONCE, /* the thread is still at it */
};

static const struct behaviour {
    const char *name;
    void (*work)(struct dialog *);
    enum how how;
} behaviours[] = {
    { "polite", polite, WORKS },
    { "begin-refuses", NULL, BEGIN_REFUSES },
    { "begin-blocks", NULL, BEGIN_BLOCKS },
    { "begin-refuses-and-completes", NULL, BEGIN_REFUSES_AND_COMPLETES },
    { "begin-completes", NULL, BEGIN_COMPLETES },
    { "end-succeeds", polite, END_SUCCEEDS },
    { "end-completes", silent, END_COMPLETES },
    { "end-blocks", polite, END_BLOCKS },
    { "end-waits", polite, WORKS },
    { "never-completes", silent, END_SUCCEEDS },
    { "completes-late", late, END_SUCCEEDS },
    { "completes-twice", twice, WORKS },
    { "completes-while-receiving", completes_while_receiving, WORKS },
    { "stale-handle", stale, END_AT_ONCE },
    { "buffer-later", buffer_later, END_AT_ONCE },
    { "overrun", overrun, WORKS },
    { "arguments", arguments, WORKS },
    { "dword-length", dword_length, WORKS },
    { "times-out", times_out, WORKS },
    { "reads-bytes", reads_bytes, WORKS },
    { "floods", floods, WORKS },
    { "sends-quickly", sends_quickly, WORKS },
    { "unterminated", unterminated, WORKS },
    { "error-beside-success", error_beside_success, WORKS },
    { "odd-outcome", odd_outcome, WORKS },
    { "crashes", crashes, WORKS },
    { "exits", exits, WORKS },
    { "closes", closes, WORKS },
    { "checks-a-code", checks_a_code, WORKS },
    { "checks-and-loses", checks_and_loses, WORKS },
    { "stdout-is-stderr", stdout_is_stderr, WORKS },
};

static const struct behaviour *
behaviour_of(const char *name)
{
    for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++) {
        if (lstrcmpA(behaviours[i].name, name) == 0) {
            return &behaviours[i];
        }
    }
    return &behaviours[0];
}

static DWORD WINAPI
work(LPVOID dialog)
{
    struct dialog *d = dialog;

    behaviour_of(d->name)->work(d);
    SetEvent(d->worked);
    return 0;
}

static void
find_functions(void)
{
    HMODULE server = LoadLibraryA("RASMAN.DLL");

    send_bytes = (SEND)GetProcAddress(server, "RasSecurityDialogSend");
    receive_bytes = (RECEIVE)GetProcAddress(server, "RasSecurityDialogReceive");
    get_info = (GET_INFO)GetProcAddress(server, "RasSecurityDialogGetInfo");
    check_code = (OPENSSPI_RAS_CHECK_CODE)GetProcAddress(server, "OpenSspiRasCheckCode");
    if ((SEND)(uintptr_t)dlsym(RTLD_DEFAULT, "RasSecurityDialogSend") != send_bytes ||
        !GetProcAddress(server, "RasSecurityDialogComplete")) {
        send_bytes = NULL;
    }
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID reserved);

BOOL WINAPI
DllMain(HINSTANCE self, DWORD reason, LPVOID reserved)
{
    if (reason == DLL_PROCESS_ATTACH) {
        InitializeCriticalSection(&lock);
        find_functions();
        return send_bytes && receive_bytes && get_info && check_code;
    }
    if (reason == DLL_PROCESS_DETACH) {
        fprintf(stderr, "detached after %d calls\n", (int)count);
    }
    return TRUE;
}

static DWORD
begin(struct dialog *d)
{
    switch (behaviour_of(d->name)->how) {
    case BEGIN_REFUSES: return ERROR_ACCESS_DENIED;
    case BEGIN_BLOCKS: Sleep(INFINITE); return NO_ERROR;
    case BEGIN_REFUSES_AND_COMPLETES: good(d); return ERROR_ACCESS_DENIED;
    case BEGIN_COMPLETES: good(d); return NO_ERROR;
    default: break;
    }
    CloseHandle(CreateThread(NULL, 0, work, d, 0, NULL));
    return NO_ERROR;
}

/* Of thousands of calls ago. */
static void
forget(struct dialog *d)
{
    if (d) {
        CloseHandle(d->event);
        CloseHandle(d->ended);
        CloseHandle(d->worked);
        free(d);
    }
}

DWORD WINAPI
RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf,
                       DWORD RecvBufSize, VOID(WINAPI *Complete)(SECURITY_MESSAGE *))
{
    struct dialog *d = calloc(1, sizeof(*d));
    RAS_SECURITY_INFO info;

    if (!d || get_info(hPort, &info) != NO_ERROR) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    d->port = hPort;
    d->out = pSendBuf;
    d->out_size = SendBufSize;
    d->in = pRecvBuf;
    d->in_size = RecvBufSize;
    d->complete = Complete;
    d->event = CreateEventA(NULL, FALSE, FALSE, NULL);
    d->ended = CreateEventA(NULL, TRUE, FALSE, NULL);
    d->worked = CreateEventA(NULL, TRUE, FALSE, NULL);
    lstrcpynA(d->name, info.DeviceName, sizeof(d->name));
    EnterCriticalSection(&lock);
    forget(dialogs[count % CALLS]);
    dialogs[count++ % CALLS] = d;
    LeaveCriticalSection(&lock);
    return begin(d);
}

/* Dialogs stay, so that a stale handle is found here too. */
static struct dialog *
dialog_of(HPORT port)
{
    struct dialog *d = NULL;

    EnterCriticalSection(&lock);
    for (int i = 0; i < CALLS && !d; i++) {
        d = dialogs[i] && dialogs[i]->port == port ? dialogs[i] : NULL;
    }
    LeaveCriticalSection(&lock);
    return d;
}

DWORD WINAPI
RasSecurityDialogEnd(HPORT hPort)
{
    struct dialog *d = dialog_of(hPort);

    SetEvent(d->ended);
    switch (behaviour_of(d->name)->how) {
    case END_SUCCEEDS: return NO_ERROR;
    case END_BLOCKS: Sleep(INFINITE); break;
    case END_COMPLETES: report(d, SECURITYMSG_FAILURE, 0, "from inside End"); break;
    case WORKS: WaitForSingleObject(d->worked, INFINITE); break;
    default: break;
    }
    return ERROR_PORT_DISCONNECTED;
}
