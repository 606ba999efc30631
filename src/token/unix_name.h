/* SPDX-License-Identifier: Apache-2.0 */
/* Names of this system's users and groups, and the SIDs that stand for them: S-1-22-1-uid and
 * S-1-22-2-gid, as Samba has them. */
#ifndef TOKEN_UNIX_NAME_H
#define TOKEN_UNIX_NAME_H

#include <sys/types.h>

#include "base/status.h"
#include "base/wire.h"
#include "codec/sid.h"

struct sid unix_name_user_sid(uid_t uid);
struct sid unix_name_group_sid(gid_t gid);
/* false: it is no such SID. */
SEC_NODISCARD bool unix_name_is_user(const struct sid *, uid_t *out);
SEC_NODISCARD bool unix_name_is_group(const struct sid *, gid_t *out);

/* The name, in UTF-8, appended with its NUL; SEC_E_TARGET_UNKNOWN: there is none. May block. */
SEC_NODISCARD sec_status unix_name_of_user(uid_t uid, struct wire_writer *out);
SEC_NODISCARD sec_status unix_name_of_group(gid_t gid, struct wire_writer *out);
/* The other way. */
SEC_NODISCARD sec_status unix_name_find_user(const char *name, uid_t *out);
SEC_NODISCARD sec_status unix_name_find_group(const char *name, gid_t *out);

#endif
