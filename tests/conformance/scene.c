/* SPDX-License-Identifier: Apache-2.0 */
/* Scenes through the public interface alone; the clock is the linker's to wrap. */
#include "tests/conformance/scene.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/demo_export.h"

#define FLAGS                                                              \
    (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | \
     ISC_REQ_SEQUENCE_DETECT | ISC_REQ_MUTUAL_AUTH)

static const struct {
    const char *name, *package;
    bool password;
} mechanisms[MECHANISMS] = {
    [NTLM] = { "NTLM", "NTLM", true },
    [NEGO_NTLM] = { "Negotiate with NTLM", "Negotiate", true },
    [KERBEROS] = { "Kerberos", "Kerberos", false },
    [NEGO_KERBEROS] = { "Negotiate with Kerberos", "Negotiate", false },
};

const char *
mechanism_name(enum mechanism m)
{
    return mechanisms[m].name;
}

const char *
package_name(enum mechanism m)
{
    return mechanisms[m].package;
}

const char *
side_name(enum side s)
{
    return s == CLIENT ? "client" : "server";
}

const char *
state_name(enum state s)
{
    static const char *const names[STATES] = { "alone",       "created",  "half-open",
                                               "established", "failed",   "expired",
                                               "exported",    "imported", "imported half-open" };

    return names[s];
}

const char *
no_handle_name(enum no_handle n)
{
    static const char *const names[NO_HANDLES] = { "a NULL pointer", "{0,0}",           "{-1,-1}",
                                                   "garbage",        "of another kind", "deleted" };

    return names[n];
}

SEC_WCHAR *
wide(const char *ascii)
{
    static _Thread_local SEC_WCHAR room[4][128];
    static _Thread_local unsigned next;
    SEC_WCHAR *w = room[next++ % 4];
    size_t i = 0;

    if (!ascii) {
        return NULL;
    }
    for (; ascii[i] && i < 127; i++) {
        w[i] = (unsigned char)ascii[i];
    }
    w[i] = 0;
    return w;
}

static void
spare_nothing(bool spare)
{
}

void (*scene_spare)(bool spare) = spare_nothing;

/* --- the clock ----------------------------------------------------------------------------- */

uint64_t __real_clock_now_100ns(void);
uint64_t __wrap_clock_now_100ns(void);

static _Atomic uint64_t ahead_100ns;

uint64_t
__wrap_clock_now_100ns(void)
{
    return __real_clock_now_100ns() + atomic_load(&ahead_100ns);
}

/* --- the group ----------------------------------------------------------------------------- */

const char *
scene_file(void)
{
    return demo_export_file;
}

static void
require(bool good, const char *what, const struct scene *s)
{
    if (!good) {
        (void)fprintf(stderr, "scene: %s, %s, %s: %s: %s\n", mechanism_name(s->mechanism),
                      side_name(s->side), state_name(s->state), what, OpenSspiReason());
        abort();
    }
}

/* Whoever runs this at a terminal is not asked for a password. */
static void
leave_the_terminal(void)
{
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);

    if (terminal >= 0) {
        (void)ioctl(terminal, TIOCNOTTY);
        (void)close(terminal);
    }
}

int
scene_begin(void **state)
{
    leave_the_terminal();
    return demo_export_load(state);
}

int
scene_end(void **state)
{
    return demo_export_remove(state);
}

/* --- states -------------------------------------------------------------------------------- */

SECURITY_STATUS
scene_acquire(enum mechanism m, ULONG use, CredHandle *out)
{
    SEC_WINNT_AUTH_IDENTITY_A id = {
        .User = (unsigned char *)API_NAME("demo"),
        .UserLength = 4,
        .Domain = (unsigned char *)API_NAME("DOMAIN"),
        .DomainLength = 6,
        .Password = (unsigned char *)API_NAME("Passw0rd!"),
        .PasswordLength = 9,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };

    return AcquireCredentialsHandleA(
        NULL, API_NAME(mechanisms[m].package), use, NULL,
        mechanisms[m].password && (use & SECPKG_CRED_OUTBOUND) ? &id : NULL, NULL, NULL, out, NULL);
}

/* One leg of either side: token in, token out. */
static SECURITY_STATUS
leg(struct scene *s, enum side side, ULONG flags, uint8_t *token, ULONG *n)
{
    struct api_pair *p = &s->pair;
    uint8_t room[API_TOKEN_BYTES];
    SecBuffer in = { *n, SECBUFFER_TOKEN, token }, out = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc from = { SECBUFFER_VERSION, 1, &in }, to = { SECBUFFER_VERSION, 1, &out };
    ULONG attributes;
    SECURITY_STATUS status;

    if (side == CLIENT) {
        status = InitializeSecurityContextA(
            &p->client_cred, p->have_client ? &p->client : NULL, API_NAME(DEMO_SERVICE), flags, 0,
            SECURITY_NATIVE_DREP, *n ? &from : NULL, 0, &p->client, &to, &attributes, NULL);
        p->have_client |= status >= 0;
    } else {
        status = AcceptSecurityContext(&p->server_cred, p->have_server ? &p->server : NULL, &from,
                                       0, SECURITY_NATIVE_DREP, &p->server, &to, &attributes, NULL);
        p->have_server |= status >= 0;
    }
    memcpy(token, room, out.cbBuffer);
    *n = out.cbBuffer;
    return status;
}

static bool
is_kerberos(const struct scene *s)
{
    return s->mechanism == KERBEROS || s->mechanism == NEGO_KERBEROS;
}

void
scene_first_token(struct scene *s)
{
    if (!s->token_bytes) {
        require(leg(s, CLIENT, 0, s->token, &s->token_bytes) >= 0, "a client's first leg", s);
    }
}

