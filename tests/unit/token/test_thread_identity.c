/* SPDX-License-Identifier: Apache-2.0 */
/* The Unix identity of a thread, against a kernel in a table: each call that fails, in turn and for
 * good, leaves the old identity or ends the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>

#include "token/thread_identity.h"
#include "token/unix_account.h"

#define ALL    UINT64_C(0x1ffffffffff)
#define CAP(n) (UINT64_C(1) << (n))

enum { GROUPS_MAX = 8 };

/* What Linux keeps of a thread, and which call of it fails: the fail_at-th, and all behind it where
 * fail_on. */
static struct kernel {
    uint32_t uid[3], gid[3]; /* real, effective, saved */
    uint64_t effective, permitted;
    uint32_t groups[GROUPS_MAX];
    size_t n_groups;
    unsigned calls, fail_at;
    bool fail_on, lies; /* lies: setresuid says that it did, and did not */
    bool aborted;
    jmp_buf end;
} k;

static bool
has(unsigned capability)
{
    return (k.effective & CAP(capability)) != 0;
}

static long
refuse(int error)
{
    errno = error;
    return -1;
}

static bool
is_of(const uint32_t ids[static 3], uint32_t id)
{
    return id == ids[0] || id == ids[1] || id == ids[2];
}

/* As capabilities(7) has it: what happens to them when uids change from and to 0. */
static long
set_euid(uint32_t uid)
{
    bool had_zero = is_of(k.uid, 0);

    if (!has(CAP_SETUID) && !is_of(k.uid, uid)) {
        return refuse(EPERM);
    }
    if (k.lies) {
        return 0;
    }
    if (k.uid[1] == 0 && uid != 0) {
        k.effective = 0;
    } else if (k.uid[1] != 0 && uid == 0) {
        k.effective = k.permitted;
    }
    k.uid[1] = uid;
    if (had_zero && k.uid[0] && k.uid[1] && k.uid[2]) {
        k.permitted = k.effective = 0;
    }
    return 0;
}

static long
set_capabilities(const struct __user_cap_data_struct *data)
{
    uint64_t wanted = (uint64_t)data[1].effective << 32 | data[0].effective;

    if (wanted & ~k.permitted) {
        return refuse(EPERM);
    }
    k.effective = wanted;
    return 0;
}

static void
get_capabilities(struct __user_cap_data_struct *data)
{
    for (unsigned i = 0; i < 2; i++) {
        data[i].effective = (uint32_t)(k.effective >> 32 * i);
        data[i].permitted = (uint32_t)(k.permitted >> 32 * i);
        data[i].inheritable = 0;
    }
}

static long
set_groups(const uint32_t *groups, size_t n)
{
    if (!has(CAP_SETGID)) {
        return refuse(EPERM);
    }
    memcpy(k.groups, groups, n * sizeof(*groups));
    k.n_groups = n;
    return 0;
}

static long
get_ids(const uint32_t ids[static 3], uintptr_t a, uintptr_t b, uintptr_t c)
{
    *(uint32_t *)a = ids[0];
    *(uint32_t *)b = ids[1];
    *(uint32_t *)c = ids[2];
    return 0;
}

static long
call(long number, uintptr_t a, uintptr_t b, uintptr_t c)
{
    if (number == SYS_setfsuid || number == SYS_setfsgid) {
        return number == SYS_setfsuid ? k.uid[1] : k.gid[1]; /* cannot fail */
    }
    k.calls++;
    if (k.fail_at && (k.calls == k.fail_at || (k.fail_on && k.calls > k.fail_at))) {
        return refuse(EAGAIN);
    }
    switch (number) {
    case SYS_getresuid: return get_ids(k.uid, a, b, c);
    case SYS_getresgid: return get_ids(k.gid, a, b, c);
    case SYS_getgroups:
        if (a) {
            memcpy((void *)b, k.groups, k.n_groups * sizeof(*k.groups));
        }
        return (long)k.n_groups;
    case SYS_capget: get_capabilities((void *)b); return 0;
    case SYS_capset: return set_capabilities((void *)b);
    case SYS_setgroups: return set_groups((void *)b, a);
    case SYS_setresuid:
        assert_true(a == (uintptr_t)-1 && c == (uintptr_t)-1);
        return set_euid((uint32_t)b);
    case SYS_setresgid:
        assert_true(a == (uintptr_t)-1 && c == (uintptr_t)-1);
        if (!has(CAP_SETGID) && !is_of(k.gid, (uint32_t)b)) {
            return refuse(EPERM);
        }
        k.gid[1] = (uint32_t)b;
        return 0;
    default: fail_msg("system call %ld", number); return -1;
    }
}

