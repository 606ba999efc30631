/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl decode: NTLM ([MS-NLMP] 2.2). Responses and session keys are measured and not printed:
 * who has them can guess passwords at leisure, and what is printed here gets pasted. */
#include <stdio.h>

#include "codec/ntlm_msg.h"
#include "tools/decode_print.h"

enum {
    TYPE_AT = 8,
    FIELD_BYTES = 8,
    NEGOTIATE = 1,
    CHALLENGE = 2,
    AUTHENTICATE = 3,
    V2_PAIRS_AT = 44, /* in an NTLMv2 response: after the proof and the fixed part of the blob */
};

static const struct decode_name flag_names[] = {
    { NTLMSSP_NEGOTIATE_UNICODE, "NTLMSSP_NEGOTIATE_UNICODE" },
    { NTLMSSP_NEGOTIATE_OEM, "NTLMSSP_NEGOTIATE_OEM" },
    { NTLMSSP_REQUEST_TARGET, "NTLMSSP_REQUEST_TARGET" },
    { NTLMSSP_NEGOTIATE_SIGN, "NTLMSSP_NEGOTIATE_SIGN" },
    { NTLMSSP_NEGOTIATE_SEAL, "NTLMSSP_NEGOTIATE_SEAL" },
    { NTLMSSP_NEGOTIATE_DATAGRAM, "NTLMSSP_NEGOTIATE_DATAGRAM" },
    { NTLMSSP_NEGOTIATE_LM_KEY, "NTLMSSP_NEGOTIATE_LM_KEY" },
    { NTLMSSP_NEGOTIATE_NTLM, "NTLMSSP_NEGOTIATE_NTLM" },
    { NTLMSSP_ANONYMOUS, "NTLMSSP_ANONYMOUS" },
    { NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED, "NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED" },
    { NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED, "NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED" },
    { NTLMSSP_NEGOTIATE_LOCAL_CALL, "NTLMSSP_NEGOTIATE_LOCAL_CALL" },
    { NTLMSSP_NEGOTIATE_ALWAYS_SIGN, "NTLMSSP_NEGOTIATE_ALWAYS_SIGN" },
    { NTLMSSP_TARGET_TYPE_DOMAIN, "NTLMSSP_TARGET_TYPE_DOMAIN" },
    { NTLMSSP_TARGET_TYPE_SERVER, "NTLMSSP_TARGET_TYPE_SERVER" },
    { NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY, "NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY" },
    { NTLMSSP_NEGOTIATE_IDENTIFY, "NTLMSSP_NEGOTIATE_IDENTIFY" },
    { NTLMSSP_REQUEST_NON_NT_SESSION_KEY, "NTLMSSP_REQUEST_NON_NT_SESSION_KEY" },
    { NTLMSSP_NEGOTIATE_TARGET_INFO, "NTLMSSP_NEGOTIATE_TARGET_INFO" },
    { NTLMSSP_NEGOTIATE_VERSION, "NTLMSSP_NEGOTIATE_VERSION" },
    { NTLMSSP_NEGOTIATE_128, "NTLMSSP_NEGOTIATE_128" },
    { NTLMSSP_NEGOTIATE_KEY_EXCH, "NTLMSSP_NEGOTIATE_KEY_EXCH" },
    { NTLMSSP_NEGOTIATE_56, "NTLMSSP_NEGOTIATE_56" },
};

static const struct decode_name pair_names[] = {
    { NTLM_AV_EOL, "MsvAvEOL" },
    { NTLM_AV_NB_COMPUTER_NAME, "MsvAvNbComputerName" },
    { NTLM_AV_NB_DOMAIN_NAME, "MsvAvNbDomainName" },
    { NTLM_AV_DNS_COMPUTER_NAME, "MsvAvDnsComputerName" },
    { NTLM_AV_DNS_DOMAIN_NAME, "MsvAvDnsDomainName" },
    { NTLM_AV_DNS_TREE_NAME, "MsvAvDnsTreeName" },
    { NTLM_AV_FLAGS, "MsvAvFlags" },
    { NTLM_AV_TIMESTAMP, "MsvAvTimestamp" },
    { NTLM_AV_SINGLE_HOST, "MsvAvSingleHost" },
    { NTLM_AV_TARGET_NAME, "MsvAvTargetName" },
    { NTLM_AV_CHANNEL_BINDINGS, "MsvAvChannelBindings" },
};

static const struct decode_name pair_flags[] = {
    { NTLM_AV_FLAG_CONSTRAINED, "constrained" },
    { NTLM_AV_FLAG_MIC, "MIC-present" },
    { NTLM_AV_FLAG_UNVERIFIED_TARGET, "target-unverified" },
};

/* How a message is read: at which of its own offsets, and how far its fields reach. */
struct message {
    struct bytes in;
    uint32_t flags;
    size_t reaches, payload;
};

static const uint8_t *
at(const struct message *m, size_t offset)
{
    return offset < m->in.n ? m->in.p + offset : NULL;
}

