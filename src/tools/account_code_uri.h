/* SPDX-License-Identifier: Apache-2.0 */
/* A one-time code as the apps that show it take it: Google's Key Uri Format. */
#ifndef TOOLS_ACCOUNT_CODE_URI_H
#define TOOLS_ACCOUNT_CODE_URI_H

#include "account/one_time_code.h"
#include "base/wire.h"

/* "otpauth://totp/ISSUER:USER?secret=…&issuer=ISSUER&algorithm=SHA1&digits=6&period=30"; for HOTP
 * counter instead of period. A secret as a whole. Names are UTF-8. */
void account_code_put_uri(struct wire_writer *w, const char *issuer, const char *user,
                          const struct one_time_code *);

#endif
