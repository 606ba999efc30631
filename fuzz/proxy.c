/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: proxy_take_addresses, proxy_is_trusted, proxy_read. The first line is a
 * configuration's, the others are what a proxy sends: a field's letter and its value. */
#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "service/proxy.h"

enum { FIELDS = 8 };

static void
take_addresses(const char *line)
{
    struct proxy_rules rules = { 0 };
    char why[256] = "";
    bool good = proxy_take_addresses(&rules, line, why, sizeof(why));

    fuzz_must(good == (why[0] == 0));
    if (good) {
        fuzz_must(rules.n_prefixes > 0 && proxy_is_trusted(&rules, &rules.prefixes[0].address));
    }
    proxy_rules_clear(&rules);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct proxy_rules rules = { .connection_header = (char *)"A",
                                              .age_header = (char *)"B",
                                              .client_header = (char *)"C",
                                              .scheme_header = (char *)"D" };
    static const char *const names[] = { "a", "b", "c", "d", "e" };
    char *text = mem_dup(data, n), *rest = text, *line = text ? strsep(&rest, "\n") : NULL;
    struct http_field fields[FIELDS];
    struct http_fields all = { fields, 0 };
    struct proxy_said said;
    struct in6_addr address;

    if (line) {
        take_addresses(line);
    }
    while (text && all.n < FIELDS && (line = strsep(&rest, "\n")) != NULL) {
        fields[all.n++] =
            (struct http_field){ names[*line ? (uint8_t)*line % 5 : 4], *line ? line + 1 : line };
    }
    if (!proxy_read(&rules, &all, &said)) {
        fuzz_must(!said.connection || (*said.connection && said.has_age));
        fuzz_must(!said.client_text[0] || inet_pton(AF_INET, said.client_text, &address) == 1 ||
                  inet_pton(AF_INET6, said.client_text, &address) == 1);
    }
    mem_free(text);
    return 0;
}
