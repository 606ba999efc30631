/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of what is known of clients' connections. A file is named by an HMAC of its connection's key
 * and sealed with AES-SIV, bound to that name. It comes to be and goes by rename(2), which is one act:
 * it is never seen half written, and two that claim it do not both have it. */
#include "service/proxied_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "account/seal.h"
#include "base/boot_id.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/hmac_sha.h"
#include "crypto/random.h"

enum {
    NAME_BYTES = 16,
    OVERHEAD_BYTES = AEAD_NONCE_BYTES + AEAD_TAG_BYTES,
    OWN_NAME_CHARS = 64,
    LEFT_BEHIND_S = 60, /* no claim and no writing takes as long */
};

struct proxied_store {
    int folder;
    uint8_t inner[HMAC_SHA256_STATE_BYTES], outer[HMAC_SHA256_STATE_BYTES]; /* of names */
    uint8_t key[AEAD_KEY_BYTES];
    uint64_t salt; /* what sets our own names apart from those of others, in this process as well */
    atomic_uint next;
    atomic_int files; /* when they were last counted, and come and gone by us since */
};

/* --- opening ------------------------------------------------------------------------------- */

void
proxied_store_close(struct proxied_store *s)
{
    if (s) {
        if (s->folder >= 0) {
            (void)close(s->folder);
        }
        mem_free_wiped(s, sizeof(*s));
    }
}

static bool
fail(char *why, size_t why_n, const char *path, const char *what)
{
    (void)snprintf(why, why_n, "%.200s: %s", path, what);
    return false;
}

/* It is this user's and nobody else looks into it: what stands in it says who somebody is. */
static bool
open_folder(struct proxied_store *s, const char *path, char *why, size_t why_n)
{
    struct stat st;

    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return fail(why, why_n, path, strerror(errno));
    }
    s->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (s->folder < 0 || fstat(s->folder, &st) != 0) {
        return fail(why, why_n, path, strerror(errno));
    }
    if (st.st_uid != geteuid() || (st.st_mode & 077)) {
        return fail(why, why_n, path, "expected a folder of this user's own with mode 0700");
    }
    return true;
}

/* Times of the monotonic clock stand in the files: those of another boot must not open. Either the keys
 * have the boot's name in them, or nothing in the folder outlives it. */
static bool
is_of_this_boot(const struct proxied_store *s, struct bytes boot_id, const char *path, char *why,
                size_t why_n)
{
    return boot_id.n || boot_id_file_is_of_this_boot(s->folder) ||
           fail(why, why_n, path,
                "expected a folder below /run, or on another tmpfs: the kernel's boot_id cannot be "
                "read (ProcSubset=pid), so elsewhere files of an earlier boot could be taken for "
                "this one's");
}

static void
derive(const struct hmac_sha_key *from, const char *use, struct bytes boot_id, uint8_t *to)
{
    struct hmac_sha h;

    hmac_sha_begin(&h, from);
    hmac_sha_add(&h, bytes_of(use, strlen(use) + 1));
    hmac_sha_add(&h, boot_id);
    hmac_sha_end(&h, to, HMAC_SHA256_STATE_BYTES);
}

static void
make_keys(struct proxied_store *s, const struct seal_key *file, struct bytes boot)
{
    uint8_t inner[HMAC_SHA256_STATE_BYTES], outer[HMAC_SHA256_STATE_BYTES], names[32];
    const struct hmac_sha_key from = { HMAC_SHA256, inner, outer };

    _Static_assert(AEAD_KEY_BYTES == 2 * HMAC_SHA256_STATE_BYTES, "two halves");
    hmac_sha_key_init(HMAC_SHA256, bytes_of(file->b, sizeof(file->b)), inner, outer);
    derive(&from, "sspid connections: names", boot, names);
    derive(&from, "sspid connections: tags", boot, s->key);
    derive(&from, "sspid connections: content", boot, s->key + AEAD_KEY_BYTES / 2);
    hmac_sha_key_init(HMAC_SHA256, bytes_of(names, sizeof(names)), s->inner, s->outer);
    secret_wipe(inner, sizeof(inner));
    secret_wipe(outer, sizeof(outer));
    secret_wipe(names, sizeof(names));
}

