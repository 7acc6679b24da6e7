/* SPDX-License-Identifier: MIT */
/* The sections of a template: what each member must be, in CloudFormation's words where they are known. */
#include <string.h>

#include "base/yaml.h"
#include "services/cloudformation/template_parts.h"

enum { RESOURCES_MAX = 500, PARAMETERS_MAX = 200, MAPPINGS_MAX = 200, OUTPUTS_MAX = 200, NAME_MAX_BYTES = 255 };

struct parse {
    struct arena *a;
    struct err *e;
    struct template *t;
};

/* ---- the text ---- */

static res read_text(struct parse *p, str text, json_t **tree)
{
    struct err why = {0};
    str body = str_trim(text);
    bool json = str_starts(body, S("{"));
    ptrdiff_t at;

    if (text.n > TEMPLATE_MAX)
        return reject(p->e, "Template may not exceed %d bytes in size.", TEMPLATE_MAX);
    if (!str_is_utf8(text))
        return reject(p->e, "Template format error: %s not well-formed.", json ? "JSON" : "YAML");
    if (json && is_ok(json_parse(p->a, body, &why, tree)))
        return OK;
    if (!json && is_ok(yaml_parse(p->a, text, &why, tree)))
        return OK;
    if (why.why == WHY_OOPS)
        return oops(p->e, why.sys_errno, "%s", why.what);
    if (!json)
        return reject(p->e, "Template format error: %s", why.what);
    at = str_search(str_z(why.what), S(" at line "));
    return at < 0 ? reject(p->e, "Template format error: JSON not well-formed. %s", why.what)
                  : reject(p->e, "Template format error: JSON not well-formed. (%s): %.*s", why.what + at + 4, (int)at,
                           why.what);
}

/* Null is nowhere allowed; the error says where it stands. */
static bool find_null(const json_t *node, struct buf *path)
{
    size_t before = path->n, i;
    const char *key;
    json_t *value;

    if (json_is_null(node))
        return true;
    json_object_foreach((json_t *)node, key, value)
    {
        buf_printf(path, "/%s", key);
        if (find_null(value, path))
            return true;
        path->n = before;
    }
    json_array_foreach(node, i, value)
    {
        buf_printf(path, "/%zu", i);
        if (find_null(value, path))
            return true;
        path->n = before;
    }
    return false;
}

static res refuse_null(struct parse *p, const json_t *tree)
{
    struct buf path;
    res done = OK;

    buf_init(&path, 1 << 17);
    if (find_null(tree, &path))
        done = reject(p->e, "[%.*s] 'null' values are not allowed in templates", FMT(buf_str(&path)));
    buf_done(&path);
    return done;
}

/* ---- what sections share ---- */

static bool is_alphanumeric(str s)
{
    return s.n > 0 && s.n <= NAME_MAX_BYTES &&
           str_all(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
}

static bool is_one_of(str s, const char *const *words)
{
    for (; *words; words++)
        if (str_eq(s, str_z(*words)))
            return true;
    return false;
}

/* A section that is a map of at most `most` members; NULL when it is not there. */
static res section(struct parse *p, const char *name, const char *plural, size_t most, const json_t **out)
{
    *out = json_object_get(p->t->tree, name);
    if (*out && !json_is_object(*out))
        return reject(p->e, "Template format error: %s section must be an object.", name);
    if (json_object_size(*out) > most)
        return reject(p->e, "Template format error: Number of %s, %zu, is greater than maximum allowed, %zu", plural,
                      json_object_size(*out), most);
    return OK;
}

/* A member that must be a text when it is there. */
static res text_member(struct parse *p, const json_t *object, const char *key, str *out)
{
    const json_t *v = json_object_get(object, key);

    *out = json_str(v);
    if (v && !json_is_string(v))
        return reject(p->e, "Template format error: Every %s member must be a string.", key);
    return OK;
}

/* A member that must be a scalar when it is there: "5", 5 and true are texts to CloudFormation. */
static res scalar_member(struct parse *p, const json_t *object, const char *key, str *out)
{
    const json_t *v = json_object_get(object, key);

    *out = template_text(p->a, v);
    if (v && !str_is(*out))
        return reject(p->e, "Template format error: Every %s member must be a string.", key);
    return OK;
}

static res object_member(struct parse *p, const json_t *object, const char *key, const json_t **out)
{
    *out = json_object_get(object, key);
    if (*out && !json_is_object(*out))
        return reject(p->e, "Template format error: Every %s member must be an object.", key);
    return OK;
}

static res only_members(struct parse *p, const json_t *object, const char *const *words, const char *what)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        if (!is_one_of(str_z(key), words))
            return reject(p->e, "Invalid template %s property '%s'", what, key);
    }
    return OK;
}

