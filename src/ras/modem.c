/* SPDX-License-Identifier: Apache-2.0 */
/* A modem's result codes. */
#include <string.h>

#include "base/attributes.h"
#include "ras/modem.h"

/* V.250 table 1, and Hayes' own beyond it. */
static const struct {
    const char *text;
    enum modem_word word;
    bool prefix; /* more may follow */
} words[] = {
    { "OK", MODEM_OK, false },
    { "0", MODEM_OK, false },
    { "CONNECT", MODEM_CONNECT, true },
    { "1", MODEM_CONNECT, false },
    { "RING", MODEM_RING, true },
    { "2", MODEM_RING, false },
    { "NO CARRIER", MODEM_NO_CARRIER, true },
    { "3", MODEM_NO_CARRIER, false },
    { "ERROR", MODEM_ERROR, true },
    { "4", MODEM_ERROR, false },
    { "NO DIALTONE", MODEM_NO_CARRIER, true },
    { "NO DIAL TONE", MODEM_NO_CARRIER, true },
    { "6", MODEM_NO_CARRIER, false },
    { "BUSY", MODEM_NO_CARRIER, true },
    { "7", MODEM_NO_CARRIER, false },
    { "NO ANSWER", MODEM_NO_CARRIER, true },
    { "8", MODEM_NO_CARRIER, false },
};

static const unsigned long SPEED_MAX = 100000000;

void
modem_init(struct modem *m)
{
    *m = (struct modem){ .n = 0 };
}

static unsigned long
speed_of(const char *text)
{
    unsigned long speed = 0;

    text += strspn(text, " /");
    for (; *text >= '0' && *text <= '9' && speed < SPEED_MAX; text++) {
        speed = 10 * speed + (unsigned long)(*text - '0');
    }
    return speed;
}

/* "RINGING" is no RING. */
static bool
is_word(const char *line, const char *word, bool prefix)
{
    struct bytes text = bytes_of_string(line), begin = bytes_of_string(word);
    char next;

    if (text.n < begin.n || !bytes_equal_nocase(bytes_of(text.p, begin.n), begin)) {
        return false;
    }
    next = line[begin.n];
    return !next || (prefix && (next == ' ' || next == '/' || next == ':' || next == ','));
}

static enum modem_word
word_of(struct modem *m)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(words) && !m->too_long; i++) {
        if (is_word(m->line, words[i].text, words[i].prefix)) {
            if (words[i].word == MODEM_CONNECT) {
                m->speed = speed_of(m->line + strlen(words[i].text));
            }
            return words[i].word;
        }
    }
    return MODEM_OTHER;
}

static void
add(struct modem *m, uint8_t byte)
{
    if (m->complete) {
        m->n = 0;
        m->complete = m->too_long = false;
    }
    if (m->n == MODEM_LINE_BYTES) {
        m->too_long = true;
        return;
    }
    m->line[m->n++] = byte < 0x20 || byte > 0x7E ? '?' : (char)byte;
    m->line[m->n] = 0;
}

/* Lines end with CR, LF or both; empty ones are none. */
enum modem_word
modem_read(struct modem *m, struct bytes *in)
{
    while (in->n) {
        uint8_t byte = *in->p;

        *in = bytes_of(in->p + 1, in->n - 1);
        if (byte != '\r' && byte != '\n') {
            add(m, byte);
        } else if (m->n && !m->complete) {
            m->complete = true;
            return word_of(m);
        }
    }
    return MODEM_NOTHING;
}

bool
modem_has_hung_up(uint8_t *matched, struct bytes in)
{
    static const char told[] = "\r\nNO CARRIER\r\n";

    for (size_t i = 0; i < in.n && *matched < sizeof(told) - 1; i++) {
        if (in.p[i] == (uint8_t)told[*matched]) {
            ++*matched;
        } else {
            *matched = in.p[i] == (uint8_t)told[0];
        }
    }
    return *matched == sizeof(told) - 1;
}
