/* SPDX-License-Identifier: Apache-2.0 */
/* A serial line's states: what the modem is told, what it says, and what time does to a call. */
#ifndef RAS_SERIAL_DIALOG_H
#define RAS_SERIAL_DIALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ras/channel.h"
#include "ras/line.h"
#include "ras/modem.h"
#include "ras/settings.h"
#include "ras/tty_lock.h"

enum serial_state {
    SERIAL_DOWN,  /* the device cannot be opened */
    SERIAL_RESET, /* the initialization was sent */
    SERIAL_IDLE,
    SERIAL_RINGING, /* the owner was told */
    SERIAL_ANSWERING,
    SERIAL_ONLINE,
    SERIAL_HANDED, /* pppd has it */
    SERIAL_DRAIN,  /* what was said last goes out */
    SERIAL_DROP,   /* DTR is low */
    SERIAL_GUARD,  /* silence, then "+++" */
    SERIAL_ESCAPE, /* silence again */
    SERIAL_ATH,    /* hang-up was sent */
    SERIAL_CLOSING,
};

struct line_serial {
    struct line line;
    struct lines *lines;
    const struct port_settings *settings;
    const struct line_events *events;
    void *owner; /* NULL: closed */
    enum serial_state state;
    struct channel channel;
    uv_timer_t timer, carrier; /* of the state; of DCD */
    uint8_t hung_up_matched;   /* of what the modem says when a call is over */
    struct modem modem;
    char lock[TTY_LOCK_BYTES], words[MODEM_LINE_BYTES + 1];
    bool attached, listens, hanging_up, closing_device;
    unsigned long rings;
    int drains;
    int open_timers;
    uint8_t early[CALL_CHUNK_BYTES]; /* came before the owner could take it */
    size_t early_n;
    bool (*open_device)(struct line_serial *, char *why, size_t why_n);
};

void serial_dialog_enter(struct line_serial *s, enum serial_state state, uint64_t limit_ms);
void serial_dialog_watch_carrier(struct line_serial *s, bool on);
/* Tells the modem how to behave, and waits for calls. */
void serial_dialog_reset(struct line_serial *s);
void serial_dialog_answer(struct line_serial *s);
/* What was said last goes out; then the line is hung up. */
void serial_dialog_drain(struct line_serial *s);
/* struct channel_events' input. */
void serial_dialog_input(void *owner, struct bytes in);

#endif
