/* SPDX-License-Identifier: MIT */
/* Tags of rules. */
#include "api/tags.h"
#include "events_parts.h"

static res reserved(struct call *c)
{
    return fault(c, &events_ValidationException, "Tag keys that begin with aws: are AWS's own.");
}

res events_check_tags(struct call *c, struct map_of_str given, struct map_of_str all)
{
    if (tags_any_system(given))
        return reserved(c);
    if (tags_count_own(all) > TAGS_MAX)
        return fault(c, &events_LimitExceededException, "A rule has at most %d tags.", TAGS_MAX);
    return OK;
}

res events_tag_resource(struct call *c, const struct events_tag_resource_in *in, struct events_tag_resource_out *out)
{
    struct events_rule r = *(const struct events_rule *)c->subject;
    struct map_of_str all = tags_put(c->arena, TAGS(r.tags), TAGS(in->tags));

    (void)out;
    TRY(events_check_tags(c, TAGS(in->tags), all));
    r.tags = (struct events_tag_list){all.n, (struct events_tag *)all.v};
    return events_rule_save(c, &r);
}

res events_untag_resource(struct call *c, const struct events_untag_resource_in *in,
                          struct events_untag_resource_out *out)
{
    struct events_rule r = *(const struct events_rule *)c->subject;
    struct map_of_str kept = tags_take_off(c->arena, TAGS(r.tags), &in->tag_keys);

    (void)out;
    if (tags_any_system_key(&in->tag_keys))
        return reserved(c);
    r.tags = (struct events_tag_list){kept.n, (struct events_tag *)kept.v};
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
