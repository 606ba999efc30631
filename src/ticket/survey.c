/* SPDX-License-Identifier: Apache-2.0 */
/* What krb5.conf says of a host, and what a KDC's clock shows. */
#include <profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/krb_msg.h"
#include "ticket/authority.h"
#include "ticket/library_error.h"

/* Whom no KDC knows: the question is about its clock. */
#define NOBODY "WELLKNOWN/OPENSSPI-DOCTOR"

/* --- krb5.conf ----------------------------------------------------------------------------- */

static void
keep(char to[static TICKET_SURVEY_BYTES], const char *from)
{
    (void)snprintf(to, TICKET_SURVEY_BYTES, "%s", from ? from : "");
}

static void
take_realms(krb5_context context, const char *host, struct ticket_survey *out)
{
    char *realm = NULL, **realms = NULL;

    if (krb5_get_default_realm(context, &realm) == 0) {
        keep(out->default_realm, realm);
        krb5_free_default_realm(context, realm);
    }
    if (krb5_get_host_realm(context, host, &realms) == 0) {
        keep(out->realm, realms[0]);
        krb5_free_host_realm(context, realms);
    }
}

static void
take_kdcs(profile_t profile, struct ticket_survey *out)
{
    const char *const names[] = { "realms", out->realm[0] ? out->realm : out->default_realm, "kdc",
                                  NULL };
    char **values = NULL;
    size_t used = 0;

    if (!names[1][0] || profile_get_values(profile, names, &values)) {
        return;
    }
    for (char **v = values; *v && used < sizeof(out->kdcs); v++) {
        used += (size_t)snprintf(out->kdcs + used, sizeof(out->kdcs) - used, "%s%s",
                                 used ? ", " : "", *v);
    }
    profile_free_list(values);
}

static void
take_profile(krb5_context context, struct ticket_survey *out)
{
    profile_t profile;
    char *text = NULL;

    if (krb5_get_profile(context, &profile)) {
        return;
    }
    take_kdcs(profile, out);
    if (profile_get_string(profile, "libdefaults", "dns_canonicalize_hostname", NULL, "true",
                           &text) == 0) {
        keep(out->canonicalize, text);
        profile_release_string(text);
    }
    profile_release(profile);
}

sec_status
ticket_survey(struct ticket_authority *a, const char *host, struct ticket_survey *out)
{
    SEC_AUTO(authority_krb5) k = { NULL };
    sec_status status = authority_context(a, &k.context);

    *out = (struct ticket_survey){ 0 };
    if (status != SEC_E_OK) {
        return status;
    }
    take_realms(k.context, host, out);
    take_profile(k.context, out);
    keep(out->cache, krb5_cc_default_name(k.context));
    if (krb5_kt_default_name(k.context, out->keytab, sizeof(out->keytab))) {
        out->keytab[0] = 0;
    }
    return SEC_E_OK;
}

/* --- the KDC ------------------------------------------------------------------------------- */

static krb5_error_code
note_answer(krb5_context context, void *data, krb5_error_code code, const krb5_data *realm,
            const krb5_data *message, const krb5_data *reply, krb5_data **replaced)
{
    struct ticket_kdc *kdc = data;
    struct krb_error error;

    if (code || !reply || kdc->answers) {
        return code; /* 0 for what failed would need a reply in its place */
    }
    kdc->answers = true;
    kdc->asked_100ns = clock_now_100ns();
    if (krb_error_decode(&error, bytes_of(reply->data, reply->length)) == WIRE_OK) {
        kdc->krb_error = error.code;
        kdc->time_100ns = error.stime_100ns;
    }
    return 0;
}

sec_status
ticket_ask_kdc(struct ticket_authority *a, const char *realm, struct ticket_kdc *out)
{
    SEC_AUTO(authority_krb5) k = { NULL };
    krb5_principal nobody = NULL;
    krb5_creds creds = { 0 };
    krb5_error_code error;
    sec_status status = authority_context(a, &k.context);

    *out = (struct ticket_kdc){ 0 };
    if (status != SEC_E_OK) {
        return status;
    }
    error = krb5_build_principal(k.context, &nobody, (unsigned)strlen(realm), realm, NOBODY,
                                 (char *)NULL);
    if (error) {
        return library_error_fail(k.context, error, "a name to ask the KDC with");
    }
    krb5_set_kdc_recv_hook(k.context, note_answer, out);
    error = krb5_get_init_creds_password(k.context, &creds, nobody, "", NULL, NULL, 0, NULL, NULL);
    krb5_free_cred_contents(k.context, &creds);
    krb5_free_principal(k.context, nobody);
    if (out->answers) {
        return SEC_E_OK;
    }
    return library_error_fail(k.context, error, "the KDC of %s", realm);
}
