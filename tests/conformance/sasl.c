/* SPDX-License-Identifier: Apache-2.0 */
/* The Sasl* functions. Sources: their pages; the comments of sspi.h, which say what the pages do not. A context that did
 * not begin here is none of SASL's; tests/unit/sspi/test_sasl*.c goes through the legs one by one. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/conformance/table.h"
#include "tests/support/passing.h"

enum { NOWHERE = 0x100, NO_COUNT = 0x200, LEGS_MAX = 12 };

static SECURITY_STATUS
enumerate_a(struct scene *s, ULONG how)
{
    LPSTR list = NULL;
    ULONG n = 0;
    SECURITY_STATUS status =
        SaslEnumerateProfilesA(how & NOWHERE ? NULL : &list, how & NO_COUNT ? NULL : &n);

    if (status != SEC_E_OK) {
        return list || n ? WRONG_OUTPUT : status;
    }
    return n == 3 && FreeContextBuffer(list) == SEC_E_OK ? status : WRONG_OUTPUT;
}

static SECURITY_STATUS
enumerate_w(struct scene *s, ULONG how)
{
    LPWSTR list = NULL;
    ULONG n = 0;
    SECURITY_STATUS status =
        SaslEnumerateProfilesW(how & NOWHERE ? NULL : &list, how & NO_COUNT ? NULL : &n);

    if (status != SEC_E_OK) {
        return list || n ? WRONG_OUTPUT : status;
    }
    return n == 3 && FreeContextBuffer(list) == SEC_E_OK ? status : WRONG_OUTPUT;
}

static const char *const profiles[] = { "GSS-SPNEGO", "GSSAPI", "NTLM", "gssapi",
                                        "DIGEST-MD5", "",       NULL };
enum { SPNEGO, GSSAPI, OF_NTLM, IN_SMALL, OF_NOBODY, EMPTY, AT_NULL };

#define WITH_INFO(name, form, call)                                                                \
    static SECURITY_STATUS name(struct scene *s, ULONG how)                                        \
    {                                                                                              \
        PSecPkgInfo##form info = NULL;                                                             \
        PSecPkgInfo##form *to = how & NOWHERE ? NULL : &info;                                      \
        SECURITY_STATUS status = call;                                                             \
                                                                                                   \
        if (status != SEC_E_OK) {                                                                  \
            return info ? WRONG_OUTPUT : status;                                                   \
        }                                                                                          \
        return info->wVersion == 1 && FreeContextBuffer(info) == SEC_E_OK ? status : WRONG_OUTPUT; \
    }
WITH_INFO(package_a, A, SaslGetProfilePackageA(API_NAME(profiles[how & 0xff]), to))
WITH_INFO(package_w, W, SaslGetProfilePackageW(wide(profiles[how & 0xff]), to))

/* A first token: of the scene's mechanism, or what is none. */
enum { FIRST_TOKEN, JUNK, NO_TOKEN_BUFFER, NO_DESCRIPTOR, WRONG_VERSION };

static PSecBufferDesc
token_of(struct scene *s, ULONG how)
{
    static _Thread_local SecBuffer b;
    static _Thread_local SecBufferDesc d;

    scene_spare(true);
    scene_first_token(s);
    scene_spare(false);
    b = (SecBuffer){ s->token_bytes, SECBUFFER_TOKEN, s->token };
    d = (SecBufferDesc){ how == WRONG_VERSION ? 9 : SECBUFFER_VERSION, 1, &b };
    if (how == JUNK) {
        memset(s->token, 0x5a, s->token_bytes);
    }
    if (how == NO_TOKEN_BUFFER) {
        b.BufferType = SECBUFFER_DATA;
    }
    return how == NO_DESCRIPTOR ? NULL : &d;
}

WITH_INFO(identify_a, A, SaslIdentifyPackageA(token_of(s, how & 0xff), to))
WITH_INFO(identify_w, W, SaslIdentifyPackageW(token_of(s, how & 0xff), to))

/* --- legs ---------------------------------------------------------------------------------- */

