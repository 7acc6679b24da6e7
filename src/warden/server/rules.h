/* SPDX-License-Identifier: MIT */
/* A VPC's nftables ruleset: text made of a plan's numbers only, loaded whole or not at all. */
#ifndef BARMKIN_WARDEN_SERVER_RULES_H
#define BARMKIN_WARDEN_SERVER_RULES_H
#include "warden/plan.h"
#include "warden/server/server.h"

enum { RULES_TEXT_MAX = 4 * 1024 * 1024, LINK_NAME_BYTES = 16 };

/* The router's end of an interface's veth pair: bkTAGnnnn, unique within its VPC. */
void rules_link_name(const struct warden *w, uint32_t number, char name[LINK_NAME_BYTES]);

/* The ruleset of a plan. numbers[i] is the link number of plan->interfaces[i], read for workloads only. */
res rules_compile(const struct warden *w, const struct vpc_plan *plan, const uint32_t *numbers, struct buf *out,
                  struct err *e);

/* A VPC's connection to nftables, opened by its first load in the namespace the process is in then, and kept: the
 * kernel makes whoever closes one wait until replaced rules are really gone (15 ms). */
struct nft_ctx;
void rules_close(struct nft_ctx *nft); /* NULL is fine */

/* Replaces the ruleset, atomically: on failure the old one still stands. */
res rules_load(const struct warden *w, struct nft_ctx **nft, struct buf *text, struct err *e);
/* Replaces it by one that drops every packet. */
res rules_load_closed(const struct warden *w, struct nft_ctx **nft, struct err *e);

#endif
