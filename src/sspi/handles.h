/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handle table: what stands between a caller's two integers and the library's objects. A
 * handle is an index and a generation; a stale, doubled, zero or random one finds nothing, in any
 * thread. Looking one up takes no lock.
 */
#ifndef SSPI_HANDLES_H
#define SSPI_HANDLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

struct handle_slot;

enum handle_kind { HANDLE_CREDENTIAL, HANDLE_CONTEXT, HANDLE_TOKEN, HANDLE_KINDS };

/* The two words of a SecHandle. */
struct handle {
    uint64_t lower, upper;
};

/* A reference to a live object: keeps it alive, also past its handle's end. */
struct handle_ref {
    struct handle_slot *slot;
    void *object; /* NULL: there was none */
};

/* Makes a handle for object, which the table owns from now on. false: no memory, or 2^22 objects
 * are alive; object is still the caller's. */
SEC_NODISCARD bool handle_new(enum handle_kind, void *object, struct handle *out);

/* The object behind a handle: handle_release it. */
struct handle_ref handle_acquire(enum handle_kind, struct handle);
/* One more reference to what is held already. */
struct handle_ref handle_share(struct handle_ref held);
/* The last one destroys the object. An empty reference is a no-op. */
void handle_release(struct handle_ref);
void handle_ref_auto(struct handle_ref *);

/* Ends a handle: it finds nothing any more, and the object goes when its last reference does.
 * false: it was no handle. Of several callers at once one gets true. */
SEC_NODISCARD bool handle_delete(enum handle_kind, struct handle);

/* A handle in one word, for kinds whose callers have no more: above 2^32, a multiple of 4. */
uint64_t handle_pack(struct handle);
struct handle handle_unpack(enum handle_kind, uint64_t packed);

/* What destroys an object of a kind; set before the first handle_new of it. */
typedef void (*handle_destroy)(void *object);
extern const handle_destroy handle_destroyers[HANDLE_KINDS];

#endif
