/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens as people have them: base64, hexadecimal, a line of an HTTP header, raw bytes. */
#ifndef TOOLS_DECODE_INPUT_H
#define TOOLS_DECODE_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/wire.h"

/* Whether these bytes are text, one token a line; else they are one token as it is. */
bool decode_input_is_text(struct bytes in);

struct decode_input {
    struct bytes rest;
    size_t line;  /* of the last token, from 1 */
    bool headers; /* among headers of HTTP only those that carry tokens count */
};

struct decode_input_token {
    size_t line;
    struct bytes scheme; /* "Negotiate"; empty: none was named */
    bool offer;          /* a server's scheme without a token: how an exchange begins */
    const char *form;    /* "base64", "hexadecimal"; NULL: no token */
    const char *fault;   /* why there is none; NULL: there is one, perhaps an empty one */
    const char *remark;  /* something odd about the text; NULL: nothing */
};

struct decode_input decode_input_of(struct bytes text);
/* The next token of the text; its bytes replace what token, a growing writer, holds. false: no
 * more. */
bool decode_input_next(struct decode_input *, struct decode_input_token *out,
                       struct wire_writer *token);

#endif
