/* SPDX-License-Identifier: MIT */
/* Tag policies: what they may say, and what the policies above an account amount to. */
#include "base/json.h"
#include "organizations_parts.h"

res organizations_tag_policy_check(struct call *c, str content)
{
    json_t *j;
    struct err why = {0};

    if (!is_ok(json_parse(c->arena, content, &why, &j)) || !json_is_object(j))
        return fault(c, &organizations_MalformedPolicyDocumentException,
                     "The provided policy document is no JSON object.");
    return OK;
}
