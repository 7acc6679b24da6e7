/* SPDX-License-Identifier: MIT */
/* Which names the house's CA may vouch for. One table makes both the CA's constraints and the check before signing. */
#include "crypto/x509.h"

#include <arpa/inet.h>
#include <string.h>

#include "crypto/names.h"

/* Everything that answers here under a name of its own. A user's own domains are absent on purpose: whoever trusts this
 * CA trusts it for these and for nothing else. */
static const str permitted_domains[] = {
    S("amazonaws.com"), S("sagemaker.aws"), S("api.aws"), S("barmkin.internal"), S("aws.barmkin"), S("localhost"),
};

str names_constraint(struct arena *a)
{
    str text = S("critical,permitted;IP:127.0.0.0/255.0.0.0,permitted;IP:0:0:0:0:0:0:0:1/"
                 "FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF");

    for (size_t i = 0; i < sizeof permitted_domains / sizeof *permitted_domains; i++)
        text = arena_cat(a, text, arena_cat(a, S(",permitted;DNS:"), permitted_domains[i]));
    return text;
}

bool names_is_address(str name)
{
    struct in6_addr any;
    char z[64];

    if (name.n >= sizeof z || memchr(name.p, '\0', name.n))
        return false;
    str_to_z(name, z, sizeof z);
    return inet_pton(AF_INET, z, &any) == 1 || inet_pton(AF_INET6, z, &any) == 1;
}

static bool address_permitted(str name)
{
    struct in6_addr six;
    struct in_addr four;
    char z[64];

    str_to_z(name, z, sizeof z);
    if (inet_pton(AF_INET, z, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, z, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* RFC 5280 section 4.2.1.6: the preferred name syntax of RFC 1034, lower case; underscores are not among it. */
static bool label_ok(str label)
{
    return label.n >= 1 && label.n <= 63 && str_all(label, "abcdefghijklmnopqrstuvwxyz0123456789-") &&
           label.p[0] != '-' && label.p[label.n - 1] != '-';
}

static bool dns_name_ok(str name)
{
    if (str_starts(name, S("*.")))
        name = str_from(name, 2);
    if (name.n < 1 || name.n > 253)
        return false;
    while (str_is(name))
        if (!label_ok(str_cut(&name, '.')))
            return false;
    return true;
}

bool x509_name_permitted(str name)
{
    if (!name.n)
        return false;
    if (names_is_address(name))
        return address_permitted(name);
    if (!dns_name_ok(name))
        return false;
    for (size_t i = 0; i < sizeof permitted_domains / sizeof *permitted_domains; i++) {
        str domain = permitted_domains[i];
        if (str_eq(name, domain))
            return true;
        if (str_ends(name, domain) && name.p[name.n - domain.n - 1] == '.')
            return true;
    }
    return false;
}
