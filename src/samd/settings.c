/* SPDX-License-Identifier: Apache-2.0 */
/* [samd] of the configuration file. */
#include "samd/settings.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>

#include "base/config_place.h"
#include "base/mem.h"
#include "daemon/key.h"

#define DEFAULT_SOCKET   "/run/opensspi/auth"
#define DEFAULT_STORE    "sqlite:/var/lib/opensspi-samd/accounts.db"
#define DEFAULT_KEY_FILE "/etc/opensspi/keys/accounts.key"

enum {
    REQUESTS_PER_SECOND = 5000,
    REQUESTS_MOST = 1000000,
    THREADS_MOST = 64,
    GROUP_BYTES = 65536
};

/* samd is what other stores ask: it cannot have its own accounts from one. */
static bool
take_store(void *at, const struct key_value *v)
{
    if (strncmp(v->text, "sqlite:/", 8) != 0) {
        (void)snprintf(v->why, v->why_n, "sqlite: and an absolute path");
        return false;
    }
    return key_set_text(at, v->text, v->why, v->why_n);
}

#define OF(member) offsetof(struct samd_settings, member)

static const struct key keys[] = {
    { "socket", OF(socket), key_take_path, 0, 0 },
    { "store", OF(store), take_store, 0, 0 },
    { "key_file", OF(key_file), key_take_path, 0, 0 },
    { "control_socket", OF(control_socket), key_take_path, 0, 0 },
    { "events_file", OF(events_file), key_take_path, 0, 0 },
    { "group", OF(group), key_take_name, 0, 0 },
    { "administrators", OF(administrators), key_take_name, 0, 0 },
    { "requests_per_second", OF(requests_per_second), NULL, 0, REQUESTS_MOST },
    { "threads", OF(threads), NULL, 1, THREADS_MOST },
};

static bool
take(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    const struct key_table table = { keys, SEC_ARRAY_LEN(keys), user };

    if (!key_check_section(e, why, why_n)) {
        return false;
    }
    if (strcmp(e->section, "events") == 0) {
        struct samd_settings *s = user;

        return events_section_take(&s->events, e, why, why_n);
    }
    return strcmp(e->section, "samd") != 0 || !e->key || key_take_entry(e, &table, 1, why, why_n);
}

static bool
find_group(const char *key, const char *name, gid_t *out, const char *file,
           struct config_error *error)
{
    char room[GROUP_BYTES];
    struct group held, *group = NULL;

    if (name && (getgrnam_r(name, &held, room, sizeof(room), &group) || !group)) {
        config_place_fail(error, file, "samd", key,
                          "there is no group %s: make it (groupadd --system), or name another",
                          name);
        return false;
    }
    *out = group ? group->gr_gid : (gid_t)-1;
    return true;
}

static bool
set_defaults(struct samd_settings *s)
{
    s->socket = mem_dup(DEFAULT_SOCKET, strlen(DEFAULT_SOCKET));
    s->store = mem_dup(DEFAULT_STORE, strlen(DEFAULT_STORE));
    s->key_file = mem_dup(DEFAULT_KEY_FILE, strlen(DEFAULT_KEY_FILE));
    s->requests_per_second = REQUESTS_PER_SECOND;
    return s->socket && s->store && s->key_file && settings_init(&s->text) == SEC_E_OK;
}

static bool
read_all(struct samd_settings *s, const char *file, struct config_error *error)
{
    return config_read(file, take, s, error) && settings_read(&s->text, file, error) &&
           find_group("group", s->group, &s->group_id, file, error) &&
           find_group("administrators", s->administrators, &s->administrators_id, file, error) &&
           settings_compile(&s->library, &s->text) == SEC_E_OK;
}

bool
samd_settings_read(const char *file, struct samd_settings *out, struct config_error *error)
{
    *out = (struct samd_settings){ 0 };
    error->text[0] = 0;
    if (!set_defaults(out)) {
        (void)snprintf(error->text, sizeof(error->text), "not enough memory");
        samd_settings_clear(out);
        return false;
    }
    if (!read_all(out, file, error)) {
        if (!error->text[0]) {
            (void)snprintf(error->text, sizeof(error->text), "%s: %s", file, sec_reason());
        }
        samd_settings_clear(out);
        return false;
    }
    return true;
}

void
samd_settings_clear(struct samd_settings *s)
{
    settings_free(&s->library);
    settings_clear(&s->text);
    mem_free(s->socket);
    mem_free(s->store);
    mem_free(s->key_file);
    mem_free(s->control_socket);
    mem_free(s->events_file);
    events_section_clear(&s->events);
    mem_free(s->group);
    mem_free(s->administrators);
    *s = (struct samd_settings){ 0 };
}

struct account_admin_options
samd_settings_store(const struct samd_settings *s)
{
    struct account_options accounts = settings_account_options(&s->text, &s->library);

    accounts.store = s->store;
    accounts.key_file = s->key_file;
    return (struct account_admin_options){
        .accounts = accounts,
        .dns_domain = s->library.sec.dns_domain,
        .creates = true,
    };
}
