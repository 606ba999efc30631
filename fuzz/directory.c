/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: locate_take_answer, filter_guess, filter_put_name. The first byte chooses: an
 * answer of DNS, or a name in the format of that number. */
#include <string.h>

#include "base/mem.h"
#include "base/wire.h"
#include "directory/filter.h"
#include "directory/locate.h"
#include "fuzz.h"

static const struct filter_domain domain = { "example.test", "EXAMPLE" };

static void
try_answer(struct bytes in)
{
    struct locate_list list = { .n = 0 };

    (void)locate_take_answer(&list, in);
    fuzz_must(list.n <= LOCATE_SERVERS_MAX);
    for (size_t i = 0; i < list.n; i++) {
        fuzz_must(list.at[i].port && list.at[i].host[0] && !strpbrk(list.at[i].host, "/@ \\\n"));
    }
}

/* The filter's own brackets are in pairs, and no wildcard is in it. */
static void
try_name(uint32_t format, struct bytes in)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);
    char *name = mem_dup(in.p, in.n);

    fuzz_must(name != NULL);
    format = format ? format : filter_guess(&domain, name);
    if (filter_put_name(&w, &domain, format, name) == SEC_E_OK) {
        int depth = 0;

        for (const uint8_t *p = w.p; *p; p++) {
            depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
            fuzz_must(*p != '*' && depth >= 0 && depth <= 2 && (depth > 0 || !p[1]));
        }
        fuzz_must(depth == 0);
    }
    wire_writer_clear(&w);
    mem_free(name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) {
        return 0;
    }
    if (data[0] == 0xff) {
        try_answer(bytes_of(data + 1, n - 1));
    } else {
        try_name(data[0] % 16, bytes_of(data + 1, n - 1));
    }
    return 0;
}
