/* SPDX-License-Identifier: Apache-2.0 */
/* What is on its way to one peer. */
#include "base/mem.h"
#include "service/outbox.h"

struct output {
    uv_write_t write;
    struct outbox *box;
    void *block;
};

int
outbox_try(const struct outbox *box, struct bytes *bytes)
{
    uv_buf_t buffer = uv_buf_init((char *)bytes->p, (unsigned)bytes->n);
    int n = bytes->n ? uv_try_write(box->to, &buffer, 1) : 0;

    if (n == UV_EAGAIN) {
        n = 0;
    }
    if (n > 0) {
        *bytes = bytes_of(bytes->p + n, bytes->n - (size_t)n);
    }
    return n < 0 ? n : 0;
}

static void
on_written(uv_write_t *write, int status)
{
    struct output *output = write->data;
    struct outbox *box = output->box;

    mem_free(output->block);
    mem_free(output);
    if (status == UV_ECANCELED) {
        return;
    }
    if (status != 0) {
        box->failed(box->user, status);
    } else if (outbox_queued(box) == 0) {
        box->drained(box->user);
    }
}

int
outbox_queue(struct outbox *box, struct bytes rest, void *given)
{
    struct output *output = mem_new(sizeof(*output));
    void *block = given ? given : mem_dup(rest.p, rest.n);
    uv_buf_t buffer = uv_buf_init(given ? (char *)rest.p : block, (unsigned)rest.n);
    int status = UV_ENOMEM;

    if (output && block) {
        *output = (struct output){ .box = box, .block = block };
        output->write.data = output;
        status = uv_write(&output->write, box->to, &buffer, 1, on_written);
    }
    if (status != 0) {
        mem_free(output);
        mem_free(block);
    }
    return status;
}

size_t
outbox_queued(const struct outbox *box)
{
    return uv_stream_get_write_queue_size(box->to);
}
