/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: config_read, settings_read */
#include <string.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "service/settings.h"

static bool
take_all(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    (void)user;
    (void)why;
    (void)why_n;
    fuzz_must(e->section[0] && strlen(e->section) < 50 && strlen(e->instance) < 50 && e->line);
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    int fd = memfd_create("configuration", MFD_CLOEXEC);
    struct settings settings;
    struct config_error error;
    char path[64];

    fuzz_must(fd >= 0 && write(fd, data, n) == (ssize_t)n);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    fuzz_must(config_read(path, take_all, NULL, &error) == (error.text[0] == 0));
    if (settings_read(path, &settings, &error)) {
        fuzz_must(settings.n_listeners > 0 && settings.listeners[0].address.sin6_family);
        settings_clear(&settings);
    } else {
        fuzz_must(strncmp(error.text, path, strlen(path)) == 0);
    }
    (void)close(fd);
    return 0;
}
