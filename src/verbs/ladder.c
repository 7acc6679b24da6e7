/* SPDX-License-Identifier: MIT */
/* What `barmkin explain` prints for people: the ladder of the layers that judged a request, the statement that decided
 * or came nearest and what failed it, and the context. The same for what has happened and for what-ifs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "verbs/ladder.h"

static str at(const json_t *j, const char *key)
{
    return json_str_at(j, key);
}

static bool is_allow(const json_t *judged)
{
    return str_eq(at(judged, "decision"), S("Allowed"));
}

/* The rungs, in the order in which AWS's own documentation draws them. */
static const struct {
    const char *layer, *title;
    bool resource_side;
} rungs[] = {
    {"scp", "service control policies", false},
    {"rcp", "resource control policies", false},
    {"vpce", "VPC endpoint policy", false},
    {"resource", "resource-based policy", true},
    {"trust", "role trust policy", true},
    {"identity", "identity-based policies", false},
    {"boundary", "permissions boundary", false},
    {"session", "session policies", false},
    {"grant", "KMS grant", false},
};
enum { RUNGS = sizeof rungs / sizeof *rungs, TITLE_WIDTH = 26 };

static const char *title_of(str layer)
{
    for (size_t i = 0; i < RUNGS; i++)
        if (str_eq(layer, str_z(rungs[i].layer)))
            return rungs[i].title;
    return "the operation itself";
}

static const json_t *layer_of(const json_t *layers, const char *name)
{
    for (size_t i = 0; i < json_array_size(layers); i++)
        if (str_eq(at(json_array_get(layers, i), "layer"), str_z(name)))
            return json_array_get(layers, i);
    return NULL;
}

/* ---- statements ---- */

static void print_where(const json_t *decided)
{
    str sid = at(decided, "sid");

    if (sid.n)
        printf("\"%.*s\", ", FMT(sid));
    printf("statement %lld of %.*s", (long long)json_integer_value(json_object_get(decided, "index")),
           FMT(at(decided, "policy")));
}

static int indented(const char *text, size_t n, void *indent)
{
    for (size_t i = 0; i < n; i++) {
        putchar(text[i]);
        if (text[i] == '\n')
            printf("%*s", *(int *)indent, "");
    }
    return 0;
}

static void print_statement(const json_t *statement, int indent)
{
    printf("%*s", indent, "");
    json_dump_callback(statement, indented, &indent, JSON_INDENT(2));
    printf("\n");
}

