/* SPDX-License-Identifier: Apache-2.0 */
/* What rasd asks for. Begin is called in the thread that server_run runs in, one at a time, as a
 * RAS server does; each End in a thread of its own. */
#ifndef RAS_MODULE_HOST_SERVER_H
#define RAS_MODULE_HOST_SERVER_H

#include "base/log.h"
#include "ras/module_host/module.h"

/* Returns when rasd says stop: how many calls are left. */
size_t server_run(const struct module *module, const struct log *log);

#endif
