/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP replies. */
#include "service/http_write.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    unsigned status;
    const char *phrase;
} phrases[] = {
    { 200, "OK" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 417, "Expectation Failed" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 503, "Service Unavailable" },
    { 505, "HTTP Version Not Supported" },
};

/* RFC 9112 4: it may be empty. */
static const char *
phrase_of(unsigned status)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(phrases); i++) {
        if (phrases[i].status == status) {
            return phrases[i].phrase;
        }
    }
    return "";
}

static void
put_text(struct wire_writer *w, const char *text)
{
    wire_put_bytes(w, bytes_of_string(text));
}

static void
put_field(struct wire_writer *w, const char *name, struct bytes value)
{
    put_text(w, name);
    put_text(w, ": ");
    wire_put_bytes(w, value);
    put_text(w, "\r\n");
}

void
http_write_reply(struct wire_writer *w, const struct http_reply *reply,
                 const struct http_write_to *to)
{
    char line[128];

    (void)snprintf(line, sizeof(line), "HTTP/1.1 %03u %s\r\nDate: %s\r\nContent-Length: %zu\r\n",
                   reply->status, phrase_of(reply->status), to->date, reply->body.len);
    put_text(w, line);
    if (reply->type) {
        put_field(w, "Content-Type", bytes_of_string(reply->type));
    }
    for (size_t i = 0; i < reply->n_headers; i++) {
        const struct http_header *header = &reply->headers[i];

        put_field(w, header->name, bytes_of_string((const char *)header->value.p));
    }
    if (reply->close) {
        put_text(w, "Connection: close\r\n");
    } else if (to->minor == 0) {
        put_text(w, "Connection: keep-alive\r\n");
    }
    put_text(w, "\r\n");
    if (!to->is_head) {
        wire_put_bytes(w, wire_written(&reply->body));
    }
}

void
http_write_refusal(struct http_reply *reply, unsigned status)
{
    *reply = (struct http_reply){ .status = status,
                                  .close = true,
                                  .type = "text/plain; charset=utf-8",
                                  .body = wire_writer_growing(NULL, 0) };
    put_text(&reply->body, phrase_of(status));
    wire_put_u8(&reply->body, '\n');
}

void
http_write_date(int64_t seconds, char date[static HTTP_DATE_BYTES])
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t at = (time_t)seconds;
    struct tm t = { 0 };

    (void)gmtime_r(&at, &t);
    (void)snprintf(date, HTTP_DATE_BYTES, "%s, %02u %s %04u %02u:%02u:%02u GMT",
                   days[(unsigned)t.tm_wday % 7], (unsigned)t.tm_mday % 100,
                   months[(unsigned)t.tm_mon % 12], (unsigned)(t.tm_year + 1900) % 10000,
                   (unsigned)t.tm_hour % 100, (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100);
}
