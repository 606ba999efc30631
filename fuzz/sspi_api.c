/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: the public interface, as a caller who makes every mistake uses it: handles of
 * any kind and age, buffers of any type, size and place, NULL, in any order. Between the mistakes
 * the tokens of one side may be given to the other, so that contexts get established. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <opensspi/opensspi.h>

#include "account/account.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/wire.h"
#include "crypto/random.h"
#include "fuzz.h"
#include "sspi/given.h"
#include "tests/support/fake_account.h"
#include "tests/support/fake_ticket.h"

enum { CREDS = 3, CONTEXTS = 4, BUFFERS = 5, ARENA = 4096, OPERATIONS = 48, MADE = 64 };

/* What a side said last, to be heard by another. */
struct said {
    uint8_t bytes[ARENA];
    size_t n;
};

static struct world {
    struct wire_reader in;
    /* The last handles put into each place, alive or not. */
    CredHandle creds[CREDS];
    CtxtHandle contexts[CONTEXTS];
    struct said said[CONTEXTS];
    CredHandle made_creds[MADE];
    CtxtHandle made_contexts[MADE];
    size_t n_creds, n_contexts;
    _Alignas(16) uint8_t arena[ARENA];
} world;

/* --- what stands behind the interface ------------------------------------------------------ */

/* The same bytes for the same input; linked in place of src/crypto's. */
static uint64_t random_state;

bool
random_bytes(void *to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        ((uint8_t *)to)[i] = (uint8_t)(random_state >> 56);
    }
    return true;
}

sec_status
account_authority_open(const struct account_options *options, struct account_authority **out)
{
    struct account_authority *a = mem_new(sizeof(*a));

    if (!a) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    fake_account_init(a);
    *out = a;
    return SEC_E_OK;
}

/* Whoever holds an identity holds the credential, and with it the authority. */
void
account_authority_close(struct account_authority *a)
{
    fuzz_must(!a || atomic_load(&a->identities) == 0);
    mem_free(a);
}

/* A realm whose tickets are good today. */
sec_status
ticket_authority_open(const struct ticket_options *options, struct ticket_authority **out)
{
    struct ticket_authority *a = mem_new(sizeof(*a));
    uint64_t now = clock_now_100ns();

    if (!a) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    fake_ticket_init(a);
    a->auth_100ns = a->start_100ns = now - 3600 * CLOCK_SECOND_100NS;
    a->end_100ns = now + 36000 * CLOCK_SECOND_100NS;
    *out = a;
    return SEC_E_OK;
}

void
ticket_authority_close(struct ticket_authority *a)
{
    fuzz_must(!a || (a->holders == 0 && a->keytabs == 0 && a->held_keys == 0 && a->delegated == 0));
    mem_free(a);
}

/* --- choices ------------------------------------------------------------------------------- */

static uint8_t
pick(unsigned n)
{
    return (uint8_t)(wire_u8(&world.in) % n);
}

static ULONG
pick_flags(void)
{
    static const ULONG usual[] = {
        0,
        ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY,
        ISC_REQ_DATAGRAM | ISC_REQ_INTEGRITY,
        ISC_REQ_ALLOCATE_MEMORY,
    };
    uint8_t how = pick(5);

    return how < 4 ? usual[how] : wire_le32(&world.in);
}

/* Mostly the place's own; else another kind's, or none at all. */
static SecHandle *
pick_handle(SecHandle *own, SecHandle *other, SecHandle *room)
{
    switch (pick(8)) {
    case 0: return other;
    case 1: return NULL;
    case 2: *room = (SecHandle){ (ULONG_PTR)-1, (ULONG_PTR)-1 }; return room;
    case 3:
        *room = *own;
        room->dwLower ^= (ULONG_PTR)1 << pick(64);
        room->dwUpper ^= (ULONG_PTR)pick(4);
        return room;
    default: return own;
    }
}

static SecHandle *
pick_context(SecHandle *room)
{
    return pick_handle(&world.contexts[pick(CONTEXTS)], &world.creds[pick(CREDS)], room);
}

/* --- buffers ------------------------------------------------------------------------------- */

