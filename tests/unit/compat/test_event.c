/* SPDX-License-Identifier: Apache-2.0 */
/* Events with names: one object behind several handles. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <windows.h>

static void
assert_refused(HANDLE handle, DWORD error)
{
    assert_null(handle);
    assert_int_equal(GetLastError(), error);
}

static void
test_event__a_name_that_is_taken_gives_the_same_event(void **state)
{
    HANDLE first = CreateEventA(NULL, FALSE, FALSE, "ready"), second;

    assert_non_null(first);
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    second = CreateEventW(NULL, TRUE, TRUE, u"Local\\ready");
    assert_non_null(second);
    assert_int_equal(GetLastError(), ERROR_ALREADY_EXISTS);
    assert_ptr_not_equal(first, second);
    /* It is the first one's: neither set, nor reset by hand. */
    assert_int_equal(WaitForSingleObject(second, 0), WAIT_TIMEOUT);
    assert_true(SetEvent(second));
    assert_int_equal(WaitForSingleObject(first, 0), WAIT_OBJECT_0);
    assert_int_equal(WaitForSingleObject(second, 0), WAIT_TIMEOUT);
    assert_true(CloseHandle(first));
    assert_false(SetEvent(first));
    assert_true(SetEvent(second));
    assert_int_equal(WaitForSingleObject(second, 0), WAIT_OBJECT_0);
    assert_true(CloseHandle(second));
    assert_refused(OpenEventA(EVENT_ALL_ACCESS, FALSE, "ready"), ERROR_FILE_NOT_FOUND);
}

static void
test_event__a_name_is_free_after_its_last_handle(void **state)
{
    HANDLE handle = CreateEventA(NULL, TRUE, TRUE, "once"), again;

    assert_true(CloseHandle(handle));
    again = CreateEventA(NULL, TRUE, FALSE, "once");
    assert_non_null(again);
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    assert_int_equal(WaitForSingleObject(again, 0), WAIT_TIMEOUT);
    assert_false(CloseHandle(handle));
    assert_true(CloseHandle(again));
}

static void
test_open_event__is_by_the_letter(void **state)
{
    HANDLE made = CreateEventW(NULL, TRUE, FALSE, u"Gr\u00fcn"), opened;

    opened = OpenEventA(EVENT_MODIFY_STATE | SYNCHRONIZE, FALSE, "Gr\xc3\xbcn");
    assert_non_null(opened);
    assert_true(SetEvent(opened));
    assert_int_equal(WaitForSingleObject(made, 0), WAIT_OBJECT_0);
    assert_true(CloseHandle(opened));
    opened = OpenEventW(EVENT_ALL_ACCESS, FALSE, u"Local\\Gr\u00fcn");
    assert_non_null(opened);
    assert_true(CloseHandle(opened));
    assert_refused(OpenEventW(EVENT_ALL_ACCESS, FALSE, u"gr\u00fcn"), ERROR_FILE_NOT_FOUND);
    assert_true(CloseHandle(made));
}

static void
test_event__without_a_name(void **state)
{
    HANDLE first, second;

    SetLastError(ERROR_BUSY);
    first = CreateEventA(NULL, TRUE, FALSE, "");
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    second = CreateEventA(NULL, TRUE, FALSE, "");
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    assert_true(SetEvent(first));
    assert_int_equal(WaitForSingleObject(second, 0), WAIT_TIMEOUT);
    assert_true(CloseHandle(first) && CloseHandle(second));
    assert_refused(OpenEventA(EVENT_ALL_ACCESS, FALSE, ""), ERROR_FILE_NOT_FOUND);
    assert_refused(OpenEventA(EVENT_ALL_ACCESS, FALSE, NULL), ERROR_INVALID_PARAMETER);
    assert_refused(OpenEventW(EVENT_ALL_ACCESS, FALSE, NULL), ERROR_INVALID_PARAMETER);
}

