/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between sspid and opensspi-execd: docs/INTERFACES.md. */
#include "execd/exec_msg.h"

#define NUMBER(form, member, least, most) \
    MESSAGE_FIELD(struct exec_msg, form, member, .min = (least), .max = (most))
#define TEXT(member) MESSAGE_FIELD(struct exec_msg, TEXT, member, .max = EXEC_MSG_TEXT_MAX)

static bool
is_some(const void *member)
{
    const struct bytes *text = member;

    return text->n > 0;
}

static const struct message_field *const types[] = {
    [EXEC_MSG_START] = MESSAGE_FIELDS(
        NUMBER(U32, version, 0, UINT32_MAX), NUMBER(U16, port, 0, UINT16_MAX),
        MESSAGE_FIELD(struct exec_msg, TEXT, command, .max = EXEC_MSG_TEXT_MAX,
                      .is_valid = is_some),
        TEXT(user), TEXT(domain), TEXT(unix_user), TEXT(sid), TEXT(package), TEXT(address),
        TEXT(assertion),
        MESSAGE_FIELD(struct exec_msg, COUNTED, credentials, .max = EXEC_MSG_CREDENTIALS_MAX)),
    [EXEC_MSG_STARTED] =
        MESSAGE_FIELDS(NUMBER(U32, version, 0, UINT32_MAX), NUMBER(U32, process, 1, INT32_MAX),
                       NUMBER(U32, descriptors, EXEC_MSG_DESCRIPTORS - 1, EXEC_MSG_DESCRIPTORS)),
    [EXEC_MSG_REFUSED] =
        MESSAGE_FIELDS(NUMBER(U32, refusal, EXEC_MSG_NO_COMMAND, EXEC_MSG_FAILED), TEXT(reason)),
    [EXEC_MSG_EXITED] =
        MESSAGE_FIELDS(NUMBER(U8, signaled, 0, 1), NUMBER(U32, status, 0, UINT8_MAX)),
};

const struct message_format exec_msg_format =
    MESSAGE_FORMAT(struct exec_msg, types, NULL, EXEC_MSG_BYTES_MAX);

const char *
exec_msg_refusal_name(uint32_t refusal)
{
    static const char *const names[] = {
        [EXEC_MSG_NO_COMMAND] = "no-command",       [EXEC_MSG_NO_ACCOUNT] = "no-account",
        [EXEC_MSG_NOT_PERMITTED] = "not-permitted", [EXEC_MSG_NOT_PROVEN] = "not-proven",
        [EXEC_MSG_TOO_MANY] = "too-many",           [EXEC_MSG_FAILED] = "failed",
    };

    return refusal < SEC_ARRAY_LEN(names) && names[refusal] ? names[refusal] : "unknown";
}

enum wire_err
exec_msg_decode(struct exec_msg *out, struct bytes in)
{
    return message_decode(&exec_msg_format, out, in);
}

bool
exec_msg_encode(struct wire_writer *w, const struct exec_msg *m)
{
    return message_encode(&exec_msg_format, w, m) == WIRE_OK;
}
