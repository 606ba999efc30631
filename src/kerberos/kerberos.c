/* SPDX-License-Identifier: Apache-2.0 */
/* The Kerberos package, as the seam and Negotiate see it. */
#include "kerberos/kerberos.h"

#include "kerberos/step.h"

static const struct sec_package_ops kerberos_ops = {
    .acquire = krb_credential_acquire,
    .free_cred = krb_credential_free,
    .cred_name = krb_credential_name,
    .add = krb_credential_add,
    .check_service = krb_credential_check_service,
    .change_password = krb_credential_change_password,
    .open = krb_context_open,
    .step = krb_step,
    .free_ctx = krb_context_free,
    .sign = krb_sign,
    .verify = krb_verify,
    .seal = krb_seal,
    .unseal = krb_unseal,
    .describe = krb_context_describe,
    .save = krb_context_save,
    .load = krb_context_load,
    .resume = krb_context_resume,
    .make_mic = krb_make_mic,
    .check_mic = krb_check_mic,
};

/* The first is Microsoft's 1.2.840.48018.1.2.2, which Windows lists first and Samba and MIT take
 * for the second, 1.2.840.113554.1.2.2. */
static const uint8_t oid_ms_krb5[] = { 0x06, 0x09, 0x2A, 0x86, 0x48, 0x82,
                                       0xF7, 0x12, 0x01, 0x02, 0x02 };
static const uint8_t oid_krb5[] = {
    0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02
};
static const struct bytes oids[] = {
    { oid_ms_krb5, sizeof(oid_ms_krb5) },
    { oid_krb5, sizeof(oid_krb5) },
};

/* User-to-user is asked for by its own name, and offered by nobody: who needs it learns so. */
static const uint8_t oid_u2u[] = { 0x06, 0x0A, 0x2A, 0x86, 0x48, 0x86,
                                   0xF7, 0x12, 0x01, 0x02, 0x02, 0x03 };
static const struct bytes other_oids[] = { { oid_u2u, sizeof(oid_u2u) } };

/* A bare AP-REQ, [APPLICATION 14]: DCE style, which it must turn out to be. Framed tokens are
 * found by their object identifier. */
static const uint8_t bare_ap_req[] = { 0x6E };

const struct sec_package kerberos_package = {
    .name = "Kerberos",
    .comment = "Microsoft Kerberos V1.0",
    .rpc_id = 16,
    .max_token_bytes = KRB_MAX_TOKEN_BYTES,
    .traits = SEC_TRAIT_TOKEN_ONLY | SEC_TRAIT_CONNECTION | SEC_TRAIT_MULTI_REQUIRED |
              SEC_TRAIT_WIN32_NAMES | SEC_TRAIT_LOGON | SEC_TRAIT_EXTENDED_ERROR |
              SEC_TRAIT_GSS_COMPATIBLE | SEC_TRAIT_IMPERSONATION | SEC_TRAIT_MUTUAL_AUTH |
              SEC_TRAIT_DELEGATION | SEC_TRAIT_READONLY_CHECKSUM,
    .oids = oids,
    .n_oids = SEC_ARRAY_LEN(oids),
    .other_oids = other_oids,
    .n_other_oids = SEC_ARRAY_LEN(other_oids),
    .raw_token_prefix = { bare_ap_req, sizeof(bare_ap_req) },
    .ops = &kerberos_ops,
};
