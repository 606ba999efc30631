/* SPDX-License-Identifier: Apache-2.0 */
/* Critical sections: POSIX' recursive mutexes. */
#include <pthread.h>
#include <windows.h>

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(CRITICAL_SECTION), "it lies in there");
_Static_assert(_Alignof(pthread_mutex_t) <= _Alignof(CRITICAL_SECTION), "and well aligned");

static pthread_mutex_t *
mutex_of(LPCRITICAL_SECTION section)
{
    return (pthread_mutex_t *)(void *)section->Opaque;
}

BOOL
InitializeCriticalSectionAndSpinCount(LPCRITICAL_SECTION lpCriticalSection, DWORD dwSpinCount)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(mutex_of(lpCriticalSection), &attributes);
    pthread_mutexattr_destroy(&attributes);
    return TRUE;
}

void
InitializeCriticalSection(LPCRITICAL_SECTION lpCriticalSection)
{
    (void)InitializeCriticalSectionAndSpinCount(lpCriticalSection, 0);
}

void
EnterCriticalSection(LPCRITICAL_SECTION lpCriticalSection)
{
    pthread_mutex_lock(mutex_of(lpCriticalSection));
}

BOOL
TryEnterCriticalSection(LPCRITICAL_SECTION lpCriticalSection)
{
    return pthread_mutex_trylock(mutex_of(lpCriticalSection)) == 0;
}

void
LeaveCriticalSection(LPCRITICAL_SECTION lpCriticalSection)
{
    pthread_mutex_unlock(mutex_of(lpCriticalSection));
}

void
DeleteCriticalSection(LPCRITICAL_SECTION lpCriticalSection)
{
    pthread_mutex_destroy(mutex_of(lpCriticalSection));
}
