/* SPDX-License-Identifier: Apache-2.0 */
/* QueryContextAttributes, its Ex forms, SetContextAttributes, and what this library adds about contexts.
 *
 * Sources: the page of QueryContextAttributes of each package; docs/ATTRIBUTES.md and decision 0033 where the pages say
 * nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/conformance/table.h"
#include "tests/support/attribute_table.h"

enum { ROOM_BYTES = 512, UNTOUCHED = 0xa5 };

union room {
    uint8_t bytes[ROOM_BYTES];
    uint64_t align;
};

/* A refusal writes nothing; an answer no more than its structure, and gives what FreeContextBuffer takes. */
static SECURITY_STATUS
checked(SECURITY_STATUS status, ULONG id, const union room *room)
{
    const struct attribute_shape *shape = attribute_shape(id);
    size_t from = status == SEC_E_OK && shape ? shape->bytes : 0;

    for (size_t i = from; i < ROOM_BYTES; i++) {
        if (room->bytes[i] != UNTOUCHED) {
            return WRONG_OUTPUT;
        }
    }
    if (status != SEC_E_OK) {
        return status;
    }
    for (size_t i = 0; shape && i < shape->n_members; i++) {
        void *p;

        memcpy(&p, room->bytes + shape->members[i].at, sizeof(p));
        if (shape->members[i].kind != ATTRIBUTE_LENT && FreeContextBuffer(p) != SEC_E_OK) {
            return WRONG_OUTPUT;
        }
    }
    return shape ? SEC_E_OK : WRONG_OUTPUT;
}

/* Of an attribute that the table of shapes does not know, no more is expected than a refusal. */
static ULONG
bytes_of_attribute(ULONG id)
{
    const struct attribute_shape *shape = attribute_shape(id);

    return shape ? (ULONG)shape->bytes : ROOM_BYTES;
}

#define QUERY(name, call)                                  \
    static SECURITY_STATUS name(struct scene *s, ULONG id) \
    {                                                      \
        union room room;                                   \
                                                           \
        memset(&room, UNTOUCHED, sizeof(room));            \
        return checked(call, id, &room);                   \
    }

QUERY(query_w, QueryContextAttributesW(s->at, id, &room))
QUERY(query_a, QueryContextAttributesA(s->at, id, &room))
QUERY(query_ex_w, QueryContextAttributesExW(s->at, id, &room, bytes_of_attribute(id)))
QUERY(query_ex_a, QueryContextAttributesExA(s->at, id, &room, bytes_of_attribute(id)))
QUERY(query_small_w, QueryContextAttributesExW(s->at, id, &room, bytes_of_attribute(id) - 1))
QUERY(query_small_a, QueryContextAttributesExA(s->at, id, &room, bytes_of_attribute(id) - 1))
QUERY(query_null_w, QueryContextAttributesW(s->at, id, NULL))
QUERY(query_null_a, QueryContextAttributesA(s->at, id, NULL))
QUERY(query_null_ex_w, QueryContextAttributesExW(s->at, id, NULL, ROOM_BYTES))
QUERY(query_null_ex_a, QueryContextAttributesExA(s->at, id, NULL, ROOM_BYTES))
QUERY(set_w, SetContextAttributesW(s->at, id, &room, sizeof(room)))
QUERY(set_a, SetContextAttributesA(s->at, id, &room, sizeof(room)))

static const struct call query[] = { { "QueryContextAttributesW", query_w },
                                     { "QueryContextAttributesA", query_a },
                                     { "QueryContextAttributesExW", query_ex_w },
                                     { "QueryContextAttributesExA", query_ex_a },
                                     { NULL, NULL } };
static const struct call too_small[] = { { "QueryContextAttributesExW", query_small_w },
                                         { "QueryContextAttributesExA", query_small_a },
                                         { NULL, NULL } };
static const struct call nowhere[] = { { "QueryContextAttributesW", query_null_w },
                                       { "QueryContextAttributesA", query_null_a },
                                       { "QueryContextAttributesExW", query_null_ex_w },
                                       { "QueryContextAttributesExA", query_null_ex_a },
                                       { NULL, NULL } };
static const struct call set[] = { { "SetContextAttributesW", set_w },
                                   { "SetContextAttributesA", set_a },
                                   { NULL, NULL } };

/* --- what this library adds ---------------------------------------------------------------- */

