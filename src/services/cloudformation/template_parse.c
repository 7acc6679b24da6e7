/* SPDX-License-Identifier: MIT */
/* From a text to a template: its form, its head, and the order in which its sections are read and checked. */
#include <string.h>

#include "base/yaml.h"
#include "services/cloudformation/template_members.h"

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
        if (!parse_is_one_of(str_z(key), known))
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
    TRY(parse_text(p, p->t->tree, "Description", &p->t->description));
    if (p->t->description.n > 1024)
        return reject(p->e, "Template format error: 'Description' length is greater than 1024");
    TRY(parse_object(p, p->t->tree, "Metadata", &p->t->metadata));
    return refuse_extensions(p);
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

/* Everything that later steps find things by. */
static res read_tree(struct parse *p, json_t *tree)
{
    if (!json_is_object(tree))
        return reject(p->e, "Template format error: unsupported structure.");
    p->t->tree = tree;
    TRY(refuse_null(p, tree));
    TRY(parse_head(p));
    p->t->parameter_index = index_of(p, json_object_get(tree, "Parameters"));
    p->t->resource_index = index_of(p, json_object_get(tree, "Resources"));
    p->t->condition_index = index_of(p, json_object_get(tree, "Conditions"));
    TRY(parse_parameters(p));
    TRY(parse_mappings(p));
    TRY(parse_resources(p));
    TRY(parse_conditions(p));
    TRY(parse_rules(p));
    return parse_outputs(p);
}

res template_parse(struct arena *a, str text, struct err *e, struct template **out)
{
    struct parse p = {a, e, ARENA_NEW(a, struct template), false};
    json_t *tree;

    TRY(read_text(&p, text, &tree));
    TRY(read_tree(&p, tree));
    TRY(parse_resource_functions(&p));
    TRY(template_check_references(a, p.t, e));
    TRY(template_order_conditions(a, p.t, e));
    TRY(template_check_circles(a, p.t, e));
    *out = p.t;
    return OK;
}

res template_reread(struct arena *a, str text, struct err *e, struct template **out)
{
    struct parse p = {a, e, ARENA_NEW(a, struct template), true};
    json_t *tree;

    TRY(json_parse(a, text, e, &tree));
    TRY(read_tree(&p, tree));
    TRY(template_order_conditions(a, p.t, e));
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
