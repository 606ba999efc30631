/* SPDX-License-Identifier: Apache-2.0 */
/* The Negotiate security package: SPNEGO over the other packages. */
#ifndef NEGOTIATE_NEGOTIATE_H
#define NEGOTIATE_NEGOTIATE_H

#include "package.h"

extern const struct sec_package negotiate_package;

#endif
