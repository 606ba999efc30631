/* SPDX-License-Identifier: Apache-2.0 */
/* Frames to and from rasd: docs/INTERFACES.md. */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "ras/module_host/link.h"

struct frame {
    struct frame *next;
    size_t n;
    bool counted; /* in waiting */
    uint8_t bytes[];
};

static int link_fd = -1;
static const struct log *link_log;
static uint8_t input[HOST_MSG_BYTES_MAX];
static size_t input_n;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct frame *first, **last = &first;
static size_t waiting; /* bytes of modules */
static bool writing;

void
link_nonsense(const char *what)
{
    log_error(link_log, "rasd makes no sense", log_text("what", what));
    _exit(1);
}

static void
end_of_rasd(void)
{
    _exit(0);
}

/* --- out ----------------------------------------------------------------------------------- */

/* A module may have closed descriptors that were not its own; else rasd is gone. */
static void
write_all(const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t done = send(link_fd, p, n, MSG_NOSIGNAL);

        if (done >= 0) {
            p += done;
            n -= (size_t)done;
        } else if (errno != EINTR) {
            if (errno != EPIPE && errno != ECONNRESET) {
                log_error(link_log, "the socket to rasd does not work any more",
                          log_text("error", strerrordesc_np(errno)));
                _exit(1);
            }
            end_of_rasd();
        }
    }
}

static void *
write_frames(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        struct frame *f = first;

        if (!f) {
            pthread_cond_wait(&changed, &lock);
            continue;
        }
        first = f->next;
        last = first ? last : &first;
        waiting -= f->counted ? f->n : 0;
        writing = true;
        pthread_mutex_unlock(&lock);
        write_all(f->bytes, f->n);
        mem_free_wiped(f, sizeof(*f) + f->n);
        pthread_mutex_lock(&lock);
        writing = false;
        pthread_cond_broadcast(&changed);
    }
    return NULL;
}

static struct frame *
frame_of(const struct host_msg *m)
{
    struct wire_writer w = wire_writer_measuring();
    struct frame *f;

    host_msg_encode(&w, m);
    f = mem_new(sizeof(*f) + w.len);
    if (f) {
        f->n = w.len;
        w = wire_writer_fixed(f->bytes, f->n);
        host_msg_encode(&w, m);
    }
    return f;
}

static void
append(struct frame *f)
{
    *last = f;
    last = &f->next;
    pthread_cond_broadcast(&changed);
}

void
link_answer(const struct host_msg *m)
{
    struct frame *f = frame_of(m);

    if (!f) {
        log_error(link_log, "no memory for an answer to rasd");
        _exit(1);
    }
    pthread_mutex_lock(&lock);
    append(f);
    pthread_mutex_unlock(&lock);
}

bool
link_offer(const struct host_msg *m)
{
    struct frame *f = frame_of(m);
    bool room;

    if (!f) {
        return false;
    }
    f->counted = true;
    pthread_mutex_lock(&lock);
    room = f->n <= LINK_QUEUE_BYTES_MAX - waiting;
    if (room) {
        waiting += f->n;
        append(f);
    }
    pthread_mutex_unlock(&lock);
    if (!room) {
        mem_free_wiped(f, sizeof(*f) + f->n);
    }
    return room;
}

void
link_flush(void)
{
    pthread_mutex_lock(&lock);
    while (first || writing) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

/* --- in ------------------------------------------------------------------------------------ */

static void
read_all(uint8_t *p, size_t n)
{
    while (n) {
        ssize_t done = recv(link_fd, p, n, MSG_WAITALL);

        if (done > 0) {
            p += done;
            n -= (size_t)done;
        } else if (done == 0 || errno == ECONNRESET) {
            end_of_rasd();
        } else if (errno != EINTR) {
            log_error(link_log, "the socket to rasd does not work any more",
                      log_text("error", strerrordesc_np(errno)));
            _exit(1);
        }
    }
}

struct host_msg
link_receive(void)
{
    uint8_t length[HOST_MSG_LENGTH_BYTES];
    struct host_msg m;
    uint32_t n;

    secret_wipe(input, input_n); /* what a caller typed, the last time */
    read_all(length, sizeof(length));
    n = wire_load_le32(length);
    if (n == 0 || n > sizeof(input)) {
        link_nonsense("a frame's length");
    }
    input_n = n;
    read_all(input, n);
    if (host_msg_decode(&m, bytes_of(input, n)) != WIRE_OK) {
        link_nonsense(m.fault.field);
    }
    return m;
}

/* --- both ---------------------------------------------------------------------------------- */

void
link_open(int fd, const struct log *log)
{
    pthread_t writer;

    link_fd = fd;
    link_log = log;
    if (pthread_create(&writer, NULL, write_frames, NULL) != 0) {
        log_error(log, "no thread for the socket to rasd");
        _exit(1);
    }
    pthread_detach(writer);
}
