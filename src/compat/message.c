/* SPDX-License-Identifier: Apache-2.0 */
/* FormatMessage. Inside, everything is UTF-8. */
#include <limits.h>
#include <stdbool.h>
#include <winsock.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "compat/message.h"
#include "compat/text.h"

enum {
    INSERTS_MAX = 99,
    STARS_MAX = 2, /* a width and a precision */
    FORMAT_MAX = 32,
    SPEC_ROOM = FORMAT_MAX + STARS_MAX * 12 + 8,
    INSERT_ROOM = 1024,
};

/* A va_list is read in order, whatever the order of the inserts. */
struct inserts {
    va_list *list;
    const DWORD_PTR *array;
    unsigned long long values[INSERTS_MAX + STARS_MAX];
    size_t known;
    bool wide; /* what %s is */
};

struct message {
    struct wire_writer text;
    struct inserts inserts;
    bool keeps_inserts;
    size_t width; /* of a line: 0 and FORMAT_MESSAGE_MAX_WIDTH_MASK are none */
    DWORD error;
};

static bool
insert_of(struct inserts *in, size_t number, unsigned long long *out)
{
    if (number == 0 || (!in->list && !in->array)) {
        return false;
    }
    if (in->array) {
        *out = in->array[number - 1];
        return true;
    }
    while (in->known < number) {
        in->values[in->known++] = va_arg(*in->list, unsigned long long);
    }
    *out = in->values[number - 1];
    return true;
}

static DWORD
put_string(struct message *m, const void *s, bool wide)
{
    char *text = NULL;
    DWORD error = ERROR_SUCCESS;

    if (!s) {
        wire_put_bytes(&m->text, bytes_of_string("(null)"));
    } else if (!wide) {
        wire_put_bytes(&m->text, bytes_of_string(s));
    } else {
        error = compat_text_to_utf8(s, &text);
        wire_put_bytes(&m->text, error == ERROR_SUCCESS ? bytes_of_string(text) : bytes_of("", 0));
        mem_free(text);
    }
    return error;
}

static bool
is_size(struct bytes word)
{
    static const char *const sizes[] = { "", "h", "l", "w", "I", "ll", "I32", "I64" };

    for (size_t i = 0; i < SEC_ARRAY_LEN(sizes); i++) {
        if (bytes_equal(word, bytes_of_string(sizes[i]))) {
            return true;
        }
    }
    return false;
}

/* Flags, width and precision, with the inserts from *number on where a '*' stands for one. */
static bool
put_flags(struct message *m, struct wire_writer *spec, struct bytes flags, size_t *number)
{
    unsigned long long value;
    char digits[12];
    size_t stars = 0;

    for (size_t i = 0; i < flags.n; i++) {
        if (flags.p[i] != '*') {
            wire_put_u8(spec, flags.p[i]);
            continue;
        }
        if (++stars > STARS_MAX || !insert_of(&m->inserts, (*number)++, &value) ||
            (int)value > INSERT_ROOM || (int)value < -INSERT_ROOM) {
            return false;
        }
        wire_put(spec, digits, (size_t)snprintf(digits, sizeof(digits), "%d", (int)value));
    }
    return true;
}

/* The insert of that number by printf's format without its '%', which stands between exclamation
 * marks. A width or a precision that is '*' is an insert of its own, and comes first. */
static DWORD
put_formatted(struct message *m, struct bytes format, size_t number)
{
    const char *f = (const char *)format.p;
    const size_t flags = strspn(f, "-#0123456789.*");
    const size_t size = strcspn(f + flags, "sScCdiuxXp");
    const struct bytes word = bytes_of(f + flags, size);
    const bool is_64 = bytes_equal(word, bytes_of_string("I64")) ||
                       bytes_equal(word, bytes_of_string("ll")) ||
                       bytes_equal(word, bytes_of_string("I"));
    const char type = flags + size + 1 == format.n ? f[flags + size] : '\0';
    const bool text = type == 's' || type == 'S' || type == 'c' || type == 'C';
    const bool wide =
        size && f[flags] != 'I' ? f[flags] != 'h' : m->inserts.wide == (type == 's' || type == 'c');
    char spec[SPEC_ROOM], made[INSERT_ROOM];
    struct wire_writer w = wire_writer_fixed(spec, sizeof(spec));
    unsigned long long value;
    int length;

    wire_put_u8(&w, '%');
    if (!type || !is_size(word) || !put_flags(m, &w, bytes_of(f, flags), &number) ||
        !insert_of(&m->inserts, number, &value)) {
        return ERROR_INVALID_PARAMETER;
    }
    if (flags == 0 && (type == 's' || type == 'S')) {
        return put_string(m, (const void *)(uintptr_t)value, wide);
    }
    wire_put_bytes(&w, text ? bytes_of_string(wide ? "l" : "h") : word);
    wire_put_u8(&w, (uint8_t)(type == 'S' ? 's' : type == 'C' ? 'c' : type));
    wire_put_bytes(&w, bytes_of(" ", 2)); /* the blank tells what is empty from what failed */
    if (is_64 || type == 'p') {
        length = wsprintfA(made, spec, value);
    } else if (type == 's' || type == 'S') {
        length = wsprintfA(made, spec, (const void *)(uintptr_t)value);
    } else {
        length = wsprintfA(made, spec, (unsigned)value);
    }
    if (length == 0) {
        return ERROR_INVALID_PARAMETER;
    }
    wire_put(&m->text, made, (size_t)length - 1);
    return ERROR_SUCCESS;
}

