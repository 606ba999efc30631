/* SPDX-License-Identifier: Apache-2.0 */
/* A security package that breaks the one rule that HOSTILE names, and keeps the others: its exchange is
 * one token, and what it makes is 16 zeros. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opensspi/sspipackage.h>

static OPENSSPI_PACKAGE table;
static char object; /* whose address is every credential and context */

static int
Is(const char *mode)
{
    const char *wanted = getenv("HOSTILE");

    return wanted && strcmp(wanted, mode) == 0;
}

static SECURITY_STATUS WINAPI
Acquire(const OPENSSPI_PACKAGE_ACQUIRE *arguments, void **credential)
{
    *credential = Is("acquire-null") ? NULL : &object;
    return Is("acquire-code")        ? 1234
           : Is("acquire-continue")  ? SEC_I_CONTINUE_NEEDED
           : Is("acquire-not-found") ? SEC_E_SECPKG_NOT_FOUND
                                     : SEC_E_OK;
}

static void WINAPI
Free(void *p)
{
    if (p != &object) {
        abort();
    }
}

static SECURITY_STATUS WINAPI
Name(void *credential, char *name, ULONG n)
{
    memset(name, 'x', n);
    if (Is("name-empty")) {
        name[0] = 0;
    } else if (Is("name-not-utf8")) {
        memcpy(name, "\xFF", 2);
    } else if (!Is("name-unended")) {
        memcpy(name, "somebody", 9);
    }
    return SEC_E_OK;
}

static SECURITY_STATUS WINAPI
Open(void *credential, ULONG use, void **context)
{
    *context = Is("open-null") ? NULL : &object;
    return Is("open-code") ? SEC_E_INVALID_HANDLE : SEC_E_OK;
}

static SECURITY_STATUS WINAPI
Leg(OPENSSPI_PACKAGE_LEG *leg, ULONG granted)
{
    leg->Granted = Is("granted-unknown")        ? 0xFFFFFFFF
                   : Is("granted-memory")       ? granted | ISC_RET_ALLOCATED_MEMORY
                   : Is("granted-delegation")   ? granted | ISC_RET_DELEGATE
                   : Is("granted-mutual")       ? granted | ISC_RET_MUTUAL_AUTH
                   : Is("granted-undocumented") ? granted | 0x40000000
                                                : granted;
    return Is("leg-complete")      ? SEC_I_COMPLETE_NEEDED
           : Is("leg-renegotiate") ? SEC_I_RENEGOTIATE
           : Is("leg-positive")    ? 7
           : Is("leg-too-small")   ? SEC_E_BUFFER_TOO_SMALL
           : Is("leg-handle")      ? SEC_E_INVALID_HANDLE
           : Is("leg-denied")      ? SEC_E_LOGON_DENIED
           : Is("leg-continue")    ? SEC_I_CONTINUE_NEEDED
                                   : SEC_E_OK;
}

static SECURITY_STATUS WINAPI
Initialize(void *context, OPENSSPI_PACKAGE_LEG *leg)
{
    memcpy(leg->pOutput, "hello", 5);
    leg->cbOutput = Is("client-empty")    ? 0
                    : Is("client-beyond") ? leg->cbOutput + 1
                    : Is("client-huge")   ? 0xFFFFFFFF
                                          : 5;
    return Leg(leg, ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY);
}

static SECURITY_STATUS WINAPI
Accept(void *context, OPENSSPI_PACKAGE_LEG *leg)
{
    if (leg->cbInput != 5 || memcmp(leg->pInput, "hello", 5) != 0) {
        return SEC_E_INVALID_TOKEN;
    }
    leg->cbOutput = Is("server-beyond") ? leg->cbOutput + 1 : 0;
    return Leg(leg, ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY);
}

static const char *
Long(void)
{
    static char text[100000];

    memset(text, 'x', sizeof(text) - 1);
    return text;
}