static SECURITY_STATUS
query_logon(struct scene *s, ULONG there)
{
    POPENSSPI_LOGON logon = NULL;
    SECURITY_STATUS status = OpenSspiQueryLogon(s->at, there ? &logon : NULL);

    if (status != SEC_E_OK) {
        return logon ? WRONG_OUTPUT : status;
    }
    return FreeContextBuffer(logon) == SEC_E_OK ? status : WRONG_OUTPUT;
}

static SECURITY_STATUS
query_negotiation(struct scene *s, ULONG there)
{
    POPENSSPI_NEGOTIATION negotiation = NULL;
    SECURITY_STATUS status = OpenSspiQueryNegotiation(s->at, there ? &negotiation : NULL);

    if (status != SEC_E_OK) {
        return negotiation ? WRONG_OUTPUT : status;
    }
    return FreeContextBuffer(negotiation) == SEC_E_OK ? status : WRONG_OUTPUT;
}

static const struct call logon[] = { { "OpenSspiQueryLogon", query_logon }, { NULL, NULL } };
static const struct call negotiation[] = { { "OpenSspiQueryNegotiation", query_negotiation },
                                           { NULL, NULL } };

/* --- the table ----------------------------------------------------------------------------- */

#define ATTRIBUTE_OF_ALL(name, mechanisms, sides, ...)                            \
    {                                                                             \
        query, #name, SECPKG_ATTR_##name, CONTEXT, mechanisms, sides, __VA_ARGS__ \
    }
#define ATTRIBUTE(name, mechanisms, sides, ...) \
    ATTRIBUTE_OF_ALL(name, mechanisms, sides, IN_STATES(__VA_ARGS__))
/* What no package has. */
#define NONE_HAS(name) ATTRIBUTE(name, ANY, CS, UNSUP, UNSUP, UNSUP, UNSUP, UNSUP, UNSUP, UNSUP)

