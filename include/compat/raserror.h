/* SPDX-License-Identifier: Apache-2.0 */
/* The spelling that source for Windows uses. */
#include <opensspi/raserror.h>
