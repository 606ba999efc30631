/* SPDX-License-Identifier: Apache-2.0 */
/* The Sspi* functions: identities, target names, prompts, channel bindings.
 *
 * Sources: their pages in the documentation of sspi.h, and Windows as it was seen; sspi_identity.h. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/conformance/table.h"

/* What a function is given for an identity, and what of its other pointers. */
enum { PLAIN, OWN, ENCRYPTED, AT_NULL, JUNK, NOWHERE = 0x100, SECOND_AT_NULL = 0x200 };

static SEC_WINNT_AUTH_IDENTITY_W plain_identity;

static PSEC_WINNT_AUTH_IDENTITY_OPAQUE
identity(ULONG which)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE own = NULL;

    switch (which & 0xff) {
    case AT_NULL: return NULL;
    case PLAIN:
    case JUNK:
        plain_identity = (SEC_WINNT_AUTH_IDENTITY_W){ .User = wide("demo"),
                                                      .UserLength = 4,
                                                      .Password = wide("Passw0rd!"),
                                                      .PasswordLength = 9,
                                                      .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE };
        if ((which & 0xff) == JUNK) {
            plain_identity.Domain = NULL;
            plain_identity.DomainLength = 6;
        }
        return &plain_identity;
    default: break;
    }
    scene_spare(true);
    if (SspiEncodeStringsAsAuthIdentity(wide("demo"), wide("DOMAIN"), wide("Passw0rd!"), &own) !=
            SEC_E_OK ||
        ((which & 0xff) == ENCRYPTED && SspiEncryptAuthIdentity(own) != SEC_E_OK)) {
        abort();
    }
    scene_spare(false);
    return own;
}

static void
put_away(ULONG which, PSEC_WINNT_AUTH_IDENTITY_OPAQUE id)
{
    if ((which & 0xff) == OWN || (which & 0xff) == ENCRYPTED) {
        SspiFreeAuthIdentity(id);
    }
}

/* What came out is there on success alone. */
static SECURITY_STATUS
given(SECURITY_STATUS status, void *made)
{
    if ((status == SEC_E_OK) != (made != NULL)) {
        return WRONG_OUTPUT;
    }
    SspiLocalFree(made);
    return status;
}

#define ON_AN_IDENTITY(name, ...)                                           \
    static SECURITY_STATUS name(struct scene *s, ULONG which)               \
    {                                                                       \
        PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity(which);               \
        void *made = NULL;                                                  \
        void **to = which & NOWHERE ? NULL : &made;                         \
        SECURITY_STATUS status;                                             \
                                                                            \
        (void)to;                                                           \
        status = __VA_ARGS__;                                               \
        status = made || status != SEC_E_OK ? given(status, made) : status; \
        put_away(which, id);                                                \
        return status;                                                      \
    }

ON_AN_IDENTITY(validate, SspiValidateAuthIdentity(id))
ON_AN_IDENTITY(copy, SspiCopyAuthIdentity(id, to))
ON_AN_IDENTITY(encrypt, SspiEncryptAuthIdentity(id))
ON_AN_IDENTITY(decrypt, SspiDecryptAuthIdentity(id))
ON_AN_IDENTITY(encrypt_ex,
               SspiEncryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, id))
ON_AN_IDENTITY(decrypt_ex,
               SspiDecryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, id))
ON_AN_IDENTITY(encrypt_logon,
               SspiEncryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON, id))
ON_AN_IDENTITY(decrypt_logon,
               SspiDecryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON, id))
ON_AN_IDENTITY(exclude, SspiExcludePackage(id, which &SECOND_AT_NULL ? NULL : wide("ntlm"), to))
ON_AN_IDENTITY(exclude_list, SspiExcludePackage(id, wide("ntlm,kerberos"), to))

static SECURITY_STATUS
is_encrypted(struct scene *s, ULONG which)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity(which);
    bool yes = SspiIsAuthIdentityEncrypted(id) != 0;

    put_away(which, id);
    return yes == (which == ENCRYPTED) ? SEC_E_OK : WRONG_OUTPUT;
}

static SECURITY_STATUS
zero(struct scene *s, ULONG which)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity(which);
    SEC_WCHAR password[10] = { 0 };

    if (which == PLAIN) {
        plain_identity.Password = password;
        password[0] = 'x';
    }
    SspiZeroAuthIdentity(id);
    put_away(which, id);
    return which == PLAIN && password[0] ? WRONG_OUTPUT : SEC_E_OK;
}

