/* SPDX-License-Identifier: MIT */
/* Organizational units, and who hangs below whom. */
#include "api/house.h"
#include "organizations_parts.h"

static res unit_out(struct call *c, const struct organizations_unit *u, struct organizations_unit_out *out)
{
    struct org_node node;
    struct org_chain chain;
    bool found;

    shape_copy(&organizations_unit_shape, u, &organizations_unit_out_shape, out);
    out->arn = organizations_arn(c, "ou", u->id);
    TRY(organizations_node(c, u->id, &node, &found));
    TRY(organizations_chain(c, &node, &chain));
    out->path = organizations_path(c, &chain);
    return OK;
}

static res unit_answer(struct call *c, const struct organizations_unit *u, struct organizations_unit_out **out)
{
    *out = ARENA_NEW(c->arena, struct organizations_unit_out);
    return unit_out(c, u, *out);
}

/* Names are unique among siblings. */
static res check_name(struct call *c, str parent, str name, str self)
{
    struct organizations_unit_page page;

    TRY(organizations_unit_by(c, "parent", parent, organizations_management(c), 10000, &page));
    for (size_t i = 0; i < page.n; i++)
        if (str_eq(page.v[i]->name, name) && !str_eq(page.v[i]->id, self))
            return fault(c, &organizations_DuplicateOrganizationalUnitException,
                         "An OU with the same name exists already in the specified parent.");
    return OK;
}

res organizations_create_organizational_unit(struct call *c,
                                             const struct organizations_create_organizational_unit_in *in,
                                             struct organizations_create_organizational_unit_out *out)
{
    struct organizations_unit *u = ARENA_NEW(c->arena, struct organizations_unit);
    struct org_chain chain;

    TRY(organizations_only_management(c));
    TRY(organizations_check_tags(c, &in->tags));
    TRY(organizations_chain(c, c->subject, &chain));
    if (chain.n > ORG_MAX_UNIT_DEPTH)
        return organizations_because(c, "OU_DEPTH_LIMIT_EXCEEDED",
                                     fault(c, &organizations_ConstraintViolationException,
                                           "You attempted to create an OU tree that is too many levels deep."));
    TRY(check_name(c, in->parent_id, in->name, STR_ABSENT));
    shape_copy(&organizations_create_organizational_unit_in_shape, in, &organizations_unit_shape, u);
    u->at.account = organizations_management(c);
    u->id = call_unique(
        c, arena_z(c->arena, arena_printf(c->arena, "ou-%.*s-", FMT(str_from(organizations_root_id(c), 2)))), 8);
    u->scps = organizations_with(c, &u->scps, organizations_full_access(ORG_SCP));
    TRY(organizations_unit_save(c, u));
    return unit_answer(c, u, &out->organizational_unit);
}

static struct organizations_unit *subject(struct call *c)
{
    return ((const struct org_node *)c->subject)->record;
}

res organizations_update_organizational_unit(struct call *c,
                                             const struct organizations_update_organizational_unit_in *in,
                                             struct organizations_update_organizational_unit_out *out)
{
    struct organizations_unit *u = subject(c);

    TRY(organizations_only_management(c));
    if (str_is(in->name)) {
        TRY(check_name(c, u->parent_id, in->name, u->id));
        u->name = in->name;
        TRY(organizations_unit_save(c, u));
    }
    return unit_answer(c, u, &out->organizational_unit);
}

res organizations_delete_organizational_unit(struct call *c,
                                             const struct organizations_delete_organizational_unit_in *in,
                                             struct organizations_delete_organizational_unit_out *out)
{
    const struct organizations_unit *u = subject(c);
    struct organizations_unit_page units;
    struct organizations_account_page accounts;

    (void)in, (void)out;
    TRY(organizations_only_management(c));
    TRY(organizations_unit_by(c, "parent", u->id, organizations_management(c), 1, &units));
    TRY(organizations_account_by(c, "parent", u->id, organizations_management(c), 1, &accounts));
    if (units.n || accounts.n)
        return fault(
            c, &organizations_OrganizationalUnitNotEmptyException,
            "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child "
            "OUs, and try the operation again.");
    return organizations_unit_drop(c, u);
}

