/* SPDX-License-Identifier: Apache-2.0 */
/* Threads as the C library of Windows spells them: CreateThread by another name. Source: the public
 * documentation of process.h. */
#ifndef OPENSSPI_COMPAT_PROCESS_H
#define OPENSSPI_COMPAT_PROCESS_H

#include "windows.h"

OPENSSPI_BEGIN

/* 0 where it fails. */
SEC_EXPORT uintptr_t _beginthreadex(void *security, unsigned stack_size,
                                    unsigned(WINAPI *start_address)(void *), void *arglist,
                                    unsigned initflag, unsigned *thrdaddr);
SEC_EXPORT void _endthreadex(unsigned retval) __attribute__((noreturn));

/* The thread's end closes the handle. (uintptr_t)-1 where it fails. */
SEC_EXPORT uintptr_t _beginthread(void(WINAPI *start_address)(void *), unsigned stack_size,
                                  void *arglist);
SEC_EXPORT void _endthread(void) __attribute__((noreturn));

OPENSSPI_END

#endif
