/* SPDX-License-Identifier: Apache-2.0 */
/* Between libkrb5's structures and ours. */
#include "ticket/convert.h"

#include "base/clock.h"
#include "base/mem.h"

/* --- names --------------------------------------------------------------------------------- */

static krb5_data
data_of(struct bytes b)
{
    return (krb5_data){ .data = (char *)(uintptr_t)b.p, .length = (unsigned)b.n };
}

static struct bytes
bytes_of_data(const krb5_data *d)
{
    return bytes_of(d->data, d->length);
}

krb5_error_code
convert_principal_make(krb5_context context, const struct krb_name *name, struct bytes realm,
                       krb5_principal *out)
{
    krb5_data parts[KRB_NAME_PARTS_MAX];
    const krb5_principal_data view = {
        .realm = data_of(realm),
        .data = parts,
        .length = (krb5_int32)name->n,
        .type = name->type,
    };

    for (size_t i = 0; i < name->n; i++) {
        parts[i] = data_of(name->parts[i]);
    }
    return krb5_copy_principal(context, &view, out);
}

bool
convert_principal(krb5_const_principal from, struct krb_name *name, struct bytes *realm)
{
    if (from->length < 0 || from->length > KRB_NAME_PARTS_MAX) {
        return false;
    }
    *name = (struct krb_name){ .type = from->type, .n = (size_t)from->length };
    for (size_t i = 0; i < name->n; i++) {
        name->parts[i] = bytes_of_data(&from->data[i]);
    }
    *realm = bytes_of_data(&from->realm);
    return true;
}

/* --- tickets ------------------------------------------------------------------------------- */

/* 32 bits without a sign, as libkrb5 has it since 1.16: until 2106. */
static uint64_t
time_100ns(krb5_timestamp t)
{
    return t ? clock_from_unix((uint32_t)t) : 0;
}

/* Copies behind one another into the ticket's block; its size was measured before. */
struct place {
    uint8_t *at;
};

static struct bytes
put(struct place *p, struct bytes from)
{
    uint8_t *to = p->at;

    bytes_copy(to, from.p, from.n);
    p->at += from.n;
    return bytes_of(to, from.n);
}

static void
put_name(struct place *p, struct krb_name *name, struct bytes *realm)
{
    for (size_t i = 0; i < name->n; i++) {
        name->parts[i] = put(p, name->parts[i]);
    }
    *realm = put(p, *realm);
}

static size_t
name_bytes(const struct krb_name *name, struct bytes realm)
{
    size_t n = realm.n;

    for (size_t i = 0; i < name->n; i++) {
        n += name->parts[i].n;
    }
    return n;
}

static uint64_t
offset_to_kdc(krb5_context context)
{
    krb5_timestamp seconds = 0;
    krb5_int32 microseconds = 0;

    if (krb5_get_time_offsets(context, &seconds, &microseconds)) {
        return 0;
    }
    return (uint64_t)((int64_t)seconds * (int64_t)CLOCK_SECOND_100NS + (int64_t)microseconds * 10);
}

static sec_status
copy_parts(const krb5_creds *from, struct ticket *t)
{
    struct krb_ticket clear;
    struct place p;

    t->der = bytes_of_data(&from->ticket);
    if (!convert_principal(from->client, &t->cname, &t->crealm) ||
        !convert_principal(from->server, &t->sname, &t->realm) ||
        krb_ticket_decode(&clear, t->der) != WIRE_OK) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "ticket: the KDC's ticket is malformed");
    }
    /* Who refers us elsewhere changes the name: what is in the ticket counts. */
    t->sname = clear.sname;
    t->realm = clear.realm;
    t->enctype = clear.enc.enctype;
    if (!secret_resize(&t->block, t->der.n + name_bytes(&t->cname, t->crealm) +
                                      name_bytes(&t->sname, t->realm))) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    p = (struct place){ t->block.p };
    t->der = put(&p, t->der);
    put_name(&p, &t->cname, &t->crealm);
    put_name(&p, &t->sname, &t->realm);
    return SEC_E_OK;
}

sec_status
convert_ticket(krb5_context context, const krb5_creds *from, struct ticket *out)
{
    sec_status status;

    if (!krb_key_set(&out->key, from->keyblock.enctype,
                     bytes_of(from->keyblock.contents, from->keyblock.length))) {
        return sec_fail(SEC_E_KDC_UNKNOWN_ETYPE, "ticket: a session key of encryption type %d",
                        from->keyblock.enctype);
    }
    out->flags = (uint32_t)from->ticket_flags;
    out->end_100ns = time_100ns(from->times.endtime);
    out->renew_till_100ns = time_100ns(from->times.renew_till);
    out->start_100ns =
        time_100ns(from->times.starttime ? from->times.starttime : from->times.authtime);
    out->kdc_offset_100ns = offset_to_kdc(context);
    status = copy_parts(from, out);
    if (status != SEC_E_OK) {
        ticket_clear(out);
    }
    return status;
}

krb5_keyblock
convert_key(const struct krb_key *key)
{
    return (krb5_keyblock){ .enctype = key->enctype,
                            .length = key->n,
                            .contents = (krb5_octet *)(uintptr_t)key->b };
}