/* %1 to %99, with or without a format; *f is at its first digit. */
static void
put_insert(struct message *m, const char **f)
{
    const char *begin = *f - 1, *format = NULL;
    size_t number = (size_t)(*(*f)++ - '0'), n = 0;
    unsigned long long value;

    if (**f >= '0' && **f <= '9') {
        number = number * 10 + (size_t)(*(*f)++ - '0');
    }
    if (**f == '!') {
        format = *f + 1;
        n = strcspn(format, "!");
        if (format[n] != '!' || n == 0 || n > FORMAT_MAX) {
            m->error = ERROR_INVALID_PARAMETER;
            return;
        }
        *f = format + n + 1;
    }
    if (m->keeps_inserts) {
        wire_put(&m->text, begin, (size_t)(*f - begin));
    } else if (format) {
        m->error = put_formatted(m, bytes_of(format, n), number);
    } else if (!insert_of(&m->inserts, number, &value)) {
        m->error = ERROR_INVALID_PARAMETER;
    } else {
        m->error = put_string(m, (const void *)(uintptr_t)value, m->inserts.wide);
    }
}

/* What follows a '%'; false at the text's end. */
static bool
put_escape(struct message *m, const char **f)
{
    const char c = **f;

    switch (c) {
    case '\0': m->error = ERROR_INVALID_PARAMETER; return false;
    case '0': return false;
    case 'n': wire_put_bytes(&m->text, bytes_of_string("\r\n")); break;
    case 'r': wire_put_u8(&m->text, '\r'); break;
    case 't': wire_put_u8(&m->text, '\t'); break;
    default:
        if (c >= '1' && c <= '9') {
            put_insert(m, f);
            return true;
        }
        wire_put_bytes(&m->text, bytes_of_string(m->keeps_inserts ? "%" : ""));
        wire_put_u8(&m->text, (uint8_t)c);
    }
    (*f)++;
    return true;
}

static DWORD
put_message(struct message *m, const char *format)
{
    const char *f = format;

    while (*f && m->error == ERROR_SUCCESS) {
        const char c = *f++;

        if (c == '%') {
            if (!put_escape(m, &f)) {
                break;
            }
        } else if (c == '\n' || (c == '\r' && *f == '\n')) {
            f += c == '\r';
            wire_put_bytes(&m->text, bytes_of_string(m->width ? " " : "\r\n"));
        } else {
            wire_put_u8(&m->text, (uint8_t)c);
        }
    }
    if (m->error == ERROR_SUCCESS && wire_writer_status(&m->text) != WIRE_OK) {
        m->error = ERROR_NOT_ENOUGH_MEMORY;
    }
    return m->error;
}

/* Breaks lines that are longer than the width where a blank is, in its place; a word that is longer stays
 * whole. Breaks that are there stay. */
static void
wrap(struct wire_writer *out, struct bytes text, size_t width)
{
    size_t start = 0, blank = SIZE_MAX, column = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n') {
            wire_put(out, text.p + start, i + 1 - start);
            start = i + 1;
            blank = SIZE_MAX;
            column = 0;
            continue;
        }
        column += (text.p[i] & 0xc0) != 0x80 && text.p[i] != '\r';
        if (text.p[i] == ' ') {
            blank = i;
        }
        if (column > width && blank != SIZE_MAX) {
            wire_put(out, text.p + start, blank - start);
            wire_put_bytes(out, bytes_of_string("\r\n"));
            start = blank + 1;
            i = blank;
            blank = SIZE_MAX;
            column = 0;
        }
    }
    wire_put(out, text.p + start, text.n - start);
}

/* Puts the text in lines of that width, where one is asked for. */
static DWORD
wrap_message(struct message *m)
{
    struct wire_writer lines = wire_writer_growing(NULL, 0);

    if (m->width == 0 || m->width == FORMAT_MESSAGE_MAX_WIDTH_MASK) {
        return ERROR_SUCCESS;
    }
    wrap(&lines, wire_written(&m->text), m->width);
    wire_writer_clear(&m->text);
    m->text = lines;
    return wire_writer_status(&lines) == WIRE_OK ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
}

