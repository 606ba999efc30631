/* SPDX-License-Identifier: Apache-2.0 */
/* The security module otp: a name, then a one-time code, which the server checks. What a code is
 * made from never comes into this process. man/opensspi-ras-otp.8. */
#include "dialogue.h"

enum { ATTEMPTS = 3, SECONDS = 60 };

static OPENSSPI_RAS_CHECK_CODE check_code;

/* Codes are shown in groups: "123 456". */
static void
drop_blanks(char *code)
{
    char *to = code;

    for (const char *from = code; *from; from++) {
        if (*from != ' ') {
            *to++ = *from;
        }
    }
    SecureZeroMemory(to, strlen(to));
}

static DWORD
check(struct dialogue *d, const char *name, const char *code)
{
    char user[OPENSSPI_RAS_USER_BYTES], domain[OPENSSPI_RAS_DOMAIN_BYTES];
    DWORD error;

    if (!dialogue_split_name(name, user, domain)) {
        return ERROR_AUTHENTICATION_FAILURE;
    }
    error = check_code(dialogue_port(d), user, domain, code);
    return error == ERROR_INVALID_SIZE ? ERROR_AUTHENTICATION_FAILURE : error;
}

/* One attempt: NO_ERROR, ERROR_AUTHENTICATION_FAILURE, or why there will be no other. The code is
 * asked for whatever the name is. */
static DWORD
attempt(struct dialogue *d, char name[DIALOGUE_ANSWER_BYTES])
{
    char code[DIALOGUE_ANSWER_BYTES];
    DWORD named = dialogue_ask(d, "User: ", TRUE, SECONDS, name), coded;

    if (named && named != ERROR_INVALID_SIZE) {
        return named;
    }
    coded = dialogue_ask(d, "Code: ", FALSE, SECONDS, code);
    if (!coded) {
        drop_blanks(code);
        coded = check(d, name, code);
    } else if (coded == ERROR_INVALID_SIZE) {
        coded = ERROR_AUTHENTICATION_FAILURE;
    }
    SecureZeroMemory(code, sizeof(code));
    return coded;
}

static void
talk(struct dialogue *d)
{
    char name[DIALOGUE_ANSWER_BYTES];
    DWORD error = ERROR_AUTHENTICATION_FAILURE;

    for (int i = 0; i < ATTEMPTS && error == ERROR_AUTHENTICATION_FAILURE; i++) {
        error = attempt(d, name);
        if (error == ERROR_AUTHENTICATION_FAILURE) {
            dialogue_say(d, "Not accepted.\n");
        }
    }
    if (error && error != ERROR_AUTHENTICATION_FAILURE) {
        dialogue_report_error(d, error);
    } else {
        dialogue_report(d, error ? SECURITYMSG_FAILURE : SECURITYMSG_SUCCESS, name);
    }
}

DWORD WINAPI
RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf,
                       DWORD RecvBufSize, VOID(WINAPI *Complete)(SECURITY_MESSAGE *))
{
    if (!check_code) { /* one Begin at a time */
        check_code = (OPENSSPI_RAS_CHECK_CODE)GetProcAddress(LoadLibraryA("RASMAN.DLL"),
                                                             "OpenSspiRasCheckCode");
    }
    if (!check_code) {
        return ERROR_PROC_NOT_FOUND;
    }
    return dialogue_begin(hPort, pSendBuf, SendBufSize, pRecvBuf, RecvBufSize, Complete, talk);
}

DWORD WINAPI
RasSecurityDialogEnd(HPORT hPort)
{
    return dialogue_end(hPort);
}
