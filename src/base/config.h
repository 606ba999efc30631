/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: one INI file that several programs read, each its own sections. */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

/* Where a value came from, and room for the one error that ends a reading. */
struct config_error {
    char text[512]; /* "FILE:LINE: [section] key: expected …"; "" when there is none */
    bool no_memory; /* it is not the file's fault */
};

/* What a config_take says for want of memory. */
#define CONFIG_NO_MEMORY "not enough memory"

struct config_entry {
    const char *section;  /* "listener" of "[listener NAME]" */
    const char *instance; /* "NAME"; "" where the section has none */
    const char *key;      /* NULL: the section itself begins here */
    const char *value;
    unsigned line;
};

/* Takes one entry. false: the value is not good, and why was filled with what was expected
 * ("a number from 1 to 600"), or with what is wrong, beginning with "unknown " or "not ";
 * unknown sections and keys are the callback's to refuse, too. */
typedef bool (*config_take)(void *user, const struct config_entry *, char *why, size_t why_n);

/* Reads FILE, entry by entry. false: error.text says file, line and what was expected (or that
 * the file cannot be read). Continuation lines, duplicate keys (the later is an error), NUL bytes
 * and over-long lines are errors that name the line. */
SEC_NODISCARD bool config_read(const char *file, config_take, void *user, struct config_error *);

/* All sections that the file may have, whichever program reads them; NULL at the end. */
const char *const *config_sections(void);

#define CONFIG_DEFAULT_FILE "/etc/opensspi/opensspi.conf"

/* OPENSSPI_CONFIG or CONFIG_DEFAULT_FILE; secure_getenv, so not for setuid programs. */
const char *config_default_file(void);

/* Values. Each fills why with what was expected and answers false when value is not that. */
SEC_NODISCARD bool config_number(const char *value, unsigned long min, unsigned long max,
                                 unsigned long *out, char *why, size_t why_n);
SEC_NODISCARD bool config_flag(const char *value, bool *out, char *why, size_t why_n);
/* The index in choices (NULL-terminated), compared without case. */
SEC_NODISCARD bool config_choice(const char *value, const char *const *choices, int *out, char *why,
                                 size_t why_n);
/* "unknown key", with the nearest known one: "did you mean …?" */
bool config_unknown(const char *what, const char *given, const char *const *known, char *why,
                    size_t why_n);

#endif
