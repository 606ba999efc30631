/* SPDX-License-Identifier: Apache-2.0 */
/* A security package of others: its table (include/opensspi/sspipackage.h), taken from it once and
 * checked, and in front of it what the seam sees of any package, which checks its every answer. */
#ifndef SSPI_LOADED_PACKAGE_H
#define SSPI_LOADED_PACKAGE_H

#include <stdatomic.h>

#include <opensspi/sspipackage.h>

#include "package.h"

struct loaded_package {
    struct sec_package package; /* what the seam sees; the first member */
    struct sec_package_ops ops;
    OPENSSPI_PACKAGE table;
    char name[OPENSSPI_PACKAGE_NAME_MAX + 1], comment[OPENSSPI_PACKAGE_COMMENT_MAX + 1];
    atomic_uint references; /* who looked it up, and credentials */
    void *library;
    char *path; /* where it is from */
    struct loaded_package *next;
};

/* What the package in front of which p stands is offered. */
extern const OPENSSPI_PACKAGE_HOST loaded_package_host;

/* Takes what a package offers. SEC_E_CANNOT_INSTALL: it is none that can be used, and the reason says
 * why. */
SEC_NODISCARD sec_status loaded_package_take(const OPENSSPI_PACKAGE *offered,
                                             struct loaded_package *p);

/* The functions of p->ops, as far as its table has them. */
void loaded_package_set_ops(struct loaded_package *p);

#endif
