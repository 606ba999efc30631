/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a keytab, through libkrb5. */
#include "ticket/keytab_load.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "ticket/keytab_path.h"
#include "ticket/library_error.h"

enum {
    NAME_MAX_BYTES = 1100, /* libkrb5's own limit for files is PATH_MAX less than that of most */
    ENTRIES_MAX = 65536,
    TRIES = 3, /* at a file that somebody just writes */
};

/* An entry and all that its views point to. A secret. */
struct keytab_block {
    struct keytab_entry entry;
    union krb_cipher_room open_ticket;
    struct krb_checksum_key verify_pac;
    size_t bytes;
    uint8_t names[];
};

/* --- life ---------------------------------------------------------------------------------- */

static void
clear_entries(struct keytab_snapshot *s)
{
    for (size_t i = 0; i < s->entries.n; i++) {
        mem_free_wiped(s->blocks[i], s->blocks[i]->bytes);
    }
    mem_free(s->blocks);
    mem_free((void *)(uintptr_t)s->entries.list);
    s->blocks = NULL;
    s->entries = (struct keytab_entries){ .name = s->name };
}

struct keytab_snapshot *
keytab_load_ref(struct keytab_snapshot *s)
{
    (void)atomic_fetch_add(&s->references, 1);
    return s;
}

void
keytab_load_unref(struct keytab_snapshot *s)
{
    if (!s || atomic_fetch_sub(&s->references, 1) != 1) {
        return;
    }
    clear_entries(s);
    mem_free(s->name);
    mem_free(s->path);
    mem_free(s);
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

bool
keytab_load_is_current(const struct keytab_snapshot *s)
{
    struct stat st;

    if (!s->path) {
        return true;
    }
    if (stat(s->path, &st)) {
        return !s->readable;
    }
    return s->readable && same_file(&st, &s->st);
}

/* --- entries ------------------------------------------------------------------------------- */

static size_t
name_bytes(krb5_const_principal p)
{
    size_t n = p->realm.length;

    for (krb5_int32 i = 0; i < p->length; i++) {
        n += p->data[i].length;
    }
    return n;
}

static struct bytes
keep(uint8_t **to, krb5_data from)
{
    struct bytes kept = bytes_of(*to, from.length);

    bytes_copy(*to, from.data, from.length);
    *to += from.length;
    return kept;
}

static void
keep_name(struct ticket_key *key, krb5_const_principal p, uint8_t *room)
{
    key->realm = keep(&room, p->realm);
    key->name.type = p->type;
    for (krb5_int32 i = 0; i < p->length; i++) {
        key->name.parts[key->name.n++] = keep(&room, p->data[i]);
    }
}

/* NULL: no memory. */
static struct keytab_block *
block_new(const krb5_keytab_entry *e)
{
    size_t bytes = sizeof(struct keytab_block) + name_bytes(e->principal);
    struct keytab_block *b = mem_new(bytes);
    struct ticket_key *key;

    if (!b) {
        return NULL;
    }
    b->bytes = bytes;
    key = &b->entry.key;
    key->kvno = e->vno;
    keep_name(key, e->principal, b->names);
    if (!krb_key_set(&key->key, e->key.enctype, bytes_of(e->key.contents, e->key.length))) {
        key->key.enctype = e->key.enctype; /* for the reason why it does not do */
        return b;
    }
    key->open_ticket = krb_cipher_init(&b->open_ticket, &key->key, KRB_USAGE_TICKET, KRB_DECRYPT);
    krb_checksum_key_init(&b->verify_pac, &key->key, KRB_USAGE_PAC);
    key->verify_pac = &b->verify_pac;
    return b;
}

/* 0, ENOMEM, or KRB5_KT_FORMAT for what is no keytab of this world. */
static krb5_error_code
add_entry(struct keytab_snapshot *s, const krb5_keytab_entry *e)
{
    struct keytab_block **blocks;
    const struct keytab_entry **list;
    size_t n = s->entries.n;

    if (e->principal->length < 1 || e->principal->length > KRB_NAME_PARTS_MAX) {
        return 0; /* no ticket has such a name */
    }
    if (n == ENTRIES_MAX) {
        return KRB5_KT_FORMAT;
    }
    blocks = mem_resize(s->blocks, (n + 1) * sizeof(struct keytab_block *));
    s->blocks = blocks ? blocks : s->blocks;
    list = mem_resize((void *)(uintptr_t)s->entries.list,
                      (n + 1) * sizeof(const struct keytab_entry *));
    s->entries.list = list ? list : s->entries.list;
    if (!blocks || !list || !(blocks[n] = block_new(e))) {
        return ENOMEM;
    }
    list[n] = &blocks[n]->entry;
    s->entries.n++;
    return 0;
}

/* KRB5_KT_END is the good end. */
static krb5_error_code
read_entries(struct keytab_snapshot *s, krb5_context context, krb5_keytab keytab)
{
    krb5_kt_cursor cursor;
    krb5_error_code error = krb5_kt_start_seq_get(context, keytab, &cursor);

    if (error) {
        return error;
    }
    while (!error) {
        krb5_keytab_entry e;

        error = krb5_kt_next_entry(context, keytab, &e, &cursor);
        if (!error) {
            error = add_entry(s, &e);
            (void)krb5_free_keytab_entry_contents(context, &e);
        }
    }
    (void)krb5_kt_end_seq_get(context, keytab, &cursor);
    return error;
}

/* --- the whole ----------------------------------------------------------------------------- */

/* Once for each authority: it is one fault of one configuration. */
static void
warn_of_readers(struct ticket_authority *a, const struct keytab_snapshot *s)
{
    struct log log;

    if (!s->path || !(s->st.st_mode & S_IROTH) || atomic_exchange(&a->warned_of_keytab, true)) {
        return;
    }
    log = log_on_stderr("opensspi", LOG_LEVEL_WARNING);
    log_warning(&log, "everybody may read the keytab: change its keys, then chmod 640",
                log_text("keytab", s->path));
}

static sec_status
read_once(struct keytab_snapshot *s, krb5_context context, krb5_keytab keytab)
{
    krb5_error_code error;

    clear_entries(s);
    if (s->path && keytab_path_check(s->path, &s->st) != SEC_E_OK) {
        return SEC_E_NO_CREDENTIALS;
    }
    if (s->path && s->st.st_size == 0) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "keytab %s is empty", s->name);
    }
    error = read_entries(s, context, keytab);
    if (error == KRB5_KT_END) {
        return SEC_E_OK;
    }
    return error == ENOMEM
               ? SEC_E_INSUFFICIENT_MEMORY
               : library_error_fail(context, error, "keytab %s cannot be read", s->name);
}

