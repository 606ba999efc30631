/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: ras_settings_read */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "ras/settings.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    int fd = memfd_create("configuration", MFD_CLOEXEC);
    struct ras_settings settings;
    struct config_error error;
    char path[64];

    fuzz_must(fd >= 0 && write(fd, data, n) == (ssize_t)n);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (ras_settings_read(path, &settings, &error)) {
        fuzz_must(settings.n_ports > 0 && settings.ports[0].device && settings.ports[0].calls);
        fuzz_must(settings.ports[0].rules.begin_ms && settings.ports[0].rules.receive_size);
        ras_settings_clear(&settings);
    } else {
        fuzz_must(strncmp(error.text, path, strlen(path)) == 0);
    }
    (void)close(fd);
    return 0;
}
