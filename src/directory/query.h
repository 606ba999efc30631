/* SPDX-License-Identifier: Apache-2.0 */
/* The one function of libopensspi-directory. */
#ifndef DIRECTORY_QUERY_H
#define DIRECTORY_QUERY_H

#include "directory/directory.h"

SEC_EXPORT SECURITY_STATUS opensspi_directory_ask(const struct directory_question *);

#endif
