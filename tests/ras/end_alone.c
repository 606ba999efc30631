/* SPDX-License-Identifier: Apache-2.0 */
/* No module: RasSecurityDialogBegin is missing. */
#include <windows.h>
#include <rasshost.h>

DWORD WINAPI
RasSecurityDialogEnd(HPORT hPort)
{
    return 1;
}
