/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: a line in, an object out, and who is left without an answer. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/control.h"

enum { LARGE_BYTES = 1 << 20 }; /* more than a socket holds */

static char path[64];
static const struct log quiet = { .fd = -1, .program = "testd" };

static json_t *
echo(void *user, const char *request)
{
    static char text[LARGE_BYTES + 1];
    unsigned *asked = user;

    (*asked)++;
    if (strcmp(request, "large") == 0) {
        memset(text, 'x', LARGE_BYTES);
        return json_pack("{s:s}", "said", text);
    }
    return strcmp(request, "fail") == 0 ? control_error("as asked")
                                        : json_pack("{s:s}", "said", request);
}

static int
connected(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* What comes back until the end to who has nothing more to say; the loop runs in between. */
static void
ask(uv_loop_t *loop, const char *request, char *answer, size_t room)
{
    int fd = connected();
    ssize_t n = 0;
    size_t len = 0;

    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    (void)uv_run(loop, UV_RUN_NOWAIT); /* the end is seen before anything is read */
    (void)uv_run(loop, UV_RUN_NOWAIT);
    do {
        (void)uv_run(loop, UV_RUN_NOWAIT);
        n = recv(fd, answer + len, room - 1 - len, MSG_DONTWAIT);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0 || (n < 0 && errno == EAGAIN));
    answer[len] = 0;
    (void)close(fd);
}

static void
test_control__a_line__one_object(void **state)
{
    unsigned asked = 0;
    const struct control_requests requests = { echo, &asked };
    struct control *control;
    char answer[600], why[200], long_line[400];
    struct stat at;
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_true(control_is_free(path, &quiet, why, sizeof(why)));
    control = control_open(&loop, path, &quiet, &requests, why, sizeof(why));
    assert_non_null(control);
    assert_int_equal(stat(path, &at), 0);
    assert_int_equal(at.st_mode & 0777, 0600);
    assert_false(control_is_free(path, &quiet, why, sizeof(why)));
    assert_non_null(strstr(why, "another testd runs"));

    ask(&loop, "status\n", answer, sizeof(answer));
    assert_string_equal(answer, "{\"said\":\"status\"}");
    ask(&loop, "fail\n", answer, sizeof(answer));
    assert_string_equal(answer, "{\"error\":\"as asked\"}");
    assert_int_equal(asked, 2);
    (void)snprintf(long_line, sizeof(long_line), "%0300d\n", 0);
    ask(&loop, long_line, answer, sizeof(answer));
    assert_string_equal(answer, "");
    assert_int_equal(asked, 2);

    control_close(control);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(access(path, F_OK), -1);
}

static void
test_control__an_end_of_file_behind_the_line__the_whole_answer(void **state)
{
    static char answer[LARGE_BYTES + 100];
    unsigned asked = 0;
    const struct control_requests requests = { echo, &asked };
    struct control *control;
    char why[200];
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    control = control_open(&loop, path, &quiet, &requests, why, sizeof(why));
    assert_non_null(control);
    ask(&loop, "large\n", answer, sizeof(answer));
    assert_int_equal(strlen(answer), LARGE_BYTES + strlen("{\"said\":\"\"}"));
    control_close(control);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void
test_control__what_a_killed_one_left__taken_over(void **state)
{
    unsigned asked = 0;
    const struct control_requests requests = { echo, &asked };
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int left = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct control *control;
    char why[200];
    uv_loop_t loop;

    (void)state;
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    assert_int_equal(bind(left, (const struct sockaddr *)&at, sizeof(at)), 0);
    (void)close(left);
    assert_int_equal(uv_loop_init(&loop), 0);
    control = control_open(&loop, path, &quiet, &requests, why, sizeof(why));
    assert_non_null(control);
    control_close(control);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void
test_control__a_path_that_is_too_long__said(void **state)
{
    char long_path[200], why[300];

    (void)state;
    (void)snprintf(long_path, sizeof(long_path), "/%0150d", 0);
    assert_false(control_is_free(long_path, &quiet, why, sizeof(why)));
    assert_non_null(strstr(why, "expected a path of at most 107 bytes"));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control__a_line__one_object),
        cmocka_unit_test(test_control__an_end_of_file_behind_the_line__the_whole_answer),
        cmocka_unit_test(test_control__what_a_killed_one_left__taken_over),
        cmocka_unit_test(test_control__a_path_that_is_too_long__said),
    };

    (void)snprintf(path, sizeof(path), "/tmp/test_control.%d", (int)getpid());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
