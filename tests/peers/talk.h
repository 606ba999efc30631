/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the peer programs have in common: commands come as lines on standard input, one answer line
 * each goes to standard output. Words have blanks between them; bytes are base64, "-" is none.
 *
 *   step TOKEN              continue TOKEN | done TOKEN
 *   seal MESSAGE [SEQ]      ok SEALED           signature and cipher text in one
 *   unseal SEALED [SEQ]     ok MESSAGE
 *   sign MESSAGE [SEQ]      ok SIGNATURE
 *   verify MESSAGE SIGNATURE [SEQ]    ok
 *   describe                ok {JSON}
 *
 * Whatever fails: failed STATUS TOKEN REASON, TOKEN being an error token for the other side.
 */
#ifndef PEERS_TALK_H
#define PEERS_TALK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TALK_WORDS = 4 };

struct talk {
    char *line;
    size_t capacity;
    char *words[TALK_WORDS];
    size_t n_words;
    struct talk_blob {
        uint8_t *p; /* NULL: none */
        size_t n;
    } blobs[TALK_WORDS];
};

/* The next command; false at the end of the input. */
bool talk_next(struct talk *);
bool talk_is(const struct talk *, const char *command);
/* Word i as bytes, valid until the next command; a word that is not there is none. */
struct talk_blob talk_blob(struct talk *, size_t i);
/* Word i as a number, 0 where it is not there. */
uint32_t talk_number(const struct talk *, size_t i);
void talk_clear(struct talk *);

void talk_answer(const char *word, const void *p, size_t n);
void talk_answer_json(json_t *); /* and lets go of it */
void talk_failed(const char *status, const void *token, size_t n, const char *reason);

/* "0a1b…" into bytes on the heap; ends the program where it is not that. */
struct talk_blob talk_unhex(const char *hex);
/* Bytes as lower-case hexadecimal. */
json_t *talk_hex(const void *p, size_t n);
/* A usage error: tells and exits with 2. */
_Noreturn void talk_die(const char *what, const char *about);

#endif
