/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the processes behind one proxy leave what they know of a client's connection for each other: a
 * file for each in a folder that is theirs alone, under a name that the connection's key makes with
 * [export] key_file, and sealed with it. What is claimed is gone: of all who try at once one has it.
 * Safe from any thread. Files of tmpfs are meant; all the same, not for a loop.
 */
#ifndef SERVICE_PROXIED_STORE_H
#define SERVICE_PROXIED_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/secret.h"

struct proxied_store;

enum {
    PROXIED_STORE_NAME_CHARS = 33,
    PROXIED_STORE_BYTES_MAX = 256 * 1024, /* of one connection: an identity in 4,000 groups */
    PROXIED_STORE_FILES_MAX = 32768,
};

struct proxied_store_name {
    char text[PROXIED_STORE_NAME_CHARS];
};

struct proxied_store_place {
    const char *folder, *key_file;
    const char *boot_id_file; /* BOOT_ID_FILE: what tells this boot from others */
};

/* Makes the folder where there is none, and the key file. NULL: why says why, which for a folder is
 * that others may look into it, that it is somebody else's, or that it may outlive this boot and nothing
 * tells boots apart. Owned by the caller. */
SEC_NODISCARD struct proxied_store *proxied_store_open(const struct proxied_store_place *,
                                                       char *why, size_t why_n);
void proxied_store_close(struct proxied_store *); /* NULL is a no-op */

/* Nobody without the key can tell it, or which two names are of one client. */
void proxied_store_name(const struct proxied_store *, struct bytes key,
                        struct proxied_store_name *out);

enum proxied_store_answer {
    PROXIED_STORE_FOUND,
    PROXIED_STORE_NONE,
    PROXIED_STORE_TROUBLE, /* a file that was altered or is another boot's, no memory, no disk */
};

/* What is there; unused_s is for how long nobody has looked at it, UINT64_MAX where the clock was
 * set back since. *out is the caller's to clear. */
SEC_NODISCARD enum proxied_store_answer proxied_store_look(struct proxied_store *,
                                                           const struct proxied_store_name *,
                                                           struct secret *out, uint64_t *unused_s);
/* The same, and nobody else finds it any more. Of a file that is no good nothing is left. */
SEC_NODISCARD enum proxied_store_answer proxied_store_claim(struct proxied_store *,
                                                            const struct proxied_store_name *,
                                                            struct secret *out, uint64_t *unused_s);
/* false: somebody has put something there meanwhile, which stays; or there is no room. */
SEC_NODISCARD bool proxied_store_put(struct proxied_store *, const struct proxied_store_name *,
                                     struct bytes content);
/* Somebody has looked at it now. */
void proxied_store_touch(struct proxied_store *, const struct proxied_store_name *);

/* Every connection that was not touched for min_unused_s; also puts away what processes left behind
 * that died. */
typedef void (*proxied_store_see)(void *user, const struct proxied_store_name *);
void proxied_store_each(struct proxied_store *, uint64_t min_unused_s, proxied_store_see,
                        void *user);

#endif
