/* SPDX-License-Identifier: Apache-2.0 */
/* Reading passwords, from wherever they come. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/terminal.h"
#include "tools/password_input.h"

static sec_status
fail(const char *why)
{
    return sec_fail(SEC_E_INVALID_PARAMETER, "%s", why);
}

/* Of what is read in place of a password. */
static sec_status
status_of(enum terminal_result result)
{
    switch (result) {
    case TERMINAL_DONE: return SEC_E_OK;
    case TERMINAL_NO_MEMORY: return SEC_E_INSUFFICIENT_MEMORY;
    case TERMINAL_TOO_LONG: return fail("the password is too long");
    case TERMINAL_NUL: return fail("the password has a NUL in it");
    case TERMINAL_NONE:
        return fail("there is no terminal to ask for the password: use --password-stdin");
    default: return fail("the password could not be read");
    }
}

sec_status
password_input_stdin(struct secret *out)
{
    return status_of(terminal_read_line(STDIN_FILENO, out));
}

sec_status
password_input_file(const char *path, struct secret *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    sec_status status;

    if (fd < 0 || fstat(fd, &st) != 0) {
        status = sec_fail(SEC_E_INVALID_PARAMETER, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != 0)) {
        status = sec_fail(SEC_E_INVALID_PARAMETER, "%s: expected a file of your own", path);
    } else if (st.st_mode & 077) {
        status = sec_fail(SEC_E_INVALID_PARAMETER,
                          "%s: others may read it or write to it; expected mode 0600", path);
    } else {
        status = status_of(terminal_read_line(fd, out));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
}

static sec_status
ask(int terminal, const char *question, struct secret *out)
{
    char text[80];

    (void)snprintf(text, sizeof(text), "%s: ", question);
    return status_of(terminal_ask(terminal, text, true, out));
}

sec_status
password_input_terminal(const char *prompt, const char *again, struct secret *out)
{
    SEC_AUTO(secret) second = { 0 };
    int terminal = terminal_open();
    sec_status status;

    if (terminal < 0) {
        return status_of(TERMINAL_NONE);
    }
    status = ask(terminal, prompt, out);
    if (status == SEC_E_OK && again) {
        status = ask(terminal, again, &second);
    }
    if (status == SEC_E_OK && again &&
        (second.n != out->n || !secret_equal(second.p, out->p, out->n))) {
        status = fail("the two passwords differ");
    }
    (void)close(terminal);
    return status;
}
