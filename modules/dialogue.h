/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a security module's dialogues have in common: a thread for each call, which asks questions
 * and reports the outcome. The module exports RasSecurityDialogBegin and RasSecurityDialogEnd and
 * has them call dialogue_begin and dialogue_end; dialogue.c exports DllMain.
 *
 * A dialogue whose call has ended goes on until it asks the next question: a thread that is blocked
 * elsewhere keeps neither the call's end nor another call waiting.
 */
#ifndef MODULES_DIALOGUE_H
#define MODULES_DIALOGUE_H

#include <opensspi/rasmodule.h>
#include <windows.h>

enum { DIALOGUE_ANSWER_BYTES = 257 }; /* UNLEN + 1 */

struct dialogue;

/* Talks to the caller; runs in the call's own thread. To return without a report is to report an
 * error. */
typedef void (*dialogue_talk)(struct dialogue *);

/* As RasSecurityDialogBegin, as RasSecurityDialogEnd. */
DWORD dialogue_begin(HPORT port, PBYTE out, DWORD out_size, PBYTE in, DWORD in_size,
                     OPENSSPI_RAS_COMPLETE complete, dialogue_talk talk);
DWORD dialogue_end(HPORT port);

/* --- for dialogue_talk --------------------------------------------------------------------- */

HPORT dialogue_port(const struct dialogue *);
/* The name of the port's device; empty when the call has ended. */
void dialogue_device(struct dialogue *, char device[OPENSSPI_RAS_DEVICE_BYTES]);

/* Shows text; a LF is shown as CR LF. FALSE: the call has ended. */
BOOL dialogue_say(struct dialogue *, const char *text);

/*
 * Shows a prompt and waits for a line, of which the caller sees what he types where echo is TRUE.
 * NO_ERROR: answer has it, a secret for all that is known here. ERROR_INVALID_SIZE: it is longer
 * than there is room for, and answer is empty. Otherwise there is no line and there will be none:
 * ERROR_REQUEST_TIMEOUT after that many seconds, ERROR_PORT_DISCONNECTED.
 */
DWORD dialogue_ask(struct dialogue *, const char *prompt, BOOL echo, DWORD seconds,
                   char answer[DIALOGUE_ANSWER_BYTES]);

/* SECURITYMSG_SUCCESS or SECURITYMSG_FAILURE, and who the caller is: "user" or "DOMAIN\user". A
 * name that does not fit into the message is not reported; SUCCESS becomes an error then. */
void dialogue_report(struct dialogue *, DWORD outcome, const char *name);
/* SECURITYMSG_ERROR. */
void dialogue_report_error(struct dialogue *, DWORD error);

/* The two parts of "DOMAIN\user". FALSE: one of them is too long, or there is no user. */
BOOL dialogue_split_name(const char *name, char user[OPENSSPI_RAS_USER_BYTES],
                         char domain[OPENSSPI_RAS_DOMAIN_BYTES]);

#endif
