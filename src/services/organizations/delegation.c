/* SPDX-License-Identifier: MIT */
/* Services that may act in the whole organization, and the members that administer them. */
#include "organizations_parts.h"

static res check_service(struct call *c, str name)
{
    if (str_ends(name, S(".amazonaws.com")) && name.n > 14 && str_all(name, "abcdefghijklmnopqrstuvwxyz0123456789-."))
        return OK;
    return organizations_because(c, "UNRECOGNIZED_SERVICE_PRINCIPAL",
                                 fault(c, &organizations_InvalidInputException,
                                       "You specified a service principal that isn't recognized: %.*s.", FMT(name)));
}

res organizations_enable_aws_service_access(struct call *c, const struct organizations_enable_aws_service_access_in *in,
                                            struct organizations_enable_aws_service_access_out *out)
{
    struct organizations_service *s;

    (void)out;
    TRY(organizations_only_management(c));
    TRY(check_service(c, in->service_principal));
    TRY(organizations_service_load(c, organizations_management(c), in->service_principal, &s));
    if (s)
        return OK;
    s = ARENA_NEW(c->arena, struct organizations_service);
    s->at.account = organizations_management(c);
    s->service_principal = in->service_principal;
    s->date_enabled = SET_TIME(c->now_ms);
    return organizations_service_save(c, s);
}

res organizations_drop_delegations(struct call *c, const char *index, str value)
{
    struct organizations_delegation_page page;

    do {
        TRY(organizations_delegation_by(c, index, value, organizations_management(c), 200, &page));
        for (size_t i = 0; i < page.n; i++)
            TRY(organizations_delegation_drop(c, page.v[i]));
    } while (page.n);
    return OK;
}

/* Who administered the service does so no more. */
res organizations_disable_aws_service_access(struct call *c,
                                             const struct organizations_disable_aws_service_access_in *in,
                                             struct organizations_disable_aws_service_access_out *out)
{
    struct organizations_service *s;

    (void)out;
    TRY(organizations_only_management(c));
    TRY(check_service(c, in->service_principal));
    TRY(organizations_service_load(c, organizations_management(c), in->service_principal, &s));
    if (!s)
        return OK;
    TRY(organizations_drop_delegations(c, "service", in->service_principal));
    return organizations_service_drop(c, s);
}

res organizations_list_aws_service_access_for_organization(
    struct call *c, const struct organizations_list_aws_service_access_for_organization_in *in,
    struct organizations_list_aws_service_access_for_organization_out *out)
{
    struct organizations_service_page page;
    str after;

    TRY(organizations_after(c, in->next_token, &after));
    TRY(organizations_service_list_all(c, organizations_management(c), STR_ABSENT, after,
                                       organizations_limit(in->max_results), &page));
    out->enabled_service_principals.v = ARENA_ARRAY(c->arena, struct organizations_service_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        out->enabled_service_principals.v[out->enabled_service_principals.n++] =
            (struct organizations_service_out){page.v[i]->service_principal, page.v[i]->date_enabled};
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->service_principal);
    return OK;
}

/* ---- delegated administrators ---- */

static str id_of(struct call *c, str account, str service)
{
    return arena_printf(c->arena, "%.*s/%.*s", FMT(account), FMT(service));
}

res organizations_is_delegated(struct call *c, str account, bool *is)
{
    struct organizations_delegation_page page;

    TRY(organizations_delegation_by(c, "account", account, organizations_management(c), 1, &page));
    *is = page.n > 0;
    return OK;
}

static res may_register(struct call *c, const struct organizations_account *a, str service)
{
    struct organizations_service *s;

    if (str_eq(a->id, organizations_management(c)))
        return organizations_because(c, "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
                                     fault(c, &organizations_ConstraintViolationException,
                                           "You cannot register the management account as a delegated administrator."));
    if (!str_eq(a->status, S("ACTIVE")))
        return organizations_because(c, "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
                                     fault(c, &organizations_ConstraintViolationException,
                                           "You cannot register a suspended account as a delegated administrator."));
    TRY(organizations_service_load(c, organizations_management(c), service, &s));
    if (s)
        return OK;
    return organizations_because(c, "SERVICE_ACCESS_NOT_ENABLED",
                                 fault(c, &organizations_ConstraintViolationException,
                                       "Enable access of %.*s first: EnableAWSServiceAccess.", FMT(service)));
}

