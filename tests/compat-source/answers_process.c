/* SPDX-License-Identifier: Apache-2.0 */
/* Times, the environment, modules, and functions that are asked when the program is to end. */
#include "answers.h"

static void
print_date(const char *label, const SYSTEMTIME *t)
{
    printf("%s: %u-%u-%u (%u) %u:%u:%u.%u\n", label, t->wYear, t->wMonth, t->wDay, t->wDayOfWeek,
           t->wHour, t->wMinute, t->wSecond, t->wMilliseconds);
}

static void
from_count(const char *label, DWORD high, DWORD low)
{
    FILETIME count;
    SYSTEMTIME date;

    memset(&date, 0, sizeof(date));
    count.dwHighDateTime = high;
    count.dwLowDateTime = low;
    CALL(label, FileTimeToSystemTime(&count, &date));
    print_date(label, &date);
}

static void
from_date(const char *label, WORD year, WORD month, WORD day, WORD hour, WORD minute, WORD second,
          WORD ms)
{
    SYSTEMTIME date;
    FILETIME count;

    memset(&date, 0, sizeof(date));
    count.dwHighDateTime = count.dwLowDateTime = 0;
    date.wYear = year;
    date.wMonth = month;
    date.wDay = day;
    date.wDayOfWeek = 9;
    date.wHour = hour;
    date.wMinute = minute;
    date.wSecond = second;
    date.wMilliseconds = ms;
    CALL(label, SystemTimeToFileTime(&date, &count));
    printf("%s: %#x %#x\n", label, (unsigned)count.dwHighDateTime, (unsigned)count.dwLowDateTime);
}

static void
times(void)
{
    FILETIME a, b;
    SYSTEMTIME now;
    LARGE_INTEGER count, frequency;

    from_count("count.0", 0, 0);
    from_count("count.1970", 0x019db1de, 0xd53e8000);
    from_count("count.cut", 0x019db1de, 0xd53e8000 + 19999);
    from_count("count.last", 0x7fffffff, 0xffffffff);
    from_count("count.negative", 0x80000000, 0);
    from_date("date.1601", 1601, 1, 1, 0, 0, 0, 0);
    from_date("date.leap", 2000, 2, 29, 23, 59, 59, 999);
    from_date("date.no-leap", 1900, 2, 29, 0, 0, 0, 0);
    from_date("date.last", 30827, 12, 31, 23, 59, 59, 999);
    from_date("date.1600", 1600, 12, 31, 0, 0, 0, 0);
    from_date("date.late", 30828, 1, 1, 0, 0, 0, 0);
    from_date("date.month-0", 2000, 0, 1, 0, 0, 0, 0);
    from_date("date.month-13", 2000, 13, 1, 0, 0, 0, 0);
    from_date("date.day-0", 2000, 1, 0, 0, 0, 0, 0);
    from_date("date.day-31", 2000, 4, 31, 0, 0, 0, 0);
    from_date("date.hour", 2000, 1, 1, 24, 0, 0, 0);
    from_date("date.minute", 2000, 1, 1, 0, 60, 0, 0);
    from_date("date.second", 2000, 1, 1, 0, 0, 60, 0);
    from_date("date.ms", 2000, 1, 1, 0, 0, 0, 1000);
    GetSystemTimeAsFileTime(&a);
    GetSystemTime(&now);
    NUMBER("now", SystemTimeToFileTime(&now, &b) && b.dwHighDateTime - a.dwHighDateTime <= 1);
    a.dwHighDateTime = b.dwHighDateTime = 5;
    a.dwLowDateTime = 0xffffffff;
    b.dwLowDateTime = 1;
    NUMBER("compare.later", CompareFileTime(&a, &b));
    NUMBER("compare.earlier", CompareFileTime(&b, &a));
    NUMBER("compare.same", CompareFileTime(&a, &a));
    NUMBER("counter", QueryPerformanceCounter(&count));
    NUMBER("frequency", QueryPerformanceFrequency(&frequency) && frequency.QuadPart > 0);
}

