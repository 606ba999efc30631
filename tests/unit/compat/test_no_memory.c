/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation fails in turn: the answer is an error, outputs stay, nothing leaks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <fcntl.h>
#include <cmocka.h>

#include <ntdsapi.h>
#include <security.h>
#include <strsafe.h>
#include <tchar.h>
#include <winsock2.h>
#include "alloc_fail.h"

/* Nothing here loads SSPI, and the wrapped malloc goes with no shared library. */
PSecurityFunctionTableA
InitSecurityInterfaceA(void)
{
    return NULL;
}

static void
assert_answer(DWORD error, bool failing)
{
    assert_true(error == ERROR_SUCCESS || (failing && error == ERROR_NOT_ENOUGH_MEMORY));
}

static void
make_a_name(void *user, bool failing)
{
    WCHAR spn[64];
    DWORD size = 64;

    assert_answer(DsMakeSpnW(u"HTTP", u"s", u"web1", 80, NULL, &size, spn), failing);
}

static void
get_names(void *user, bool failing)
{
    LPCWSTR hosts[] = { u"web1", u"web2" };
    LPWSTR *names = (LPWSTR *)hosts;
    DWORD count = 7, error;

    error = DsGetSpnW(DS_SPN_SERVICE, u"c", u"s", 0, 2, hosts, NULL, &count, &names);
    assert_answer(error, failing);
    if (error == ERROR_SUCCESS) {
        assert_int_equal(count, 2);
        DsFreeSpnArrayW(count, names);
    } else {
        assert_int_equal(count, 7);
        assert_ptr_equal(names, hosts);
    }
}

static void
crack_a_name(void *user, bool failing)
{
    WCHAR host[16];
    DWORD size = 16;

    assert_answer(DsCrackSpnW(u"HTTP/web1", NULL, NULL, NULL, NULL, &size, host, NULL), failing);
}

static void
ask_names(void *user, bool failing)
{
    WCHAR name[512];
    DWORD size = 512;

    assert_answer(GetUserNameW(name, &size) ? ERROR_SUCCESS : GetLastError(), failing);
    size = 512;
    assert_answer(GetComputerNameW(name, &size) ? ERROR_SUCCESS : GetLastError(), failing);
    size = 512;
    assert_answer(GetUserNameExW(NameSamCompatible, name, &size) ? ERROR_SUCCESS : GetLastError(),
                  failing);
}

static void
load_a_library(void *user, bool failing)
{
    HMODULE library = LoadLibraryW(u"libm.so.6");

    assert_answer(library ? ERROR_SUCCESS : GetLastError(), failing);
    if (library) {
        assert_true(FreeLibrary(library));
    }
}

static void
format(void *user, bool failing)
{
    WCHAR text[64] = u"x";
    int n = swprintf_s(text, 64, u"%s %hs %d %.2f", u"wide", "narrow", 12345, 1.5);

    assert_true(n == 22 || (failing && n == -1 && text[0] == 0));
}

static int
program(int argc, WCHAR **argv)
{
    return 7;
}

static void
start(void *user, bool failing)
{
    char name[] = "name", argument[] = "argument";
    char *argv[] = { name, argument, NULL };
    int status = compat_wmain(2, argv, program);

    assert_true(status == 7 || (failing && status == 2));
}

static void
make_events(void *user, bool failing)
{
    HANDLE made[40];

    for (size_t i = 0; i < 40; i++) {
        made[i] = CreateEventA(NULL, FALSE, FALSE, NULL);
        assert_true(made[i] || (failing && GetLastError() == ERROR_TOO_MANY_OPEN_FILES));
    }
    for (size_t i = 0; i < 40; i++) {
        assert_true(!made[i] || CloseHandle(made[i]));
    }
}

