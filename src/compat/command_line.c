/* SPDX-License-Identifier: Apache-2.0 */
/* GetCommandLine: the arguments as one string. */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#include <windows.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "compat/text.h"

static pthread_once_t made = PTHREAD_ONCE_INIT;
static char nothing[1];
static WCHAR nothing_wide[1];
static char *line = nothing;
static WCHAR *wide_line = nothing_wide;

static void
put_n(struct wire_writer *w, char c, size_t n)
{
    while (n-- > 0) {
        wire_put_u8(w, (uint8_t)c);
    }
}

/* Of the program's name nothing is escaped: a path has no quotation marks there. */
static void
put_program(struct wire_writer *w, const char *name)
{
    const bool quoted = !name[0] || strpbrk(name, " \t");

    put_n(w, '"', quoted);
    wire_put_bytes(w, bytes_of_string(name));
    put_n(w, '"', quoted);
}

/* Backslashes are doubled before a quotation mark, and stand for themselves elsewhere. */
static void
put_argument(struct wire_writer *w, const char *text)
{
    const bool quoted = !text[0] || strpbrk(text, " \t");
    size_t backslashes = 0;

    put_n(w, ' ', 1);
    put_n(w, '"', quoted);
    for (; *text; text++) {
        if (*text == '"') {
            put_n(w, '\\', backslashes + 1);
        }
        backslashes = *text == '\\' ? backslashes + 1 : 0;
        wire_put_u8(w, (uint8_t)*text);
    }
    if (quoted) {
        put_n(w, '\\', backslashes);
        put_n(w, '"', 1);
    }
}

/* Each with its NUL. */
static void
read_arguments(struct wire_writer *w)
{
    const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    char part[4096];
    ssize_t n;

    while (fd >= 0 && (n = read(fd, part, sizeof(part))) > 0) {
        wire_put_bytes(w, bytes_of(part, (size_t)n));
    }
    if (fd >= 0) {
        close(fd);
    }
    wire_put_u8(w, 0); /* the last one's may be missing */
}

static void
keep(const struct wire_writer *text)
{
    SEC_AUTO(wire_writer) units = wire_writer_growing(NULL, 0);
    const struct bytes utf8 = wire_written(text);
    char *narrow = mem_dup(utf8.p, utf8.n);
    WCHAR *wide;

    (void)utf16_put_utf8_replacing(&units, utf8);
    wide = compat_text_units_of(wire_written(&units));
    line = narrow ? narrow : line;
    wide_line = wide ? wide : wide_line;
}

static void
make(void)
{
    SEC_AUTO(wire_writer) arguments = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) text = wire_writer_growing(NULL, 0);
    struct bytes all;
    const char *at;

    read_arguments(&arguments);
    all = wire_written(&arguments);
    if (wire_writer_status(&arguments) != WIRE_OK || all.n < 2) {
        return;
    }
    at = (const char *)all.p;
    put_program(&text, at);
    while ((at += strlen(at) + 1) < (const char *)all.p + all.n - 1) {
        put_argument(&text, at);
    }
    if (wire_writer_status(&text) == WIRE_OK) {
        keep(&text);
    }
}

LPSTR
GetCommandLineA(void)
{
    (void)pthread_once(&made, make);
    return line;
}

LPWSTR
GetCommandLineW(void)
{
    (void)pthread_once(&made, make);
    return wide_line;
}
