/* SPDX-License-Identifier: Apache-2.0 */
/* SspiPromptForCredentials: a name and a password from who sits at the process's terminal
 * (docs/decisions/0036). */
#include <stdio.h>
#include <unistd.h>

#include <opensspi/sspi.h>

#include "base/mem.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/utf16.h"
#include "sspi/identity_block.h"
#include "sspi/identity_text.h"
#include "sspi/package_list.h"
#include "sspi/text.h"

/* Windows' codes for what no status of SSPI says. */
enum { ERROR_CANCELLED = 1223, ERROR_NO_SUCH_LOGON_SESSION = 1312 };

/* CREDUI_INFO of wincred.h; the texts are of the function's width. */
struct ui_info {
    ULONG size;
    void *window;
    const void *message, *caption;
    void *banner;
};

/* What both forms are called with. */
struct prompt {
    struct bytes target; /* UTF-16LE */
    bool has_target;
    const struct ui_info *ui;
    ULONG error, flags;
    struct bytes package; /* UTF-8 */
    const void *input;
    void **out;
    int *save;
    bool wide;
};

/* --- what is said -------------------------------------------------------------------------- */

/* Why the last try failed, in words where there are some. */
static const struct {
    ULONG codes[3]; /* an SSPI status, an NTSTATUS, a Win32 error */
    const char *words;
} known_errors[] = {
    { { (ULONG)SEC_E_LOGON_DENIED, 0xC000006D, 1326 },
      "the user name or the password is not right" },
    { { (ULONG)SEC_E_NO_CREDENTIALS, 0xC0000064, 1317 }, "there is no such user" },
    { { 0xC000006A, 86, 86 }, "the password is not right" },
    { { 0xC0000071, 0xC0000224, 1330 }, "the password has expired" },
    { { 0xC0000072, 1331, 1331 }, "the account is disabled" },
    { { 0xC0000193, 1793, 1793 }, "the account has expired" },
    { { 0xC0000234, 1909, 1909 }, "the account is locked" },
};

static const char *
words_of(ULONG error)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(known_errors); i++) {
        for (size_t k = 0; k < SEC_ARRAY_LEN(known_errors[i].codes); k++) {
            if (known_errors[i].codes[k] == error) {
                return known_errors[i].words;
            }
        }
    }
    return NULL;
}

static void
put(struct wire_writer *w, const char *text)
{
    wire_put_bytes(w, bytes_of_string(text));
}

/* Text of others, of which nothing acts on the terminal. */
static void
put_visible(struct wire_writer *w, struct bytes utf8)
{
    while (utf8.n) {
        struct bytes from = utf8;
        uint32_t c;

        if (text_next(&utf8, &c) && !text_is_control(c)) {
            wire_put(w, from.p, from.n - utf8.n);
        } else {
            put(w, "?");
        }
    }
}

static void
put_visible_utf16(struct wire_writer *w, struct bytes utf16)
{
    char *utf8 = utf8_from_utf16(utf16);

    if (utf8) {
        put_visible(w, bytes_of_string(utf8));
    } else {
        w->err = WIRE_NO_MEMORY;
    }
    mem_free(utf8);
}

/* A line of the caller's, which may be NULL. */
static void
put_line(struct wire_writer *w, const void *text, bool wide)
{
    if (text) {
        if (wide) {
            put_visible_utf16(w, text_of_w(text));
        } else {
            put_visible(w, bytes_of_string(text));
        }
        put(w, "\n");
    }
}

static void
put_error(struct wire_writer *w, ULONG error)
{
    const char *words = words_of(error), *name = sec_status_name((sec_status)error);
    char digits[sizeof("0x00000000")];

    if (!error) {
        return;
    }
    (void)snprintf(digits, sizeof(digits), "0x%08X", error);
    put(w, words ? words : "the last try failed");
    put(w, " (");
    put(w, sec_failed((sec_status)error) && name[0] == 'S' ? name : digits);
    put(w, ")\n");
}

