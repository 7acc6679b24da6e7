/* SPDX-License-Identifier: MIT */
/* A template or a stack policy by its URL, in the caller's right. */
#include "api/url_text.h"
#include "cfn_request.h"

res cfn_fetch(struct call *c, str url, const char *what, size_t max_bytes, str *out)
{
    struct url_text t;

    TRY(providers.read_url(c, caller_forward(c, CFN), url, max_bytes, &t));
    *out = t.text;
    switch (t.how) {
    case URL_READ:
        return OK;
    case URL_FOREIGN:
        return fault(c, &cloudformation_ValidationError, "Domain name specified in %.*s is not a valid S3 domain",
                     FMT(t.host));
    case URL_TOO_LONG:
        return fault(c, &cloudformation_ValidationError, "%s may not exceed %zu bytes in size.", what, max_bytes);
    case URL_REFUSED:
        break;
    }
    return fault(c, &cloudformation_ValidationError,
                 "S3 error: %.*s\nFor more information check "
                 "http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
                 FMT(t.denied ? S("Access Denied") : t.why.message));
}
