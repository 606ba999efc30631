/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP replies, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "service/http_write.h"

static const char *
write_reply(const struct http_reply *reply, const struct http_write_to *to, char text[static 1024])
{
    struct wire_writer w = wire_writer_fixed(text, 1023);

    http_write_reply(&w, reply, to);
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    text[w.len] = 0;
    return text;
}

static void
test_http_write_reply__as_it_is_sent(void **state)
{
    struct http_reply reply = { .status = 401, .type = "text/plain", .n_headers = 1 };
    struct http_write_to to = { "Sun, 06 Nov 1994 08:49:37 GMT", 1, false };
    char text[1024];

    (void)state;
    reply.body = wire_writer_growing(NULL, 0);
    wire_put_bytes(&reply.body, bytes_of_string("No\n"));
    reply.headers[0] = (struct http_header){ "WWW-Authenticate", wire_writer_growing(NULL, 0) };
    wire_put(&reply.headers[0].value, "NTLM", 5);
    assert_string_equal(write_reply(&reply, &to, text),
                        "HTTP/1.1 401 Unauthorized\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                        "Content-Length: 3\r\nContent-Type: text/plain\r\n"
                        "WWW-Authenticate: NTLM\r\n\r\nNo\n");
    to.is_head = true;
    reply.close = true;
    reply.type = NULL;
    reply.status = 299;
    assert_string_equal(write_reply(&reply, &to, text),
                        "HTTP/1.1 299 \r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                        "Content-Length: 3\r\nWWW-Authenticate: NTLM\r\n"
                        "Connection: close\r\n\r\n");
    to = (struct http_write_to){ "D", 0, false };
    reply.close = false;
    assert_string_equal(write_reply(&reply, &to, text),
                        "HTTP/1.1 299 \r\nDate: D\r\nContent-Length: 3\r\n"
                        "WWW-Authenticate: NTLM\r\nConnection: keep-alive\r\n\r\nNo\n");
    http_reply_clear(&reply);
}

static void
test_http_write_refusal__its_status_and_the_end(void **state)
{
    const struct http_write_to to = { "D", 1, false };
    struct http_reply reply;
    char text[1024];

    (void)state;
    http_write_refusal(&reply, 431);
    assert_string_equal(write_reply(&reply, &to, text),
                        "HTTP/1.1 431 Request Header Fields Too Large\r\nDate: D\r\n"
                        "Content-Length: 32\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        "Connection: close\r\n\r\nRequest Header Fields Too Large\n");
    http_reply_clear(&reply);
}

static void
test_http_write_date__rfc_9110(void **state)
{
    char date[HTTP_DATE_BYTES];

    (void)state;
    http_write_date(784111777, date); /* the example of RFC 9110 5.6.7 */
    assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    http_write_date(0, date);
    assert_string_equal(date, "Thu, 01 Jan 1970 00:00:00 GMT");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_write_reply__as_it_is_sent),
        cmocka_unit_test(test_http_write_refusal__its_status_and_the_end),
        cmocka_unit_test(test_http_write_date__rfc_9110),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
