/* SPDX-License-Identifier: Apache-2.0 */
/* SspiPromptForCredentials in a session of its own, where a thread plays the person; signals are
 * tests/system/test_prompt.py's. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <opensspi/opensspi.h>

#include "tests/support/alloc_fail.h"

static int master, slave;

/* Answers whatever asks; what has been said before the question is not for it. */
static void *
play(void *unused)
{
    char said[512];
    size_t n = 0;

    for (;;) {
        ssize_t got = read(master, said + n, 1);

        if (got != 1) {
            return NULL;
        }
        n = (n + 1) % (sizeof(said) - 1);
        said[n] = 0;
        if (strstr(said, "name: ") || strstr(said, "]: ")) {
            (void)!write(master, "DOMAIN\\alice\n", 13);
            n = 0;
        } else if (strstr(said, "Password: ")) {
            (void)!write(master, "Passw0rd\n", 9);
            n = 0;
        }
    }
}

static int
begin_session(void **state)
{
    pthread_t person;

    if (setsid() < 0) {
        return -1;
    }
    master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        return -1;
    }
    slave = open(ptsname(master), O_RDWR); /* the session's */
    return slave >= 0 && pthread_create(&person, NULL, play, NULL) == 0 ? 0 : -1;
}

static void
ask_once(void *given, bool failing)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = NULL;
    ULONG status = SspiPromptForCredentialsA("HTTP/web1", NULL, (ULONG)SEC_E_LOGON_DENIED, "NTLM",
                                             given, &id, NULL, SSPIPFC_NO_CHECKBOX);

    assert_true(status == SEC_E_OK || (failing && status == (ULONG)SEC_E_INSUFFICIENT_MEMORY));
    assert_int_equal(id != NULL, status == SEC_E_OK);
    SspiFreeAuthIdentity(id);
}

static void
test_prompt__under_failed_allocations__fails_whole(void **state)
{
    static SEC_WCHAR bob[] = { 'b', 'o', 'b', 0 };
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE given;

    assert_true(alloc_fail_each(ask_once, NULL) >= 5);
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(bob, bob, bob, &given), SEC_E_OK);
    assert_int_equal(SspiEncryptAuthIdentity(given), SEC_E_OK);
    assert_true(alloc_fail_each(ask_once, given) >= 5);
    SspiFreeAuthIdentity(given);
}

/* Of what the caller shows, too. */
static void
test_prompt__of_a_window__takes_one_that_is_whole(void **state)
{
    struct {
        ULONG size;
        void *window;
        const char *message, *caption;
        void *banner;
    } info = { sizeof(info), NULL, "a message", "a caption", NULL };
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = NULL;

    assert_int_equal(SspiPromptForCredentialsA("HTTP/web1", &info, 0, "NTLM", NULL, &id, NULL, 0),
                     SEC_E_OK);
    SspiFreeAuthIdentity(id);
    info.size = 8;
    assert_int_equal(SspiPromptForCredentialsA("HTTP/web1", &info, 0, "NTLM", NULL, &id, NULL, 0),
                     (ULONG)SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiPromptForCredentialsA("HTTP/web1", NULL, 0, "NTLM", NULL, NULL, NULL, 0),
                     (ULONG)SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiPromptForCredentialsA("HTTP/web1", NULL, 0, NULL, NULL, &id, NULL, 0),
                     (ULONG)SEC_E_INVALID_PARAMETER);
}

/* Who leads a group of processes can begin no session. */
int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prompt__under_failed_allocations__fails_whole),
        cmocka_unit_test(test_prompt__of_a_window__takes_one_that_is_whole),
    };
    int status;
    pid_t child = fork();

    if (child == 0) {
        return cmocka_run_group_tests_name("sspi/prompt", tests, begin_session, NULL);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