static void
environment(void)
{
    char text[8];
    WCHAR wide[8];

    memset(text, '?', sizeof(text));
    CALL("env.set", SetEnvironmentVariableA("OPENSSPI_ANSWERS", "four"));
    CALL("env.ask", GetEnvironmentVariableA("OPENSSPI_ANSWERS", NULL, 0));
    CALL("env.short", GetEnvironmentVariableA("OPENSSPI_ANSWERS", text, 4));
    NUMBER("env.short.text", text[0]);
    CALL("env.fits", GetEnvironmentVariableA("OPENSSPI_ANSWERS", text, 5));
    print_text("env.text", text);
    CALL("env.case", GetEnvironmentVariableA("openSSPI_answers", text, 8));
    CALL("env.w.ask", GetEnvironmentVariableW(u"OPENSSPI_ANSWERS", NULL, 0));
    CALL("env.w", GetEnvironmentVariableW(u"OPENSSPI_ANSWERS", wide, 8));
    CALL("env.set.case", SetEnvironmentVariableA("OpenSSPI_answers", "seven.."));
    CALL("env.set.case.get", GetEnvironmentVariableA("OPENSSPI_ANSWERS", text, 8));
    CALL("env.set.empty", SetEnvironmentVariableA("OPENSSPI_ANSWERS", ""));
    CALL("env.empty.ask", GetEnvironmentVariableA("OPENSSPI_ANSWERS", NULL, 0));
    CALL("env.empty", GetEnvironmentVariableA("OPENSSPI_ANSWERS", text, 8));
    CALL("env.remove", SetEnvironmentVariableA("OPENSSPI_ANSWERS", NULL));
    CALL("env.removed", GetEnvironmentVariableA("OPENSSPI_ANSWERS", text, 8));
    CALL("env.remove.again", SetEnvironmentVariableA("OPENSSPI_ANSWERS", NULL));
    CALL("env.null", GetEnvironmentVariableA(NULL, text, 8));
    CALL("env.set.null", SetEnvironmentVariableA(NULL, "x"));
    CALL("env.set.no-name", SetEnvironmentVariableA("", "x"));
    CALL("env.set.equals", SetEnvironmentVariableA("OPENSSPI=ANSWERS", "x"));
}

static void
modules(void)
{
    char text[512], again[512];
    HMODULE program = GetModuleHandleA(NULL), kernel32 = GetModuleHandleA("kernel32.dll");
    DWORD size;

    NUMBER("module.program", program != NULL && program == GetModuleHandleW(NULL));
    NUMBER("module.kernel32", kernel32 != NULL && kernel32 == GetModuleHandleW(u"KERNEL32"));
    CALL("module.function", GetProcAddress(kernel32, "GetTickCount64") != NULL);
    CALL("module.no-function", GetProcAddress(kernel32, "NoSuchFunction") != NULL);
    CALL("module.empty", GetModuleHandleA("") != NULL);
    CALL("module.none", GetModuleHandleA("no-such-library.dll") != NULL);
    SetLastError(0);
    size = GetModuleFileNameA(NULL, text, sizeof(text));
    NUMBER("file", size == strlen(text) && GetLastError() == 0);
    NUMBER("file.program",
           GetModuleFileNameA(program, again, sizeof(again)) == size && strcmp(text, again) == 0);
    NUMBER("file.exact", GetModuleFileNameA(NULL, again, size + 1) == size);
    NUMBER("file.short", GetModuleFileNameA(NULL, again, size) == size);
    NUMBER("file.short.error", GetLastError());
    NUMBER("file.short.length", strlen(again) == size - 1);
    CALL("file.nothing", GetModuleFileNameA(NULL, again, 0));
    NUMBER("file.kernel32", GetModuleFileNameA(kernel32, again, sizeof(again)) > 4);
    NUMBER("line", strstr(GetCommandLineA(), "answers") != NULL);
    NUMBER("process", GetCurrentProcessId() != 0);
    CALL("debugger", IsDebuggerPresent());
    OutputDebugStringA("x");
}

static BOOL WINAPI
handle(DWORD event)
{
    return event == CTRL_C_EVENT;
}

static BOOL WINAPI
never_added(DWORD event)
{
    return event != CTRL_C_EVENT;
}

static void
handlers(void)
{
    CALL("handler.unknown", SetConsoleCtrlHandler(never_added, FALSE));
    CALL("handler.add", SetConsoleCtrlHandler(handle, TRUE));
    CALL("handler.add.again", SetConsoleCtrlHandler(handle, TRUE));
    CALL("handler.unknown.again", SetConsoleCtrlHandler(never_added, FALSE));
    CALL("handler.remove", SetConsoleCtrlHandler(handle, FALSE));
    CALL("handler.remove.again", SetConsoleCtrlHandler(handle, FALSE));
    CALL("handler.remove.third", SetConsoleCtrlHandler(handle, FALSE));
    CALL("handler.ignore", SetConsoleCtrlHandler(NULL, TRUE));
    CALL("handler.heed", SetConsoleCtrlHandler(NULL, FALSE));
}

int
main(void)
{
    times();
    environment();
    modules();
    handlers();
    return 0;
}
