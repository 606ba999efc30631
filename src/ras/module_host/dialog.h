/* SPDX-License-Identifier: Apache-2.0 */
/* What the module calls: Send, Receive, GetInfo, Complete and OpenSspiRasCheckCode, which this
 * program exports; and what rasd answers to them. */
#ifndef RAS_MODULE_HOST_DIALOG_H
#define RAS_MODULE_HOST_DIALOG_H

#include "base/log.h"
#include "ras/host_msg.h"

void dialog_open(const struct log *log);
void dialog_on_received(const struct host_msg *m);
void dialog_on_otp_result(const struct host_msg *m);

#endif
