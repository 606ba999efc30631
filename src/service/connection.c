/* SPDX-License-Identifier: Apache-2.0 */
/* What framed and HTTP connections have in common. */
#include <arpa/inet.h>
#include <stdio.h>

#include "service/service.h"

static void
describe(struct session_client *client, const struct port *port, const struct sockaddr_in6 *from)
{
    const struct listener_settings *s = port->listener->settings;

    client->events = port->listener->site->events->log;
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

/* --- who is dropped for whom --------------------------------------------------------------- */

static void
queue_at_end(struct connection *c, struct connection_queue *queue)
{
    if (c->queue) {
        TAILQ_REMOVE(c->queue, c, queued);
    }
    c->queue = queue;
    if (queue) {
        TAILQ_INSERT_TAIL(queue, c, queued);
    }
}

void
connection_heard(struct connection *connection)
{
    struct handshakes *handshakes = connection->port->handshakes;

    if (connection->queue == &handshakes->silent) {
        queue_at_end(connection, &handshakes->waiting);
    }
}

void
connection_progressed(struct connection *connection)
{
    if (connection->ticket.address && !connection->ticket.authenticated) {
        queue_at_end(connection, &connection->port->handshakes->waiting);
    }
}

void
connection_hold(struct connection *connection)
{
    queue_at_end(connection, NULL);
}

void
connection_set_authenticated(struct connection *connection, bool is)
{
    limits_set_authenticated(&connection->listener->endpoint->limits, &connection->ticket, is);
    if (is) {
        connection_hold(connection);
    }
}

void
connection_end(struct connection *connection)
{
    connection_hold(connection);
    limits_leave(&connection->listener->endpoint->limits, &connection->ticket);
}

bool
connection_make_room(struct port *port)
{
    bool silent = !TAILQ_EMPTY(&port->handshakes->silent);
    struct connection *c =
        TAILQ_FIRST(silent ? &port->handshakes->silent : &port->handshakes->waiting);

    if (!c) {
        return false;
    }
    counters_add(&port->listener->endpoint->counters.dropped_silent);
    if (!silent) {
        session_turn_away(
            &c->client, NULL, NULL, SESSION_OUT_OF_BOUNDS,
            "too many handshakes are open, and this one waited longest: it made room");
    } else if (told_is_due(&port->listener->told, "dropped", "", uv_now(&port->loop->uv) / 1000)) {
        log_warning(c->client.log, "silent connections are dropped for new ones",
                    log_text("listener", c->client.listener));
    }
    connection_end(c);
    c->stop(c, true);
    return true;
}

/* --- from the first to the last ------------------------------------------------------------ */

static enum limits_answer
enter(struct connection *c, struct port *port, const struct in6_addr *from)
{
    struct limits *limits = &port->listener->endpoint->limits;
    enum limits_answer answer = limits_enter(limits, from, &c->ticket);

    if (answer == LIMITS_TOO_MANY && connection_make_room(port)) {
        answer = limits_enter(limits, from, &c->ticket);
    }
    return answer;
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
    answer = enter(connection, port, &from->sin6_addr);
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
        queue_at_end(connection, &port->handshakes->silent);
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
    connection_end(connection);
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