struct sasl_leg {
    uint8_t room[API_TOKEN_BYTES];
    SecBuffer b;
    SecBufferDesc d;
};

static void
room_for(struct sasl_leg *l, ULONG n)
{
    l->b = (SecBuffer){ n, SECBUFFER_TOKEN, l->room };
    l->d = (SecBufferDesc){ SECBUFFER_VERSION, 1, &l->b };
}

static SECURITY_STATUS
ended(struct scene *s, SECURITY_STATUS status)
{
    return status < 0 || s->state != ALONE || DeleteSecurityContext(s->at) == SEC_E_OK
               ? status
               : WRONG_OUTPUT;
}

/* A client's leg without input. */
static SECURITY_STATUS
initialize_a(struct scene *s, ULONG no_output)
{
    struct sasl_leg out;
    ULONG attributes;

    room_for(&out, sizeof(out.room));
    return ended(s, SaslInitializeSecurityContextA(s->with, s->state == ALONE ? NULL : s->at,
                                                   API_NAME("HTTP/server.domain.test"), 0, 0, 0,
                                                   NULL, 0, s->at, no_output ? NULL : &out.d,
                                                   &attributes, NULL));
}

static SECURITY_STATUS
initialize_w(struct scene *s, ULONG no_output)
{
    struct sasl_leg out;
    ULONG attributes;

    room_for(&out, sizeof(out.room));
    return ended(s, SaslInitializeSecurityContextW(
                        s->with, s->state == ALONE ? NULL : s->at, wide("HTTP/server.domain.test"),
                        0, 0, 0, NULL, 0, s->at, no_output ? NULL : &out.d, &attributes, NULL));
}

enum { NOTHING_YET, GARBAGE_IN, NO_OUTPUT };

static SECURITY_STATUS
accept(struct scene *s, ULONG how)
{
    struct sasl_leg in, out;
    ULONG attributes;

    memset(in.room, 0x5a, 64);
    room_for(&in, how == GARBAGE_IN ? 64 : 0);
    room_for(&out, sizeof(out.room));
    return ended(s, SaslAcceptSecurityContext(s->with, s->state == ALONE ? NULL : s->at, &in.d, 0,
                                              0, s->at, how == NO_OUTPUT ? NULL : &out.d,
                                              &attributes, NULL));
}

/* Leg by leg, to the end. */
static SECURITY_STATUS
exchange(struct scene *s, ULONG request)
{
    struct api_pair *p = &s->pair;
    struct sasl_leg to_server, to_client;
    SECURITY_STATUS client = SEC_I_CONTINUE_NEEDED, server = SEC_I_CONTINUE_NEEDED;
    ULONG attributes;

    room_for(&to_client, 0);
    for (unsigned i = 0; i < LEGS_MAX; i++) {
        if (client == SEC_I_CONTINUE_NEEDED) {
            room_for(&to_server, sizeof(to_server.room));
            client =
                SaslInitializeSecurityContextA(&p->client_cred, p->have_client ? &p->client : NULL,
                                               API_NAME("HTTP/server.domain.test"), request, 0, 0,
                                               p->have_client ? &to_client.d : NULL, 0, &p->client,
                                               &to_server.d, &attributes, NULL);
            p->have_client |= client >= 0;
        }
        if (client >= 0 && server == SEC_I_CONTINUE_NEEDED) {
            room_for(&to_client, sizeof(to_client.room));
            server = SaslAcceptSecurityContext(&p->server_cred, p->have_server ? &p->server : NULL,
                                               &to_server.d, 0, 0, &p->server, &to_client.d,
                                               &attributes, NULL);
            p->have_server |= server >= 0;
        }
        if (client < 0 || server < 0 || (client == SEC_E_OK && server == SEC_E_OK)) {
            break;
        }
    }
    client = client < 0 ? client : server;
    if (client != SEC_E_OK) {
        api_delete_contexts(p);
    }
    return client;
}

static SECURITY_STATUS
exchange_and_pass(struct scene *s, ULONG request)
{
    SECURITY_STATUS status = exchange(s, request);

    if (status == SEC_E_OK) {
        status = pass(&s->pair.client, &s->pair.server);
    }
    api_delete_contexts(&s->pair);
    return status;
}

