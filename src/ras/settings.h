/* SPDX-License-Identifier: Apache-2.0 */
/* [ras] and [port NAME] of the configuration file. */
#ifndef RAS_SETTINGS_H
#define RAS_SETTINGS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "daemon/events_section.h"
#include "ras/call.h"

enum port_type { PORT_SERIAL, PORT_TCP, PORT_PTY };
enum { PPP_PAP = 1, PPP_CHAP_MD5 = 2, PPP_MSCHAP = 4, PPP_MSCHAP_V2 = 8 };

struct serial_settings {
    unsigned long speed;
    uint8_t data_bits, stop_bits;
    char parity;                   /* 'n', 'e', 'o' */
    bool flow_rts_cts, local;      /* local: no modem, no DCD: a direct cable */
    char *init, *answer, *hang_up; /* what the modem is told: "ATZ", "ATA", "ATH"; answer "": it
                                      answers by itself */
    unsigned long rings;
};

struct ppp_settings {
    char *local_address, *dns1, *dns2;  /* NULL: none */
    uint32_t remote_first, remote_last; /* of the callers, in the host's byte order; 0: none */
    unsigned long mtu, idle_seconds, session_seconds;
    unsigned require; /* PPP_*: what a caller may prove itself by; default PPP_MSCHAP_V2 */
    bool mppe;        /* require encryption */
    char *options;    /* further words for pppd, from the operator; NULL: none */
};

struct port_settings {
    char *name, *device; /* device: path; "ADDRESS:PORT"; pty: where a link to it is made */
    unsigned line;       /* of the section */
    char *device_name;   /* what the module is told: the device's friendly name */
    enum port_type type;
    struct sockaddr_in6 address; /* PORT_TCP */
    bool telnet;
    unsigned long calls; /* tcp: how many at once */
    struct serial_settings serial;
    struct ppp_settings ppp;
    struct call_rules rules;
};

struct ras_settings {
    char *security_module; /* NULL: none, PPP directly */
    unsigned long module_processes;
    char *module_host; /* ras-module-host's path */
    char *pam_service; /* NULL: the module's default */
    char *module_user, *control_socket, *run_directory, *pppd, *plugin;
    struct events_section events;
    struct port_settings *ports;
    size_t n_ports;
};

enum { RAS_IPV4_BYTES = 16 };
/* The caller's address of one of a port's calls, which are numbered from 0. false: it has none. */
SEC_NODISCARD bool ras_settings_remote(const struct port_settings *, size_t instance,
                                       char text[static RAS_IPV4_BYTES]);

/* Reads and checks; false: error says file, line and what was expected. */
SEC_NODISCARD bool ras_settings_read(const char *file, struct ras_settings *,
                                     struct config_error *);
void ras_settings_clear(struct ras_settings *);

#endif