/* Again where the file was written meanwhile: it may have been read by halves. */
static sec_status
read_whole(struct keytab_snapshot *s, krb5_context context, krb5_keytab keytab)
{
    sec_status status = SEC_E_OK;

    for (int i = 0; i < TRIES; i++) {
        status = read_once(s, context, keytab);
        s->readable = status == SEC_E_OK;
        if (status == SEC_E_INSUFFICIENT_MEMORY || keytab_load_is_current(s)) {
            break;
        }
    }
    return status;
}

static sec_status
take_name(struct keytab_snapshot *s, krb5_context context, krb5_keytab keytab)
{
    char name[NAME_MAX_BYTES];
    krb5_error_code error = krb5_kt_get_name(context, keytab, name, sizeof(name));
    const char *path = error ? NULL : keytab_path_of(name);

    if (error) {
        return library_error_fail(context, error, "keytab");
    }
    mem_free(s->name);
    s->name = mem_dup(name, strlen(name));
    s->path = path ? mem_dup(path, strlen(path)) : NULL;
    s->entries.name = s->name;
    return s->name && (s->path || !path) ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static sec_status
load(struct ticket_authority *a, const char *name, struct keytab_snapshot *s)
{
    SEC_AUTO(authority_krb5) k = { NULL };
    krb5_keytab keytab = NULL;
    krb5_error_code error;
    sec_status status = authority_context(a, &k.context);

    if (status != SEC_E_OK) {
        return status;
    }
    error = name ? krb5_kt_resolve(k.context, name, &keytab) : krb5_kt_default(k.context, &keytab);
    if (error) {
        return library_error_fail(k.context, error, "keytab %s", name ? name : "of krb5.conf");
    }
    status = take_name(s, k.context, keytab);
    if (status == SEC_E_OK) {
        status = read_whole(s, k.context, keytab);
    }
    (void)krb5_kt_close(k.context, keytab);
    return status;
}

sec_status
keytab_load(struct ticket_authority *a, const char *name, struct keytab_snapshot **out)
{
    struct keytab_snapshot *s = mem_new(sizeof(*s));
    sec_status status;

    if (!s) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    atomic_init(&s->references, 1);
    s->name = name ? mem_dup(name, strlen(name)) : mem_dup("default", 7);
    s->entries.name = s->name;
    status = s->name ? load(a, name, s) : SEC_E_INSUFFICIENT_MEMORY;
    if (status == SEC_E_INSUFFICIENT_MEMORY) {
        keytab_load_unref(s);
        return status;
    }
    if (status != SEC_E_OK) {
        clear_entries(s);
        (void)snprintf(s->reason, sizeof(s->reason), "%s", sec_reason());
    } else {
        warn_of_readers(a, s);
    }
    *out = s;
    return SEC_E_OK;
}
