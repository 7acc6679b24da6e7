/* SPDX-License-Identifier: MIT */
/* One question, by ldns. */
#include "runtimes/agent/resolve.h"

#include <ldns/ldns.h>
#include <stdio.h>

#include "base/buf.h"

static ldns_resolver *resolver_of(str address)
{
    char z[64];
    ldns_resolver *r = ldns_resolver_new();
    ldns_rdf *ip = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_A, str_to_z(address, z, sizeof z));
    struct timeval limit = {.tv_sec = 2};

    if (!r || !ip || ldns_resolver_push_nameserver(r, ip) != LDNS_STATUS_OK) {
        ldns_rdf_deep_free(ip);
        ldns_resolver_deep_free(r);
        return NULL;
    }
    ldns_rdf_deep_free(ip); /* pushed as a copy */
    ldns_resolver_set_timeout(r, limit);
    ldns_resolver_set_retry(r, 3);
    ldns_resolver_set_recursive(r, true);
    return r;
}

static size_t add_addresses(struct buf *b, const ldns_rr_list *answers)
{
    size_t n = 0;

    for (size_t i = 0; answers && i < ldns_rr_list_rr_count(answers) && n < 8; i++) {
        const ldns_rr *rr = ldns_rr_list_rr(answers, i);
        const ldns_rdf *ip = ldns_rr_get_type(rr) == LDNS_RR_TYPE_A ? ldns_rr_rdf(rr, 0) : NULL;
        if (!ip || ldns_rdf_size(ip) != 4)
            continue;
        const uint8_t *p = ldns_rdf_data(ip);
        buf_printf(b, "%s%u.%u.%u.%u", n++ ? "," : "", p[0], p[1], p[2], p[3]);
    }
    return n;
}

res resolve_for_curl(str resolver, str host, uint16_t port, char *dst, size_t cap, struct err *e)
{
    char z[256];
    ldns_resolver *r = resolver_of(resolver);
    ldns_rdf *name = ldns_dname_new_frm_str(str_to_z(host, z, sizeof z));
    ldns_pkt *packet = r && name ? ldns_resolver_query(r, name, LDNS_RR_TYPE_A, LDNS_RR_CLASS_IN, LDNS_RD) : NULL;
    struct buf b;
    res out = OK;

    buf_init(&b, cap - 1);
    buf_printf(&b, "%s:%u:", z, port);
    if (!packet)
        out = oops(e, 0, "the resolver %.*s does not answer for %s", FMT(resolver), z);
    else if (add_addresses(&b, ldns_pkt_answer(packet)) == 0)
        out = reject(e, "could not connect to the endpoint: the name %s does not exist in this VPC", z);
    str_to_z(buf_str(&b), dst, cap);
    buf_done(&b);
    ldns_pkt_free(packet);
    ldns_rdf_deep_free(name);
    ldns_resolver_deep_free(r);
    return out;
}