/* ---- the head ---- */

static res refuse_extensions(struct parse *p)
{
    const json_t *transform = json_object_get(p->t->tree, "Transform");
    str name = json_is_array(transform) ? json_str(json_array_get(transform, 0)) : json_str(transform);

    if (transform)
        return reject(p->e, "Template error: the transform %.*s is not supported: no macros are run here.", FMT(name));
    if (json_object_get(p->t->tree, "Hooks"))
        return reject(p->e, "Template error: the Hooks section is not supported.");
    return OK;
}

static res check_members(struct parse *p)
{
    static const char *const known[] = {"AWSTemplateFormatVersion",
                                        "Description",
                                        "Metadata",
                                        "Parameters",
                                        "Rules",
                                        "Mappings",
                                        "Conditions",
                                        "Transform",
                                        "Hooks",
                                        "Resources",
                                        "Outputs",
                                        NULL};
    const char *key;
    json_t *value;
    struct buf bad;
    res done = OK;

    buf_init(&bad, 300);
    json_object_foreach((json_t *)p->t->tree, key, value)
    {
        if (!is_one_of(str_z(key), known))
            buf_printf(&bad, "%s%s", bad.n ? ", " : "", key);
    }
    if (bad.n || bad.full)
        done = reject(p->e, "Invalid template property or properties [%.*s]", FMT(buf_str(&bad)));
    buf_done(&bad);
    return done;
}

static res parse_head(struct parse *p)
{
    const json_t *version = json_object_get(p->t->tree, "AWSTemplateFormatVersion");

    TRY(check_members(p));
    if (version && !str_eq(template_text(p->a, version), S("2010-09-09")))
        return reject(p->e, "Template format error: %.*s is not a supported value for AWSTemplateFormatVersion.",
                      FMT(template_text(p->a, version)));
    TRY(text_member(p, p->t->tree, "Description", &p->t->description));
    if (p->t->description.n > 1024)
        return reject(p->e, "Template format error: 'Description' length is greater than 1024");
    TRY(object_member(p, p->t->tree, "Metadata", &p->t->metadata));
    return refuse_extensions(p);
}

/* ---- Parameters ---- */

static res parse_allowed(struct parse *p, const json_t *v, const json_t **out)
{
    json_t *texts, *one;
    size_t i;

    *out = NULL;
    if (!v)
        return OK;
    if (!json_is_array(v))
        return reject(p->e, "Template format error: Every AllowedValues member must be a list.");
    texts = json_array();
    arena_defer(p->a, (void (*)(void *))json_decref, texts);
    json_array_foreach(v, i, one)
    {
        str text = template_text(p->a, one);
        if (!str_is(text))
            return reject(p->e, "Template format error: Every AllowedValues value must be a string.");
        json_array_append_new(texts, json_stringn(text.p, text.n));
    }
    *out = texts;
    return OK;
}

static res bound(struct parse *p, const json_t *v, const char *key, str *out)
{
    double number;

    TRY(scalar_member(p, v, key, out));
    if (str_is(*out) && !str_to_double(*out, &number))
        return reject(p->e, "Template format error: Every %s member must be a number.", key);
    return OK;
}

static res parse_no_echo(struct parse *p, const json_t *v, bool *out)
{
    str text = template_text(p->a, json_object_get(v, "NoEcho"));

    *out = str_eq_nocase(text, S("true"));
    if (json_object_get(v, "NoEcho") && !*out && !str_eq_nocase(text, S("false")))
        return reject(p->e, "Template format error: Every NoEcho member must be a boolean.");
    return OK;
}

