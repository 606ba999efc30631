/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of this process. rasd knows a call by its number, the module by its HPORT: neither is
 * ever used for another call, so that what is stale is known to be. */
#ifndef RAS_MODULE_HOST_CALLS_H
#define RAS_MODULE_HOST_CALLS_H

#include <opensspi/rasshost.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "ras/module_host/guard.h"

/* A thread of the module's that waits to hear whether a code is right. On its stack. */
struct calls_check {
    struct calls_check *next;
    uint32_t request;
    bool done;
    DWORD error;
    pthread_cond_t cond;
};

/* Good while the lock is held; between, only the number and the handle are. */
struct calls_call {
    uint64_t number;
    HPORT handle;
    struct guard send, receive;
    CHAR device[OPENSSPI_RAS_DEVICE_BYTES];
    /* Begin is to be called or has not returned; likewise End, which waits for Begin. */
    bool beginning, end_wanted, ending;
    bool ended;     /* rasd asked for the end: nothing more is sent or received */
    bool completed; /* the module has reported */
    bool repeated;  /* more than once, and rasd knows */
    bool over;      /* Begin or End answered that the module has done with it */
    /* The Receive that is pending, or the last one. */
    bool receiving;
    WORD *length;
    HANDLE event;
    WORD size;
    DWORD last_error, received;
    struct calls_check *checks;
    uint32_t last_request;
    struct calls_call *next_by_number, *next_by_handle, *next_to_begin;
};

void calls_lock(void);
void calls_unlock(void);

/* Below: with the lock held. */

/* Lets the lock go until somebody signals. */
void calls_wait(pthread_cond_t *cond);
/* NULL: no memory. */
struct calls_call *calls_add(uint64_t number, size_t send_size, size_t receive_size,
                             struct bytes device);
struct calls_call *calls_by_number(uint64_t number);
struct calls_call *calls_by_handle(HPORT handle);
size_t calls_count(void);
/* Whoever waits is told that the line is lost; the buffers are out of bounds from here on. */
void calls_remove(struct calls_call *);
/* Nobody hears of a code any more. */
void calls_end_checks(struct calls_call *);

#endif
