/* SPDX-License-Identifier: MIT */
/* What no account here ever has: passwords, MFA devices, certificates, SSH keys, identity providers. Nothing makes them
 * (their Create operations are absent), so what asks for them is told, truly and in AWS's words, that there are none:
 * tools that audit an account, or take a user away, ask before they go on. */
#include "iam_names.h"

static struct iam_never_list none(struct call *c)
{
    return (struct iam_never_list){0, ARENA_ARRAY(c->arena, struct iam_never, 1)}; /* there, and empty */
}

res iam_list_mfa_devices(struct call *c, const struct iam_list_mfa_devices_in *in, struct iam_list_mfa_devices_out *out)
{
    (void)in;
    out->mfa_devices = none(c);
    out->is_truncated = SET_BOOL(false);
    return OK;
}

res iam_list_virtual_mfa_devices(struct call *c, const struct iam_list_virtual_mfa_devices_in *in,
                                 struct iam_list_virtual_mfa_devices_out *out)
{
    (void)in;
    out->virtual_mfa_devices = none(c);
    out->is_truncated = SET_BOOL(false);
    return OK;
}

res iam_list_ssh_public_keys(struct call *c, const struct iam_list_ssh_public_keys_in *in,
                             struct iam_list_ssh_public_keys_out *out)
{
    (void)in;
    out->ssh_public_keys = none(c);
    out->is_truncated = SET_BOOL(false);
    return OK;
}

res iam_list_signing_certificates(struct call *c, const struct iam_list_signing_certificates_in *in,
                                  struct iam_list_signing_certificates_out *out)
{
    (void)in;
    out->certificates = none(c);
    out->is_truncated = SET_BOOL(false);
    return OK;
}

res iam_list_service_specific_credentials(struct call *c, const struct iam_list_service_specific_credentials_in *in,
                                          struct iam_list_service_specific_credentials_out *out)
{
    (void)in;
    out->service_specific_credentials = none(c);
    return OK;
}

res iam_list_server_certificates(struct call *c, const struct iam_list_server_certificates_in *in,
                                 struct iam_list_server_certificates_out *out)
{
    out->server_certificate_metadata_list = none(c);
    out->is_truncated = SET_BOOL(false);
    return iam_check_prefix(c, in->path_prefix);
}

res iam_list_saml_providers(struct call *c, const struct iam_list_saml_providers_in *in,
                            struct iam_list_saml_providers_out *out)
{
    (void)in;
    out->saml_provider_list = none(c);
    return OK;
}

res iam_list_open_id_connect_providers(struct call *c, const struct iam_list_open_id_connect_providers_in *in,
                                       struct iam_list_open_id_connect_providers_out *out)
{
    (void)in;
    out->open_id_connect_provider_list = none(c);
    return OK;
}

/* ---- passwords ---- */

static res no_login(struct call *c)
{
    return fault(c, &iam_NoSuchEntity, "Login Profile for User %.*s cannot be found.",
                 FMT(((const struct iam_user *)c->subject)->user_name));
}

res iam_get_login_profile(struct call *c, const struct iam_get_login_profile_in *in,
                          struct iam_get_login_profile_out *out)
{
    (void)in, (void)out;
    return no_login(c);
}

res iam_delete_login_profile(struct call *c, const struct iam_delete_login_profile_in *in,
                             struct iam_delete_login_profile_out *out)
{
    (void)in, (void)out;
    return no_login(c);
}

static res no_password_policy(struct call *c)
{
    return fault(c, &iam_NoSuchEntity, "The Password Policy with domain name %.*s cannot be found.",
                 FMT(c->caller->account));
}

res iam_get_account_password_policy(struct call *c, const struct iam_get_account_password_policy_in *in,
                                    struct iam_get_account_password_policy_out *out)
{
    (void)in, (void)out;
    return no_password_policy(c);
}

res iam_delete_account_password_policy(struct call *c, const struct iam_delete_account_password_policy_in *in,
                                       struct iam_delete_account_password_policy_out *out)
{
    (void)in, (void)out;
    return no_password_policy(c);
}
