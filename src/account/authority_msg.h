/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What samd and the processes that ask it say to each other, over samd's socket: frames of a 4-byte
 * little-endian length and that many bytes, of which the first is the type and the next eight the
 * request's number. Neither side trusts the other's bytes. docs/INTERFACES.md has them. Pure;
 * decoded messages are views into the frame, but for what stands in place.
 */
#ifndef ACCOUNT_AUTHORITY_MSG_H
#define ACCOUNT_AUTHORITY_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "account/account.h"
#include "account/admin.h"
#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"
#include "codec/message_table.h"

enum {
    AUTHORITY_MSG_VERSION = 2,
    AUTHORITY_MSG_LENGTH_BYTES = MESSAGE_LENGTH_BYTES,
    AUTHORITY_MSG_BYTES_MAX = 256 * 1024, /* no frame is longer: room for 4,000 groups */
    AUTHORITY_MSG_BLOB_MAX = 65535,
    AUTHORITY_MSG_TEXT_MAX = 2048,
};

enum authority_msg_type {
    /* to samd */
    AUTHORITY_MSG_HELLO = 1, /* first of all: version */
    AUTHORITY_MSG_PROVE,     /* PROVEN or REFUSED answers */
    AUTHORITY_MSG_ADD,       /* these by administrators alone; DONE or REFUSED answers */
    AUTHORITY_MSG_SET_PASSWORD,
    AUTHORITY_MSG_REMOVE,
    AUTHORITY_MSG_UNLOCK,
    AUTHORITY_MSG_CHANGE,
    AUTHORITY_MSG_LIST,        /* a VIEW for each account before DONE */
    AUTHORITY_MSG_SHOW,        /* the same for one */
    AUTHORITY_MSG_ENROLL_CODE, /* a one-time code */
    AUTHORITY_MSG_REMOVE_CODE,
    AUTHORITY_MSG_CHANGE_PASSWORD, /* whoever may prove; DONE or REFUSED answers */
    AUTHORITY_MSG_LOOK_UP,         /* likewise; FOUND or REFUSED */
    AUTHORITY_MSG_REDEEM,          /* an assertion, by root; VOUCHED or REFUSED answers */
    /* from samd */
    AUTHORITY_MSG_WELCOME = 32, /* version */
    AUTHORITY_MSG_PROVEN,
    AUTHORITY_MSG_REFUSED,
    AUTHORITY_MSG_DONE,
    AUTHORITY_MSG_VIEW,
    AUTHORITY_MSG_FOUND,
    AUTHORITY_MSG_VOUCHED,
};

/* What of an account changes, in CHANGE's `changes`; unix_user does where there is one. */
enum {
    AUTHORITY_CHANGES_DISABLED = 1,
    AUTHORITY_CHANGES_DIAL_IN = 2,
    AUTHORITY_CHANGES_EXPIRES = 4,
    AUTHORITY_CHANGES_PASSWORD_EXPIRES = 8,
};

/* A secret as a whole: authority_msg_wipe. */
struct authority_msg {
    uint8_t type; /* enum authority_msg_type */
    uint64_t id;  /* of a request, and of what answers it */
    uint32_t version;
    /* PROVE: an enum account_proof_kind, and the claim but for its kind and time: samd has a clock
     * of its own */
    uint8_t kind;
    struct account_claim claim;
    /* PROVEN: the proof but for its identity, and that but for its lists. REFUSED: its reasons.
     * VOUCHED: of the identity, who that is. */
    struct account_proof proof;
    struct account_identity identity;
    struct message_strings groups, group_sids; /* also VIEW's */
    struct message_numbers group_attributes;
    struct bytes new_password;          /* CHANGE_PASSWORD, whose old one is claim's */
    const char *entry_sid, *entry_name; /* FOUND; LOOK_UP: the SID, NULL for claim's user */
    bool entry_is_group;
    const char *refused_sid; /* REFUSED: whom that is about; "": nobody */
    const char *assertion;   /* REDEEM: what identity.assertion was */
    uint32_t asker;          /* REDEEM: the user whose process was given it */
    uint32_t status;         /* REFUSED: a sec_status */
    const char *reason;      /* REFUSED: what sec_fail was told */
    /* The requests of administrators. */
    struct {
        const char *name, *unix_user; /* unix_user NULL: none; of CHANGE: it stays */
        struct bytes password;
        uint64_t expires_100ns, password_expires_100ns;
        bool may_dial_in, keeps_clear_text, disabled;
        uint8_t changes;
        uint32_t after_rid, n_max;
        struct one_time_code code; /* but for its secret */
        struct bytes code_secret;
    } admin;
    struct message_strings join, leave; /* ADD has join alone */
    struct account_view view;           /* VIEW, but for its lists */
    struct message_strings keys;
    struct message_fault fault;
};

extern const struct message_format authority_msg_format;

/* One frame without its length. WIRE_BAD_VALUE: an unknown type, a text with a NUL in it, a flag
 * that is neither 0 nor 1, a name of half a unit; WIRE_LIMIT: a text longer than it may be. Of a
 * frame that is refused only the fault is left. What numbers mean is not judged. */
SEC_NODISCARD enum wire_err authority_msg_decode(struct authority_msg *, struct bytes in);
/* Appends length and frame; WIRE_LIMIT: something in it is longer than a message can carry, and the
 * writer is of no further use. */
SEC_NODISCARD enum wire_err authority_msg_encode(struct wire_writer *w,
                                                 const struct authority_msg *);
void authority_msg_wipe(struct authority_msg *);

#endif
