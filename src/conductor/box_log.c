/* SPDX-License-Identifier: MIT */
/* What a box's program says: cut into lines, and sent to CloudWatch Logs in batches as the box's role. */
#include <errno.h>
#include <unistd.h>

#include "base/time.h"
#include "conductor/box_parts.h"

enum { SHIP_AFTER_MS = 250 };

static void add_line(struct box *x, str line)
{
    if (str_ends(line, S("\r")))
        line.n--;
    if (line.n == 0 || x->n_lines == LINES_MAX)
        return; /* CloudWatch Logs takes no empty message */
    x->lines[x->n_lines] = arena_dup(x->lines_arena, str_sub(line, 0, LINE_MAX_BYTES));
    x->times_ms[x->n_lines++] = time_wall_ms();
    x->line_bytes += line.n;
}

static void cut_lines(struct box *x, bool all)
{
    str rest = buf_str(&x->log_in);
    size_t used = 0;

    while (x->n_lines < LINES_MAX && x->line_bytes < BATCH_BYTES) {
        ptrdiff_t end = str_find(rest, '\n');
        if (end < 0 && (rest.n > LINE_MAX_BYTES || (all && rest.n)))
            end = (ptrdiff_t)(rest.n > LINE_MAX_BYTES ? LINE_MAX_BYTES : rest.n);
        if (end < 0)
            break;
        add_line(x, str_sub(rest, 0, (size_t)end));
        size_t eat = (size_t)end + ((size_t)end < rest.n && rest.p[end] == '\n');
        used += eat;
        rest = str_from(rest, eat);
    }
    buf_drop_front(&x->log_in, used);
}

static void ship(struct boxes *b, struct box *x)
{
    struct log_batch batch = {.role_arn = x->plan.role_arn,
                              .session = x->plan.session,
                              .service = x->plan.service,
                              .subject_arn = x->plan.subject_arn,
                              .account = x->plan.account,
                              .region = x->plan.region,
                              .group = x->plan.log_group,
                              .stream = x->plan.log_stream,
                              .first = !x->log_began,
                              .lines = x->lines,
                              .times_ms = x->times_ms,
                              .n = x->n_lines};

    if (x->n_lines && x->plan.log_group.n)
        log_ship(b->conductor, &batch);
    x->log_began |= x->n_lines > 0;
    x->n_lines = 0;
    x->line_bytes = 0;
    x->ship_at_ms = 0;
    arena_reset(x->lines_arena);
}

/* Takes what is there; false when the pipe has ended. */
bool box_read_log(struct boxes *b, struct box *x)
{
    for (;;) {
        char *room = buf_room(&x->log_in, 16 << 10);
        ssize_t n = room ? read(x->log, room, 16 << 10) : 0;
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return false;
        buf_took(&x->log_in, (size_t)n);
        cut_lines(x, false);
        if (x->n_lines == LINES_MAX || x->line_bytes >= BATCH_BYTES)
            ship(b, x);
        if (x->n_lines && !x->ship_at_ms)
            x->ship_at_ms = time_mono_ms() + SHIP_AFTER_MS;
    }
}

void box_finish_log(struct boxes *b, struct box *x)
{
    if (x->log >= 0)
        box_read_log(b, x);
    box_drop_fd(b, &x->log);
    while (x->log_in.n) {
        cut_lines(x, true);
        ship(b, x);
    }
    ship(b, x);
}

int64_t boxes_tick(struct boxes *b)
{
    int64_t now = time_mono_ms(), next = INT64_MAX;

    pthread_mutex_lock(&b->lock);
    for (struct box *x = b->first; x; x = x->next) {
        if (x->ship_at_ms && x->ship_at_ms <= now)
            ship(b, x);
        if (x->ship_at_ms && x->ship_at_ms < next)
            next = x->ship_at_ms;
    }
    pthread_mutex_unlock(&b->lock);
    return next;
}
