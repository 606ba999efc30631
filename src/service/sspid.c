/* SPDX-License-Identifier: Apache-2.0 */
/* sspid: the authentication service. */
#include <stdio.h>

#include "base/config.h"
#include "base/secret.h"
#include "daemon/options.h"
#include "daemon/process.h"
#include "service/server.h"
#include "service/surroundings.h"

static bool
take_loops(void *user, const char *value, char *why, size_t why_n)
{
    return config_number(value, 1, SERVER_LOOPS_MAX, user, why, why_n);
}

static bool
read_configuration(const char *file, struct settings *settings, struct config_error *error)
{
    if (!settings_read(file, settings, error)) {
        return false;
    }
    if (OpenSspiLoadConfiguration(file, error->text, sizeof(error->text)) != SEC_E_OK ||
        !site_check(settings, error)) {
        settings_clear(settings);
        return false;
    }
    return true;
}

static void
warn(void *user, const char *text)
{
    (void)user;
    (void)fprintf(stderr, "sspid: warning: %s\n", text);
}

int
main(int argc, char **argv)
{
    static const struct options_own own = {
        "loops", "N", "event loops, each a thread; as many as there are cores", take_loops
    };
    unsigned long loops = uv_available_parallelism();
    const struct options_program program = { "sspid", OPENSSPI_VERSION, &own, &loops };
    struct options o;
    struct server server = { 0 };
    struct log_counted counted = LOG_COUNTED;
    struct log log;
    struct settings settings;
    struct config_error error;
    int status = options_read(&o, &program, argc, argv);

    if (status >= 0) {
        return status;
    }
    secret_harden_process();
    server.config_file = o.config_file;
    server.in_effect = server_read_file(&server);
    if (!read_configuration(o.config_file, &settings, &error)) {
        (void)fprintf(stderr, "sspid: %s\n", error.text);
        return PROCESS_USAGE;
    }
    if (o.check_only) {
        surroundings_check(&settings, warn, NULL);
        (void)printf("%s: good\n", o.config_file);
        status = PROCESS_DONE;
    } else {
        log = process_log("sspid", o.verbose, &counted);
        status = server_run(&server, &settings, &log,
                            loops < SERVER_LOOPS_MAX ? loops : SERVER_LOOPS_MAX);
    }
    settings_clear(&settings);
    return status;
}
