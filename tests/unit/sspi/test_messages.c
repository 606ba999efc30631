/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: signed and sealed, and the buffers that they come in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <opensspi/security.h>

#include "tests/support/demo_pair.h"

static void
test_messages__both_ways__come_through(void **state)
{
    for (size_t i = 0; i < N_DEMO_PACKAGES; i++) {
        struct api_pair p;
        uint8_t token[16], data[32] = "attack at dawn";
        SecBuffer b[2] = { { sizeof(token), SECBUFFER_TOKEN, token },
                           { sizeof(data), SECBUFFER_DATA, data } };
        SecBufferDesc d = { SECBUFFER_VERSION, 2, b };
        ULONG qop = 0x5A;

        demo_establish(&p, demo_packages[i], PROTECTED, 0);
        for (unsigned n = 0; n < 3; n++) {
            assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_OK);
            assert_memory_not_equal(data, "attack at dawn", 14);
            assert_int_equal(DecryptMessage(&p.server, &d, 0, &qop), SEC_E_OK);
            assert_memory_equal(data, "attack at dawn", 14);
            assert_int_equal(MakeSignature(&p.server, 0, &d, 0), SEC_E_OK);
            assert_int_equal(VerifySignature(&p.client, &d, 0, &qop), SEC_E_OK);
        }
        assert_int_equal(qop, 0x5A);
        assert_int_equal(EncryptMessage(&p.client, 0x123, &d, 0), SEC_E_QOP_NOT_SUPPORTED);
        api_release(&p);
    }
}

static void
test_messages__altered_or_out_of_order__are_refused_and_the_next_is_not(void **state)
{
    struct api_pair p;
    uint8_t token[3][16], data[3][8] = { "one", "two", "three" };
    SecBuffer b[2];
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

    demo_establish(&p, "NTLM", PROTECTED, 0);
    for (unsigned i = 0; i < 3; i++) {
        b[0] = (SecBuffer){ 16, SECBUFFER_TOKEN, token[i] };
        b[1] = (SecBuffer){ 8, SECBUFFER_DATA, data[i] };
        assert_int_equal(MakeSignature(&p.client, 0, &d, 0), SEC_E_OK);
    }
    b[0].pvBuffer = token[1];
    b[1].pvBuffer = data[1];
    assert_int_equal(VerifySignature(&p.server, &d, 0, NULL), SEC_E_OUT_OF_SEQUENCE);
    b[0].pvBuffer = token[0];
    b[1].pvBuffer = data[0];
    data[0][0] ^= 1;
    assert_int_equal(VerifySignature(&p.server, &d, 0, NULL), SEC_E_MESSAGE_ALTERED);
    data[0][0] ^= 1;
    for (unsigned i = 0; i < 3; i++) {
        b[0].pvBuffer = token[i];
        b[1].pvBuffer = data[i];
        assert_int_equal(VerifySignature(&p.server, &d, 0, NULL), SEC_E_OK);
    }
    assert_int_equal(VerifySignature(&p.server, &d, 0, NULL), SEC_E_OUT_OF_SEQUENCE);
    api_release(&p);
}

static void
test_messages__whose_buffers_are_not_right__are_refused(void **state)
{
    struct api_pair p;
    uint8_t room[64] = { 0 };
    SecBuffer b[3];
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

    demo_establish(&p, "NTLM", PROTECTED, 0);
    b[0] = b[1] = (SecBuffer){ 16, SECBUFFER_DATA, room };
    b[1].pvBuffer = room + 16;
    assert_int_equal(MakeSignature(&p.client, 0, &d, 0), SEC_E_INVALID_TOKEN);
    b[0] = (SecBuffer){ 16, SECBUFFER_TOKEN, room };
    b[1] = (SecBuffer){ 16, SECBUFFER_TOKEN, room + 16 };
    assert_int_equal(MakeSignature(&p.client, 0, &d, 0), SEC_E_INVALID_TOKEN);
    b[1] = (SecBuffer){ 16, SECBUFFER_EMPTY, room + 16 };
    assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_INVALID_TOKEN);
    b[1] = (SecBuffer){ 16, SECBUFFER_DATA, room + 8 };
    assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_INVALID_TOKEN);
    b[1] = (SecBuffer){ 16, SECBUFFER_DATA, NULL };
    assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_INVALID_TOKEN);
    b[0].cbBuffer = 15;
    b[1] = (SecBuffer){ 16, SECBUFFER_DATA, room + 16 };
    assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(DecryptMessage(&p.server, &d, 0, NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(MakeSignature(&p.client, 0, NULL, 0), SEC_E_INVALID_TOKEN);
    b[0].cbBuffer = 16;
    b[2] = (SecBuffer){ 8, SECBUFFER_PADDING, room + 8 };
    d.cBuffers = 3;
    assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_INVALID_TOKEN);
    b[2].pvBuffer = room + 31;
    assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_INVALID_TOKEN);
    api_release(&p);
}

/* Callers send what is left of it. */
static void
test_encrypt_message__with_padding_that_is_not_needed__leaves_none(void **state)
{
    struct api_pair p;
    uint8_t token[16], data[8] = "message", padding[8] = { 0 };
    SecBuffer b[3] = { { 16, SECBUFFER_TOKEN, token },
                       { 8, SECBUFFER_DATA, data },
                       { 8, SECBUFFER_PADDING, padding } };
    SecBufferDesc d = { SECBUFFER_VERSION, 3, b };

    demo_establish(&p, "NTLM", PROTECTED, 0);
    assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_OK);
    assert_int_equal(b[2].cbBuffer, 0);
    assert_int_equal(DecryptMessage(&p.server, &d, 0, NULL), SEC_E_OK);
    assert_string_equal((char *)data, "message");
    api_release(&p);
}

