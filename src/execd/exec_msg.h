/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sspid and opensspi-execd say to each other, over one Unix socket for each command: frames of
 * a 4-byte little-endian length and that many bytes, of which the first is the type. A START, and what
 * becomes of it; who hangs up wants the command to end. docs/INTERFACES.md has the bytes. Pure;
 * decoded messages are views into the frame.
 */
#ifndef EXECD_EXEC_MSG_H
#define EXECD_EXEC_MSG_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"
#include "codec/message_table.h"

enum {
    EXEC_MSG_VERSION = 2,
    EXEC_MSG_LENGTH_BYTES = MESSAGE_LENGTH_BYTES,
    EXEC_MSG_BYTES_MAX = 80 * 1024,
    EXEC_MSG_ANSWER_BYTES_MAX = 16 * 1024, /* of execd's */
    EXEC_MSG_TEXT_MAX = 1024,
    EXEC_MSG_CREDENTIALS_MAX = 64 * 1024,
    EXEC_MSG_DESCRIPTORS = 3, /* at most, beside STARTED: standard input, output, error */
};

enum exec_msg_type {
    /* to execd */
    EXEC_MSG_START = 1, /* first and last: which command, for whom */
    /* from execd */
    EXEC_MSG_STARTED = 32, /* with the other ends of the standard streams beside it */
    EXEC_MSG_REFUSED,      /* instead: why */
    EXEC_MSG_EXITED,       /* after STARTED, last of all */
};

/* Why there is no command. */
enum exec_msg_refusal {
    EXEC_MSG_NO_COMMAND = 1, /* the configuration has none of that name */
    EXEC_MSG_NO_ACCOUNT,     /* the client has no account of this system */
    EXEC_MSG_NOT_PERMITTED,  /* this account may not run this command */
    EXEC_MSG_NOT_PROVEN,     /* samd does not vouch for the client */
    EXEC_MSG_TOO_MANY,       /* there are as many commands as there may be */
    EXEC_MSG_FAILED,         /* it could not be started */
};

/* Texts are UTF-8, empty where there is none; what a client chose may be in them. */
struct exec_msg {
    uint8_t type;         /* enum exec_msg_type */
    uint32_t version;     /* START, STARTED */
    uint32_t process;     /* STARTED */
    uint32_t descriptors; /* STARTED: how many are beside it; 2: errors go where output goes */
    uint32_t refusal;     /* REFUSED: enum exec_msg_refusal */
    uint32_t status;      /* EXITED: the exit status, or the signal that ended it */
    uint8_t signaled;     /* EXITED: 1: by a signal */
    uint16_t port;        /* START: the client's */
    struct bytes command; /* START: NAME of [exec NAME] */
    struct bytes user, domain, unix_user, sid, package, address; /* START: the client */
    struct bytes assertion;                                      /* START: samd's word that it is */
    struct bytes credentials; /* START: a credential cache's file, of what the client delegated */
    struct bytes reason;      /* REFUSED */
    struct message_fault fault;
};

extern const struct message_format exec_msg_format;

/* One frame without its length. WIRE_BAD_VALUE: an unknown type or kind of refusal, a flag that is
 * none, a number of descriptors that cannot be, a text with a NUL in it; WIRE_LIMIT: a text or credentials
 * longer than they may be. Of a frame that is refused only the fault is left. */
SEC_NODISCARD enum wire_err exec_msg_decode(struct exec_msg *, struct bytes in);
/* Appends length and frame. false: exec_msg_decode would not take it: a text or the credentials are
 * longer than they may be, a text has a NUL in it. */
SEC_NODISCARD bool exec_msg_encode(struct wire_writer *w, const struct exec_msg *);

/* "not-permitted"; for counters and logs. */
const char *exec_msg_refusal_name(uint32_t refusal);

#endif
