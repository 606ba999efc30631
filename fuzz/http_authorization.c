/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: http_auth_parse, base64_decode, base64_encode, http_auth_put_percent,
 * http_auth_host, http_basic_read */
#include "base/base64.h"
#include "base/mem.h"
#include "event/hint.h"
#include "fuzz.h"
#include "service/http_auth.h"
#include "service/http_basic.h"

enum { MAX_TOKEN = 1000 };

/* One token has one text. */
static void
must_encode_to(struct bytes token, struct bytes value)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct bytes text;

    base64_encode(token, &w);
    text = wire_written(&w);
    while (value.n && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t')) {
        value.n--;
    }
    fuzz_must(text.n <= value.n && bytes_equal(text, bytes_of(value.p + value.n - text.n, text.n)));
}

/* A host is what may stand in a command, or none. */
static void
read_host(const uint8_t *data, size_t n)
{
    char *header = mem_dup(data, n), host[HTTP_HOST_BYTES];
    enum http_host kind;

    fuzz_must(header != NULL);
    kind = http_auth_host(header, host);
    fuzz_must((kind == HTTP_HOST_NONE) == (host[0] == 0));
    fuzz_must(kind == HTTP_HOST_NONE || event_hint_is_name(host));
    mem_free(header);
}

/* What was taken apart is what came, and nothing that would end a text sooner. */
static void
read_basic(struct bytes decoded)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct http_basic b;

    if (!http_basic_read(decoded, &b)) {
        bool has_domain = b.user != (const char *)b.room.p;

        fuzz_must(*b.user && !strchr(b.user, ':') && !strpbrk(b.domain, "\\:"));
        wire_put_bytes(&w, bytes_of_string(b.domain));
        wire_put_bytes(&w, bytes_of_string(has_domain ? "\\" : ""));
        wire_put_bytes(&w, bytes_of_string(b.user));
        wire_put_u8(&w, ':');
        wire_put_bytes(&w, bytes_of_string(b.password));
        fuzz_must(bytes_equal(wire_written(&w), decoded));
    }
    http_basic_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) percent = wire_writer_growing(NULL, 0);
    enum http_scheme scheme = HTTP_SCHEME_NEGOTIATE;
    enum http_auth_result result = http_auth_parse(bytes_of(data, n), MAX_TOKEN, &scheme, &w);

    read_host(data, n);
    fuzz_must(http_auth_result_text(result)[0] && http_auth_scheme_name(scheme)[0]);
    if (result == HTTP_AUTH_TOKEN) {
        fuzz_must(w.len <= MAX_TOKEN);
        must_encode_to(wire_written(&w), bytes_of(data, n));
        (void)http_auth_is_first(wire_written(&w));
        (void)http_auth_is_cut(wire_written(&w));
        read_basic(wire_written(&w));
    }
    fuzz_must(!http_auth_is_basic(bytes_of(data, n)) || !http_auth_goes_on(bytes_of(data, n)));
    http_auth_put_percent(&percent, bytes_of(data, n));
    for (size_t i = 0; i < percent.len; i++) {
        fuzz_must(percent.p[i] > ' ' && percent.p[i] < 0x7F && percent.p[i] != ',');
    }
    return 0;
}
