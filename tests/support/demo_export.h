/* SPDX-License-Identifier: Apache-2.0 */
/* The demo store and the demo realm, for contexts that move: with [export], in a folder of its own. */
#ifndef TESTS_SUPPORT_DEMO_EXPORT_H
#define TESTS_SUPPORT_DEMO_EXPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <opensspi/opensspi.h>

#include "tests/support/demo_realm.h"
#include "tests/support/demo_store.h"

static char demo_export_folder[] = "/tmp/opensspi-export-XXXXXX";
static const char *demo_export_file; /* the configuration */

/* Before all tests: the configuration is in force. */
static inline int
demo_export_load(void **state)
{
    char extra[512];

    demo_realm_make();
    if (!mkdtemp(demo_export_folder)) {
        return -1;
    }
    (void)snprintf(extra, sizeof(extra),
                   "[kerberos]\nkeytab = %s\n[export]\nkey_file = %s/key\nspent_file = %s/spent\n",
                   demo_realm_keytab(), demo_export_folder, demo_export_folder);
    demo_export_file = demo_store_make("DOMAIN", "demo", "Passw0rd!", extra);
    return OpenSspiLoadConfiguration(demo_export_file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

static inline int
demo_export_remove(void **state)
{
    static const char *const names[] = { "key", "spent" };
    char path[128];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", demo_export_folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(demo_export_folder);
}

#endif