static SECURITY_STATUS
free_identity(struct scene *s, ULONG which)
{
    SspiFreeAuthIdentity(identity(which));
    return SEC_E_OK;
}

static SECURITY_STATUS
local_free(struct scene *s, ULONG which)
{
    SspiLocalFree(identity(which));
    return SEC_E_OK;
}

static SECURITY_STATUS
to_strings(struct scene *s, ULONG which)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity(which);
    PCWSTR user = NULL, domain = NULL, password = NULL;
    SECURITY_STATUS status = SspiEncodeAuthIdentityAsStrings(
        id, &user, which & SECOND_AT_NULL ? NULL : &domain, which & NOWHERE ? NULL : &password);

    if (status != SEC_E_OK && (user || domain || password)) {
        status = WRONG_OUTPUT;
    }
    SspiLocalFree((void *)(uintptr_t)user);
    SspiLocalFree((void *)(uintptr_t)domain);
    SspiLocalFree((void *)(uintptr_t)password);
    put_away(which, id);
    return status;
}

enum { ALL_STRINGS, USER_ALONE, NO_STRINGS, TO_NOWHERE };

static SECURITY_STATUS
of_strings(struct scene *s, ULONG which)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE made = NULL;
    bool all = which == ALL_STRINGS || which == TO_NOWHERE;
    SECURITY_STATUS status = SspiEncodeStringsAsAuthIdentity(
        which == NO_STRINGS ? NULL : wide("demo"), all ? wide("DOMAIN") : NULL,
        all ? wide("Passw0rd!") : NULL, which == TO_NOWHERE ? NULL : &made);

    return given(status, made);
}

static SECURITY_STATUS
compare(struct scene *s, ULONG which)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE one = identity(OWN), two = identity(which);
    BOOLEAN user = 2, secret = 2;
    SECURITY_STATUS status = SspiCompareAuthIdentities(one, two, which & NOWHERE ? NULL : &user,
                                                       which & SECOND_AT_NULL ? NULL : &secret);

    if (status != SEC_E_OK && (user != 2 || secret != 2)) {
        status = WRONG_OUTPUT;
    }
    put_away(OWN, one);
    put_away(which, two);
    return status;
}

static SECURITY_STATUS
marshal(struct scene *s, ULONG which)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity(which);
    char *bytes = NULL;
    ULONG n = 0;
    SECURITY_STATUS status = SspiMarshalAuthIdentity(id, which & SECOND_AT_NULL ? NULL : &n,
                                                     which & NOWHERE ? NULL : &bytes);

    put_away(which, id);
    return given(status, bytes);
}

enum { WHOLE, CUT, NO_BYTES, UNMARSHAL_NOWHERE };

static SECURITY_STATUS
unmarshal(struct scene *s, ULONG which)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity(OWN), made = NULL;
    char *bytes = NULL;
    ULONG n = 0;
    SECURITY_STATUS status;

    scene_spare(true);
    status = SspiMarshalAuthIdentity(id, &n, &bytes);
    scene_spare(false);
    if (status == SEC_E_OK) {
        status =
            SspiUnmarshalAuthIdentity(which == CUT ? n - 1 : n, which == NO_BYTES ? NULL : bytes,
                                      which == UNMARSHAL_NOWHERE ? NULL : &made);
    }
    SspiLocalFree(bytes);
    put_away(OWN, id);
    return given(status, made);
}

static const char *const targets[] = { "HTTP/web.example.test:8080/x", "web.example.test", "HTTP/",
                                       "", NULL };

static SECURITY_STATUS
target_host(struct scene *s, ULONG which)
{
    PWSTR host = NULL;
    SECURITY_STATUS status =
        SspiGetTargetHostName(wide(targets[which & 0xff]), which & NOWHERE ? NULL : &host);

    return given(status, host);
}

static SECURITY_STATUS
prompting(struct scene *s, ULONG status)
{
    bool needed = SspiIsPromptingNeeded(status) != 0;

    return needed == (status == (ULONG)SEC_E_LOGON_DENIED) ? SEC_E_OK : WRONG_OUTPUT;
}

enum { BIND, BIND_FLAGS, BIND_SHORT, BIND_NOTHING, BIND_NULL };

