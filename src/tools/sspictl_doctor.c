/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl doctor: what an operator gets wrong, and what to do about it. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account.h"
#include "base/mem.h"
#include "ticket/ticket.h"
#include "tools/doctor_gather.h"
#include "tools/sspictl.h"

#define SQLITE    "sqlite:"
#define AUTHORITY "authority:"

enum { SCHEME_CHARS = sizeof(AUTHORITY) - 1 };

/* --- what is not the keytab's -------------------------------------------------------------- */

/* Asks about nobody: any verdict will do. */
static void
examine_authority(struct doctor_report *r, const struct settings_text *t)
{
    const struct account_options options = { .store = t->store };
    const struct account_claim nobody = { .kind = ACCOUNT_PASSWORD };
    struct account_authority *a = NULL;
    struct account_proof proof;
    sec_status status = account_authority_open(&options, &a);

    if (status == SEC_E_OK) {
        status = account_prove(a, &nobody, &proof);
        account_proof_clear(&proof);
    }
    if (status == SEC_E_LOGON_DENIED) {
        doctor_find(r, DOCTOR_OK, "account store", "samd at %s answers", t->store + SCHEME_CHARS);
    } else {
        doctor_find(r, DOCTOR_FAULT, "account store", "samd cannot be asked: %s", sec_reason());
        doctor_remedy(r,
                      "see that samd runs (systemctl status samd), and that the service's user is"
                      " in the group that may ask it ([samd] group)");
    }
    account_authority_close(a);
}

static void
examine_accounts(struct doctor_report *r, const struct doctor_user *u,
                 const struct settings_text *t)
{
    const char *path =
        strncmp(t->store, SQLITE, strlen(SQLITE)) == 0 ? t->store + strlen(SQLITE) : t->store;
    struct doctor_file store, key;

    if (strncmp(t->store, AUTHORITY, SCHEME_CHARS) == 0) {
        examine_authority(r, t);
        return;
    }
    doctor_gather_file(&store, "account store", path);
    doctor_gather_file(&key, "key file", t->key_file);
    if (store.file.error == ENOENT) {
        doctor_find(r, t->ntlm == SEC_NTLM_DENY ? DOCTOR_OK : DOCTOR_WARNING, "account store",
                    "there is no account store %s: nobody can log on with NTLM", path);
        doctor_remedy(r, "sspictl account add NAME, as the service's user");
        return;
    }
    if (doctor_judge_access(r, &store, u, true) && doctor_judge_access(r, &key, u, false)) {
        doctor_find(r, DOCTOR_OK, "account store", "account store %s and its key file are readable",
                    path);
    }
    if (!key.file.error) {
        doctor_judge_secrecy(r, &key, u);
    }
}

static void
examine_replay(struct doctor_report *r, const struct doctor_user *u, const struct settings_text *t)
{
    struct doctor_file file;

    if (t->kerberos.replay == TICKET_REPLAY_OFF) {
        doctor_find(r, DOCTOR_WARNING, "replay cache",
                    "the replay cache is off: who copies a request can send it again");
        doctor_remedy(r,
                      "replay_cache = process, or a path that services with the same keys share");
    } else if (t->kerberos.replay == TICKET_REPLAY_SHARED) {
        doctor_gather_file(&file, "replay cache", t->replay_file);
        if (doctor_judge_place(r, &file, u)) {
            doctor_find(r, DOCTOR_OK, "replay cache", "replay cache %s is usable", t->replay_file);
        }
    }
}

/* --- the configuration --------------------------------------------------------------------- */

/* The default file may be absent; one that was named may not. */
static bool
read_configuration(struct doctor_report *r, const char *file, struct settings_text *text,
                   struct doctor_listeners *listeners)
{
    const char *name = file ? file : config_default_file();
    struct config_error error = { 0 };

    if (!file && access(name, F_OK) && errno == ENOENT) {
        doctor_find(r, DOCTOR_WARNING, "configuration", "there is no %s: defaults hold", name);
        doctor_remedy(r, "make it, or name one with --config or OPENSSPI_CONFIG");
        return true;
    }
    if (!settings_read(text, name, &error) || !doctor_listeners_read(listeners, name, &error)) {
        doctor_find(r, DOCTOR_FAULT, "configuration", "%s", error.text);
        doctor_remedy(r, "mend that line (opensspi.conf(5)); sspid -n checks the whole file");
        return false;
    }
    doctor_find(r, DOCTOR_OK, "configuration", "%s can be read", name);
    doctor_daemons_examine(r, name);
    return true;
}

