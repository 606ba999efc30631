/* SPDX-License-Identifier: Apache-2.0 */
/* What Kerberos' messages are made of, for their codecs alone: the fields of a SEQUENCE, read and
 * written in the order of their numbers, and the types that they share (RFC 4120 5.2). */
#ifndef CODEC_KRB_FIELDS_H
#define CODEC_KRB_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/der.h"
#include "base/wire.h"
#include "codec/krb_msg.h"

enum { KRB_PVNO = 5 };

/* --- reading ------------------------------------------------------------------------------- */

/* The fields of a message: its SEQUENCE, in an application tag where it has one. RFC 4120 marks no
 * message as extensible (its extensions travel in typed holes), so each is refused with a field
 * that is not its own. The first fault is noted under the name of its field. */
struct krb_fields {
    struct wire_reader application, sequence;
    struct krb_fault *fault;
    bool tagged;
};

/* tag 0: no application tag. */
struct krb_fields krb_fields_enter(struct wire_reader *r, uint8_t tag, struct krb_fault *fault,
                                   const char *name);
void krb_fields_leave(struct krb_fields *f, struct wire_reader *r, const char *name);
/* The same for a whole input: what stands behind the message is WIRE_TRAILING, unless it was
 * encrypted: RFC 3961 3 lets an encryption type leave its padding there. */
SEC_NODISCARD enum wire_err krb_fields_finish(struct krb_fields *f, struct wire_reader *r,
                                              const char *name, bool was_encrypted);

bool krb_fields_has(const struct krb_fields *f, unsigned number);
/* A cursor over a field, and back: for the types of one message alone. */
struct wire_reader krb_fields_begin(struct krb_fields *f, unsigned number);
void krb_fields_end(struct krb_fields *f, const struct wire_reader *field, const char *name);

/* A field that must have this value: pvno, msg-type. */
void krb_fields_constant(struct krb_fields *f, unsigned number, const char *name, int32_t value);
int32_t krb_fields_int32(struct krb_fields *f, unsigned number, const char *name);
uint32_t krb_fields_sequence_number(struct krb_fields *f, unsigned number, const char *name);
uint32_t krb_fields_flags(struct krb_fields *f, unsigned number, const char *name);
uint64_t krb_fields_time(struct krb_fields *f, unsigned number, const char *name);
/* Microseconds, as the 100 ns to add to a time. */
uint64_t krb_fields_micros(struct krb_fields *f, unsigned number, const char *name);
/* A KerberosString that is a part of a name: a NUL in it is WIRE_BAD_VALUE, so that nobody takes a
 * part of it for the whole. */
struct bytes krb_fields_string(struct krb_fields *f, unsigned number, const char *name);
struct bytes krb_fields_octets(struct krb_fields *f, unsigned number, const char *name);
/* An element with tag and length. */
struct bytes krb_fields_whole(struct krb_fields *f, unsigned number, const char *name, uint8_t tag);
/* AuthorizationData as it stands, each of its elements well-formed. */
struct bytes krb_fields_auth_data(struct krb_fields *f, unsigned number, const char *name);
/* empty_too: a name without parts, which is the same as none, passes. */
void krb_fields_name(struct krb_fields *f, unsigned number, const char *name, bool empty_too,
                     struct krb_name *out);
void krb_fields_encrypted(struct krb_fields *f, unsigned number, const char *name,
                          struct krb_encrypted *out);
void krb_fields_key(struct krb_fields *f, unsigned number, const char *name,
                    struct krb_keyblock *out);
/* Checksum and TransitedEncoding: a type [type_number] and its octets in the field after it. */
void krb_fields_typed(struct krb_fields *f, unsigned number, const char *name, unsigned type_number,
                      int32_t *type, struct bytes *octets);

/* --- writing ------------------------------------------------------------------------------- */

void krb_fields_put_int32(struct wire_writer *w, unsigned number, int32_t value);
void krb_fields_put_uint32(struct wire_writer *w, unsigned number, uint32_t value);
void krb_fields_put_flags(struct wire_writer *w, unsigned number, uint32_t flags);
void krb_fields_put_time(struct wire_writer *w, unsigned number, uint64_t time_100ns);
void krb_fields_put_micros(struct wire_writer *w, unsigned number, uint64_t time_100ns);
void krb_fields_put_string(struct wire_writer *w, unsigned number, struct bytes text);
void krb_fields_put_octets(struct wire_writer *w, unsigned number, struct bytes octets);
void krb_fields_put_whole(struct wire_writer *w, unsigned number, struct bytes element);
void krb_fields_put_name(struct wire_writer *w, unsigned number, const struct krb_name *name);
void krb_fields_put_encrypted(struct wire_writer *w, unsigned number,
                              const struct krb_encrypted *enc);
void krb_fields_put_key(struct wire_writer *w, unsigned number, const struct krb_keyblock *key);
void krb_fields_put_typed(struct wire_writer *w, unsigned number, unsigned type_number,
                          int32_t type, struct bytes octets);

#endif