static uint32_t
number_at(const struct message *m, size_t offset)
{
    return offset + 4 <= m->in.n ? wire_load_le32(m->in.p + offset) : 0;
}

/* 2.2: Len, MaxLen, BufferOffset at `offset`; the view they describe, empty where it is not there
 * as a whole. */
static struct bytes
read_field(struct decode *d, struct message *m, size_t offset, const char *name)
{
    struct wire_reader r = wire_reader_of(m->in);
    uint32_t len, max, start;
    bool inside;

    if (offset + FIELD_BYTES > m->in.n) {
        return (struct bytes){ 0 };
    }
    wire_skip(&r, offset);
    len = wire_le16(&r);
    max = wire_le16(&r);
    start = wire_le32(&r);
    inside = start <= m->in.n && len <= m->in.n - start;
    decode_line(d, at(m, offset), name, "len %u, maxlen %u, offset %u%s", len, max, start,
                inside ? "" : ": past the end");
    if (len && (size_t)start + len > m->reaches) {
        m->reaches = (size_t)start + len;
    }
    if (len && start < m->payload) {
        m->payload = start;
    }
    return inside && len ? bytes_of(m->in.p + start, len) : (struct bytes){ 0 };
}

static void
text_field(struct decode *d, struct message *m, size_t offset, const char *name, const char *text,
           bool unicode)
{
    struct bytes value = read_field(d, m, offset, name);

    if (value.n) {
        decode_text(d, value.p, text, value, unicode);
    }
}

static void
show_flags(struct decode *d, struct message *m, size_t offset)
{
    m->flags = number_at(m, offset);
    if (offset + 4 <= m->in.n) {
        decode_flags(d, at(m, offset), "NegotiateFlags", m->flags, flag_names,
                     SEC_ARRAY_LEN(flag_names));
    }
}

/* 2.2.2.10 VERSION, where the flags say so and the payload leaves room for one. */
static void
show_version(struct decode *d, const struct message *m, size_t offset)
{
    const uint8_t *p = at(m, offset);

    if ((m->flags & NTLMSSP_NEGOTIATE_VERSION) && p && offset + NTLM_VERSION_BYTES <= m->in.n &&
        offset + NTLM_VERSION_BYTES <= m->payload) {
        decode_line(d, p, "Version", "%u.%u, build %u, NTLM revision %u", p[0], p[1],
                    wire_load_le16(p + 2), p[7]);
    }
}

/* --- AV pairs ------------------------------------------------------------------------------ */

static void
show_pair(struct decode *d, const uint8_t *start, uint16_t id, struct bytes value)
{
    const char *name = decode_name_of(pair_names, SEC_ARRAY_LEN(pair_names), id);

    if (!name) {
        decode_line(d, start, "AvId", "%u, %zu bytes, unknown here", id, value.n);
    } else if (id == NTLM_AV_FLAGS && value.n == 4) {
        decode_flags(d, start, name, wire_load_le32(value.p), pair_flags,
                     SEC_ARRAY_LEN(pair_flags));
    } else if (id == NTLM_AV_TIMESTAMP && value.n == 8) {
        decode_time(d, start, name, wire_load_le64(value.p));
    } else if (id == NTLM_AV_SINGLE_HOST || id == NTLM_AV_CHANNEL_BINDINGS || id == NTLM_AV_FLAGS ||
               id == NTLM_AV_TIMESTAMP) {
        decode_hex(d, start, name, value);
    } else if (id == NTLM_AV_EOL) {
        decode_line(d, start, name, "%s", "");
    } else {
        decode_text(d, start, name, value, true);
    }
}

static void
show_pairs(struct decode *d, struct bytes pairs)
{
    struct wire_reader r = wire_reader_of(pairs);

    d->depth++;
    while (wire_left(&r)) {
        const uint8_t *start = r.cur;
        uint16_t id = wire_le16(&r);
        struct bytes value = wire_take(&r, wire_le16(&r));

        if (wire_status(&r) != WIRE_OK) {
            decode_broken(d, "an AV pair ends early, at offset %zu", (size_t)(start - d->base));
            break;
        }
        show_pair(d, start, id, value);
        if (id == NTLM_AV_EOL) {
            break;
        }
    }
    d->depth--;
}

/* --- messages ------------------------------------------------------------------------------ */

static void
show_negotiate(struct decode *d, struct message *m)
{
    show_flags(d, m, 12);
    text_field(d, m, 16, "DomainNameFields", "DomainName", false);
    text_field(d, m, 24, "WorkstationFields", "WorkstationName", false);
    show_version(d, m, 32);
}

static void
show_challenge(struct decode *d, struct message *m)
{
    uint32_t flags = number_at(m, 20);
    struct bytes pairs;

    text_field(d, m, 12, "TargetNameFields", "TargetName", flags & NTLMSSP_NEGOTIATE_UNICODE);
    show_flags(d, m, 20);
    if (m->in.n >= 32) {
        decode_hex(d, at(m, 24), "ServerChallenge", bytes_of(m->in.p + 24, 8));
    }
    pairs = read_field(d, m, 40, "TargetInfoFields");
    show_version(d, m, 48);
    show_pairs(d, pairs);
}

