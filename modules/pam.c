/* SPDX-License-Identifier: Apache-2.0 */
/* The security module pam: PAM asks, the caller answers. man/opensspi-ras-pam.8. */
#include <security/pam_appl.h>

#include "dialogue.h"

#define SERVICE_VARIABLE "OPENSSPI_RAS_PAM_SERVICE"
#define SERVICE_DEFAULT  "opensspi-ras"

enum { ATTEMPTS = 3, SECONDS = 60 };

struct conversation {
    struct dialogue *dialogue;
    DWORD error;   /* why it ended, where the caller was not refused */
    BOOL too_long; /* an answer of this attempt; cut short it might have been right */
};

/* --- the conversation ---------------------------------------------------------------------- */

/* Answers are PAM's to free, with free(). */
static int
ask(struct conversation *c, const char *prompt, BOOL echo, struct pam_response *to)
{
    char answer[DIALOGUE_ANSWER_BYTES];
    DWORD error = dialogue_ask(c->dialogue, prompt, echo, SECONDS, answer);
    int result = PAM_SUCCESS;

    if (error == ERROR_INVALID_SIZE) {
        c->too_long = TRUE;
        result = PAM_CONV_ERR;
    } else if (error) {
        c->error = error;
        result = PAM_CONV_ERR;
    } else {
        to->resp = _strdup(answer);
        result = to->resp ? PAM_SUCCESS : PAM_BUF_ERR;
    }
    SecureZeroMemory(answer, sizeof(answer));
    return result;
}

static int
show(struct conversation *c, const char *text)
{
    if (!dialogue_say(c->dialogue, text) || !dialogue_say(c->dialogue, "\n")) {
        c->error = ERROR_PORT_DISCONNECTED;
        return PAM_CONV_ERR;
    }
    return PAM_SUCCESS;
}

static int
converse_once(struct conversation *c, const struct pam_message *m, struct pam_response *to)
{
    const char *text = m->msg ? m->msg : "";

    switch (m->msg_style) {
    case PAM_PROMPT_ECHO_OFF: return ask(c, text, FALSE, to);
    case PAM_PROMPT_ECHO_ON: return ask(c, text, TRUE, to);
    case PAM_ERROR_MSG:
    case PAM_TEXT_INFO: return show(c, text);
    default: return PAM_CONV_ERR;
    }
}

static void
free_responses(struct pam_response *responses, int n)
{
    for (int i = 0; i < n; i++) {
        if (responses[i].resp) {
            SecureZeroMemory(responses[i].resp, strlen(responses[i].resp));
            free(responses[i].resp);
        }
    }
    free(responses);
}

static int
converse(int n, const struct pam_message **messages, struct pam_response **out, void *data)
{
    struct conversation *c = (struct conversation *)data;
    struct pam_response *responses;
    int result = PAM_SUCCESS;

    if (n <= 0 || n > PAM_MAX_NUM_MSG) {
        return PAM_CONV_ERR;
    }
    responses = (struct pam_response *)calloc((size_t)n, sizeof(*responses));
    if (!responses) {
        return PAM_BUF_ERR;
    }
    for (int i = 0; i < n && result == PAM_SUCCESS; i++) {
        result = converse_once(c, messages[i], &responses[i]);
    }
    if (result != PAM_SUCCESS) {
        free_responses(responses, n);
        return result;
    }
    *out = responses;
    return PAM_SUCCESS;
}

/* --- the call ------------------------------------------------------------------------------ */

static int
attempt(pam_handle_t *pam, struct conversation *c)
{
    int result;

    c->too_long = FALSE;
    result = pam_authenticate(pam, PAM_DISALLOW_NULL_AUTHTOK);
    /* What modules make of a conversation that failed differs. */
    return c->too_long ? PAM_AUTH_ERR : result;
}

/* Each attempt asks for the name anew. */
static int
authenticate(pam_handle_t *pam, struct conversation *c)
{
    int result = attempt(pam, c);

    for (int i = 1; i < ATTEMPTS && (result == PAM_AUTH_ERR || result == PAM_USER_UNKNOWN); i++) {
        /* A stack may make a refusal of a caller who is gone, or who let his time pass. */
        if (c->error || !dialogue_say(c->dialogue, "Not accepted.\n") ||
            pam_set_item(pam, PAM_USER, NULL) != PAM_SUCCESS) {
            break;
        }
        result = attempt(pam, c);
    }
    return result == PAM_SUCCESS ? pam_acct_mgmt(pam, PAM_DISALLOW_NULL_AUTHTOK) : result;
}

/* That the caller is not whom he says is a refusal; that PAM does not work, or the line, is not. */
static BOOL
is_refusal(int result)
{
    switch (result) {
    case PAM_AUTH_ERR:
    case PAM_USER_UNKNOWN:
    case PAM_MAXTRIES:
    case PAM_PERM_DENIED:
    case PAM_ACCT_EXPIRED:
    case PAM_AUTHTOK_EXPIRED:
    case PAM_CRED_INSUFFICIENT:
    case PAM_NEW_AUTHTOK_REQD: return TRUE;
    default: return FALSE;
    }
}

static void
report(struct conversation *c, pam_handle_t *pam, int result)
{
    const void *user = NULL;

    (void)pam_get_item(pam, PAM_USER, &user);
    if (c->error) {
        dialogue_report_error(c->dialogue, c->error);
    } else if (result == PAM_SUCCESS) {
        dialogue_report(c->dialogue, SECURITYMSG_SUCCESS, user ? (const char *)user : "");
    } else if (is_refusal(result)) {
        dialogue_report(c->dialogue, SECURITYMSG_FAILURE, user ? (const char *)user : "");
    } else {
        dialogue_report_error(c->dialogue, ERROR_AUTH_INTERNAL);
    }
}

static void
talk(struct dialogue *d)
{
    struct conversation c = { d, NO_ERROR, FALSE };
    const struct pam_conv how = { converse, &c };
    const char *service = getenv(SERVICE_VARIABLE);
    char device[OPENSSPI_RAS_DEVICE_BYTES];
    pam_handle_t *pam = NULL;
    int result = pam_start(service && *service ? service : SERVICE_DEFAULT, NULL, &how, &pam);

    if (result == PAM_SUCCESS) {
        dialogue_device(d, device);
        (void)pam_set_item(pam, PAM_TTY, device);
        (void)pam_set_item(pam, PAM_USER_PROMPT, "login: ");
        result = authenticate(pam, &c);
        report(&c, pam, result);
    } else {
        dialogue_report_error(d, ERROR_AUTH_INTERNAL);
    }
    if (pam) {
        (void)pam_end(pam, result);
    }
}

DWORD WINAPI
RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf,
                       DWORD RecvBufSize, VOID(WINAPI *Complete)(SECURITY_MESSAGE *))
{
    return dialogue_begin(hPort, pSendBuf, SendBufSize, pRecvBuf, RecvBufSize, Complete, talk);
}

DWORD WINAPI
RasSecurityDialogEnd(HPORT hPort)
{
    return dialogue_end(hPort);
}
