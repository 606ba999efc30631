/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rasd and ras-module-host say to each other, over one socket pair: frames of a 4-byte little-
 * endian length and that many bytes, of which the first is the type. The host is not trusted: rasd
 * checks every field, and what makes no sense costs the host its calls. docs/INTERFACES.md has the
 * bytes. Pure; decoded messages are views into the frame.
 */
#ifndef RAS_HOST_MSG_H
#define RAS_HOST_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"
#include "codec/message_table.h"

enum {
    HOST_MSG_VERSION = 1,
    HOST_MSG_LENGTH_BYTES = MESSAGE_LENGTH_BYTES,
    HOST_MSG_BYTES_MAX = 66 * 1024, /* a WORD's worth of data, and its head */
    HOST_MSG_NAME_MAX = 256,        /* UNLEN */
    HOST_MSG_DOMAIN_MAX = 15,       /* DNLEN */
    HOST_MSG_DEVICE_MAX = 128,      /* MAX_DEVICE_NAME */
    HOST_MSG_TEXT_MAX = 4096,       /* PATH_MAX */
    HOST_MSG_DATA_MAX = 65535,      /* a WORD */
    HOST_MSG_CODE_MAX = 64,
};

enum host_msg_type {
    /* rasd to host */
    HOST_MSG_HELLO = 1, /* first of all: version, the module's path */
    HOST_MSG_BEGIN,     /* call RasSecurityDialogBegin */
    HOST_MSG_RECEIVED,  /* the pending Receive is done: error and data (none: timed out) */
    HOST_MSG_END,       /* call RasSecurityDialogEnd */
    HOST_MSG_FORGET,    /* the call is over: its handle and buffers are no longer valid */
    HOST_MSG_OTP_RESULT,
    HOST_MSG_STOP, /* unload the module and leave */
    /* host to rasd */
    HOST_MSG_READY = 32, /* the module is loaded; or error says why not */
    HOST_MSG_BEGUN,      /* what Begin returned */
    HOST_MSG_SEND,
    HOST_MSG_RECEIVE, /* wants up to `size` bytes within `seconds` (0: no limit) */
    HOST_MSG_COMPLETE,
    HOST_MSG_ENDED,     /* what End returned */
    HOST_MSG_OTP_CHECK, /* the module asks whether a code is right: user, code */
};

/* A call is named by rasd: never 0, never used twice in the life of a host process. HPORT, which
 * the module sees, is the host's own affair. */
struct host_msg {
    uint8_t type; /* enum host_msg_type */
    uint64_t call;
    uint32_t request;          /* OTP_CHECK and OTP_RESULT: pairs them within a call */
    uint32_t version;          /* HELLO, READY */
    uint32_t error;            /* READY, BEGUN, RECEIVED, ENDED, COMPLETE, OTP_RESULT */
    uint32_t send_size, size;  /* BEGIN: both buffers; RECEIVE: size */
    uint32_t seconds;          /* RECEIVE */
    uint32_t outcome;          /* COMPLETE: SECURITYMSG_* */
    struct bytes data;         /* SEND, RECEIVED; OTP_CHECK: the code, a secret */
    struct bytes text;         /* HELLO: path; READY: why not; BEGIN: device name */
    struct bytes user, domain; /* COMPLETE, OTP_CHECK */
    struct message_fault fault;
};

extern const struct message_format host_msg_format;

/* One frame without its length. WIRE_BAD_VALUE: an unknown type, a call of 0, a text with a NUL;
 * WIRE_LIMIT: a text or data longer than it may be, or data beside an error. Of a frame that is
 * refused only the fault is left. What the numbers mean is not judged. */
SEC_NODISCARD enum wire_err host_msg_decode(struct host_msg *, struct bytes in);
/* Appends length and frame. The message is one that host_msg_decode would take. */
void host_msg_encode(struct wire_writer *w, const struct host_msg *);

#endif
