/* SPDX-License-Identifier: Apache-2.0 */
/* An event for people: one line. */
#ifndef TOOLS_EVENTS_PRINT_H
#define TOOLS_EVENTS_PRINT_H

#include <jansson.h>

/* A field's text; "" where there is none, or "-". */
const char *events_text(const json_t *event, const char *name);
/* On standard output. */
void events_print(const json_t *event);

#endif