static void
end(void)
{
    k.aborted = true;
    longjmp(k.end, 1);
}

static const struct thread_identity_system fake = { call, end };

static const struct kernel root = {
    .effective = ALL, .permitted = ALL, .groups = { 0, 4 }, .n_groups = 2
};
/* A service of its own user with two capabilities, as systemd's AmbientCapabilities make one. */
static const struct kernel service = {
    .uid = { 900, 900, 900 },
    .gid = { 900, 900, 900 },
    .effective = CAP(CAP_SETUID) | CAP(CAP_SETGID) | CAP(CAP_DAC_OVERRIDE),
    .permitted = CAP(CAP_SETUID) | CAP(CAP_SETGID) | CAP(CAP_DAC_OVERRIDE),
    .groups = { 900 },
    .n_groups = 1,
};
static const struct kernel ordinary = {
    .uid = { 1000, 1000, 1000 }, .gid = { 1000, 1000, 1000 }, .groups = { 1000 }, .n_groups = 1
};

static struct unix_account *
alice(void)
{
    struct unix_account *a = unix_account_new("alice", 2001, 2000, (gid_t[]){ 2000, 50, 7 }, 3);

    assert_non_null(a);
    return a;
}

static bool
is_as(const struct kernel *was)
{
    return memcmp(k.uid, was->uid, sizeof(k.uid)) == 0 &&
           memcmp(k.gid, was->gid, sizeof(k.gid)) == 0 && k.effective == was->effective &&
           k.permitted == was->permitted && k.n_groups == was->n_groups &&
           memcmp(k.groups, was->groups, k.n_groups * sizeof(*k.groups)) == 0;
}

static void
assert_alice(void)
{
    assert_int_equal(k.uid[1], 2001);
    assert_int_equal(k.gid[1], 2000);
    assert_int_equal(k.effective, 0);
    assert_int_equal(k.n_groups, 3);
    assert_int_equal(k.groups[1], 50);
}

static void
test_take__root_and_a_service_with_capabilities__and_back(void **state)
{
    const struct kernel *starts[] = { &root, &service };

    for (size_t i = 0; i < 2; i++) {
        struct unix_account *a = alice();
        struct thread_identity before;

        k = *starts[i];
        assert_int_equal(thread_identity_read(&fake, &before), SEC_E_OK);
        assert_false(thread_identity_is(&before, a));
        assert_int_equal(thread_identity_take(&fake, &before, a), SEC_E_OK);
        assert_alice();
        assert_int_equal(k.uid[0], starts[i]->uid[0]);
        assert_int_equal(k.uid[2], starts[i]->uid[2]);
        assert_int_equal(k.permitted, starts[i]->permitted);
        thread_identity_restore(&fake, &before);
        assert_true(is_as(starts[i]));
        assert_false(k.aborted);
        thread_identity_clear(&before);
        unix_account_free(a);
    }
}

static void
test_take__an_ordinary_user__is_refused_unless_it_is_that_user(void **state)
{
    struct unix_account *a = alice();
    struct unix_account *self = unix_account_new("me", 1000, 1000, (gid_t[]){ 1000, 1000 }, 2);
    struct thread_identity before;

    k = ordinary;
    assert_int_equal(thread_identity_read(&fake, &before), SEC_E_OK);
    assert_int_equal(thread_identity_take(&fake, &before, a), SEC_E_NO_IMPERSONATION);
    assert_true(is_as(&ordinary));
    assert_int_equal(thread_identity_take(&fake, &before, self), SEC_E_OK);
    assert_true(is_as(&ordinary));
    thread_identity_clear(&before);
    unix_account_free(self);
    unix_account_free(a);
}

