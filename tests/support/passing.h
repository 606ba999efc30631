/* SPDX-License-Identifier: Apache-2.0 */
/* One sealed message from one context to another. */
#ifndef TESTS_SUPPORT_PASSING_H
#define TESTS_SUPPORT_PASSING_H

#include <stdint.h>
#include <string.h>

#include <opensspi/sspi.h>

static inline SECURITY_STATUS
pass(PCtxtHandle from, PCtxtHandle to)
{
    uint8_t token[128], data[16] = "attack at dawn";
    SecBuffer b[2] = { { sizeof(token), SECBUFFER_TOKEN, token },
                       { sizeof(data), SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };
    SecPkgContext_Sizes sizes;
    SECURITY_STATUS status = QueryContextAttributesA(from, SECPKG_ATTR_SIZES, &sizes);

    b[0].cbBuffer = status == SEC_E_OK ? sizes.cbSecurityTrailer : 0;
    status = status == SEC_E_OK ? EncryptMessage(from, 0, &d, 0) : status;
    status = status == SEC_E_OK ? DecryptMessage(to, &d, 0, NULL) : status;
    return status == SEC_E_OK && memcmp(data, "attack at dawn", 15) != 0 ? SEC_E_INTERNAL_ERROR
                                                                         : status;
}

#endif
