/* SPDX-License-Identifier: Apache-2.0 */
/* Memory by its Windows names: blocks that know their size. */
#include <stdbool.h>
#include <windows.h>

#include "base/bytes.h"
#include "base/mem.h"

struct block {
    _Alignas(16) size_t size;
};

static const char process_heap; /* its address is the handle */

static struct block *
block_of(LPCVOID memory)
{
    return (struct block *)(uintptr_t)memory - 1;
}

static LPVOID
allocate(SIZE_T bytes)
{
    struct block *b = bytes > SIZE_MAX - sizeof(struct block) ? NULL : mem_new(sizeof(*b) + bytes);

    if (!b) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    b->size = bytes;
    return b + 1;
}

/* What was grown is zero, whether that was asked for or not. */
static LPVOID
reallocate(LPVOID memory, SIZE_T bytes, bool in_place)
{
    const size_t before = memory ? block_of(memory)->size : 0;
    LPVOID grown;

    if (memory && bytes <= before) {
        block_of(memory)->size = bytes;
        return memory;
    }
    if (in_place || !memory) {
        SetLastError(memory ? ERROR_NOT_ENOUGH_MEMORY : ERROR_INVALID_PARAMETER);
        return NULL;
    }
    grown = allocate(bytes);
    if (grown) {
        bytes_copy(grown, memory, before);
        mem_free(block_of(memory));
    }
    return grown;
}

static void
release(LPVOID memory)
{
    if (memory) {
        mem_free(block_of(memory));
    }
}

static bool
check(bool good, DWORD error)
{
    if (!good) {
        SetLastError(error);
    }
    return good;
}

/* --- the heap ------------------------------------------------------------------------------ */

HANDLE
GetProcessHeap(void)
{
    return (HANDLE)(uintptr_t)&process_heap;
}

static bool
check_heap(HANDLE heap, DWORD flags, DWORD known)
{
    return check(heap == GetProcessHeap(), ERROR_INVALID_HANDLE) &&
           check((flags & ~(known | HEAP_NO_SERIALIZE)) == 0, ERROR_INVALID_PARAMETER);
}

LPVOID
HeapAlloc(HANDLE hHeap, DWORD dwFlags, SIZE_T dwBytes)
{
    return check_heap(hHeap, dwFlags, HEAP_ZERO_MEMORY) ? allocate(dwBytes) : NULL;
}

LPVOID
HeapReAlloc(HANDLE hHeap, DWORD dwFlags, LPVOID lpMem, SIZE_T dwBytes)
{
    if (!check_heap(hHeap, dwFlags, HEAP_ZERO_MEMORY | HEAP_REALLOC_IN_PLACE_ONLY)) {
        return NULL;
    }
    return reallocate(lpMem, dwBytes, dwFlags & HEAP_REALLOC_IN_PLACE_ONLY);
}

BOOL
HeapFree(HANDLE hHeap, DWORD dwFlags, LPVOID lpMem)
{
    if (!check_heap(hHeap, dwFlags, 0)) {
        return FALSE;
    }
    release(lpMem);
    return TRUE;
}

SIZE_T
HeapSize(HANDLE hHeap, DWORD dwFlags, LPCVOID lpMem)
{
    if (!check_heap(hHeap, dwFlags, 0) || !check(lpMem != NULL, ERROR_INVALID_PARAMETER)) {
        return (SIZE_T)-1;
    }
    return block_of(lpMem)->size;
}

/* --- Local and Global ---------------------------------------------------------------------- */

static bool
check_flags(UINT flags)
{
    return check((flags & ~(UINT)LHND) == 0, ERROR_INVALID_PARAMETER);
}

HLOCAL
LocalAlloc(UINT uFlags, SIZE_T uBytes)
{
    return check_flags(uFlags) ? allocate(uBytes) : NULL;
}

HLOCAL
LocalReAlloc(HLOCAL hMem, SIZE_T uBytes, UINT uFlags)
{
    return check_flags(uFlags) ? reallocate(hMem, uBytes, false) : NULL;
}

HLOCAL
LocalFree(HLOCAL hMem)
{
    release(hMem);
    return NULL;
}

SIZE_T
LocalSize(HLOCAL hMem)
{
    return check(hMem != NULL, ERROR_INVALID_HANDLE) ? block_of(hMem)->size : 0;
}

LPVOID
LocalLock(HLOCAL hMem)
{
    return check(hMem != NULL, ERROR_INVALID_HANDLE) ? hMem : NULL;
}

BOOL
LocalUnlock(HLOCAL hMem)
{
    SetLastError(hMem ? NO_ERROR : ERROR_INVALID_HANDLE);
    return FALSE;
}
