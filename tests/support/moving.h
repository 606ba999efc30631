/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts that go from one place to another, in tests. */
#ifndef TESTS_SUPPORT_MOVING_H
#define TESTS_SUPPORT_MOVING_H

#include "tests/support/api_pair.h"
#include "tests/support/passing.h"

#define PROTECTED \
    (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

#define DCE (PROTECTED | ISC_REQ_USE_DCE_STYLE | ISC_REQ_MUTUAL_AUTH)

static inline void
assert_passes(PCtxtHandle from, PCtxtHandle to)
{
    SECURITY_STATUS status = pass(from, to);

    if (status != SEC_E_OK) {
        fail_msg("%s: %s", OpenSspiStatusName(status), OpenSspiReason());
    }
}

static inline SecBuffer
exported(PCtxtHandle context, ULONG flags)
{
    SecBuffer b = { 0 };
    SECURITY_STATUS status = ExportSecurityContext(context, flags, &b, NULL);

    if (status != SEC_E_OK) {
        fail_msg("%s: %s", OpenSspiStatusName(status), OpenSspiReason());
    }
    assert_true(b.cbBuffer > 32);
    return b;
}

/* Frees it, too. */
static inline CtxtHandle
imported(const char *package, SecBuffer *b)
{
    CtxtHandle context = { 0 };
    SECURITY_STATUS status = ImportSecurityContextA(API_NAME(package), b, NULL, &context);

    if (status != SEC_E_OK) {
        fail_msg("%s: %s", OpenSspiStatusName(status), OpenSspiReason());
    }
    assert_int_equal(FreeContextBuffer(b->pvBuffer), SEC_E_OK);
    return context;
}

/* The first two legs; the server's answer is in token. */
static inline void
api_begin(struct api_pair *p, ULONG request, uint8_t *token, ULONG *n)
{
    uint8_t first[API_TOKEN_BYTES];
    SecBuffer out = { sizeof(first), SECBUFFER_TOKEN, first },
              reply = { API_TOKEN_BYTES, SECBUFFER_TOKEN, token };
    SecBufferDesc out_desc = { SECBUFFER_VERSION, 1, &out },
                  reply_desc = { SECBUFFER_VERSION, 1, &reply };

    assert_int_equal(InitializeSecurityContextA(
                         &p->client_cred, NULL, API_NAME("HTTP/server.domain.test"), request, 0, 0,
                         NULL, 0, &p->client, &out_desc, &p->client_flags, NULL),
                     SEC_I_CONTINUE_NEEDED);
    p->have_client = 1;
    assert_int_equal(AcceptSecurityContext(&p->server_cred, NULL, &out_desc, 0, 0, &p->server,
                                           &reply_desc, &p->server_flags, NULL),
                     SEC_I_CONTINUE_NEEDED);
    p->have_server = 1;
    *n = reply.cbBuffer;
}

static inline void
api_finish(struct api_pair *p, ULONG request, uint8_t *token, ULONG n)
{
    uint8_t answer[API_TOKEN_BYTES];

    p->client_status = p->server_status = SEC_I_CONTINUE_NEEDED;
    while (p->client_status == SEC_I_CONTINUE_NEEDED || p->server_status == SEC_I_CONTINUE_NEEDED) {
        SecBuffer in = { n, SECBUFFER_TOKEN, token },
                  out = { sizeof(answer), SECBUFFER_TOKEN, answer };
        SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                      out_desc = { SECBUFFER_VERSION, 1, &out };

        p->client_status =
            InitializeSecurityContextA(&p->client_cred, &p->client, NULL, request, 0, 0, &in_desc,
                                       0, &p->client, &out_desc, &p->client_flags, NULL);
        assert_true(p->client_status >= 0);
        if (p->server_status == SEC_E_OK) {
            break;
        }
        in = (SecBuffer){ out.cbBuffer, SECBUFFER_TOKEN, answer };
        out = (SecBuffer){ API_TOKEN_BYTES, SECBUFFER_TOKEN, token };
        p->server_status = AcceptSecurityContext(&p->server_cred, &p->server, &in_desc, 0, 0,
                                                 &p->server, &out_desc, &p->server_flags, NULL);
        if (p->server_status < 0) {
            fail_msg("%s: %s", OpenSspiStatusName(p->server_status), OpenSspiReason());
        }
        n = out.cbBuffer;
    }
}

#endif
