/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of HTTP requests: what is taken, and what is none (RFC 9112). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/wire.h"
#include "service/http_head.h"

#define GET  "GET /whoami HTTP/1.1\r\n"
#define HOST "Host: web1\r\n"
#define END  "\r\n"

/* Reads a copy that is exactly as long as the text; 0: it is taken. */
static unsigned
read_text(struct http_head *head, const char *text, size_t n, char **copy)
{
    *copy = mem_dup(text, n);
    assert_non_null(*copy);
    return http_head_read(head, *copy, n) ? 0 : head->status;
}

static void
test_http_head_read__what_was_said(void **state)
{
    static const char text[] = "\r\nPOST /auth?x=y&z HTTP/1.1\r\nHost: web1:80\r\nX-Empty:\r\n"
                               "Content-Length:  42 \t\r\nauthorization:\tNTLM abc \r\n"
                               "Expect: 100-Continue\r\nConnection: x, Close\r\n\r\n";
    struct http_head head;
    char *copy;

    (void)state;
    assert_int_equal(read_text(&head, text, sizeof(text) - 1, &copy), 0);
    assert_string_equal(head.method, "POST");
    assert_string_equal(head.path, "/auth");
    assert_int_equal(head.minor, 1);
    assert_string_equal(head.host, "web1:80");
    assert_string_equal(head.authorization, "NTLM abc");
    assert_int_equal(head.n_authorization, 1);
    assert_int_equal(head.body_bytes, 42);
    assert_true(head.expects_continue);
    assert_false(head.chunked);
    assert_false(head.keeps_alive);
    assert_int_equal(head.n_fields, 6);
    assert_string_equal(head.fields[1].name, "X-Empty");
    assert_string_equal(head.fields[1].value, "");
    assert_string_equal(head.fields[2].value, "42");
    mem_free(copy);
}