/* A descriptor with its buffers, and what was in them before the call. */
struct buffers {
    SecBufferDesc desc;
    SecBuffer array[BUFFERS], before[BUFFERS];
    void *own[BUFFERS]; /* exactly as large as is said: an overrun is seen */
    PSecBufferDesc given;
};

static void
put_buffer(SecBuffer *b, void **own, const struct said *said)
{
    static const ULONG types[] = { SECBUFFER_TOKEN, SECBUFFER_TOKEN,           SECBUFFER_DATA,
                                   SECBUFFER_DATA,  SECBUFFER_PADDING,         SECBUFFER_EMPTY,
                                   SECBUFFER_EXTRA, SECBUFFER_CHANNEL_BINDINGS };
    static const ULONG marks[] = {
        0, 0, 0, 0, 0, 0, SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM
    };
    size_t at, n;

    b->BufferType = types[pick(8)] | marks[pick(8)];
    switch (pick(6)) {
    case 0: /* of the one memory that all share */
        at = wire_le16(&world.in) % ARENA;
        n = wire_le16(&world.in) % (ARENA - at + 1);
        b->pvBuffer = world.arena + at;
        b->cbBuffer = (ULONG)n;
        return;
    case 1: /* at NULL */
        b->pvBuffer = NULL;
        b->cbBuffer = pick(3);
        return;
    case 2: /* the peer's last token */ n = said->n; break;
    case 3: n = 2888; break;
    default: n = pick(64); break;
    }
    *own = mem_new(n);
    fuzz_must(*own != NULL);
    bytes_copy(*own, said->bytes, n < said->n ? n : said->n);
    if (n && pick(16) == 0) {
        ((uint8_t *)*own)[wire_le16(&world.in) % n] ^= (uint8_t)(1 + pick(255));
    }
    b->pvBuffer = *own;
    b->cbBuffer = (ULONG)n;
}

/* A message's or a token's buffers; said: what may be heard in them. */
static void
buffers_open(struct buffers *b, const struct said *said)
{
    uint8_t how = pick(12);

    *b = (struct buffers){ .desc = { SECBUFFER_VERSION, 1 + pick(BUFFERS), b->array },
                           .given = &b->desc };
    for (ULONG i = 0; i < b->desc.cBuffers; i++) {
        put_buffer(&b->array[i], &b->own[i], said);
    }
    bytes_copy(b->before, b->array, sizeof(b->before));
    if (how == 0) {
        b->given = NULL;
    } else if (how == 1) {
        b->desc.cBuffers = wire_le32(&world.in) | 0x100;
    } else if (how == 2) {
        b->desc.pBuffers = NULL;
    } else if (how == 3) {
        b->desc.ulVersion = pick(3);
    } else if (how == 4) { /* among the data that they describe */
        b->desc.pBuffers = (SecBuffer *)(void *)(world.arena + 16 * pick(ARENA / 32));
        bytes_copy(b->desc.pBuffers, b->array, b->desc.cBuffers * sizeof(SecBuffer));
    }
}

/* What was said into a TOKEN that was written to; what was allocated goes back. */
static void
buffers_close(struct buffers *b, struct said *said, bool allocates, bool good)
{
    bool moved = b->desc.pBuffers != b->array;

    if (moved && allocates && b->desc.pBuffers) { /* nothing but pointers was written there */
        bytes_copy(b->array, b->desc.pBuffers, b->desc.cBuffers * sizeof(SecBuffer));
        moved = false;
    }
    for (ULONG i = 0; i < BUFFERS; i++) {
        SecBuffer *now = &b->array[i];

        if (b->given && !moved && good && said && (now->BufferType & 0xFF) == SECBUFFER_TOKEN) {
            said->n = now->cbBuffer < sizeof(said->bytes) ? now->cbBuffer : 0;
            bytes_copy(said->bytes, now->pvBuffer, said->n);
            said = NULL;
        }
        if (!moved && now->pvBuffer != b->before[i].pvBuffer) {
            fuzz_must(allocates);
            if (now->pvBuffer) {
                fuzz_must(given_size(now->pvBuffer) == now->cbBuffer);
                fuzz_must(FreeContextBuffer(now->pvBuffer) == SEC_E_OK);
            }
        } else if (!moved) {
            fuzz_must(now->cbBuffer <= b->before[i].cbBuffer);
        }
        mem_free(b->own[i]);
    }
}

