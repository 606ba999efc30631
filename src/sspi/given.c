/* SPDX-License-Identifier: Apache-2.0 */
/* A header in front of each block: its size, and a mark that fits this size at this address only.
 * No block begins a page, so the header of a pointer that is to be freed stands in the pointer's
 * own page: looking at it is safe wherever a pointer points to memory that is there. */
#include "sspi/given.h"

#include <stdatomic.h>
#include <stdint.h>

#include <opensspi/sspi.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/utf16.h"
#include "base/wire.h"

#define MARK UINT64_C(0x9d3f5ad1c46be827)

#define MOVED UINT64_C(0x8000000000000000)

enum { PAGE_BYTES = 4096 }; /* the smallest there is */

struct header {
    _Atomic uint64_t mark; /* wiped by who frees first */
    uint64_t size;         /* and MOVED: the allocation begins one header earlier */
};

_Static_assert(sizeof(struct header) == 16, "what follows the header is aligned to 16");

static uint64_t
mark_of(const struct header *h, uint64_t size)
{
    return MARK ^ (uint64_t)(uintptr_t)h ^ (size << 1 | size >> 63);
}

/* What was allocated for n bytes, of which one header is spare. */
static size_t
allocated(uint64_t n)
{
    return 2 * sizeof(struct header) + (size_t)n;
}

void *
given_new(size_t n)
{
    struct header *h = n <= SIZE_MAX / 2 ? mem_new(allocated(n)) : NULL;
    uint64_t size = n;

    if (!h) {
        return NULL;
    }
    if ((uintptr_t)(h + 1) % PAGE_BYTES == 0) {
        h++;
        size |= MOVED;
    }
    h->size = size;
    atomic_store_explicit(&h->mark, mark_of(h, size), memory_order_relaxed);
    return h + 1;
}

static struct header *
header_of(const void *p)
{
    uintptr_t at = (uintptr_t)p;

    if (at < PAGE_BYTES || at % PAGE_BYTES == 0 || at % sizeof(struct header) != 0) {
        return NULL;
    }
    return (struct header *)at - 1;
}

/* The memory may be another's, or freed: reading it is the point, and not a sanitizer's business. */
__attribute__((no_sanitize("address"), no_sanitize("thread"))) static bool
is_given(struct header *h, uint64_t *mark)
{
    *mark = atomic_load_explicit(&h->mark, memory_order_relaxed);
    return *mark == mark_of(h, h->size);
}

sec_status
given_free(void *p)
{
    struct header *h = header_of(p);
    uint64_t mark, n;

    if (!h || !is_given(h, &mark) || !atomic_compare_exchange_strong(&h->mark, &mark, 0)) {
        return sec_fail(SEC_E_INVALID_HANDLE,
                        "memory to free is not of this interface, or was freed before");
    }
    n = h->size & ~MOVED;
    mem_free_wiped(h - (h->size & MOVED ? 1 : 0), allocated(n));
    return SEC_E_OK;
}

size_t
given_size(const void *p)
{
    struct header *h = header_of(p);
    uint64_t mark;

    return h && is_given(h, &mark) ? (size_t)(h->size & ~MOVED) : 0;
}

/* A string ends at its first NUL: with one within, it would be read as another. */
static sec_status
refuse_nul(struct bytes utf16)
{
    for (size_t i = 0; i + 1 < utf16.n; i += 2) {
        if (wire_load_le16(utf16.p + i) == 0) {
            return sec_fail(SEC_E_CANNOT_PACK, "text of %zu bytes has a NUL within", utf16.n);
        }
    }
    return SEC_E_OK;
}

sec_status
given_string_w(struct bytes utf16, SEC_WCHAR **out)
{
    sec_status status = refuse_nul(utf16);
    SEC_WCHAR *copy;

    if (status != SEC_E_OK) {
        return status;
    }
    if (utf16.n % 2) {
        return sec_fail(SEC_E_CANNOT_PACK, "text of %zu bytes is not UTF-16", utf16.n);
    }
    copy = given_new(utf16.n + sizeof(*copy));
    if (!copy) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    for (size_t i = 0; i < utf16.n / 2; i++) {
        copy[i] = wire_load_le16(utf16.p + 2 * i);
    }
    *out = copy;
    return SEC_E_OK;
}

sec_status
given_string_a(struct bytes utf16, SEC_CHAR **out)
{
    sec_status status = refuse_nul(utf16);
    struct wire_writer size = wire_writer_measuring();
    struct wire_writer w;
    SEC_CHAR *copy;

    if (status != SEC_E_OK) {
        return status;
    }
    utf8_put_utf16(&size, utf16);
    if (wire_writer_status(&size) != WIRE_OK) {
        return sec_fail(SEC_E_CANNOT_PACK, "text of %zu bytes is not well-formed UTF-16", utf16.n);
    }
    copy = given_new(size.len + 1);
    if (!copy) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    w = wire_writer_fixed(copy, size.len);
    utf8_put_utf16(&w, utf16);
    *out = copy;
    return SEC_E_OK;
}

/* An error that came before keeps its reason: memory is given back on the way to the log. */
SECURITY_STATUS SEC_ENTRY
FreeContextBuffer(void *pvContextBuffer)
{
    return given_free(pvContextBuffer);
}