/* A setuid program that gave its real and saved ids away cannot come back. */
static void
test_take__no_way_back__is_refused(void **state)
{
    static const uint32_t ids[][3] = { { 1000, 0, 1000 }, { 1000, 0, 5 } };
    struct unix_account *a = alice();
    struct thread_identity before;

    for (size_t i = 0; i < 4; i++) {
        k = root;
        memcpy(i < 2 ? k.uid : k.gid, ids[i % 2], sizeof(ids[0]));
        assert_int_equal(thread_identity_read(&fake, &before), SEC_E_OK);
        k.calls = 0;
        assert_int_equal(thread_identity_take(&fake, &before, a), SEC_E_NO_IMPERSONATION);
        assert_int_equal(k.calls, 0);
        thread_identity_clear(&before);
    }
    unix_account_free(a);
}

/* Each call fails once: the old identity, or the new one whole where the call did not matter. */
static void
test_take__each_call_fails_once__the_old_identity(void **state)
{
    struct unix_account *a = alice();
    unsigned last = 0;

    for (unsigned i = 1; last == 0 || i <= last; i++) {
        struct thread_identity before;
        sec_status status;

        k = root;
        assert_int_equal(thread_identity_read(&fake, &before), SEC_E_OK);
        k.calls = 0;
        k.fail_at = i;
        assert_int_equal(setjmp(k.end), 0);
        status = thread_identity_take(&fake, &before, a);
        if (status == SEC_E_OK) {
            assert_true(k.calls < i);
            assert_alice();
            last = i;
        } else {
            assert_int_equal(status, SEC_E_NO_IMPERSONATION);
            assert_true(is_as(&root));
        }
        assert_false(k.aborted);
        thread_identity_clear(&before);
    }
    assert_true(last > 8);
    unix_account_free(a);
}

/* A call fails and all behind it: the old identity where nothing had changed, else the end. */
static void
test_take__all_calls_fail_from_one_on__the_old_identity_or_the_end(void **state)
{
    struct unix_account *a = alice();
    static unsigned ends, i;

    for (i = 1; i < 10; i++) {
        struct thread_identity before;

        k = root;
        assert_int_equal(thread_identity_read(&fake, &before), SEC_E_OK);
        k.calls = 0;
        k.fail_at = i;
        k.fail_on = true;
        if (setjmp(k.end) == 0) {
            sec_status status = thread_identity_take(&fake, &before, a);

            if (status != SEC_E_OK) {
                assert_int_equal(status, SEC_E_NO_IMPERSONATION);
                assert_true(is_as(&root));
            } else {
                assert_true(k.calls < i);
            }
        } else {
            ends++;
        }
        thread_identity_clear(&before);
    }
    assert_true(ends >= 7);
    unix_account_free(a);
}

static void
test_restore__each_call_that_fails__ends_the_process(void **state)
{
    struct unix_account *a = alice();
    static unsigned i, ends;

    for (i = 1; i < 40; i++) {
        struct thread_identity before;

        k = root;
        assert_int_equal(thread_identity_read(&fake, &before), SEC_E_OK);
        assert_int_equal(thread_identity_take(&fake, &before, a), SEC_E_OK);
        k.calls = 0;
        k.fail_at = i;
        if (setjmp(k.end) == 0) {
            thread_identity_restore(&fake, &before);
            assert_true(is_as(&root));
            assert_true(k.calls < i);
        } else {
            ends++;
        }
        thread_identity_clear(&before);
    }
    assert_true(ends >= 9);
    unix_account_free(a);
}

/* What the kernel says that it did is looked at. */
static void
test_take__a_change_that_did_not_happen__is_seen(void **state)
{
    struct unix_account *a = alice();
    struct thread_identity before;

    k = root;
    assert_int_equal(thread_identity_read(&fake, &before), SEC_E_OK);
    k.lies = true;
    assert_int_equal(thread_identity_take(&fake, &before, a), SEC_E_NO_IMPERSONATION);
    assert_true(memcmp(k.uid, root.uid, sizeof(k.uid)) == 0 && k.effective == root.effective);
    thread_identity_clear(&before);
    unix_account_free(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take__root_and_a_service_with_capabilities__and_back),
        cmocka_unit_test(test_take__an_ordinary_user__is_refused_unless_it_is_that_user),
        cmocka_unit_test(test_take__no_way_back__is_refused),
        cmocka_unit_test(test_take__each_call_fails_once__the_old_identity),
        cmocka_unit_test(test_take__all_calls_fail_from_one_on__the_old_identity_or_the_end),
        cmocka_unit_test(test_restore__each_call_that_fails__ends_the_process),
        cmocka_unit_test(test_take__a_change_that_did_not_happen__is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
