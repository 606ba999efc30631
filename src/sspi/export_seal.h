/* SPDX-License-Identifier: Apache-2.0 */
/* What an exported context travels in: sealed with the key file of [export], good for a short time,
 * and opened once by all the processes that share the list of what is spent. */
#ifndef SSPI_EXPORT_SEAL_H
#define SSPI_EXPORT_SEAL_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/status.h"
#include "base/wire.h"

struct export_seal;

struct export_options {
    const char *key_file;   /* made on first use */
    const char *spent_file; /* the same; lasts until the machine is started anew */
    unsigned lifetime_s;
};

/* *out is owned by the caller: export_seal_close. SEC_E_NO_CREDENTIALS: there is no such key, or it
 * is open to others. */
SEC_NODISCARD sec_status export_seal_open(const struct export_options *, struct export_seal **out);
void export_seal_close(struct export_seal *); /* NULL is a no-op */

SEC_NODISCARD sec_status export_seal_put(struct export_seal *, struct bytes plain,
                                         uint64_t now_100ns, struct wire_writer *out);

enum { EXPORT_ID_BYTES = 16 };
struct export_opened {
    struct secret plain; /* the caller's to clear */
    uint8_t id[EXPORT_ID_BYTES];
    uint64_t made_100ns;
};

/* SEC_E_INVALID_TOKEN: not sealed with this key beside this list, altered, cut short, of another
 * version;
 * SEC_E_CONTEXT_EXPIRED: its time is over. */
SEC_NODISCARD sec_status export_seal_take(struct export_seal *, struct bytes sealed,
                                          uint64_t now_100ns, struct export_opened *out);
/* Notes that it was used; of all who come with the same, one is told SEC_E_OK. The others, and all
 * where that cannot be known: SEC_E_CONTEXT_EXPIRED. */
SEC_NODISCARD sec_status export_seal_spend(struct export_seal *, const struct export_opened *,
                                           uint64_t now_100ns);

#endif
