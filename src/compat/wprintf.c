/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting with 16-bit formats as Windows reads them. What is formatted is collected in UTF-16,
 * so that widths count its units, and becomes UTF-8 where it goes to a file. */
#include <stdbool.h>
#include <tchar.h>
#include <windows.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "compat/text.h"
#include "compat/wprintf.h"

/* More than any number or message needs; keeps a wild width from taking the memory. */
#define WIDTH_MAX 65536

enum size { SIZE_NONE, SIZE_CHAR, SIZE_SHORT, SIZE_LONG, SIZE_64, SIZE_POINTER, SIZE_DOUBLE };

/* One conversion: %[flags][width][.precision][size]type. */
struct conversion {
    char flags[8];
    bool left, has_precision;
    size_t width, precision;
    enum size size;
    WCHAR type;
};

struct output {
    struct wire_writer utf16;
    va_list arguments;
    bool failed, starved; /* no such format, or no memory */
};

static size_t
read_number(struct output *o, const WCHAR **f, bool *negative)
{
    size_t n = 0;

    *negative = false;
    if (**f == '*') {
        const int value = va_arg(o->arguments, int);
        (*f)++;
        *negative = value < 0;
        n = value < 0 ? 0 - (size_t)value : (size_t)value;
    } else {
        while (**f >= '0' && **f <= '9') {
            n = n > WIDTH_MAX ? n : n * 10 + (size_t)(**f - '0');
            (*f)++;
        }
    }
    if (n > WIDTH_MAX) {
        o->failed = true;
        n = 0;
    }
    return n;
}

static bool
take(const WCHAR **f, const char *word)
{
    size_t n = 0;

    while (word[n] != '\0') {
        if ((*f)[n] != (WCHAR)word[n]) {
            return false;
        }
        n++;
    }
    *f += n;
    return true;
}

/* `l` is 32 bits, as on Windows: a DWORD is what stands there. */
static enum size
read_size(const WCHAR **f)
{
    static const struct {
        const char *word;
        enum size size;
    } sizes[] = {
        { "I64", SIZE_64 },    { "I32", SIZE_LONG },  { "I", SIZE_POINTER }, { "hh", SIZE_CHAR },
        { "h", SIZE_SHORT },   { "ll", SIZE_64 },     { "l", SIZE_LONG },    { "w", SIZE_LONG },
        { "z", SIZE_POINTER }, { "t", SIZE_POINTER }, { "j", SIZE_64 },      { "L", SIZE_DOUBLE },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(sizes); i++) {
        if (take(f, sizes[i].word)) {
            return sizes[i].size;
        }
    }
    return SIZE_NONE;
}

static struct conversion
read_conversion(struct output *o, const WCHAR **f)
{
    struct conversion c = { 0 };
    bool negative;
    size_t n = 0;

    while (**f == '-' || **f == '+' || **f == ' ' || **f == '#' || **f == '0') {
        c.left = c.left || **f == '-';
        if (n < sizeof(c.flags) - 1) {
            c.flags[n++] = (char)**f;
        }
        (*f)++;
    }
    c.width = read_number(o, f, &negative);
    c.left = c.left || negative;
    if (**f == '.') {
        (*f)++;
        c.precision = read_number(o, f, &negative);
        c.has_precision = !negative;
    }
    c.size = read_size(f);
    c.type = **f;
    if (c.type != 0) {
        (*f)++;
    }
    return c;
}

static void
put_padded(struct output *o, const struct conversion *c, struct bytes utf16)
{
    const size_t units = utf16.n / 2;
    const size_t padding = c->width > units ? c->width - units : 0;

    for (size_t i = 0; !c->left && i < padding; i++) {
        wire_put_le16(&o->utf16, ' ');
    }
    wire_put_bytes(&o->utf16, utf16);
    for (size_t i = 0; c->left && i < padding; i++) {
        wire_put_le16(&o->utf16, ' ');
    }
}

static void
put_wide(struct output *o, const struct conversion *c, const WCHAR *s, size_t units)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);

    compat_text_put_units(&w, s, units);
    o->failed = o->failed || wire_writer_status(&w) != WIRE_OK;
    o->starved = o->starved || wire_writer_status(&w) == WIRE_NO_MEMORY;
    put_padded(o, c, wire_written(&w));
    wire_writer_clear(&w);
}