/* --- options ------------------------------------------------------------------------------- */

enum { SIZE_SMALL = 0x100, VALUE_AT_NULL = 0x200 };

static SECURITY_STATUS
set_option(struct scene *s, ULONG how)
{
    ULONG size = 4096;

    return SaslSetContextOption(s->at, how & 0xff, how & VALUE_AT_NULL ? NULL : &size,
                                how & SIZE_SMALL ? 1 : sizeof(size));
}

static SECURITY_STATUS
get_at_once(struct scene *s, ULONG how)
{
    ULONG size = 0, needed = 0;

    return SaslGetContextOption(s->at, how & 0xff, how & VALUE_AT_NULL ? NULL : &size,
                                how & SIZE_SMALL ? 1 : sizeof(size), &needed);
}

/* A context becomes SASL's by its first option, too. */
static SECURITY_STATUS
get_option(struct scene *s, ULONG how)
{
    scene_spare(true);
    (void)set_option(s, SASL_OPTION_RECV_SIZE);
    scene_spare(false);
    return get_at_once(s, how);
}

CALLS_OF_BOTH(enumerating, "SaslEnumerateProfiles", enumerate_a, enumerate_w);
CALLS_OF_BOTH(packaging, "SaslGetProfilePackage", package_a, package_w);
CALLS_OF_BOTH(identifying, "SaslIdentifyPackage", identify_a, identify_w);
CALLS_OF_BOTH(initializing, "SaslInitializeSecurityContext", initialize_a, initialize_w);
CALLS(accepting, "SaslAcceptSecurityContext", accept);
CALLS(exchanging, "SaslInitializeSecurityContextA", exchange);
CALLS(passing, "SaslInitializeSecurityContextA", exchange_and_pass);
CALLS(setting, "SaslSetContextOption", set_option);
CALLS(getting, "SaslGetContextOption", get_option);
CALLS(getting_at_once, "SaslGetContextOption", get_at_once);

#define BY_ITSELF(calls, what, argument, answer)                           \
    {                                                                      \
        calls, what, argument, NO_HANDLE, BIT(NTLM), C, WHEN_ALONE(answer) \
    }
#define PROTECTED (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY)