static SECURITY_STATUS
bind(struct scene *s, ULONG how)
{
    SEC_CHANNEL_BINDINGS plain = { 0 };
    SecPkgContext_Bindings b = { how == BIND_SHORT ? 8 : sizeof(plain),
                                 how == BIND_NOTHING ? NULL : &plain };
    SECURITY_STATUS status =
        SspiSetChannelBindingFlags(how == BIND_NULL ? NULL : &b,
                                   how == BIND_FLAGS ? 0x80 : SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS);

    if (status == SEC_E_OK) {
        return FreeContextBuffer(b.Bindings) == SEC_E_OK ? status : WRONG_OUTPUT;
    }
    return how == BIND_NOTHING || b.Bindings == &plain ? status : WRONG_OUTPUT;
}

/* --- prompts, and stores of credentials ---------------------------------------------------- */

enum { ASK, OF_NO_PACKAGE, PROMPT_FLAGS, TO_NULL };

/* There is no terminal: scene_begin has let go of it. */
static SECURITY_STATUS
prompt_a(struct scene *s, ULONG how)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE made = NULL;
    ULONG status = SspiPromptForCredentialsA(
        "HTTP/web", NULL, 0, how == OF_NO_PACKAGE ? "absent" : "Negotiate", NULL,
        how == TO_NULL ? NULL : &made, NULL, how == PROMPT_FLAGS ? 0x80 : 0);

    return made ? WRONG_OUTPUT : (SECURITY_STATUS)status;
}

static SECURITY_STATUS
prompt_w(struct scene *s, ULONG how)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE made = NULL;
    ULONG status = SspiPromptForCredentialsW(
        wide("HTTP/web"), NULL, 0, wide(how == OF_NO_PACKAGE ? "absent" : "Negotiate"), NULL,
        how == TO_NULL ? NULL : &made, NULL, how == PROMPT_FLAGS ? 0x80 : 0);

    return made ? WRONG_OUTPUT : (SECURITY_STATUS)status;
}

static SECURITY_STATUS
cred_read(struct scene *s, ULONG which)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity(which);
    ULONG type = 0;
    PCWSTR target = NULL;
    SECURITY_STATUS status =
        SspiPrepareForCredRead(id, wide("HTTP/web"), &type, which & NOWHERE ? NULL : &target);

    put_away(which, id);
    return given(status, (void *)(uintptr_t)target);
}

static SECURITY_STATUS
cred_write(struct scene *s, ULONG which)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity(which);
    ULONG type = 0, n = 0;
    PCWSTR target = NULL, user = NULL;
    PUCHAR blob = NULL;
    SECURITY_STATUS status = SspiPrepareForCredWrite(
        id, wide("HTTP/web"), &type, which & NOWHERE ? NULL : &target, &user, &blob, &n);

    put_away(which, id);
    if (status != SEC_E_OK && (target || user || blob)) {
        status = WRONG_OUTPUT;
    }
    SspiLocalFree((void *)(uintptr_t)target);
    SspiLocalFree((void *)(uintptr_t)user);
    SspiLocalFree(blob);
    return status;
}

static SECURITY_STATUS
ui_context(struct scene *s, ULONG unused)
{
    return SspiGetCredUIContext(NULL, NULL, NULL, NULL, NULL);
}

static SECURITY_STATUS
ui_update(struct scene *s, ULONG unused)
{
    return SspiUpdateCredentials(NULL, NULL, 0, NULL);
}

static SECURITY_STATUS
ui_unmarshal(struct scene *s, ULONG unused)
{
    return SspiUnmarshalCredUIContext(NULL, 0, NULL);
}

CALLS(validating, "SspiValidateAuthIdentity", validate);
CALLS(copying, "SspiCopyAuthIdentity", copy);
static const struct call encrypting[] = { { "SspiEncryptAuthIdentity", encrypt },
                                          { "SspiEncryptAuthIdentityEx", encrypt_ex },
                                          { NULL, NULL } };
static const struct call decrypting[] = { { "SspiDecryptAuthIdentity", decrypt },
                                          { "SspiDecryptAuthIdentityEx", decrypt_ex },
                                          { NULL, NULL } };
