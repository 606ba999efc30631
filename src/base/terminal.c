/* SPDX-License-Identifier: Apache-2.0 */
/* With read(2), so that no buffer of stdio keeps what was typed. */
#include "base/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

/* SIGCONT comes after a stop that none could put off: the shell had the terminal meanwhile. */
static const int signals[] = {
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGPIPE, SIGTSTP, SIGCONT
};

enum { SIGNALS = SEC_ARRAY_LEN(signals), CAME_MAX = 32 };

/* One question at a time: handlers are the process's. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
/* Where handlers write the signal's number. It stays open, since one may still be running in another
 * thread when its question is over; a child of fork() makes its own. */
static struct {
    pid_t owner;
    int ends[2];
} told;

/* In a child that was forked meanwhile nobody asks, and nobody would hear of it. */
static void
tell(int number)
{
    const struct sigaction usual = { .sa_handler = SIG_DFL };
    int kept = errno;
    uint8_t byte = (uint8_t)number;

    if (told.owner != getpid()) {
        (void)sigaction(number, &usual, NULL);
        (void)raise(number);
    } else if (write(told.ends[1], &byte, 1) < 0) {
        /* It is full: enough have been told of. */
    }
    errno = kept;
}

static bool
make_pipe(void)
{
    uint8_t stale;

    if (told.owner != getpid()) {
        if (pipe2(told.ends, O_CLOEXEC | O_NONBLOCK) != 0) {
            return false;
        }
        told.owner = getpid();
    }
    while (read(told.ends[0], &stale, 1) == 1) {
    }
    return true;
}

/* What a question changes, to be put back. */
struct asking {
    struct sigaction actions[SIGNALS];
    bool changed[SIGNALS];
    struct termios before;
};

/* With SA_RESTART: a call that changes the terminal, and one of another thread, is not to fail. */
static void
catch_signals(struct asking *a)
{
    const struct sigaction tells = { .sa_handler = tell, .sa_flags = SA_RESTART };

    for (size_t i = 0; i < SIGNALS; i++) {
        a->changed[i] = sigaction(signals[i], NULL, &a->actions[i]) == 0 &&
                        a->actions[i].sa_handler != SIG_IGN &&
                        sigaction(signals[i], &tells, NULL) == 0;
    }
}

/* How many came, one after the other. */
static size_t
release_signals(struct asking *a, uint8_t came[static CAME_MAX])
{
    ssize_t n;

    for (size_t i = 0; i < SIGNALS; i++) {
        if (a->changed[i]) {
            (void)sigaction(signals[i], &a->actions[i], NULL);
        }
    }
    n = read(told.ends[0], came, CAME_MAX);
    return n > 0 ? (size_t)n : 0;
}

/* A thread that blocks a signal leaves it to the others. */
static void
send_here(int number)
{
    sigset_t blocked;

    if (pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0 && sigismember(&blocked, number) == 1) {
        (void)kill(getpid(), number);
    } else {
        (void)raise(number);
    }
}

/* What signals do to the process, they do now; a stop that was over before it began is none. Answers
 * whether they were stops and what ends them, and nothing else. */
static bool
let_come(const uint8_t *came, size_t n)
{
    bool stops_alone = n != 0;

    for (size_t i = 0; i < n; i++) {
        stops_alone = stops_alone && (came[i] == SIGTSTP || came[i] == SIGCONT);
        if (came[i] != SIGTSTP || !memchr(came + i, SIGCONT, n - i)) {
            send_here(came[i]);
        }
    }
    return stops_alone;
}

/* Waits for a byte. false: a signal is told of at stop, which is -1 where none is awaited. */
static bool
wait_for_byte(int fd, int stop)
{
    struct pollfd inputs[] = { { .fd = fd, .events = POLLIN }, { .fd = stop, .events = POLLIN } };
    int n;

    do {
        n = poll(inputs, 2, -1);
    } while (n < 0 && errno == EINTR);
    return n > 0 && !inputs[1].revents;
}

