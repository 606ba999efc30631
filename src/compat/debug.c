/* SPDX-License-Identifier: Apache-2.0 */
/* Strings for a debugger. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <windows.h>

#include "base/mem.h"
#include "compat/text.h"

BOOL
IsDebuggerPresent(void)
{
    static const char label[] = "\nTracerPid:\t";
    const int before = errno, fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    char text[1024]; /* it is among the first lines */
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    const char *found;

    if (fd >= 0) {
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    found = strstr(text, label);
    errno = before;
    return found && found[sizeof(label) - 1] != '0';
}

void
OutputDebugStringA(LPCSTR lpOutputString)
{
    const int before = errno;

    if (lpOutputString && IsDebuggerPresent()) {
        ssize_t unused = write(STDERR_FILENO, lpOutputString, strlen(lpOutputString));
        (void)unused;
    }
    errno = before;
}

void
OutputDebugStringW(LPCWSTR lpOutputString)
{
    const int before = errno;
    char *text;

    if (compat_text_to_utf8(lpOutputString, &text) == ERROR_SUCCESS) {
        OutputDebugStringA(text);
    }
    mem_free(text);
    errno = before;
}
