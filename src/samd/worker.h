/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that answers. */
#ifndef SAMD_WORKER_H
#define SAMD_WORKER_H

/* Of a struct worker, until server_stop or for as long as it can wait: for pthread_create. */
void *worker_run(void *worker);

#endif
