/* SPDX-License-Identifier: Apache-2.0 */
/* What the event log is told of a port's calls. */
#ifndef RAS_PORT_RECORD_H
#define RAS_PORT_RECORD_H

#include "ras/port.h"

/* What is known of a call beside its state: kept until its end is recorded. */
struct port_account {
    uint64_t call;                   /* its number */
    char address[64];                /* of the caller, without its port */
    uint64_t begun_ms, connected_ms; /* 0: never */
    uint64_t bytes_in, bytes_out;
    bool has_bytes; /* from pppd */
    char local[46], remote[46];
    struct bytes user, domain; /* of the connection: the port's own copies */
    const char *reason;        /* pppd's, static */
    const char *refusal;       /* while a refusal is told: why, for the log */
    const char *locked_out;    /* likewise: the SID of the account that it locked */
};
void port_account_begin(struct port_account *, uint64_t call, const struct line *, uint64_t now_ms);

void port_record(struct port_site *, const char *name, const struct port_settings *,
                 const struct port_account *, const struct call_action *);
/* A one-time code was refused. */
struct code_answer;
void port_record_code(struct port_site *, const char *name, const struct port_settings *,
                      const struct code_answer *);
void port_record_process(struct port_site *, int pid, bool up, const char *why);

#endif
