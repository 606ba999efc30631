/* SPDX-License-Identifier: Apache-2.0 */
/* What ends a program from outside. Source: the public documentation of consoleapi.h and of
 * HandlerRoutine. */
#ifndef OPENSSPI_COMPAT_CONSOLEAPI_H
#define OPENSSPI_COMPAT_CONSOLEAPI_H

#include "windows.h"

OPENSSPI_BEGIN

#define CTRL_C_EVENT        0 /* SIGINT */
#define CTRL_BREAK_EVENT    1 /* SIGQUIT */
#define CTRL_CLOSE_EVENT    2 /* SIGTERM, SIGHUP */
#define CTRL_LOGOFF_EVENT   5 /* never comes */
#define CTRL_SHUTDOWN_EVENT 6 /* never comes */

typedef BOOL(WINAPI *PHANDLER_ROUTINE)(DWORD CtrlType);

/*
 * Adds a function to those that are asked when one of these signals comes, or takes it away. They are asked
 * in a thread of its own for each signal, the one that was added last first, until one answers TRUE. If
 * none does, and after CTRL_CLOSE_EVENT in any case, the process is ended by that signal: who has to tidy
 * up after a CTRL_CLOSE_EVENT is done with it when his handler returns, and has as long as whoever sent the
 * signal waits.
 * NULL: SIGINT is ignored (Add), or is not any more; children that are made meanwhile inherit that.
 * FALSE: ERROR_INVALID_PARAMETER for a function to be taken away that is not among them;
 * ERROR_NOT_ENOUGH_MEMORY.
 * The signals are taken when the first function is added, and given back with the last one. One that the
 * program handles itself, or that it was started with ignored (nohup), stays as it is. select() and poll()
 * end with WSAEINTR when their thread is the one that a signal meets. In a child of fork() there are no
 * functions until it adds some.
 */
SEC_EXPORT BOOL WINAPI SetConsoleCtrlHandler(PHANDLER_ROUTINE HandlerRoutine, BOOL Add);

OPENSSPI_END

#endif
