/* SPDX-License-Identifier: Apache-2.0 */
/* Commands, answers and base64 for the peer programs. */
#include "peers/talk.h"

#include <nettle/base16.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
talk_die(const char *what, const char *about)
{
    (void)fprintf(stderr, "peer: %s: %s\n", what, about);
    exit(2);
}

static void *
room(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    if (!p) {
        talk_die("memory", "there is none");
    }
    return p;
}

static void
forget_blobs(struct talk *t)
{
    for (size_t i = 0; i < TALK_WORDS; i++) {
        free(t->blobs[i].p);
        t->blobs[i] = (struct talk_blob){ 0 };
    }
}

bool
talk_next(struct talk *t)
{
    char *rest = NULL;

    forget_blobs(t);
    if (getline(&t->line, &t->capacity, stdin) < 0) {
        return false;
    }
    t->n_words = 0;
    for (char *word = strtok_r(t->line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        if (t->n_words == TALK_WORDS) {
            talk_die("too many words", word);
        }
        t->words[t->n_words++] = word;
    }
    return true;
}

bool
talk_is(const struct talk *t, const char *command)
{
    return t->n_words && strcmp(t->words[0], command) == 0;
}

struct talk_blob
talk_blob(struct talk *t, size_t i)
{
    struct base64_decode_ctx decoder;
    struct talk_blob *b = &t->blobs[i];
    const char *word = i < t->n_words ? t->words[i] : "-";

    if (b->p || strcmp(word, "-") == 0) {
        return *b;
    }
    b->n = BASE64_DECODE_LENGTH(strlen(word));
    b->p = room(b->n);
    base64_decode_init(&decoder);
    if (!base64_decode_update(&decoder, &b->n, b->p, strlen(word), word) ||
        !base64_decode_final(&decoder)) {
        talk_die("not base64", word);
    }
    return *b;
}

uint32_t
talk_number(const struct talk *t, size_t i)
{
    return i < t->n_words ? (uint32_t)strtoul(t->words[i], NULL, 10) : 0;
}

void
talk_clear(struct talk *t)
{
    forget_blobs(t);
    free(t->line);
}

static void
put_bytes(const void *p, size_t n)
{
    char *text = room(BASE64_ENCODE_RAW_LENGTH(n) + 1);

    base64_encode_raw(text, n, p);
    (void)fputs(n ? text : "-", stdout);
    free(text);
}

void
talk_answer(const char *word, const void *p, size_t n)
{
    (void)printf("%s ", word);
    put_bytes(p, n);
    (void)putchar('\n');
    (void)fflush(stdout);
}

void
talk_answer_json(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);

    (void)printf("ok %s\n", text ? text : "null");
    (void)fflush(stdout);
    free(text);
    json_decref(value);
}

void
talk_failed(const char *status, const void *token, size_t n, const char *reason)
{
    (void)printf("failed %s ", status);
    put_bytes(token, n);
    (void)putchar(' ');
    for (const char *at = reason; *at; at++) {
        (void)putchar(*at == '\n' || *at == '\r' ? ' ' : *at);
    }
    (void)putchar('\n');
    (void)fflush(stdout);
}

struct talk_blob
talk_unhex(const char *hex)
{
    struct base16_decode_ctx decoder;
    struct talk_blob b = { .n = BASE16_DECODE_LENGTH(strlen(hex)) };

    b.p = room(b.n);
    base16_decode_init(&decoder);
    if (!base16_decode_update(&decoder, &b.n, b.p, strlen(hex), hex) ||
        !base16_decode_final(&decoder)) {
        talk_die("not hexadecimal", hex);
    }
    return b;
}

json_t *
talk_hex(const void *p, size_t n)
{
    char *text = room(BASE16_ENCODE_LENGTH(n) + 1);
    json_t *value;

    base16_encode_update(text, n, p);
    value = json_string(text);
    free(text);
    return value;
}
