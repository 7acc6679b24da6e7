/* SPDX-License-Identifier: MIT */
/* Takes one member's base64 out of a JSON text as it passes, so that nobody needs to hold it: a function's zip. The
 * text goes on with an empty string in its place, and is parsed like any other. Memory is constant. */
#ifndef BARMKIN_API_SIPHON_H
#define BARMKIN_API_SIPHON_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

typedef res siphon_sink(void *ctx, str bytes, struct err *e);
struct siphon;

/* path: "Code.ZipFile". Where the same member comes twice the sink gets both, and the parser refuses the text; a name
 * that is written with escapes is not taken out. Lives as long as the arena. */
struct siphon *siphon_new(struct arena *a, const char *path, siphon_sink *sink, void *ctx);
/* The next piece, of any size; what remains of it is added to `rest`. Rejects what is no base64 (RFC 4648 section 4,
 * padded); a failure of the sink comes back as it is. */
res siphon_feed(struct siphon *s, str piece, struct buf *rest, struct err *e);

#endif
