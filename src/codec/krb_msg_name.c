/* SPDX-License-Identifier: Apache-2.0 */
/* Names of Kerberos: principals (RFC 4120 6), error codes (7.5.9, RFC 4556, RFC 6113) and encryption
 * types (IANA's "Kerberos Encryption Type Numbers"). */
#include "codec/krb_msg.h"

bool
krb_name_equal(const struct krb_name *a, const struct krb_name *b)
{
    if (a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (!bytes_equal(a->parts[i], b->parts[i])) {
            return false;
        }
    }
    return true;
}

/* As far as it fits: of a name that is too long for a reason, its beginning stands there. */
static void
put_run(struct wire_writer *w, const uint8_t *p, size_t n)
{
    size_t fits = w->grows || w->measures || n <= w->capacity - w->len ? n : w->capacity - w->len;

    wire_put(w, p, fits);
    if (fits < n) {
        wire_put(w, p + fits, n - fits);
    }
}

/* In runs: most parts have nothing to escape. */
static void
put_escaped(struct wire_writer *w, struct bytes part, bool at_sign_too)
{
    size_t run = 0;

    for (size_t i = 0; i < part.n; i++) {
        uint8_t c = part.p[i];

        if (c == '/' || c == '\\' || (c == '@' && at_sign_too)) {
            put_run(w, part.p + run, i - run);
            wire_put_u8(w, '\\');
            run = i;
        }
    }
    if (part.n) {
        put_run(w, part.p + run, part.n - run);
    }
}

static void
put_parts(struct wire_writer *w, const struct krb_name *name, bool escape_at_sign)
{
    for (size_t i = 0; i < name->n; i++) {
        if (i) {
            wire_put_u8(w, '/');
        }
        put_escaped(w, name->parts[i], escape_at_sign);
    }
}

void
krb_name_put(struct wire_writer *w, const struct krb_name *name, struct bytes realm)
{
    put_parts(w, name, true);
    if (realm.n) {
        wire_put_u8(w, '@');
        put_escaped(w, realm, true);
    }
}

void
krb_name_put_alone(struct wire_writer *w, const struct krb_name *name)
{
    put_parts(w, name, false);
}