struct proxied_store *
proxied_store_open(const struct proxied_store_place *at, char *why, size_t why_n)
{
    struct proxied_store *s = mem_new(sizeof(*s));
    struct seal_key *key = NULL;
    uint8_t boot_id[BOOT_ID_BYTES];
    struct bytes boot =
        bytes_of(boot_id, boot_id_read(at->boot_id_file, boot_id) ? BOOT_ID_BYTES : 0);

    if (!s) {
        (void)snprintf(why, why_n, "not enough memory");
        return NULL;
    }
    s->folder = -1;
    if (!random_bytes(&s->salt, sizeof(s->salt))) {
        (void)snprintf(why, why_n, "no random bytes");
        proxied_store_close(s);
        return NULL;
    }
    if (!open_folder(s, at->folder, why, why_n) ||
        !is_of_this_boot(s, boot, at->folder, why, why_n)) {
        proxied_store_close(s);
        return NULL;
    }
    if (seal_key_make(at->key_file, geteuid(), &key) != SEC_E_OK) {
        (void)snprintf(why, why_n, "%s", sec_reason());
        proxied_store_close(s);
        return NULL;
    }
    make_keys(s, key, boot);
    seal_key_free(key);
    return s;
}

/* --- names --------------------------------------------------------------------------------- */

static const char hex[] = "0123456789abcdef";

void
proxied_store_name(const struct proxied_store *s, struct bytes key, struct proxied_store_name *out)
{
    const struct hmac_sha_key hmac = { HMAC_SHA256, s->inner, s->outer };
    uint8_t name[NAME_BYTES];
    struct hmac_sha h;

    hmac_sha_begin(&h, &hmac);
    hmac_sha_add(&h, key);
    hmac_sha_end(&h, name, sizeof(name));
    for (size_t i = 0; i < sizeof(name); i++) {
        out->text[2 * i] = hex[name[i] >> 4];
        out->text[2 * i + 1] = hex[name[i] & 15];
    }
    out->text[2 * sizeof(name)] = 0;
}

static bool
is_name(const char *text)
{
    return strspn(text, hex) == PROXIED_STORE_NAME_CHARS - 1 &&
           text[PROXIED_STORE_NAME_CHARS - 1] == 0;
}

/* One that nobody else makes: not in another container either, where process numbers are the same. */
static void
own_name(struct proxied_store *s, char to[static OWN_NAME_CHARS])
{
    (void)snprintf(to, OWN_NAME_CHARS, ".%ld.%016" PRIx64 ".%u", (long)getpid(), s->salt,
                   atomic_fetch_add(&s->next, 1));
}

/* --- files --------------------------------------------------------------------------------- */

static uint64_t
unused_of(const struct stat *st)
{
    time_t now = time(NULL);

    /* A second for a clock that is being slewed. */
    return st->st_mtime > now + 1 ? UINT64_MAX
           : st->st_mtime > now   ? 0
                                  : (uint64_t)(now - st->st_mtime);
}

static bool
read_all(int fd, uint8_t *to, size_t n)
{
    size_t at = 0;
    ssize_t got = 1;

    while (at < n && got > 0) {
        got = read(fd, to + at, n - at);
        at += got > 0 ? (size_t)got : 0;
    }
    return at == n;
}

/* What the file at this path of the folder holds for that connection. */
static enum proxied_store_answer
read_file(struct proxied_store *s, const char *path, const struct proxied_store_name *name,
          struct secret *out, uint64_t *unused_s)
{
    struct bytes associated = bytes_of(name->text, sizeof(name->text) - 1);
    struct secret sealed = { 0 };
    struct stat st;
    bool good;
    int fd = openat(s->folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return errno == ENOENT ? PROXIED_STORE_NONE : PROXIED_STORE_TROUBLE;
    }
    good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > OVERHEAD_BYTES &&
           st.st_size <= PROXIED_STORE_BYTES_MAX + OVERHEAD_BYTES &&
           secret_resize(&sealed, (size_t)st.st_size) && read_all(fd, sealed.p, sealed.n) &&
           secret_resize(out, sealed.n - OVERHEAD_BYTES) &&
           aead_open(s->key, sealed.p, associated,
                     bytes_of(sealed.p + AEAD_NONCE_BYTES, sealed.n - AEAD_NONCE_BYTES), out->p);
    (void)close(fd);
    secret_clear(&sealed);
    if (!good) {
        secret_clear(out);
        return PROXIED_STORE_TROUBLE;
    }
    *unused_s = unused_of(&st);
    return PROXIED_STORE_FOUND;
}