static void print_json(const json_t *v)
{
    if (v)
        json_dumpf(v, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
    else
        printf("null");
}

static void print_missed(const json_t *missed, int indent)
{
    for (size_t i = 0; i < json_array_size(missed); i++) {
        const json_t *one = json_array_get(missed, i);
        printf("%*sits %.*s does not fit: ", indent, "", FMT(at(one, "element")));
        print_json(json_object_get(one, "wanted"));
        printf(", and the request has ");
        print_json(json_object_get(one, "actual"));
        printf("\n");
    }
}

static void print_failed(const json_t *failed, int indent)
{
    const json_t *actual = json_object_get(failed, "actual");

    printf("%*sits condition does not hold: %.*s %.*s wants ", indent, "", FMT(at(failed, "operator")),
           FMT(at(failed, "key")));
    print_json(json_object_get(failed, "wanted"));
    if (!actual || json_is_null(actual)) {
        printf(", and the request has no such key\n");
        return;
    }
    printf(", and the request has ");
    print_json(actual);
    printf("\n");
}

/* ---- one judgement ---- */

static bool names_account_only(const json_t *layer)
{
    const json_t *names = json_object_get(layer, "names");

    return json_array_size(names) == 1 && str_eq(json_str(json_array_get(names, 0)), S("account"));
}

static void print_rung(const json_t *layer, const char *title, bool decisive, int indent)
{
    str verdict = at(layer, "verdict");
    bool allows = str_eq(verdict, S("Allowed")), denies = str_eq(verdict, S("ExplicitlyDenied"));

    printf("%*s%s %-*s %s", indent, "", decisive ? "->" : "  ", TITLE_WIDTH, title,
           allows   ? "allows"
           : denies ? "DENIES"
                    : "has no allow");
    if (json_object_get(layer, "level"))
        printf(" at level %lld", (long long)json_integer_value(json_object_get(layer, "level")));
    if (at(layer, "policy").n && (allows || denies)) {
        printf("   ");
        print_where(layer);
    }
    if (names_account_only(layer))
        printf(" (it names the account, so the identity side decides)");
    if (at(layer, "grant").n)
        printf("   grant %.*s", FMT(at(layer, "grant")));
    printf("\n");
}

static void print_ladder(const json_t *judged, int indent)
{
    const json_t *layers = json_object_get(judged, "layers");
    str by = at(judged, "by");

    for (size_t i = 0; i < RUNGS; i++) {
        const json_t *layer = layer_of(layers, rungs[i].layer);
        bool other_side = strcmp(rungs[i].layer, layer_of(layers, "trust") ? "resource" : "trust") == 0;
        if (layer)
            print_rung(layer, rungs[i].title, str_eq(by, str_z(rungs[i].layer)), indent);
        else if (!other_side || str_eq(by, str_z(rungs[i].layer)))
            printf("%*s%s %-*s %s\n", indent, "", str_eq(by, str_z(rungs[i].layer)) ? "->" : "  ", TITLE_WIDTH,
                   rungs[i].title, str_eq(by, str_z(rungs[i].layer)) ? "none there to allow it" : "-");
    }
}

static void print_reason(const json_t *judged, int indent)
{
    const json_t *statement = json_object_get(judged, "statement");
    str by = at(judged, "by");
    const json_t *layer = layer_of(json_object_get(judged, "layers"), by.n ? by.p : "");
    bool allow = is_allow(judged);
    bool explicit_deny = str_eq(at(judged, "decision"), S("ExplicitlyDenied"));
    const json_t *nearest = allow || explicit_deny ? NULL : layer;

    if ((allow || explicit_deny) && statement) {
        printf("%*s%s by ", indent, "", allow ? "Allowed" : "Denied");
        print_where(judged);
        printf(":\n");
        print_statement(statement, indent + 2);
    } else if (allow) {
        printf("%*sAllowed: %s\n", indent, "",
               str_eq(by, S("grant")) ? "a grant on the key names this caller and operation"
                                      : "the root user may do everything in its own account");
    } else if (nearest && json_object_get(nearest, "statement")) {
        printf("%*sNothing in the %s allows it. The nearest statement is ", indent, "", title_of(by));
        print_where(nearest);
        printf(":\n");
        print_statement(json_object_get(nearest, "statement"), indent + 2);
        print_missed(json_object_get(nearest, "missed"), indent + 2);
        if (json_object_get(nearest, "failed"))
            print_failed(json_object_get(nearest, "failed"), indent + 2);
    } else {
        printf("%*sNothing in the %s allows it; there is no statement that could.%s\n", indent, "", title_of(by),
               str_eq(by, S("scp")) ? " (AWS attaches FullAWSAccess at each level; has it been left out?)" : "");
    }
}

static int by_name(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void print_context(const json_t *context, int indent)
{
    const char *keys[256];
    size_t n = 0;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)context, key, value)
    {
        (void)value;
        if (n < sizeof keys / sizeof *keys)
            keys[n++] = key;
    }
    if (!n)
        return;
    qsort(keys, n, sizeof *keys, by_name);
    printf("%*sThe request's context:\n", indent, "");
    for (size_t i = 0; i < n; i++) {
        printf("%*s  %-30s ", indent, "", keys[i]);
        print_json(json_object_get(context, keys[i]));
        printf("\n");
    }
}

