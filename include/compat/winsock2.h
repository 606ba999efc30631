/* SPDX-License-Identifier: Apache-2.0 */
/* Winsock 2: one implementation serves both versions. */
#include "winsock.h"
