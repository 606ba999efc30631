/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory: the process's heap, and the Local and Global functions, which are that heap too. Movable
 * memory does not move: its handle is its address, and locking answers it. NULL and
 * ERROR_NOT_ENOUGH_MEMORY, or ERROR_INVALID_PARAMETER for flags that are not below. Memory of one
 * family is not freed with another's functions. Source: the public documentation of heapapi.h and
 * winbase.h.
 */
#ifndef OPENSSPI_COMPAT_HEAPAPI_H
#define OPENSSPI_COMPAT_HEAPAPI_H

#include "windows.h"

OPENSSPI_BEGIN

#define HEAP_NO_SERIALIZE          0x00000001
#define HEAP_ZERO_MEMORY           0x00000008
#define HEAP_REALLOC_IN_PLACE_ONLY 0x00000010

SEC_EXPORT HANDLE WINAPI GetProcessHeap(void);
SEC_EXPORT LPVOID WINAPI HeapAlloc(HANDLE hHeap, DWORD dwFlags, SIZE_T dwBytes);
/* NULL, and the old memory stays, where it fails. */
SEC_EXPORT LPVOID WINAPI HeapReAlloc(HANDLE hHeap, DWORD dwFlags, LPVOID lpMem, SIZE_T dwBytes);
/* NULL is a no-op. */
SEC_EXPORT BOOL WINAPI HeapFree(HANDLE hHeap, DWORD dwFlags, LPVOID lpMem);
SEC_EXPORT SIZE_T WINAPI HeapSize(HANDLE hHeap, DWORD dwFlags, LPCVOID lpMem);

#define LMEM_FIXED    0x0000
#define LMEM_MOVEABLE 0x0002
#define LMEM_ZEROINIT 0x0040
#define LPTR          0x0040
#define LHND          0x0042
#define GMEM_FIXED    LMEM_FIXED
#define GMEM_MOVEABLE LMEM_MOVEABLE
#define GMEM_ZEROINIT LMEM_ZEROINIT
#define GPTR          LPTR
#define GHND          LHND

SEC_EXPORT HLOCAL WINAPI LocalAlloc(UINT uFlags, SIZE_T uBytes);
SEC_EXPORT HLOCAL WINAPI LocalReAlloc(HLOCAL hMem, SIZE_T uBytes, UINT uFlags);
/* NULL: it is freed. */
SEC_EXPORT HLOCAL WINAPI LocalFree(HLOCAL hMem);
SEC_EXPORT SIZE_T WINAPI LocalSize(HLOCAL hMem);
SEC_EXPORT LPVOID WINAPI LocalLock(HLOCAL hMem);
/* FALSE and NO_ERROR: it is locked no more. */
SEC_EXPORT BOOL WINAPI LocalUnlock(HLOCAL hMem);

#define GlobalAlloc   LocalAlloc
#define GlobalReAlloc LocalReAlloc
#define GlobalFree    LocalFree
#define GlobalSize    LocalSize
#define GlobalLock    LocalLock
#define GlobalUnlock  LocalUnlock

OPENSSPI_END

#endif