/* *ended: there was no line, but the end of the file. */
static enum terminal_result
read_line(int fd, int stop, struct secret *line, bool *ended)
{
    uint8_t held[TERMINAL_LINE_BYTES + 2];
    enum terminal_result result = TERMINAL_DONE;
    ssize_t got = 1;
    size_t n = 0;

    secret_clear(line);
    while (n < sizeof(held)) {
        if (stop >= 0 && !wait_for_byte(fd, stop)) {
            result = TERMINAL_CANCELLED;
            break;
        }
        got = read(fd, held + n, 1);
        if (got != 1 || held[n] == '\n') {
            break;
        }
        n++;
    }
    *ended = got == 0 && n == 0;
    if (result == TERMINAL_DONE && got < 0) {
        result = TERMINAL_FAILED;
    } else if (n && held[n - 1] == '\r') {
        n--;
    }
    if (result == TERMINAL_DONE && n > TERMINAL_LINE_BYTES) {
        result = TERMINAL_TOO_LONG;
    } else if (result == TERMINAL_DONE && memchr(held, 0, n)) {
        result = TERMINAL_NUL;
    } else if (result == TERMINAL_DONE && !secret_set(line, held, n)) {
        result = TERMINAL_NO_MEMORY;
    }
    secret_wipe(held, sizeof(held));
    return result;
}

enum terminal_result
terminal_read_line(int fd, struct secret *line)
{
    bool ended;

    return read_line(fd, -1, line, &ended);
}

int
terminal_open(void)
{
    return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

void
terminal_say(int terminal, const char *text)
{
    size_t n = strlen(text);

    while (n) {
        ssize_t written = write(terminal, text, n);

        if (written < 0 && errno != EINTR) {
            return;
        }
        if (written > 0) {
            text += written;
            n -= (size_t)written;
        }
    }
}

/* While a line is asked for. Where output is stopped, it waits for that to end or a signal to be told
 * of at stop; -1: for neither. A byte at a time, since there is room for one only. */
static void
say_if_possible(int terminal, const char *text, int stop)
{
    struct pollfd ends[] = { { .fd = terminal, .events = POLLOUT },
                             { .fd = stop, .events = POLLIN } };

    while (*text) {
        int n = poll(ends, 2, stop < 0 ? 0 : -1);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0 || ends[1].revents || write(terminal, text, 1) != 1) {
            return;
        }
        text++;
    }
}

/* What was typed before is thrown away. In two calls: that which does both waits for output, too, which
 * may be stopped. */
static bool
change_terminal(int terminal, const struct termios *to)
{
    return tcflush(terminal, TCIFLUSH) == 0 && tcsetattr(terminal, TCSANOW, to) == 0;
}

/* The signals are ours. */
static enum terminal_result
ask_quietly(int terminal, const char *question, bool hide, struct asking *a, struct secret *line)
{
    struct termios hidden;
    enum terminal_result result;
    bool ended = false;

    if (tcgetattr(terminal, &a->before) != 0) {
        return TERMINAL_NONE;
    }
    hidden = a->before;
    if (hide) {
        hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    }
    if (!change_terminal(terminal, &hidden)) {
        return TERMINAL_NONE;
    }
    say_if_possible(terminal, question, told.ends[0]);
    result = read_line(terminal, told.ends[0], line, &ended);
    if (hide || result != TERMINAL_DONE || ended) {
        say_if_possible(terminal, "\n", -1);
    }
    /* What is left of a line that was too long is no answer to the next question. */
    (void)change_terminal(terminal, &a->before);
    return result == TERMINAL_DONE && ended ? TERMINAL_CANCELLED : result;
}

/* *again: the terminal was somebody else's meanwhile. */
static enum terminal_result
ask_once(int terminal, const char *question, bool hide, struct secret *line, bool *again)
{
    struct asking a = { 0 };
    enum terminal_result result = TERMINAL_FAILED;
    uint8_t came[CAME_MAX];
    size_t n = 0;

    (void)pthread_mutex_lock(&one_at_a_time);
    if (make_pipe()) {
        catch_signals(&a);
        result = ask_quietly(terminal, question, hide, &a, line);
        n = release_signals(&a, came);
    }
    (void)pthread_mutex_unlock(&one_at_a_time);
    *again = let_come(came, n) && result == TERMINAL_CANCELLED;
    return result;
}

enum terminal_result
terminal_ask(int terminal, const char *question, bool hide, struct secret *line)
{
    enum terminal_result result;
    bool again;

    do {
        result = ask_once(terminal, question, hide, line, &again);
    } while (again);
    if (result != TERMINAL_DONE) {
        secret_clear(line);
    }
    return result;
}

const char *
terminal_reason(enum terminal_result result)
{
    static const char *const reasons[] = {
        [TERMINAL_DONE] = "",
        [TERMINAL_NONE] = "there is no terminal to ask at, or it cannot hide what is typed",
        [TERMINAL_CANCELLED] = "nothing was answered",
        [TERMINAL_TOO_LONG] = "what was typed is too long",
        [TERMINAL_NUL] = "what was typed has a NUL in it",
        [TERMINAL_FAILED] = "what was typed could not be read",
        [TERMINAL_NO_MEMORY] = "there is no memory",
    };

    return reasons[result];
}