/* A row is a line. */
/* clang-format off */
static const struct row rows[] = {
    /*                                           created half-open established failed expired exported imported */
    ATTRIBUTE(SIZES, ANY, CS, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(NAMES, ANY, CS, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(LIFESPAN, ANY, CS, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(KEY_INFO, ANY, CS, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(AUTHORITY, BY_KERBEROS, CS, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(AUTHORITY, BY_NTLM, S, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(AUTHORITY, BY_NTLM, C, BADH, BADH, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    /* Known to who authenticated the client; these tickets have no PAC. */
    ATTRIBUTE(PASSWORD_EXPIRY, BY_NTLM, S, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(PASSWORD_EXPIRY, BY_NTLM, C, BADH, BADH, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    ATTRIBUTE(PASSWORD_EXPIRY, BY_KERBEROS, CS, BADH, BADH, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    ATTRIBUTE(USER_FLAGS, BY_NTLM, S, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(USER_FLAGS, BY_NTLM, C, BADH, BADH, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    ATTRIBUTE(USER_FLAGS, BY_KERBEROS, CS, BADH, BADH, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    ATTRIBUTE(LOGOFF_TIME, BY_NTLM, S, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(LOGOFF_TIME, BY_NTLM, C, BADH, BADH, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    ATTRIBUTE(LOGOFF_TIME, BY_KERBEROS, CS, BADH, BADH, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    ATTRIBUTE(DCE_INFO, ANY, S, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(DCE_INFO, ANY, C, BADH, BADH, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    ATTRIBUTE(PROTO_INFO, ANY, CS, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(SESSION_KEY, ANY, CS, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(PACKAGE_INFO, ANY, CS, OK, OK, OK, BADH, OK, OK, OK),
    ATTRIBUTE(NEGOTIATION_INFO, ANY, CS, OK, OK, OK, BADH, OK, OK, OK),
    ATTRIBUTE(NATIVE_NAMES, ANY, CS, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(FLAGS, ANY, CS, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(TARGET_INFORMATION, BY_NTLM, C, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(TARGET_INFORMATION, BY_NTLM, S, BADH, BADH, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    ATTRIBUTE(TARGET_INFORMATION, BY_KERBEROS, CS, BADH, BADH, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    ATTRIBUTE(ACCESS_TOKEN, BY_NTLM, S, BADH, BADH, OK, BADH, OK, GONE, OK),
    /* Alice's ticket has no PAC and she has no Unix account: she has no SID, and no token. */
    ATTRIBUTE(ACCESS_TOKEN, BY_KERBEROS, S, BADH, BADH, NOIMP, BADH, NOIMP, GONE, NOIMP),
    ATTRIBUTE(ACCESS_TOKEN, ANY, C, BADH, BADH, NOIMP, BADH, NOIMP, GONE, NOIMP),
    ATTRIBUTE(CLIENT_SPECIFIED_TARGET, ANY, CS, BADH, BADH, OK, BADH, OK, OK, OK),
    ATTRIBUTE(LAST_CLIENT_TOKEN_STATUS, ANY, C, OK, OK, OK, BADH, OK, OK, OK),
    ATTRIBUTE(LAST_CLIENT_TOKEN_STATUS, ANY, S, UNSUP, UNSUP, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    ATTRIBUTE_OF_ALL(NEGO_STATUS, BY_NEGOTIATE, CS, IN_ALL_STATES(OK, OK, OK, BADH, OK, OK, UNSUP, UNSUP)), /* it was elsewhere */
    ATTRIBUTE_OF_ALL(NEGO_PKG_INFO, BY_NEGOTIATE, CS, IN_ALL_STATES(OK, OK, OK, BADH, OK, OK, UNSUP, UNSUP)),
    ATTRIBUTE(NEGO_PKG_INFO, BIT(NTLM) | BIT(KERBEROS), CS, UNSUP, UNSUP, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    ATTRIBUTE(NEGO_STATUS, BIT(NTLM) | BIT(KERBEROS), CS, UNSUP, UNSUP, UNSUP, BADH, UNSUP, UNSUP, UNSUP),
    NONE_HAS(STREAM_SIZES), /* Windows' NTLM was seen to answer so */
    NONE_HAS(USE_VALIDATED),
    NONE_HAS(CREDENTIAL_NAME),
    NONE_HAS(TARGET),
    NONE_HAS(AUTHENTICATION_ID),
    NONE_HAS(NEGO_KEYS),
    NONE_HAS(PROMPTING_NEEDED),
    NONE_HAS(UNIQUE_BINDINGS),   /* Schannel's */
    NONE_HAS(ENDPOINT_BINDINGS), /* likewise */
    NONE_HAS(CONTEXT_DELETED),
    NONE_HAS(DTLS_MTU),
    NONE_HAS(APPLICATION_PROTOCOL),
    NONE_HAS(NEGOTIATED_TLS_EXTENSIONS),
    NONE_HAS(IS_LOOPBACK),
    NONE_HAS(SUBJECT_SECURITY_ATTRIBUTES), /* CredSSP's */
    NONE_HAS(CREDS_2),                     /* likewise */
    { query, "an attribute of nobody", 0x7777, CONTEXT, ANY, CS, EVERYWHERE(UNSUP) },

    { too_small, "SIZES, a byte too small", SECPKG_ATTR_SIZES, CONTEXT, ANY, CS, EVERYWHERE(SMALL) },
    { too_small, "NAMES, a byte too small", SECPKG_ATTR_NAMES, CONTEXT, ANY, CS, EVERYWHERE(SMALL) },
    { too_small, "KEY_INFO, a byte too small", SECPKG_ATTR_KEY_INFO, CONTEXT, ANY, CS, EVERYWHERE(SMALL) },
    { nowhere, "SIZES, no buffer", SECPKG_ATTR_SIZES, CONTEXT, ANY, CS, EVERYWHERE(PARAM) },
    { nowhere, "NAMES, no buffer", SECPKG_ATTR_NAMES, CONTEXT, ANY, CS, EVERYWHERE(PARAM) },

    /* "This function is supported only by Schannel" (its page): no package here has anything to set. */
    { set, "any", SECPKG_ATTR_SIZES, CONTEXT, ANY, CS, EVERYWHERE(UNSUP) },

    /* opensspi.h: at any time in a context's life. */
    { logon, "", 1, CONTEXT, ANY, S, EVERYWHERE(OK) },
    { logon, "", 1, CONTEXT, ANY, C, EVERYWHERE(UNSUP) },
    { logon, "nowhere to put it", 0, NO_HANDLE, ANY, S, EVERYWHERE(PARAM) },
    { negotiation, "", 1, CONTEXT, ANY, CS, EVERYWHERE(OK) },
    { negotiation, "nowhere to put it", 0, NO_HANDLE, ANY, CS, EVERYWHERE(PARAM) },
};
/* clang-format on */

const struct family attribute_family = FAMILY(rows);