static res parse_parameter(struct parse *p, str name, const json_t *v, struct template_parameter *out)
{
    static const char *const known[] = {
        "Type",      "Default",  "AllowedValues", "AllowedPattern", "ConstraintDescription", "MinLength",
        "MaxLength", "MinValue", "MaxValue",      "NoEcho",         "Description",           NULL};

    if (!is_alphanumeric(name))
        return reject(p->e, "Template format error: Parameter name %.*s is non alphanumeric.", FMT(name));
    if (!json_is_object(v))
        return reject(p->e, "Template format error: Any Parameters member must be an object.");
    TRY(only_members(p, v, known, "parameter"));
    out->name = name;
    TRY(text_member(p, v, "Type", &out->type));
    if (str_empty(out->type))
        return reject(p->e, "Template format error: Every Parameters object must contain a Type member.");
    if (!template_type_known(out->type))
        return reject(p->e, "Template format error: Unrecognized parameter type: %.*s", FMT(out->type));
    TRY(text_member(p, v, "Description", &out->description));
    TRY(text_member(p, v, "ConstraintDescription", &out->constraint_description));
    TRY(text_member(p, v, "AllowedPattern", &out->allowed_pattern));
    TRY(scalar_member(p, v, "Default", &out->fallback));
    TRY(parse_allowed(p, json_object_get(v, "AllowedValues"), &out->allowed));
    TRY(bound(p, v, "MinLength", &out->min_length));
    TRY(bound(p, v, "MaxLength", &out->max_length));
    TRY(bound(p, v, "MinValue", &out->min_value));
    TRY(bound(p, v, "MaxValue", &out->max_value));
    return parse_no_echo(p, v, &out->no_echo);
}

static res parse_parameters(struct parse *p)
{
    const json_t *all;
    const char *key;
    json_t *v;

    TRY(section(p, "Parameters", "parameters", PARAMETERS_MAX, &all));
    p->t->parameters = ARENA_ARRAY(p->a, struct template_parameter, json_object_size(all));
    json_object_foreach((json_t *)all, key, v)
        TRY(parse_parameter(p, str_z(key), v, &p->t->parameters[p->t->n_parameters++]));
    return OK;
}

/* ---- Mappings, Conditions, Rules ---- */

static bool is_mapped(const json_t *v)
{
    const json_t *one;
    size_t i;

    if (!json_is_array(v))
        return v && !json_is_object(v);
    json_array_foreach(v, i, one)
    {
        if (json_is_object(one) || json_is_array(one))
            return false;
    }
    return true;
}

static res parse_mapping(struct parse *p, const char *name, const json_t *mapping)
{
    const char *top, *second;
    json_t *v, *attribute;

    if (!is_alphanumeric(str_z(name)))
        return reject(p->e, "Template format error: Mappings name '%s' is non alphanumeric.", name);
    if (!json_is_object(mapping))
        return reject(p->e, "Template format error: Every Mappings member %s must be a map", name);
    json_object_foreach((json_t *)mapping, top, v)
    {
        if (!json_is_object(v))
            return reject(p->e, "Template format error: Every Mappings member %s must be a map", top);
        json_object_foreach(v, second, attribute)
        {
            if (!is_mapped(attribute))
                return reject(p->e, "Template format error: Every Mappings attribute must be a String or a List.");
        }
    }
    return OK;
}

static res parse_mappings(struct parse *p)
{
    const char *key;
    json_t *v;

    TRY(section(p, "Mappings", "mappings", MAPPINGS_MAX, &p->t->mappings));
    json_object_foreach((json_t *)p->t->mappings, key, v) TRY(parse_mapping(p, key, v));
    return OK;
}

static res parse_conditions(struct parse *p)
{
    const char *key;
    json_t *v;

    TRY(section(p, "Conditions", "conditions", SIZE_MAX, &p->t->conditions));
    json_object_foreach((json_t *)p->t->conditions, key, v)
    {
        if (str_empty(str_z(key)) || str_z(key).n > NAME_MAX_BYTES)
            return reject(p->e, "Template format error: Condition name %.*s must have 1 to 255 characters.", 40, key);
        if (!json_is_object(v))
            return reject(p->e, "Template format error: Every Conditions member must be a function.");
        TRY(template_check_functions(p->t, v, IN_CONDITIONS, p->e));
    }
    return OK;
}