static void
test_event__refuses_names(void **state)
{
    static const WCHAR lone_surrogate[] = { 'a', 0xd800, 'b', 0 };
    char name[MAX_PATH + 2] = "";
    HANDLE handle;

    assert_refused(CreateEventA(NULL, TRUE, TRUE, "Global\\x"), ERROR_CALL_NOT_IMPLEMENTED);
    assert_refused(CreateEventW(NULL, TRUE, TRUE, u"Global\\"), ERROR_CALL_NOT_IMPLEMENTED);
    assert_refused(OpenEventA(EVENT_ALL_ACCESS, FALSE, "Global\\x"), ERROR_CALL_NOT_IMPLEMENTED);
    assert_refused(CreateEventA(NULL, TRUE, TRUE, "Session\\x"), ERROR_PATH_NOT_FOUND);
    assert_refused(CreateEventA(NULL, TRUE, TRUE, "Local\\a\\b"), ERROR_PATH_NOT_FOUND);
    assert_refused(CreateEventW(NULL, TRUE, TRUE, lone_surrogate), ERROR_NO_UNICODE_TRANSLATION);
    assert_refused(OpenEventW(SYNCHRONIZE, FALSE, lone_surrogate), ERROR_NO_UNICODE_TRANSLATION);
    memset(name, 'n', MAX_PATH + 1);
    assert_refused(CreateEventA(NULL, TRUE, TRUE, name), ERROR_FILENAME_EXCED_RANGE);
    name[MAX_PATH] = '\0';
    handle = CreateEventA(NULL, TRUE, TRUE, name);
    assert_non_null(handle);
    assert_true(CloseHandle(handle));
}

static void
test_wait__for_all_counts_objects(void **state)
{
    HANDLE both[2];

    both[0] = CreateEventA(NULL, TRUE, TRUE, "twice");
    both[1] = OpenEventA(EVENT_ALL_ACCESS, FALSE, "twice");
    assert_int_equal(WaitForMultipleObjects(2, both, FALSE, 0), WAIT_OBJECT_0);
    assert_int_equal(WaitForMultipleObjects(2, both, TRUE, 0), WAIT_FAILED);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_true(CloseHandle(both[0]) && CloseHandle(both[1]));
}

static DWORD WINAPI
wait_for(LPVOID handle)
{
    return WaitForSingleObject(handle, INFINITE);
}

static DWORD
end_of(HANDLE thread)
{
    DWORD code = 0;

    assert_int_equal(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    assert_true(GetExitCodeThread(thread, &code));
    assert_true(CloseHandle(thread));
    return code;
}

/* Who waits with the handle that is closed fails; who waits with another goes on. */
static void
test_wait__ends_with_its_own_handle(void **state)
{
    HANDLE first = CreateEventA(NULL, TRUE, FALSE, "shared");
    HANDLE second = OpenEventA(EVENT_ALL_ACCESS, FALSE, "shared");
    HANDLE with_first = CreateThread(NULL, 0, wait_for, first, 0, NULL);
    HANDLE with_second = CreateThread(NULL, 0, wait_for, second, 0, NULL);

    Sleep(20);
    assert_true(CloseHandle(first));
    assert_int_equal(end_of(with_first), WAIT_FAILED);
    assert_true(SetEvent(second));
    assert_int_equal(end_of(with_second), WAIT_OBJECT_0);
    assert_true(CloseHandle(second));
}

static void
test_event__many_handles_of_one(void **state)
{
    HANDLE handles[600];

    for (size_t i = 0; i < 600; i++) {
        handles[i] = CreateEventA(NULL, TRUE, FALSE, "many");
        assert_non_null(handles[i]);
    }
    for (size_t i = 0; i < 600; i++) {
        assert_int_equal(WaitForSingleObject(handles[i], 0), i ? WAIT_OBJECT_0 : WAIT_TIMEOUT);
        assert_true(SetEvent(handles[i]));
        assert_true(CloseHandle(handles[i]));
    }
    assert_refused(OpenEventA(EVENT_ALL_ACCESS, FALSE, "many"), ERROR_FILE_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event__a_name_that_is_taken_gives_the_same_event),
        cmocka_unit_test(test_event__a_name_is_free_after_its_last_handle),
        cmocka_unit_test(test_open_event__is_by_the_letter),
        cmocka_unit_test(test_event__without_a_name),
        cmocka_unit_test(test_event__refuses_names),
        cmocka_unit_test(test_wait__for_all_counts_objects),
        cmocka_unit_test(test_wait__ends_with_its_own_handle),
        cmocka_unit_test(test_event__many_handles_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
