/* SPDX-License-Identifier: Apache-2.0 */
/* The keytab against the service principal name, and against what the KDC makes. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tools/doctor.h"

enum {
    AES128 = 17,
    AES256 = 18,
    AES128_SHA2 = 19,
    AES256_SHA2 = 20,
    RC4 = 23,
    LIST_BYTES = 300,
};

static const char *
enctype_name(int32_t enctype)
{
    switch (enctype) {
    case AES128: return "aes128-cts-hmac-sha1-96";
    case AES256: return "aes256-cts-hmac-sha1-96";
    case AES128_SHA2: return "aes128-cts-hmac-sha256-128";
    case AES256_SHA2: return "aes256-cts-hmac-sha384-192";
    case RC4: return "rc4-hmac";
    case 1:
    case 3: return "des-cbc";
    case 16: return "des3-cbc";
    default: return "an unknown type";
    }
}

bool
doctor_same_name(const char *spn, const char *principal)
{
    size_t n = strcspn(spn, "@"), m = strcspn(principal, "@");

    if (n != m || strncasecmp(spn, principal, n) != 0) {
        return false;
    }
    return !spn[n] || !principal[m] || strcmp(spn + n, principal + m) == 0;
}

/* "a, b": each once. */
static void
list_add(char list[static LIST_BYTES], const char *item)
{
    size_t used = strlen(list);

    if (!strstr(list, item)) {
        (void)snprintf(list + used, LIST_BYTES - used, "%s%s", used ? ", " : "", item);
    }
}

static bool
is_permitted(const struct doctor_keys *k, int32_t enctype)
{
    for (size_t i = 0; i < k->n_permitted; i++) {
        if (k->permitted[i] == enctype) {
            return true;
        }
    }
    return k->n_permitted == 0;
}

static void
judge_absent(struct doctor_report *r, const struct doctor_keys *k)
{
    char names[LIST_BYTES] = "";

    for (size_t i = 0; i < k->n; i++) {
        list_add(names, k->list[i].principal);
    }
    if (k->n == 0) {
        doctor_find(r, DOCTOR_FAULT, "keytab", "keytab %s: it is empty: there is no entry",
                    k->keytab);
    } else {
        doctor_find(r, DOCTOR_FAULT, "keytab", "keytab %s: no key for %s; there are keys of %s",
                    k->keytab, k->spn, names);
    }
    doctor_remedy(r,
                  "find the account that owns it (setspn -Q %s) and export that account's keys "
                  "with that principal",
                  k->spn);
}

static void
judge_types(struct doctor_report *r, const struct doctor_keys *k, const char *types,
            bool any_permitted, bool any_aes)
{
    char permitted[LIST_BYTES] = "";

    for (size_t i = 0; i < k->n_permitted; i++) {
        list_add(permitted, enctype_name(k->permitted[i]));
    }
    if (!any_permitted) {
        doctor_find(r, DOCTOR_FAULT, "enctype",
                    "keytab %s: keys of %s are %s alone, and permitted are %s", k->keytab, k->spn,
                    types, permitted);
        doctor_remedy(r,
                      "export all types (ktpass /crypto All, samba-tool domain exportkeytab); "
                      "for AES set msDS-SupportedEncryptionTypes to 24 and a new password first");
    } else if (!any_aes) {
        doctor_find(r, DOCTOR_WARNING, "enctype", "keytab %s: keys of %s are %s alone", k->keytab,
                    k->spn, types);
        doctor_remedy(r, "set msDS-SupportedEncryptionTypes to 24 on the account, set its password "
                         "anew, export again: domain controllers give RC4 no more");
    }
}

void
doctor_judge_keys(struct doctor_report *r, const struct doctor_keys *k)
{
    bool found = false, any_permitted = false, any_aes = false;
    char types[LIST_BYTES] = "", kvnos[LIST_BYTES] = "";

    for (size_t i = 0; i < k->n; i++) {
        const struct doctor_entry *e = &k->list[i];
        char kvno[16];

        if (!doctor_same_name(k->spn, e->principal)) {
            continue;
        }
        found = true;
        any_permitted = any_permitted || is_permitted(k, e->enctype);
        any_aes = any_aes || (e->enctype >= AES128 && e->enctype <= AES256_SHA2);
        list_add(types, enctype_name(e->enctype));
        (void)snprintf(kvno, sizeof(kvno), "%u", e->kvno);
        list_add(kvnos, kvno);
    }
    if (!found) {
        judge_absent(r, k);
        return;
    }
    judge_types(r, k, types, any_permitted, any_aes);
    if (any_permitted) {
        doctor_find(r, DOCTOR_OK, "keytab", "keytab %s has keys of %s: kvno %s, %s", k->keytab,
                    k->spn, kvnos, types);
    }
}

