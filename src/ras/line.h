/* SPDX-License-Identifier: Apache-2.0 */
/* The line of a port: a tty with a modem, a TCP socket, a pseudo-terminal. Drivers are tables of
 * functions; all of them run on rasd's loop and answer through the callbacks. */
#ifndef RAS_LINE_H
#define RAS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/bytes.h"
#include "base/log.h"

struct line;
struct port_settings;
struct tcp_listener;

/* What all lines of one rasd share. */
struct lines {
    uv_loop_t *loop;
    const struct log *log;
    struct tcp_listener *listeners; /* line_tcp.c's */
};

/* Who owns the line. data is borrowed for the call. Any of them may come from within a function of
 * line_ops. */
struct line_events {
    void (*call)(void *owner);    /* somebody rings or connects */
    void (*carrier)(void *owner); /* answered: bytes are the caller's from now on */
    void (*no_answer)(void *owner, const char *why);
    void (*input)(void *owner, struct bytes data);
    void (*lost)(void *owner, const char *why);
    void (*hung_up)(void *owner); /* after hang_up: ready for listen */
};

struct line_ops {
    const char *type; /* "serial", "tcp", "pty" */
    /* NULL with why filled in. */
    struct line *(*open)(struct lines *, const struct port_settings *, const struct line_events *,
                         void *owner, char *why, size_t why_n);
    void (*listen)(struct line *); /* ready for a call */
    void (*answer)(struct line *); /* carrier or no_answer follows */
    /* Sends; data is copied. false: the line takes no more, and is lost. */
    bool (*send)(struct line *, struct bytes data);
    void (*read)(struct line *, bool on); /* backpressure */
    void (*flush)(struct line *);         /* discards input that was not delivered */
    /* A descriptor for pppd, in blocking mode and the caller's to close; the line reads it no more
     * until take_back. -1: it cannot. For what is no tty, a pty pair is made and bytes are pumped.
     */
    int (*hand_over)(struct line *);
    void (*take_back)(struct line *);
    void (*hang_up)(struct line *); /* hung_up follows */
    void (*close)(struct line *);   /* frees; no callback follows */
    /* peer's address, modem's words */
    size_t (*describe)(const struct line *, char *text, size_t n);
    void (*count)(const struct line *, uint64_t *in, uint64_t *out); /* bytes of this call */
};

struct line {
    const struct line_ops *ops;
};

extern const struct line_ops line_serial, line_tcp, line_pty;

#endif
