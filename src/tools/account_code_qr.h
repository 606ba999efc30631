/* SPDX-License-Identifier: Apache-2.0 */
/* QR codes on a terminal. */
#ifndef TOOLS_ACCOUNT_CODE_QR_H
#define TOOLS_ACCOUNT_CODE_QR_H

#include "base/attributes.h"
#include "base/wire.h"

/* Appends lines of UTF-8 half blocks, two rows of the code in each, black on white whatever the
 * terminal's colours are, with the margin of four that readers want. false: it does not fit into a
 * QR code, or there is no memory. */
SEC_NODISCARD bool account_code_put_qr(struct wire_writer *w, const char *text);

#endif
