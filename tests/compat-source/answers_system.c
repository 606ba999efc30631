/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and last errors of names, events, threads, libraries, sockets and tokens. */
#define SECURITY_WIN32
#include "answers.h"
#include <winsock.h>
#include <security.h>
#include <ntdsapi.h>
#include <sddl.h>

static void
names(void)
{
    char text[256];
    DWORD size = 0, needed;
    COMPUTER_NAME_FORMAT f;

    CALL("GetUserNameA.ask", GetUserNameA(NULL, &size));
    needed = size;
    NUMBER("GetUserNameA.ask.size", size > 1);
    size = needed - 1;
    CALL("GetUserNameA.short", GetUserNameA(text, &size));
    NUMBER("GetUserNameA.short.size", size == needed);
    size = needed;
    CALL("GetUserNameA", GetUserNameA(text, &size));
    NUMBER("GetUserNameA.size", size == strlen(text) + 1);
    size = 0;
    CALL("GetComputerNameA.ask", GetComputerNameA(text, &size));
    size = sizeof(text);
    CALL("GetComputerNameA", GetComputerNameA(text, &size));
    NUMBER("GetComputerNameA.size", size == strlen(text));
    for (f = ComputerNameNetBIOS; f < ComputerNameMax; f++) {
        size = 0;
        CALL("GetComputerNameExA.ask", GetComputerNameExA(f, NULL, &size));
        needed = size;
        size = sizeof(text);
        CALL("GetComputerNameExA", GetComputerNameExA(f, text, &size));
        NUMBER("GetComputerNameExA.size", size == strlen(text) && needed == size + 1);
    }
    size = sizeof(text);
    CALL("GetComputerNameExA.max", GetComputerNameExA(ComputerNameMax, text, &size));
    size = 0;
    CALL("GetUserNameExA.ask", GetUserNameExA(NameSamCompatible, NULL, &size));
    NUMBER("GetUserNameExA.ask.size", size > 3);
    needed = size;
    size = sizeof(text);
    CALL("GetUserNameExA", GetUserNameExA(NameSamCompatible, text, &size));
    NUMBER("GetUserNameExA.size",
           size == strlen(text) && needed == size + 1 && strchr(text, '\\') != NULL);
    size = sizeof(text);
    CALL("GetUserNameExA.unknown", GetUserNameExA(NameUnknown, text, &size));
    size = sizeof(text);
    CALL("GetUserNameExA.dn", GetUserNameExA(NameFullyQualifiedDN, text, &size));
}

static DWORD WINAPI
run(LPVOID argument)
{
    SetEvent((HANDLE)argument);
    return 42;
}

static void
events_and_threads(void)
{
    HANDLE manual = CreateEventA(NULL, TRUE, FALSE, NULL),
           automatic = CreateEventA(NULL, FALSE, TRUE, NULL);
    HANDLE both[2], thread, same[2];
    DWORD id = 0, code = 0;

    both[0] = manual;
    both[1] = automatic;
    same[0] = same[1] = automatic;
    NUMBER("wait.unset", WaitForSingleObject(manual, 0));
    NUMBER("wait.automatic", WaitForSingleObject(automatic, 0));
    NUMBER("wait.automatic.again", WaitForSingleObject(automatic, 10));
    CALL("set", SetEvent(manual));
    NUMBER("wait.manual", WaitForSingleObject(manual, INFINITE));
    NUMBER("wait.manual.again", WaitForSingleObject(manual, 0));
    NUMBER("wait.any", WaitForMultipleObjects(2, both, FALSE, 0));
    NUMBER("wait.all", WaitForMultipleObjects(2, both, TRUE, 10));
    CALL("reset", ResetEvent(manual));
    SetEvent(automatic);
    NUMBER("wait.any.second", WaitForMultipleObjects(2, both, FALSE, 0));
    SetLastError(0);
    NUMBER("wait.none", WaitForMultipleObjects(0, both, FALSE, 0));
    NUMBER("wait.none.error", GetLastError());
    NUMBER("wait.many", WaitForMultipleObjects(65, both, FALSE, 0));
    NUMBER("wait.many.error", GetLastError());
    NUMBER("wait.twice", WaitForMultipleObjects(2, same, TRUE, 0));
    NUMBER("wait.twice.error", GetLastError());
    NUMBER("wait.null", WaitForSingleObject(NULL, 0));
    NUMBER("wait.null.error", GetLastError());
    CALL("set.null", SetEvent(NULL));
    thread = CreateThread(NULL, 0, run, manual, 0, &id);
    NUMBER("thread.id", id != 0);
    NUMBER("thread.event", WaitForSingleObject(manual, 10000));
    NUMBER("thread.wait", WaitForSingleObject(thread, 10000));
    CALL("thread.code", GetExitCodeThread(thread, &code));
    NUMBER("thread.code.value", code);
    CALL("thread.set", SetEvent(thread));
    CALL("thread.close", CloseHandle(thread));
    CALL("thread.close.again", CloseHandle(thread));
    CALL("close.null", CloseHandle(NULL));
    CloseHandle(manual);
    CloseHandle(automatic);
}

