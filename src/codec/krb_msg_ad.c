/* SPDX-License-Identifier: Apache-2.0 */
/* Authorization data: RFC 4120 5.2.6. */
#include "base/der.h"
#include "codec/krb_fields.h"

#include "codec/krb_msg.h"

bool
krb_ad_next(struct wire_reader *r, struct krb_ad_element *out)
{
    struct krb_fields f;

    if (r->cur == r->base && wire_left(r)) { /* not in the SEQUENCE yet */
        struct wire_reader elements = der_enter(r, DER_SEQUENCE);

        if (wire_left(r)) {
            wire_fail(r, WIRE_TRAILING);
            return false;
        }
        *r = elements;
    }
    if (wire_left(r) == 0) {
        return false;
    }
    f = krb_fields_enter(r, 0, NULL, NULL);
    out->type = krb_fields_int32(&f, 0, NULL);
    out->data = krb_fields_octets(&f, 1, NULL);
    krb_fields_leave(&f, r, NULL);
    return wire_status(r) == WIRE_OK;
}

/* AD-IF-RELEVANT holds AuthorizationData again; levels: how many more may be entered. */
static struct bytes
find(struct bytes authorization_data, int32_t type, unsigned levels, enum wire_err *err)
{
    struct wire_reader r = wire_reader_of(authorization_data);
    struct bytes found = { 0 };
    struct krb_ad_element element;

    while (*err == WIRE_OK && krb_ad_next(&r, &element)) {
        struct bytes inner = element.data;

        if (element.type == KRB_AD_IF_RELEVANT && type != KRB_AD_IF_RELEVANT) {
            if (levels == 0 || element.data.n == 0) {
                *err = levels == 0 ? WIRE_LIMIT : WIRE_SHORT;
                break;
            }
            inner = find(element.data, type, levels - 1, err);
        } else if (element.type != type) {
            continue;
        }
        found = found.p ? found : inner;
    }
    if (*err == WIRE_OK) {
        *err = wire_status(&r);
    }
    return *err == WIRE_OK ? found : (struct bytes){ 0 };
}

struct bytes
krb_ad_find(struct bytes authorization_data, int32_t type, enum wire_err *err)
{
    *err = WIRE_OK;
    return find(authorization_data, type, KRB_AUTH_DATA_DEPTH_MAX, err);
}

void
krb_ad_encode(struct wire_writer *w, const struct krb_ad_element *elements, size_t n)
{
    size_t sequence = der_open(w, DER_SEQUENCE);

    for (size_t i = 0; i < n; i++) {
        size_t element = der_open(w, DER_SEQUENCE);

        krb_fields_put_int32(w, 0, elements[i].type);
        krb_fields_put_octets(w, 1, elements[i].data);
        der_close(w, element);
    }
    der_close(w, sequence);
}
