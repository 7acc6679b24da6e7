/* SPDX-License-Identifier: MIT */
/* The members that every section is made of, and what is wrong with them. */
#include "services/cloudformation/template_members.h"

bool parse_is_alphanumeric(str s)
{
    return s.n > 0 && s.n <= NAME_MAX_BYTES &&
           str_all(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
}

bool parse_is_one_of(str s, const char *const *words)
{
    for (; *words; words++)
        if (str_eq(s, str_z(*words)))
            return true;
    return false;
}

res parse_section(struct parse *p, const char *name, const char *plural, size_t most, const json_t **out)
{
    *out = json_object_get(p->t->tree, name);
    if (*out && !json_is_object(*out))
        return reject(p->e, "Template format error: %s section must be an object.", name);
    if (json_object_size(*out) > most)
        return reject(p->e, "Template format error: Number of %s, %zu, is greater than maximum allowed, %zu", plural,
                      json_object_size(*out), most);
    return OK;
}

res parse_text(struct parse *p, const json_t *object, const char *key, str *out)
{
    const json_t *v = json_object_get(object, key);

    *out = json_str(v);
    if (v && !json_is_string(v))
        return reject(p->e, "Template format error: Every %s member must be a string.", key);
    return OK;
}

res parse_scalar(struct parse *p, const json_t *object, const char *key, str *out)
{
    const json_t *v = json_object_get(object, key);

    *out = template_text(p->a, v);
    if (v && !str_is(*out))
        return reject(p->e, "Template format error: Every %s member must be a string.", key);
    return OK;
}

res parse_object(struct parse *p, const json_t *object, const char *key, const json_t **out)
{
    *out = json_object_get(object, key);
    if (*out && !json_is_object(*out))
        return reject(p->e, "Template format error: Every %s member must be an object.", key);
    return OK;
}

res parse_only(struct parse *p, const json_t *object, const char *const *words, const char *what)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        if (!parse_is_one_of(str_z(key), words))
            return reject(p->e, "Invalid template %s property '%s'", what, key);
    }
    return OK;
}

res parse_functions(struct parse *p, const json_t *node, enum place where)
{
    return p->again ? OK : template_check_functions(p->t, node, where, p->e);
}