static void
locks_and_memory(void)
{
    CRITICAL_SECTION section;
    LONG n = 5;
    void *p;

    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    NUMBER("lock.again", TryEnterCriticalSection(&section));
    LeaveCriticalSection(&section);
    LeaveCriticalSection(&section);
    DeleteCriticalSection(&section);
    NUMBER("increment", InterlockedIncrement(&n));
    NUMBER("exchange", InterlockedExchange(&n, 9));
    NUMBER("compare", InterlockedCompareExchange(&n, 1, 9));
    NUMBER("add", InterlockedExchangeAdd(&n, 3));
    NUMBER("n", n);
    p = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, 10);
    NUMBER("HeapSize", HeapSize(GetProcessHeap(), 0, p));
    CALL("HeapFree", HeapFree(GetProcessHeap(), 0, p));
    CALL("HeapFree.null", HeapFree(GetProcessHeap(), 0, NULL));
}

static void
libraries(void)
{
    HMODULE secur32 = LoadLibraryA("SECUR32.DLL");

    NUMBER("LoadLibrary", secur32 != NULL);
    CALL("LoadLibrary.none", LoadLibraryA("no-such-library.dll") != NULL);
    CALL("GetProcAddress", GetProcAddress(secur32, "AcquireCredentialsHandleW") != NULL);
    CALL("GetProcAddress.none", GetProcAddress(secur32, "NoSuchFunction") != NULL);
    CALL("FreeLibrary", FreeLibrary(secur32));
}

static void
sockets(void)
{
    WSADATA data;
    SOCKET s;
    struct sockaddr_in to;
    char byte;

    NUMBER("WSACleanup.before", WSACleanup());
    NUMBER("WSACleanup.before.error", WSAGetLastError());
    NUMBER("WSAStartup.0", WSAStartup(0, &data));
    NUMBER("WSAStartup", WSAStartup(MAKEWORD(2, 2), &data));
    NUMBER("WSAStartup.version", data.wVersion);
    NUMBER("WSAStartup.high", data.wHighVersion);
    s = socket(AF_INET, SOCK_STREAM, 0);
    NUMBER("socket", s != INVALID_SOCKET);
    NUMBER("recv.unconnected", recv(s, &byte, 1, 0));
    NUMBER("recv.unconnected.error", WSAGetLastError());
    memset(&to, 0, sizeof(to));
    to.sin_family = AF_INET;
    to.sin_port = htons(1);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    NUMBER("connect.refused", connect(s, (struct sockaddr *)&to, sizeof(to)));
    NUMBER("connect.refused.error", WSAGetLastError());
    NUMBER("closesocket", closesocket(s));
    NUMBER("closesocket.again", closesocket(s));
    NUMBER("closesocket.again.error", WSAGetLastError());
    NUMBER("inet_addr", inet_addr("127.0.0.1") == htonl(INADDR_LOOPBACK));
    NUMBER("inet_addr.none", inet_addr("nonsense") == INADDR_NONE);
    WSASetLastError(WSAETIMEDOUT);
    NUMBER("WSASetLastError", GetLastError());
    NUMBER("WSACleanup", WSACleanup());
}

