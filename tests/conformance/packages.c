/* SPDX-License-Identifier: Apache-2.0 */
/* Packages, the function table, memory that the library gave, its configuration.
 *
 * Sources: the pages of EnumerateSecurityPackages, QuerySecurityPackageInfo and InitSecurityInterface,
 * and Windows as it was seen; FreeContextBuffer: sspi.h. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/conformance/table.h"

/* Which of a call's pointers are there. */
enum { BOTH = 3, FIRST = 1, SECOND = 2, NEITHER = 0 };

#define ENUMERATE(name, form)                                                                    \
    static SECURITY_STATUS name(struct scene *s, ULONG there)                                    \
    {                                                                                            \
        PSecPkgInfo##form info = NULL;                                                           \
        ULONG n = 77;                                                                            \
        SECURITY_STATUS status = EnumerateSecurityPackages##form(there & FIRST ? &n : NULL,      \
                                                                 there & SECOND ? &info : NULL); \
                                                                                                 \
        if (status != SEC_E_OK) {                                                                \
            return n == 77 && !info ? status : WRONG_OUTPUT;                                     \
        }                                                                                        \
        return n >= 3 && info[n - 1].Name && FreeContextBuffer(info) == SEC_E_OK ? status        \
                                                                                 : WRONG_OUTPUT; \
    }
ENUMERATE(enumerate_a, A)
ENUMERATE(enumerate_w, W)

static const char *const names[] = { "NTLM",   "Negotiate", "Kerberos", "ntlm", "KERBEROS",
                                     "absent", "",          "NTLM ",    NULL };
enum {
    OF_NTLM,
    OF_NEGOTIATE,
    OF_KERBEROS,
    OF_SMALL,
    OF_LARGE,
    OF_NOBODY,
    OF_EMPTY,
    OF_LONGER,
    OF_NULL,
    NOWHERE = 0x100
};

#define QUERY_INFO(name, form, text)                                                               \
    static SECURITY_STATUS name(struct scene *s, ULONG which)                                      \
    {                                                                                              \
        PSecPkgInfo##form info = NULL;                                                             \
        SECURITY_STATUS status = QuerySecurityPackageInfo##form(text(names[which & 0xff]),         \
                                                                which & NOWHERE ? NULL : &info);   \
                                                                                                   \
        if (status != SEC_E_OK) {                                                                  \
            return info ? WRONG_OUTPUT : status;                                                   \
        }                                                                                          \
        return info->wVersion == 1 && FreeContextBuffer(info) == SEC_E_OK ? status : WRONG_OUTPUT; \
    }
QUERY_INFO(query_a, A, API_NAME)
QUERY_INFO(query_w, W, wide)

/* Every entry that is documented is there, but for those that are reserved and empty. */
static SECURITY_STATUS
whole(const void *table, size_t bytes)
{
    size_t empty = 0;
    void *entry;

    for (size_t at = sizeof(void *); at < bytes; at += sizeof(void *)) {
        memcpy(&entry, (const uint8_t *)table + at, sizeof(entry));
        empty += !entry;
    }
    return empty == 2 ? SEC_E_OK : WRONG_OUTPUT; /* Reserved2 and Reserved8 */
}

static SECURITY_STATUS
table_a(struct scene *s, ULONG unused)
{
    PSecurityFunctionTableA t = InitSecurityInterfaceA();

    return t && t->dwVersion == SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5 &&
                   t->Reserved3 == (void *)(uintptr_t)t->EncryptMessage &&
                   t->Reserved4 == (void *)(uintptr_t)t->DecryptMessage
               ? whole(t, sizeof(*t))
               : (SECURITY_STATUS)WRONG_OUTPUT;
}

static SECURITY_STATUS
table_w(struct scene *s, ULONG unused)
{
    PSecurityFunctionTableW t = InitSecurityInterfaceW();

    return t && t->dwVersion == SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5 &&
                   t->Reserved3 == (void *)(uintptr_t)t->EncryptMessage &&
                   t->Reserved4 == (void *)(uintptr_t)t->DecryptMessage
               ? whole(t, sizeof(*t))
               : (SECURITY_STATUS)WRONG_OUTPUT;
}