/* The text as UTF-8 with its break, on the heap. */
static DWORD
find_text(DWORD flags, LPCVOID source, DWORD id, bool wide, char **out)
{
    SEC_AUTO(wire_writer) line = wire_writer_growing(NULL, 0);
    const char *known = NULL;

    if (flags & FORMAT_MESSAGE_FROM_STRING) {
        if (!source) {
            return ERROR_INVALID_PARAMETER;
        }
        if (wide) {
            return compat_text_to_utf8(source, out);
        }
        *out = mem_dup(source, strlen(source));
        return *out ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    }
    if (!(flags & (FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_FROM_HMODULE))) {
        return ERROR_INVALID_PARAMETER;
    }
    known = flags & FORMAT_MESSAGE_FROM_SYSTEM ? compat_message_text(id) : NULL;
    if (!known) {
        return ERROR_MR_MID_NOT_FOUND;
    }
    wire_put_bytes(&line, bytes_of_string(known));
    wire_put_bytes(&line, bytes_of_string("\r\n"));
    *out = wire_writer_status(&line) == WIRE_OK
               ? mem_dup(wire_written(&line).p, wire_written(&line).n)
               : NULL;
    return *out ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
}

/* Characters of `size` bytes to the caller's buffer, or to one of their own. */
static DWORD
answer(DWORD flags, struct bytes text, size_t size, void *buffer, DWORD room, DWORD *written)
{
    const size_t count = text.n / size;
    void *to = buffer;

    if (count == 0) {
        return ERROR_NO_WORK_DONE;
    }
    if (count >= INT_MAX) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    if (flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) {
        to = LocalAlloc(LPTR, (count + 1 > room ? count + 1 : room) * size);
        if (!to) {
            return ERROR_NOT_ENOUGH_MEMORY;
        }
        *(void **)buffer = to;
    } else if (count >= room) {
        return ERROR_INSUFFICIENT_BUFFER;
    }
    bytes_copy(to, text.p, text.n);
    bytes_copy((uint8_t *)to + text.n, "\0", size);
    *written = (DWORD)count;
    return ERROR_SUCCESS;
}

static DWORD
format_message(DWORD flags, LPCVOID source, DWORD id, void *buffer, DWORD room, va_list *arguments,
               bool wide, DWORD *written)
{
    struct message m = {
        .text = wire_writer_growing(NULL, 0),
        .inserts = { .wide = wide },
        .keeps_inserts = flags & FORMAT_MESSAGE_IGNORE_INSERTS,
        .width = flags & FORMAT_MESSAGE_MAX_WIDTH_MASK,
    };
    struct wire_writer units = wire_writer_growing(NULL, 0);
    char *format = NULL;
    DWORD error;

    if (!buffer) {
        return flags & FORMAT_MESSAGE_ALLOCATE_BUFFER ? ERROR_NOT_ENOUGH_MEMORY
                                                      : ERROR_INVALID_PARAMETER;
    }
    if (flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) {
        *(void **)buffer = NULL;
    }
    if (flags & FORMAT_MESSAGE_ARGUMENT_ARRAY) {
        m.inserts.array = (const DWORD_PTR *)arguments;
    } else {
        m.inserts.list = arguments;
    }
    error = find_text(flags, source, id, wide, &format);
    if (error == ERROR_SUCCESS) {
        error = put_message(&m, format);
    }
    if (error == ERROR_SUCCESS) {
        error = wrap_message(&m);
    }
    if (error == ERROR_SUCCESS && wide) {
        utf16_put_utf8_replacing(&units, wire_written(&m.text));
        error = wire_writer_status(&units) == WIRE_OK
                    ? answer(flags, wire_written(&units), sizeof(WCHAR), buffer, room, written)
                    : ERROR_NOT_ENOUGH_MEMORY;
    } else if (error == ERROR_SUCCESS) {
        error = answer(flags, wire_written(&m.text), 1, buffer, room, written);
    }
    mem_free(format);
    wire_writer_clear(&units);
    wire_writer_clear(&m.text);
    return error;
}

static DWORD
tell(DWORD error, DWORD written)
{
    if (error != ERROR_SUCCESS) {
        SetLastError(error);
    }
    return written;
}

/* There is one language. */
DWORD
FormatMessageW(DWORD dwFlags, LPCVOID lpSource, DWORD dwMessageId, DWORD dwLanguageId,
               LPWSTR lpBuffer, DWORD nSize, va_list *Arguments)
{
    DWORD written = 0;
    DWORD error =
        format_message(dwFlags, lpSource, dwMessageId, lpBuffer, nSize, Arguments, true, &written);

    return tell(error, written);
}

DWORD
FormatMessageA(DWORD dwFlags, LPCVOID lpSource, DWORD dwMessageId, DWORD dwLanguageId,
               LPSTR lpBuffer, DWORD nSize, va_list *Arguments)
{
    DWORD written = 0;
    DWORD error =
        format_message(dwFlags, lpSource, dwMessageId, lpBuffer, nSize, Arguments, false, &written);

    return tell(error, written);
}
