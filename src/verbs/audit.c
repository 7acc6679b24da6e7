/* SPDX-License-Identifier: MIT */
/* barmkin audit verify: proves that nothing was cut from the audit log, with a vault of its own for the seals. Search:
 * audit_search.c. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "roles.h"
#include "store/audit.h"
#include "vault/vault.h"
#include "verbs/verbs.h"

static res mac(void *ctx, str bytes, uint8_t out[AUDIT_MAC_BYTES], struct err *e)
{
    return vault_mac(ctx, S("audit"), bytes, out, e);
}

/* How far the store knows the chain to have come; read first, so that what a running server adds does not matter. */
static res read_anchor(const struct state *s, struct arena *a, struct audit_head *out, struct err *e)
{
    struct store *store;
    struct txn *t;

    TRY(store_open(state_path(s, a, "front"), false, &store, e));
    res r = store_begin(store, false, &t, e);
    if (is_ok(r)) {
        r = audit_anchor(t, out, e);
        txn_rollback(t);
    }
    store_close(store);
    return r;
}

static res with_vault(const struct state *s, int control, struct arena *a, const struct audit_head *anchor,
                      struct audit_report *report, struct err *e)
{
    int fd;

    TRY(roles_vault_pipes(control, &fd, 1, e));
    struct vault *v = vault_client_new(fd);
    struct audit_mac sealer = {mac, v};
    res r = audit_verify(state_path(s, a, "front/audit"), sealer, anchor, report, e);
    vault_client_free(v);
    return r;
}

static res verify(const struct state *s, struct arena *a, struct audit_report *report, struct err *e)
{
    struct audit_head anchor;
    pid_t vault;
    int control;

    TRY(read_anchor(s, a, &anchor, e));
    TRY(roles_start_vault(s, -1, &vault, &control, e));
    res r = with_vault(s, control, a, &anchor, report, e);
    close(control); /* ends it */
    waitpid(vault, NULL, 0);
    return r;
}

static void print_json(const struct audit_report *r)
{
    struct buf b;

    buf_init(&b, 1 << 16);
    buf_printf(
        &b,
        "{\"intact\":%s,\"lines\":%llu,\"seals\":%llu,\"unsealed\":%llu,\"torn_bytes\":%zu,\"head\":{\"seq\":%llu,"
        "\"hash\":\"%s\"}",
        r->intact ? "true" : "false", (unsigned long long)r->lines, (unsigned long long)r->seals,
        (unsigned long long)r->unsealed, r->torn_bytes, (unsigned long long)r->head.seq, r->head.hash);
    if (!r->intact) {
        buf_add_z(&b, ",\"broken\":{\"file\":");
        buf_add_json_str(&b, str_z(r->file));
        buf_printf(&b, ",\"line\":%llu,\"why\":", (unsigned long long)r->line);
        buf_add_json_str(&b, str_z(r->why));
        buf_add_char(&b, '}');
    }
    buf_add_z(&b, "}\n");
    fwrite(b.p, 1, b.n, stdout);
    buf_done(&b);
}

static void print_text(const struct audit_report *r)
{
    if (!r->intact)
        printf("BROKEN at %s line %llu: %s\n", r->file, (unsigned long long)r->line, r->why);
    else
        printf("Intact: every line chains to the one before it, from the first on, and every seal is the vault's.\n");
    printf("%llu lines, %llu seals, up to line %llu (%s)\n", (unsigned long long)r->lines, (unsigned long long)r->seals,
           (unsigned long long)r->head.seq, r->head.hash);
    if (r->unsealed)
        printf("The last %llu records are chained but not sealed yet: only the chain speaks for them.\n",
               (unsigned long long)r->unsealed);
    if (r->torn_bytes)
        printf("An unfinished line of %zu bytes stands at the end: a crash, or a server that is writing.\n",
               r->torn_bytes);
}

int verb_audit(struct options *o, struct err *e)
{
    struct audit_report report = {0};
    struct state s;
    bool search = o->n_words == 1 && strcmp(o->words[0], "search") == 0;

    if (o->n_words != 1 || (!search && strcmp(o->words[0], "verify") != 0))
        return EXIT_USAGE;
    if (geteuid() != 0) {
        reject(e, "audit %s needs root: the log and the vault's folder belong to their roles", o->words[0]);
        return EXIT_PRECONDITION;
    }
    if (!is_ok(state_load(arena_z(o->arena, options_state(o)), o->arena, &s, e)))
        return EXIT_NOT_FOUND;
    if (search)
        return audit_search(o, state_path(&s, o->arena, "front/audit"), e);
    if (!is_ok(verify(&s, o->arena, &report, e)))
        return EXIT_FAILED;
    if (o->json)
        print_json(&report);
    else
        print_text(&report);
    return report.intact ? EXIT_DONE : EXIT_FAILED;
}
