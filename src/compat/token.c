/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: opening, duplicating, acting by them. */
#include "compat/token.h"

#include "compat/error.h"

DWORD
compat_token_error(SECURITY_STATUS status)
{
    switch (status) {
    case SEC_E_OK: return ERROR_SUCCESS;
    case SEC_E_INVALID_HANDLE: return ERROR_INVALID_HANDLE;
    case SEC_E_INVALID_PARAMETER: return ERROR_INVALID_PARAMETER;
    case SEC_E_INSUFFICIENT_MEMORY: return ERROR_NOT_ENOUGH_MEMORY;
    case SEC_E_NO_IMPERSONATION: return ERROR_CANNOT_IMPERSONATE;
    case SEC_E_TARGET_UNKNOWN: return ERROR_NONE_MAPPED;
    case SEC_E_NO_AUTHENTICATING_AUTHORITY: return ERROR_CANT_ACCESS_DOMAIN_INFO;
    default: return ERROR_INTERNAL_ERROR;
    }
}

/* --- handles ------------------------------------------------------------------------------- */

static DWORD
open_process_token(PHANDLE out)
{
    return compat_token_error(OpenSspiOpenProcessToken(out));
}

static DWORD
open_thread_token(PHANDLE out)
{
    SECURITY_STATUS status = OpenSspiOpenThreadToken(out);

    return status == SEC_E_NO_IMPERSONATION ? ERROR_NO_TOKEN : compat_token_error(status);
}

static DWORD
open_effective_token(PHANDLE out)
{
    DWORD error = open_thread_token(out);

    return error == ERROR_NO_TOKEN ? open_process_token(out) : error;
}

static const struct {
    LONG_PTR value;
    DWORD (*open)(PHANDLE);
} pseudo_handles[] = {
    { -4, open_process_token },
    { -5, open_thread_token },
    { -6, open_effective_token },
};

/* A handle for one call: the caller's, or an opened one, which *own is then. */
static DWORD
borrow(HANDLE token, PHANDLE out, PHANDLE own)
{
    *own = NULL;
    *out = token;
    for (size_t i = 0; i < SEC_ARRAY_LEN(pseudo_handles); i++) {
        if ((LONG_PTR)token == pseudo_handles[i].value) {
            DWORD error = pseudo_handles[i].open(own);

            *out = *own;
            return error;
        }
    }
    return ERROR_SUCCESS;
}

static void
give_back(HANDLE own)
{
    if (own) {
        (void)OpenSspiCloseToken(own);
    }
}

bool
compat_token_is(HANDLE handle)
{
    return (ULONG_PTR)handle > UINT32_MAX;
}

BOOL
compat_token_close(HANDLE handle)
{
    return compat_error_answer(compat_token_error(OpenSspiCloseToken(handle)));
}

DWORD
compat_token_query(HANDLE token, POPENSSPI_TOKEN *out)
{
    HANDLE use, own;
    DWORD error = borrow(token, &use, &own);

    if (error == ERROR_SUCCESS) {
        error = compat_token_error(OpenSspiQueryToken(use, out));
    }
    give_back(own);
    return error;
}

/* --- opening ------------------------------------------------------------------------------- */

BOOL
OpenProcessToken(HANDLE ProcessHandle, DWORD DesiredAccess, PHANDLE TokenHandle)
{
    if (!TokenHandle) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    return compat_error_answer(ProcessHandle == GetCurrentProcess()
                                   ? open_process_token(TokenHandle)
                                   : ERROR_NOT_SUPPORTED);
}

BOOL
OpenThreadToken(HANDLE ThreadHandle, DWORD DesiredAccess, BOOL OpenAsSelf, PHANDLE TokenHandle)
{
    if (!TokenHandle) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    return compat_error_answer(ThreadHandle == GetCurrentThread() ? open_thread_token(TokenHandle)
                                                                  : ERROR_NOT_SUPPORTED);
}

static DWORD
duplicate(HANDLE token, TOKEN_TYPE type, SECURITY_IMPERSONATION_LEVEL level, PHANDLE out)
{
    HANDLE use, own;
    DWORD error = out ? borrow(token, &use, &own) : ERROR_INVALID_PARAMETER;
    SECURITY_STATUS status;

    if (error != ERROR_SUCCESS) {
        return error;
    }
    status = OpenSspiDuplicateToken(use, (ULONG)type, (ULONG)level, out);
    give_back(own);
    return status == SEC_E_NO_IMPERSONATION ? ERROR_BAD_IMPERSONATION_LEVEL
                                            : compat_token_error(status);
}

BOOL
DuplicateTokenEx(HANDLE hExistingToken, DWORD dwDesiredAccess,
                 LPSECURITY_ATTRIBUTES lpTokenAttributes,
                 SECURITY_IMPERSONATION_LEVEL ImpersonationLevel, TOKEN_TYPE Type,
                 PHANDLE phNewToken)
{
    return compat_error_answer(duplicate(hExistingToken, Type, ImpersonationLevel, phNewToken));
}

BOOL
DuplicateToken(HANDLE ExistingTokenHandle, SECURITY_IMPERSONATION_LEVEL ImpersonationLevel,
               PHANDLE DuplicateTokenHandle)
{
    return compat_error_answer(duplicate(ExistingTokenHandle, TokenImpersonation,
                                         ImpersonationLevel, DuplicateTokenHandle));
}

/* --- acting -------------------------------------------------------------------------------- */

BOOL
ImpersonateLoggedOnUser(HANDLE hToken)
{
    HANDLE use, own;
    DWORD error = hToken ? borrow(hToken, &use, &own) : ERROR_INVALID_HANDLE;

    if (error != ERROR_SUCCESS) {
        return compat_error_answer(error);
    }
    error = compat_token_error(OpenSspiImpersonateToken(use));
    give_back(own);
    return compat_error_answer(error);
}

BOOL
ImpersonateSelf(SECURITY_IMPERSONATION_LEVEL ImpersonationLevel)
{
    HANDLE token;
    DWORD error =
        duplicate(GetCurrentProcessToken(), TokenImpersonation, ImpersonationLevel, &token);
    BOOL done;

    if (error != ERROR_SUCCESS) {
        return compat_error_answer(error);
    }
    done = ImpersonateLoggedOnUser(token);
    (void)OpenSspiCloseToken(token);
    return done;
}

BOOL
RevertToSelf(void)
{
    return compat_error_answer(compat_token_error(OpenSspiImpersonateToken(NULL)));
}

BOOL
SetThreadToken(PHANDLE Thread, HANDLE Token)
{
    if (Thread && *Thread != GetCurrentThread()) {
        return compat_error_answer(ERROR_NOT_SUPPORTED);
    }
    return Token ? ImpersonateLoggedOnUser(Token) : RevertToSelf();
}
