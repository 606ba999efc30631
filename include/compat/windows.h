/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What source written for Windows around SSPI expects of windows.h: types, last error, dynamic
 * loading, names, events. Opt-in: its names (BOOL, BYTE, …) collide with other libraries', so it
 * lives in an include folder of its own, and its functions in libopensspi-compat.
 *
 * A functions take UTF-8, W functions UTF-16. TEXT("x") is right in both builds. L"x" is 32 bits a
 * character here: compile with -fshort-wchar where the source has such literals, and leave the C
 * library's own wide functions alone then. printf takes a DWORD with %u; %lu expects 64 bits.
 */
#ifndef OPENSSPI_COMPAT_WINDOWS_H
#define OPENSSPI_COMPAT_WINDOWS_H

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <opensspi/wintypes.h>
#include "sal.h"
#include "winerror.h"

OPENSSPI_BEGIN

typedef int BOOL, *PBOOL, *LPBOOL;
#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

#ifndef VOID
#define VOID void
#endif
#ifndef CONST
#define CONST const
#endif
#define FAR
#define NEAR
#define IN
#define OUT
#define OPTIONAL
#define PASCAL
#define CALLBACK
#define APIENTRY
#define WINAPIV
#define __cdecl
#define __stdcall
#define __fastcall
#define UNREFERENCED_PARAMETER(p) ((void)(p))
#define ARRAYSIZE(array)          (sizeof(array) / sizeof((array)[0]))

typedef float FLOAT;
typedef long long INT64, *PINT64;
typedef unsigned long long UINT64, *PUINT64, DWORD64, *PDWORD64, DWORDLONG;
typedef int32_t INT32, LONG32;
typedef uint32_t UINT32, DWORD32;
typedef SHORT *PSHORT;
typedef INT *PINT, *LPINT;
typedef UINT *PUINT, *LPUINT;
typedef const void *LPCVOID, *PCVOID;
typedef size_t SIZE_T, *PSIZE_T;
typedef ptrdiff_t SSIZE_T;
typedef HANDLE HINSTANCE, HMODULE, HWND, HLOCAL, HGLOBAL, HKEY;
typedef HANDLE *LPHANDLE;

/* Any function of a loaded module; cast it to the function's own type. void (*)(void) is the one
 * type whose casts compilers let pass. */
typedef void(WINAPI *FARPROC)(void);

#ifdef UNICODE
typedef WCHAR TCHAR;
#define TEXT(quote)          OPENSSPI_TEXT(quote)
#define OPENSSPI_TEXT(quote) u##quote
#else
typedef CHAR TCHAR;
#define TEXT(quote) quote
#endif
typedef TCHAR *PTCHAR, *LPTSTR, *PTSTR;
typedef const TCHAR *LPCTSTR, *PCTSTR;
typedef UCHAR *LPUCHAR;

#define MAX_PATH             260
#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)
#define INFINITE             0xFFFFFFFF
#ifndef MAX_COMPUTERNAME_LENGTH
#define MAX_COMPUTERNAME_LENGTH 15
#endif

#define MAKEWORD(low, high) ((WORD)(((BYTE)(low)) | ((WORD)((BYTE)(high))) << 8))
#define MAKELONG(low, high) ((LONG)(((WORD)(low)) | ((DWORD)((WORD)(high))) << 16))
#define LOBYTE(w)           ((BYTE)((w)&0xff))
#define HIBYTE(w)           ((BYTE)(((w) >> 8) & 0xff))
#define LOWORD(l)           ((WORD)((l)&0xffff))
#define HIWORD(l)           ((WORD)(((l) >> 16) & 0xffff))

#define ZeroMemory(to, bytes)       memset((to), 0, (bytes))
#define FillMemory(to, bytes, fill) memset((to), (fill), (bytes))
#define CopyMemory(to, from, bytes) memcpy((to), (from), (bytes))
#define MoveMemory(to, from, bytes) memmove((to), (from), (bytes))
/* Wipes memory in a way that the compiler does not drop; returns it. */
SEC_EXPORT PVOID WINAPI SecureZeroMemory(PVOID ptr, SIZE_T cnt);

/*
 * The calling thread's last error, valid right after a call that failed. A socket call that failed
 * is known by errno: its code is the WSA one, and errno counts until a function here fails or
 * SetLastError is called.
 */
SEC_EXPORT DWORD WINAPI GetLastError(void);
SEC_EXPORT void WINAPI SetLastError(DWORD dwErrCode);

/*
 * The bare name of the user that the process runs as, or of the client that the calling thread acts
 * as. *pcbBuffer: characters with the NUL, in the
 * buffer's size, out what was written. Too small (lpBuffer may be NULL then): FALSE,
 * ERROR_INSUFFICIENT_BUFFER, *pcbBuffer the size needed.
 */
SEC_EXPORT BOOL WINAPI GetUserNameW(LPWSTR lpBuffer, LPDWORD pcbBuffer);
SEC_EXPORT BOOL WINAPI GetUserNameA(LPSTR lpBuffer, LPDWORD pcbBuffer);

/*
 * The computer's NetBIOS name: the host name's first label in upper case, 15 characters at most.
 * *nSize: characters, in the buffer's size, out without the NUL. Too small: FALSE,
 * ERROR_BUFFER_OVERFLOW, *nSize the size needed with the NUL.
 */
SEC_EXPORT BOOL WINAPI GetComputerNameW(LPWSTR lpBuffer, LPDWORD nSize);
SEC_EXPORT BOOL WINAPI GetComputerNameA(LPSTR lpBuffer, LPDWORD nSize);

