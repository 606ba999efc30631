/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between rasd and its plugin in pppd: docs/INTERFACES.md. */
#include "ras/ppp_msg.h"

#define NUMBER(form, member) MESSAGE_NUMBER(struct ppp_msg, form, member)
#define SIZED(form, member, least, most) \
    MESSAGE_FIELD(struct ppp_msg, form, member, .min = (least), .max = (most))

static bool
is_algorithm(const void *member)
{
    const uint8_t *algorithm = member;

    return *algorithm == PPP_MSG_PAP || *algorithm == PPP_MSG_CHAP_MD5 ||
           *algorithm == PPP_MSG_MSCHAP || *algorithm == PPP_MSG_MSCHAP_V2;
}

static const struct message_field *const types[] = {
    [PPP_MSG_HELLO] = MESSAGE_FIELDS(NUMBER(U32, version),
                                     SIZED(BYTES, token, PPP_MSG_TOKEN_BYTES, PPP_MSG_TOKEN_BYTES)),
    [PPP_MSG_PROVE] = MESSAGE_FIELDS(
        MESSAGE_FIELD(struct ppp_msg, U8, algorithm, .max = UINT8_MAX, .is_valid = is_algorithm),
        NUMBER(U8, id), SIZED(TEXT, user, 0, PPP_MSG_USER_MAX),
        SIZED(BYTES, challenge, 0, PPP_MSG_CHALLENGE_MAX),
        SIZED(BYTES, response, 0, PPP_MSG_RESPONSE_MAX)),
    [PPP_MSG_UP] = MESSAGE_FIELDS(SIZED(TEXT, interface_name, 1, PPP_MSG_INTERFACE_MAX),
                                  SIZED(TEXT, local, 0, PPP_MSG_ADDRESS_MAX),
                                  SIZED(TEXT, remote, 0, PPP_MSG_ADDRESS_MAX)),
    [PPP_MSG_DOWN] =
        MESSAGE_FIELDS(NUMBER(U64, seconds), NUMBER(U64, bytes_in), NUMBER(U64, bytes_out)),
    [PPP_MSG_WELCOME] =
        MESSAGE_FIELDS(NUMBER(U32, version), SIZED(TEXT, remote, 0, PPP_MSG_ADDRESS_MAX)),
    [PPP_MSG_VERDICT] =
        MESSAGE_FIELDS(NUMBER(U32, error), SIZED(TEXT, text, 0, PPP_MSG_TEXT_MAX),
                       SIZED(BYTES_OR_NONE, send_key, PPP_MSG_KEY_BYTES, PPP_MSG_KEY_BYTES),
                       SIZED(BYTES_OR_NONE, receive_key, PPP_MSG_KEY_BYTES, PPP_MSG_KEY_BYTES)),
};

const struct message_format ppp_msg_format =
    MESSAGE_FORMAT(struct ppp_msg, types, NULL, PPP_MSG_BYTES_MAX);

enum wire_err
ppp_msg_decode(struct ppp_msg *out, struct bytes in)
{
    return message_decode(&ppp_msg_format, out, in);
}

void
ppp_msg_encode(struct wire_writer *w, const struct ppp_msg *m)
{
    (void)message_encode(&ppp_msg_format, w, m);
}
