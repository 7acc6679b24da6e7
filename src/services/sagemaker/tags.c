/* SPDX-License-Identifier: MIT */
/* Tags of whatever a SageMaker ARN names. */
#include "api/tags.h"
#include "sagemaker_parts.h"

enum { TAGS_MAX = 50 };

/* Kinds that carry tags, by the word in their ARN. */
static const struct {
    const char *kind;
    const struct record_type *type;
    bool package;
} kinds[] = {{"training-job", &sagemaker_training_job_record, false},
             {"model-package-group", &sagemaker_group_record, false},
             {"model-package", &sagemaker_package_record, true},
             {"model", &sagemaker_model_record, false},
             {"endpoint-config", &sagemaker_endpoint_config_record, false},
             {"endpoint", &sagemaker_endpoint_record, false},
             {"domain", &sagemaker_domain_record, false},
             {"user-profile", &sagemaker_user_profile_record, false},
             {"app", &sagemaker_app_record, false}};

struct tagged { /* a record of any kind, and where its tags are */
    const struct record_type *type;
    void *record;
    struct sagemaker_tag_list *tags;
};

res sagemaker_find_anything(struct call *c, const str *names, size_t n, struct resource *out)
{
    str account, key;

    (void)n;
    out->arn = names[0];
    out->missing = &sagemaker_ValidationException;
    out->missing_text = arena_printf(c->arena, "Could not find resource \"%.*s\".", FMT(names[0]));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!str_starts(names[0], S("arn:")) || !sm_parse(c, names[0], kinds[i].kind, &account, &key))
            continue;
        struct tagged *t = ARENA_NEW(c->arena, struct tagged);
        t->type = kinds[i].type;
        out->account = account;
        TRY(record_load(c, t->type, account, kinds[i].package ? sm_package_key(c, key) : key, &t->record));
        if (!t->record)
            return OK;
        t->tags = field_at(t->record, shape_field(t->type->shape, S("Tags")));
        out->subject = t;
        out->tags = (const struct str_pair *)t->tags->v;
        out->n_tags = t->tags->n;
        return OK;
    }
    return OK;
}

static res reserved(struct call *c)
{
    return fault(c, &sagemaker_ValidationException, "Tag keys that begin with aws: are AWS's own.");
}

res sm_check_tags(struct call *c)
{
    const struct sagemaker_tag_list *tags = field_of(c->in, shape_field(c->op->in, S("Tags")));

    return tags_any_system(TAGS(*tags)) ? reserved(c) : OK;
}

static bool has_key(const struct sagemaker_tag_list *v, str key)
{
    for (size_t i = 0; i < v->n; i++)
        if (str_eq(v->v[i].key, key))
            return true;
    return false;
}

res sagemaker_add_tags(struct call *c, const struct sagemaker_add_tags_in *in, struct sagemaker_add_tags_out *out)
{
    const struct tagged *t = c->subject;
    struct sagemaker_tag_list all = {0, ARENA_ARRAY(c->arena, struct sagemaker_tag, t->tags->n + in->tags.n + 1)};

    TRY(sm_check_tags(c));
    for (size_t i = 0; i < t->tags->n; i++)
        if (!has_key(&in->tags, t->tags->v[i].key))
            all.v[all.n++] = t->tags->v[i];
    for (size_t i = 0; i < in->tags.n; i++)
        all.v[all.n++] = in->tags.v[i];
    if (tags_count_own(TAGS(all)) > TAGS_MAX)
        return fault(c, &sagemaker_ResourceLimitExceeded, "A resource carries at most %d tags.", TAGS_MAX);
    *t->tags = all;
    out->tags = all;
    return record_save(c, t->type, t->record);
}

res sagemaker_list_tags(struct call *c, const struct sagemaker_list_tags_in *in, struct sagemaker_list_tags_out *out)
{
    const struct tagged *t = c->subject;

    (void)in;
    out->tags = *t->tags;
    if (!out->tags.v)
        out->tags.v = ARENA_ARRAY(c->arena, struct sagemaker_tag, 1);
    return OK;
}

res sagemaker_delete_tags(struct call *c, const struct sagemaker_delete_tags_in *in,
                          struct sagemaker_delete_tags_out *out)
{
    const struct tagged *t = c->subject;
    struct map_of_str kept = tags_take_off(c->arena, TAGS(*t->tags), &in->tag_keys);

    (void)out;
    if (tags_any_system_key(&in->tag_keys))
        return reserved(c);
    *t->tags = (struct sagemaker_tag_list){kept.n, (struct sagemaker_tag *)kept.v};
    return record_save(c, t->type, t->record);
}

res sagemaker_search(struct call *c, const struct sagemaker_search_in *in, struct sagemaker_search_out *out)
{
    (void)in;
    out->results.v = ARENA_ARRAY(c->arena, struct sagemaker_search_record, 1); /* nothing is indexed yet */
    return OK;
}

res sagemaker_add_tagging_action(struct call *c)
{
    const struct field *tags = shape_field(c->op->in, S("Tags"));

    if (tags && c->op != &sagemaker_AddTags_op && field_is_set(c->in, tags))
        context_add(c, S("sagemaker:TaggingAction"), str_z(c->op->name));
    return OK;
}