static res parse_rule(struct parse *p, const char *name, const json_t *rule)
{
    static const char *const known[] = {"RuleCondition", "Assertions", NULL};
    static const char *const known_inside[] = {"Assert", "AssertDescription", NULL};
    const json_t *assertions = json_object_get(rule, "Assertions"), *one;
    size_t i;
    str text;

    if (!json_is_object(rule) || !json_is_array(assertions) || json_array_size(assertions) == 0)
        return reject(p->e, "Template format error: Rule %s must be an object with a list of Assertions.", name);
    TRY(only_members(p, rule, known, "rule"));
    if (json_object_get(rule, "RuleCondition"))
        TRY(template_check_functions(p->t, json_object_get(rule, "RuleCondition"), IN_RULES, p->e));
    json_array_foreach(assertions, i, one)
    {
        if (!json_is_object(json_object_get(one, "Assert")))
            return reject(p->e, "Template format error: Every Assertions member of rule %s must have an Assert.", name);
        TRY(only_members(p, one, known_inside, "assertion"));
        TRY(text_member(p, one, "AssertDescription", &text));
        TRY(template_check_functions(p->t, json_object_get(one, "Assert"), IN_RULES, p->e));
    }
    return OK;
}

static res parse_rules(struct parse *p)
{
    const char *key;
    json_t *v;

    TRY(section(p, "Rules", "rules", SIZE_MAX, &p->t->rules));
    json_object_foreach((json_t *)p->t->rules, key, v) TRY(parse_rule(p, key, v));
    return OK;
}

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

    return is_one_of(type, types);
}

static res parse_policies(struct parse *p, const json_t *v, struct template_resource *out)
{
    static const char *const deletion[] = {"Delete", "Retain", "RetainExceptOnCreate", "Snapshot", NULL};
    static const char *const replace[] = {"Delete", "Retain", "Snapshot", NULL};

    TRY(text_member(p, v, "DeletionPolicy", &out->deletion_policy));
    TRY(text_member(p, v, "UpdateReplacePolicy", &out->update_replace_policy));
    if (str_is(out->deletion_policy) && !is_one_of(out->deletion_policy, deletion))
        return reject(p->e, "Template error: Unrecognized DeletionPolicy %.*s for resource %.*s",
                      FMT(out->deletion_policy), FMT(out->id));
    if (str_is(out->update_replace_policy) && !is_one_of(out->update_replace_policy, replace))
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

    if (!is_alphanumeric(id))
        return reject(p->e, "Template format error: Resource name %.*s is non alphanumeric.", FMT(id));
    if (!json_is_object(v))
        return reject(p->e, "Template format error: Any Resources member must be an object.");
    if (str_empty(json_str_at(v, "Type")))
        return reject(p->e,
                      "Template format error: [/Resources/%.*s] Every Resources object must contain a Type member.",
                      FMT(id));
    TRY(only_members(p, v, known, "resource"));
    if (template_parameter_find(p->t, id))
        return reject(p->e, "Template format error: %.*s is the name of a parameter and of a resource.", FMT(id));
    out->id = id;
    out->type = json_str_at(v, "Type");
    TRY(text_member(p, v, "Condition", &out->condition));
    TRY(object_member(p, v, "Properties", &out->properties));
    TRY(object_member(p, v, "Metadata", &out->metadata));
    TRY(object_member(p, v, "CreationPolicy", &out->creation_policy));
    TRY(object_member(p, v, "UpdatePolicy", &out->update_policy));
    TRY(parse_depends_on(p, json_object_get(v, "DependsOn"), &out->depends_on));
    return parse_policies(p, v, out);
}