res organizations_describe_organizational_unit(struct call *c,
                                               const struct organizations_describe_organizational_unit_in *in,
                                               struct organizations_describe_organizational_unit_out *out)
{
    (void)in;
    return unit_answer(c, subject(c), &out->organizational_unit);
}

/* ---- children and parents ---- */

/* One page of a parent's children, in order of id; *next is absent at the end. */
static res children(struct call *c, const struct record_type *t, str parent, str token, opt_int max_results,
                    struct record_page *page, str *next)
{
    str after;

    TRY(organizations_after(c, token, &after));
    TRY(record_by_after(c, t, "parent", parent, organizations_management(c), after, organizations_limit(max_results),
                        page));
    if (page->more)
        *next =
            page_token(c, t == &organizations_unit_record ? ((struct organizations_unit *)page->v[page->n - 1])->id
                                                          : ((struct organizations_account *)page->v[page->n - 1])->id);
    return OK;
}

res organizations_list_organizational_units_for_parent(
    struct call *c, const struct organizations_list_organizational_units_for_parent_in *in,
    struct organizations_list_organizational_units_for_parent_out *out)
{
    struct record_page page;

    TRY(children(c, &organizations_unit_record, in->parent_id, in->next_token, in->max_results, &page,
                 &out->next_token));
    out->organizational_units.v = ARENA_ARRAY(c->arena, struct organizations_unit_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        TRY(unit_out(c, page.v[i], &out->organizational_units.v[out->organizational_units.n++]));
    return OK;
}

res organizations_list_accounts_for_parent(struct call *c, const struct organizations_list_accounts_for_parent_in *in,
                                           struct organizations_list_accounts_for_parent_out *out)
{
    struct record_page page;

    TRY(children(c, &organizations_account_record, in->parent_id, in->next_token, in->max_results, &page,
                 &out->next_token));
    out->accounts.v = ARENA_ARRAY(c->arena, struct organizations_account_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        TRY(organizations_account_out(c, page.v[i], &out->accounts.v[out->accounts.n++]));
    return OK;
}

res organizations_list_children(struct call *c, const struct organizations_list_children_in *in,
                                struct organizations_list_children_out *out)
{
    bool units = str_eq(in->child_type, S("ORGANIZATIONAL_UNIT"));
    const struct record_type *t = units ? &organizations_unit_record : &organizations_account_record;
    struct record_page page;

    TRY(children(c, t, in->parent_id, in->next_token, in->max_results, &page, &out->next_token));
    out->children.v = ARENA_ARRAY(c->arena, struct organizations_place, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        out->children.v[out->children.n++] = (struct organizations_place){
            units ? ((struct organizations_unit *)page.v[i])->id : ((struct organizations_account *)page.v[i])->id,
            in->child_type};
    return OK;
}

res organizations_list_parents(struct call *c, const struct organizations_list_parents_in *in,
                               struct organizations_list_parents_out *out)
{
    const struct org_node *child = c->subject;
    struct organizations_place *one = ARENA_NEW(c->arena, struct organizations_place);

    (void)in;
    *one = (struct organizations_place){child->parent_id,
                                        str_starts(child->parent_id, S("r-")) ? S("ROOT") : S("ORGANIZATIONAL_UNIT")};
    out->parents = (struct organizations_place_list){1, one};
    return OK;
}

res organizations_move_account(struct call *c, const struct organizations_move_account_in *in,
                               struct organizations_move_account_out *out)
{
    struct organizations_account *a = ((const struct org_node *)c->subject)->record;

    (void)out;
    TRY(organizations_only_management(c));
    if (!str_eq(a->parent_id, in->source_parent_id))
        return fault(c, &organizations_SourceParentNotFoundException,
                     "The account %.*s is not below the specified source parent.", FMT(a->id));
    if (str_eq(in->source_parent_id, in->destination_parent_id))
        return fault(c, &organizations_DuplicateAccountException,
                     "The account is already present in the specified destination.");
    a->parent_id = in->destination_parent_id;
    return organizations_account_save(c, a);
}
