/* SPDX-License-Identifier: Apache-2.0 */
/* [execd] and [exec NAME] of the configuration file. */
#include "execd/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/config_place.h"
#include "base/mem.h"
#include "daemon/key.h"
#include "execd/words.h"
#include "token/unix_account.h"

#define AUTHORITY      "authority:"
#define DEFAULT_SOCKET "/run/opensspi-execd/socket"
#define DEFAULT_USER   "opensspi"
#define DEFAULT_PATH   "/usr/local/bin:/usr/bin:/bin"

enum {
    MINIMUM_UID = 1000, /* Debian's first user who is a person */
    MAX_COMMANDS = 256,
    MAX_PER_USER = 32,
    COMMANDS_MOST = 10000,
    GRACE_S = 5,
    UMASK = 022,
};

static const char *const errors_words[] = { "log", "stream", NULL };

/* --- values -------------------------------------------------------------------------------- */

static bool
take_words(void *at, const struct key_value *v)
{
    char ***to = at;
    size_t n;

    mem_free(*to);
    *to = words_split(v->text, &n, v->why, v->why_n);
    if (*to && n == 0) {
        (void)snprintf(v->why, v->why_n, "one word or more");
        return false;
    }
    return *to != NULL;
}

static bool
take_command(void *at, const struct key_value *v)
{
    char ***to = at;

    if (!take_words(at, v)) {
        return false;
    }
    if ((*to)[0][0] != '/') {
        (void)snprintf(v->why, v->why_n, "the program's path, from \"/\" on, and its arguments");
        return false;
    }
    return true;
}

static bool
take_users(void *at, const struct key_value *v)
{
    struct execd_command *c = at;

    c->everybody = strcmp(v->text, "*") == 0;
    return c->everybody || take_words(&c->users, v);
}

static bool
is_variable(const char *text)
{
    const char *equals = strchr(text, '=');

    return equals && equals != text &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
               (size_t)(equals - text);
}

static bool
take_environment(void *at, const struct key_value *v)
{
    char ***to = at;

    if (!take_words(at, v)) {
        return false;
    }
    for (size_t i = 0; (*to)[i]; i++) {
        if (!is_variable((*to)[i])) {
            (void)snprintf(v->why, v->why_n, "NAME=VALUE, and more of them");
            return false;
        }
    }
    return true;
}

static bool
take_directory(void *at, const struct key_value *v)
{
    return strcmp(v->text, "home") == 0 || key_take_path(at, v);
}

static bool
take_umask(void *at, const struct key_value *v)
{
    unsigned *to = at, mask = 0;

    for (const char *c = v->text; *c; c++) {
        if (*c < '0' || *c > '7' || mask > 0777) {
            mask = 01000;
            break;
        }
        mask = mask * 8 + (unsigned)(*c - '0');
    }
    if (!*v->text || mask > 0777) {
        (void)snprintf(v->why, v->why_n, "an octal number from 000 to 777");
        return false;
    }
    *to = mask;
    return true;
}

static bool
take_errors(void *at, const struct key_value *v)
{
    return config_choice(v->text, errors_words, at, v->why, v->why_n);
}

/* --- keys ---------------------------------------------------------------------------------- */

#define OF(member)         offsetof(struct execd_settings, member)
#define OF_COMMAND(member) offsetof(struct execd_command, member)

static const struct key keys[] = {
    { "socket", OF(socket), key_take_path, 0, 0 },
    { "user", OF(user), key_take_name, 0, 0 },
    { "minimum_uid", OF(minimum_uid), NULL, 1, UINT32_MAX - 1 },
    { "max_commands", OF(max_commands), NULL, 1, COMMANDS_MOST },
    { "max_per_user", OF(max_per_user), NULL, 1, COMMANDS_MOST },
};

static const struct key command_keys[] = {
    { "command", OF_COMMAND(argv), take_command, 0, 0 },
    { "users", 0 /* the whole */, take_users, 0, 0 },
    { "groups", OF_COMMAND(groups), take_words, 0, 0 },
    { "trust_sspid", OF_COMMAND(trusts_sspid), key_take_flag, 0, 0 },
    { "directory", OF_COMMAND(directory), take_directory, 0, 0 },
    { "path", OF_COMMAND(path), key_take_text, 0, 0 },
    { "environment", OF_COMMAND(environment), take_environment, 0, 0 },
    { "umask", OF_COMMAND(umask), take_umask, 0, 0 },
    { "errors", OF_COMMAND(errors), take_errors, 0, 0 },
    { "hang_up_grace", OF_COMMAND(grace_s), NULL, 0, 600 },
    { "max_cpu_seconds", OF_COMMAND(cpu_s), NULL, 0, UINT32_MAX },
    { "max_memory", OF_COMMAND(memory_mib), NULL, 0, UINT32_MAX },
    { "max_processes", OF_COMMAND(processes), NULL, 0, UINT32_MAX },
    { "max_files", OF_COMMAND(files), NULL, 0, 1048576 },
};

