/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl decode: NegoEx ([MS-NEGOEX] 2.2). */
#include <stdio.h>
#include <string.h>

#include "codec/negoex_msg.h"
#include "tools/decode_print.h"

enum { GUID_BYTES = 16, GUID_TEXT_BYTES = 37, LENGTH_AT = 20 };

static const struct {
    const char *guid, *name;
} schemes[] = {
    { "235f69ad-73fb-4dbc-8203-0629e739339b", "PKU2U" },
    { "0d53335c-f9ea-4d0d-b2ec-4ae3786ec308", "Windows' own" },
};

/* As Windows writes one: the first three numbers are little-endian. */
static void
guid_text(const uint8_t *guid, char text[static GUID_TEXT_BYTES])
{
    (void)snprintf(text, GUID_TEXT_BYTES, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                   wire_load_le32(guid), wire_load_le16(guid + 4), wire_load_le16(guid + 6),
                   guid[8], guid[9], guid[10], guid[11], guid[12], guid[13], guid[14], guid[15]);
}

static void
decode_scheme(struct decode *d, const uint8_t *at)
{
    char text[GUID_TEXT_BYTES];

    guid_text(at, text);
    for (size_t i = 0; i < SEC_ARRAY_LEN(schemes); i++) {
        if (strcmp(schemes[i].guid, text) == 0) {
            decode_line(d, at, "AuthScheme", "%s (%s)", text, schemes[i].name);
            return;
        }
    }
    decode_line(d, at, "AuthScheme", "%s", text);
}

static void
decode_message(struct decode *d, const struct negoex_message *m)
{
    char text[GUID_TEXT_BYTES];
    const uint8_t *p = m->whole.p;

    decode_line(d, p, "MessageType", "%u (%s)", m->type, negoex_type_name(m->type));
    d->depth++;
    decode_line(d, p + 12, "SequenceNum", "%u", m->sequence);
    decode_line(d, p + 16, "cbHeaderLength", "%u", m->header_bytes);
    decode_line(d, p + LENGTH_AT, "cbMessageLength", "%u", m->message_bytes);
    guid_text(m->conversation, text);
    decode_line(d, p + 24, "ConversationId", "%s", text);
    for (size_t at = 0; at + GUID_BYTES <= m->schemes.n; at += GUID_BYTES) {
        decode_scheme(d, m->schemes.p + at);
    }
    d->depth--;
}

void
decode_negoex(struct decode *d, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct negoex_message m;
    size_t names;

    decode_title(d, "NegoEx, %zu bytes", in.n);
    while (negoex_next(&r, &m)) {
        decode_message(d, &m);
    }
    if (wire_status(&r) == WIRE_OK) {
        return;
    }
    if (in.n - r.err_at >= NEGOEX_HEADER_BYTES) {
        names = wire_load_le32(in.p + r.err_at + LENGTH_AT);
        if (names > in.n - r.err_at) {
            decode_cut(d, r.err_at + names, in.n);
        }
    }
    decode_verdict(d, in, wire_status(&r), "a message", r.err_at);
}
