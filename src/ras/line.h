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

/* Who owns the line. data is borrowed for the call. */
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
    struct line *(*open)(uv_loop_t *, const struct port_settings *, const struct line_events *,
                         void *owner, const struct log *, char *why, size_t why_n);
    void (*listen)(struct line *); /* ready for a call */
    void (*answer)(struct line *); /* carrier or no_answer follows */
    /* Sends; data is copied. false: the line takes no more, and is lost. */
    bool (*send)(struct line *, struct bytes data);
    void (*read)(struct line *, bool on); /* backpressure */
    void (*flush)(struct line *);         /* discards input that was not delivered */
    /* The descriptor for pppd, in blocking mode, with what was to be sent gone out; the line reads
     * it no more until take_back. -1: it cannot. For what is no tty, a pty pair is made and bytes
     * are pumped. */
    int (*hand_over)(struct line *);
    void (*take_back)(struct line *);
    void (*hang_up)(struct line *); /* hung_up follows */
    void (*close)(struct line *);   /* frees; no callback follows */
    size_t (*describe)(const struct line *, char *text,
                       size_t n); /* peer's address, modem's words */
};

struct line {
    const struct line_ops *ops;
};

extern const struct line_ops line_serial, line_tcp, line_pty;

#endif
