/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the library's own. */
#ifndef COMPAT_THREAD_H
#define COMPAT_THREAD_H

#include <stdbool.h>
#include <windows.h>

/* As the process, and with all signals blocked: those are the program's own threads' business. stays: it
 * never ends, and does not keep the process from ending. */
bool compat_thread_start(LPTHREAD_START_ROUTINE run, LPVOID parameter, bool stays);

#endif
