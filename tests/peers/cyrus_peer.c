/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One side of a SASL exchange through Cyrus SASL's library, told what to do over standard input
 * (talk.h).
 *
 *   cyrus_peer client|server [--mech M] [--service S] [--host H] [--realm R] [--user U]
 *              [--password P] [--authzid A] [--min-ssf N] [--max-ssf N] [--max-buffer N]
 *              [--setting KEY=VALUE]…
 *
 * --user, --password: a client's, where there are no tickets. --authzid: whom a client wants to act
 * as; a server lets everybody act as everybody. --min-ssf, --max-ssf: 0 no layer, 1 integrity, more:
 * confidentiality. --setting: what the library asks its application's configuration for.
 *
 * seal gives frames of four bytes of length and a message, of which a long message takes several;
 * unseal takes them. describe: mech_ssf, max_out, user and, a server, authid.
 */
#include <getopt.h>
#include <sasl/sasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers/talk.h"

enum { MAX_SETTINGS = 8 };

struct peer {
    bool server, started;
    const char *mech, *service, *host, *realm, *user, *password, *authzid;
    sasl_security_properties_t properties;
    char *settings[MAX_SETTINGS];
    size_t n_settings;
    sasl_secret_t *secret;
    sasl_conn_t *connection;
};

/* --- what the library asks for ------------------------------------------------------------- */

static int
get_setting(void *context, const char *plugin, const char *name, const char **value, unsigned *n)
{
    const struct peer *p = context;

    (void)plugin;
    for (size_t i = 0; i < p->n_settings; i++) {
        size_t length = strlen(name);

        if (strncmp(p->settings[i], name, length) == 0 && p->settings[i][length] == '=') {
            *value = p->settings[i] + length + 1;
            if (n) {
                *n = (unsigned)strlen(*value);
            }
            return SASL_OK;
        }
    }
    return SASL_FAIL;
}

static int
get_name(void *context, int id, const char **value, unsigned *n)
{
    const struct peer *p = context;

    *value = id == SASL_CB_USER ? p->authzid : p->user;
    if (!*value) {
        *value = "";
    }
    if (n) {
        *n = (unsigned)strlen(*value);
    }
    return SASL_OK;
}

static int
get_secret(sasl_conn_t *connection, void *context, int id, sasl_secret_t **secret)
{
    struct peer *p = context;
    size_t n = p->password ? strlen(p->password) : 0;

    (void)connection;
    (void)id;
    free(p->secret);
    p->secret = calloc(1, sizeof(*p->secret) + n);
    if (!p->secret) {
        return SASL_NOMEM;
    }
    p->secret->len = n;
    memcpy(p->secret->data, p->password ? p->password : "", n);
    *secret = p->secret;
    return SASL_OK;
}

static int
let_pass(sasl_conn_t *connection, void *context, const char *requested, unsigned requested_n,
         const char *authenticated, unsigned authenticated_n, const char *realm, unsigned realm_n,
         struct propctx *properties)
{
    (void)connection, (void)context, (void)requested, (void)requested_n, (void)authenticated,
        (void)authenticated_n, (void)realm, (void)realm_n, (void)properties;
    return SASL_OK;
}

#define CALLBACK(id, function, context)                        \
    {                                                          \
        id, (int (*)(void))(void (*)(void))(function), context \
    }

/* --- the command line ---------------------------------------------------------------------- */

static void
take_setting(struct peer *p, char *setting)
{
    if (p->n_settings == MAX_SETTINGS) {
        talk_die("--setting", "too many");
    }
    p->settings[p->n_settings++] = setting;
}

static unsigned
number_of(const char *text)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end || value > UINT32_MAX) {
        talk_die("not a number", text);
    }
    return (unsigned)value;
}

static void
take_arguments(struct peer *p, int argc, char **argv)
{
    static const struct option known[] = {
        { "mech", required_argument, NULL, 'm' },    { "service", required_argument, NULL, 's' },
        { "host", required_argument, NULL, 'h' },    { "realm", required_argument, NULL, 'r' },
        { "user", required_argument, NULL, 'u' },    { "password", required_argument, NULL, 'w' },
        { "authzid", required_argument, NULL, 'a' }, { "min-ssf", required_argument, NULL, 'l' },
        { "max-ssf", required_argument, NULL, 'g' }, { "max-buffer", required_argument, NULL, 'b' },
        { "setting", required_argument, NULL, 'o' }, { NULL, 0, NULL, 0 },
    };

    if (argc < 2 || (strcmp(argv[1], "client") != 0 && strcmp(argv[1], "server") != 0)) {
        talk_die("usage", "cyrus_peer client|server [OPTION]…");
    }
    p->server = strcmp(argv[1], "server") == 0;
    p->properties.max_ssf = 256;
    p->properties.maxbufsize = 65536;
    for (int c; (c = getopt_long(argc - 1, argv + 1, "", known, NULL)) != -1;) {
        switch (c) {
        case 'm': p->mech = optarg; break;
        case 's': p->service = optarg; break;
        case 'h': p->host = optarg; break;
        case 'r': p->realm = optarg; break;
        case 'u': p->user = optarg; break;
        case 'w': p->password = optarg; break;
        case 'a': p->authzid = optarg; break;
        case 'l': p->properties.min_ssf = number_of(optarg); break;
        case 'g': p->properties.max_ssf = number_of(optarg); break;
        case 'b': p->properties.maxbufsize = number_of(optarg); break;
        case 'o': take_setting(p, optarg); break;
        default: exit(2);
        }
    }
}

static void
must(int result, const char *what)
{
    if (result != SASL_OK) {
        talk_die(what, sasl_errstring(result, NULL, NULL));
    }
}

/* --- the exchange -------------------------------------------------------------------------- */

