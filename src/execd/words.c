/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the configuration as words. */
#include "execd/words.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* One word from *from to *to, both moved on. false: its quotes do not end. */
static bool
take_word(const char **from, char **to)
{
    bool quoted = false;

    for (; **from && (quoted || !is_blank(**from)); (*from)++) {
        if (**from == '"') {
            quoted = !quoted;
        } else {
            *(*to)++ = **from;
        }
    }
    *(*to)++ = 0;
    return !quoted;
}

char **
words_split(const char *text, size_t *n, char *why, size_t why_n)
{
    size_t bytes = strlen(text), most = bytes / 2 + 2, k = 0;
    char **words = mem_new(most * sizeof(*words) + bytes + 1);
    char *to = (char *)(words + most);

    if (!words) {
        (void)snprintf(why, why_n, "not enough memory");
        return NULL;
    }
    for (;;) {
        text += strspn(text, " \t");
        if (!*text) {
            break;
        }
        words[k++] = to;
        if (!take_word(&text, &to)) {
            (void)snprintf(why, why_n, "words, and those in quotes up to the closing quote");
            mem_free(words);
            return NULL;
        }
    }
    if (n) {
        *n = k;
    }
    return words;
}
