/* SPDX-License-Identifier: MIT */
/* Tags of rules. */
#include "events_parts.h"

static bool has(const struct events_tag *v, size_t n, str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(v[i].key, key))
            return true;
    return false;
}

res events_tag_resource(struct call *c, const struct events_tag_resource_in *in, struct events_tag_resource_out *out)
{
    struct events_rule r = *(const struct events_rule *)c->subject;
    struct events_tag *v = ARENA_ARRAY(c->arena, struct events_tag, r.tags.n + in->tags.n + 1);
    size_t n = 0;

    (void)out;
    for (size_t i = 0; i < r.tags.n; i++)
        if (!has(in->tags.v, in->tags.n, r.tags.v[i].key))
            v[n++] = r.tags.v[i];
    for (size_t i = 0; i < in->tags.n; i++)
        if (!has(v, n, in->tags.v[i].key))
            v[n++] = in->tags.v[i];
    if (n > TAGS_MAX)
        return fault(c, &events_LimitExceededException, "A rule has at most %d tags.", TAGS_MAX);
    r.tags = (struct events_tag_list){n, v};
    return events_rule_save(c, &r);
}

res events_untag_resource(struct call *c, const struct events_untag_resource_in *in,
                          struct events_untag_resource_out *out)
{
    struct events_rule r = *(const struct events_rule *)c->subject;
    struct events_tag *v = ARENA_ARRAY(c->arena, struct events_tag, r.tags.n + 1);
    size_t n = 0;

    (void)out;
    for (size_t i = 0; i < r.tags.n; i++) {
        bool goes = false;
        for (size_t k = 0; k < in->tag_keys.n; k++)
            goes = goes || str_eq(in->tag_keys.v[k], r.tags.v[i].key);
        if (!goes)
            v[n++] = r.tags.v[i];
    }
    r.tags = (struct events_tag_list){n, v};
    return events_rule_save(c, &r);
}

res events_list_tags_for_resource(struct call *c, const struct events_list_tags_for_resource_in *in,
                                  struct events_list_tags_for_resource_out *out)
{
    const struct events_rule *r = c->subject;

    (void)in;
    out->tags = r->tags;
    if (!out->tags.v)
        out->tags.v = ARENA_ARRAY(c->arena, struct events_tag, 1);
    return OK;
}