/* The side's first leg, and the peer's answer to it. */
static void
open_half(struct scene *s)
{
    ULONG flags = FLAGS | (is_kerberos(s) && s->side == SERVER ? ISC_REQ_USE_DCE_STYLE : 0);

    require(leg(s, CLIENT, flags, s->token, &s->token_bytes) == SEC_I_CONTINUE_NEEDED,
            "the first leg", s);
    require(leg(s, SERVER, flags, s->token, &s->token_bytes) >= 0, "the second leg", s);
    if (s->side == SERVER) {
        require(leg(s, CLIENT, flags, s->token, &s->token_bytes) >= 0, "the third leg", s);
    }
}

static void
fail_a_leg(struct scene *s)
{
    uint8_t garbage[API_TOKEN_BYTES] = "this is not a token of any kind";
    ULONG n = 32;

    if (s->side == CLIENT) {
        require(leg(s, CLIENT, FLAGS, s->token, &s->token_bytes) == SEC_I_CONTINUE_NEEDED,
                "the first leg", s);
    } else {
        require(OpenSspiCreateContext(&s->pair.server_cred, SECPKG_CRED_INBOUND, &s->pair.server) ==
                    SEC_E_OK,
                "a context", s);
        s->pair.have_server = 1;
    }
    require(leg(s, s->side, FLAGS, garbage, &n) < 0, "a leg that fails", s);
}

static void
move(struct scene *s)
{
    CtxtHandle *from = s->side == CLIENT ? &s->pair.client : &s->pair.server;
    ULONG flags = s->state == EXPORTED ? 0 : SECPKG_CONTEXT_EXPORT_DELETE_OLD;
    SecBuffer packed = { 0 };

    require(ExportSecurityContext(from, flags, &packed, NULL) == SEC_E_OK, "export", s);
    if (s->state != EXPORTED) {
        require(ImportSecurityContextA(API_NAME(package_name(s->mechanism)), &packed, NULL, from) ==
                    SEC_E_OK,
                "import", s);
    }
    (void)FreeContextBuffer(packed.pvBuffer);
}

static void
create(struct scene *s)
{
    ULONG use = s->side == CLIENT ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND;

    require(OpenSspiCreateContext(&s->credential, use,
                                  s->side == CLIENT ? &s->pair.client : &s->pair.server) ==
                SEC_E_OK,
            "a context", s);
    *(s->side == CLIENT ? &s->pair.have_client : &s->pair.have_server) = 1;
}

void
scene_open(struct scene *s, enum mechanism mechanism, enum side side, enum state state)
{
    struct api_pair *p = &s->pair;

    *s = (struct scene){ .mechanism = mechanism, .side = side, .state = state };
    require(scene_acquire(mechanism, SECPKG_CRED_OUTBOUND, &p->client_cred) == SEC_E_OK,
            "a client's credential", s);
    require(scene_acquire(mechanism, SECPKG_CRED_INBOUND, &p->server_cred) == SEC_E_OK,
            "a server's credential", s);
    s->credential = side == CLIENT ? p->client_cred : p->server_cred;
    switch (state) {
    case ALONE: break;
    case CREATED: create(s); break;
    case HALF_OPEN:
    case MOVED_HALF: open_half(s); break;
    case FAILED: fail_a_leg(s); break;
    default: require(api_establish(p, FLAGS, 0) == SEC_E_OK, "the handshake", s); break;
    }
    if (state == EXPORTED || state == IMPORTED || state == MOVED_HALF) {
        move(s);
    }
    if (state == EXPIRED) {
        atomic_store(&ahead_100ns, UINT64_C(24) * 3600 * CLOCK_SECOND_100NS);
    }
    s->context = side == CLIENT ? p->client : p->server;
    s->peer = side == CLIENT ? p->server : p->client;
    s->with = &s->credential;
    s->at = &s->context;
}

void
scene_close(struct scene *s)
{
    atomic_store(&ahead_100ns, 0);
    if (s->packed.pvBuffer) {
        (void)FreeContextBuffer(s->packed.pvBuffer);
    }
    api_release(&s->pair);
}

/* --- no handles ---------------------------------------------------------------------------- */

static SecHandle *
no_handle(enum no_handle kind, SecHandle *room)
{
    switch (kind) {
    case NO_POINTER: return NULL;
    case ZEROS: *room = (SecHandle){ 0, 0 }; break;
    case ONES: SecInvalidateHandle(room); break;
    default:
        *room = (SecHandle){ (ULONG_PTR)(uintptr_t)room, (ULONG_PTR)0xdeadbeefcafef00d };
        break;
    }
    return room;
}

PCtxtHandle
scene_no_context(struct scene *s, enum no_handle kind, CtxtHandle *room)
{
    switch (kind) {
    case OF_ANOTHER_KIND: *room = s->credential; return room;
    case DELETED:
        require(OpenSspiCreateContext(
                    &s->credential, s->side == CLIENT ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND,
                    room) == SEC_E_OK &&
                    DeleteSecurityContext(room) == SEC_E_OK,
                "a deleted context", s);
        return room;
    default: return no_handle(kind, room);
    }
}

PCredHandle
scene_no_credential(struct scene *s, enum no_handle kind, CredHandle *room)
{
    switch (kind) {
    case OF_ANOTHER_KIND:
        if (!s->pair.have_client && !s->pair.have_server) {
            create(s);
        }
        *room = s->pair.have_client ? s->pair.client : s->pair.server;
        return room;
    case DELETED:
        require(scene_acquire(s->mechanism, SECPKG_CRED_OUTBOUND, room) == SEC_E_OK &&
                    FreeCredentialsHandle(room) == SEC_E_OK,
                "a freed credential", s);
        return room;
    default: return no_handle(kind, room);
    }
}