static res parse_resources(struct parse *p)
{
    const json_t *all;
    const char *key;
    json_t *v;
    struct template_resource *r;

    TRY(section(p, "Resources", "resources", RESOURCES_MAX, &all));
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
static res check_resources(struct parse *p)
{
    for (size_t i = 0; i < p->t->n_resources; i++) {
        const struct template_resource *r = &p->t->resources[i];
        TRY(template_check_functions(p->t, r->properties, IN_VALUES, p->e));
        TRY(template_check_functions(p->t, r->metadata, IN_VALUES, p->e));
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

    if (!is_alphanumeric(name))
        return reject(p->e, "Template format error: Output name %.*s is non alphanumeric.", FMT(name));
    if (!json_is_object(v) || !json_object_get(v, "Value"))
        return reject(p->e, "Template format error: Every Outputs member must contain a Value object");
    TRY(only_members(p, v, known, "output"));
    out->name = name;
    out->value = json_object_get(v, "Value");
    TRY(text_member(p, v, "Description", &out->description));
    TRY(text_member(p, v, "Condition", &out->condition));
    TRY(object_member(p, v, "Export", &export));
    out->export_name = json_object_get(export, "Name");
    if (export && (!out->export_name || json_object_size(export) != 1))
        return reject(p->e, "Template format error: Output %.*s is malformed. An Export member must contain a Name.",
                      FMT(name));
    if (str_is(out->condition) && template_condition_at(p->t, out->condition) < 0)
        return reject(
            p->e, "Template format error: Unresolved condition dependency %.*s in the Outputs block of the template",
            FMT(out->condition));
    TRY(template_check_functions(p->t, out->value, IN_VALUES, p->e));
    return template_check_functions(p->t, out->export_name, IN_VALUES, p->e);
}

static res parse_outputs(struct parse *p)
{
    const json_t *all;
    const char *key;
    json_t *v;

    TRY(section(p, "Outputs", "outputs", OUTPUTS_MAX, &all));
    p->t->outputs = ARENA_ARRAY(p->a, struct template_output, json_object_size(all));
    json_object_foreach((json_t *)all, key, v) TRY(parse_output(p, str_z(key), v, &p->t->outputs[p->t->n_outputs++]));
    return OK;
}

/* ---- all of it ---- */

static json_t *index_of(struct parse *p, const json_t *section_of_text)
{
    json_t *index = json_object(), *v;
    const char *key;
    json_int_t n = 0;

    arena_defer(p->a, (void (*)(void *))json_decref, index);
    json_object_foreach((json_t *)section_of_text, key, v) json_object_set_new(index, key, json_integer(n++));
    return index;
}

res template_parse(struct arena *a, str text, struct err *e, struct template **out)
{
    struct parse p = {a, e, ARENA_NEW(a, struct template)};
    json_t *tree;

    TRY(read_text(&p, text, &tree));
    if (!json_is_object(tree))
        return reject(e, "Template format error: unsupported structure.");
    p.t->tree = tree;
    TRY(refuse_null(&p, tree));
    TRY(parse_head(&p));
    p.t->parameter_index = index_of(&p, json_object_get(tree, "Parameters"));
    p.t->resource_index = index_of(&p, json_object_get(tree, "Resources"));
    p.t->condition_index = index_of(&p, json_object_get(tree, "Conditions"));
    TRY(parse_parameters(&p));
    TRY(parse_mappings(&p));
    TRY(parse_resources(&p));
    TRY(parse_conditions(&p));
    TRY(parse_rules(&p));
    TRY(check_resources(&p));
    TRY(parse_outputs(&p));
    TRY(template_check_references(a, p.t, e));
    TRY(template_order_conditions(a, p.t, e));
    TRY(template_check_circles(a, p.t, e));
    *out = p.t;
    return OK;
}

struct template_parameter *template_parameter_find(const struct template *t, str name)
{
    const json_t *at = json_object_getn(t->parameter_index, name.p ? name.p : "", name.n);

    return at ? &t->parameters[json_integer_value(at)] : NULL;
}

struct template_resource *template_resource_find(const struct template *t, str id)
{
    const json_t *at = json_object_getn(t->resource_index, id.p ? id.p : "", id.n);

    return at ? &t->resources[json_integer_value(at)] : NULL;
}