CALLS(encrypting_logon, "SspiEncryptAuthIdentityEx", encrypt_logon);
CALLS(decrypting_logon, "SspiDecryptAuthIdentityEx", decrypt_logon);
CALLS(excluding, "SspiExcludePackage", exclude);
CALLS(excluding_list, "SspiExcludePackage", exclude_list);
CALLS(asking_encrypted, "SspiIsAuthIdentityEncrypted", is_encrypted);
CALLS(zeroing, "SspiZeroAuthIdentity", zero);
CALLS(freeing_identity, "SspiFreeAuthIdentity", free_identity);
CALLS(freeing_local, "SspiLocalFree", local_free);
CALLS(to_strings_calls, "SspiEncodeAuthIdentityAsStrings", to_strings);
CALLS(of_strings_calls, "SspiEncodeStringsAsAuthIdentity", of_strings);
CALLS(comparing, "SspiCompareAuthIdentities", compare);
CALLS(marshalling, "SspiMarshalAuthIdentity", marshal);
CALLS(unmarshalling, "SspiUnmarshalAuthIdentity", unmarshal);
CALLS(naming_host, "SspiGetTargetHostName", target_host);
CALLS(asking_prompt, "SspiIsPromptingNeeded", prompting);
CALLS(binding, "SspiSetChannelBindingFlags", bind);
CALLS_OF_BOTH(prompts, "SspiPromptForCredentials", prompt_a, prompt_w);
CALLS(reading, "SspiPrepareForCredRead", cred_read);
CALLS(writing, "SspiPrepareForCredWrite", cred_write);
CALLS(ui_contexts, "SspiGetCredUIContext", ui_context);
CALLS(ui_updates, "SspiUpdateCredentials", ui_update);
CALLS(ui_unmarshals, "SspiUnmarshalCredUIContext", ui_unmarshal);

#define ROW(calls, what, argument, answer)                                 \
    {                                                                      \
        calls, what, argument, NO_HANDLE, BIT(NTLM), C, WHEN_ALONE(answer) \
    }
#define NO_SUCH_LOGON_SESSION      ((SECURITY_STATUS)1312)
#define NTSTATUS_INVALID_PARAMETER ((SECURITY_STATUS)0xC000000D)