static const char *const error_names[] = {
    [0] = "KDC_ERR_NONE",
    [1] = "KDC_ERR_NAME_EXP",
    [2] = "KDC_ERR_SERVICE_EXP",
    [3] = "KDC_ERR_BAD_PVNO",
    [4] = "KDC_ERR_C_OLD_MAST_KVNO",
    [5] = "KDC_ERR_S_OLD_MAST_KVNO",
    [6] = "KDC_ERR_C_PRINCIPAL_UNKNOWN",
    [7] = "KDC_ERR_S_PRINCIPAL_UNKNOWN",
    [8] = "KDC_ERR_PRINCIPAL_NOT_UNIQUE",
    [9] = "KDC_ERR_NULL_KEY",
    [10] = "KDC_ERR_CANNOT_POSTDATE",
    [11] = "KDC_ERR_NEVER_VALID",
    [12] = "KDC_ERR_POLICY",
    [13] = "KDC_ERR_BADOPTION",
    [14] = "KDC_ERR_ETYPE_NOSUPP",
    [15] = "KDC_ERR_SUMTYPE_NOSUPP",
    [16] = "KDC_ERR_PADATA_TYPE_NOSUPP",
    [17] = "KDC_ERR_TRTYPE_NOSUPP",
    [18] = "KDC_ERR_CLIENT_REVOKED",
    [19] = "KDC_ERR_SERVICE_REVOKED",
    [20] = "KDC_ERR_TGT_REVOKED",
    [21] = "KDC_ERR_CLIENT_NOTYET",
    [22] = "KDC_ERR_SERVICE_NOTYET",
    [23] = "KDC_ERR_KEY_EXPIRED",
    [24] = "KDC_ERR_PREAUTH_FAILED",
    [25] = "KDC_ERR_PREAUTH_REQUIRED",
    [26] = "KDC_ERR_SERVER_NOMATCH",
    [27] = "KDC_ERR_MUST_USE_USER2USER",
    [28] = "KDC_ERR_PATH_NOT_ACCEPTED",
    [29] = "KDC_ERR_SVC_UNAVAILABLE",
    [31] = "KRB_AP_ERR_BAD_INTEGRITY",
    [32] = "KRB_AP_ERR_TKT_EXPIRED",
    [33] = "KRB_AP_ERR_TKT_NYV",
    [34] = "KRB_AP_ERR_REPEAT",
    [35] = "KRB_AP_ERR_NOT_US",
    [36] = "KRB_AP_ERR_BADMATCH",
    [37] = "KRB_AP_ERR_SKEW",
    [38] = "KRB_AP_ERR_BADADDR",
    [39] = "KRB_AP_ERR_BADVERSION",
    [40] = "KRB_AP_ERR_MSG_TYPE",
    [41] = "KRB_AP_ERR_MODIFIED",
    [42] = "KRB_AP_ERR_BADORDER",
    [44] = "KRB_AP_ERR_BADKEYVER",
    [45] = "KRB_AP_ERR_NOKEY",
    [46] = "KRB_AP_ERR_MUT_FAIL",
    [47] = "KRB_AP_ERR_BADDIRECTION",
    [48] = "KRB_AP_ERR_METHOD",
    [49] = "KRB_AP_ERR_BADSEQ",
    [50] = "KRB_AP_ERR_INAPP_CKSUM",
    [51] = "KRB_AP_PATH_NOT_ACCEPTED",
    [52] = "KRB_ERR_RESPONSE_TOO_BIG",
    [60] = "KRB_ERR_GENERIC",
    [61] = "KRB_ERR_FIELD_TOOLONG",
    [62] = "KDC_ERR_CLIENT_NOT_TRUSTED",
    [63] = "KDC_ERR_KDC_NOT_TRUSTED",
    [64] = "KDC_ERR_INVALID_SIG",
    [65] = "KDC_ERR_KEY_TOO_WEAK",
    [66] = "KDC_ERR_CERTIFICATE_MISMATCH",
    [67] = "KRB_AP_ERR_NO_TGT",
    [68] = "KDC_ERR_WRONG_REALM",
    [69] = "KRB_AP_ERR_USER_TO_USER_REQUIRED",
    [70] = "KDC_ERR_CANT_VERIFY_CERTIFICATE",
    [71] = "KDC_ERR_INVALID_CERTIFICATE",
    [72] = "KDC_ERR_REVOKED_CERTIFICATE",
    [73] = "KDC_ERR_REVOCATION_STATUS_UNKNOWN",
    [74] = "KDC_ERR_REVOCATION_STATUS_UNAVAILABLE",
    [75] = "KDC_ERR_CLIENT_NAME_MISMATCH",
    [76] = "KDC_ERR_KDC_NAME_MISMATCH",
    [85] = "KRB_AP_ERR_IAKERB_KDC_NOT_FOUND",
    [86] = "KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE",
    [90] = "KDC_ERR_PREAUTH_EXPIRED",
    [91] = "KDC_ERR_MORE_PREAUTH_DATA_REQUIRED",
    [93] = "KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS",
};

const char *
krb_error_name(int32_t code)
{
    if (code < 0 || (size_t)code >= SEC_ARRAY_LEN(error_names) || !error_names[code]) {
        return "unknown error";
    }
    return error_names[code];
}

static const char *const enctype_names[] = {
    [1] = "des-cbc-crc",
    [2] = "des-cbc-md4",
    [3] = "des-cbc-md5",
    [16] = "des3-cbc-sha1-kd",
    [17] = "aes128-cts-hmac-sha1-96",
    [18] = "aes256-cts-hmac-sha1-96",
    [19] = "aes128-cts-hmac-sha256-128",
    [20] = "aes256-cts-hmac-sha384-192",
    [23] = "rc4-hmac",
    [24] = "rc4-hmac-exp",
    [25] = "camellia128-cts-cmac",
    [26] = "camellia256-cts-cmac",
};

const char *
krb_enctype_name(int32_t enctype)
{
    return enctype >= 0 && (size_t)enctype < SEC_ARRAY_LEN(enctype_names) ? enctype_names[enctype]
                                                                          : NULL;
}