/* What is to be added: tests/unit/sspi/test_packages*.c adds what can be. */
enum { ABSENT_FILE, RELATIVE_PATH, NO_PACKAGE, NO_NAME, OF_LSA, WITH_FLAGS, WITH_SIGNATURE };

static const char *
path_of(ULONG how)
{
    switch (how) {
    case RELATIVE_PATH: return "package.so";
    case NO_PACKAGE: return "/etc/passwd";
    case NO_NAME: return NULL;
    default: return "/nonexistent/package.so";
    }
}

static SECURITY_PACKAGE_OPTIONS
options_of(ULONG how)
{
    static unsigned char signature[4];
    SECURITY_PACKAGE_OPTIONS options = { .Size = sizeof(options),
                                         .Type = SECPKG_OPTIONS_TYPE_SSPI };

    if (how == OF_LSA) {
        options.Type = SECPKG_OPTIONS_TYPE_LSA;
    } else if (how == WITH_FLAGS) {
        options.Flags = SECPKG_OPTIONS_PERMANENT;
    } else if (how == WITH_SIGNATURE) {
        options.SignatureSize = sizeof(signature);
        options.Signature = signature;
    }
    return options;
}

static SECURITY_STATUS
add_a(struct scene *s, ULONG how)
{
    SECURITY_PACKAGE_OPTIONS options = options_of(how);

    return AddSecurityPackageA(API_NAME(path_of(how)), &options);
}

static SECURITY_STATUS
add_w(struct scene *s, ULONG how)
{
    SECURITY_PACKAGE_OPTIONS options = options_of(how);

    return AddSecurityPackageW(wide(path_of(how)), &options);
}

static SECURITY_STATUS
delete_a(struct scene *s, ULONG which)
{
    return DeleteSecurityPackageA(API_NAME(names[which]));
}

static SECURITY_STATUS
delete_w(struct scene *s, ULONG which)
{
    return DeleteSecurityPackageW(wide(names[which]));
}

/* --- memory -------------------------------------------------------------------------------- */

enum { GIVEN, NULL_POINTER, OF_THE_STACK, WITHIN };

static SECURITY_STATUS
free_buffer(struct scene *s, ULONG what)
{
    uint64_t room[16] = { 0 };
    PSecPkgInfoA info = NULL;
    SECURITY_STATUS status;

    switch (what) {
    case NULL_POINTER: return FreeContextBuffer(NULL);
    case OF_THE_STACK: return FreeContextBuffer(&room[8]);
    default: break;
    }
    scene_spare(true);
    status = QuerySecurityPackageInfoA(API_NAME("NTLM"), &info);
    scene_spare(false);
    if (status != SEC_E_OK) {
        return status;
    }
    if (what == WITHIN) {
        status = FreeContextBuffer(info->Comment);
        return FreeContextBuffer(info) == SEC_E_OK ? status : WRONG_OUTPUT;
    }
    return FreeContextBuffer(info);
}

/* --- this library's own -------------------------------------------------------------------- */

static SECURITY_STATUS
version(struct scene *s, ULONG unused)
{
    return OpenSspiVersion()[0] ? SEC_E_OK : WRONG_OUTPUT;
}

static SECURITY_STATUS
status_name(struct scene *s, ULONG status)
{
    return OpenSspiStatusName((SECURITY_STATUS)status)[0] ? SEC_E_OK : WRONG_OUTPUT;
}

static SECURITY_STATUS
reason(struct scene *s, ULONG unused)
{
    return OpenSspiReason() ? SEC_E_OK : WRONG_OUTPUT;
}

enum { OF_THE_SCENE, ABSENT };

static SECURITY_STATUS
load(struct scene *s, ULONG which)
{
    char error[128] = "";
    SECURITY_STATUS status = OpenSspiLoadConfiguration(
        which == ABSENT ? "/nonexistent/opensspi.conf" : scene_file(), error, sizeof(error));

    return status == SEC_E_INSUFFICIENT_MEMORY || (status == SEC_E_OK) == (error[0] == 0)
               ? status
               : WRONG_OUTPUT;
}

