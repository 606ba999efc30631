/* SPDX-License-Identifier: Apache-2.0 */
/* sspid's listeners: what they take, and whether their addresses are to be had. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/doctor_gather.h"

/* --- the configuration --------------------------------------------------------------------- */

static void
keep(char *to, size_t n, const char *value)
{
    (void)snprintf(to, n, "%s", value);
}

static void
take_key(struct doctor_listener *l, const char *key, const char *value)
{
    const struct {
        const char *key;
        char *to;
        size_t n;
    } texts[] = {
        { "address", l->address, sizeof(l->address) },
        { "package", l->package, sizeof(l->package) },
        { "packages", l->packages, sizeof(l->packages) },
        { "ntlm", l->ntlm, sizeof(l->ntlm) },
        { "spn", l->spn, sizeof(l->spn) },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(texts); i++) {
        if (strcmp(key, texts[i].key) == 0) {
            keep(texts[i].to, texts[i].n, value);
        }
    }
    if (strcmp(key, "lm_compatibility_level") == 0) {
        l->lm_level = (int)strtol(value, NULL, 10);
    }
}

static bool
take(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    struct doctor_listeners *all = user;

    if (strcmp(e->section, "listener") != 0) {
        return true;
    }
    if (e->key) {
        if (all->n) {
            take_key(&all->list[all->n - 1], e->key, e->value);
        }
        return true;
    }
    if (all->n == DOCTOR_LISTENERS_MAX) {
        (void)snprintf(why, why_n, "at most %d listeners", DOCTOR_LISTENERS_MAX);
        return false;
    }
    all->list[all->n] = (struct doctor_listener){ .lm_level = -1 };
    keep(all->list[all->n].name, sizeof(all->list->name), e->instance);
    all->n++;
    return true;
}

bool
doctor_listeners_read(struct doctor_listeners *all, const char *file, struct config_error *error)
{
    *all = (struct doctor_listeners){ 0 };
    return config_read(file, take, all, error);
}

/* --- the address --------------------------------------------------------------------------- */

/* Whether a process of that name runs. */
static bool
runs(const char *program)
{
    DIR *processes = opendir("/proc");
    bool found = false;

    for (const struct dirent *d; processes && !found && (d = readdir(processes));) {
        char path[300], name[32] = "";
        FILE *f;

        if (!isdigit((unsigned char)d->d_name[0])) {
            continue;
        }
        (void)snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
        f = fopen(path, "re");
        if (f) {
            found = fgets(name, sizeof(name), f) && strncmp(name, program, strlen(program)) == 0 &&
                    name[strlen(program)] == '\n';
            (void)fclose(f);
        }
    }
    if (processes) {
        (void)closedir(processes);
    }
    return found;
}

/* 0, or errno of a bind there. */
static int
try_bind(const char *address)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                    .ai_socktype = SOCK_STREAM };
    char host[DOCTOR_NAME_BYTES];
    const char *colon = strrchr(address, ':');
    struct addrinfo *found = NULL;
    int error = EINVAL, fd, on = 1;

    if (!colon) {
        return EINVAL;
    }
    (void)snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
    if (host[0] == '[' && host[strlen(host) - 1] == ']') {
        (void)snprintf(host, sizeof(host), "%.*s", (int)(colon - address) - 2, address + 1);
    }
    if (getaddrinfo(host, colon + 1, &hints, &found)) {
        return EINVAL;
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        error = bind(fd, found->ai_addr, found->ai_addrlen) ? errno : 0;
        (void)close(fd);
    }
    freeaddrinfo(found);
    return error;
}

static void
examine_address(struct doctor_report *r, const struct doctor_listener *l)
{
    int error = try_bind(l->address);

    if (error == EADDRINUSE && runs("sspid")) {
        doctor_find(r, DOCTOR_OK, "listener", "[listener %s] %s is in use, and sspid runs", l->name,
                    l->address);
    } else if (error == EADDRINUSE) {
        doctor_find(r, DOCTOR_FAULT, "listener",
                    "[listener %s] address %s is taken, and not by sspid", l->name, l->address);
        doctor_remedy(r, "ss -ltnp shows by whom; end that program or choose another port");
    } else if (error == EADDRNOTAVAIL || error == EINVAL) {
        doctor_find(r, DOCTOR_FAULT, "listener",
                    "[listener %s] address %s is none of this machine's", l->name, l->address);
        doctor_remedy(r, "ip address shows them; 0.0.0.0 or [::] is all of them");
    } else if (error == 0 || error == EACCES) {
        doctor_find(r, DOCTOR_OK, "listener", "[listener %s] %s is free", l->name, l->address);
    }
}

static const char *
ntlm_word(const struct settings_text *t)
{
    static const char *const words[] = { "allow", "audit", "deny" };

    return words[t->ntlm];
}

void
doctor_listener_examine(struct doctor_report *r, const struct doctor_listener *l,
                        const struct settings_text *t)
{
    char where[DOCTOR_NAME_BYTES + 16];
    const struct doctor_policy policy = {
        .where = where,
        .package = l->package[0] ? l->package : "Negotiate",
        .packages = l->packages[0] ? l->packages : t->packages,
        .ntlm = l->ntlm[0] ? l->ntlm : ntlm_word(t),
        .lm_level = l->lm_level >= 0 ? l->lm_level : (int)t->lm_level_server,
    };

    (void)snprintf(where, sizeof(where), "[listener %s]", l->name);
    if (l->address[0]) {
        examine_address(r, l);
    }
    doctor_judge_policy(r, &policy);
}

void
doctor_policy_examine(struct doctor_report *r, const struct settings_text *t)
{
    const struct doctor_policy policy = { .where = "[policy]",
                                          .package = "Negotiate",
                                          .packages = t->packages,
                                          .ntlm = ntlm_word(t),
                                          .lm_level = -1 };

    doctor_judge_policy(r, &policy);
}
