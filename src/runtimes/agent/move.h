/* SPDX-License-Identifier: MIT */
/* Moving a job's bytes: channels and models in, models and outputs out. */
#ifndef BARMKIN_RUNTIMES_AGENT_MOVE_H
#define BARMKIN_RUNTIMES_AGENT_MOVE_H
#include "runtimes/agent/order.h"
#include "runtimes/agent/talk.h"
#include "runtimes/agent/web.h"

/* Every object below each channel's prefix into input/data/CHANNEL. Rejects a channel without any object, as AWS does.
 */
res move_channels_in(struct web *w, int root, const struct order *o, uint64_t *bytes, struct err *e);
/* model.tar.gz, unpacked into model/. */
res move_model_in(struct web *w, int root, const struct order *o, uint64_t *bytes, struct err *e);
/* A function's code, which front sends: unpacked into task/. */
res move_code_in(struct talk *t, int root, const struct order *o, struct err *e);
/* The folder `path` as NAME (model.tar.gz) below the order's output key. *bytes of the archive. */
res move_folder_out(struct web *w, int root, const struct order *o, const char *path, const char *name, uint64_t *bytes,
                    struct err *e);
/* The name that an object gets in its channel's folder; absent for folder markers. Pure, for the tests. */
str move_local_name(str prefix, str key);

#endif
