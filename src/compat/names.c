/* SPDX-License-Identifier: Apache-2.0 */
/* Names of accounts in the formats of secext.h, and from one format into another. */
#include <stdio.h>
#include <windows.h>
#include <opensspi/secext.h>

#include "base/mem.h"
#include "compat/error.h"
#include "compat/name.h"
#include "compat/text.h"
#include "compat/token.h"

/* The thread has no ticket, and so nobody to ask in a domain. No caller is answered that. */
#define NO_TICKET ERROR_NO_TOKEN

/* The names of an account; "" for one that nobody told. */
struct forms {
    struct compat_name sam, principal, display;
};

static DWORD
put_text(struct compat_name *to, const char *text)
{
    return compat_name_put(to, text, strlen(text));
}

static DWORD
put_with_domain(struct compat_name *to, const char *domain, const char *bare)
{
    const int n = snprintf(to->text, sizeof(to->text), "%s\\%s", domain, bare);

    return n < 0 || (size_t)n >= sizeof(to->text) ? ERROR_BUFFER_OVERFLOW : ERROR_SUCCESS;
}

static const char *
form_of(const struct forms *forms, EXTENDED_NAME_FORMAT format)
{
    switch (format) {
    case NameSamCompatible: return forms->sam.text;
    case NameUserPrincipal: return forms->principal.text;
    case NameDisplay: return forms->display.text;
    default: return "";
    }
}

/* --- the domain's directory ---------------------------------------------------------------- */

static DWORD
directory_error(SECURITY_STATUS status)
{
    switch (status) {
    case SEC_E_NO_CREDENTIALS: return NO_TICKET;
    case SEC_E_NO_AUTHENTICATING_AUTHORITY: return ERROR_NO_SUCH_DOMAIN;
    case SEC_E_TARGET_UNKNOWN:
    case SEC_E_INVALID_PARAMETER:
    case SEC_E_INSUFFICIENT_MEMORY: return compat_token_error(status);
    default: return ERROR_CANT_ACCESS_DOMAIN_INFO;
    }
}

/* from NULL: who the thread's ticket is for. */
static DWORD
ask_directory(const char *from, EXTENDED_NAME_FORMAT format, EXTENDED_NAME_FORMAT wanted,
              struct compat_name *out)
{
    char *name = NULL;
    SECURITY_STATUS status = OpenSspiTranslateName(from, format, wanted, &name);
    DWORD error;

    if (status != SEC_E_OK) {
        return directory_error(status);
    }
    error = put_text(out, name);
    (void)FreeContextBuffer(name);
    return error;
}

/* --- the thread's user --------------------------------------------------------------------- */

static DWORD
process_forms(struct forms *forms)
{
    struct compat_name bare, computer;
    DWORD error = compat_name_of_user(NULL, &bare, &forms->display);

    forms->principal.text[0] = '\0';
    if (error == ERROR_SUCCESS) {
        error = compat_name_of_computer(&computer);
    }
    return error == ERROR_SUCCESS ? put_with_domain(&forms->sam, computer.text, bare.text) : error;
}

/* *client: whether the thread acts as one. */
static DWORD
user_forms(struct forms *forms, bool *client)
{
    struct compat_name bare, domain;
    DWORD error = compat_name_of_client(&bare, &domain, &forms->principal);

    *client = error != ERROR_NO_TOKEN;
    if (error == ERROR_NO_TOKEN) {
        return process_forms(forms);
    }
    forms->display.text[0] = '\0';
    return error == ERROR_SUCCESS ? put_with_domain(&forms->sam, domain.text, bare.text) : error;
}

/* A name for GetUserNameEx. In the domain the process is whom its ticket is for. */
static DWORD
user_name(EXTENDED_NAME_FORMAT format, struct compat_name *out)
{
    struct forms forms;
    bool client;
    DWORD error = user_forms(&forms, &client);
    const char *name;

    if (error != ERROR_SUCCESS) {
        return error;
    }
    name = form_of(&forms, format);
    if (name[0]) {
        return put_text(out, name);
    }
    error = format == NameUnknown
                ? ERROR_NONE_MAPPED
                : ask_directory(client ? forms.sam.text : NULL, NameSamCompatible, format, out);
    return error == NO_TICKET ? ERROR_NONE_MAPPED : error;
}

