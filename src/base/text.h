/* SPDX-License-Identifier: Apache-2.0 */
/* Text that a peer chose, on its way to a log, a terminal or a browser: what could act there
 * instead of being read is made visible. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/wire.h"

/* The next character of UTF-8 text; moves in past it, so in->n must not be 0. false: the byte
 * begins no well-formed character; *c is that byte, and in moves past it alone. */
bool text_next(struct bytes *in, uint32_t *c);

/* Control characters, C1 and DEL included, line and paragraph separators, and what turns the
 * direction of writing. */
bool text_is_control(uint32_t c);

/* The first max bytes of text at most, cut between characters. */
struct bytes text_cut(struct bytes text, size_t max);

/* Appends text with \n, \t, \\, \", \xNN for bytes that are no character, \uNNNN for other control
 * characters. */
void text_put_escaped(struct wire_writer *w, struct bytes text);

/* The same for people, with \\ and " as they are: what stands there is read, not taken apart. */
void text_put_shown(struct wire_writer *w, struct bytes text);

#endif
