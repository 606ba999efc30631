/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables are made of. A row is a call with one argument; its columns are the states of the context that it
 * meets; what stands there is what it answers. Every row is run by each of its functions (A and W), for each of its
 * mechanisms and sides; and with each handle that is none. */
#ifndef TESTS_CONFORMANCE_TABLE_H
#define TESTS_CONFORMANCE_TABLE_H

#include <stddef.h>

#include "tests/conformance/scene.h"

/* What a call is given as its handle, and what runs it with handles that are none. */
enum takes { NO_HANDLE, CONTEXT, CREDENTIAL };

/* A function of the interface, made with one argument. What it gives is looked at and freed. */
struct call {
    const char *function;
    SECURITY_STATUS (*make)(struct scene *, ULONG argument);
};

struct row {
    const struct call *calls; /* the last one has no function */
    const char *what;
    ULONG argument;
    enum takes takes;
    unsigned mechanisms, sides; /* of 1u << enum mechanism, 1u << enum side */
    SECURITY_STATUS answers[STATES];
};

struct family {
    const struct row *rows;
    size_t n;
};

extern const struct family package_family, credential_family, handshake_family, attribute_family,
    message_family, token_family, export_family, identity_family, sasl_family;

/* The columns. */
#define __    ((SECURITY_STATUS)0x7fffffff) /* there is no such state, or the row is not about it */
#define OK    SEC_E_OK
#define MORE  SEC_I_CONTINUE_NEEDED
#define BADH  SEC_E_INVALID_HANDLE
#define UNSUP SEC_E_UNSUPPORTED_FUNCTION
#define SEQ   SEC_E_OUT_OF_SEQUENCE
#define GONE  SEC_E_CONTEXT_EXPIRED
#define TOKEN SEC_E_INVALID_TOKEN
#define PARAM SEC_E_INVALID_PARAMETER
#define SMALL SEC_E_BUFFER_TOO_SMALL
#define NOIMP SEC_E_NO_IMPERSONATION
#define NOCRD SEC_E_NO_CREDENTIALS
#define UNKNO SEC_E_UNKNOWN_CREDENTIALS
#define NOPKG SEC_E_SECPKG_NOT_FOUND
#define ALTER SEC_E_MESSAGE_ALTERED
#define QOPNS SEC_E_QOP_NOT_SUPPORTED

#define IN_ALL_STATES(created, half_open, established, failed, expired, exported, imported, moved) \
    {                                                                                              \
        __, created, half_open, established, failed, expired, exported, imported, moved            \
    }
/* What is half-open is so wherever it came to. */
#define IN_STATES(created, half_open, established, failed, expired, exported, imported) \
    IN_ALL_STATES(created, half_open, established, failed, expired, exported, imported, half_open)
#define WHEN_MOVED(code) IN_ALL_STATES(__, __, __, __, __, __, __, code)
#define EVERYWHERE(code) IN_STATES(code, code, code, code, code, code, code)
#define WHEN_ALONE(code)                     \
    {                                        \
        code, __, __, __, __, __, __, __, __ \
    }
#define WHEN_ESTABLISHED(code) IN_STATES(__, __, code, __, __, __, __)
#define WHEN_HALF_OPEN(code)   IN_STATES(__, code, __, __, __, __, __)

#define BIT(n)       (1u << (n))
#define ANY          (BIT(MECHANISMS) - 1)
#define BY_NTLM      (BIT(NTLM) | BIT(NEGO_NTLM))
#define BY_KERBEROS  (BIT(KERBEROS) | BIT(NEGO_KERBEROS))
#define BY_NEGOTIATE (BIT(NEGO_NTLM) | BIT(NEGO_KERBEROS))
#define C            BIT(CLIENT)
#define S            BIT(SERVER)
#define CS           (C | S)

#define CALLS_OF_BOTH(variable, function, a, w)                  \
    static const struct call variable[] = { { function "A", a }, \
                                            { function "W", w }, \
                                            { NULL, NULL } }
#define CALLS(variable, function, make) \
    static const struct call variable[] = { { function, make }, { NULL, NULL } }

#define FAMILY(rows)                           \
    {                                          \
        rows, sizeof(rows) / sizeof((rows)[0]) \
    }

/* A call that answered as it should and left what it should not: no answer of the interface. */
enum { WRONG_OUTPUT = 0x7ffffffe };

#endif