/* A name for GetComputerObjectName: of the account that a computer has in its domain. */
static DWORD
computer_name(EXTENDED_NAME_FORMAT format, struct compat_name *out)
{
    struct compat_name computer;
    char account[MAX_COMPUTERNAME_LENGTH + 2];
    DWORD error = compat_name_of_computer(&computer);

    if (error != ERROR_SUCCESS) {
        return error;
    }
    (void)snprintf(account, sizeof(account), "%.*s$", MAX_COMPUTERNAME_LENGTH, computer.text);
    error = ask_directory(account, NameSamCompatible, format, out);
    return error == NO_TICKET ? ERROR_CANT_ACCESS_DOMAIN_INFO : error;
}

/* --- other accounts ------------------------------------------------------------------------ */

static DWORD
put_account(const OPENSSPI_ACCOUNT *account, struct forms *forms)
{
    struct compat_name unused;
    DWORD error = account->Domain[0] ? put_with_domain(&forms->sam, account->Domain, account->Name)
                                     : ERROR_NONE_MAPPED;

    forms->display.text[0] = '\0';
    if (error == ERROR_SUCCESS) {
        error = put_text(&forms->principal, account->UserPrincipalName);
    }
    if (error == ERROR_SUCCESS && account->Source == OPENSSPI_ACCOUNT_SYSTEM &&
        account->Use == SidTypeUser) {
        error = compat_name_of_user(account->Name, &unused, &forms->display);
    }
    return error;
}

/* Of an account that this server knows: its store's, a live client's, this system's. *domains: a
 * client's, of whom its domain knows more. */
static DWORD
account_forms(const char *from, struct forms *forms, bool *domains)
{
    POPENSSPI_ACCOUNT found;
    SECURITY_STATUS status = OpenSspiLookupName(from, &found);
    DWORD error;

    if (status != SEC_E_OK) {
        return status == SEC_E_NO_AUTHENTICATING_AUTHORITY ? ERROR_NO_SUCH_DOMAIN
                                                           : compat_token_error(status);
    }
    error = put_account(found, forms);
    *domains = found->Source == OPENSSPI_ACCOUNT_CLIENT;
    (void)FreeContextBuffer(found);
    return error;
}

static bool
is_name(const char *a, const char *b)
{
    return b[0] != '\0' && bytes_equal_nocase(bytes_of_string(a), bytes_of_string(b));
}

/* Whether a name of this format is one that accounts here go by. */
static bool
is_for_accounts(const char *from, EXTENDED_NAME_FORMAT format)
{
    switch (format) {
    case NameUnknown: return from[0] != '\0';
    case NameSamCompatible: return strchr(from, '\\') != NULL;
    case NameUserPrincipal: return strchr(from, '@') && !strchr(from, '\\');
    default: return false;
    }
}

static bool
is_user(const struct forms *forms, const char *from, EXTENDED_NAME_FORMAT format)
{
    const bool any = format == NameUnknown;

    return ((any || format == NameSamCompatible) && is_name(from, forms->sam.text)) ||
           ((any || format == NameUserPrincipal) && is_name(from, forms->principal.text));
}

static DWORD
known_forms(const char *from, EXTENDED_NAME_FORMAT format, struct forms *forms, bool *domains)
{
    DWORD error = user_forms(forms, domains);

    /* A process whose user has no name here may ask for others'. */
    if (error == ERROR_SUCCESS ? is_user(forms, from, format) : error != ERROR_NONE_MAPPED) {
        return error;
    }
    if (!is_for_accounts(from, format)) {
        return ERROR_NONE_MAPPED;
    }
    error = account_forms(from, forms, domains);
    /* Who is known by a name with an @ in it has another principal name, or none. */
    return error == ERROR_SUCCESS && format == NameUserPrincipal &&
                   !is_name(from, forms->principal.text)
               ? ERROR_NONE_MAPPED
               : error;
}

/* Whether a name says that it is a domain's: what a bare one means is settled here. */
static bool
is_for_directory(const char *from, EXTENDED_NAME_FORMAT format)
{
    switch (format) {
    case NameUnknown: return from[0] == '{' || from[strcspn(from, "\\@/=")] != '\0';
    case NameSamCompatible:
    case NameUserPrincipal: return is_for_accounts(from, format);
    default: return from[0] != '\0';
    }
}

static DWORD
translate(const char *from, EXTENDED_NAME_FORMAT format, EXTENDED_NAME_FORMAT wanted,
          struct compat_name *out)
{
    struct forms forms;
    bool domains = false;
    DWORD here, error;