enum proxied_store_answer
proxied_store_look(struct proxied_store *s, const struct proxied_store_name *name,
                   struct secret *out, uint64_t *unused_s)
{
    *out = (struct secret){ 0 };
    return read_file(s, name->text, name, out, unused_s);
}

enum proxied_store_answer
proxied_store_claim(struct proxied_store *s, const struct proxied_store_name *name,
                    struct secret *out, uint64_t *unused_s)
{
    char own[OWN_NAME_CHARS];
    enum proxied_store_answer answer;

    *out = (struct secret){ 0 };
    own_name(s, own);
    if (renameat(s->folder, name->text, s->folder, own) != 0) {
        return errno == ENOENT ? PROXIED_STORE_NONE : PROXIED_STORE_TROUBLE;
    }
    atomic_fetch_sub(&s->files, 1);
    answer = read_file(s, own, name, out, unused_s);
    (void)unlinkat(s->folder, own, 0);
    return answer;
}

static bool
write_file(const struct proxied_store *s, const char *path, struct bytes sealed)
{
    int fd = openat(s->folder, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, sealed.p, sealed.n) == (ssize_t)sealed.n;

    if (fd >= 0) {
        good = close(fd) == 0 && good;
    }
    return good;
}

bool
proxied_store_put(struct proxied_store *s, const struct proxied_store_name *name,
                  struct bytes content)
{
    struct bytes associated = bytes_of(name->text, sizeof(name->text) - 1);
    struct secret sealed = { 0 };
    char own[OWN_NAME_CHARS];
    bool good;

    if (content.n == 0 || content.n > PROXIED_STORE_BYTES_MAX ||
        atomic_load(&s->files) >= PROXIED_STORE_FILES_MAX ||
        !secret_resize(&sealed, content.n + OVERHEAD_BYTES) ||
        !random_bytes(sealed.p, AEAD_NONCE_BYTES)) {
        secret_clear(&sealed);
        return false;
    }
    aead_seal(s->key, sealed.p, associated, content, sealed.p + AEAD_NONCE_BYTES);
    own_name(s, own);
    good = write_file(s, own, secret_bytes(&sealed)) &&
           renameat2(s->folder, own, s->folder, name->text, RENAME_NOREPLACE) == 0;
    if (good) {
        atomic_fetch_add(&s->files, 1);
    } else {
        (void)unlinkat(s->folder, own, 0);
    }
    secret_clear(&sealed);
    return good;
}

void
proxied_store_touch(struct proxied_store *s, const struct proxied_store_name *name)
{
    (void)utimensat(s->folder, name->text, NULL, AT_SYMLINK_NOFOLLOW);
}

/* --- all of them --------------------------------------------------------------------------- */

/* Of a process that died between two acts; its own number may be another one's by now. */
static void
put_away(const struct proxied_store *s, const char *path)
{
    struct stat st;

    if (fstatat(s->folder, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
        unused_of(&st) > LEFT_BEHIND_S) {
        (void)unlinkat(s->folder, path, 0);
    }
}

static void
see(struct proxied_store *s, const char *path, uint64_t min_unused_s, proxied_store_see each,
    void *user)
{
    struct proxied_store_name name;
    struct stat st;

    if (fstatat(s->folder, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && unused_of(&st) >= min_unused_s) {
        bytes_copy(name.text, path, sizeof(name.text));
        each(user, &name);
    }
}

void
proxied_store_each(struct proxied_store *s, uint64_t min_unused_s, proxied_store_see each,
                   void *user)
{
    int fd = openat(s->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    int files = 0;

    if (!folder) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (is_name(entry->d_name)) {
            files++;
            see(s, entry->d_name, min_unused_s, each, user);
        } else if (entry->d_name[0] == '.' && entry->d_name[1] >= '0' && entry->d_name[1] <= '9') {
            put_away(s, entry->d_name);
        }
    }
    (void)closedir(folder);
    atomic_store(&s->files, files);
}
