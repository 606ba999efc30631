/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread asks a KDC that does not answer, and others of the process authenticate meanwhile.
 *
 *   stall_peer SPN USER DOMAIN PASSWORD
 *
 * One thread logs on as USER; at each line on standard input, the main thread makes contexts of a
 * client, who has a ticket in KRB5CCNAME, and a server, and says whether the other is still waiting:
 * "ok waiting" or "ok over". After the input's end it says what the other came to.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <opensspi/opensspi.h>

#include "peers/talk.h"

enum { TOKEN_BYTES = 65536, CONTEXTS = 20 };

struct waiting {
    char *spn, *user, *domain, *password;
    atomic_bool over;
    SECURITY_STATUS status;
    char reason[512];
};

static SECURITY_STATUS
initiate(CredHandle *cred, char *spn, CtxtHandle *context, bool first, SecBuffer *in,
         SecBuffer *out)
{
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, in }, out_desc = { SECBUFFER_VERSION, 1, out };
    ULONG attributes;

    out->cbBuffer = TOKEN_BYTES;
    return InitializeSecurityContextA(cred, first ? NULL : context, spn, ISC_REQ_MUTUAL_AUTH, 0,
                                      SECURITY_NATIVE_DREP, first ? NULL : &in_desc, 0, context,
                                      &out_desc, &attributes, NULL);
}

static void *
log_on(void *arg)
{
    static uint8_t room[TOKEN_BYTES];
    struct waiting *w = arg;
    SEC_WINNT_AUTH_IDENTITY_A id = {
        .User = (unsigned char *)w->user,
        .UserLength = (ULONG)strlen(w->user),
        .Domain = (unsigned char *)w->domain,
        .DomainLength = (ULONG)strlen(w->domain),
        .Password = (unsigned char *)w->password,
        .PasswordLength = (ULONG)strlen(w->password),
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    SecBuffer out = { 0, SECBUFFER_TOKEN, room };
    CredHandle cred;
    CtxtHandle context;

    w->status = AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t) "Kerberos",
                                          SECPKG_CRED_OUTBOUND, NULL, &id, NULL, NULL, &cred, NULL);
    if (w->status == SEC_E_OK) {
        w->status = initiate(&cred, w->spn, &context, true, NULL, &out);
    }
    (void)snprintf(w->reason, sizeof(w->reason), "%s", OpenSspiReason());
    atomic_store(&w->over, true);
    return NULL;
}

static CredHandle
acquire(ULONG use)
{
    CredHandle cred;
    SECURITY_STATUS status = AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t) "Kerberos",
                                                       use, NULL, NULL, NULL, NULL, &cred, NULL);

    if (status != SEC_E_OK) {
        talk_die(OpenSspiStatusName(status), OpenSspiReason());
    }
    return cred;
}

static void
need(SECURITY_STATUS status, SECURITY_STATUS expected, const char *what)
{
    if (status != expected) {
        fprintf(stderr, "stall_peer: %s: %s: ", what, OpenSspiStatusName(status));
        talk_die(what, OpenSspiReason());
    }
}

static void
authenticate(char *spn)
{
    static uint8_t asked[TOKEN_BYTES], answered[TOKEN_BYTES];
    CredHandle outbound = acquire(SECPKG_CRED_OUTBOUND), inbound = acquire(SECPKG_CRED_INBOUND);

    for (int i = 0; i < CONTEXTS; i++) {
        SecBuffer to = { 0, SECBUFFER_TOKEN, asked };
        SecBuffer from = { TOKEN_BYTES, SECBUFFER_TOKEN, answered };
        SecBufferDesc to_desc = { SECBUFFER_VERSION, 1, &to };
        SecBufferDesc from_desc = { SECBUFFER_VERSION, 1, &from };
        CtxtHandle client, server;
        ULONG attributes;

        need(initiate(&outbound, spn, &client, true, NULL, &to), SEC_I_CONTINUE_NEEDED, "client");
        need(AcceptSecurityContext(&inbound, NULL, &to_desc, ASC_REQ_MUTUAL_AUTH,
                                   SECURITY_NATIVE_DREP, &server, &from_desc, &attributes, NULL),
             SEC_E_OK, "server");
        to.cbBuffer = TOKEN_BYTES;
        need(initiate(&outbound, spn, &client, false, &from, &to), SEC_E_OK, "client's end");
        (void)DeleteSecurityContext(&client);
        (void)DeleteSecurityContext(&server);
    }
    (void)FreeCredentialsHandle(&outbound);
    (void)FreeCredentialsHandle(&inbound);
}

int
main(int argc, char **argv)
{
    struct waiting w = { .status = SEC_E_OK };
    struct talk t = { 0 };
    pthread_t thread;

    if (argc != 5) {
        talk_die("usage", "stall_peer SPN USER DOMAIN PASSWORD");
    }
    w.spn = argv[1];
    w.user = argv[2];
    w.domain = argv[3];
    w.password = argv[4];
    if (pthread_create(&thread, NULL, log_on, &w) != 0) {
        talk_die("thread", "none");
    }
    while (talk_next(&t)) {
        authenticate(w.spn);
        printf("ok %s\n", atomic_load(&w.over) ? "over" : "waiting");
        (void)fflush(stdout);
    }
    (void)pthread_join(thread, NULL);
    printf("%s %s\n", OpenSspiStatusName(w.status), w.reason);
    talk_clear(&t);
    return 0;
}
