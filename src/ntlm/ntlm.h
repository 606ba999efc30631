/* SPDX-License-Identifier: Apache-2.0 */
/* The NTLM security package. */
#ifndef NTLM_NTLM_H
#define NTLM_NTLM_H

#include "package.h"

extern const struct sec_package ntlm_package;

#endif