static void
name_an_event(void *user, bool failing)
{
    HANDLE made = CreateEventW(NULL, FALSE, FALSE, u"named"), opened;

    assert_true(made || (failing && (GetLastError() == ERROR_TOO_MANY_OPEN_FILES ||
                                     GetLastError() == ERROR_NOT_ENOUGH_MEMORY)));
    opened = made ? OpenEventW(EVENT_ALL_ACCESS, FALSE, u"named") : NULL;
    assert_true(!made || opened || (failing && GetLastError() == ERROR_NOT_ENOUGH_MEMORY));
    assert_true((!made || CloseHandle(made)) && (!opened || CloseHandle(opened)));
}

static void
name_a_mutex(void *user, bool failing)
{
    HANDLE made = CreateMutexW(NULL, TRUE, u"mine"), opened;

    assert_true(made || (failing && (GetLastError() == ERROR_TOO_MANY_OPEN_FILES ||
                                     GetLastError() == ERROR_NOT_ENOUGH_MEMORY)));
    opened = made ? OpenMutexW(MUTEX_ALL_ACCESS, FALSE, u"mine") : NULL;
    assert_true(!made || opened || (failing && GetLastError() == ERROR_NOT_ENOUGH_MEMORY));
    assert_true((!made || ReleaseMutex(made)) && (!opened || CloseHandle(opened)));
    assert_true(!made || CloseHandle(made));
}

static void
change_the_environment(void *user, bool failing)
{
    WCHAR value[8];
    const BOOL set = SetEnvironmentVariableW(u"OPENSSPI_TEST", u"value");
    DWORD n;

    assert_answer(set ? ERROR_SUCCESS : GetLastError(), failing);
    SetLastError(ERROR_SUCCESS);
    n = GetEnvironmentVariableW(u"OPENSSPI_TEST", value, 8);
    assert_true(n == 5 || failing);
    assert_answer(n == 5 || !set ? ERROR_SUCCESS : GetLastError(), failing);
    assert_true(SetEnvironmentVariableA("OPENSSPI_TEST", NULL) || failing);
}

static void
ask_for_files(void *user, bool failing)
{
    WCHAR path[4096];
    const DWORD n = GetModuleFileNameW(NULL, path, 4096);

    assert_answer(n > 0 ? ERROR_SUCCESS : GetLastError(), failing);
    assert_true(GetModuleHandleW(u"libm.so.6") || failing || GetLastError() == ERROR_MOD_NOT_FOUND);
}

static BOOL WINAPI
handle(DWORD event)
{
    return TRUE;
}

static void
add_a_handler(void *user, bool failing)
{
    const BOOL added = SetConsoleCtrlHandler(handle, TRUE);

    assert_answer(added ? ERROR_SUCCESS : GetLastError(), failing);
    assert_int_equal(SetConsoleCtrlHandler(handle, FALSE), added);
}

static DWORD WINAPI
idle(LPVOID parameter)
{
    return 0;
}

