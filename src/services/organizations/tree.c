/* SPDX-License-Identifier: MIT */
/* The tree: one root, units below it, accounts as leaves. Records are kept under the management account. */
#include "api/house.h"
#include "organizations_parts.h"

str organizations_management(const struct call *c)
{
    return c->worker->house->management_account;
}

str organizations_root_id(struct call *c)
{
    return arena_printf(c->arena, "r-%.4s", c->worker->house->org_id.p + 2);
}

str organizations_arn(struct call *c, const char *kind, str id)
{
    return arena_printf(c->arena, "arn:%.*s:organizations::%.*s:%s/%.*s/%.*s", FMT(c->worker->house->partition),
                        FMT(organizations_management(c)), kind, FMT(c->worker->house->org_id), FMT(id));
}

bool organizations_is_id(str id, const char *prefix)
{
    static const char small[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    static const char all[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    str rest = str_from(id, str_z(prefix).n);

    if (!str_starts(id, str_z(prefix)))
        return false;
    if (!*prefix)
        return id.n == 12 && str_all(id, "0123456789");
    if (str_eq(str_z(prefix), S("p-")))
        return rest.n >= 8 && rest.n <= 128 && str_all(rest, all);
    if (!str_eq(str_z(prefix), S("ou-")))
        return rest.n >= 4 && rest.n <= 32 && str_all(rest, small);
    str root = str_cut(&rest, '-');
    return root.n >= 4 && root.n <= 32 && str_all(root, small) && rest.n >= 8 && rest.n <= 32 && str_all(rest, small);
}

/* As CreateOrganization leaves it, but that service control policies are on. */
res organizations_root(struct call *c, struct organizations_root **out)
{
    str *types, *scps, id = organizations_root_id(c);

    TRY(organizations_root_load(c, organizations_management(c), id, out));
    if (*out)
        return OK;
    *out = ARENA_NEW(c->arena, struct organizations_root);
    types = ARENA_NEW(c->arena, str);
    scps = ARENA_NEW(c->arena, str);
    *types = organizations_type_name(ORG_SCP);
    *scps = organizations_full_access(ORG_SCP);
    (*out)->at.account = organizations_management(c);
    (*out)->id = id;
    (*out)->policy_types = (struct list_of_str){1, types};
    (*out)->scps = (struct list_of_str){1, scps};
    return OK;
}

static res root_node(struct call *c, struct org_node *out)
{
    struct organizations_root *r;

    TRY(organizations_root(c, &r));
    *out = (struct org_node){ORG_ROOT, r->id, STR_ABSENT, S("Root"), STR_ABSENT, {&r->scps, &r->rcps, &r->tag_policies},
                             &r->tags, r};
    return OK;
}

static res unit_node(struct call *c, str id, struct org_node *out, bool *found)
{
    struct organizations_unit *u;

    TRY(organizations_unit_load(c, organizations_management(c), id, &u));
    *found = u != NULL;
    if (u)
        *out = (struct org_node){
            ORG_UNIT, u->id, STR_ABSENT, u->name, u->parent_id, {&u->scps, &u->rcps, &u->tag_policies}, &u->tags, u};
    return OK;
}

static res account_node(struct call *c, str id, struct org_node *out, bool *found)
{
    struct organizations_account *a;

    TRY(organizations_account_load(c, organizations_management(c), id, &a));
    *found = a && organizations_is_member(a);
    if (*found)
        *out = (struct org_node){
            ORG_ACCOUNT, a->id, STR_ABSENT, a->name, a->parent_id, {&a->scps, &a->rcps, &a->tag_policies}, &a->tags, a};
    return OK;
}

res organizations_node(struct call *c, str id, struct org_node *out, bool *found)
{
    static const char *const kinds[] = {"root", "ou", "account"};

    *out = (struct org_node){0};
    *found = false;
    if (str_eq(id, organizations_root_id(c))) {
        *found = true;
        TRY(root_node(c, out));
    } else if (str_starts(id, S("ou-"))) {
        TRY(unit_node(c, id, out, found));
    } else if (id.n == 12) {
        TRY(account_node(c, id, out, found));
    }
    if (*found)
        out->arn = organizations_arn(c, kinds[out->kind], out->id);
    return OK;
}

res organizations_node_save(struct call *c, struct org_node *node)
{
    switch (node->kind) {
    case ORG_ROOT:
        return organizations_root_save(c, node->record);
    case ORG_UNIT:
        return organizations_unit_save(c, node->record);
    case ORG_ACCOUNT:
        return organizations_account_save(c, node->record);
    case ORG_POLICY:
        return organizations_policy_save(c, node->record);
    default:
        return organizations_resource_policy_save(c, node->record);
    }
}

res organizations_chain(struct call *c, const struct org_node *of, struct org_chain *out)
{
    struct org_node up[ORG_MAX_CHAIN];
    size_t n = 0;
    bool found = true;

    *out = (struct org_chain){0};
    up[n++] = *of;
    while (up[n - 1].kind != ORG_ROOT) {
        if (n == ORG_MAX_CHAIN)
            return oops(&c->err, 0, "%.*s hangs too deep in its organization", FMT(of->id));
        TRY(organizations_node(c, up[n - 1].parent_id, &up[n], &found));
        if (!found) /* a tree with a hole binds nobody by its upper levels: refuse to judge by it */
            return oops(&c->err, 0, "%.*s hangs below nothing", FMT(up[n - 1].id));
        n++;
    }
    while (n)
        out->v[out->n++] = up[--n];
    return OK;
}

/* An account stands in its own path only where AWS lists accounts; in condition keys the path ends above it. */
str organizations_path(struct call *c, const struct org_chain *chain)
{
    str path = arena_printf(c->arena, "%.*s/", FMT(c->worker->house->org_id));

    for (size_t i = 0; i < chain->n && chain->v[i].kind != ORG_ACCOUNT; i++)
        path = arena_printf(c->arena, "%.*s%.*s/", FMT(path), FMT(chain->v[i].id));
    return path;
}

bool organizations_is_member(const struct organizations_account *a)
{
    return a->parent_id.n > 0;
}