/* Everything before the first question. */
static void
put_heading(struct wire_writer *w, const struct prompt *p)
{
    if (p->ui) {
        put_line(w, p->ui->caption, p->wide);
        put_line(w, p->ui->message, p->wide);
    }
    put_error(w, p->error);
    if (p->has_target) {
        put(w, "Credentials for ");
        put_visible_utf16(w, p->target);
        put(w, "\n");
    }
}

/* --- what is answered ---------------------------------------------------------------------- */

static ULONG
result_of(enum terminal_result result)
{
    switch (result) {
    case TERMINAL_DONE: return SEC_E_OK;
    case TERMINAL_CANCELLED: return ERROR_CANCELLED;
    case TERMINAL_NONE:
    case TERMINAL_FAILED: return ERROR_NO_SUCH_LOGON_SESSION;
    case TERMINAL_NO_MEMORY: return (ULONG)SEC_E_INSUFFICIENT_MEMORY;
    default: return (ULONG)SEC_E_UNKNOWN_CREDENTIALS;
    }
}

static ULONG
ask(int terminal, const char *question, bool hide, struct secret *line)
{
    enum terminal_result result = terminal_ask(terminal, question, hide, line);

    if (result != TERMINAL_DONE && result != TERMINAL_NO_MEMORY) {
        (void)sec_fail((sec_status)result_of(result), "sspi: %s", terminal_reason(result));
    }
    return result_of(result);
}

/* "DOMAIN\user" apart; what has no backslash, a UPN for one, is the user as it is. */
static ULONG
take_user(struct bytes typed, struct identity *to)
{
    const uint8_t *backslash = memchr(typed.p, '\\', typed.n);
    size_t n = backslash ? (size_t)(backslash - typed.p) : 0;
    struct bytes user = backslash ? bytes_of(backslash + 1, typed.n - n - 1) : typed;
    sec_status status;

    secret_clear(&to->user);
    secret_clear(&to->domain);
    status = identity_text_take(&to->user, user.p, user.n, false, IDENTITY_USER);
    if (status == SEC_E_OK && backslash) {
        status = identity_text_take(&to->domain, typed.p, n, false, IDENTITY_DOMAIN);
    }
    to->null_user = false;
    to->null_domain = !backslash;
    return (ULONG)status;
}

/* The user, with the one that there was as the default. */
static ULONG
ask_user(int terminal, struct identity *id)
{
    SEC_AUTO(wire_writer) question = wire_writer_growing(NULL, 0);
    SEC_AUTO(secret) typed = { 0 };
    ULONG status;

    put(&question, "User name");
    if (id->user.n) {
        put(&question, " [");
        if (id->domain.n) {
            put_visible_utf16(&question, secret_bytes(&id->domain));
            put(&question, "\\");
        }
        put_visible_utf16(&question, secret_bytes(&id->user));
        put(&question, "]");
    }
    wire_put(&question, ": ", sizeof(": "));
    if (wire_writer_status(&question) != WIRE_OK) {
        return (ULONG)SEC_E_INSUFFICIENT_MEMORY;
    }
    status = ask(terminal, (const char *)question.p, false, &typed);
    if (status == SEC_E_OK && typed.n) {
        status = take_user(secret_bytes(&typed), id);
    }
    if (status == SEC_E_OK && !id->user.n) {
        (void)sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "sspi: no user was named");
        status = ERROR_CANCELLED;
    }
    return status;
}

static ULONG
ask_password(int terminal, struct identity *id)
{
    SEC_AUTO(secret) typed = { 0 };
    ULONG status = ask(terminal, "Password: ", true, &typed);

    secret_clear(&id->password); /* the one that there was is not the answer */
    if (status == SEC_E_OK) {
        status =
            (ULONG)identity_text_take(&id->password, typed.p, typed.n, false, IDENTITY_PASSWORD);
    }
    id->null_password = false;
    return status;
}

/* --- the call ------------------------------------------------------------------------------ */

static sec_status
check(const struct prompt *p)
{
    const struct sec_package *package = NULL;
    sec_status status;

    if (!p->out || !p->package.n) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: %s",
                        p->out ? "no package's name" : "nowhere to put the identity");
    }
    if (p->flags & ~(ULONG)SSPIPFC_VALID_FLAGS || (p->ui && p->ui->size != sizeof(*p->ui))) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: prompt flags 0x%x, CREDUI_INFO of %u bytes",
                        p->flags, p->ui ? p->ui->size : 0);
    }
    status = package_list_find(p->package, &package);
    package_list_release(package);
    return status;
}