static bool
examine_listeners(struct doctor_report *r, const struct doctor_listeners *all, const char *only,
                  const struct settings_text *t)
{
    bool found = only == NULL;

    if (all->n == 0) {
        doctor_policy_examine(r, t);
    }
    for (size_t i = 0; i < all->n; i++) {
        if (!only || strcmp(only, all->list[i].name) == 0) {
            doctor_listener_examine(r, &all->list[i], t);
            found = true;
        }
    }
    return found;
}

/* --- output -------------------------------------------------------------------------------- */

static const char *const levels[] = { "ok", "warning", "fault" };

static void
print_lines(const struct doctor_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct doctor_finding *f = &r->list[i];

        (void)printf("%s: %s%s%s\n", levels[f->level], f->text, f->remedy[0] ? ": " : "",
                     f->remedy);
    }
}

static bool
print_json(const struct doctor_report *r)
{
    json_t *list = json_array();
    bool good = list;

    for (size_t i = 0; good && i < r->n; i++) {
        const struct doctor_finding *f = &r->list[i];
        json_t *one = json_pack("{s:s, s:s, s:s}", "level", levels[f->level], "check", f->check,
                                "finding", f->text);

        good = one &&
               (!f->remedy[0] || json_object_set_new(one, "remedy", json_string(f->remedy)) == 0);
        good = json_array_append_new(list, one) == 0 && good;
    }
    good = good && json_dumpf(list, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;
    json_decref(list);
    return good;
}

/* --- the command --------------------------------------------------------------------------- */

static int
examine(struct doctor_report *r, const struct doctor_request *q, const struct doctor_user *u)
{
    struct doctor_listeners *listeners = mem_new(sizeof(*listeners));
    struct settings_text text;
    sec_status status = listeners ? settings_init(&text) : SEC_E_INSUFFICIENT_MEMORY;
    int result = SSPICTL_DONE;

    if (status != SEC_E_OK) {
        mem_free(listeners);
        return sspictl_failed("the configuration", status);
    }
    if (read_configuration(r, q->config_file, &text, listeners)) {
        doctor_service_examine(r, q, u, &text);
        examine_replay(r, u, &text);
        examine_accounts(r, u, &text);
        if (!examine_listeners(r, listeners, q->listener, &text)) {
            result = sspictl_usage("there is no [listener %s]", q->listener);
        }
    }
    settings_clear(&text);
    mem_free(listeners);
    return result;
}

static bool
take_options(struct doctor_request *q, bool *json, int argc, char **argv)
{
    static const struct option options[] = {
        { "spn", required_argument, NULL, 's' },
        { "keytab", required_argument, NULL, 'k' },
        { "listener", required_argument, NULL, 'l' },
        { "user", required_argument, NULL, 'u' },
        { "config", required_argument, NULL, 'c' },
        { "json", no_argument, NULL, 'j' },
        { 0 },
    };
    int option;

    optind = 0; /* glibc: begin anew */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's': q->spn = optarg; break;
        case 'k': q->keytab = optarg; break;
        case 'l': q->listener = optarg; break;
        case 'u': q->user = optarg; break;
        case 'c': q->config_file = optarg; break;
        case 'j': *json = true; break;
        default: return false; /* getopt has said why */
        }
    }
    return true;
}

/* Of a length that a name in DNS may have, with a class, a port and a realm around it. */
static bool
is_spn(const char *text)
{
    const char *slash = strchr(text, '/');

    return slash && slash != text && slash[1] && !strchr("@/:", slash[1]) &&
           strlen(text) < DOCTOR_NAME_BYTES;
}

int
sspictl_doctor(const char *config_file, int argc, char **argv)
{
    struct doctor_request request = { .config_file = config_file };
    struct doctor_report *report;
    struct doctor_user user;
    bool json = false;
    int result;

    if (!take_options(&request, &json, argc, argv)) {
        return SSPICTL_USAGE;
    }
    if (optind < argc) {
        return sspictl_usage("doctor takes no %s", argv[optind]);
    }
    if (request.spn && !is_spn(request.spn)) {
        return sspictl_usage("an SPN is of the form HTTP/web.example.test, not %s", request.spn);
    }
    if (!doctor_gather_user(&user, request.user)) {
        return sspictl_usage("there is no user %s", request.user);
    }
    report = mem_new(sizeof(*report));
    if (!report) {
        return sspictl_failed("doctor", SEC_E_INSUFFICIENT_MEMORY);
    }
    result = examine(report, &request, &user);
    if (result == SSPICTL_DONE) {
        if (json) {
            result = print_json(report) ? SSPICTL_DONE : SSPICTL_FAILED;
        } else {
            print_lines(report);
        }
        result = doctor_has_fault(report) ? SSPICTL_FAILED : result;
    }
    mem_free(report);
    return fflush(stdout) == 0 ? result : SSPICTL_FAILED;
}
