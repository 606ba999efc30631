/* SPDX-License-Identifier: Apache-2.0 */
/* Settings against those that the process began with. */
#include "ras/restart.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "daemon/key.h"

struct fixed {
    const char *key;
    size_t at, n; /* n 0: a text, which may be NULL */
};

#define FIXED(type, key, member)                                               \
    {                                                                          \
        key, offsetof(struct type, member), sizeof(((struct type *)0)->member) \
    }
#define FIXED_TEXT(type, member)                  \
    {                                             \
#member, offsetof(struct type, member), 0 \
    }

static const struct fixed of_ras[] = {
    FIXED_TEXT(ras_settings, security_module),
    FIXED_TEXT(ras_settings, module_host),
    FIXED(ras_settings, "module_processes", module_processes),
    FIXED_TEXT(ras_settings, module_user),
    FIXED_TEXT(ras_settings, pam_service),
    FIXED_TEXT(ras_settings, control_socket),
    FIXED_TEXT(ras_settings, run_directory),
    FIXED_TEXT(ras_settings, pppd),
    FIXED_TEXT(ras_settings, plugin),
};

static const struct fixed of_port[] = {
    FIXED(port_settings, "type", type),
    FIXED_TEXT(port_settings, device),
    FIXED(port_settings, "telnet", telnet),
    FIXED(port_settings, "calls", calls),
    FIXED(port_settings, "speed", serial.speed),
    FIXED(port_settings, "data_bits", serial.data_bits),
    FIXED(port_settings, "stop_bits", serial.stop_bits),
    FIXED(port_settings, "parity", serial.parity),
    FIXED(port_settings, "flow_control", serial.flow_rts_cts),
    FIXED(port_settings, "modem", serial.local),
    { "init", offsetof(struct port_settings, serial.init), 0 },
    { "answer", offsetof(struct port_settings, serial.answer), 0 },
    { "hang_up", offsetof(struct port_settings, serial.hang_up), 0 },
    FIXED(port_settings, "rings", serial.rings),
};

/* --- the text ------------------------------------------------------------------------------ */

struct list {
    char *text;
    size_t n, len;
    bool any; /* also where there is no room for it */
};

SEC_PRINTF(2, 3)
static void
put(struct list *l, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(l->text + l->len, l->n - l->len, format, args);
    va_end(args);
    l->len += n < 0 ? 0 : (size_t)n;
    l->len = l->len < l->n ? l->len : l->n - 1;
    l->any = true;
}

/* --- comparing ----------------------------------------------------------------------------- */

static bool
is_same(const struct fixed *f, const void *a, const void *b)
{
    const char *x = (const char *)a + f->at, *y = (const char *)b + f->at;

    if (f->n == 0) {
        return key_is_same_text(*(char *const *)(const void *)x, *(char *const *)(const void *)y);
    }
    return bytes_equal(bytes_of(x, f->n), bytes_of(y, f->n));
}

/* One more key of a section, whose name is put before the first of them. */
static void
put_key(struct list *l, const char *kind, const char *name, const char *key, size_t *keys)
{
    if (*keys == 0) {
        put(l, "%s[%s%s%s]", l->len ? "; " : "", kind, *name ? " " : "", name);
    }
    put(l, "%s %s", (*keys)++ ? "," : "", key);
}

static void
compare_ras(struct list *l, const struct ras_settings *a, const struct ras_settings *b)
{
    size_t keys = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(of_ras); i++) {
        if (!is_same(&of_ras[i], a, b)) {
            put_key(l, "ras", "", of_ras[i].key, &keys);
        }
    }
}

/* Callers of before and of after share a port's addresses. */
static void
compare_port(struct list *l, const struct port_settings *a, const struct port_settings *b)
{
    size_t keys = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(of_port); i++) {
        if (!is_same(&of_port[i], a, b)) {
            put_key(l, "port", b->name, of_port[i].key, &keys);
        }
    }
    if (a->ppp.remote_first != b->ppp.remote_first || a->ppp.remote_last != b->ppp.remote_last) {
        put_key(l, "port", b->name, "remote_address", &keys);
    }
}

static const struct port_settings *
find(const struct ras_settings *s, const char *name)
{
    for (size_t i = 0; i < s->n_ports; i++) {
        if (strcmp(s->ports[i].name, name) == 0) {
            return &s->ports[i];
        }
    }
    return NULL;
}

/* Those that only one of the two has. */
static void
put_missing(struct list *l, const struct ras_settings *of, const struct ras_settings *in,
            const char *what)
{
    for (size_t i = 0; i < of->n_ports; i++) {
        if (!find(in, of->ports[i].name)) {
            put(l, "%s[port %s] is %s", l->len ? "; " : "", of->ports[i].name, what);
        }
    }
}

bool
restart_is_needed(const struct ras_settings *before, const struct ras_settings *after, char *text,
                  size_t n)
{
    struct list l = { text, n, 0, false };
    bool moved = false;

    text[0] = 0;
    compare_ras(&l, before, after);
    put_missing(&l, before, after, "gone");
    put_missing(&l, after, before, "new");
    for (size_t i = 0; i < before->n_ports; i++) {
        const struct port_settings *p = find(after, before->ports[i].name);

        if (p) {
            compare_port(&l, &before->ports[i], p);
            moved = moved || p != &after->ports[i];
        }
    }
    if (moved && !l.any) {
        put(&l, "the order of the ports"); /* they are known by their places */
    }
    return l.any;
}