/* READONLY_WITH_CHECKSUM is covered and left as it is; READONLY takes no part. */
static void
test_messages__read_only_buffers__are_covered_or_left_out(void **state)
{
    struct api_pair p;
    uint8_t token[16], header[8] = "header", body[8] = "secret", note[8] = "note";
    SecBuffer b[4] = {
        { 8, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, header },
        { 8, SECBUFFER_DATA | SECBUFFER_READONLY, note },
        { 8, SECBUFFER_DATA, body },
        { 16, SECBUFFER_TOKEN, token },
    };
    SecBufferDesc d = { SECBUFFER_VERSION, 4, b };

    demo_establish(&p, "NTLM", PROTECTED, 0);
    assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_OK);
    assert_memory_equal(header, "header", 6);
    assert_memory_equal(note, "note", 4);
    assert_memory_not_equal(body, "secret", 6);
    note[0] ^= 1;
    header[0] ^= 1;
    assert_int_equal(DecryptMessage(&p.server, &d, 0, NULL), SEC_E_MESSAGE_ALTERED);
    api_release(&p);

    demo_establish(&p, "NTLM", PROTECTED, 0);
    memcpy(body, "secret", 7);
    assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_OK);
    note[0] ^= 1;
    assert_int_equal(DecryptMessage(&p.server, &d, 0, NULL), SEC_E_OK);
    assert_memory_equal(body, "secret", 6);
    api_release(&p);
}

/* What a caller marks as read-only is not written to, whatever its type. */
static void
test_tokens__read_only__are_read_and_not_written(void **state)
{
    static const uint8_t untouched[64] = { 0 };
    struct api_pair p;
    uint8_t room[64] = { 0 }, token[16], data[8] = "message";
    SecBuffer b[2] = { { 64, SECBUFFER_TOKEN | SECBUFFER_READONLY, room },
                       { 8, SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };
    CtxtHandle h = { 7, 7 };
    ULONG attributes;

    demo_establish(&p, "NTLM", PROTECTED, 0);
    assert_int_equal(MakeSignature(&p.client, 0, &d, 0), SEC_E_INVALID_TOKEN);
    assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_INVALID_TOKEN);
    assert_int_equal(InitializeSecurityContextA(&p.client_cred, NULL, NULL, 0, 0, 0, NULL, 0, &h,
                                                &d, &attributes, NULL),
                     SEC_E_INVALID_TOKEN);
    assert_memory_equal(room, untouched, sizeof(room));
    assert_string_equal((char *)data, "message");
    assert_int_equal(h.dwLower, 7);
    b[0] = (SecBuffer){ 16, SECBUFFER_TOKEN, token };
    assert_int_equal(MakeSignature(&p.client, 0, &d, 0), SEC_E_OK);
    b[0].BufferType |= SECBUFFER_READONLY;
    assert_int_equal(VerifySignature(&p.server, &d, 0, NULL), SEC_E_OK);
    api_release(&p);
}

/* As GSS_Unwrap takes it: the whole message in one buffer, DATA then points into it. */
static void
test_decrypt_message__of_a_stream__points_at_the_plain_text(void **state)
{
    for (size_t i = 0; i < N_DEMO_PACKAGES; i++) {
        struct api_pair p;
        uint8_t whole[16 + 8] = { 0 };
        SecBuffer b[2] = { { 16, SECBUFFER_TOKEN, whole }, { 8, SECBUFFER_DATA, whole + 16 } };
        SecBuffer stream[2] = { { sizeof(whole), SECBUFFER_STREAM, whole },
                                { 0, SECBUFFER_DATA, NULL } };
        SecBufferDesc sealed = { SECBUFFER_VERSION, 2, b };
        SecBufferDesc opened = { SECBUFFER_VERSION, 2, stream };

        demo_establish(&p, demo_packages[i], PROTECTED, 0);
        memcpy(whole + 16, "secret", 7);
        assert_int_equal(EncryptMessage(&p.client, 0, &sealed, 0), SEC_E_OK);
        stream[0].cbBuffer = 15;
        assert_int_equal(DecryptMessage(&p.server, &opened, 0, NULL), SEC_E_INVALID_TOKEN);
        stream[0].cbBuffer = sizeof(whole);
        stream[1].BufferType = SECBUFFER_EMPTY;
        assert_int_equal(DecryptMessage(&p.server, &opened, 0, NULL), SEC_E_INVALID_TOKEN);
        stream[1].BufferType = SECBUFFER_DATA;
        assert_int_equal(DecryptMessage(&p.server, &opened, 0, NULL), SEC_E_OK);
        assert_ptr_equal(stream[1].pvBuffer, whole + 16);
        assert_int_equal(stream[1].cbBuffer, 8);
        assert_string_equal((char *)stream[1].pvBuffer, "secret");
        assert_int_equal(DecryptMessage(&p.server, &opened, 0, NULL), SEC_E_OUT_OF_SEQUENCE);
        api_release(&p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages__both_ways__come_through),
        cmocka_unit_test(test_messages__altered_or_out_of_order__are_refused_and_the_next_is_not),
        cmocka_unit_test(test_messages__whose_buffers_are_not_right__are_refused),
        cmocka_unit_test(test_encrypt_message__with_padding_that_is_not_needed__leaves_none),
        cmocka_unit_test(test_messages__read_only_buffers__are_covered_or_left_out),
        cmocka_unit_test(test_tokens__read_only__are_read_and_not_written),
        cmocka_unit_test(test_decrypt_message__of_a_stream__points_at_the_plain_text),
    };

    return cmocka_run_group_tests(tests, demo_load, NULL);
}