static void print_judgement(const json_t *judged, bool whole, int indent)
{
    bool allow = is_allow(judged);

    printf("%*s%s  %.*s on %.*s\n", indent, "",
           allow                                                   ? "ALLOWED"
           : str_eq(at(judged, "decision"), S("ExplicitlyDenied")) ? "DENIED (explicitly)"
                                                                   : "DENIED (implicitly)",
           FMT(at(judged, "action")), FMT(at(judged, "resource")));
    if (json_object_get(judged, "layers")) /* kept of a denial; of an allow only a what-if has them */
        print_ladder(judged, indent + 2);
    print_reason(judged, indent + 2);
    if (whole)
        print_context(json_object_get(judged, "context"), indent + 2);
}

/* ---- the tree of calls ---- */

static void print_call(const json_t *call, int indent)
{
    const json_t *judged = json_object_get(call, "judgements"), *inner = json_object_get(call, "inner");
    size_t n = json_array_size(judged);
    str through = at(call, "through");

    if (indent)
        printf("\n%*swithin it, %.*s %.*s as %.*s%s%.*s%s%.*s\n", indent, "", FMT(at(call, "service")),
               FMT(at(call, "operation")), FMT(at(call, "principal")), through.n ? " through " : "", FMT(through),
               at(call, "error_code").n ? ": " : "", FMT(at(call, "error_code")));
    for (size_t i = 0; i < n; i++)
        print_judgement(json_array_get(judged, i), i + 1 == n, indent + 2);
    if (!n)
        printf("%*s(it needs no permission%s)\n", indent + 2, "",
               json_array_size(inner) ? " of its own" : ", or ended before it was judged");
    for (size_t i = 0; i < json_array_size(inner); i++)
        print_call(json_array_get(inner, i), indent + 4);
}

static void print_head(const json_t *j)
{
    const json_t *call = json_object_get(j, "call");
    bool allow = is_allow(j), happened = at(j, "request_id").n > 0;
    str code = at(j, "error_code"), endpoint = at(j, "vpc_endpoint");

    if (happened) {
        printf("%s  %.*s %.*s\n", allow ? "ALLOWED" : "DENIED", FMT(at(call, "service")), FMT(at(call, "operation")));
        printf("  request    %.*s at %.*s\n", FMT(at(j, "request_id")), FMT(at(j, "time")));
    } else {
        printf("%s\n", allow ? "WOULD BE ALLOWED" : "WOULD BE DENIED");
    }
    printf("  caller     %.*s\n", FMT(at(call, "principal")));
    if (happened)
        printf("  from       %.*s%s%.*s\n", FMT(at(j, "source_ip")), endpoint.n ? " through " : "", FMT(endpoint));
    if (!allow)
        printf("  decided by %s\n", title_of(at(j, "by")));
    if (code.n)
        printf("  told       %.*s: %.*s\n", FMT(code), FMT(at(j, "message")));
    else if (!happened && !allow)
        printf("  told       %.*s\n", FMT(at(j, "message")));
    printf("\n");
}

/* How many bytes of a control character begin here: C0, DEL, or C1 as UTF-8 writes it. */
static size_t control_bytes(str text, size_t at)
{
    unsigned char c = (unsigned char)text.p[at], next = at + 1 < text.n ? (unsigned char)text.p[at + 1] : 0;

    if (c < ' ' || c == 0x7f)
        return 1;
    return c == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

void make_plain(json_t *j)
{
    const char *key;
    json_t *member;
    size_t i;

    json_object_foreach(j, key, member) make_plain(member);
    json_array_foreach(j, i, member) make_plain(member);
    str text = json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : S("");
    struct buf plain;
    buf_init(&plain, text.n + 1);
    for (i = 0; i < text.n; i++) {
        size_t n = control_bytes(text, i);
        buf_add_char(&plain, n ? '?' : text.p[i]);
        i += n > 1;
    }
    if (text.n && !str_eq(buf_str(&plain), text))
        json_string_setn(j, plain.p, plain.n);
    buf_done(&plain);
}

void ladder_print(json_t *explanation)
{
    make_plain(explanation);
    print_head(explanation);
    print_call(json_object_get(explanation, "call"), 0);
}
