/* SPDX-License-Identifier: Apache-2.0 */
/* pppd's command line for a port. Pure. */
#ifndef RAS_PPP_OPTIONS_H
#define RAS_PPP_OPTIONS_H

#include <stddef.h>

#include "base/attributes.h"
#include "ras/settings.h"

enum { PPP_OPTIONS_WORDS_MAX = 160, PPP_OPTIONS_ROOM = 4096 };

/* NULL-terminated; words are views of the settings, of literals and of room. */
struct ppp_options {
    const char *words[PPP_OPTIONS_WORDS_MAX + 1];
    size_t n;
    char room[PPP_OPTIONS_ROOM];
    size_t used;
    bool full;
};

struct ppp_options_args {
    const char *pppd, *plugin, *socket;
    const char *remote; /* the caller's address; "": none */
    int token_fd;
};

/* First what an operator may have otherwise, then his own words, then what holds in any case: that
 * callers prove themselves, and by what. false: too many words. */
SEC_NODISCARD bool ppp_options_make(struct ppp_options *, const struct ppp_options_args *,
                                    const struct port_settings *);

#endif