static void
sids(void)
{
    static const char *const texts[] = {
        "S-1-5-18", "S-1-1-0", "S-1-5-32-544", "S-1-5-21-1-2-3-500", "nonsense", "s-1-5-11",
    };
    BYTE sid[SECURITY_MAX_SID_SIZE];
    PSID made = NULL;
    DWORD size;
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char *again = NULL, label[64];

        made = NULL;
        sprintf_s(label, sizeof(label), "ConvertStringSidToSidA %s", texts[i]);
        CALL(label, ConvertStringSidToSidA(texts[i], &made));
        if (made) {
            NUMBER("GetLengthSid", GetLengthSid(made));
            NUMBER("IsValidSid", IsValidSid(made));
            NUMBER("WinLocalSystemSid", IsWellKnownSid(made, WinLocalSystemSid));
            NUMBER("WinBuiltinAdministratorsSid",
                   IsWellKnownSid(made, WinBuiltinAdministratorsSid));
            CALL("ConvertSidToStringSidA", ConvertSidToStringSidA(made, &again));
            print_text("ConvertSidToStringSidA", again ? again : "");
            LocalFree(again);
            LocalFree(made);
        }
    }
    size = 0;
    CALL("CreateWellKnownSid.ask", CreateWellKnownSid(WinAuthenticatedUserSid, NULL, NULL, &size));
    NUMBER("CreateWellKnownSid.ask.size", size);
    size = sizeof(sid);
    CALL("CreateWellKnownSid", CreateWellKnownSid(WinAuthenticatedUserSid, NULL, sid, &size));
    print_bytes("CreateWellKnownSid", sid, size);
    CALL("CopySid.short", CopySid(4, sid + 32, sid));
}

static void
tokens(void)
{
    HANDLE token = NULL;
    TOKEN_STATISTICS statistics;
    DWORD size = 0, needed;
    BYTE buffer[1024];

    CALL("OpenThreadToken", OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token));
    CALL("OpenProcessToken", OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    CALL("TokenUser.ask", GetTokenInformation(token, TokenUser, NULL, 0, &size));
    needed = size;
    CALL("TokenUser.short", GetTokenInformation(token, TokenUser, buffer, needed - 1, &size));
    NUMBER("TokenUser.short.size", size == needed);
    CALL("TokenUser", GetTokenInformation(token, TokenUser, buffer, sizeof(buffer), &size));
    NUMBER("TokenUser.sid", IsValidSid(((TOKEN_USER *)buffer)->User.Sid));
    CALL("TokenStatistics",
         GetTokenInformation(token, TokenStatistics, &statistics, sizeof(statistics), &size));
    NUMBER("TokenStatistics.size", size);
    NUMBER("TokenStatistics.type", statistics.TokenType);
    CALL("TokenImpersonationLevel",
         GetTokenInformation(token, TokenImpersonationLevel, buffer, sizeof(buffer), &size));
    CALL("class.0",
         GetTokenInformation(token, (TOKEN_INFORMATION_CLASS)0, buffer, sizeof(buffer), &size));
    CALL("close", CloseHandle(token));
    CALL("closed", GetTokenInformation(token, TokenUser, buffer, sizeof(buffer), &size));
    CALL("RevertToSelf", RevertToSelf());
}

static void
spn(const char *label, LPCWSTR class, LPCWSTR service, LPCWSTR instance, USHORT port, DWORD room)
{
    WCHAR text[128];
    DWORD size = room, error;

    memset(text, 0, sizeof(text));
    error = DsMakeSpnW(class, service, instance, port, NULL, &size, room ? text : NULL);
    printf("%s: error %u size %u\n", label, (unsigned)error, (unsigned)size);
    print_bytes(label, text, error == ERROR_SUCCESS ? 2 * size : 0);
}

static void
spns(void)
{
    static const WCHAR http[] = { 'H', 'T', 'T', 'P', 0 }, host[] = { 'h', '.', 'x', 0 };
    static const WCHAR dn[] = { 'C', 'N', '=', 'a', 0 }, none[] = { 0 };

    spn("DsMakeSpnW.host", http, host, NULL, 0, 128);
    spn("DsMakeSpnW.port", http, host, NULL, 8080, 128);
    spn("DsMakeSpnW.instance", http, dn, host, 0, 128);
    spn("DsMakeSpnW.instance-port", http, dn, host, 80, 128);
    spn("DsMakeSpnW.ask", http, host, NULL, 0, 0);
    spn("DsMakeSpnW.short", http, host, NULL, 0, 8);
    spn("DsMakeSpnW.exact", http, host, NULL, 0, 9);
    spn("DsMakeSpnW.empty-class", none, host, NULL, 0, 128);
    spn("DsMakeSpnW.null-class", NULL, host, NULL, 0, 128);
    spn("DsMakeSpnW.null-service", http, NULL, NULL, 0, 128);
}

int
main(void)
{
    names();
    events_and_threads();
    locks_and_memory();
    libraries();
    sockets();
    sids();
    tokens();
    spns();
    return 0;
}