static void
put_narrow(struct output *o, const struct conversion *c, const char *s, size_t n)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);

    utf16_put_utf8(&w, bytes_of(s, n));
    o->failed = o->failed || wire_writer_status(&w) != WIRE_OK;
    o->starved = o->starved || wire_writer_status(&w) == WIRE_NO_MEMORY;
    put_padded(o, c, wire_written(&w));
    wire_writer_clear(&w);
}

/* The length of s within `most` bytes, which cut no character in two; what is behind them is not read. */
static size_t
narrow_length(const void *s, size_t most)
{
    const unsigned char *u = s;
    size_t n = 0, lead, whole;

    while (n < most && u[n] != 0) {
        n++;
    }
    if (n < most) {
        return n;
    }
    lead = n;
    while (lead > 0 && n - lead < 3 && (u[lead - 1] & 0xc0) == 0x80) {
        lead--;
    }
    if (lead == 0 || u[lead - 1] < 0xc0) {
        return n;
    }
    lead--;
    whole = u[lead] >= 0xf0 ? 4 : u[lead] >= 0xe0 ? 3 : 2;
    return n - lead < whole ? lead : n;
}

static void
put_string(struct output *o, const struct conversion *c, bool narrow)
{
    static const char null[] = "(null)";
    const void *s = va_arg(o->arguments, const void *);
    const size_t most = c->has_precision ? c->precision : SIZE_MAX;

    if (!s) {
        s = null;
        narrow = true;
    }
    if (narrow) {
        put_narrow(o, c, s, narrow_length(s, most));
    } else {
        const WCHAR *wide = s;
        size_t n = 0;
        while (n < most && wide[n] != 0) {
            n++;
        }
        put_wide(o, c, wide, n);
    }
}

static long long
take_signed(struct output *o, enum size size)
{
    switch (size) {
    case SIZE_CHAR: return (signed char)va_arg(o->arguments, int);
    case SIZE_SHORT: return (short)va_arg(o->arguments, int);
    case SIZE_64: return va_arg(o->arguments, long long);
    case SIZE_POINTER: return va_arg(o->arguments, intptr_t);
    default: return va_arg(o->arguments, int);
    }
}

static unsigned long long
take_unsigned(struct output *o, enum size size)
{
    switch (size) {
    case SIZE_CHAR: return (unsigned char)va_arg(o->arguments, int);
    case SIZE_SHORT: return (unsigned short)va_arg(o->arguments, int);
    case SIZE_64: return va_arg(o->arguments, unsigned long long);
    case SIZE_POINTER: return va_arg(o->arguments, uintptr_t);
    default: return va_arg(o->arguments, unsigned int);
    }
}

/* A number, as the C library wants it for the conversion that is spelled anew for it. */
struct number {
    enum { SIGNED, UNSIGNED, DOUBLE, LONG_DOUBLE } kind;
    union {
        long long s;
        unsigned long long u;
        double d;
        long double ld;
    };
};

static struct number
take_number(struct output *o, const struct conversion *c)
{
    struct number v = { 0 };

    if (c->type == 'd' || c->type == 'i') {
        v.kind = SIGNED;
        v.s = take_signed(o, c->size);
    } else if (strchr("uoxX", c->type)) {
        v.kind = UNSIGNED;
        v.u = take_unsigned(o, c->size);
    } else if (c->size == SIZE_DOUBLE) {
        v.kind = LONG_DOUBLE;
        v.ld = va_arg(o->arguments, long double);
    } else {
        v.kind = DOUBLE;
        v.d = va_arg(o->arguments, double);
    }
    return v;
}

/* As snprintf: the length that it has, or a negative number. */
static int
spell(char *to, size_t room, const struct conversion *c, const struct number *v)
{
    static const char *const sizes[] = { "ll", "ll", "", "L" };
    const int width = c->left ? -(int)c->width : (int)c->width;
    const int precision = c->has_precision ? (int)c->precision : -1;
    char format[24];

    snprintf(format, sizeof(format), "%%%s*.*%s%c", c->flags, sizes[v->kind], (char)c->type);
    switch (v->kind) {
    case SIGNED: return snprintf(to, room, format, width, precision, v->s);
    case UNSIGNED: return snprintf(to, room, format, width, precision, v->u);
    case DOUBLE: return snprintf(to, room, format, width, precision, v->d);
    case LONG_DOUBLE: return snprintf(to, room, format, width, precision, v->ld);
    }
    return -1;
}

