/* SPDX-License-Identifier: Apache-2.0 */
/* The spelling that source for Windows uses; there, it brings mprapi.h along. */
#include <mprapi.h>
#include <opensspi/rasshost.h>
