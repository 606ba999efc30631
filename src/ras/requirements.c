/* SPDX-License-Identifier: Apache-2.0 */
/* What rasd's settings name, and whether it is there. */
#include "ras/requirements.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config_place.h"
#include "base/trusted_file.h"

enum { WHY_BYTES = 600, PASSWD_BYTES = 16384, KEY_BYTES = 80 };

#define MODULE_USER "opensspi-ras"

bool
requirements_find_user(const struct ras_settings *s, const char *file, struct module_child_args *to,
                       struct config_error *error)
{
    const char *name = s->module_user ? s->module_user : MODULE_USER, *why = NULL;
    struct passwd room, *user = NULL;
    char text[PASSWD_BYTES];

    to->uid = geteuid();
    to->gid = getegid();
    to->drops = to->uid == 0;
    if (!to->drops && !s->module_user) {
        return true;
    }
    if (getpwnam_r(name, &room, text, sizeof(text), &user) != 0 || !user) {
        why = "there is no user";
    } else if (user->pw_uid == 0) {
        why = "expected a user without root's rights, not";
    } else if (!to->drops && user->pw_uid != to->uid) {
        why = "only root may become";
    }
    if (why) {
        config_place_fail(error, file, "ras", "module_user", "%s %s", why, name);
        return false;
    }
    to->uid = user->pw_uid;
    to->gid = user->pw_gid;
    return true;
}

bool
requirements_check_module(const struct ras_settings *s, const char *file,
                          struct config_error *error)
{
    char why[WHY_BYTES];

    if (!trusted_file_check(s->security_module, why, sizeof(why))) {
        config_place_fail(error, file, "ras", "security_module", "%s", why);
        return false;
    }
    if (access(s->module_host, X_OK) != 0) {
        config_place_fail(error, file, "ras", "module_host",
                          "expected the path of ras-module-host: %s: %s", s->module_host,
                          strerror(errno));
        return false;
    }
    return true;
}

bool
requirements_check_pppd(const struct ras_settings *s, const char *file, struct config_error *error)
{
    struct stat at;

    errno = 0;
    if (access(s->pppd, X_OK) == 0 && stat(s->pppd, &at) == 0 && S_ISREG(at.st_mode)) {
        return true;
    }
    config_place_fail(error, file, "ras", "pppd",
                      "expected the path of pppd, which can be run: %s: %s", s->pppd,
                      errno ? strerror(errno) : "Not a regular file");
    return false;
}

void
requirements_warn(const struct ras_settings *s, const struct surroundings_report *r)
{
    for (size_t i = 0; i < s->n_ports; i++) {
        const struct port_settings *p = &s->ports[i];

        if (p->type == PORT_SERIAL && access(p->device, R_OK | W_OK) != 0) {
            surroundings_say(r, "[port %s] device: %s: %s", p->name, p->device, strerror(errno));
        }
        if (p->type == PORT_PTY) {
            char key[KEY_BYTES];

            (void)snprintf(key, sizeof(key), "[port %s] device", p->name);
            surroundings_check_socket(r, key, p->device);
        }
    }
    if (access(s->plugin, R_OK) != 0) {
        surroundings_say(r, "[ras] plugin: %s: %s: callers are refused", s->plugin,
                         strerror(errno));
    }
    surroundings_check_socket(r, "[ras] control_socket", s->control_socket);
    surroundings_check_socket(r, "[ras] run_directory", s->run_directory);
}
