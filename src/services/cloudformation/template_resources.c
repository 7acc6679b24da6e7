/* SPDX-License-Identifier: MIT */
/* Resources and Outputs. */
#include "services/cloudformation/template_members.h"

enum { RESOURCES_MAX = 500, OUTPUTS_MAX = 200 };

/* ---- Resources ---- */

/* The only types that Snapshot is meant for. */
static bool has_snapshots(str type)
{
    static const char *const types[] = {"AWS::EC2::Volume",
                                        "AWS::DocDB::DBCluster",
                                        "AWS::ElastiCache::CacheCluster",
                                        "AWS::ElastiCache::ReplicationGroup",
                                        "AWS::Neptune::DBCluster",
                                        "AWS::RDS::DBCluster",
                                        "AWS::RDS::DBInstance",
                                        "AWS::Redshift::Cluster",
                                        NULL};

    return parse_is_one_of(type, types);
}

static res parse_policies(struct parse *p, const json_t *v, struct template_resource *out)
{
    static const char *const deletion[] = {"Delete", "Retain", "RetainExceptOnCreate", "Snapshot", NULL};
    static const char *const replace[] = {"Delete", "Retain", "Snapshot", NULL};

    TRY(parse_text(p, v, "DeletionPolicy", &out->deletion_policy));
    TRY(parse_text(p, v, "UpdateReplacePolicy", &out->update_replace_policy));
    if (str_is(out->deletion_policy) && !parse_is_one_of(out->deletion_policy, deletion))
        return reject(p->e, "Template error: Unrecognized DeletionPolicy %.*s for resource %.*s",
                      FMT(out->deletion_policy), FMT(out->id));
    if (str_is(out->update_replace_policy) && !parse_is_one_of(out->update_replace_policy, replace))
        return reject(p->e, "Template error: Unrecognized UpdateReplacePolicy %.*s for resource %.*s",
                      FMT(out->update_replace_policy), FMT(out->id));
    if (has_snapshots(out->type))
        return OK;
    if (str_eq(out->deletion_policy, S("Snapshot")))
        return reject(p->e, "Template error: resource type %.*s does not support deletion policy Snapshot",
                      FMT(out->type));
    if (str_eq(out->update_replace_policy, S("Snapshot")))
        return reject(p->e, "Template error: resource type %.*s does not support update replace policy Snapshot",
                      FMT(out->type));
    return OK;
}

static res parse_depends_on(struct parse *p, const json_t *v, const json_t **out)
{
    const json_t *one;
    json_t *list;
    size_t i;

    *out = v;
    if (json_is_string(v)) {
        list = json_array();
        arena_defer(p->a, (void (*)(void *))json_decref, list);
        json_array_append(list, (json_t *)v);
        *out = list;
    }
    if (v && !json_is_array(*out))
        return reject(p->e, "Template format error: DependsOn must be a string or list of strings.");
    json_array_foreach(*out, i, one)
    {
        if (!json_is_string(one))
            return reject(p->e, "Template format error: DependsOn must be a string or list of strings.");
    }
    return OK;
}

static res parse_resource(struct parse *p, str id, const json_t *v, struct template_resource *out)
{
    static const char *const known[] = {"Type",
                                        "Properties",
                                        "DependsOn",
                                        "Condition",
                                        "DeletionPolicy",
                                        "UpdateReplacePolicy",
                                        "CreationPolicy",
                                        "UpdatePolicy",
                                        "Metadata",
                                        "Version",
                                        NULL};

    if (!parse_is_alphanumeric(id))
        return reject(p->e, "Template format error: Resource name %.*s is non alphanumeric.", FMT(id));
    if (!json_is_object(v))
        return reject(p->e, "Template format error: Any Resources member must be an object.");
    if (str_empty(json_str_at(v, "Type")))
        return reject(p->e,
                      "Template format error: [/Resources/%.*s] Every Resources object must contain a Type member.",
                      FMT(id));
    TRY(parse_only(p, v, known, "resource"));
    if (template_parameter_find(p->t, id))
        return reject(p->e, "Template format error: %.*s is the name of a parameter and of a resource.", FMT(id));
    out->id = id;
    out->type = json_str_at(v, "Type");
    TRY(parse_text(p, v, "Condition", &out->condition));
    TRY(parse_object(p, v, "Properties", &out->properties));
    TRY(parse_object(p, v, "Metadata", &out->metadata));
    TRY(parse_object(p, v, "CreationPolicy", &out->creation_policy));
    TRY(parse_object(p, v, "UpdatePolicy", &out->update_policy));
    TRY(parse_depends_on(p, json_object_get(v, "DependsOn"), &out->depends_on));
    return parse_policies(p, v, out);
}

