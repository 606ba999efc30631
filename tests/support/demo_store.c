/* SPDX-License-Identifier: Apache-2.0 */
/* A store for tests and benchmarks. */
#include "tests/support/demo_store.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account/admin.h"
#include "base/utf16.h"

static char folder[64];
static char path[128];
static char store[128], key_file[128], domain_name[32];

static void
require(int good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "demo_store: %s: %s\n", what, sec_reason());
        abort();
    }
}

void
demo_store_remove(void)
{
    DIR *d = folder[0] ? opendir(folder) : NULL;
    struct dirent *e;
    char name[512];

    while (d && (e = readdir(d)) != NULL) {
        (void)snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
        (void)unlink(name);
    }
    if (d) {
        (void)closedir(d);
        (void)rmdir(folder);
    }
    folder[0] = 0;
}

static void
add_account(const struct account_new *account)
{
    uint8_t room[64];
    struct wire_writer name = wire_writer_fixed(room, sizeof(room));
    struct account_admin_options options = { .creates = true };
    struct account_admin *admin = NULL;

    utf16_put_utf8(&name, bytes_of_string(domain_name));
    options.accounts = (struct account_options){ .store = store,
                                                 .key_file = key_file,
                                                 .domain = wire_written(&name) };
    require(account_admin_open(&options, &admin) == SEC_E_OK, "the store");
    require(account_admin_add(admin, account) == SEC_E_OK, "the account");
    account_admin_close(admin);
}

void
demo_store_add(const char *user, const char *password, const char *unix_user)
{
    add_account(&(struct account_new){ .name = user,
                                       .password = bytes_of_string(password),
                                       .unix_user = unix_user,
                                       .expires_100ns = UINT64_MAX,
                                       .password_expires_100ns = UINT64_MAX });
}

const char *
demo_store_make(const char *domain, const char *user, const char *password, const char *extra)
{
    static const char *const groups[] = { "staff", "night shift" };
    FILE *f;

    demo_store_remove();
    (void)snprintf(folder, sizeof(folder), "/tmp/opensspi-store-XXXXXX");
    require(mkdtemp(folder) != NULL, "a folder");
    (void)atexit(demo_store_remove);
    (void)snprintf(store, sizeof(store), "sqlite:%s/accounts.db", folder);
    (void)snprintf(key_file, sizeof(key_file), "%s/accounts.key", folder);
    (void)snprintf(domain_name, sizeof(domain_name), "%s", domain);
    add_account(&(struct account_new){ .name = user,
                                       .password = bytes_of_string(password),
                                       .groups = groups,
                                       .n_groups = 2,
                                       .expires_100ns = UINT64_MAX,
                                       .password_expires_100ns = UINT64_MAX });
    (void)snprintf(path, sizeof(path), "%s/opensspi.conf", folder);
    f = fopen(path, "w");
    require(f != NULL, path);
    (void)fprintf(
        f,
        "[names]\ndirectory = off\n[server]\ncomputer = SERVER\ndomain = %s\ndns_domain = "
        "example.test\n[accounts]\nstore = %s\n"
        "key_file = %s\n%s\n",
        domain, store, key_file, extra ? extra : "");
    require(fclose(f) == 0, path);
    return path;
}
