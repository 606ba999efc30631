/* SPDX-License-Identifier: Apache-2.0 */
/* Events, for the library's own use: no last error. */
#ifndef COMPAT_EVENT_H
#define COMPAT_EVENT_H

#include <stdbool.h>
#include <windows.h>

bool compat_event_is(HANDLE handle);
/* Sets or resets it; false: it is no open event. */
bool compat_event_change(HANDLE handle, bool set);

#endif
