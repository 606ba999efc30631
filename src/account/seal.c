/* SPDX-License-Identifier: Apache-2.0 */
/* The key file and the seal. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/seal.h"
#include "account/store_file.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/wire.h"
#include "crypto/random.h"

#define KEY_FILE_HEAD "opensspi account key 1\n"

enum {
    SEAL_VERSION = 1,
    HEAD_BYTES = sizeof(KEY_FILE_HEAD) - 1,
    KEY_FILE_BYTES = HEAD_BYTES + 2 * AEAD_KEY_BYTES + 1,
};

void
seal_key_free(struct seal_key *key)
{
    mem_free_wiped(key, sizeof(*key));
}

void
seal_key_auto(struct seal_key **key)
{
    seal_key_free(*key);
}

/* --- the file ------------------------------------------------------------------------------ */

static int
hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
parse_key(struct bytes text, struct seal_key *key)
{
    const uint8_t *hex = text.p + HEAD_BYTES;

    if (text.n != KEY_FILE_BYTES || !bytes_starts_with(text, bytes_of_string(KEY_FILE_HEAD))) {
        return false;
    }
    for (size_t i = 0; i < sizeof(key->b); i++) {
        int high = hex_value(hex[2 * i]);
        int low = hex_value(hex[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        key->b[i] = (uint8_t)(high << 4 | low);
    }
    return hex[sizeof(key->b) * 2] == '\n';
}

static void
print_key(const struct seal_key *key, uint8_t text[static KEY_FILE_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *hex = text + HEAD_BYTES;

    bytes_copy(text, KEY_FILE_HEAD, HEAD_BYTES);
    for (size_t i = 0; i < sizeof(key->b); i++) {
        hex[2 * i] = (uint8_t)digits[key->b[i] >> 4];
        hex[2 * i + 1] = (uint8_t)digits[key->b[i] & 15];
    }
    hex[2 * sizeof(key->b)] = '\n';
}

static sec_status
check_key_file(const char *path, int fd, uid_t store_owner)
{
    struct stat st;

    if (fstat(fd, &st)) {
        return store_file_fail("key file", path, errno);
    }
    if (!S_ISREG(st.st_mode)) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: key file %s is no file",
                        path);
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                        "accounts: key file %s is open to others (mode %03o); want 600", path,
                        st.st_mode & 0777u);
    }
    if (st.st_uid != 0 && st.st_uid != geteuid() && st.st_uid != store_owner) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                        "accounts: key file %s belongs to user %u, neither root nor this process's",
                        path, (unsigned)st.st_uid);
    }
    return SEC_E_OK;
}

sec_status
seal_key_load(const char *path, uid_t store_owner, struct seal_key **out)
{
    uint8_t text[KEY_FILE_BYTES + 1]; /* one more, to see that a file is too long */
    SEC_AUTO(store_fd) file = { open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) };
    struct seal_key *key;
    sec_status status;
    ssize_t n;
    bool good;

    if (file.fd < 0) {
        return store_file_fail("key file", path, errno);
    }
    status = check_key_file(path, file.fd, store_owner);
    if (status != SEC_E_OK) {
        return status;
    }
    key = mem_new(sizeof(*key));
    if (!key) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    n = read(file.fd, text, sizeof(text));
    good = n >= 0 && parse_key(bytes_of(text, (size_t)n), key);
    secret_wipe(text, sizeof(text));
    if (!good) {
        seal_key_free(key);
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: %s is no key file", path);
    }
    (void)mlock(key, sizeof(*key)); /* as far as limits permit, not into swap */
    *out = key;
    return SEC_E_OK;
}

/* Writes a new key to fd, down to the disk. */
static bool
write_new_key(int fd)
{
    uint8_t text[KEY_FILE_BYTES];
    struct seal_key key;
    bool done = false;

    if (random_bytes(key.b, sizeof(key.b))) {
        print_key(&key, text);
        done = write(fd, text, sizeof(text)) == (ssize_t)sizeof(text) && !fsync(fd);
    } else {
        errno = EIO;
    }
    secret_wipe(&key, sizeof(key));
    secret_wipe(text, sizeof(text));
    return done;
}

/* Under a name of its own first, then linked: link() never replaces a file, so of two processes
 * that come at once one wins and both use what it made. */
static sec_status
make_key_file(const char *path, const char *draft, uid_t store_owner)
{
    SEC_AUTO(store_fd)
    file = { open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) };
    sec_status status = SEC_E_OK;

    if (file.fd < 0) {
        return store_file_fail("key file", draft, errno);
    }
    if (!write_new_key(file.fd) || !store_file_give(file.fd, store_owner) ||
        (link(draft, path) && errno != EEXIST)) {
        status = store_file_fail("key file", path, errno);
    }
    (void)unlink(draft);
    if (status == SEC_E_OK && !store_file_sync_folder(path)) {
        status = store_file_fail("folder of", path, errno);
    }
    return status;
}

sec_status
seal_key_make(const char *path, uid_t store_owner, struct seal_key **out)
{
    char draft[4096];
    uint32_t tag;

    if (access(path, F_OK)) {
        sec_status status;

        if (errno != ENOENT) {
            return store_file_fail("key file", path, errno);
        }
        if (!random_bytes(&tag, sizeof(tag)) ||
            snprintf(draft, sizeof(draft), "%s.%08x", path, tag) >= (int)sizeof(draft)) {
            return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "accounts: no name for key file %s",
                            path);
        }
        status = make_key_file(path, draft, store_owner);
        if (status != SEC_E_OK) {
            return status;
        }
    }
    return seal_key_load(path, store_owner, out);
}

/* --- the seal ------------------------------------------------------------------------------ */

/* SID, NUL, field: a SID has no NUL, so no two places read alike. false: absurdly long. */
static bool
place_bytes(struct seal_place place, struct wire_writer *w)
{
    wire_put(w, place.sid, strlen(place.sid) + 1);
    wire_put_bytes(w, bytes_of_string(place.field));
    return wire_writer_status(w) == WIRE_OK;
}

sec_status
seal_put(const struct seal_key *key, struct seal_place place, struct bytes plain,
         uint8_t sealed[static SEAL_MAX_BYTES])
{
    uint8_t held[256];
    struct wire_writer associated = wire_writer_fixed(held, sizeof(held));
    uint8_t *nonce = sealed + 1;

    if (plain.n > SEAL_MAX_PLAIN_BYTES || !place_bytes(place, &associated)) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "accounts: a secret of %zu bytes", plain.n);
    }
    if (!random_bytes(nonce, AEAD_NONCE_BYTES)) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "accounts: no random bytes");
    }
    sealed[0] = SEAL_VERSION;
    aead_seal(key->b, nonce, wire_written(&associated), plain, nonce + AEAD_NONCE_BYTES);
    return SEC_E_OK;
}

bool
seal_open(const struct seal_key *key, struct seal_place place, struct bytes sealed, uint8_t *plain,
          size_t n)
{
    uint8_t held[256];
    struct wire_writer associated = wire_writer_fixed(held, sizeof(held));
    struct wire_reader r = wire_reader_of(sealed);
    uint8_t version = wire_u8(&r);
    struct bytes nonce = wire_take(&r, AEAD_NONCE_BYTES);
    struct bytes boxed = wire_rest(&r);

    if (wire_finish(&r) != WIRE_OK || version != SEAL_VERSION || boxed.n != n + AEAD_TAG_BYTES ||
        !place_bytes(place, &associated)) {
        return false;
    }
    return aead_open(key->b, nonce.p, wire_written(&associated), boxed, plain);
}
