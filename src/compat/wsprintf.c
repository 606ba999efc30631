/* SPDX-License-Identifier: Apache-2.0 */
/* wsprintf: for char here, true to every byte; for WCHAR, wprintf.c's. */
#include <tchar.h>
#include <windows.h>

#include "base/mem.h"
#include "compat/text.h"

enum { ROOM = 1024, WIDTH_MAX = ROOM };

/* %[-][#][0][width][.precision][h|l|w|I64|I32|I]type. */
struct conversion {
    bool left, prefix, zero, has_precision, wide, narrow, is_64;
    size_t width, precision;
    char type;
};

struct output {
    struct wire_writer w;
    va_list arguments;
    bool failed;
};

static size_t
read_number(struct output *o, const char **f)
{
    size_t n = 0;
    int given;

    if (**f == '*') {
        (*f)++;
        given = va_arg(o->arguments, int);
        n = given < 0 ? WIDTH_MAX + 1 : (size_t)given;
    }
    while (**f >= '0' && **f <= '9') {
        n = n > WIDTH_MAX ? n : n * 10 + (size_t)(**f - '0');
        (*f)++;
    }
    o->failed = o->failed || n > WIDTH_MAX;
    return n;
}

static void
read_size(struct conversion *c, const char **f)
{
    static const struct {
        const char *word;
        bool wide, narrow, is_64;
    } sizes[] = {
        { "I64", .is_64 = true }, { "I32" },
        { "I", .is_64 = true },   { "ll", .is_64 = true },
        { "l", .wide = true },    { "w", .wide = true },
        { "h", .narrow = true },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(sizes); i++) {
        const struct bytes word = bytes_of_string(sizes[i].word);

        if (strnlen(*f, word.n) == word.n && bytes_equal(bytes_of(*f, word.n), word)) {
            c->wide = sizes[i].wide;
            c->narrow = sizes[i].narrow;
            c->is_64 = sizes[i].is_64;
            *f += word.n;
            return;
        }
    }
}

static struct conversion
read_conversion(struct output *o, const char **f)
{
    struct conversion c = { 0 };

    for (; **f == '-' || **f == '#' || **f == '0'; (*f)++) {
        c.left = c.left || **f == '-';
        c.prefix = c.prefix || **f == '#';
        c.zero = c.zero || **f == '0';
    }
    c.width = read_number(o, f);
    if (**f == '.') {
        (*f)++;
        c.has_precision = true;
        c.precision = read_number(o, f);
    }
    read_size(&c, f);
    c.type = **f;
    if (c.type) {
        (*f)++;
    }
    return c;
}

static void
put_repeated(struct output *o, char c, size_t n)
{
    while (n--) {
        wire_put_u8(&o->w, (uint8_t)c);
    }
}

static void
put_padded(struct output *o, const struct conversion *c, struct bytes text)
{
    const size_t padding = c->width > text.n ? c->width - text.n : 0;

    put_repeated(o, ' ', c->left ? 0 : padding);
    wire_put_bytes(&o->w, text);
    put_repeated(o, ' ', c->left ? padding : 0);
}

static void
put_wide(struct output *o, const struct conversion *c, const WCHAR *s, size_t n)
{
    char *text = NULL;
    WCHAR *copy = mem_new_array(n + 1, sizeof(*s));

    if (copy) {
        bytes_copy(copy, s, n * sizeof(*s));
    }
    if (!copy || compat_text_to_utf8(copy, &text) != ERROR_SUCCESS) {
        o->failed = true;
    } else {
        put_padded(o, c, bytes_of_string(text));
    }
    mem_free(text);
    mem_free(copy);
}

static void
put_string(struct output *o, const struct conversion *c)
{
    const bool wide = c->type == 's' ? c->wide : !c->narrow;
    const size_t most = c->has_precision ? c->precision : SIZE_MAX;
    const void *s = va_arg(o->arguments, const void *);
    size_t n = 0;

    if (!s) {
        put_padded(o, c, bytes_of_string("(null)"));
    } else if (wide) {
        while (n < most && ((const WCHAR *)s)[n]) {
            n++;
        }
        put_wide(o, c, s, n);
    } else {
        put_padded(o, c, bytes_of(s, strnlen(s, most)));
    }
}

