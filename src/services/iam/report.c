/* SPDX-License-Identifier: MIT */
/* The credential report: every user of an account and the state of its access keys, as a table that auditors' tools
 * read. GenerateCredentialReport only notes that it was asked for; GetCredentialReport makes the table of its own
 * snapshot, so it is newer than AWS's, which may be four hours old. */
#include "api/used.h"
#include "base/time.h"
#include "iam_names.h"

enum { REPORT_MAX_BYTES = 6 << 20, USERS_AT_ONCE = 50, FRESH_MS = 4 * 60 * 60 * 1000 };

static const char head[] =
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,"
    "cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n";
static const char no_key[] = ",false,N/A,N/A,N/A,N/A", no_certificates[] = ",false,N/A,false,N/A\n";

/* "2026-11-29T15:00:00+00:00" */
static void add_time(struct buf *b, opt_time when)
{
    char text[TIME_TEXT_BYTES];
    str iso = time_iso(when.ms, text);

    buf_add(b, str_sub(iso, 0, iso.n - 1)); /* without the Z */
    buf_add_z(b, "+00:00");
}

static res add_key(struct call *c, const struct iam_access_key *k, struct buf *b)
{
    struct used_when when;

    TRY(used_find(c, k->access_key_id, &when));
    buf_add_z(b, str_eq(k->status, S("Active")) ? ",true," : ",false,");
    add_time(b, k->create_date);
    if (!when.at_ms) {
        buf_add_z(b, ",N/A,N/A,N/A");
        return OK;
    }
    buf_add_char(b, ',');
    add_time(b, SET_TIME(when.at_ms));
    buf_printf(b, ",%.*s,%.*s", FMT(when.region), FMT(when.service));
    return OK;
}

/* A user's name may hold a comma, and so its ARN. Neither can hold a quote. */
static void add_cell(struct buf *b, str text)
{
    const char *quote = str_find(text, ',') >= 0 ? "\"" : "";

    buf_printf(b, "%s%.*s%s,", quote, FMT(text), quote);
}

static res add_user(struct call *c, const struct iam_user *u, struct buf *b)
{
    struct iam_access_key_page keys;

    TRY(iam_keys_of(c, u->user_name, &keys));
    add_cell(b, u->user_name);
    add_cell(b, u->arn);
    add_time(b, u->create_date);
    buf_add_z(b, ",false,N/A,N/A,N/A,false");
    for (size_t i = 0; i < IAM_MAX_KEYS; i++) {
        if (i < keys.n)
            TRY(add_key(c, keys.v[i], b));
        else
            buf_add_z(b, no_key);
    }
    buf_add_z(b, no_certificates);
    return OK;
}

/* A page at a time, and forgotten: an account may have thousands. */
static res add_users(struct call *c, struct buf *b)
{
    struct arena *mine = c->arena;
    struct iam_user_page page = {.more = true};
    str after = STR_ABSENT;
    res why = OK;

    while (is_ok(why) && page.more) {
        c->arena = arena_new((size_t)16 << 20);
        why = iam_user_list_all(c, STR_ABSENT, STR_ABSENT, after, USERS_AT_ONCE, &page);
        for (size_t i = 0; is_ok(why) && i < page.n; i++)
            why = add_user(c, page.v[i], b);
        after = is_ok(why) && page.n ? arena_dup(mine, page.v[page.n - 1]->user_name) : after;
        arena_free(c->arena);
        c->arena = mine;
    }
    return why;
}

static res find_report(struct call *c, struct iam_credential_report **out)
{
    return iam_credential_report_load(c, STR_ABSENT, S("credentials"), out);
}

res iam_generate_credential_report(struct call *c, const struct iam_generate_credential_report_in *in,
                                   struct iam_generate_credential_report_out *out)
{
    struct iam_credential_report *r;

    (void)in;
    TRY(find_report(c, &r));
    if (r && c->now_ms - r->asked_date.ms < FRESH_MS) {
        out->state = S("COMPLETE");
        return OK;
    }
    out->state = S("STARTED");
    out->description = S("No report exists. Starting a new report generation task");
    if (!r)
        r = ARENA_NEW(c->arena, struct iam_credential_report);
    r->report_id = S("credentials");
    r->asked_date = SET_TIME(c->now_ms);
    return iam_credential_report_save(c, r);
}

res iam_get_credential_report(struct call *c, const struct iam_get_credential_report_in *in,
                              struct iam_get_credential_report_out *out)
{
    struct iam_credential_report *r;
    struct buf b;

    (void)in;
    TRY(find_report(c, &r));
    if (!r)
        return fault(c, &iam_ReportNotPresent, "There is no credential report. Ask for one: GenerateCredentialReport.");
    if (c->now_ms - r->asked_date.ms >= FRESH_MS)
        return fault(c, &iam_ReportExpired, "The credential report is more than four hours old. Ask for a new one.");
    buf_init(&b, REPORT_MAX_BYTES);
    buf_add_z(&b, head);
    buf_printf(&b,
               "<root_account>,arn:aws:iam::%.*s:root,no_information,not_supported,no_information,not_supported,"
               "not_supported,false%s%s%s",
               FMT(c->caller->account), no_key, no_key, no_certificates);
    res why = add_users(c, &b);
    if (is_ok(why) && b.full)
        why = fault(c, &iam_LimitExceeded, "The credential report has more than %d bytes.", REPORT_MAX_BYTES);
    out->content = arena_dup(c->arena, buf_str(&b));
    buf_done(&b);
    out->report_format = S("text/csv");
    out->generated_time = SET_TIME(c->now_ms);
    return why;
}
