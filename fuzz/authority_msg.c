/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: authority_msg_decode, authority_msg_encode, message_strings_fill,
 * message_numbers_fill. The input is one frame without its length, of either direction. */
#include <stdlib.h>

#include "account/authority_msg.h"
#include "fuzz.h"

static void
check_text(struct bytes in, const char *text)
{
    fuzz_view(in, bytes_of(text, text ? strlen(text) + 1 : 0));
}

static void
check_texts(struct bytes in, const struct message_strings *texts)
{
    const char **items = calloc(texts->n + 1, sizeof(*items));

    fuzz_must(items != NULL);
    fuzz_view(in, texts->packed);
    message_strings_fill(texts, items);
    for (size_t i = 0; i < texts->n; i++) {
        fuzz_must(items[i] != NULL);
        check_text(in, items[i]);
    }
    free(items);
}

static void
check_numbers(struct bytes in, const struct message_numbers *numbers)
{
    uint32_t *items = calloc(numbers->n + 1, sizeof(*items));

    fuzz_must(items != NULL);
    fuzz_view(in, numbers->packed);
    message_numbers_fill(numbers, items);
    free(items);
}

static void
check_fields(struct bytes in, const struct authority_msg *m)
{
    fuzz_view(in, m->claim.user);
    fuzz_view(in, m->claim.domain);
    fuzz_view(in, m->claim.nt_response);
    fuzz_view(in, m->claim.lm_response);
    fuzz_view(in, m->claim.password);
    fuzz_view(in, m->claim.challenge);
    fuzz_view(in, m->claim.peer_challenge);
    fuzz_view(in, m->claim.peer_name);
    fuzz_view(in, m->claim.chap_response);
    fuzz_view(in, m->identity.user);
    fuzz_view(in, m->identity.domain);
    fuzz_view(in, m->admin.password);
    fuzz_view(in, m->admin.code_secret);
    check_text(in, m->identity.sid);
    check_text(in, m->identity.unix_user);
    check_text(in, m->admin.name);
    check_text(in, m->admin.unix_user);
    check_text(in, m->reason);
    check_text(in, m->view.name);
    check_text(in, m->view.sid);
    check_text(in, m->view.unix_user);
    check_text(in, m->view.key_salt);
    check_text(in, m->view.one_time_code);
    check_texts(in, &m->groups);
    check_texts(in, &m->group_sids);
    check_texts(in, &m->keys);
    check_texts(in, &m->join);
    check_texts(in, &m->leave);
    check_numbers(in, &m->group_attributes);
    fuzz_must(m->groups.n == m->group_sids.n);
    fuzz_must(m->group_attributes.n == 0 || m->group_attributes.n == m->groups.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct bytes in = bytes_of(data, n);
    struct authority_msg m;

    if (authority_msg_decode(&m, in) != WIRE_OK) {
        fuzz_must(m.fault.field && m.fault.at <= n && !m.type && !m.claim.user.p && !m.admin.name);
        return 0;
    }
    check_fields(in, &m);
    /* There is one encoding of each message. */
    fuzz_must(authority_msg_encode(&w, &m) == WIRE_OK && wire_load_le32(w.p) == n);
    fuzz_must(bytes_equal(bytes_of(w.p + AUTHORITY_MSG_LENGTH_BYTES, n), in));
    return 0;
}