static void
make_a_thread(void *user, bool failing)
{
    HANDLE thread = CreateThread(NULL, 0, idle, NULL, 0, NULL);

    assert_true(thread || (failing && GetLastError() == ERROR_NOT_ENOUGH_MEMORY));
    if (thread) {
        assert_int_equal(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
        assert_true(CloseHandle(thread));
    }
}

static void
take_memory(void *user, bool failing)
{
    char *p = HeapAlloc(GetProcessHeap(), 0, 4), *grown;

    assert_true(p || failing);
    grown = p ? HeapReAlloc(GetProcessHeap(), 0, p, 64) : NULL;
    assert_true(grown || failing);
    assert_true(HeapFree(GetProcessHeap(), 0, grown ? grown : p));
    p = LocalAlloc(LPTR, 4);
    assert_true(p || failing);
    assert_null(LocalFree(p));
}

static void
format_narrow(void *user, bool failing)
{
    char text[1024] = "x";
    int n = wsprintfA(text, "%ls %s", u"wide", "narrow");

    assert_true(n == 11 || (failing && n == 0 && text[0] == 0));
}

static void
format_a_message(void *user, bool failing)
{
    char *text = NULL;
    WCHAR wide[16];
    DWORD_PTR inserts[] = { (DWORD_PTR)u"wide", 7 };
    const DWORD n = FormatMessageA(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_STRING |
                                       FORMAT_MESSAGE_ARGUMENT_ARRAY,
                                   "%1!ls! %2!u!", 0, 0, (LPSTR)&text, 0, (va_list *)inserts);
    const DWORD m = FormatMessageW(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY,
                                   u"%1", 0, 0, wide, 16, (va_list *)inserts);

    assert_true(n == 6 || (failing && n == 0 && !text));
    assert_true(m == 4 || (failing && m == 0));
    LocalFree(text);
}

static void
convert_text(void *user, bool failing)
{
    WCHAR wide[4];
    char text[16];
    const int n = MultiByteToWideChar(CP_UTF8, 0, "abc", -1, wide, 4);
    const int m = WideCharToMultiByte(CP_UTF8, 0, u"abc", -1, text, 4, NULL, NULL);
    const int p = _snprintf(text, sizeof(text), "%d", 42);

    assert_true(n == 4 || (failing && n == 0));
    assert_true(m == 4 || (failing && m == 0));
    assert_true(p == 2 || (failing && p == -1));
}

static void
cut_a_text(void *user, bool failing)
{
    char text[8] = "x";
    WCHAR wide[8] = u"x";
    const HRESULT a = StringCchPrintfExA(text, 8, NULL, NULL, STRSAFE_NULL_ON_FAILURE, "%d", 42);
    const HRESULT w = StringCchPrintfExW(wide, 8, NULL, NULL, STRSAFE_NULL_ON_FAILURE, u"%d", 42);

    assert_true(a == S_OK || (failing && a == E_OUTOFMEMORY && text[0] == 0));
    assert_true(w == S_OK || (failing && w == E_OUTOFMEMORY && wide[0] == 0));
}

static void
break_lines(void *user, bool failing)
{
    char text[32];
    const DWORD n = FormatMessageA(FORMAT_MESSAGE_FROM_STRING | 7, "one two three", 0, 0, text,
                                   sizeof(text), NULL);

    assert_true(n == 14 || (failing && n == 0 && GetLastError() == ERROR_NOT_ENOUGH_MEMORY));
}

/* Its socket blocks as it did where it cannot be selected. */
static void
select_a_socket(void *user, bool failing)
{
    const SOCKET s = socket(AF_INET, SOCK_DGRAM, 0);
    const int answer = WSAEventSelect(s, user, FD_WRITE);

    assert_true(answer == 0 || (failing && WSAGetLastError() == WSAENOBUFS));
    assert_int_equal(fcntl(s, F_GETFL) & O_NONBLOCK, answer == 0 ? O_NONBLOCK : 0);
    assert_int_equal(closesocket(s), 0);
}

static void
test_each_function__survives(void **state)
{
    static const alloc_fail_run runs[] = {
        make_a_name,      get_names,     crack_a_name, ask_names,     load_a_library,
        format,           start,         take_memory,  format_narrow, make_a_thread,
        format_a_message, convert_text,  cut_a_text,   break_lines,   change_the_environment,
        ask_for_files,    add_a_handler,
    };
    WSAEVENT event;

    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        assert_true(alloc_fail_each(runs[i], NULL) > 0);
    }
    /* The table of events stays when it has grown: no allocation is left at last. */
    assert_int_equal(alloc_fail_each(make_events, NULL), 0);
    assert_true(alloc_fail_each(name_an_event, NULL) > 0);
    assert_true(alloc_fail_each(name_a_mutex, NULL) > 0);
    event = WSACreateEvent();
    assert_true(alloc_fail_each(select_a_socket, event) > 0);
    WSACloseEvent(event);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_function__survives) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
