/* SPDX-License-Identifier: Apache-2.0 */
/* A credential cache of this process as the file that another process' libkrb5 reads. Asks no KDC. */
#ifndef TICKET_CACHE_FILE_H
#define TICKET_CACHE_FILE_H

#include "base/status.h"
#include "base/wire.h"

/* Appends what a FILE: cache with the content of `cache` ("MEMORY:…") would have, in version 4 of MIT's
 * documented format. There are session keys in it: out is to be a writer of secrets. Safe from any
 * thread. SEC_E_NO_CREDENTIALS: there is no such cache, or nothing in it; SEC_E_INSUFFICIENT_MEMORY. */
SEC_NODISCARD sec_status cache_file_write(const char *cache, struct wire_writer *out);

#endif