res organizations_register_delegated_administrator(struct call *c,
                                                   const struct organizations_register_delegated_administrator_in *in,
                                                   struct organizations_register_delegated_administrator_out *out)
{
    const struct organizations_account *a = ((const struct org_node *)c->subject)->record;
    struct organizations_delegation *d;

    (void)out;
    TRY(organizations_only_management(c));
    TRY(check_service(c, in->service_principal));
    TRY(may_register(c, a, in->service_principal));
    str id = id_of(c, a->id, in->service_principal);
    TRY(organizations_delegation_load(c, organizations_management(c), id, &d));
    if (d)
        return fault(c, &organizations_AccountAlreadyRegisteredException,
                     "The provided account is already a delegated administrator for your organization.");
    d = ARENA_NEW(c->arena, struct organizations_delegation);
    d->at.account = organizations_management(c);
    d->id = id;
    d->account_id = a->id;
    d->service_principal = in->service_principal;
    d->delegation_enabled_date = SET_TIME(c->now_ms);
    return organizations_delegation_save(c, d);
}

static res not_registered(struct call *c)
{
    return fault(c, &organizations_AccountNotRegisteredException,
                 "The provided account is not a registered delegated administrator for your organization.");
}

res organizations_deregister_delegated_administrator(
    struct call *c, const struct organizations_deregister_delegated_administrator_in *in,
    struct organizations_deregister_delegated_administrator_out *out)
{
    struct organizations_delegation *d;

    (void)out;
    TRY(organizations_only_management(c));
    TRY(organizations_delegation_load(c, organizations_management(c), id_of(c, in->account_id, in->service_principal),
                                      &d));
    return d ? organizations_delegation_drop(c, d) : not_registered(c);
}

static res add_administrator(struct call *c, const struct organizations_delegation *d,
                             struct organizations_administrator_list *out)
{
    struct organizations_administrator *one = &out->v[out->n];
    struct organizations_account *a;

    if (out->n && str_eq(out->v[out->n - 1].id, d->account_id)) /* by another service of its */
        return OK;
    TRY(organizations_account_load(c, organizations_management(c), d->account_id, &a));
    if (!a)
        return OK;
    shape_copy(&organizations_account_shape, a, &organizations_administrator_shape, one);
    one->arn = organizations_arn(c, "account", a->id);
    one->state = a->status;
    one->delegation_enabled_date = d->delegation_enabled_date;
    out->n++;
    return OK;
}

/* Records lie by account, then service. A page may hold fewer than were asked for while others follow. */
res organizations_list_delegated_administrators(struct call *c,
                                                const struct organizations_list_delegated_administrators_in *in,
                                                struct organizations_list_delegated_administrators_out *out)
{
    struct record_page page;
    size_t limit = organizations_limit(in->max_results);
    str after, master = organizations_management(c);

    TRY(organizations_after(c, in->next_token, &after));
    if (str_is(in->service_principal))
        TRY(record_by_after(c, &organizations_delegation_record, "service", in->service_principal, master, after, limit,
                            &page));
    else
        TRY(record_list(c, &organizations_delegation_record, master, STR_ABSENT, after, limit, &page));
    out->delegated_administrators.v = ARENA_ARRAY(c->arena, struct organizations_administrator, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        TRY(add_administrator(c, page.v[i], &out->delegated_administrators));
    if (page.more) { /* past all services of the last account, so that it is not told twice */
        const struct organizations_delegation *last = page.v[page.n - 1];
        out->next_token = page_token(c, str_is(in->service_principal) ? last->id : id_of(c, last->account_id, S("~")));
    }
    return OK;
}

res organizations_list_delegated_services_for_account(
    struct call *c, const struct organizations_list_delegated_services_for_account_in *in,
    struct organizations_list_delegated_services_for_account_out *out)
{
    struct record_page page;
    str after;

    TRY(organizations_after(c, in->next_token, &after));
    TRY(record_by_after(c, &organizations_delegation_record, "account", in->account_id, organizations_management(c),
                        after, organizations_limit(in->max_results), &page));
    if (!page.n && !str_is(after))
        return not_registered(c);
    out->delegated_services.v = ARENA_ARRAY(c->arena, struct organizations_delegated_service, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        const struct organizations_delegation *d = page.v[i];
        out->delegated_services.v[out->delegated_services.n++] =
            (struct organizations_delegated_service){d->service_principal, d->delegation_enabled_date};
    }
    if (page.more)
        out->next_token = page_token(c, ((struct organizations_delegation *)page.v[page.n - 1])->id);
    return OK;
}
