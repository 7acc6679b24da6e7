/* SPDX-License-Identifier: MIT */
/* Log groups: made, listed, tagged, kept for so many days, sealed under a key, deleted. */
#include "api/tags.h"
#include "logs_parts.h"

enum { GROUPS_SCAN_MAX = 1000, DROP_AT_ONCE = 100 };

res logs_check_group_name(struct call *c, str name)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/#";

    if (name.n && str_all(name, set))
        return OK;
    return fault(
        c, &logs_InvalidParameterException,
        "1 validation error detected: Value '%.*s' at 'logGroupName' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
        FMT(name));
}

res logs_open_token(struct call *c, str token, str *after)
{
    *after = STR_ABSENT;
    if (str_is(token) && !page_token_open(c, token, after))
        return fault(c, &logs_InvalidParameterException, "The specified nextToken is invalid.");
    return OK;
}

static struct logs_group *copy(struct call *c)
{
    struct logs_group *g = ARENA_NEW(c->arena, struct logs_group);

    *g = *(const struct logs_group *)c->subject;
    return g;
}

static res check_count(struct call *c, const struct map_of_str *tags)
{
    return tags_count_own(*tags) <= LOGS_TAGS_MAX
               ? OK
               : fault(c, &logs_TooManyTagsException, "A log group has at most %d tags.", LOGS_TAGS_MAX);
}

static res check_tags(struct call *c, const struct map_of_str *tags)
{
    for (size_t i = 0; i < tags->n; i++)
        if (!tags->v[i].key.n || tags->v[i].key.n > 128 || tags->v[i].value.n > 256 || tags_is_system(tags->v[i].key))
            return fault(c, &logs_InvalidParameterException, "The tag key or value is not valid: '%.*s'.",
                         FMT(tags->v[i].key));
    return check_count(c, tags);
}

res logs_create_log_group(struct call *c, const struct logs_create_log_group_in *in,
                          struct logs_create_log_group_out *out)
{
    struct logs_group *g = ARENA_NEW(c->arena, struct logs_group);

    (void)out;
    TRY(logs_check_group_name(c, in->log_group_name));
    TRY(check_tags(c, &in->tags));
    if (c->subject)
        return fault(c, &logs_ResourceAlreadyExistsException, "The specified log group already exists");
    if (str_is(in->log_group_class) && !str_eq(in->log_group_class, S("STANDARD")))
        return fault(c, &logs_InvalidParameterException, "Barmkin has log groups of class STANDARD only.");
    if (str_is(in->kms_key_id))
        TRY(logs_check_key(c, in->kms_key_id, in->log_group_name));
    *g = (struct logs_group){.log_group_name = in->log_group_name,
                             .creation_time = SET_INT(c->now_ms),
                             .kms_key_id = in->kms_key_id,
                             .tags = in->tags};
    return logs_group_save(c, g);
}

res logs_drop_stream(struct call *c, const struct logs_stream *s)
{
    TRY(record_drop_all(c, &logs_batch_record, STR_ABSENT, arena_printf(c->arena, "%.*s/", FMT(s->uid))));
    return logs_stream_drop(c, s);
}

res logs_delete_log_group(struct call *c, const struct logs_delete_log_group_in *in,
                          struct logs_delete_log_group_out *out)
{
    str prefix = arena_printf(c->arena, "%.*s:", FMT(in->log_group_name));
    struct logs_stream_page page;

    (void)out;
    do {
        TRY(logs_stream_list_all(c, STR_ABSENT, prefix, STR_ABSENT, DROP_AT_ONCE, &page));
        for (size_t i = 0; i < page.n; i++)
            TRY(logs_drop_stream(c, page.v[i]));
    } while (page.more);
    return logs_group_drop(c, c->subject);
}

/* ---- settings ---- */

res logs_put_retention_policy(struct call *c, const struct logs_put_retention_policy_in *in,
                              struct logs_put_retention_policy_out *out)
{
    static const int allowed[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                  365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};
    struct logs_group *g = copy(c);
    bool known = false;

    (void)out;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        known |= allowed[i] == in->retention_in_days.v;
    if (!known)
        return fault(c, &logs_InvalidParameterException,
                     "Invalid retention value. Specify a value that is among the allowed ones: 1, 3, 5, 7, 14, 30, 60, "
                     "90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653.");
    g->retention_in_days = in->retention_in_days;
    return logs_group_save(c, g);
}