/* --- the KDC's ticket ---------------------------------------------------------------------- */

enum fit { FIT_NO_NAME, FIT_NO_KVNO, FIT_NO_TYPE, FIT };

static enum fit
fit_of(const struct doctor_ticket *t, const struct doctor_keys *k, uint32_t *newest)
{
    enum fit fit = FIT_NO_NAME;

    *newest = 0;
    for (size_t i = 0; i < k->n; i++) {
        const struct doctor_entry *e = &k->list[i];
        enum fit this = FIT;

        if (!doctor_same_name(t->spn, e->principal)) {
            continue;
        }
        *newest = e->kvno > *newest ? e->kvno : *newest;
        if (t->has_kvno && e->kvno != t->kvno && e->kvno != (t->kvno & 0xFF)) {
            this = FIT_NO_KVNO;
        } else if (e->enctype != t->enctype) {
            this = FIT_NO_TYPE;
        }
        fit = this > fit ? this : fit;
    }
    return fit;
}

static void
judge_kvno(struct doctor_report *r, const struct doctor_ticket *t, uint32_t newest)
{
    doctor_find(r, DOCTOR_FAULT, "kvno",
                "the KDC makes tickets for %s with kvno %u, the keytab has %u", t->spn, t->kvno,
                newest);
    if (newest < t->kvno) {
        doctor_remedy(r, "the account's password was set after the export: export again, keep the "
                         "old keys beside the new for 10 hours");
    } else {
        doctor_remedy(r,
                      "the keytab is ahead: clients and this KDC have older keys; klist purge or "
                      "kdestroy there, and see that the domain controllers replicate");
    }
}

static void
judge_unopened(struct doctor_report *r, const struct doctor_ticket *t, const struct doctor_keys *k)
{
    uint32_t newest;

    switch (fit_of(t, k, &newest)) {
    case FIT_NO_NAME:
        doctor_find(r, DOCTOR_FAULT, "ticket", "the KDC makes tickets for %s, %s", t->spn,
                    t->reason && *t->reason ? t->reason : "and the keytab has no such key");
        doctor_remedy(r, "export the keys of the account that owns %s (setspn -Q finds it)",
                      t->spn);
        break;
    case FIT_NO_KVNO: judge_kvno(r, t, newest); break;
    case FIT_NO_TYPE:
        doctor_find(r, DOCTOR_FAULT, "enctype",
                    "the KDC makes tickets for %s with %s, which the keytab lacks for kvno %u",
                    t->spn, enctype_name(t->enctype), t->kvno);
        doctor_remedy(r, "export all encryption types (ktpass /crypto All, samba-tool domain "
                         "exportkeytab), or set msDS-SupportedEncryptionTypes to what the keytab "
                         "holds");
        break;
    case FIT:
        doctor_find(r, DOCTOR_FAULT, "key",
                    "the KDC's ticket for %s does not open: the keytab has another key of kvno %u "
                    "and %s",
                    t->spn, t->kvno, enctype_name(t->enctype));
        doctor_remedy(r,
                      "the SPN belongs to another account than the keytab (setspn -Q %s), or the "
                      "key was made by hand with a wrong password or salt: export again",
                      t->spn);
    }
}

void
doctor_judge_ticket(struct doctor_report *r, const struct doctor_ticket *t,
                    const struct doctor_keys *k)
{
    if (!is_permitted(k, t->enctype)) {
        doctor_find(r, DOCTOR_FAULT, "enctype",
                    "the KDC makes tickets for %s with %s, which is not permitted here", t->spn,
                    enctype_name(t->enctype));
        doctor_remedy(r, "set msDS-SupportedEncryptionTypes to 24 on the account, set its password "
                         "anew for AES keys, export again; or permit the type in [kerberos] "
                         "permitted_enctypes");
    }
    if (!t->opened) {
        judge_unopened(r, t, k);
        return;
    }
    if (t->enctype == RC4) {
        doctor_find(r, DOCTOR_WARNING, "enctype", "tickets for %s are of rc4-hmac", t->spn);
        doctor_remedy(r, "set msDS-SupportedEncryptionTypes to 24 on the account, set its password "
                         "anew, export again");
    }
    doctor_find(r, DOCTOR_OK, "ticket",
                "the KDC's ticket for %s (kvno %u, %s) opens with the keytab", t->spn, t->kvno,
                enctype_name(t->enctype));
}