static SECURITY_STATUS WINAPI
Query(void *context, OPENSSPI_PACKAGE_CONTEXT *q)
{
    static const char *const groups[] = { "one" }, *const sids[] = { "S-1-2-3" };
    static const char *const none[] = { NULL }, *const bad[] = { "S-1-" };

    q->cbMaxSignature = Is("signature-0") ? 0 : Is("signature-huge") ? 0x7FFFFFFF : 16;
    q->cbSecurityTrailer = Is("trailer-0") ? 0 : Is("trailer-huge") ? 4097 : 16;
    q->Anonymous = Is("anonymous") != 0;
    q->pszUser = Is("user-none")       ? NULL
                 : Is("user-empty")    ? ""
                 : Is("user-not-utf8") ? "\xC3\x28"
                 : Is("user-long")     ? Long()
                                       : "somebody";
    q->pszDomain = Is("domain-long") ? Long() : NULL;
    q->pszUserSid = Is("sid-bad") ? "Administrator" : Is("sid-long") ? Long() : "S-1-5-21-1-2-3-4";
    q->pszUnixUser = Is("unix-long") ? Long() : NULL;
    q->GroupCount = Is("groups-many") ? 0xFFFFFFFF : 1;
    q->ppszGroups = Is("groups-none") ? NULL : Is("group-null") ? none : groups;
    q->ppszGroupSids = Is("group-sid-null") ? none : Is("group-sid-bad") ? bad : sids;
    q->cbSessionKey = Is("key-huge") ? 100000 : Is("key-none") ? 16 : 0;
    q->pSessionKey = Is("key-huge") ? (const UCHAR *)Long() : NULL;
    q->pszSignatureAlgorithm = Is("algorithm-long")      ? Long()
                               : Is("algorithm-control") ? "\n"
                                                         : NULL;
    return Is("query-code") ? SEC_I_CONTINUE_NEEDED : SEC_E_OK;
}

static SECURITY_STATUS WINAPI
Make(void *context, OPENSSPI_PACKAGE_MESSAGE *m)
{
    memset(m->pToken, 0, m->cbToken);
    m->cbToken = Is("make-beyond") ? m->cbToken + 1 : Is("make-nothing") ? 0 : m->cbToken;
    return Is("make-code") ? SEC_I_CONTINUE_NEEDED : SEC_E_OK;
}

static SECURITY_STATUS WINAPI
Check(void *context, OPENSSPI_PACKAGE_MESSAGE *m)
{
    return Is("check-code")      ? SEC_E_INVALID_HANDLE
           : Is("check-altered") ? SEC_E_MESSAGE_ALTERED
                                 : SEC_E_OK;
}

static void WINAPI
Unload(void)
{
    const char *told = getenv("HOSTILE_UNLOADED");
    FILE *f = told ? fopen(told, "w") : NULL;

    if (f) {
        fclose(f);
    }
}

static void
Spoil(OPENSSPI_PACKAGE *t)
{
    t->cbSize = Is("table-small") ? 8 : Is("table-huge") ? 0x10000000 : (ULONG)sizeof(*t);
    t->Version = Is("version-0") ? 0 : Is("version-2") ? 2 : OPENSSPI_PACKAGE_VERSION;
    t->pszName = Is("name-none")      ? NULL
                 : Is("name-nothing") ? ""
                 : Is("name-long")    ? Long()
                 : Is("name-digit")   ? "1Hostile"
                 : Is("name-comma")   ? "Host,NTLM"
                 : Is("name-bang")    ? "!NTLM"
                 : Is("name-blank")   ? "Host ile"
                 : Is("name-taken")   ? "nTlM"
                 : Is("name-other")   ? "sharedSECRET"
                                      : "Hostile";
    t->pszComment = Is("comment-none")      ? NULL
                    : Is("comment-long")    ? Long()
                    : Is("comment-control") ? "\033[2J"
                                            : "";
    t->Capabilities = Is("claims-negotiable")  ? SECPKG_FLAG_NEGOTIABLE
                      : Is("claims-integrity") ? SECPKG_FLAG_INTEGRITY
                      : Is("claims-all")       ? 0xFFFFFFFF
                                               : SECPKG_FLAG_CONNECTION;
    t->RpcId = Is("rpc-ntlm") ? 10 : SECPKG_ID_NONE;
    t->cbMaxToken = Is("token-0") ? 0 : Is("token-huge") ? 65537 : 64;
}

const OPENSSPI_PACKAGE *WINAPI
OpenSspiPackageEntry(const OPENSSPI_PACKAGE_HOST *host)
{
    static const OPENSSPI_PACKAGE good = {
        .AcquireCredential = Acquire,
        .FreeCredential = Free,
        .QueryCredentialName = Name,
        .OpenContext = Open,
        .InitializeContext = Initialize,
        .AcceptContext = Accept,
        .DeleteContext = Free,
        .QueryContext = Query,
        .MakeSignature = Make,
        .VerifySignature = Check,
        .EncryptMessage = Make,
        .DecryptMessage = Check,
        .Unload = Unload,
    };

    table = good;
    Spoil(&table);
    if (Is("no-delete")) {
        table.DeleteContext = NULL;
    }
    if (Is("no-verify")) {
        table.VerifySignature = NULL;
    }
    if (Is("no-encrypt")) {
        table.EncryptMessage = NULL;
    }
    if (Is("messages-none")) {
        table.MakeSignature = table.VerifySignature = NULL;
        table.EncryptMessage = table.DecryptMessage = NULL;
    }
    if (Is("unwilling")) {
        host->Reason("not on a Sunday");
        return NULL;
    }
    return Is("table-none") ? NULL : &table;
}
