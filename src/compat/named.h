/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of this process that may have a name: one set of names for all kinds. */
#ifndef COMPAT_NAMED_H
#define COMPAT_NAMED_H

#include "compat/object.h"

/* A new object that begins as `like`, or, where the name is taken, one more handle of the object that has
 * it: the last error is ERROR_ALREADY_EXISTS then, else 0. NULL and the last error: synchapi.h. */
HANDLE compat_named_create_a(const struct object *like, LPCSTR name);
HANDLE compat_named_create_w(const struct object *like, LPCWSTR name);
/* One more handle of an object of like's kind. */
HANDLE compat_named_open_a(const struct object *like, LPCSTR name);
HANDLE compat_named_open_w(const struct object *like, LPCWSTR name);

#endif
