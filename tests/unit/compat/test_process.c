/* SPDX-License-Identifier: Apache-2.0 */
/* The process: its environment, its command line, its modules, and who debugs it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <tchar.h>
#include <windows.h>

/* What main() is called with where this program runs itself. */
#define AGAIN "print the command line"

/* --- environment --------------------------------------------------------------------------- */

static void
test_environment__sizes(void **state)
{
    char text[8] = "?";
    WCHAR wide[8] = u"?";

    assert_true(SetEnvironmentVariableA("OPENSSPI_TEST", "f\xc3\xbcnf"));
    assert_int_equal(GetEnvironmentVariableA("OPENSSPI_TEST", NULL, 0), 6);
    assert_int_equal(GetEnvironmentVariableA("OPENSSPI_TEST", text, 5), 6);
    assert_string_equal(text, "?");
    assert_int_equal(GetEnvironmentVariableA("OPENSSPI_TEST", text, 6), 5);
    assert_string_equal(text, "f\xc3\xbcnf");
    assert_int_equal(GetEnvironmentVariableW(u"OPENSSPI_TEST", wide, 4), 5);
    assert_int_equal(GetEnvironmentVariableW(u"OPENSSPI_TEST", wide, 5), 4);
    assert_int_equal(compat_wcscmp(wide, u"f\u00fcnf"), 0);
    /* Empty is not the same as not there. */
    assert_true(SetEnvironmentVariableW(u"OPENSSPI_TEST", u""));
    assert_int_equal(GetEnvironmentVariableA("OPENSSPI_TEST", NULL, 0), 1);
    SetLastError(ERROR_BUSY);
    assert_int_equal(GetEnvironmentVariableA("OPENSSPI_TEST", text, 8), 0);
    assert_int_equal(GetLastError(), ERROR_BUSY);
    assert_true(SetEnvironmentVariableA("OPENSSPI_TEST", NULL));
    assert_int_equal(GetEnvironmentVariableA("OPENSSPI_TEST", text, 8), 0);
    assert_int_equal(GetLastError(), ERROR_ENVVAR_NOT_FOUND);
    assert_true(SetEnvironmentVariableA("OPENSSPI_TEST", NULL));
}

/* The very name comes before one in another case, and no second one is made. */
static void
test_environment__names_without_case(void **state)
{
    char text[8];

    assert_int_equal(setenv("OpenSspi_Test", "1", 1), 0);
    assert_int_equal(GetEnvironmentVariableA("OPENSSPI_TEST", text, 8), 1);
    assert_true(SetEnvironmentVariableA("openSSPI_test", "2"));
    assert_string_equal(getenv("OpenSspi_Test"), "2");
    assert_null(getenv("openSSPI_test"));
    assert_int_equal(setenv("openSSPI_test", "3", 1), 0);
    assert_int_equal(GetEnvironmentVariableA("openSSPI_test", text, 8), 1);
    assert_string_equal(text, "3");
    assert_true(SetEnvironmentVariableA("OPENSSPI_TEST", NULL));
    assert_true(SetEnvironmentVariableA("OPENSSPI_TEST", NULL));
    assert_null(getenv("OpenSspi_Test"));
    assert_null(getenv("openSSPI_test"));
}

static void
assert_fails(BOOL answer, DWORD error)
{
    assert_false(answer);
    assert_int_equal(GetLastError(), error);
}

static void
test_environment__refuses_names(void **state)
{
    static const WCHAR lone_surrogate[] = { 0xd800, 0 };
    char text[8];

    assert_fails(SetEnvironmentVariableA(NULL, "x"), ERROR_ENVVAR_NOT_FOUND);
    assert_fails(SetEnvironmentVariableA("", "x"), ERROR_INVALID_PARAMETER);
    assert_fails(SetEnvironmentVariableW(u"a=b", u"x"), ERROR_INVALID_PARAMETER);
    assert_fails(SetEnvironmentVariableW(u"a", lone_surrogate), ERROR_NO_UNICODE_TRANSLATION);
    assert_fails(SetEnvironmentVariableW(lone_surrogate, u"a"), ERROR_NO_UNICODE_TRANSLATION);
    assert_fails(GetEnvironmentVariableA(NULL, text, 8) != 0, ERROR_ENVVAR_NOT_FOUND);
    assert_fails(GetEnvironmentVariableW(lone_surrogate, NULL, 0) != 0,
                 ERROR_NO_UNICODE_TRANSLATION);
}