res logs_delete_retention_policy(struct call *c, const struct logs_delete_retention_policy_in *in,
                                 struct logs_delete_retention_policy_out *out)
{
    struct logs_group *g = copy(c);

    (void)in, (void)out;
    g->retention_in_days = (opt_int){0};
    return logs_group_save(c, g);
}

res logs_associate_kms_key(struct call *c, const struct logs_associate_kms_key_in *in,
                           struct logs_associate_kms_key_out *out)
{
    struct logs_group *g = copy(c);

    (void)out;
    TRY(logs_check_key(c, in->kms_key_id, g->log_group_name));
    g->kms_key_id = in->kms_key_id;
    return logs_group_save(c, g);
}

res logs_disassociate_kms_key(struct call *c, const struct logs_disassociate_kms_key_in *in,
                              struct logs_disassociate_kms_key_out *out)
{
    struct logs_group *g = copy(c);

    (void)in, (void)out;
    g->kms_key_id = STR_ABSENT;
    return logs_group_save(c, g);
}

/* ---- lists ---- */

static struct logs_group_entry entry(struct call *c, const struct logs_group *g)
{
    str arn = logs_group_arn(c, g->log_group_name);

    return (struct logs_group_entry){.log_group_name = g->log_group_name,
                                     .creation_time = g->creation_time,
                                     .retention_in_days = g->retention_in_days,
                                     .metric_filter_count = SET_INT(0),
                                     .arn = arena_cat(c->arena, arn, S(":*")),
                                     .stored_bytes = SET_INT(0),
                                     .kms_key_id = g->kms_key_id,
                                     .log_group_class = S("STANDARD"),
                                     .log_group_arn = arn};
}

res logs_describe_log_groups(struct call *c, const struct logs_describe_log_groups_in *in,
                             struct logs_describe_log_groups_out *out)
{
    size_t limit = in->limit.set ? (size_t)in->limit.v : 50, i = 0;
    str prefix = str_is(in->log_group_name_prefix) ? in->log_group_name_prefix : S(""), after;
    struct logs_group_page page;

    if (str_is(in->log_group_name_prefix) && in->log_group_name_pattern.n)
        return fault(c, &logs_InvalidParameterException,
                     "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
    TRY(logs_open_token(c, in->next_token, &after));
    TRY(logs_group_list_all(c, STR_ABSENT, prefix, after,
                            in->log_group_name_pattern.n ? (size_t)GROUPS_SCAN_MAX : limit, &page));
    out->log_groups.v = ARENA_ARRAY(c->arena, struct logs_group_entry, limit);
    for (; i < page.n && out->log_groups.n < limit; i++)
        if (str_search(page.v[i]->log_group_name, in->log_group_name_pattern) >= 0 || !in->log_group_name_pattern.n)
            out->log_groups.v[out->log_groups.n++] = entry(c, page.v[i]);
    if (i && (i < page.n || page.more))
        out->next_token = page_token(c, page.v[i - 1]->log_group_name);
    return OK;
}

/* ---- tags ---- */

res logs_list_tags_for_resource(struct call *c, const struct logs_list_tags_for_resource_in *in,
                                struct logs_list_tags_for_resource_out *out)
{
    const struct logs_group *g = c->subject;

    (void)in;
    out->tags = g->tags;
    if (!out->tags.v)
        out->tags.v = ARENA_ARRAY(c->arena, struct str_pair, 1);
    return OK;
}

res logs_tag_resource(struct call *c, const struct logs_tag_resource_in *in, struct logs_tag_resource_out *out)
{
    struct logs_group *g = copy(c);

    (void)out;
    TRY(check_tags(c, &in->tags));
    g->tags = tags_put(c->arena, g->tags, in->tags);
    TRY(check_count(c, &g->tags));
    return logs_group_save(c, g);
}

res logs_untag_resource(struct call *c, const struct logs_untag_resource_in *in, struct logs_untag_resource_out *out)
{
    struct logs_group *g = copy(c);

    (void)out;
    if (tags_any_system_key(&in->tag_keys))
        return fault(c, &logs_InvalidParameterException, "Tag keys that begin with aws: are AWS's own.");
    g->tags = tags_take_off(c->arena, g->tags, &in->tag_keys);
    return logs_group_save(c, g);
}
