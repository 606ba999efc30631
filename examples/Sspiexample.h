/* SPDX-License-Identifier: Apache-2.0 */
/* The other spelling that sources use. */
#include "SspiExample.h"