static void
show_nt_response(struct decode *d, struct bytes response)
{
    if (response.n == 0) {
        return;
    }
    if (!ntlm_v2_response_is(response)) {
        decode_line(d, response.p, "NtChallengeResponse", "NTLMv1, %zu bytes", response.n);
        decode_note(d, DECODE_NOTE_NTLM_V1);
        return;
    }
    decode_line(d, response.p, "NtChallengeResponse", "NTLMv2, %zu bytes", response.n);
    if (response.n > V2_PAIRS_AT) {
        d->depth++;
        decode_time(d, response.p + 24, "TimeStamp", wire_load_le64(response.p + 24));
        d->depth--;
        show_pairs(d, bytes_of(response.p + V2_PAIRS_AT, response.n - V2_PAIRS_AT));
    }
}

static void
show_authenticate(struct decode *d, struct message *m)
{
    bool unicode = number_at(m, 60) & NTLMSSP_NEGOTIATE_UNICODE;
    struct bytes lm = read_field(d, m, 12, "LmChallengeResponseFields");
    struct bytes nt = read_field(d, m, 20, "NtChallengeResponseFields");

    text_field(d, m, 28, "DomainNameFields", "DomainName", unicode);
    text_field(d, m, 36, "UserNameFields", "UserName", unicode);
    text_field(d, m, 44, "WorkstationFields", "Workstation", unicode);
    (void)read_field(d, m, 52, "EncryptedRandomSessionKeyFields");
    show_flags(d, m, 60);
    show_version(d, m, 64);
    if (m->payload >= NTLM_MIC_END && m->in.n >= NTLM_MIC_END) {
        decode_hex(d, at(m, NTLM_MIC_OFFSET), "MIC",
                   bytes_of(m->in.p + NTLM_MIC_OFFSET, NTLM_MIC_BYTES));
    }
    if (lm.n) {
        decode_line(d, lm.p, "LmChallengeResponse", "%zu bytes", lm.n);
    }
    show_nt_response(d, nt);
    if (m->flags & NTLMSSP_ANONYMOUS) {
        decode_note(d, DECODE_NOTE_ANONYMOUS);
    }
}

static enum wire_err
verdict_of(struct bytes in, uint32_t type, uint32_t *where)
{
    struct ntlm_negotiate negotiate;
    struct ntlm_challenge challenge;
    struct ntlm_authenticate authenticate;

    *where = TYPE_AT;
    switch (type) {
    case NEGOTIATE: return ntlm_negotiate_decode(&negotiate, in, where);
    case CHALLENGE: return ntlm_challenge_decode(&challenge, in, where);
    case AUTHENTICATE: return ntlm_authenticate_decode(&authenticate, in, where);
    default: return WIRE_BAD_VALUE;
    }
}

void
decode_ntlm(struct decode *d, struct bytes in)
{
    static const struct {
        const char *name;
        size_t least;
        void (*show)(struct decode *, struct message *);
    } messages[] = {
        [NEGOTIATE] = { "NEGOTIATE_MESSAGE", 16, show_negotiate },
        [CHALLENGE] = { "CHALLENGE_MESSAGE", 32, show_challenge },
        [AUTHENTICATE] = { "AUTHENTICATE_MESSAGE", 52, show_authenticate },
    };
    struct message m = { .in = in, .payload = SIZE_MAX };
    uint32_t type = number_at(&m, TYPE_AT), where;
    bool known = type && type < SEC_ARRAY_LEN(messages);
    enum wire_err err = verdict_of(in, type, &where);

    decode_title(d, "NTLM %s, %zu bytes", known ? messages[type].name : "message", in.n);
    decode_line(d, in.p, "Signature", "NTLMSSP");
    if (in.n >= TYPE_AT + 4) {
        decode_line(d, at(&m, TYPE_AT), "MessageType", "%u (%s)", type,
                    known ? messages[type].name : "unknown");
    }
    if (known) {
        messages[type].show(d, &m);
        m.reaches = m.reaches < messages[type].least ? messages[type].least : m.reaches;
    }
    if (err != WIRE_OK && m.reaches > in.n) {
        decode_cut(d, m.reaches, in.n);
    }
    decode_verdict(d, in, err, known ? messages[type].name : "MessageType", where);
    if (type == NEGOTIATE && d->nested == 0) {
        decode_note(d, DECODE_NOTE_RAW_NTLM);
    }
}

/* 2.2.2.9 NTLMSSP_MESSAGE_SIGNATURE */
void
decode_ntlm_signature(struct decode *d, struct bytes in)
{
    decode_title(d, "NTLM signature, %zu bytes", in.n);
    decode_line(d, in.p, "Version", "%u", wire_load_le32(in.p));
    decode_hex(d, in.p + 4, "Checksum", bytes_of(in.p + 4, 8));
    decode_line(d, in.p + 12, "SeqNum", "%u", wire_load_le32(in.p + 12));
}
