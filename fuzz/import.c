/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: load, resume, save of ntlm_package, kerberos_package, negotiate_package */
/* What stands in an exported context once its seal is open, and then is called whatever else there is
 * to be called of a context. The first byte says which package and side, then a 16-bit length and as
 * many bytes as were saved, and the rest is the peer's next token. */
#include "fuzz.h"
#include "kerberos/kerberos.h"
#include "negotiate/negotiate.h"
#include "ntlm/ntlm.h"
#include "tests/support/fake_account.h"
#include "tests/support/fake_host.h"
#include "tests/support/fake_ticket.h"

enum { ACCEPTOR = 4, ROOM = 1 << 17 };

static struct place {
    struct fake_host host;
    struct account_authority accounts;
    struct ticket_authority tickets;
    const struct sec_package *packages[2];
    const struct sec_package *package;
    struct sec_cred *nobody, *alice;
} place;

static void
open_place(const struct sec_package *package, enum sec_role role)
{
    static const uint8_t name[] = "a\0l\0i\0c\0e", realm[] = "E\0X\0A\0M\0P\0L\0E\0.\0T\0E\0S\0T",
                         password[] = "P\0a\0s\0s\0w\0o\0r\0d";
    const struct sec_identity alice = { .user = { name, 10 },
                                        .domain = { realm, 24 },
                                        .password = { password, 16 } };
    struct sec_acquire_args args = { .package = package,
                                     .use = role == SEC_ACCEPTOR ? SEC_USE_INBOUND
                                                                 : SEC_USE_OUTBOUND };

    fake_host_init(&place.host);
    fake_account_init(&place.accounts);
    fake_ticket_init(&place.tickets);
    place.packages[0] = &kerberos_package;
    place.packages[1] = &ntlm_package;
    place.host.settings.packages = "";
    place.host.host.packages = place.packages;
    place.host.host.n_packages = 2;
    place.host.host.accounts = &place.accounts;
    place.host.host.tickets = &place.tickets;
    place.host.settings.kerberos.skew_100ns = UINT64_C(3000000000);
    place.package = package;
    args.for_load = true;
    fuzz_must(package->ops->acquire(&place.host.host, &args, &place.nobody) == SEC_E_OK);
    args.for_load = false;
    args.identity = role == SEC_ACCEPTOR ? NULL : &alice;
    fuzz_must(package->ops->acquire(&place.host.host, &args, &place.alice) == SEC_E_OK);
}

static void
close_place(void)
{
    place.package->ops->free_cred(place.nobody);
    place.package->ops->free_cred(place.alice);
    fuzz_must(place.accounts.identities == 0);
    fuzz_must(place.tickets.holders == 0 && place.tickets.keytabs == 0);
    fuzz_must(place.tickets.held_keys == 0 && place.tickets.delegated == 0);
}

/* What was loaded is saved as it is: once more through both, nothing changes. */
static void
check_again(const struct sec_ctx *ctx, enum sec_role role)
{
    const struct sec_package_ops *ops = place.package->ops;
    SEC_AUTO(wire_writer) once = wire_writer_secret(NULL, 0);
    SEC_AUTO(wire_writer) twice = wire_writer_secret(NULL, 0);
    struct sec_ctx *again = NULL;
    struct wire_reader r;

    fuzz_must(ops->save(ctx, &once) == SEC_E_OK);
    r = wire_reader_of(wire_written(&once));
    fuzz_must(ops->load(place.nobody, role, &r, &again) == SEC_E_OK);
    fuzz_must(wire_finish(&r) == WIRE_OK && again->awaits_cred == ctx->awaits_cred);
    fuzz_must(ops->save(again, &twice) == SEC_E_OK);
    fuzz_must(bytes_equal(wire_written(&once), wire_written(&twice)));
    ops->free_ctx(again);
}

static void
use_messages(struct sec_ctx *ctx)
{
    const struct sec_package_ops *ops = place.package->ops;
    uint8_t data[32] = { 0 }, token[256] = { 0 };
    struct sec_segment segment = { data, sizeof(data), false };
    struct sec_msg m = { &segment, 1, .token = token, .token_n = sizeof(token) };

    (void)ops->seal(ctx, &m);
    m.token_n = sizeof(token);
    (void)ops->sign(ctx, &m);
    m.token_n = 16;
    (void)ops->verify(ctx, &m);
    (void)ops->unseal(ctx, &m);
}

static void
use(struct sec_ctx *ctx, enum sec_role role, struct bytes token)
{
    static const uint8_t target[] = "H\0T\0T\0P\0/\0w\0e\0b";
    static uint8_t room[ROOM];
    const struct sec_package_ops *ops = place.package->ops;
    struct sec_step_args args = { .token = token, .target = { target, 16 } };
    struct wire_writer out = wire_writer_fixed(room, sizeof(room));
    struct sec_facts f;
    sec_status status;

    check_again(ctx, role);
    if (ctx->awaits_cred) {
        SEC_AUTO(wire_writer) name = wire_writer_growing(NULL, 0);

        fuzz_must(role == SEC_INITIATOR);
        (void)(ops->identify ? ops->identify(ctx, place.alice, &name) : SEC_E_OK);
        fuzz_must(ops->resume(ctx, place.alice) == SEC_E_OK && !ctx->awaits_cred);
    }
    ops->describe(ctx, &f);
    status = ops->step(ctx, &args, &out);
    ops->describe(ctx, &f);
    fuzz_must(sec_failed(status) || f.phase != SEC_PHASE_FAILED);
    use_messages(ctx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct sec_package *const all[] = { &ntlm_package, &kerberos_package,
                                                     &negotiate_package };
    struct wire_reader r = wire_reader_of(bytes_of(data, n));
    uint8_t kind = wire_u8(&r);
    size_t saved_n = wire_le16(&r);
    struct bytes saved = wire_take(&r, saved_n < wire_left(&r) ? saved_n : wire_left(&r));
    const struct sec_package *package = all[(kind & 3) % 3];
    enum sec_role role = kind & ACCEPTOR ? SEC_ACCEPTOR : SEC_INITIATOR;
    struct wire_reader in = wire_reader_of(saved);
    struct sec_ctx *ctx = NULL;

    open_place(package, role);
    if (package->ops->load(place.nobody, role, &in, &ctx) == SEC_E_OK) {
        use(ctx, role, wire_rest(&r));
        package->ops->free_ctx(ctx);
    } else {
        fuzz_must(ctx == NULL);
    }
    close_place();
    return 0;
}
