/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that are measured over loopback: started, waited for, stopped at exit. Whoever cannot go on
 * ends the program. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdint.h>
#include <sys/types.h>

/* Ends the program with "NAME: what" unless it is good; a process that it forked, itself alone. */
void server_check(int good, const char *what);

/* argv[0] is a path; what it prints goes to the file log. */
pid_t server_start(const char *const argv[], const char *log);
/* Until somebody listens there. */
void server_await(uint16_t port, const char *what);
void server_stop_all(void);

/* A port of loopback that nobody has. */
uint16_t server_free_port(void);
/* -1: nobody listens there. */
int server_connect(uint16_t port);
/* From that address of 127.0.0.0/8, in host order; 0: whichever. */
int server_connect_from(uint16_t port, uint32_t address);

#endif