typedef enum _COMPUTER_NAME_FORMAT {
    ComputerNameNetBIOS,
    ComputerNameDnsHostname,
    ComputerNameDnsDomain,
    ComputerNameDnsFullyQualified,
    ComputerNamePhysicalNetBIOS,
    ComputerNamePhysicalDnsHostname,
    ComputerNamePhysicalDnsDomain,
    ComputerNamePhysicalDnsFullyQualified,
    ComputerNameMax
} COMPUTER_NAME_FORMAT;

/*
 * The computer's name in one of these formats; the physical ones are the others again. Sizes as for
 * GetComputerName, with ERROR_MORE_DATA. May ask the resolver for the domain. A computer without a
 * domain has an empty one.
 */
SEC_EXPORT BOOL WINAPI GetComputerNameExW(COMPUTER_NAME_FORMAT NameType, LPWSTR lpBuffer,
                                          LPDWORD nSize);
SEC_EXPORT BOOL WINAPI GetComputerNameExA(COMPUTER_NAME_FORMAT NameType, LPSTR lpBuffer,
                                          LPDWORD nSize);

typedef struct _SECURITY_ATTRIBUTES {
    DWORD nLength;
    LPVOID lpSecurityDescriptor;
    BOOL bInheritHandle;
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

/* Why DllMain is called, where a host does so: docs/PORTING.md. */
#define DLL_PROCESS_DETACH 0
#define DLL_PROCESS_ATTACH 1
#define DLL_THREAD_ATTACH  2
#define DLL_THREAD_DETACH  3

/*
 * Strings of char (A) and WCHAR (W), as the C library's. lstrcpyn copies at most iMaxLength - 1
 * characters and terminates. NULL for a string: 0 or NULL, nothing written. Comparison answers -1, 0
 * or 1, as words are sorted: "a" before "B", and "a" before "A"; of letters A to Z alone.
 */
SEC_EXPORT int WINAPI lstrlenA(LPCSTR lpString);
SEC_EXPORT int WINAPI lstrlenW(LPCWSTR lpString);
SEC_EXPORT LPSTR WINAPI lstrcpyA(LPSTR lpString1, LPCSTR lpString2);
SEC_EXPORT LPWSTR WINAPI lstrcpyW(LPWSTR lpString1, LPCWSTR lpString2);
SEC_EXPORT LPSTR WINAPI lstrcpynA(LPSTR lpString1, LPCSTR lpString2, int iMaxLength);
SEC_EXPORT LPWSTR WINAPI lstrcpynW(LPWSTR lpString1, LPCWSTR lpString2, int iMaxLength);
SEC_EXPORT LPSTR WINAPI lstrcatA(LPSTR lpString1, LPCSTR lpString2);
SEC_EXPORT LPWSTR WINAPI lstrcatW(LPWSTR lpString1, LPCWSTR lpString2);
SEC_EXPORT int WINAPI lstrcmpA(LPCSTR lpString1, LPCSTR lpString2);
SEC_EXPORT int WINAPI lstrcmpW(LPCWSTR lpString1, LPCWSTR lpString2);
SEC_EXPORT int WINAPI lstrcmpiA(LPCSTR lpString1, LPCSTR lpString2);
SEC_EXPORT int WINAPI lstrcmpiW(LPCWSTR lpString1, LPCWSTR lpString2);

/*
 * Formats into a buffer of 1,024 characters and returns how many were written: 0, and an empty
 * string, where the text or the format does not do. Formats are Windows': `l` is 32 bits, %s is
 * 8-bit for A and 16-bit for W, %hs and %ls are what they say; no floating point in A.
 */
SEC_EXPORT int WINAPIV wsprintfA(LPSTR buffer, LPCSTR format, ...);
SEC_EXPORT int WINAPIV wsprintfW(LPWSTR buffer, LPCWSTR format, ...);
SEC_EXPORT int WINAPI wvsprintfA(LPSTR buffer, LPCSTR format, va_list arguments);
SEC_EXPORT int WINAPI wvsprintfW(LPWSTR buffer, LPCWSTR format, va_list arguments);

#ifdef UNICODE
#define GetUserName       GetUserNameW
#define GetComputerName   GetComputerNameW
#define GetComputerNameEx GetComputerNameExW
#define lstrlen           lstrlenW
#define lstrcpy           lstrcpyW
#define lstrcpyn          lstrcpynW
#define lstrcat           lstrcatW
#define lstrcmp           lstrcmpW
#define lstrcmpi          lstrcmpiW
#define wsprintf          wsprintfW
#define wvsprintf         wvsprintfW
#else
#define GetUserName       GetUserNameA
#define GetComputerName   GetComputerNameA
#define GetComputerNameEx GetComputerNameExA
#define lstrlen           lstrlenA
#define lstrcpy           lstrcpyA
#define lstrcpyn          lstrcpynA
#define lstrcat           lstrcatA
#define lstrcmp           lstrcmpA
#define lstrcmpi          lstrcmpiA
#define wsprintf          wsprintfA
#define wvsprintf         wvsprintfA
#endif

OPENSSPI_END

#include "consoleapi.h"
#include "debugapi.h"
#include "heapapi.h"
#include "libloaderapi.h"
#include "winnt.h"
#include "processenv.h"
#include "processthreadsapi.h"
#include "securecrt.h"
#include "securitybaseapi.h"
#include "stringapiset.h"
#include "synchapi.h"
#include "sysinfoapi.h"
#include "winbase.h"

#ifndef WIN32_LEAN_AND_MEAN
#include "winsock.h"
#endif

#endif