res parse_resources(struct parse *p)
{
    const json_t *all;
    const char *key;
    json_t *v;
    struct template_resource *r;

    TRY(parse_section(p, "Resources", "resources", RESOURCES_MAX, &all));
    if (json_object_size(all) == 0)
        return reject(p->e, "Template format error: At least one Resources member must be defined.");
    p->t->resources = ARENA_ARRAY(p->a, struct template_resource, json_object_size(all));
    json_object_foreach((json_t *)all, key, v)
    {
        r = &p->t->resources[p->t->n_resources];
        r->at = p->t->n_resources++;
        TRY(parse_resource(p, str_z(key), v, r));
    }
    return OK;
}

/* Once all names are known. */
res parse_resource_functions(struct parse *p)
{
    for (size_t i = 0; i < p->t->n_resources; i++) {
        const struct template_resource *r = &p->t->resources[i];
        TRY(parse_functions(p, r->properties, IN_VALUES));
        TRY(parse_functions(p, r->metadata, IN_VALUES));
        if (str_is(r->condition) && template_condition_at(p->t, r->condition) < 0)
            return reject(
                p->e,
                "Template format error: Unresolved condition dependency %.*s in the Resources block of the template",
                FMT(r->condition));
    }
    return OK;
}

/* ---- Outputs ---- */

static res parse_output(struct parse *p, str name, const json_t *v, struct template_output *out)
{
    static const char *const known[] = {"Description", "Value", "Export", "Condition", NULL};
    const json_t *export;

    if (!parse_is_alphanumeric(name))
        return reject(p->e, "Template format error: Output name %.*s is non alphanumeric.", FMT(name));
    if (!json_is_object(v) || !json_object_get(v, "Value"))
        return reject(p->e, "Template format error: Every Outputs member must contain a Value object");
    TRY(parse_only(p, v, known, "output"));
    out->name = name;
    out->value = json_object_get(v, "Value");
    TRY(parse_text(p, v, "Description", &out->description));
    TRY(parse_text(p, v, "Condition", &out->condition));
    TRY(parse_object(p, v, "Export", &export));
    out->export_name = json_object_get(export, "Name");
    if (export && (!out->export_name || json_object_size(export) != 1))
        return reject(p->e, "Template format error: Output %.*s is malformed. An Export member must contain a Name.",
                      FMT(name));
    if (str_is(out->condition) && template_condition_at(p->t, out->condition) < 0)
        return reject(
            p->e, "Template format error: Unresolved condition dependency %.*s in the Outputs block of the template",
            FMT(out->condition));
    TRY(parse_functions(p, out->value, IN_VALUES));
    return parse_functions(p, out->export_name, IN_VALUES);
}

res parse_outputs(struct parse *p)
{
    const json_t *all;
    const char *key;
    json_t *v;

    TRY(parse_section(p, "Outputs", "outputs", OUTPUTS_MAX, &all));
    p->t->outputs = ARENA_ARRAY(p->a, struct template_output, json_object_size(all));
    json_object_foreach((json_t *)all, key, v) TRY(parse_output(p, str_z(key), v, &p->t->outputs[p->t->n_outputs++]));
    return OK;
}
