/* SPDX-License-Identifier: MIT */
/* A text by its URL, as CloudFormation and Service Catalog read templates: from this house's own S3, in the caller's
 * right, never from the network. s3 provides the function (providers.read_url). */
#ifndef BARMKIN_API_URL_TEXT_H
#define BARMKIN_API_URL_TEXT_H
#include "api/call.h"

enum url_how {
    URL_READ,
    URL_FOREIGN,  /* no name of S3 or of this house */
    URL_REFUSED,  /* `why` says what S3 answered */
    URL_TOO_LONG, /* more than what was asked for, or nothing */
};

struct url_text {
    enum url_how how;
    str host, text; /* of the arena */
    struct fault why;
    bool denied;
};

#endif
