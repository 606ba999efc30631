/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines out of what a caller types: a security module receives bytes, by the keystroke or by the
 * hundred, and shows the caller what it sends, so echo and corrections are the module's business.
 *
 * A line ends with CR, LF, CR LF or CR NUL. Backspace and DEL take the last character back (a whole
 * one of UTF-8), ^U the line, which alone mends one that did not fit. Other control characters and a terminal's escape sequences (arrow
 * keys) pass by; all else is the line's, with its eighth bit. With telnet, IAC sequences pass by
 * too, IAC EC and IAC EL do what Backspace and ^U do, and IAC IAC is 255.
 */
#ifndef MODULES_LINE_EDIT_H
#define MODULES_LINE_EDIT_H

#include <stdbool.h>
#include <stddef.h>

enum {
    LINE_EDIT_MAX = 256, /* a user's name, UNLEN; passwords and codes are shorter */
    LINE_EDIT_SHOW =
        1024, /* taking back a whole line takes 3 bytes for each of it, and then some */
};

enum line_edit_result {
    LINE_EDIT_MORE,    /* the line has not ended */
    LINE_EDIT_LINE,    /* it has: line, of length bytes, with a NUL behind */
    LINE_EDIT_TOO_LONG /* it has, and did not fit: it is empty. Cut short it might be another's */
};

struct line_edit {
    char line[LINE_EDIT_MAX + 1];
    size_t length;
    /* What the caller is to see of the last step; show_length may be 0. */
    char show[LINE_EDIT_SHOW];
    size_t show_length;
    /* The editor's own. */
    bool telnet, echo, over_full, after_cr;
    unsigned char escape, command;
};

/* For a call. */
void line_edit_init(struct line_edit *, bool telnet);
/* For the next line, of which is shown what is typed where echo is true. Wipes the last one. */
void line_edit_begin(struct line_edit *, bool echo);
/* Takes bytes until the line ends; *used is how many, and what is left is the next line's. With
 * LINE_EDIT_MORE and bytes left, show is full: send it, then go on. */
enum line_edit_result line_edit_take(struct line_edit *, const void *typed, size_t n, size_t *used);
/* Wipes it all. */
void line_edit_clear(struct line_edit *);

#endif
