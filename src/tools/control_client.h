/* SPDX-License-Identifier: Apache-2.0 */
/* Asks a running daemon over its control socket (docs/INTERFACES.md). */
#ifndef TOOLS_CONTROL_CLIENT_H
#define TOOLS_CONTROL_CLIENT_H

#include <stddef.h>

#include <jansson.h>

enum { CONTROL_DURATION_BYTES = 32 };

struct control_service {
    const char *name;    /* "rasd" */
    const char *section; /* whose key control_socket says where it answers */
    const char *default_socket;
};

/* The answer; NULL: stderr was told why, and *result is the exit status. request ends with a line
 * feed. */
json_t *control_client_ask(const struct control_service *service, const char *config_file,
                           const char *request, int *result);
/* The same where nobody needs to be there. NULL: errno says why, EPROTO where there was no good answer. */
json_t *control_client_try(const struct control_service *service, const char *config_file,
                           const char *request);
/* A member of an object in it; "": it has none of that name. */
const char *control_client_text(const json_t *object, const char *name);
/* As JSON, for programs; the exit status. */
int control_client_print(const json_t *answer);
/* "12s", "3m07s", "2h05m", "4d03h" */
void control_client_duration(char *to, size_t n, json_int_t seconds);

#endif