/* A row is a line. */
/* clang-format off */
static const struct row rows[] = {
    ROW(of_strings_calls, "all three", ALL_STRINGS, OK),
    ROW(of_strings_calls, "a user alone", USER_ALONE, OK),
    ROW(of_strings_calls, "none", NO_STRINGS, TOKEN),
    ROW(of_strings_calls, "nowhere to put it", TO_NOWHERE, PARAM),
    ROW(to_strings_calls, "a plain one", PLAIN, OK),
    ROW(to_strings_calls, "an opaque one", OWN, OK),
    ROW(to_strings_calls, "an encrypted one", ENCRYPTED, NTSTATUS_INVALID_PARAMETER),
    ROW(to_strings_calls, "NULL", AT_NULL, TOKEN),
    ROW(to_strings_calls, "a length at NULL", JUNK, OK),
    ROW(to_strings_calls, "no room for the password", OWN | NOWHERE, PARAM),
    ROW(to_strings_calls, "no room for the domain", OWN | SECOND_AT_NULL, PARAM),
    /* A string at NULL is one that is not there, whatever its length says. */
    ROW(validating, "a plain one", PLAIN, OK),
    ROW(validating, "an opaque one", OWN, OK),
    ROW(validating, "an encrypted one", ENCRYPTED, OK),
    ROW(validating, "NULL", AT_NULL, TOKEN),
    ROW(validating, "a length at NULL", JUNK, OK),
    ROW(copying, "a plain one", PLAIN, OK),
    ROW(copying, "an opaque one", OWN, OK),
    ROW(copying, "an encrypted one", ENCRYPTED, OK),
    ROW(copying, "NULL", AT_NULL, TOKEN),
    ROW(copying, "a length at NULL", JUNK, OK),
    ROW(copying, "nowhere to put it", OWN | NOWHERE, PARAM),
    ROW(encrypting, "an opaque one", OWN, OK),
    ROW(encrypting, "a plain one", PLAIN, UNSUP),
    ROW(encrypting, "twice", ENCRYPTED, PARAM),
    ROW(encrypting, "NULL", AT_NULL, TOKEN),
    ROW(decrypting, "an encrypted one", ENCRYPTED, OK),
    ROW(decrypting, "one that is not", OWN, PARAM),
    ROW(decrypting, "NULL", AT_NULL, TOKEN),
    ROW(encrypting_logon, "for a logon", OWN, UNSUP),
    ROW(decrypting_logon, "for a logon", ENCRYPTED, UNSUP),
    ROW(asking_encrypted, "a plain one", PLAIN, OK),
    ROW(asking_encrypted, "an opaque one", OWN, OK),
    ROW(asking_encrypted, "an encrypted one", ENCRYPTED, OK),
    ROW(asking_encrypted, "NULL", AT_NULL, OK),
    ROW(zeroing, "a plain one", PLAIN, OK),
    ROW(zeroing, "an opaque one", OWN, OK),
    ROW(zeroing, "NULL", AT_NULL, OK),
    ROW(freeing_identity, "an opaque one", OWN, OK),
    ROW(freeing_identity, "NULL", AT_NULL, OK),
    ROW(freeing_identity, "a plain one", PLAIN, OK),
    ROW(freeing_local, "what was given", OWN, OK),
    ROW(freeing_local, "NULL", AT_NULL, OK),
    ROW(comparing, "with a plain one", PLAIN, OK),
    ROW(comparing, "with an opaque one", OWN, OK),
    ROW(comparing, "with an encrypted one", ENCRYPTED, OK),
    ROW(comparing, "with the default", AT_NULL, OK),
    ROW(comparing, "with a length at NULL", JUNK, OK),
    ROW(comparing, "without answers", OWN | NOWHERE | SECOND_AT_NULL, OK),
    ROW(marshalling, "a plain one", PLAIN, OK),
    ROW(marshalling, "an opaque one", OWN, OK),
    ROW(marshalling, "an encrypted one", ENCRYPTED, OK),
    ROW(marshalling, "NULL", AT_NULL, TOKEN),
    ROW(marshalling, "nowhere to put it", OWN | NOWHERE, PARAM),
    ROW(marshalling, "nowhere to put its size", OWN | SECOND_AT_NULL, PARAM),
    ROW(unmarshalling, "", WHOLE, OK),
    ROW(unmarshalling, "cut short", CUT, TOKEN),
    ROW(unmarshalling, "NULL", NO_BYTES, TOKEN),
    ROW(unmarshalling, "nowhere to put it", UNMARSHAL_NOWHERE, PARAM),
    ROW(excluding, "from a plain one", PLAIN, OK),
    ROW(excluding, "from an opaque one", OWN, OK),
    ROW(excluding, "from NULL", AT_NULL, TOKEN),
    ROW(excluding, "nothing", OWN | SECOND_AT_NULL, PARAM),
    ROW(excluding, "nowhere to put it", OWN | NOWHERE, PARAM),
    ROW(excluding_list, "two at once", OWN, PARAM),
    ROW(naming_host, "with class, port and name", 0, OK),
    ROW(naming_host, "a host alone", 1, OK),
    ROW(naming_host, "no host", 2, PARAM),
    ROW(naming_host, "empty", 3, PARAM),
    ROW(naming_host, "NULL", 4, PARAM),
    ROW(naming_host, "nowhere to put it", 0 | NOWHERE, PARAM),
    ROW(asking_prompt, "a wrong password", (ULONG)SEC_E_LOGON_DENIED, OK),
    ROW(asking_prompt, "no KDC", (ULONG)SEC_E_NO_AUTHENTICATING_AUTHORITY, OK),
    ROW(asking_prompt, "a success", 0, OK),
    ROW(binding, "", BIND, OK),
    ROW(binding, "flags unknown", BIND_FLAGS, PARAM),
    ROW(binding, "cut short", BIND_SHORT, TOKEN),
    ROW(binding, "none", BIND_NOTHING, PARAM),
    ROW(binding, "NULL", BIND_NULL, PARAM),
    ROW(prompts, "no terminal", ASK, NO_SUCH_LOGON_SESSION),
    ROW(prompts, "of nobody's package", OF_NO_PACKAGE, NOPKG),
    ROW(prompts, "flags unknown", PROMPT_FLAGS, PARAM),
    ROW(prompts, "nowhere to put it", TO_NULL, PARAM),
    ROW(reading, "a plain one", PLAIN, OK),
    ROW(reading, "an opaque one", OWN, OK),
    ROW(reading, "NULL", AT_NULL, PARAM),
    ROW(reading, "nowhere to put it", OWN | NOWHERE, PARAM),
    ROW(writing, "a plain one", PLAIN, OK),
    ROW(writing, "an opaque one", OWN, OK),
    ROW(writing, "an encrypted one", ENCRYPTED, OK),
    ROW(writing, "NULL", AT_NULL, PARAM),
    ROW(writing, "nowhere to put it", OWN | NOWHERE, PARAM),
    /* A desktop's, of which there is none. */
    ROW(ui_contexts, "", 0, UNSUP),
    ROW(ui_updates, "", 0, UNSUP),
    ROW(ui_unmarshals, "", 0, UNSUP),
};
/* clang-format on */

const struct family identity_family = FAMILY(rows);
