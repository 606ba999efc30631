/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a request's header. */
#include "service/http_fields.h"

#include <strings.h>

const char *
http_fields_find(const struct http_fields *fields, const char *name, unsigned *n)
{
    const char *value = NULL;

    *n = 0;
    for (size_t i = 0; i < fields->n; i++) {
        if (strcasecmp(fields->fields[i].name, name) == 0) {
            value = fields->fields[i].value;
            ++*n;
        }
    }
    return value;
}
