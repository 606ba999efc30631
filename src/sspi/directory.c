/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that a domain's directory knows. What asks it is a library of its own (src/directory), which is
 * loaded once the caller has a ticket: a process without a domain never has LDAP in it. It is found as
 * this library's other dependencies are, by the linker and under the name that it is installed by.
 */
#include <dlfcn.h>
#include <stdio.h>

#include <opensspi/opensspi.h>
#include <opensspi/secext.h>

#include "base/mem.h"
#include "directory/directory.h"
#include "sspi/configuration.h"
#include "sspi/given.h"

/* --- the library --------------------------------------------------------------------------- */

/* Once it is there it stays, and so does what it answers by. */
static sec_status
load(directory_ask *out)
{
    void *library = dlopen(DIRECTORY_SONAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const char *why;

    *(void **)out = library ? dlsym(library, DIRECTORY_ENTRY) : NULL;
    why = *out ? NULL : dlerror();
    if (!*out) {
        (void)sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: %.300s", why ? why : DIRECTORY_SONAME);
    }
    if (library) {
        (void)dlclose(library);
    }
    return *out ? SEC_E_OK : SEC_E_UNSUPPORTED_FUNCTION;
}

/* --- the question -------------------------------------------------------------------------- */

struct answer {
    char *name; /* NULL: none, or no memory */
};

static void
take(void *user, const char *name)
{
    struct answer *a = user;
    const size_t n = strlen(name) + 1;

    a->name = given_new(n);
    if (a->name) {
        bytes_copy(a->name, name, n);
    }
}

static sec_status
ask(struct directory_question *q, char **out)
{
    struct answer answer = { NULL };
    directory_ask question;
    char why[DIRECTORY_WHY_BYTES] = "";
    sec_status status = load(&question);

    if (status != SEC_E_OK) {
        return status;
    }
    q->size = sizeof(*q);
    q->take = take;
    q->user = &answer;
    q->why = why;
    status = question(q);
    if (status != SEC_E_OK) {
        return sec_fail(status, "%s", why[0] ? why : "directory: no answer");
    }
    sec_reason_clear();
    *out = answer.name;
    return answer.name ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* With a credential; its name says which realm is asked. */
static sec_status
ask_with(struct directory_question *q, PCredHandle credential, char **out)
{
    SecPkgCredentials_NamesA names = { NULL };
    sec_status status = QueryCredentialsAttributesA(credential, SECPKG_CRED_ATTR_NAMES, &names);

    if (status != SEC_E_OK) {
        return status == SEC_E_INSUFFICIENT_MEMORY ? status : SEC_E_NO_CREDENTIALS;
    }
    q->credential = credential;
    q->principal = names.sUserName;
    status = ask(q, out);
    (void)given_free(names.sUserName);
    return status;
}

/* As the calling thread's own self, or as the client that it acts as, by what that one delegated. */
static sec_status
ask_as_caller(struct directory_question *q, char **out)
{
    char why[SEC_REASON_BYTES];
    CredHandle credential;
    sec_status status =
        AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t) "Kerberos", SECPKG_CRED_OUTBOUND,
                                  NULL, NULL, NULL, NULL, &credential, NULL);

    if (status != SEC_E_OK) {
        return status == SEC_E_INSUFFICIENT_MEMORY ? status : SEC_E_NO_CREDENTIALS;
    }
    status = ask_with(q, &credential, out);
    (void)snprintf(why, sizeof(why), "%s", sec_reason());
    (void)FreeCredentialsHandle(&credential); /* which has nothing to say */
    return status == SEC_E_OK ? status : sec_fail(status, "%s", why);
}

static sec_status
translate(struct directory_question *q, char **out)
{
    struct configuration *configuration;
    sec_status status = configuration_current(&configuration);

    if (status != SEC_E_OK) {
        return status;
    }
    q->servers = configuration_directory(configuration);
    status = strcmp(q->servers, "off") == 0
                 ? sec_fail(SEC_E_TARGET_UNKNOWN, "sspi: [names] directory is off")
                 : ask_as_caller(q, out);
    configuration_unref(configuration);
    return status;
}

SECURITY_STATUS SEC_ENTRY
OpenSspiTranslateName(const char *name, ULONG format, ULONG wanted, char **out)
{
    struct directory_question q = { .format = format, .wanted = wanted, .name = name };

    sec_reason_clear();
    if (!out || wanted == NameUnknown || (name && !*name)) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: no name, no format or nowhere to put it");
    }
    return translate(&q, out);
}