static bool
add_command(struct execd_settings *s, const struct config_entry *e, char *why, size_t why_n)
{
    struct execd_command *grown;

    if (!key_is_name(e->instance)) {
        (void)snprintf(why, why_n, "[exec NAME], the name of letters, digits, \"_\", \".\", \"-\"");
        return false;
    }
    grown = mem_resize(s->commands, (s->n_commands + 1) * sizeof(*grown));
    if (!grown) {
        return key_no_memory(why, why_n);
    }
    s->commands = grown;
    grown += s->n_commands++;
    *grown = (struct execd_command){ .line = e->line, .umask = UMASK, .grace_s = GRACE_S };
    return key_set_text(&grown->name, e->instance, why, why_n) &&
           key_set_text(&grown->path, DEFAULT_PATH, why, why_n);
}

static bool
take(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    struct execd_settings *s = user;
    struct key_table table = { keys, SEC_ARRAY_LEN(keys), s };

    if (!key_check_section(e, why, why_n)) {
        return false;
    }
    if (strcmp(e->section, "execd") == 0) {
        return !e->key || key_take_entry(e, &table, 1, why, why_n);
    }
    if (strcmp(e->section, "exec") != 0) {
        return true;
    }
    if (!e->key) {
        return add_command(s, e, why, why_n);
    }
    table = (struct key_table){ command_keys, SEC_ARRAY_LEN(command_keys),
                                &s->commands[s->n_commands - 1] };
    return key_take_entry(e, &table, 1, why, why_n);
}

/* --- the whole ----------------------------------------------------------------------------- */

const char *
execd_settings_authority(const struct execd_settings *s)
{
    const size_t n = strlen(AUTHORITY);

    return strncmp(s->text.store, AUTHORITY, n) == 0 ? s->text.store + n : NULL;
}

/* What only the whole section shows. Nobody is let in by forgetting to say whom. */
static bool
check_commands(const struct execd_settings *s, const char *file, struct config_error *error)
{
    for (size_t i = 0; i < s->n_commands; i++) {
        const struct execd_command *c = &s->commands[i];
        const char *text = NULL;

        if (!c->argv) {
            text = "expected a key command = PATH ARGUMENT…";
        } else if (!c->users && !c->everybody && !c->groups) {
            text = "expected a key users or groups: who may run it";
        } else if (!c->trusts_sspid && !execd_settings_authority(s)) {
            text = "expected trust_sspid = yes, or [accounts] store = authority: and samd's "
                   "socket: else nobody vouches for clients";
        }
        if (text) {
            (void)snprintf(error->text, sizeof(error->text), "%s:%u: [exec %s]: %s", file, c->line,
                           c->name, text);
            return false;
        }
    }
    return true;
}

static bool
find_user(struct execd_settings *s, const char *file, struct config_error *error)
{
    struct unix_account *account;

    if (unix_account_find(s->user, &account) != SEC_E_OK) {
        config_place_fail(error, file, "execd", "user",
                          "there is no user %s: make it, or name the one that sspid runs as",
                          s->user);
        return false;
    }
    s->user_id = account->uid;
    s->user_group = account->gid;
    unix_account_free(account);
    return true;
}

static bool
set_defaults(struct execd_settings *s)
{
    s->socket = mem_dup(DEFAULT_SOCKET, strlen(DEFAULT_SOCKET));
    s->user = mem_dup(DEFAULT_USER, strlen(DEFAULT_USER));
    s->minimum_uid = MINIMUM_UID;
    s->max_commands = MAX_COMMANDS;
    s->max_per_user = MAX_PER_USER;
    return s->socket && s->user && settings_init(&s->text) == SEC_E_OK;
}

bool
execd_settings_read(const char *file, struct execd_settings *out, struct config_error *error)
{
    *out = (struct execd_settings){ 0 };
    error->text[0] = 0;
    if (!set_defaults(out)) {
        (void)snprintf(error->text, sizeof(error->text), "not enough memory");
    } else if (config_read(file, take, out, error) && settings_read(&out->text, file, error) &&
               check_commands(out, file, error) && find_user(out, file, error)) {
        return true;
    }
    execd_settings_clear(out);
    return false;
}

void
execd_settings_clear(struct execd_settings *s)
{
    for (size_t i = 0; i < s->n_commands; i++) {
        struct execd_command *c = &s->commands[i];

        mem_free(c->name);
        mem_free(c->argv);
        mem_free(c->users);
        mem_free(c->groups);
        mem_free(c->directory);
        mem_free(c->path);
        mem_free(c->environment);
    }
    mem_free(s->commands);
    mem_free(s->socket);
    mem_free(s->user);
    settings_clear(&s->text);
    *s = (struct execd_settings){ 0 };
}

const struct execd_command *
execd_settings_find(const struct execd_settings *s, struct bytes name)
{
    for (size_t i = 0; i < s->n_commands; i++) {
        if (bytes_equal(bytes_of_string(s->commands[i].name), name)) {
            return &s->commands[i];
        }
    }
    return NULL;
}
