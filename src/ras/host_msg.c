/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between rasd and ras-module-host: docs/INTERFACES.md. */
#include "ras/host_msg.h"

#define NUMBER(form, member) MESSAGE_NUMBER(struct host_msg, form, member)
#define CALL                 MESSAGE_FIELD(struct host_msg, U64, call, .min = 1, .max = UINT64_MAX)
#define TEXT(member, most)   MESSAGE_FIELD(struct host_msg, TEXT, member, .max = (most))
#define USER                 TEXT(user, HOST_MSG_NAME_MAX), TEXT(domain, HOST_MSG_DOMAIN_MAX)
#define DATA(least, most)    MESSAGE_FIELD(struct host_msg, REST, data, .min = (least), .max = (most))

static const struct message_field *const types[] = {
    [HOST_MSG_HELLO] = MESSAGE_FIELDS(NUMBER(U32, version), TEXT(text, HOST_MSG_TEXT_MAX)),
    [HOST_MSG_BEGIN] = MESSAGE_FIELDS(CALL, NUMBER(U32, send_size), NUMBER(U32, size),
                                      TEXT(text, HOST_MSG_DEVICE_MAX)),
    [HOST_MSG_RECEIVED] = MESSAGE_FIELDS(CALL, NUMBER(U32, error), DATA(0, HOST_MSG_DATA_MAX)),
    [HOST_MSG_END] = MESSAGE_FIELDS(CALL),
    [HOST_MSG_FORGET] = MESSAGE_FIELDS(CALL),
    [HOST_MSG_OTP_RESULT] = MESSAGE_FIELDS(CALL, NUMBER(U32, request), NUMBER(U32, error)),
    [HOST_MSG_STOP] = MESSAGE_NO_FIELDS,
    [HOST_MSG_READY] =
        MESSAGE_FIELDS(NUMBER(U32, version), NUMBER(U32, error), TEXT(text, HOST_MSG_TEXT_MAX)),
    [HOST_MSG_BEGUN] = MESSAGE_FIELDS(CALL, NUMBER(U32, error)),
    [HOST_MSG_SEND] = MESSAGE_FIELDS(CALL, DATA(1, HOST_MSG_DATA_MAX)),
    [HOST_MSG_RECEIVE] = MESSAGE_FIELDS(CALL, NUMBER(U32, size), NUMBER(U32, seconds)),
    [HOST_MSG_COMPLETE] = MESSAGE_FIELDS(CALL, NUMBER(U32, error), NUMBER(U32, outcome), USER),
    [HOST_MSG_ENDED] = MESSAGE_FIELDS(CALL, NUMBER(U32, error)),
    [HOST_MSG_OTP_CHECK] =
        MESSAGE_FIELDS(CALL, NUMBER(U32, request), USER, DATA(1, HOST_MSG_CODE_MAX)),
};

const struct message_format host_msg_format =
    MESSAGE_FORMAT(struct host_msg, types, NULL, HOST_MSG_BYTES_MAX);

enum wire_err
host_msg_decode(struct host_msg *out, struct bytes in)
{
    enum wire_err err = message_decode(&host_msg_format, out, in);

    /* An error brings no data, which is what a frame ends with. */
    return out->error && out->data.n ? message_refuse(&host_msg_format, out, WIRE_LIMIT, "data",
                                                      (uint32_t)(in.n - out->data.n))
                                     : err;
}

void
host_msg_encode(struct wire_writer *w, const struct host_msg *m)
{
    (void)message_encode(&host_msg_format, w, m);
}