CALLS_OF_BOTH(enumerate, "EnumerateSecurityPackages", enumerate_a, enumerate_w);
CALLS_OF_BOTH(query, "QuerySecurityPackageInfo", query_a, query_w);
CALLS_OF_BOTH(table, "InitSecurityInterface", table_a, table_w);
CALLS_OF_BOTH(add, "AddSecurityPackage", add_a, add_w);
CALLS_OF_BOTH(delete, "DeleteSecurityPackage", delete_a, delete_w);
CALLS(free_given, "FreeContextBuffer", free_buffer);
CALLS(own_version, "OpenSspiVersion", version);
CALLS(own_status_name, "OpenSspiStatusName", status_name);
CALLS(own_reason, "OpenSspiReason", reason);
CALLS(own_load, "OpenSspiLoadConfiguration", load);

#define ROW(calls, what, argument, answer)                                 \
    {                                                                      \
        calls, what, argument, NO_HANDLE, BIT(NTLM), C, WHEN_ALONE(answer) \
    }

/* A row is a line. */
/* clang-format off */
static const struct row rows[] = {
    ROW(enumerate, "", BOTH, OK),
    ROW(enumerate, "no array", FIRST, PARAM),
    ROW(enumerate, "no count", SECOND, PARAM),
    ROW(enumerate, "neither", NEITHER, PARAM),
    ROW(query, "NTLM", OF_NTLM, OK),
    ROW(query, "Negotiate", OF_NEGOTIATE, OK),
    ROW(query, "Kerberos", OF_KERBEROS, OK),
    ROW(query, "in small letters", OF_SMALL, OK),
    ROW(query, "in large letters", OF_LARGE, OK),
    ROW(query, "of nobody", OF_NOBODY, NOPKG),
    ROW(query, "without a name", OF_EMPTY, NOPKG),
    ROW(query, "a space behind the name", OF_LONGER, NOPKG),
    ROW(query, "NULL for the name", OF_NULL, NOPKG),
    ROW(query, "nowhere to put it", OF_NTLM | NOWHERE, PARAM),
    ROW(query, "of nobody, nowhere to put it", OF_NOBODY | NOWHERE, NOPKG),
    ROW(table, "", 0, OK),
    ROW(add, "a file that is not there", ABSENT_FILE, NOPKG),
    ROW(add, "no absolute path", RELATIVE_PATH, PARAM),
    ROW(add, "a file that is no package", NO_PACKAGE, SEC_E_CANNOT_INSTALL),
    ROW(add, "NULL", NO_NAME, PARAM),
    ROW(add, "for the LSA", OF_LSA, UNSUP),
    ROW(add, "for ever", WITH_FLAGS, UNSUP),
    ROW(add, "with a signature", WITH_SIGNATURE, UNSUP),
    ROW(delete, "of nobody", OF_NOBODY, NOPKG),
    ROW(delete, "one of the library's own", OF_NTLM, SEC_E_NOT_OWNER),
    ROW(delete, "NULL", OF_NULL, PARAM),
    ROW(free_given, "what was given", GIVEN, OK),
    ROW(free_given, "NULL", NULL_POINTER, BADH),
    ROW(free_given, "memory of another", OF_THE_STACK, BADH),
    ROW(free_given, "a string within", WITHIN, BADH),
    ROW(own_version, "", 0, OK),
    ROW(own_status_name, "of a success", 0, OK),
    ROW(own_status_name, "of a failure", (ULONG)SEC_E_INVALID_TOKEN, OK),
    ROW(own_status_name, "of none", 0x12345678, OK),
    ROW(own_reason, "", 0, OK),
    ROW(own_load, "", OF_THE_SCENE, OK),
    ROW(own_load, "no such file", ABSENT, PARAM),
};
/* clang-format on */

const struct family package_family = FAMILY(rows);
