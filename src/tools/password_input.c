/* SPDX-License-Identifier: Apache-2.0 */
/* Reading passwords: with read(2), so that no buffer of stdio keeps them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tools/password_input.h"

enum { PASSWORD_BYTES_MAX = 1024 }; /* 256 characters at four bytes */

static sec_status
fail(const char *why)
{
    return sec_fail(SEC_E_INVALID_PARAMETER, "%s", why);
}

/* One byte. A signal that means to ends it: with `open`, whose signals come only while it waits, none
 * is lost between looking and reading. */
static ssize_t
read_byte(int fd, const sigset_t *open, uint8_t *to)
{
    struct pollfd input = { .fd = fd, .events = POLLIN };

    return open && ppoll(&input, 1, NULL, open) < 0 ? -1 : read(fd, to, 1);
}

/* One line of fd into line, wiped of its end. */
static sec_status
read_line(int fd, const sigset_t *open, struct secret *line)
{
    uint8_t held[PASSWORD_BYTES_MAX + 2];
    sec_status status = SEC_E_OK;
    size_t n = 0;
    ssize_t got = 0;

    while (n < sizeof(held) && (got = read_byte(fd, open, held + n)) == 1 && held[n] != '\n') {
        n++;
    }
    if (got < 0) {
        status = fail("the password could not be read");
    } else if (n && held[n - 1] == '\r') {
        n--;
    }
    if (n > PASSWORD_BYTES_MAX) {
        status = fail("the password is too long");
    } else if (memchr(held, 0, n)) {
        status = fail("the password has a NUL in it");
    }
    if (status == SEC_E_OK && !secret_set(line, held, n)) {
        status = SEC_E_INSUFFICIENT_MEMORY;
    }
    secret_wipe(held, sizeof(held));
    return status;
}

sec_status
password_input_stdin(struct secret *out)
{
    return read_line(STDIN_FILENO, NULL, out);
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
        status = read_line(fd, NULL, out);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
}

/* --- the terminal -------------------------------------------------------------------------- */

/* The terminal gets its echo back before a signal takes effect. */
static volatile sig_atomic_t caught;

static void
note_signal(int number)
{
    caught = number;
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

enum { SIGNALS = SEC_ARRAY_LEN(signals) };

/* Signals as they were before. */
struct kept_signals {
    struct sigaction actions[SIGNALS];
    sigset_t mask;
};

static void
catch_signals(struct kept_signals *kept)
{
    const struct sigaction note = { .sa_handler = note_signal };
    sigset_t blocked;

    caught = 0;
    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)sigaddset(&blocked, signals[i]);
        (void)sigaction(signals[i], &note, &kept->actions[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &blocked, &kept->mask);
}

static void
release_signals(const struct kept_signals *kept)
{
    (void)sigprocmask(SIG_SETMASK, &kept->mask, NULL); /* one that has come is noted now */
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)sigaction(signals[i], &kept->actions[i], NULL);
    }
    if (caught) {
        (void)raise(caught);
    }
}

static sec_status
ask(int tty, const char *prompt, struct secret *out)
{
    struct kept_signals kept;
    struct termios shown, hidden;
    sec_status status;

    if (tcgetattr(tty, &shown)) {
        return fail("the terminal cannot hide what is typed");
    }
    catch_signals(&kept);
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    if (tcsetattr(tty, TCSAFLUSH, &hidden)) {
        status = fail("the terminal cannot hide what is typed");
    } else {
        (void)dprintf(tty, "%s: ", prompt);
        status = read_line(tty, &kept.mask, out);
        (void)dprintf(tty, "\n");
        (void)tcsetattr(tty, TCSAFLUSH, &shown);
    }
    release_signals(&kept);
    return status;
}

sec_status
password_input_terminal(const char *prompt, const char *again, struct secret *out)
{
    struct secret second = { 0 };
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    sec_status status;

    if (tty < 0) {
        return fail("there is no terminal to ask for the password: use --password-stdin");
    }
    status = ask(tty, prompt, out);
    if (status == SEC_E_OK && again) {
        status = ask(tty, again, &second);
    }
    if (status == SEC_E_OK && again &&
        (second.n != out->n || !secret_equal(second.p, out->p, out->n))) {
        status = fail("the two passwords differ");
    }
    secret_clear(&second);
    (void)close(tty);
    return status;
}