/* Whoever starts a program may give it anything. */
static void
test_environment__what_has_no_value(void **state)
{
    char odd[] = "OPENSSPI_TEST\0not its value", *const all[] = { odd, NULL };
    char **const before = environ;
    char text[16] = "?";
    DWORD n, error;

    environ = (char **)(uintptr_t)all;
    n = GetEnvironmentVariableA("OPENSSPI_TEST", text, sizeof(text));
    error = GetLastError();
    environ = before;
    assert_int_equal(n, 0);
    assert_int_equal(error, ERROR_ENVVAR_NOT_FOUND);
    assert_string_equal(text, "?");
}

static DWORD WINAPI
change_variables(LPVOID may_end)
{
    while (WaitForSingleObject(may_end, 0) == WAIT_TIMEOUT) {
        SetEnvironmentVariableA("OPENSSPI_TEST", "1");
        SetEnvironmentVariableA("OPENSSPI_TEST", NULL);
    }
    return 0;
}

/* Whatever another thread was at just then. */
static void
test_environment__in_a_child(void **state)
{
    HANDLE may_end = CreateEventA(NULL, TRUE, FALSE, NULL),
           thread = CreateThread(NULL, 0, change_variables, may_end, 0, NULL);

    assert_true(SetEnvironmentVariableA("OPENSSPI_OTHER", "2"));
    for (int i = 0; i < 200; i++) {
        int status = -1;
        pid_t child = fork();

        if (child == 0) {
            alarm(60); /* for ever, else */
            _exit(GetEnvironmentVariableA("OPENSSPI_OTHER", NULL, 0) == 2 ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    assert_true(SetEvent(may_end));
    assert_int_equal(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    assert_true(CloseHandle(thread) && CloseHandle(may_end));
    assert_true(SetEnvironmentVariableA("OPENSSPI_OTHER", NULL));
}

/* --- the command line ---------------------------------------------------------------------- */

static int
print_command_line(void)
{
    const char *line = GetCommandLineA();
    WCHAR *wide = GetCommandLineW();
    char narrow[4096];

    if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, narrow, sizeof(narrow), NULL, NULL) == 0 ||
        strcmp(line, narrow) != 0) {
        return 1;
    }
    return write(STDOUT_FILENO, line, strlen(line)) == (ssize_t)strlen(line) ? 0 : 1;
}

static void
assert_command_line(const char *const *arguments, const char *expected)
{
    char line[256] = "";
    int ends[2], status = -1;
    size_t n = 0;
    ssize_t got;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execv("/proc/self/exe", (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    close(ends[1]);
    while ((got = read(ends[0], line + n, sizeof(line) - 1 - n)) > 0) {
        n += (size_t)got;
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_string_equal(line, expected);
}

static void
test_command_line__can_be_divided_again(void **state)
{
    const char *const plain[] = { "prog", AGAIN, "a", "", "b c", "\xc3\xbc", NULL };
    const char *const quoted[] = { "my prog", AGAIN,       "say \"x\"", "a\"b",
                                   "c:\\d\\", "c:\\e f\\", "\\\\\"",    NULL };

    assert_command_line(plain, "prog \"" AGAIN "\" a \"\" \"b c\" \xc3\xbc");
    assert_command_line(quoted, "\"my prog\" \"" AGAIN "\" \"say \\\"x\\\"\" a\\\"b c:\\d\\ "
                                "\"c:\\e f\\\\\" \\\\\\\\\\\"");
}

/* --- modules ------------------------------------------------------------------------------- */

static void
test_module_handle__of_what_is_loaded(void **state)
{
    const HMODULE program = GetModuleHandleA(NULL), secur32 = GetModuleHandleW(u"Secur32.DLL"),
                  kernel32 = GetModuleHandleA("kernel32.dll");
    HMODULE loaded;

    assert_non_null(program);
    assert_ptr_equal(GetModuleHandleW(NULL), program);
    loaded = LoadLibraryA("secur32");
    assert_ptr_equal(loaded, secur32);
    assert_true(FreeLibrary(loaded));
    assert_non_null(GetProcAddress(secur32, "AcquireCredentialsHandleW"));
    assert_non_null(GetProcAddress(kernel32, "GetTickCount64"));
    assert_null(GetProcAddress(kernel32, "NoSuchFunction"));
    assert_null(GetModuleHandleA("no-such-library.dll"));
    assert_int_equal(GetLastError(), ERROR_MOD_NOT_FOUND);
    assert_null(GetModuleHandleA("libresolv-that-is-not-loaded.so"));
}

static void
test_module_file_name__sizes(void **state)
{
    char own[4096] = "", text[4096];
    WCHAR wide[4096];
    const ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

    assert_true(n > 0);
    SetLastError(ERROR_BUSY);
    assert_int_equal(GetModuleFileNameA(NULL, text, sizeof(text)), n);
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    assert_string_equal(text, own);
    assert_int_equal(GetModuleFileNameA(GetModuleHandleA(NULL), text, (DWORD)n + 1), n);
    assert_string_equal(text, own);
    assert_int_equal(GetModuleFileNameA(NULL, text, (DWORD)n), n);
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(strlen(text), n - 1);
    assert_memory_equal(text, own, (size_t)n - 1);
    assert_int_equal(GetModuleFileNameA(NULL, text, 0), 0);
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(GetModuleFileNameW(NULL, wide, 4096), n);
    assert_int_equal(GetModuleFileNameW(NULL, wide, 2), 2);
    assert_int_equal(wide[0], own[0]);
    assert_int_equal(wide[1], 0);
}

static void
test_module_file_name__of_a_library(void **state)
{
    char text[4096];
    const DWORD n = GetModuleFileNameA(GetModuleHandleA("kernel32"), text, sizeof(text));

    assert_true(n > 0 && text[0] == '/');
    assert_non_null(strstr(text, "libopensspi-compat.so"));
    assert_int_equal(access(text, R_OK), 0);
}

/* --- the rest ------------------------------------------------------------------------------ */

static void
test_debugger__is_whoever_traces(void **state)
{
    int status = -1, ends[2];
    char text[16] = "";
    pid_t child;

    OutputDebugStringA("nobody reads this\n");
    OutputDebugStringA(NULL);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        OutputDebugStringA("before ");
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            _exit(2);
        }
        SetLastError(ERROR_BUSY);
        OutputDebugStringA("a");
        OutputDebugStringW(u"\u00fc");
        _exit(IsDebuggerPresent() && GetLastError() == ERROR_BUSY ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(ends[0], text, sizeof(text) - 1), 3);
    assert_string_equal(text, "a\xc3\xbc");
    close(ends[0]);
}

static void
test_process__id_and_end(void **state)
{
    int status = -1;
    pid_t child;

    assert_int_equal(GetCurrentProcessId(), getpid());
    fflush(NULL); /* which the child does, too */
    child = fork();
    if (child == 0) {
        ExitProcess(7);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 7);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment__sizes),
        cmocka_unit_test(test_environment__names_without_case),
        cmocka_unit_test(test_environment__refuses_names),
        cmocka_unit_test(test_environment__what_has_no_value),
        cmocka_unit_test(test_environment__in_a_child),
        cmocka_unit_test(test_command_line__can_be_divided_again),
        cmocka_unit_test(test_module_handle__of_what_is_loaded),
        cmocka_unit_test(test_module_file_name__sizes),
        cmocka_unit_test(test_module_file_name__of_a_library),
        cmocka_unit_test(test_debugger__is_whoever_traces),
        cmocka_unit_test(test_process__id_and_end),
    };

    return argc > 1 && strcmp(argv[1], AGAIN) == 0 ? print_command_line()
                                                   : cmocka_run_group_tests(tests, NULL, NULL);
}
