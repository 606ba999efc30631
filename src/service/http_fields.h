/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a request's header. */
#ifndef SERVICE_HTTP_FIELDS_H
#define SERVICE_HTTP_FIELDS_H

#include <stddef.h>

/* A header field of a request. Neither text has a NUL within, nor is the value in blanks. */
struct http_field {
    const char *name, *value;
};

/* All that came, in their order. */
struct http_fields {
    const struct http_field *fields;
    size_t n;
};

/* The value of the last field of that name, without case, and in *n how many there are; NULL and 0:
 * none. */
const char *http_fields_find(const struct http_fields *fields, const char *name, unsigned *n);

#endif
