/* SPDX-License-Identifier: Apache-2.0 */
/* The Kerberos security package: the AP exchange of RFC 4120 in the tokens of RFC 4121, as
 * [MS-KILE] has it. */
#ifndef KERBEROS_KERBEROS_H
#define KERBEROS_KERBEROS_H

#include "package.h"

extern const struct sec_package kerberos_package;

#endif