static void
answer_failure(struct peer *p, int result)
{
    char status[32];

    (void)snprintf(status, sizeof(status), "SASL_%d", result);
    talk_failed(status, NULL, 0, sasl_errdetail(p->connection));
}

static int
client_step(struct peer *p, const char *in, unsigned n, const char **out, unsigned *out_n)
{
    const char *mech;

    if (p->started) {
        return sasl_client_step(p->connection, in, n, NULL, out, out_n);
    }
    return sasl_client_start(p->connection, p->mech, NULL, out, out_n, &mech);
}

static int
server_step(struct peer *p, const char *in, unsigned n, const char **out, unsigned *out_n)
{
    if (p->started) {
        return sasl_server_step(p->connection, in, n, out, out_n);
    }
    return sasl_server_start(p->connection, p->mech, in, n, out, out_n);
}

static void
step(struct peer *p, struct talk *t)
{
    struct talk_blob token = talk_blob(t, 1);
    const char *out = NULL, *in = token.p ? (const char *)token.p : "";
    unsigned n = 0;
    int result = p->server ? server_step(p, in, (unsigned)token.n, &out, &n)
                           : client_step(p, in, (unsigned)token.n, &out, &n);

    if (result != SASL_OK && result != SASL_CONTINUE) {
        answer_failure(p, result);
        return;
    }
    p->started = true;
    talk_answer(result == SASL_OK ? "done" : "continue", out, n);
}

/* --- messages ------------------------------------------------------------------------------ */

/* What the library encodes at once is bounded by what the other side takes. */
static void
seal(struct peer *p, struct talk *t)
{
    struct talk_blob message = talk_blob(t, 1);
    const unsigned *most = NULL;
    uint8_t *all = NULL;
    size_t n = 0, done = 0;

    must(sasl_getprop(p->connection, SASL_MAXOUTBUF, (const void **)&most), "SASL_MAXOUTBUF");
    do {
        const char *out = NULL;
        unsigned out_n = 0;
        size_t part = *most && message.n - done > *most ? *most : message.n - done;
        int result = sasl_encode(p->connection, (const char *)message.p + done, (unsigned)part,
                                 &out, &out_n);

        if (result != SASL_OK) {
            free(all);
            answer_failure(p, result);
            return;
        }
        all = realloc(all, n + out_n + 1);
        if (!all) {
            talk_die("memory", "there is none");
        }
        memcpy(all + n, out, out_n);
        n += out_n;
        done += part;
    } while (done < message.n);
    talk_answer("ok", all, n);
    free(all);
}

static void
unseal(struct peer *p, struct talk *t)
{
    struct talk_blob sealed = talk_blob(t, 1);
    const char *out = NULL;
    unsigned n = 0;
    int result = sasl_decode(p->connection, (const char *)sealed.p, (unsigned)sealed.n, &out, &n);

    if (result != SASL_OK) {
        answer_failure(p, result);
    } else {
        talk_answer("ok", out, n);
    }
}

static void
describe(struct peer *p, struct talk *t)
{
    static const struct {
        int id;
        const char *name;
    } texts[] = { { SASL_USERNAME, "user" }, { SASL_AUTHUSER, "authid" } },
      numbers[] = { { SASL_SSF, "mech_ssf" }, { SASL_MAXOUTBUF, "max_out" } };
    json_t *facts = json_object();
    const void *value;

    (void)t;
    for (size_t i = 0; i < 2; i++) {
        if (sasl_getprop(p->connection, texts[i].id, &value) == SASL_OK && value) {
            (void)json_object_set_new(facts, texts[i].name, json_string(value));
        }
        if (sasl_getprop(p->connection, numbers[i].id, &value) == SASL_OK && value) {
            (void)json_object_set_new(facts, numbers[i].name,
                                      json_integer(*(const unsigned *)value));
        }
    }
    talk_answer_json(facts);
}

static const struct command {
    const char *name;
    void (*run)(struct peer *, struct talk *);
} commands[] = {
    { "step", step }, { "seal", seal }, { "unseal", unseal }, { "describe", describe }
};

static void
run(struct peer *p, struct talk *t)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (talk_is(t, commands[i].name)) {
            commands[i].run(p, t);
            return;
        }
    }
    talk_die("no such command", t->n_words ? t->words[0] : "");
}

int
main(int argc, char **argv)
{
    struct peer p = { .mech = "GSSAPI", .service = "HTTP", .host = "localhost" };
    const sasl_callback_t callbacks[] = {
        CALLBACK(SASL_CB_GETOPT, get_setting, &p),    CALLBACK(SASL_CB_USER, get_name, &p),
        CALLBACK(SASL_CB_AUTHNAME, get_name, &p),     CALLBACK(SASL_CB_PASS, get_secret, &p),
        CALLBACK(SASL_CB_PROXY_POLICY, let_pass, &p), CALLBACK(SASL_CB_LIST_END, NULL, NULL),
    };
    struct talk t = { 0 };

    take_arguments(&p, argc, argv);
    if (p.server) {
        must(sasl_server_init(callbacks, "cyrus_peer"), "sasl_server_init");
        must(sasl_server_new(p.service, p.host, p.realm, NULL, NULL, callbacks, 0, &p.connection),
             "sasl_server_new");
    } else {
        must(sasl_client_init(callbacks), "sasl_client_init");
        must(sasl_client_new(p.service, p.host, NULL, NULL, callbacks, 0, &p.connection),
             "sasl_client_new");
    }
    must(sasl_setprop(p.connection, SASL_SEC_PROPS, &p.properties), "SASL_SEC_PROPS");
    while (talk_next(&t)) {
        run(&p, &t);
    }
    sasl_dispose(&p.connection);
    sasl_done();
    free(p.secret);
    talk_clear(&t);
    return 0;
}
