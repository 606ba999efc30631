/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: target_parse, principal_split, keytab_match, keytab_reason_explain,
 * keytab_reason_check. The first byte chooses: a target's name, or a ticket for a keytab. */
#include <string.h>

#include "fuzz.h"
#include "ticket/keytab_match.h"
#include "ticket/keytab_reason.h"
#include "ticket/principal.h"
#include "ticket/target.h"

enum { ENTRIES = 24 };

static const char *const names[] = { "HTTP/web.example.test@EXAMPLE.TEST", "host/web@EXAMPLE.TEST",
                                     "HTTP/alias@OTHER.TEST" };
static const int32_t types[] = { 17, 18, 23, 3 };

static void
try_target(struct bytes in)
{
    for (int user = 0; user < 2; user++) {
        struct target t;

        if (target_parse(&t, in, user) != TARGET_GOOD) {
            continue;
        }
        fuzz_must(t.name.n >= 1 && t.name.n <= KRB_NAME_PARTS_MAX);
        for (size_t i = 0; i < t.name.n; i++) {
            fuzz_view(in, t.name.parts[i]);
            fuzz_must(t.name.parts[i].n);
        }
        fuzz_view(in, t.realm);
        fuzz_view(in, t.host);
        fuzz_must((t.kind == TARGET_PRINCIPAL) == (t.name.n == 1));
    }
}

/* Versions around those that tickets have, of each name and type. */
static void
make_keytab(struct keytab_entry *entries, const struct keytab_entry **list)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        struct ticket_key *key = &entries[i].key;

        fuzz_must(principal_split(bytes_of_string(names[i % SEC_ARRAY_LEN(names)]), &key->name,
                                  &key->realm));
        key->kvno = i % 5 == 4 ? 260 : (uint32_t)i % 5;
        key->key.enctype = types[i % SEC_ARRAY_LEN(types)];
        key->key.n = key->key.enctype == 3 ? 0 : 16;
        list[i] = &entries[i];
    }
}

static void
try_ticket(struct bytes in)
{
    struct keytab_entry entries[ENTRIES] = { 0 };
    const struct keytab_entry *list[ENTRIES];
    const struct keytab_entries all = { "FILE:/etc/krb5.keytab", list, ENTRIES };
    struct krb_ticket ticket;

    if (krb_ticket_decode(&ticket, in) != WIRE_OK) {
        return;
    }
    make_keytab(entries, list);
    for (size_t i = 0; i <= SEC_ARRAY_LEN(names); i++) {
        const char *principal = i < SEC_ARRAY_LEN(names) ? names[i] : NULL;
        struct ticket_keys keys;

        keytab_match(&all, principal, &ticket, &keys);
        fuzz_must(keys.n <= TICKET_KEYS_MAX && (keys.n == 0) == (keys.verdict != TICKET_KEY_FOUND));
        for (size_t j = 0; j < keys.n; j++) {
            fuzz_must(keys.keys[j]->key.enctype == ticket.enc.enctype);
        }
        fuzz_must(keys.n || keytab_reason_explain(&all, principal, &ticket) == keys.verdict);
        (void)keytab_reason_explain(&all, principal, &ticket);
        fuzz_must(strlen(sec_reason()) < SEC_REASON_BYTES);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);

    if (size) {
        in = bytes_of(data + 1, size - 1);
        if (data[0] & 1) {
            try_ticket(in);
        } else {
            try_target(in);
        }
    }
    return 0;
}