static void
put_character(struct output *o, const struct conversion *c)
{
    const bool wide = c->type == 'c' ? c->wide : !c->narrow;
    const WCHAR unit[2] = { (WCHAR)va_arg(o->arguments, int), 0 };
    const uint8_t byte = (uint8_t)unit[0];

    if (wide) {
        put_wide(o, c, unit, 1);
    } else {
        put_padded(o, c, bytes_of(&byte, 1));
    }
}

static unsigned long long
take_number(struct output *o, const struct conversion *c, bool is_signed)
{
    unsigned value;

    if (c->is_64 || c->type == 'p') {
        return va_arg(o->arguments, unsigned long long);
    }
    value = va_arg(o->arguments, unsigned);
    if (c->narrow) {
        return is_signed ? (unsigned long long)(short)value : (unsigned short)value;
    }
    return is_signed ? (unsigned long long)(int)value : value;
}

static void
put_number(struct output *o, const struct conversion *c)
{
    const bool is_signed = c->type == 'd' || c->type == 'i';
    const bool hex = c->type == 'x' || c->type == 'X' || c->type == 'p';
    const unsigned long long value = take_number(o, c, is_signed);
    const bool negative = is_signed && (long long)value < 0;
    const size_t least = c->type == 'p' ? 2 * sizeof(void *) : c->precision;
    const char *prefix = negative ? "-" : !c->prefix || !hex ? "" : c->type == 'x' ? "0x" : "0X";
    char digits[32];
    int n = snprintf(digits, sizeof(digits),
                     !hex             ? "%llu"
                     : c->type == 'x' ? "%llx"
                                      : "%llX",
                     negative ? 0 - value : value);
    size_t zeros = least > (size_t)n ? least - (size_t)n : 0;
    size_t length = strlen(prefix) + zeros + (size_t)n;

    if (c->zero && !c->left && !c->has_precision && c->width > length) {
        zeros += c->width - length;
        length = c->width;
    }
    put_repeated(o, ' ', !c->left && c->width > length ? c->width - length : 0);
    wire_put_bytes(&o->w, bytes_of_string(prefix));
    put_repeated(o, '0', zeros);
    wire_put(&o->w, digits, (size_t)n);
    put_repeated(o, ' ', c->left && c->width > length ? c->width - length : 0);
}

static void
put_conversion(struct output *o, const struct conversion *c)
{
    switch (c->type) {
    case '%': wire_put_u8(&o->w, '%'); break;
    case 's':
    case 'S': put_string(o, c); break;
    case 'c':
    case 'C': put_character(o, c); break;
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'p': put_number(o, c); break;
    default: o->failed = true; /* %n among them */
    }
}

int
wvsprintfA(LPSTR buffer, LPCSTR format, va_list arguments)
{
    char text[ROOM];
    struct output o = { .w = wire_writer_fixed(text, sizeof(text) - 1) };
    int n = 0;

    va_copy(o.arguments, arguments);
    for (const char *f = format; *f && !o.failed;) {
        struct conversion c;

        if (*f != '%') {
            wire_put_u8(&o.w, (uint8_t)*f++);
            continue;
        }
        f++;
        c = read_conversion(&o, &f);
        if (!o.failed) {
            put_conversion(&o, &c);
        }
    }
    va_end(o.arguments);
    if (!o.failed && wire_writer_status(&o.w) == WIRE_OK) {
        n = (int)wire_written(&o.w).n;
        bytes_copy(buffer, text, (size_t)n);
    }
    buffer[n] = '\0';
    return n;
}

int
wsprintfA(LPSTR buffer, LPCSTR format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = wvsprintfA(buffer, format, arguments);
    va_end(arguments);
    return n;
}

int
wvsprintfW(LPWSTR buffer, LPCWSTR format, va_list arguments)
{
    const int n = compat_vswprintf_s(buffer, ROOM, format, arguments);

    return n < 0 ? 0 : n;
}

int
wsprintfW(LPWSTR buffer, LPCWSTR format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = wvsprintfW(buffer, format, arguments);
    va_end(arguments);
    return n;
}