static void
test_http_head_read__taken_or_refused(void **state)
{
    static const struct {
        const char *text;
        unsigned status;
    } rows[] = {
        { GET HOST END, 0 },
        { "GET / HTTP/1.0\r\n" END, 0 },
        { "GET / HTTP/1.7\r\n" HOST END, 0 },
        { "OPTIONS * HTTP/1.1\r\n" HOST END, 0 },
        { GET HOST "X: \x80\xFF\t-\r\n" END, 0 },
        { GET HOST "Transfer-Encoding: Chunked\r\n" END, 0 },
        { GET HOST "Authorization: a\r\nAuthorization: b\r\n" END, 0 },
        { "GET / HTTP/1.0\r\nExpect: x\r\n" END, 0 },
        /* the request line */
        { "\r\n\r\n", 400 },
        { "GET\r\n" END, 400 },
        { "GET /\r\n" END, 400 },
        { "GET  / HTTP/1.1\r\n" HOST END, 400 },
        { "GET / HTTP/1.1 \r\n" HOST END, 400 },
        { " GET / HTTP/1.1\r\n" HOST END, 400 },
        { "G(T / HTTP/1.1\r\n" HOST END, 400 },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n" HOST END, 501 },
        { "GET http://web1/whoami HTTP/1.1\r\n" HOST END, 400 },
        { "CONNECT web1:80 HTTP/1.1\r\n" HOST END, 400 },
        { "GET * HTTP/1.1\r\n" HOST END, 400 },
        { "GET /a#b HTTP/1.1\r\n" HOST END, 400 },
        { "GET /\x01 HTTP/1.1\r\n" HOST END, 400 },
        { "GET /\xC3\xA4 HTTP/1.1\r\n" HOST END, 400 },
        { "GET / http/1.1\r\n" HOST END, 400 },
        { "GET / HTTP/1.11\r\n" HOST END, 400 },
        { "GET / HTTP/1x1\r\n" HOST END, 400 },
        { "GET / HTTP/2.0\r\n" HOST END, 505 },
        { "GET / HTTP/0.9\r\n" HOST END, 505 },
        { "GET / HTTP/1.1\n" HOST END, 400 },
        /* fields */
        { GET END, 400 },
        { GET HOST HOST END, 400 },
        { GET "Host: web1\n" END, 400 },
        { GET HOST "X: a\r\n b\r\n" END, 400 },
        { GET HOST "X: a\r\n\tb\r\n" END, 400 },
        { GET " X: a\r\n" HOST END, 400 },
        { GET HOST "X : a\r\n" END, 400 },
        { GET HOST "X\r\n" END, 400 },
        { GET HOST ": a\r\n" END, 400 },
        { GET HOST "X(: a\r\n" END, 400 },
        { GET HOST "X: a\rb\r\n" END, 400 },
        { GET HOST "X: a\x7F\r\n" END, 400 },
        { GET HOST "X: a\x1B\r\n" END, 400 },
        { GET HOST "Expect: miracles\r\n" END, 417 },
        /* how long the body is */
        { GET HOST "Content-Length: 5\r\nContent-Length: 5\r\n" END, 400 },
        { GET HOST "Content-Length: 5, 5\r\n" END, 400 },
        { GET HOST "Content-Length: +5\r\n" END, 400 },
        { GET HOST "Content-Length: 0x5\r\n" END, 400 },
        { GET HOST "Content-Length:\r\n" END, 400 },
        { GET HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END, 400 },
        { GET HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END, 400 },
        { GET HOST "Transfer-Encoding: gzip, chunked\r\n" END, 400 },
        { GET HOST "Transfer-Encoding: identity\r\n" END, 400 },
        { GET HOST "Transfer-Encoding:\r\n" END, 400 },
        { GET HOST "Transfer-Encoding: \x0B"
                   "chunked\r\n" END,
          400 },
        { "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END, 400 },
    };
    struct http_head head;
    char *copy;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        unsigned status = read_text(&head, rows[i].text, strlen(rows[i].text), &copy);

        if (status != rows[i].status) {
            fail_msg("row %zu: %u (%s)\n%s", i, status, head.why, rows[i].text);
        }
        assert_true(status == 0 || head.why[0]);
        mem_free(copy);
    }
    /* NUL, which no C string shows */
    assert_int_equal(read_text(&head, GET "Host: a\0b\r\n\r\n", sizeof(GET) + 12, &copy), 400);
    mem_free(copy);
    assert_int_equal(read_text(&head, "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29, &copy), 400);
    mem_free(copy);
}

static void
test_http_head_read__whether_the_connection_stays(void **state)
{
    static const struct {
        const char *text;
        bool keeps_alive;
    } rows[] = {
        { GET HOST END, true },
        { GET HOST "Connection: close\r\n" END, false },
        { GET HOST "Connection: keep-alive\r\nConnection: upgrade ,CLOSE\r\n" END, false },
        { GET HOST "Connection: closed\r\n" END, true },
        { "GET / HTTP/1.0\r\n" END, false },
        { "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" END, true },
        { "GET / HTTP/1.0\r\nConnection: Keep-Alive, close\r\n" END, false },
    };
    struct http_head head;
    char *copy;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_int_equal(read_text(&head, rows[i].text, strlen(rows[i].text), &copy), 0);
        assert_int_equal(head.keeps_alive, rows[i].keeps_alive);
        mem_free(copy);
    }
}

static void
test_http_head_read__limits(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct http_head head;

    (void)state;
    wire_put_bytes(&w, bytes_of_string(GET HOST));
    for (int i = 1; i < HTTP_MAX_FIELDS; i++) {
        wire_put_bytes(&w, bytes_of_string("X: y\r\n"));
    }
    wire_put_bytes(&w, bytes_of_string(END));
    assert_true(http_head_read(&head, (char *)w.p, w.len));
    assert_int_equal(head.n_fields, HTTP_MAX_FIELDS);
    w.len = 0;
    wire_put_bytes(&w, bytes_of_string(GET HOST));
    for (int i = 0; i < HTTP_MAX_FIELDS; i++) {
        wire_put_bytes(&w, bytes_of_string("X: y\r\n"));
    }
    wire_put_bytes(&w, bytes_of_string(END));
    assert_false(http_head_read(&head, (char *)w.p, w.len));
    assert_int_equal(head.status, 431);
    w.len = 0;
    wire_put_bytes(&w, bytes_of_string("GET /"));
    for (int i = 0; i < HTTP_TARGET_BYTES; i++) {
        wire_put_u8(&w, 'x');
    }
    wire_put_bytes(&w, bytes_of_string(" HTTP/1.1\r\n" HOST END));
    assert_false(http_head_read(&head, (char *)w.p, w.len));
    assert_int_equal(head.status, 414);
    w.len = 0;
    wire_put_bytes(&w, bytes_of_string(GET HOST "Content-Length: 99999999999999999999999\r\n" END));
    assert_true(http_head_read(&head, (char *)w.p, w.len));
    assert_true(head.body_bytes == UINT64_MAX);
}

static void
test_http_head_end__wherever_it_is_cut(void **state)
{
    static const char text[] = "\r\n" GET HOST "X: y\r\n" END;
    size_t n = sizeof(text) - 1, at = 0, fresh;

    (void)state;
    for (size_t i = 0; i <= n; i++) {
        char *cut = mem_dup(text, i);
        size_t end = http_head_end(bytes_of(cut, i), &at);

        fresh = 0;
        assert_int_equal(end, http_head_end(bytes_of(cut, i), &fresh));
        assert_int_equal(end, i == n ? n : 0);
        assert_true(http_head_may_begin(bytes_of(cut, i)));
        mem_free(cut);
    }
    /* What follows is not its. */
    at = 0;
    assert_int_equal(http_head_end(bytes_of_string(GET END "\r\n\r\n"), &at), sizeof(GET END) - 1);
    /* Bare LFs end it too: it is refused, not waited for. */
    at = 0;
    assert_int_equal(http_head_end(bytes_of_string("GET / HTTP/1.1\n\n"), &at), 16);
    assert_false(http_head_may_begin(bytes_of("\x16\x03\x01", 3)));
    assert_false(http_head_may_begin(bytes_of("\rG", 2)));
    assert_false(http_head_may_begin(bytes_of("\0", 1)));
}

static void
test_http_head_read__each_flipped_byte(void **state)
{
    static const char text[] = GET HOST "Content-Length: 5\r\nAuthorization: NTLM x\r\n" END;
    struct http_head head;

    (void)state;
    for (size_t i = 0; i < (sizeof(text) - 1) * 8; i++) {
        char *copy = mem_dup(text, sizeof(text) - 1);
        size_t scanned = 0, n;

        copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
        n = http_head_end(bytes_of(copy, sizeof(text) - 1), &scanned);
        if (n && http_head_read(&head, copy, n)) {
            assert_true(strlen(head.method) && strlen(head.path));
        }
        mem_free(copy);
    }
}

static void
test_http_head_move__the_copy_is_whole(void **state)
{
    static const char text[] = GET HOST "Authorization: NTLM x\r\nX:\r\n" END;
    struct http_head head;
    char *copy, *other;

    (void)state;
    assert_int_equal(read_text(&head, text, sizeof(text) - 1, &copy), 0);
    other = mem_dup(copy, sizeof(text) - 1);
    http_head_move(&head, copy, other);
    mem_free(copy);
    assert_string_equal(head.method, "GET");
    assert_string_equal(head.path, "/whoami");
    assert_string_equal(head.host, "web1");
    assert_string_equal(head.authorization, "NTLM x");
    assert_string_equal(head.fields[2].name, "X");
    assert_string_equal(head.fields[2].value, "");
    mem_free(other);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_head_read__what_was_said),
        cmocka_unit_test(test_http_head_read__taken_or_refused),
        cmocka_unit_test(test_http_head_read__whether_the_connection_stays),
        cmocka_unit_test(test_http_head_read__limits),
        cmocka_unit_test(test_http_head_end__wherever_it_is_cut),
        cmocka_unit_test(test_http_head_read__each_flipped_byte),
        cmocka_unit_test(test_http_head_move__the_copy_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