/* What the flags of the call say to who gets the identity. */
static ULONG
identity_flags(ULONG flags)
{
    static const ULONG both[][2] = {
        { SSPIPFC_CREDPROV_DO_NOT_SAVE,
          SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_SAVE },
        { SSPIPFC_NO_CHECKBOX, SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_NO_CHECKBOX },
        { SSPIPFC_CREDPROV_DO_NOT_LOAD,
          SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_LOAD },
    };
    ULONG to = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(both); i++) {
        to |= flags & both[i][0] ? both[i][1] : 0;
    }
    return to;
}

static ULONG
ask_all(const struct prompt *p, int terminal, struct identity *id)
{
    SEC_AUTO(wire_writer) heading = wire_writer_growing(NULL, 0);
    ULONG status;

    put_heading(&heading, p);
    wire_put_u8(&heading, 0);
    if (wire_writer_status(&heading) != WIRE_OK) {
        return (ULONG)SEC_E_INSUFFICIENT_MEMORY;
    }
    terminal_say(terminal, (const char *)heading.p);
    status = ask_user(terminal, id);
    return status == SEC_E_OK ? ask_password(terminal, id) : status;
}

static ULONG
prompt(const struct prompt *p)
{
    SEC_AUTO(identity) id = { 0 };
    ULONG status = (ULONG)check(p);
    int terminal;

    if (status == SEC_E_OK && p->input) {
        status = (ULONG)identity_decode(p->input, p->wide, &id);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    id.flags |= identity_flags(p->flags);
    terminal = terminal_open();
    if (terminal < 0) {
        (void)sec_fail(SEC_E_NO_CREDENTIALS, "sspi: %s", terminal_reason(TERMINAL_NONE));
        return ERROR_NO_SUCH_LOGON_SESSION;
    }
    status = ask_all(p, terminal, &id);
    (void)close(terminal);
    if (status == SEC_E_OK) {
        status = (ULONG)identity_block_encode(&id, p->out);
    }
    if (status == SEC_E_OK && p->save) {
        *p->save = 0; /* there is no box to tick, and nothing to save in */
    }
    return status;
}

ULONG WINAPI
SspiPromptForCredentialsW(PCWSTR pszTargetName, PVOID pUiInfo, ULONG dwAuthError, PCWSTR pszPackage,
                          PSEC_WINNT_AUTH_IDENTITY_OPAQUE pInputAuthIdentity,
                          PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity, int *pfSave,
                          ULONG dwFlags)
{
    struct text_name name;
    const struct prompt p = {
        .target = text_of_w(pszTargetName),
        .has_target = pszTargetName != NULL,
        .ui = pUiInfo,
        .error = dwAuthError,
        .flags = dwFlags,
        .package = text_name_of(&name, pszPackage),
        .input = pInputAuthIdentity,
        .out = ppAuthIdentity,
        .save = pfSave,
        .wide = true,
    };

    sec_reason_clear();
    return prompt(&p);
}

ULONG WINAPI
SspiPromptForCredentialsA(PCSTR pszTargetName, PVOID pUiInfo, ULONG dwAuthError, PCSTR pszPackage,
                          PSEC_WINNT_AUTH_IDENTITY_OPAQUE pInputAuthIdentity,
                          PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity, int *pfSave,
                          ULONG dwFlags)
{
    SEC_AUTO(wire_writer) target = wire_writer_growing(NULL, 0);
    struct prompt p = {
        .has_target = pszTargetName != NULL,
        .ui = pUiInfo,
        .error = dwAuthError,
        .flags = dwFlags,
        .package = bytes_of_string(pszPackage),
        .input = pInputAuthIdentity,
        .out = ppAuthIdentity,
        .save = pfSave,
    };
    sec_status status;

    sec_reason_clear();
    status = text_target_a(&target, pszTargetName);
    if (status != SEC_E_OK) {
        return (ULONG)status;
    }
    p.target = wire_written(&target);
    return prompt(&p);
}
