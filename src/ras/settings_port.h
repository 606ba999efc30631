/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of [port NAME], but for those that [ras] may have for all ports. */
#ifndef RAS_SETTINGS_PORT_H
#define RAS_SETTINGS_PORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "daemon/key.h"
#include "ras/settings.h"

/* Defaults and the name, from the entry that begins the section. false: why says what was expected;
 * the port is to be cleared either way. */
SEC_NODISCARD bool settings_port_init(struct port_settings *, const struct config_entry *,
                                      char *why, size_t why_n);
void settings_port_clear(struct port_settings *);

struct key_table settings_port_keys(struct port_settings *);

/* What only all keys together show: NULL, or what is wrong. Takes the address out of the device. */
SEC_NODISCARD const char *settings_port_check(struct port_settings *);

#endif
