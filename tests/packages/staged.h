/* SPDX-License-Identifier: Apache-2.0 */
/* Packages' files where nobody else may write, a file of secrets, and a configuration. */
#ifndef TESTS_PACKAGES_STAGED_H
#define TESTS_PACKAGES_STAGED_H

/* A folder of the process's own, with shared_secret.so, hostile.so and no_package.so in it, and the
 * file that SHARED_SECRETS names: Alice's secret is "a long random secret". Loads a configuration;
 * extra (may be NULL) is of it. For cmocka: 0 is done. */
int staged_make(const char *extra);
/* The whole path of a file there; valid until the next four calls. */
char *staged_path(const char *name);
/* Copies a file there to another name there. */
void staged_copy(const char *from, const char *to);
int staged_remove(void **state);

#define STAGED_SECRET "a long random secret"

#endif
