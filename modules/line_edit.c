/* SPDX-License-Identifier: Apache-2.0 */
/* A line editor for dumb terminals. RFC 854 has telnet's codes. */
#include "line_edit.h"

#include <stdint.h>

enum {
    BACKSPACE = 8,
    LINE_FEED = 10,
    RETURN = 13,
    KILL = 21, /* ^U */
    ESCAPE = 27,
    DELETE = 127,
    IAC_SE = 240,
    IAC_ERASE_CHARACTER = 247,
    IAC_ERASE_LINE = 248,
    IAC_SUBNEGOTIATION = 250,
    IAC_WILL = 251, /* WILL, WONT, DO and DONT have an option behind them */
    IAC = 255,
    /* What one byte can add to show: the whole line taken back. */
    SHOW_STEP = 3 * LINE_EDIT_MAX,
};

/* Where in an escape sequence the editor is. */
enum { NO_ESCAPE, AFTER_ESCAPE, IN_SEQUENCE, IN_SINGLE };

/* Where in a telnet command: after IAC, after WILL and its like, in a subnegotiation, after an IAC
 * in there. */
enum { NO_COMMAND, AFTER_IAC, BEFORE_OPTION, IN_SUBNEGOTIATION, IAC_IN_SUBNEGOTIATION };

_Static_assert((int)SHOW_STEP < (int)LINE_EDIT_SHOW, "a step fits");

/* The compiler cannot drop it. */
static void
wipe(void *p, size_t n)
{
    volatile uint8_t *byte = p;

    while (n--) {
        *byte++ = 0;
    }
}

void
line_edit_clear(struct line_edit *e)
{
    wipe(e, sizeof(*e));
}

void
line_edit_init(struct line_edit *e, bool telnet)
{
    line_edit_clear(e);
    e->telnet = telnet;
}

void
line_edit_begin(struct line_edit *e, bool echo)
{
    wipe(e->line, sizeof(e->line));
    wipe(e->show, sizeof(e->show));
    e->length = e->show_length = 0;
    e->over_full = false;
    e->echo = echo;
}

static void
show(struct line_edit *e, const char *text)
{
    while (*text) {
        e->show[e->show_length++] = *text++;
    }
}

/* --- the line ------------------------------------------------------------------------------ */

static bool
continues(char c)
{
    return ((uint8_t)c & 0xC0) == 0x80;
}

/* How many bytes the last character has: those of a well-formed one of UTF-8, or one. */
static size_t
last_character(const struct line_edit *e)
{
    size_t n = 1;
    uint8_t lead;

    while (n < 4 && n < e->length && continues(e->line[e->length - n])) {
        n++;
    }
    lead = (uint8_t)e->line[e->length - n];
    if ((n == 2 && (lead & 0xE0) == 0xC0) || (n == 3 && (lead & 0xF0) == 0xE0) ||
        (n == 4 && (lead & 0xF8) == 0xF0)) {
        return n;
    }
    return 1;
}

static void
take_back(struct line_edit *e)
{
    if (e->length) {
        size_t n = last_character(e);

        e->length -= n;
        wipe(e->line + e->length, n);
        if (e->echo) {
            show(e, "\b \b");
        }
    }
}

static void
take_back_all(struct line_edit *e)
{
    while (e->length) {
        take_back(e);
    }
    e->over_full = false;
}

static void
add(struct line_edit *e, uint8_t c)
{
    if (e->length == LINE_EDIT_MAX) {
        e->over_full = true;
        show(e, "\a");
        return;
    }
    e->line[e->length++] = (char)c;
    if (e->echo) {
        e->show[e->show_length++] = (char)c;
    }
}

static enum line_edit_result
end_line(struct line_edit *e)
{
    show(e, "\r\n");
    if (e->over_full) {
        wipe(e->line, sizeof(e->line));
        e->length = 0;
        return LINE_EDIT_TOO_LONG;
    }
    return LINE_EDIT_LINE;
}

/* --- what is no part of it ----------------------------------------------------------------- */

/* ESC [ parameters final, ESC O letter, ESC letter. A control character ends any of them. */
static bool
is_escape(struct line_edit *e, uint8_t c)
{
    if (c < ' ') {
        e->escape = c == ESCAPE ? AFTER_ESCAPE : NO_ESCAPE;
        return c == ESCAPE;
    }
    switch (e->escape) {
    case AFTER_ESCAPE:
        e->escape = c == '[' ? IN_SEQUENCE : c == 'O' ? IN_SINGLE : NO_ESCAPE;
        return true;
    case IN_SEQUENCE:
        if (c >= '@') {
            e->escape = NO_ESCAPE;
        }
        return true;
    case IN_SINGLE: e->escape = NO_ESCAPE; return true;
    default: return false;
    }
}

static bool
is_iac_command(struct line_edit *e, uint8_t c)
{
    e->command = NO_COMMAND;
    switch (c) {
    case IAC: return false; /* 255 itself */
    case IAC_ERASE_CHARACTER: take_back(e); break;
    case IAC_ERASE_LINE: take_back_all(e); break;
    case IAC_SUBNEGOTIATION: e->command = IN_SUBNEGOTIATION; break;
    default:
        if (c >= IAC_WILL) {
            e->command = BEFORE_OPTION;
        }
    }
    return true;
}

static bool
is_telnet(struct line_edit *e, uint8_t c)
{
    switch (e->command) {
    case AFTER_IAC: return is_iac_command(e, c);
    case BEFORE_OPTION: e->command = NO_COMMAND; return true;
    case IN_SUBNEGOTIATION:
        if (c == IAC) {
            e->command = IAC_IN_SUBNEGOTIATION;
        }
        return true;
    case IAC_IN_SUBNEGOTIATION:
        e->command = c == IAC_SE ? NO_COMMAND : IN_SUBNEGOTIATION;
        return true;
    default:
        if (c == IAC) {
            e->command = AFTER_IAC;
            return true;
        }
        return false;
    }
}

/* --- byte by byte -------------------------------------------------------------------------- */

static enum line_edit_result
take_one(struct line_edit *e, uint8_t c)
{
    bool after_cr = e->after_cr;

    if (e->telnet && is_telnet(e, c)) {
        return LINE_EDIT_MORE;
    }
    e->after_cr = c == RETURN;
    if (after_cr && (c == LINE_FEED || c == 0)) {
        return LINE_EDIT_MORE; /* of the line before */
    }
    if (is_escape(e, c)) {
        return LINE_EDIT_MORE;
    }
    switch (c) {
    case RETURN:
    case LINE_FEED: return end_line(e);
    case BACKSPACE:
    case DELETE: take_back(e); return LINE_EDIT_MORE;
    case KILL: take_back_all(e); return LINE_EDIT_MORE;
    default:
        if (c >= ' ') {
            add(e, c);
        }
        return LINE_EDIT_MORE;
    }
}

enum line_edit_result
line_edit_take(struct line_edit *e, const void *typed, size_t n, size_t *used)
{
    const uint8_t *p = typed;
    enum line_edit_result result = LINE_EDIT_MORE;
    size_t at = 0;

    e->show_length = 0;
    while (at < n && result == LINE_EDIT_MORE && e->show_length + SHOW_STEP <= LINE_EDIT_SHOW) {
        result = take_one(e, p[at++]);
    }
    *used = at;
    return result;
}
