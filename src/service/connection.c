/* SPDX-License-Identifier: Apache-2.0 */
/* What framed and HTTP connections have in common. */
#include <arpa/inet.h>
#include <stdio.h>

#include "service/service.h"

static void
describe(struct session_client *client, const struct port *port, const struct sockaddr_in6 *from)
{
    const struct listener_settings *s = port->listener->settings;

    client->events = port->loop->service->events;
    client->log = port->loop->service->log;
    client->counters = &port->listener->endpoint->counters;
    client->listener = s->name;
    client->protocol = settings_protocol_name(s);
    client->package = s->package;
    client->port = ntohs(from->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&from->sin6_addr)) {
        (void)inet_ntop(AF_INET, from->sin6_addr.s6_addr + 12, client->address,
                        sizeof(client->address));
    } else {
        (void)inet_ntop(AF_INET6, &from->sin6_addr, client->address, sizeof(client->address));
    }
}

bool
connection_open(struct connection *connection, struct port *port, const struct sockaddr_in6 *from)
{
    const struct listener_settings *s = port->listener->settings;
    char reason[SESSION_REASON_BYTES] = "no memory";
    enum counters_reason counted = COUNTERS_NO_MEMORY;
    enum limits_answer answer;

    connection->loop = port->loop;
    connection->listener = port->listener;
    describe(&connection->client, port, from);
    counters_add(&port->listener->endpoint->counters.accepted);
    answer = limits_enter(&port->listener->endpoint->limits, &from->sin6_addr, &connection->ticket);
    if (answer == LIMITS_WELCOME) {
        connection->port = port_ref(port);
        connection->at = &port->loop->connections;
        connection->next = *connection->at;
        if (connection->next) {
            connection->next->at = &connection->next;
        }
        *connection->at = connection;
        (void)uv_timer_init(&port->loop->uv, &connection->deadline);
        connection->deadline.data = connection;
        return true;
    }
    if (answer == LIMITS_TOO_MANY) {
        counted = COUNTERS_MAX_UNAUTHENTICATED;
        (void)snprintf(reason, sizeof(reason), "max_unauthenticated = %lu are open already",
                       s->max_unauthenticated);
    } else if (answer == LIMITS_TOO_MANY_OF_ADDRESS) {
        counted = COUNTERS_MAX_PER_ADDRESS;
        (void)snprintf(reason, sizeof(reason),
                       "max_per_address = %lu of this address are open already",
                       s->max_per_address);
    }
    counters_add(&port->listener->endpoint->counters.turned_away[counted]);
    session_turn_away(&connection->client, NULL, NULL, SESSION_OUT_OF_BOUNDS, reason);
    return false;
}

void
connection_leave(struct connection *connection)
{
    limits_leave(&connection->listener->endpoint->limits, &connection->ticket);
    *connection->at = connection->next;
    if (connection->next) {
        connection->next->at = connection->at;
    }
    port_unref(connection->port);
    loop_check_drained(connection->loop);
}

void
connection_start_deadline(struct connection *connection, uv_timer_cb expired)
{
    uv_update_time(&connection->loop->uv);
    (void)uv_timer_start(&connection->deadline, expired,
                         connection->listener->settings->handshake_timeout_s * 1000, 0);
}
