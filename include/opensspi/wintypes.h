/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixed-width Windows types that the interface is made of.
 *
 * Windows is LLP64 and Linux is LP64: `long` is 32 bits there and 64 bits here, wchar_t is 16 bits
 * there and 32 here. Every width below is the Windows one, whatever the platform's own types are.
 * BOOL, TRUE and their like, which other libraries claim too, are in compat/windows.h.
 */
#ifndef OPENSSPI_WINTYPES_H
#define OPENSSPI_WINTYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define OPENSSPI_BEGIN         extern "C" {
#define OPENSSPI_END           }
#define OPENSSPI_STATIC_ASSERT static_assert
#else
#define OPENSSPI_BEGIN
#define OPENSSPI_END
#define OPENSSPI_STATIC_ASSERT _Static_assert
#endif

/* Functions that the shared libraries export: everything else is built hidden. */
#ifndef SEC_EXPORT
#define SEC_EXPORT __attribute__((visibility("default")))
#endif

/* Calling conventions: the platform's C convention is the only one. */
#ifndef WINAPI
#define WINAPI
#endif
#ifndef NTAPI
#define NTAPI
#endif

OPENSSPI_BEGIN

typedef char CHAR;
typedef unsigned char UCHAR;
typedef unsigned char BYTE;
typedef unsigned char BOOLEAN;
typedef short SHORT;
typedef uint16_t USHORT;
typedef uint16_t WORD;
typedef int32_t INT;
typedef uint32_t UINT;
typedef int32_t LONG;
typedef uint32_t ULONG;
typedef uint32_t DWORD;
typedef uint32_t ULONG32;
typedef long long LONGLONG;
typedef unsigned long long ULONGLONG;
typedef unsigned long long ULONG64;
typedef uintptr_t ULONG_PTR;
typedef uintptr_t DWORD_PTR;
typedef uintptr_t UINT_PTR;
typedef intptr_t LONG_PTR;
typedef intptr_t INT_PTR;
typedef int32_t HRESULT;
typedef int32_t NTSTATUS;

/*
 * One UTF-16 code unit. A u"" literal has this type in C. In C++ char16_t is a type of its own, and
 * the one that u"" has; width and alignment are the same.
 */
#ifdef __cplusplus
typedef char16_t WCHAR;
#else
typedef uint16_t WCHAR;
#endif

typedef void *PVOID;
typedef void *LPVOID;
typedef void *HANDLE;
typedef HANDLE *PHANDLE;
typedef CHAR *PCHAR, *LPSTR, *PSTR;
typedef const CHAR *LPCSTR, *PCSTR;
typedef WCHAR *PWCHAR, *LPWSTR, *PWSTR;
typedef const WCHAR *LPCWSTR, *PCWSTR;
typedef UCHAR *PUCHAR;
typedef BYTE *PBYTE, *LPBYTE;
typedef BOOLEAN *PBOOLEAN;
typedef USHORT *PUSHORT;
typedef WORD *PWORD, *LPWORD;
typedef LONG *PLONG, *LPLONG;
typedef ULONG *PULONG;
typedef DWORD *PDWORD, *LPDWORD;
typedef ULONG_PTR *PULONG_PTR;

/* A 64-bit count in two spellings: the whole, or its halves (low half first). */
typedef union _LARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        LONG HighPart;
    };
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

/* 100 ns since 1601-01-01. */
typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

/* The id of a logon session. */
typedef struct _LUID {
    DWORD LowPart;
    LONG HighPart;
} LUID, *PLUID;

#ifndef GUID_DEFINED
#define GUID_DEFINED
typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID;
#endif

/* A counted UTF-16 string: both lengths in bytes, no terminator needed. */
typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;

OPENSSPI_STATIC_ASSERT(sizeof(WCHAR) == 2, "WCHAR is one UTF-16 code unit");
OPENSSPI_STATIC_ASSERT(sizeof(ULONG) == 4 && sizeof(LONG) == 4, "ULONG and LONG are 32 bits");
OPENSSPI_STATIC_ASSERT(sizeof(LARGE_INTEGER) == 8, "LARGE_INTEGER is 64 bits");
OPENSSPI_STATIC_ASSERT(sizeof(GUID) == 16, "GUID is 16 bytes");

OPENSSPI_END

#endif
