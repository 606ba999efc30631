/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a KDC for tickets to a service, with MIT's library, and opens them with the service's
 * password, to see what PACs are in them.
 *
 *   ticket PRINCIPAL PASSWORD    ok PAC
 *
 * Started as: pac_tickets SERVICE SERVICE-PASSWORD SALT. The service has a key for AES-256.
 */
#include <krb5.h>
#include <string.h>

#include "peers/talk.h"

enum { AD_WIN2K_PAC = 128 };

static krb5_context context;

static bool
worked(krb5_error_code code)
{
    if (code) {
        const char *why = krb5_get_error_message(context, code);

        talk_failed("krb5", NULL, 0, why);
        krb5_free_error_message(context, why);
    }
    return code == 0;
}

/* The service's ticket; false after an answer. */
static bool
get_ticket(const char *user, const char *password, const char *service, krb5_ticket **out)
{
    krb5_creds tgt = { 0 }, want = { 0 }, *got = NULL;
    krb5_ccache cache = NULL;
    bool done;

    done = worked(krb5_parse_name(context, user, &want.client)) &&
           worked(krb5_parse_name(context, service, &want.server)) &&
           worked(krb5_get_init_creds_password(context, &tgt, want.client, password, NULL, NULL, 0,
                                               NULL, NULL)) &&
           worked(krb5_cc_new_unique(context, "MEMORY", NULL, &cache)) &&
           worked(krb5_cc_initialize(context, cache, want.client)) &&
           worked(krb5_cc_store_cred(context, cache, &tgt)) &&
           worked(krb5_get_credentials(context, 0, cache, &want, &got)) &&
           worked(krb5_decode_ticket(&got->ticket, out));
    krb5_free_creds(context, got);
    krb5_free_cred_contents(context, &tgt);
    krb5_free_cred_contents(context, &want);
    if (cache) {
        (void)krb5_cc_destroy(context, cache);
    }
    return done;
}

static void
answer(krb5_keytab keys, krb5_ticket *ticket)
{
    krb5_authdata **found = NULL;

    if (!worked(krb5_server_decrypt_ticket_keytab(context, keys, ticket)) ||
        !worked(krb5_find_authdata(context, ticket->enc_part2->authorization_data, NULL,
                                   AD_WIN2K_PAC, &found))) {
        return;
    }
    if (found && found[0]) {
        talk_answer("ok", found[0]->contents, found[0]->length);
    } else {
        talk_failed("pac", NULL, 0, "the ticket has none");
    }
    krb5_free_authdata(context, found);
}

static void
serve(const char *service, krb5_keytab keys)
{
    struct talk t = { 0 };

    while (talk_next(&t)) {
        krb5_ticket *ticket = NULL;

        if (!talk_is(&t, "ticket") || t.n_words != 3) {
            talk_die("no such command", t.n_words ? t.words[0] : "");
        }
        if (get_ticket(t.words[1], t.words[2], service, &ticket)) {
            answer(keys, ticket);
        }
        krb5_free_ticket(context, ticket);
    }
    talk_clear(&t);
}

/* A keytab with the service's key in versions 1 to 9: a new account's is among them. */
static krb5_keytab
keytab_of(const char *service, const char *password, const char *salt)
{
    krb5_data password_data = { .data = (char *)(uintptr_t)password,
                                .length = (unsigned)strlen(password) };
    krb5_data salt_data = { .data = (char *)(uintptr_t)salt, .length = (unsigned)strlen(salt) };
    krb5_keytab_entry entry = { 0 };
    krb5_keytab keys;

    if (krb5_kt_resolve(context, "MEMORY:service", &keys) ||
        krb5_parse_name(context, service, &entry.principal) ||
        krb5_c_string_to_key(context, ENCTYPE_AES256_CTS_HMAC_SHA1_96, &password_data, &salt_data,
                             &entry.key)) {
        talk_die("no key", service);
    }
    for (entry.vno = 1; entry.vno < 10; entry.vno++) {
        if (krb5_kt_add_entry(context, keys, &entry)) {
            talk_die("no keytab", service);
        }
    }
    (void)krb5_free_keytab_entry_contents(context, &entry);
    return keys;
}

int
main(int argc, char **argv)
{
    krb5_keytab keys;

    if (argc != 4 || krb5_init_context(&context)) {
        talk_die("usage", "pac_tickets SERVICE SERVICE-PASSWORD SALT");
    }
    keys = keytab_of(argv[1], argv[2], argv[3]);
    serve(argv[1], keys);
    (void)krb5_kt_close(context, keys);
    krb5_free_context(context);
    return 0;
}
