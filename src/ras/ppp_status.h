/* SPDX-License-Identifier: Apache-2.0 */
/* pppd's exit status in words. */
#ifndef RAS_PPP_STATUS_H
#define RAS_PPP_STATUS_H

enum {
    PPP_STATUS_KILLED = -1,   /* by a signal that it could not take */
    PPP_STATUS_SIGNALLED = 5, /* it ended in order for SIGTERM, SIGINT or SIGHUP */
    PPP_STATUS_AUTHENTICATION = 11,
    PPP_STATUS_HANGUP = 16,
};

/* Static. */
const char *ppp_status_text(int exit_status);

#endif