static void
put_number(struct output *o, const struct conversion *c)
{
    const struct number v = take_number(o, c);
    const int n = spell(NULL, 0, c, &v);
    char *text = n >= 0 ? mem_new((size_t)n + 1) : NULL;

    if (text) {
        spell(text, (size_t)n + 1, c, &v);
        utf16_put_utf8(&o->utf16, bytes_of(text, (size_t)n));
    }
    o->failed = o->failed || !text;
    o->starved = o->starved || (n >= 0 && !text);
    mem_free(text);
}

static void
put_conversion(struct output *o, struct conversion c)
{
    WCHAR unit;

    switch (c.type) {
    case '%': wire_put_le16(&o->utf16, '%'); break;
    case 's': put_string(o, &c, c.size == SIZE_SHORT); break;
    case 'S': put_string(o, &c, c.size != SIZE_LONG); break;
    case 'c':
    case 'C':
        unit = (WCHAR)va_arg(o->arguments, int);
        put_wide(o, &c, &unit, 1);
        break;
    case 'p':
        /* Windows' form: all digits, upper case, no prefix. */
        c.type = 'X';
        c.size = SIZE_POINTER;
        c.has_precision = true;
        c.precision = 2 * sizeof(void *);
        put_number(o, &c);
        break;
    default:
        if (c.type != 0 && c.type < 0x80 && strchr("diuoxXeEfFgGaA", c.type)) {
            put_number(o, &c);
        } else {
            o->failed = true; /* %n, which writes memory, and what nobody knows */
        }
    }
}

/* Formats into o->utf16, which the caller clears. */
static void
format_all(struct output *o, const WCHAR *f)
{
    while (*f && !o->failed) {
        const WCHAR *start = f;
        while (*f && *f != '%') {
            f++;
        }
        compat_text_put_units(&o->utf16, start, (size_t)(f - start));
        if (*f == '%') {
            f++;
            put_conversion(o, read_conversion(o, &f));
        }
    }
    o->failed = o->failed || wire_writer_status(&o->utf16) != WIRE_OK;
}

DWORD
compat_wprintf_put(struct wire_writer *utf16, const WCHAR *format, va_list arguments)
{
    struct output o = { .utf16 = *utf16 };

    va_copy(o.arguments, arguments);
    format_all(&o, format);
    va_end(o.arguments);
    *utf16 = o.utf16;
    if (o.starved || wire_writer_status(utf16) == WIRE_NO_MEMORY) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    return o.failed ? ERROR_INVALID_PARAMETER : ERROR_SUCCESS;
}

int
compat_vfwprintf(FILE *file, const WCHAR *format, va_list arguments)
{
    struct wire_writer utf16 = wire_writer_growing(NULL, 0);
    struct wire_writer utf8 = wire_writer_growing(NULL, 0);
    struct bytes text;
    int n = -1;

    if (compat_wprintf_put(&utf16, format, arguments) == ERROR_SUCCESS) {
        utf8_put_utf16(&utf8, wire_written(&utf16));
        text = wire_written(&utf8);
        if (wire_writer_status(&utf8) == WIRE_OK && fwrite(text.p, 1, text.n, file) == text.n) {
            n = (int)(wire_written(&utf16).n / 2);
        }
    }
    wire_writer_clear(&utf8);
    wire_writer_clear(&utf16);
    return n;
}

int
compat_fwprintf(FILE *file, const WCHAR *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = compat_vfwprintf(file, format, arguments);
    va_end(arguments);
    return n;
}

int
compat_wprintf(const WCHAR *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = compat_vfwprintf(stdout, format, arguments);
    va_end(arguments);
    return n;
}

int
compat_vswprintf_s(WCHAR *dst, rsize_t size, const WCHAR *format, va_list arguments)
{
    struct wire_writer utf16 = wire_writer_growing(NULL, 0);
    int n = -1;

    if (!dst || size == 0) {
        return -1;
    }
    dst[0] = 0;
    if (!format) {
        return -1;
    }
    if (compat_wprintf_put(&utf16, format, arguments) == ERROR_SUCCESS &&
        wire_written(&utf16).n / 2 < size) {
        const struct bytes text = wire_written(&utf16);
        for (size_t i = 0; i < text.n / 2; i++) {
            dst[i] = wire_load_le16(text.p + 2 * i);
        }
        dst[text.n / 2] = 0;
        n = (int)(text.n / 2);
    }
    wire_writer_clear(&utf16);
    return n;
}

int
compat_swprintf_s(WCHAR *dst, rsize_t size, const WCHAR *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = compat_vswprintf_s(dst, size, format, arguments);
    va_end(arguments);
    return n;
}
