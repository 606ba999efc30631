/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes of the system functions; the interface's own are in opensspi/secstatus.h. */
#ifndef OPENSSPI_COMPAT_WINERROR_H
#define OPENSSPI_COMPAT_WINERROR_H

#include <opensspi/secstatus.h>
#include <opensspi/wintypes.h>

#define NO_ERROR                      0
#define ERROR_SUCCESS                 0
#define ERROR_INVALID_FUNCTION        1
#define ERROR_FILE_NOT_FOUND          2
#define ERROR_PATH_NOT_FOUND          3
#define ERROR_TOO_MANY_OPEN_FILES     4
#define ERROR_ACCESS_DENIED           5
#define ERROR_INVALID_HANDLE          6
#define ERROR_NOT_ENOUGH_MEMORY       8
#define ERROR_INVALID_DATA            13
#define ERROR_OUTOFMEMORY             14
#define ERROR_NOT_READY               21
#define ERROR_GEN_FAILURE             31
#define ERROR_HANDLE_EOF              38
#define ERROR_NOT_SUPPORTED           50
#define ERROR_BAD_NETPATH             53
#define ERROR_NETWORK_BUSY            54
#define ERROR_INVALID_PASSWORD        86
#define ERROR_INVALID_PARAMETER       87
#define ERROR_BROKEN_PIPE             109
#define ERROR_BUFFER_OVERFLOW         111
#define ERROR_CALL_NOT_IMPLEMENTED    120
#define ERROR_INSUFFICIENT_BUFFER     122
#define ERROR_INVALID_NAME            123
#define ERROR_MOD_NOT_FOUND           126
#define ERROR_PROC_NOT_FOUND          127
#define ERROR_BUSY                    170
#define ERROR_ALREADY_EXISTS          183
#define ERROR_BAD_EXE_FORMAT          193
#define ERROR_ENVVAR_NOT_FOUND        203
#define ERROR_FILENAME_EXCED_RANGE    206
#define ERROR_MORE_DATA               234
#define ERROR_NO_WORK_DONE            235
#define WAIT_TIMEOUT                  258
#define ERROR_NO_MORE_ITEMS           259
#define ERROR_NOT_OWNER               288
#define ERROR_TOO_MANY_POSTS          298
#define ERROR_MR_MID_NOT_FOUND        317
#define ERROR_OPERATION_ABORTED       995
#define ERROR_IO_PENDING              997
#define ERROR_INVALID_FLAGS           1004
#define ERROR_NO_TOKEN                1008
#define ERROR_NO_UNICODE_TRANSLATION  1113
#define ERROR_DLL_INIT_FAILED         1114
#define ERROR_NOT_FOUND               1168
#define ERROR_CANCELLED               1223
#define ERROR_NOT_AUTHENTICATED       1244
#define ERROR_REVISION_MISMATCH       1306
#define ERROR_NO_IMPERSONATION_TOKEN  1309
#define ERROR_NO_SUCH_USER            1317
#define ERROR_LOGON_FAILURE           1326
#define ERROR_ACCOUNT_RESTRICTION     1327
#define ERROR_ACCOUNT_DISABLED        1331
#define ERROR_NONE_MAPPED             1332
#define ERROR_INVALID_SID             1337
#define ERROR_BAD_IMPERSONATION_LEVEL 1346
#define ERROR_CANT_ACCESS_DOMAIN_INFO 1351
#define ERROR_NO_SUCH_DOMAIN          1355
#define ERROR_INTERNAL_ERROR          1359
#define ERROR_CANNOT_IMPERSONATE      1368
#define ERROR_TIMEOUT                 1460
#define ERROR_ACCOUNT_LOCKED_OUT      1909

#define S_OK           ((HRESULT)0)
#define S_FALSE        ((HRESULT)1)
#define E_NOTIMPL      ((HRESULT)0x80004001)
#define E_NOINTERFACE  ((HRESULT)0x80004002)
#define E_POINTER      ((HRESULT)0x80004003)
#define E_FAIL         ((HRESULT)0x80004005)
#define E_UNEXPECTED   ((HRESULT)0x8000FFFF)
#define E_ACCESSDENIED ((HRESULT)0x80070005)
#define E_OUTOFMEMORY  ((HRESULT)0x8007000E)
#define E_INVALIDARG   ((HRESULT)0x80070057)

#define SUCCEEDED(hr) (((HRESULT)(hr)) >= 0)
#define FAILED(hr)    (((HRESULT)(hr)) < 0)

#define FACILITY_WIN32   7
#define HRESULT_CODE(hr) ((hr)&0xFFFF)
/* What is no error code, 0 or an HRESULT, stays as it is. */
#define HRESULT_FROM_WIN32(code)            \
    ((HRESULT)(code) <= 0 ? (HRESULT)(code) \
                          : (HRESULT)(((code)&0xFFFF) | (FACILITY_WIN32 << 16) | 0x80000000))

#endif