/* A row is a line. */
/* clang-format off */
static const struct row rows[] = {
    BY_ITSELF(enumerating, "", 0, OK),
    BY_ITSELF(enumerating, "no list", NOWHERE, PARAM),
    BY_ITSELF(enumerating, "no count", NO_COUNT, PARAM),
    BY_ITSELF(packaging, "GSS-SPNEGO", SPNEGO, OK),
    BY_ITSELF(packaging, "GSSAPI", GSSAPI, OK),
    BY_ITSELF(packaging, "NTLM", OF_NTLM, OK),
    BY_ITSELF(packaging, "in small letters", IN_SMALL, OK),
    BY_ITSELF(packaging, "of nobody", OF_NOBODY, NOPKG),
    BY_ITSELF(packaging, "empty", EMPTY, NOPKG),
    BY_ITSELF(packaging, "NULL", AT_NULL, NOPKG),
    BY_ITSELF(packaging, "nowhere to put it", SPNEGO | NOWHERE, PARAM),
    { identifying, "a first token", FIRST_TOKEN, NO_HANDLE, ANY, C, WHEN_ALONE(OK) },
    { identifying, "garbage", JUNK, NO_HANDLE, ANY, C, WHEN_ALONE(NOPKG) },
    { identifying, "no TOKEN buffer", NO_TOKEN_BUFFER, NO_HANDLE, ANY, C, WHEN_ALONE(TOKEN) },
    { identifying, "no descriptor", NO_DESCRIPTOR, NO_HANDLE, ANY, C, WHEN_ALONE(TOKEN) },
    { identifying, "another version", WRONG_VERSION, NO_HANDLE, ANY, C, WHEN_ALONE(TOKEN) },
    { identifying, "nowhere to put it", FIRST_TOKEN | NOWHERE, NO_HANDLE, ANY, C, WHEN_ALONE(PARAM) },

    { initializing, "first leg", 0, CREDENTIAL, ANY, C, WHEN_ALONE(MORE) },
    { initializing, "first leg, no output", 1, NO_HANDLE, ANY, C, WHEN_ALONE(TOKEN) },
    { accepting, "first leg, nothing yet", NOTHING_YET, CREDENTIAL, ANY, S, WHEN_ALONE(MORE) },
    { accepting, "first leg, garbage", GARBAGE_IN, NO_HANDLE, ANY, S, WHEN_ALONE(TOKEN) },
    { accepting, "first leg, no output", NO_OUTPUT, NO_HANDLE, ANY, S, WHEN_ALONE(TOKEN) },
    /* Contexts that did not begin here.         created half-open established failed expired exported imported */
    { initializing, "", 0, CONTEXT, ANY, C, IN_STATES(MORE, BADH, BADH, BADH, BADH, GONE, BADH) },
    { initializing, "of a server's context", 0, CONTEXT, ANY, S, EVERYWHERE(BADH) },
    { accepting, "", NOTHING_YET, CONTEXT, ANY, S, IN_STATES(MORE, BADH, BADH, BADH, BADH, GONE, BADH) },
    { accepting, "of a client's context", NOTHING_YET, CONTEXT, ANY, C, EVERYWHERE(BADH) },
    { setting, "SEND_SIZE", SASL_OPTION_SEND_SIZE, CONTEXT, ANY, CS, IN_STATES(OK, BADH, BADH, BADH, BADH, GONE, BADH) },
    { setting, "RECV_SIZE", SASL_OPTION_RECV_SIZE, CONTEXT, ANY, CS, IN_STATES(OK, BADH, BADH, BADH, BADH, GONE, BADH) },
    { setting, "an option of nobody", 0x77, CONTEXT, ANY, CS, IN_STATES(UNSUP, __, __, __, __, __, __) },
    { setting, "SEND_SIZE, a value too small", SASL_OPTION_SEND_SIZE | SIZE_SMALL, CONTEXT, ANY, CS, IN_STATES(SMALL, __, __, __, __, __, __) },
    { setting, "SEND_SIZE, no value", SASL_OPTION_SEND_SIZE | VALUE_AT_NULL, CONTEXT, ANY, CS, IN_STATES(PARAM, __, __, __, __, __, __) },
    { getting, "SEND_SIZE", SASL_OPTION_SEND_SIZE, CONTEXT, ANY, CS, IN_STATES(OK, BADH, BADH, BADH, BADH, BADH, BADH) },
    { getting, "RECV_SIZE", SASL_OPTION_RECV_SIZE, CONTEXT, ANY, CS, IN_STATES(OK, BADH, BADH, BADH, BADH, BADH, BADH) },
    { getting, "AUTHZ_STRING", SASL_OPTION_AUTHZ_STRING, CONTEXT, ANY, CS, IN_STATES(OK, BADH, BADH, BADH, BADH, BADH, BADH) },
    { getting, "AUTHZ_PROCESSING", SASL_OPTION_AUTHZ_PROCESSING, CONTEXT, ANY, CS, IN_STATES(OK, BADH, BADH, BADH, BADH, BADH, BADH) },
    { getting, "an option of nobody", 0x77, CONTEXT, ANY, CS, IN_STATES(UNSUP, __, __, __, __, __, __) },
    { getting, "SEND_SIZE, no room", SASL_OPTION_SEND_SIZE | SIZE_SMALL, CONTEXT, ANY, CS, IN_STATES(SMALL, __, __, __, __, __, __) },
    { getting_at_once, "of what is not SASL's yet", SASL_OPTION_SEND_SIZE, CONTEXT, ANY, CS, EVERYWHERE(BADH) },
    { exchanging, "to the end", 0, NO_HANDLE, ANY, C, WHEN_ALONE(OK) },
    { passing, "to the end, and a sealed message", PROTECTED, NO_HANDLE, ANY, C, WHEN_ALONE(OK) },
};
/* clang-format on */

const struct family sasl_family = FAMILY(rows);