/* --- operations ---------------------------------------------------------------------------- */

static void
acquire(void)
{
    static char packages[][10] = { "NTLM", "Negotiate", "Kerberos", "ntlm", "" };
    static const struct {
        const char *user, *domain, *password;
    } who[] = { { "User", "Domain", "Password" },
                { "User", "Domain", "wrong" },
                { "", "", "" },
                { "alice", FAKE_REALM, "Password" } };
    static const OPENSSPI_OPTION options[] = { { "require_mic", "yes" },
                                               { "channel_bindings", "required" },
                                               { "lm_compatibility_level", "0" },
                                               { "spn", "HTTP/a" } };
    uint8_t i = pick(4), how = pick(4);
    SEC_WINNT_AUTH_IDENTITY_A id = {
        .User = (unsigned char *)(uintptr_t)who[i].user,
        .UserLength = (ULONG)strlen(who[i].user),
        .Domain = (unsigned char *)(uintptr_t)who[i].domain,
        .DomainLength = (ULONG)strlen(who[i].domain),
        .Password = (unsigned char *)(uintptr_t)who[i].password,
        .PasswordLength = (ULONG)strlen(who[i].password),
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    CredHandle h, *to = how == 3 && pick(2) ? NULL : &h;
    char *package = packages[pick(how ? 3 : 5)], error[64];
    ULONG use = how ? SECPKG_CRED_BOTH : pick(64);
    TimeStamp expiry;
    SECURITY_STATUS status;

    if (world.n_creds == MADE) {
        return;
    }
    if (how == 3) {
        status =
            OpenSspiAcquireCredentialsHandle(package, use, pick(2) ? &id : NULL, options + pick(4),
                                             1, error, sizeof(error), to, &expiry);
    } else {
        status = AcquireCredentialsHandleA(NULL, package, use, NULL, pick(4) ? &id : NULL, NULL,
                                           NULL, to, &expiry);
    }
    if (status == SEC_E_OK && to) {
        world.creds[pick(CREDS)] = world.made_creds[world.n_creds++] = h;
    }
}

/* A context that is established names a user who has proven himself, or nobody. */
static void
check_established(CtxtHandle *h)
{
    SecPkgContext_NamesA names = { NULL };
    SECURITY_STATUS status = QueryContextAttributesA(h, SECPKG_ATTR_NAMES, &names);

    fuzz_must(status == SEC_E_OK && names.sUserName);
    fuzz_must(strcmp(names.sUserName, "Domain\\User") == 0 ||
              strcmp(names.sUserName, FAKE_REALM "\\alice") == 0 ||
              strcmp(names.sUserName, "NT AUTHORITY\\ANONYMOUS LOGON") == 0);
    fuzz_must(FreeContextBuffer(names.sUserName) == SEC_E_OK);
}

/* A leg of either side, on a new context or on one that may be in any state. */
static void
leg(bool client, bool sasl)
{
    static SEC_WCHAR wide[] = u"HTTP/web.example.test";
    static char narrow[] = "HTTP/web.example.test";
    uint8_t at = pick(CONTEXTS), how = pick(8);
    SecHandle room[2], fresh = { 7, 7 }, *context, *cred;
    ULONG flags = pick_flags(), attributes;
    struct buffers in, out;
    TimeStamp expiry;
    SECURITY_STATUS status;

    cred = pick_handle(&world.creds[pick(CREDS)], &world.contexts[at], &room[0]);
    context = how < 3   ? NULL
              : how < 7 ? &world.contexts[at]
                        : pick_handle(&world.contexts[at], &world.creds[0], &room[1]);
    buffers_open(&in, &world.said[pick(CONTEXTS)]);
    buffers_open(&out, &world.said[at]);
    if (context == NULL && world.n_contexts == MADE) {
        status = SEC_E_INVALID_HANDLE;
    } else if (!client) {
        status = (sasl ? SaslAcceptSecurityContext : AcceptSecurityContext)(
            cred, context, how ? in.given : out.given, flags, 0, how == 6 ? NULL : &fresh,
            out.given, &attributes, &expiry);
    } else if (pick(2)) {
        status = (sasl ? SaslInitializeSecurityContextA : InitializeSecurityContextA)(
            cred, context, pick(4) ? narrow : NULL, flags, 0, 0, pick(2) ? in.given : NULL, 0,
            &fresh, out.given, &attributes, NULL);
    } else {
        status = (sasl ? SaslInitializeSecurityContextW : InitializeSecurityContextW)(
            cred, context, pick(4) ? wide : NULL, flags, 0, 0, pick(2) ? in.given : NULL, 0, &fresh,
            out.given, NULL, &expiry);
    }
    if (status >= 0 && !context) {
        world.contexts[at] = world.made_contexts[world.n_contexts++] = fresh;
    } else if (status < 0) {
        fuzz_must(fresh.dwLower == 7 && fresh.dwUpper == 7);
    }
    if (status == SEC_E_OK && !client) {
        check_established(context ? context : &fresh);
    }
    buffers_close(&out, &world.said[at], flags & ISC_REQ_ALLOCATE_MEMORY, status >= 0);
    /* The input may have been the output, too. */
    buffers_close(&in, NULL, false, false);
}

static void
message(void)
{
    static const ULONG qops[] = { 0, 0, 0, SECQOP_WRAP_NO_ENCRYPT, 1 };
    uint8_t at = pick(CONTEXTS), kind = pick(4);
    SecHandle room, *h = pick_handle(&world.contexts[at], &world.creds[0], &room);
    ULONG qop = qops[pick(5)], qop_out;
    struct buffers b;
    SECURITY_STATUS status;

    buffers_open(&b, &world.said[pick(CONTEXTS)]);
    switch (kind) {
    case 0: status = MakeSignature(h, qop, b.given, pick(3)); break;
    case 1: status = VerifySignature(h, b.given, pick(3), &qop_out); break;
    case 2: status = EncryptMessage(h, qop, b.given, pick(3)); break;
    default: status = DecryptMessage(h, b.given, pick(3), NULL); break;
    }
    buffers_close(&b, &world.said[at], false, status == SEC_E_OK);
}

/* Attributes, their structures' pointers, and some that there are not. */
static void
query_context(void)
{
    static const struct {
        ULONG id;
        size_t bytes;
        size_t pointers[2];
    } attributes[] = {
#define AT(form, member) offsetof(SecPkgContext_##form, member)
        { SECPKG_ATTR_SIZES, sizeof(SecPkgContext_Sizes), { SIZE_MAX, SIZE_MAX } },
        { SECPKG_ATTR_NAMES, sizeof(SecPkgContext_NamesA), { 0, SIZE_MAX } },
        { SECPKG_ATTR_LIFESPAN, sizeof(SecPkgContext_Lifespan), { SIZE_MAX, SIZE_MAX } },
        { SECPKG_ATTR_FLAGS, sizeof(SecPkgContext_Flags), { SIZE_MAX, SIZE_MAX } },
        { SECPKG_ATTR_PASSWORD_EXPIRY, sizeof(TimeStamp), { SIZE_MAX, SIZE_MAX } },
        { SECPKG_ATTR_PACKAGE_INFO, sizeof(void *), { 0, SIZE_MAX } },
        { SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, sizeof(void *), { 0, SIZE_MAX } },
        { SECPKG_ATTR_NEGOTIATION_INFO, sizeof(SecPkgContext_NegotiationInfoA), { 0, SIZE_MAX } },
        { SECPKG_ATTR_NATIVE_NAMES,
          sizeof(SecPkgContext_NativeNamesA),
          { AT(NativeNamesA, sClientName), AT(NativeNamesA, sServerName) } },
        { SECPKG_ATTR_KEY_INFO,
          sizeof(SecPkgContext_KeyInfoA),
          { AT(KeyInfoA, sSignatureAlgorithmName), AT(KeyInfoA, sEncryptAlgorithmName) } },
        { SECPKG_ATTR_SESSION_KEY,
          sizeof(SecPkgContext_SessionKey),
          { AT(SessionKey, SessionKey), SIZE_MAX } },
        { SECPKG_ATTR_TARGET_INFORMATION,
          sizeof(SecPkgContext_TargetInformation),
          { AT(TargetInformation, MarshalledTargetInfo), SIZE_MAX } },
        { SECPKG_ATTR_STREAM_SIZES, 0, { SIZE_MAX, SIZE_MAX } },
        { 0x12345, 0, { SIZE_MAX, SIZE_MAX } },
#undef AT
    };
    uint8_t i = pick(SEC_ARRAY_LEN(attributes)), how = pick(5);
    size_t n = attributes[i].bytes;
    SecHandle room, *h = pick_context(&room);
    uint8_t *to = mem_new(n);
    SECURITY_STATUS status;

    fuzz_must(to != NULL);
    switch (how) {
    case 0: status = QueryContextAttributesA(h, attributes[i].id, to); break;
    case 1: status = QueryContextAttributesW(h, attributes[i].id, to); break;
    case 2: status = QueryContextAttributesExA(h, attributes[i].id, to, (ULONG)n); break;
    case 3: status = QueryContextAttributesExW(h, attributes[i].id, NULL, (ULONG)n); break;
    default: status = QueryContextAttributesExW(h, attributes[i].id, to, (ULONG)n - 1); break;
    }
    fuzz_must(how < 3 || status != SEC_E_OK);
    for (size_t k = 0; status == SEC_E_OK && k < 2 && attributes[i].pointers[k] != SIZE_MAX; k++) {
        void *p;

        bytes_copy(&p, to + attributes[i].pointers[k], sizeof(p));
        fuzz_must(FreeContextBuffer(p) == SEC_E_OK);
    }
    mem_free(to);
}

static void
query_negotiation(SecHandle *h)
{
    POPENSSPI_NEGOTIATION n = NULL;

    if (OpenSspiQueryNegotiation(h, &n) != SEC_E_OK) {
        fuzz_must(!n);
        return;
    }
    fuzz_must(n->PackageName && n->FirstToken && n->DelegationRefused && n->OfferedCount <= 8);
    for (ULONG i = 0; i < n->AttemptCount; i++) {
        fuzz_must(n->Attempts[i].PackageName[0] && n->Attempts[i].Status < 0);
        fuzz_must(strlen(n->Attempts[i].Reason) < 256);
    }
    for (ULONG i = 0; i < n->OfferedCount; i++) {
        fuzz_must(n->Offered[i][0]);
    }
    fuzz_must(FreeContextBuffer(n) == SEC_E_OK);
}

/* A context before its first leg. */
static void
create_context(void)
{
    SecHandle room, *cred = pick_handle(&world.creds[pick(CREDS)], &world.contexts[0], &room);
    SecHandle fresh = { 7, 7 };
    uint8_t at = pick(CONTEXTS);

    if (world.n_contexts == MADE) {
        return;
    }
    if (OpenSspiCreateContext(cred, pick(4), &fresh) == SEC_E_OK) {
        world.contexts[at] = world.made_contexts[world.n_contexts++] = fresh;
    } else {
        fuzz_must(fresh.dwLower == 7 && fresh.dwUpper == 7);
    }
    (void)OpenSspiCheckService(cred, pick(2) ? "HTTP/a" : NULL);
}

/* Options of SASL's contexts, and what says which package a token is for. */
static void
sasl_option(void)
{
    SecHandle room, *h = pick_context(&room);
    ULONG option = pick(6), n = pick(8), value[2] = { wire_le32(&world.in) & 0x1FFFFFF, 0 };
    ULONG needed = UINT32_MAX;
    PSecPkgInfoA info = NULL;
    struct buffers b;

    if (pick(2)) {
        (void)SaslSetContextOption(h, option, pick(8) ? value : NULL, n);
    } else if (SaslGetContextOption(h, option, value, n, &needed) == SEC_E_OK) {
        fuzz_must(needed <= n);
    }
    buffers_open(&b, &world.said[pick(CONTEXTS)]);
    if (SaslIdentifyPackageA(b.given, &info) == SEC_E_OK) {
        fuzz_must(FreeContextBuffer(info) == SEC_E_OK);
    }
    buffers_close(&b, NULL, false, false);
}

static void
query_logon(void)
{
    SecHandle room, *h = pick_context(&room);
    POPENSSPI_LOGON logon = NULL;

    query_negotiation(h);
    if (OpenSspiQueryLogon(h, pick(8) ? &logon : NULL) != SEC_E_OK) {
        fuzz_must(!logon);
        return;
    }
    fuzz_must(logon->UserName && logon->Reason && logon->UnixUser && logon->TargetName);
    fuzz_must(logon->UserSid[0] == 0 || strcmp(logon->UserName, "User") == 0 ||
              strcmp(logon->UserName, "alice") == 0);
    fuzz_must(FreeContextBuffer(logon) == SEC_E_OK);
    fuzz_must(FreeContextBuffer(logon) == SEC_E_INVALID_HANDLE);
}

static void
query_cred(void)
{
    SecHandle room;
    SecHandle *h = pick_handle(&world.creds[pick(CREDS)], &world.contexts[0], &room);
    SecPkgCredentials_NamesW names = { NULL };
    SECURITY_STATUS status = pick(2)
                                 ? QueryCredentialsAttributesW(h, SECPKG_CRED_ATTR_NAMES, &names)
                                 : QueryCredentialsAttributesExA(h, pick(3), &names, pick(16));

    if (status == SEC_E_OK) {
        fuzz_must(FreeContextBuffer(names.sUserName) == SEC_E_OK);
    }
}

static void
complete(void)
{
    SecHandle room, *h = pick_context(&room);
    struct buffers b;

    buffers_open(&b, &world.said[0]);
    (void)CompleteAuthToken(h, b.given);
    buffers_close(&b, NULL, false, false);
}

static const char *
config_file(void)
{
    static const char text[] = "[server]\ncomputer = SERVER\ndomain = Domain\n";
    static char name[64];

    if (!name[0]) {
        int fd = memfd_create("opensspi.conf", MFD_CLOEXEC);

        fuzz_must(fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
        (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        fuzz_must(setenv("OPENSSPI_CREDENTIALS", "/nonexistent", 1) == 0);
    }
    return name;
}

static void
operate(void)
{
    static uint8_t nothing[64];
    SecHandle room;

    switch (pick(16)) {
    case 0:
    case 1: acquire(); break;
    case 2:
    case 3:
    case 4: leg(true, false); break;
    case 5:
    case 6:
    case 7: leg(false, false); break;
    case 8:
    case 9: message(); break;
    case 10: query_context(); break;
    case 11: query_logon(); break;
    case 12: query_cred(); break;
    case 13: complete(); break;
    case 14:
        (void)DeleteSecurityContext(pick_context(&room));
        fuzz_must(FreeContextBuffer(nothing + pick(64)) == SEC_E_INVALID_HANDLE);
        break;
    default:
        (void)FreeCredentialsHandle(
            pick_handle(&world.creds[pick(CREDS)], &world.contexts[0], &room));
        switch (pick(8)) {
        case 0: fuzz_must(OpenSspiLoadConfiguration(config_file(), NULL, 0) == SEC_E_OK); break;
        case 1: create_context(); break;
        case 2:
        case 3: leg(true, true); break;
        case 4:
        case 5: leg(false, true); break;
        case 6: sasl_option(); break;
        default: break;
        }
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static bool configured;

    world = (struct world){ .in = wire_reader_of(bytes_of(data, n)) };
    bytes_copy(world.arena, data, n < ARENA ? n : ARENA);
    random_state = n;
    if (!configured) {
        configured = true;
        fuzz_must(OpenSspiLoadConfiguration(config_file(), NULL, 0) == SEC_E_OK);
    }
    for (unsigned i = 0; i < OPERATIONS && wire_left(&world.in); i++) {
        operate();
    }
    for (size_t i = 0; i < world.n_contexts; i++) {
        (void)DeleteSecurityContext(&world.made_contexts[i]);
    }
    for (size_t i = 0; i < world.n_creds; i++) {
        (void)FreeCredentialsHandle(&world.made_creds[i]);
    }
    return 0;
}
