/* SPDX-License-Identifier: MIT */
/* Wire format by ldns. What is not one plain question is answered from the header alone, without any of it parsed. */
#include "wire/dns.h"

#include <ctype.h>
#include <ldns/ldns.h>
#include <string.h>

enum { HEADER_BYTES = 12, REPLY_MAX_BYTES = 512, EDNS_BYTES = 1232 };

/* A reply that is only a header, with the query's id, opcode and RD. */
static size_t bare_reply(str packet, uint8_t *out, size_t cap, ldns_pkt_rcode rcode)
{
    if (cap < HEADER_BYTES)
        return 0;
    memset(out, 0, HEADER_BYTES);
    memcpy(out, packet.p, 2);
    out[2] = (uint8_t)(0x80 | ((uint8_t)packet.p[2] & 0x79)); /* QR, and what is kept: opcode and RD */
    out[3] = (uint8_t)rcode;
    return HEADER_BYTES;
}

/* The question's name in lower case without its last dot. */
static bool plain_name(const ldns_rdf *owner, struct arena *a, str *name)
{
    char *text = ldns_rdf2str(owner);
    bool ok = text != NULL;

    if (ok) {
        str copy = arena_dup(a, str_z(text));
        for (size_t i = 0; i < copy.n; i++)
            ((char *)(uintptr_t)copy.p)[i] = (char)tolower((unsigned char)copy.p[i]);
        *name = str_ends(copy, S(".")) ? str_sub(copy, 0, copy.n - 1) : copy;
        ok = str_find(*name, '\\') < 0; /* escaped bytes: no name of ours has any */
    }
    LDNS_FREE(text);
    return ok;
}

static void add_address(ldns_pkt *reply, const ldns_rdf *owner, uint32_t ip)
{
    uint8_t bytes[4] = {(uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip};
    ldns_rr *rr = ldns_rr_new();

    ldns_rr_set_owner(rr, ldns_rdf_clone(owner));
    ldns_rr_set_type(rr, LDNS_RR_TYPE_A);
    ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
    ldns_rr_set_ttl(rr, DNS_TTL_S);
    ldns_rr_push_rdf(rr, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_A, sizeof bytes, bytes));
    ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, rr);
}

static void fill(struct arena *a, const ldns_rr *question, const struct dns_zone_fn *zone, ldns_pkt *reply)
{
    uint32_t ips[DNS_ADDRESSES_MAX];
    size_t n = DNS_ADDRESSES_MAX;
    str name;
    ldns_rr_type type = ldns_rr_get_type(question);

    if (ldns_rr_get_class(question) != LDNS_RR_CLASS_IN || type == LDNS_RR_TYPE_AXFR || type == LDNS_RR_TYPE_IXFR) {
        ldns_pkt_set_rcode(reply, LDNS_RCODE_REFUSED);
        return;
    }
    ldns_pkt_set_aa(reply, true);
    if (!plain_name(ldns_rr_owner(question), a, &name) || !zone->lookup(zone->ctx, name, ips, &n)) {
        ldns_pkt_set_rcode(reply, LDNS_RCODE_NXDOMAIN);
        return;
    }
    if (type != LDNS_RR_TYPE_A && type != LDNS_RR_TYPE_ANY)
        return; /* the name exists, such a record of it does not */
    for (size_t i = 0; i < n && i < DNS_ADDRESSES_MAX; i++)
        add_address(reply, ldns_rr_owner(question), ips[i]);
}

static size_t write_out(const ldns_pkt *reply, uint8_t *out, size_t cap)
{
    uint8_t *wire = NULL;
    size_t n = 0;

    if (ldns_pkt2wire(&wire, reply, &n) != LDNS_STATUS_OK || n > cap || n > REPLY_MAX_BYTES)
        n = 0;
    if (n)
        memcpy(out, wire, n);
    LDNS_FREE(wire);
    return n;
}

static ldns_pkt *new_reply(const ldns_pkt *query)
{
    ldns_pkt *reply = ldns_pkt_new();

    ldns_pkt_set_id(reply, ldns_pkt_id(query));
    ldns_pkt_set_qr(reply, true);
    ldns_pkt_set_rd(reply, ldns_pkt_rd(query));
    ldns_pkt_push_rr(reply, LDNS_SECTION_QUESTION, ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_question(query), 0)));
    if (ldns_pkt_edns(query))
        ldns_pkt_set_edns_udp_size(reply, EDNS_BYTES);
    return reply;
}

size_t dns_answer(struct arena *a, str packet, const struct dns_zone_fn *zone, uint8_t *out, size_t cap)
{
    const uint8_t *in = (const uint8_t *)packet.p;
    ldns_pkt *query = NULL;

    if (packet.n < HEADER_BYTES || in[2] & 0x80) /* a reply is never answered: two responders would talk for ever */
        return 0;
    if ((in[2] >> 3 & 15) != LDNS_PACKET_QUERY)
        return bare_reply(packet, out, cap, LDNS_RCODE_NOTIMPL);
    bool one_question = in[4] == 0 && in[5] == 1 && in[6] == 0 && in[7] == 0 && in[8] == 0 && in[9] == 0;
    if (!one_question || ldns_wire2pkt(&query, in, packet.n) != LDNS_STATUS_OK) {
        ldns_pkt_free(query);
        return bare_reply(packet, out, cap, LDNS_RCODE_FORMERR);
    }
    ldns_pkt *reply = new_reply(query);
    fill(a, ldns_rr_list_rr(ldns_pkt_question(query), 0), zone, reply);
    size_t n = write_out(reply, out, cap);
    ldns_pkt_free(reply);
    ldns_pkt_free(query);
    return n ? n : bare_reply(packet, out, cap, LDNS_RCODE_SERVFAIL);
}