    if (!from || wanted == NameUnknown) {
        return ERROR_INVALID_PARAMETER;
    }
    here = known_forms(from, format, &forms, &domains);
    if (here == ERROR_SUCCESS) {
        const char *to = form_of(&forms, wanted);

        if (to[0] || !domains) {
            return to[0] ? put_text(out, to) : ERROR_NONE_MAPPED;
        }
        from = forms.sam.text;
        format = NameSamCompatible;
        here = ERROR_NONE_MAPPED;
    }
    /* A store that cannot be asked does not know better what a domain's name means. */
    if ((here != ERROR_NONE_MAPPED && here != ERROR_NO_SUCH_DOMAIN) ||
        !is_for_directory(from, format)) {
        return here;
    }
    error = ask_directory(from, format, wanted, out);
    return error == NO_TICKET ? here : error;
}

/* --- the functions ------------------------------------------------------------------------- */

static const struct compat_text_rule user_rule = { ERROR_MORE_DATA, false };
static const struct compat_text_rule translation_rule = { ERROR_INSUFFICIENT_BUFFER, true };

BOOLEAN
GetUserNameExA(EXTENDED_NAME_FORMAT NameFormat, LPSTR lpNameBuffer, PULONG nSize)
{
    struct compat_name name;
    DWORD error = user_name(NameFormat, &name);

    error = error ? error : compat_text_answer_a(name.text, user_rule, lpNameBuffer, nSize);
    return (BOOLEAN)compat_error_answer(error);
}

BOOLEAN
GetUserNameExW(EXTENDED_NAME_FORMAT NameFormat, LPWSTR lpNameBuffer, PULONG nSize)
{
    struct compat_name name;
    DWORD error = user_name(NameFormat, &name);

    error = error ? error : compat_text_answer_w(name.text, user_rule, lpNameBuffer, nSize);
    return (BOOLEAN)compat_error_answer(error);
}

BOOLEAN
GetComputerObjectNameA(EXTENDED_NAME_FORMAT NameFormat, LPSTR lpNameBuffer, PULONG nSize)
{
    struct compat_name name;
    DWORD error = computer_name(NameFormat, &name);

    error = error ? error : compat_text_answer_a(name.text, translation_rule, lpNameBuffer, nSize);
    return (BOOLEAN)compat_error_answer(error);
}

BOOLEAN
GetComputerObjectNameW(EXTENDED_NAME_FORMAT NameFormat, LPWSTR lpNameBuffer, PULONG nSize)
{
    struct compat_name name;
    DWORD error = computer_name(NameFormat, &name);

    error = error ? error : compat_text_answer_w(name.text, translation_rule, lpNameBuffer, nSize);
    return (BOOLEAN)compat_error_answer(error);
}

/* Who asks for the size alone has it without an error. */
static DWORD
answer_size(DWORD error, bool only_size)
{
    return error == ERROR_INSUFFICIENT_BUFFER && only_size ? ERROR_SUCCESS : error;
}

BOOLEAN
TranslateNameA(LPCSTR lpAccountName, EXTENDED_NAME_FORMAT AccountNameFormat,
               EXTENDED_NAME_FORMAT DesiredNameFormat, LPSTR lpTranslatedName, PULONG nSize)
{
    const bool only_size = !lpTranslatedName && nSize && *nSize == 0;
    struct compat_name name;
    DWORD error = translate(lpAccountName, AccountNameFormat, DesiredNameFormat, &name);

    if (error == ERROR_SUCCESS) {
        error = answer_size(
            compat_text_answer_a(name.text, translation_rule, lpTranslatedName, nSize), only_size);
    }
    return (BOOLEAN)compat_error_answer(error);
}

BOOLEAN
TranslateNameW(LPCWSTR lpAccountName, EXTENDED_NAME_FORMAT AccountNameFormat,
               EXTENDED_NAME_FORMAT DesiredNameFormat, LPWSTR lpTranslatedName, PULONG nSize)
{
    const bool only_size = !lpTranslatedName && nSize && *nSize == 0;
    struct compat_name name;
    char *from = NULL;
    DWORD error = compat_text_to_utf8(lpAccountName, &from);

    error = error ? error : translate(from, AccountNameFormat, DesiredNameFormat, &name);
    if (error == ERROR_SUCCESS) {
        error = answer_size(
            compat_text_answer_w(name.text, translation_rule, lpTranslatedName, nSize), only_size);
    }
    mem_free(from);
    return (BOOLEAN)compat_error_answer(error);
}
