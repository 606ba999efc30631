/* SPDX-License-Identifier: Apache-2.0 */
/* Windows' file systems do not tell cases apart; this one does. */
#include "strsafe.h"
