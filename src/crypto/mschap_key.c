/* SPDX-License-Identifier: Apache-2.0 */
/* MS-CHAP and MPPE. RFC 2759 8.2 and 8.7, RFC 3079 2.4, 3.3 and 3.4. */
#include <nettle/sha1.h>

#include "crypto/mschap_key.h"

static void
sha1_of(const struct bytes *parts, size_t n, uint8_t *out, size_t out_n)
{
    struct sha1_ctx sha1;

    sha1_init(&sha1);
    for (size_t i = 0; i < n; i++) {
        sha1_update(&sha1, parts[i].n, parts[i].p);
    }
    sha1_digest(&sha1, out_n, out);
    secret_wipe(&sha1, sizeof(sha1));
}

void
mschap_key_challenge(const uint8_t peer_challenge[static MSCHAP_V2_CHALLENGE_BYTES],
                     const uint8_t challenge[static MSCHAP_V2_CHALLENGE_BYTES], struct bytes user,
                     uint8_t out[static 8])
{
    const struct bytes parts[] = { { peer_challenge, MSCHAP_V2_CHALLENGE_BYTES },
                                   { challenge, MSCHAP_V2_CHALLENGE_BYTES },
                                   user };

    sha1_of(parts, 3, out, 8);
}

void
mschap_key_authenticator(const struct secret16 *hash_of_hash, const uint8_t nt_response[static 24],
                         const uint8_t challenge_hash[static 8],
                         uint8_t out[static MSCHAP_AUTHENTICATOR_BYTES])
{
    uint8_t inner[SHA1_DIGEST_SIZE];
    const struct bytes first[] = {
        { hash_of_hash->b, sizeof(hash_of_hash->b) },
        { nt_response, 24 },
        bytes_of_string("Magic server to client signing constant"),
    };
    const struct bytes second[] = {
        { inner, sizeof(inner) },
        { challenge_hash, 8 },
        bytes_of_string("Pad to make it do more than one iteration"),
    };

    sha1_of(first, 3, inner, sizeof(inner));
    sha1_of(second, 3, out, MSCHAP_AUTHENTICATOR_BYTES);
    secret_wipe(inner, sizeof(inner));
}

/* --- MPPE ---------------------------------------------------------------------------------- */

/* The peer sends with the first and receives with the second. */
static const char to_server[] = "On the client side, this is the send key; "
                                "on the server side, it is the receive key.";
static const char to_client[] = "On the client side, this is the receive key; "
                                "on the server side, it is the send key.";

static void
asymmetric_key(const struct secret16 *master, const char *magic, struct secret16 *out)
{
    static const uint8_t pad1[40];
    uint8_t pad2[40];
    const struct bytes parts[] = { { master->b, sizeof(master->b) },
                                   { pad1, sizeof(pad1) },
                                   bytes_of_string(magic),
                                   { pad2, sizeof(pad2) } };

    for (size_t i = 0; i < sizeof(pad2); i++) {
        pad2[i] = 0xF2;
    }
    sha1_of(parts, 4, out->b, sizeof(out->b));
}

void
mschap_key_mppe_v2(const struct secret16 *hash_of_hash, const uint8_t nt_response[static 24],
                   struct secret16 *send, struct secret16 *receive)
{
    struct secret16 master;
    const struct bytes parts[] = { { hash_of_hash->b, sizeof(hash_of_hash->b) },
                                   { nt_response, 24 },
                                   bytes_of_string("This is the MPPE Master Key") };

    sha1_of(parts, 3, master.b, sizeof(master.b));
    asymmetric_key(&master, to_client, send);
    asymmetric_key(&master, to_server, receive);
    secret_wipe(&master, sizeof(master));
}

void
mschap_key_mppe_v1(const struct secret16 *hash_of_hash, const uint8_t challenge[static 8],
                   struct secret16 *out)
{
    const struct bytes hash = { hash_of_hash->b, sizeof(hash_of_hash->b) };
    const struct bytes parts[] = { hash, hash, { challenge, 8 } };

    sha1_of(parts, 3, out->b, sizeof(out->b));
}
