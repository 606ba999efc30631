/* SPDX-License-Identifier: Apache-2.0 */
/* Events with names, and the names of accounts. DsGetSpn and DsCrackSpn, which Wine does not have, are
 * names_and_spns.c's. */
#define SECURITY_WIN32
#include "answers.h"
#include <security.h>

static void
named_events(void)
{
    static const WCHAR wide[] = { 'a', 'n', 's', 'w', 'e', 'r', 's', 0 };
    char longest[MAX_PATH + 64];
    HANDLE first, second, third;

    first = CreateEventA(NULL, TRUE, FALSE, "answers");
    NUMBER("event", first != NULL);
    NUMBER("event.error", GetLastError());
    /* The other arguments count for nothing. */
    second = CreateEventA(NULL, FALSE, TRUE, "answers");
    NUMBER("event.again", second != NULL);
    NUMBER("event.again.error", GetLastError());
    NUMBER("event.again.unset", WaitForSingleObject(second, 0));
    third = OpenEventW(EVENT_MODIFY_STATE | SYNCHRONIZE, FALSE, wide);
    NUMBER("event.open", third != NULL);
    CALL("event.set", SetEvent(third));
    NUMBER("event.is-set", WaitForSingleObject(first, 0));
    NUMBER("event.stays-set", WaitForSingleObject(second, 0));
    CALL("event.close", CloseHandle(first));
    CALL("event.closed", SetEvent(first));
    NUMBER("event.others", WaitForSingleObject(third, 0));
    CALL("event.local", CloseHandle(OpenEventA(EVENT_ALL_ACCESS, FALSE, "Local\\answers")));
    CALL("event.case", OpenEventA(EVENT_ALL_ACCESS, FALSE, "ANSWERS") != NULL);
    CloseHandle(second);
    CloseHandle(third);
    CALL("event.gone", OpenEventA(EVENT_ALL_ACCESS, FALSE, "answers") != NULL);
    CALL("event.no-name", OpenEventA(EVENT_ALL_ACCESS, FALSE, NULL) != NULL);
    CALL("event.folder", CreateEventA(NULL, TRUE, FALSE, "no\\folder") != NULL);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    CALL("event.long", CreateEventA(NULL, TRUE, FALSE, longest) != NULL);
    first = CreateEventA(NULL, TRUE, FALSE, "");
    second = CreateEventA(NULL, TRUE, FALSE, "");
    NUMBER("event.empty", first && second && GetLastError() == 0);
    CloseHandle(first);
    CloseHandle(second);
}

static void
accounts(void)
{
    static const WCHAR nobody[] = { 'N', 'O', 'W', 'H', 'E', 'R', 'E', '\\', 'n', 'o', 0 };
    char text[64];
    WCHAR wide[64];
    ULONG size = 64;

    CALL("TranslateNameA.nobody",
         TranslateNameA("NOWHERE\\no", NameSamCompatible, NameUserPrincipal, text, &size));
    size = 64;
    CALL("TranslateNameW.nobody",
         TranslateNameW(nobody, NameSamCompatible, NameUserPrincipal, wide, &size));
    size = 0;
    CALL("GetUserNameExW.ask", GetUserNameExW(NameSamCompatible, NULL, &size));
    NUMBER("GetUserNameExW.ask.size", size > 3);
    size = 64;
    CALL("GetUserNameExW", GetUserNameExW(NameSamCompatible, wide, &size));
    NUMBER("GetUserNameExW.size", size == (ULONG)lstrlenW(wide));
    size = 64;
    CALL("GetUserNameExW.unknown", GetUserNameExW(NameUnknown, wide, &size));
}

int
main(void)
{
    named_events();
    accounts();
    return 0;
}
