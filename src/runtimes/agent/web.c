/* SPDX-License-Identifier: MIT */
/* libcurl underneath; names, signatures, retries here. */
#include "runtimes/agent/web.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/json.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "identify/sign.h"
#include "runtimes/agent/resolve.h"

enum { TRIES = 4, RENEW_MS = 5 * 60 * 1000, CONNECT_S = 10, STALL_S = 60, STALL_BYTES = 1024, EXPECT_BYTES = 1 << 20 };

struct web {
    struct arena *arena, *secrets; /* the latter holds the credentials only, and is emptied when they are renewed */
    struct web_site site;
    CURL *curl;
    str key_id, secret, token;
    int64_t ends_ms;
    str host; /* whose address is known */
    struct curl_slist *address;
};

/* One attempt under way. */
struct attempt {
    const struct web_request *q;
    struct web *w;
    struct buf body;
    uint64_t sent, sunk;
    int sink_errno;
    char etag[128];
};

res web_new(const struct web_site *site, struct web **out, struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    struct web *w = ARENA_NEW(a, struct web);

    w->arena = a;
    w->secrets = arena_new_secret(256 * 1024);
    w->site = *site;
    *out = w;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(w->curl = curl_easy_init()))
        return oops(e, 0, "cannot set up libcurl");
    return OK;
}

void web_free(struct web *w)
{
    if (!w)
        return;
    curl_slist_free_all(w->address);
    curl_easy_cleanup(w->curl);
    arena_free(w->secrets);
    arena_free(w->arena);
}

const struct web_site *web_where(const struct web *w)
{
    return &w->site;
}

struct web_keys web_keys(const struct web *w)
{
    return (struct web_keys){w->key_id, w->secret, w->token};
}

static bool is_success(CURL *c)
{
    long status = 0;

    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    return status == 200 || status == 206;
}

static size_t on_body(char *p, size_t one, size_t n, void *ctx)
{
    struct attempt *t = ctx;

    (void)one;
    if (t->q->sink_fd < 0 || !is_success(t->w->curl)) {
        buf_add_bytes(&t->body, p, n);
        return t->body.full ? 0 : n;
    }
    for (size_t done = 0; done < n;) {
        ssize_t put = write(t->q->sink_fd, p + done, n - done);
        if (put < 0 && errno != EINTR) {
            t->sink_errno = errno;
            return 0;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    t->sunk += n;
    return n;
}

static size_t on_need(char *p, size_t one, size_t n, void *ctx)
{
    struct attempt *t = ctx;
    uint64_t left = t->q->body_bytes - t->sent;

    n *= one;
    ssize_t got = pread(t->q->body_fd, p, left < n ? (size_t)left : n, (off_t)(t->q->body_at + t->sent));
    if (got < 0 || (got == 0 && left > 0))
        return CURL_READFUNC_ABORT;
    t->sent += (uint64_t)got;
    return (size_t)got;
}

static size_t on_header(char *p, size_t one, size_t n, void *ctx)
{
    struct attempt *t = ctx;
    str line = str_n(p, n);

    (void)one;
    if (str_starts_nocase(line, S("etag:")))
        str_to_z(str_trim(str_from(line, 5)), t->etag, sizeof t->etag);
    return n;
}

/* What holds for every request: no proxy, no redirect, no other protocol, nothing of the environment. */
static void set_common(struct web *w, struct attempt *t, const char *url, const char *protocols)
{
    CURL *c = w->curl;

    curl_easy_reset(c); /* keeps connections */
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
    curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 256L * 1024);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
}

static struct curl_slist *add_header(struct curl_slist *list, struct arena *a, str name, str value)
{
    return curl_slist_append(list, arena_cat(a, arena_cat(a, name, S(": ")), value).p);
}

/* {"AccessKeyId","SecretAccessKey","Token","Expiration"}, as the containers' credentials endpoint has it. */
static res keep_credentials(struct web *w, str text, struct err *e)
{
    json_t *o;

    TRY(json_parse(w->secrets, text, e, &o));
    w->key_id = arena_dup(w->secrets, json_str_at(o, "AccessKeyId"));
    w->secret = arena_dup(w->secrets, json_str_at(o, "SecretAccessKey"));
    w->token = arena_dup(w->secrets, json_str_at(o, "Token"));
    if (str_empty(w->key_id) || str_empty(w->secret) || !time_parse_iso(json_str_at(o, "Expiration"), &w->ends_ms))
        return oops(e, 0, "the credentials endpoint answered without credentials");
    return OK;
}

static res fetch_credentials(struct web *w, struct err *e)
{
    struct web_request none = WEB_REQUEST;
    struct attempt t = {.q = &none, .w = w};
    struct curl_slist *headers = NULL;
    long status = 0;

    arena_reset(w->secrets);
    w->key_id = w->secret = w->token = STR_ABSENT;
    str url = arena_cat(w->secrets, S("http://169.254.170.2"), w->site.credentials_uri);
    buf_init_secret(&t.body, 65536);
    set_common(w, &t, url.p, "http");
    headers = add_header(headers, w->secrets, S("Authorization"), w->site.credentials_token);
    curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(w->curl);
    curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
    res r = code != CURLE_OK ? oops(e, 0, "cannot fetch the role's credentials: %s", curl_easy_strerror(code))
            : status != 200  ? reject(e, "the role's credentials were refused (%ld)", status)
                             : keep_credentials(w, buf_str(&t.body), e);
    curl_slist_free_all(headers);
    buf_done(&t.body);
    return r;
}

res web_credentials(struct web *w, struct err *e)
{
    if (!str_empty(w->key_id) && time_wall_ms() < w->ends_ms - RENEW_MS)
        return OK;
    return fetch_credentials(w, e);
}

static res find_host(struct web *w, str host, struct err *e)
{
    char line[1024];

    if (w->address && str_eq(w->host, host))
        return OK;
    curl_slist_free_all(w->address);
    w->address = NULL;
    TRY(resolve_for_curl(w->site.resolver, host, 443, line, sizeof line, e));
    w->address = curl_slist_append(NULL, line);
    w->host = arena_dup(w->arena, host);
    return OK;
}

/* The request as the signer sees it, and the headers as libcurl sends them. */
static res sign(struct web *w, const struct web_request *q, struct arena *a, struct curl_slist **list, struct err *e)
{
    struct header headers[WEB_HEADERS_MAX + 1];
    struct sigv4_signed out;
    struct sigv4_signer s = sigv4_signer_for(S("s3"), w->site.region, w->key_id, w->secret, w->token, time_wall_ms());
    char empty[65];
    str hash = str_is(q->payload_hash) ? q->payload_hash : hash_sha256_hex(S(""), empty);
    struct http_request r = {
        .method = q->method, .path = q->path, .query = q->query, .headers = headers, .n_headers = q->n_headers + 1};

    headers[0] = (struct header){S("Host"), q->host};
    memcpy(headers + 1, q->headers, q->n_headers * sizeof *headers);
    s.add_payload_hash = true;
    TRY(sigv4_sign(&s, &r, arena_dup(a, hash), a, &out, e));
    *list = NULL;
    for (size_t i = 0; i < q->n_headers; i++)
        *list = add_header(*list, a, q->headers[i].name, q->headers[i].value);
    if (q->body_fd >= 0 && q->body_bytes < EXPECT_BYTES) /* asking first costs more than it can save */
        *list = curl_slist_append(*list, "Expect:");
    for (size_t i = 0; i < out.n_add; i++)
        *list = add_header(*list, a, out.add[i].name, out.add[i].value);
    return OK;
}

static void set_body(struct web *w, struct attempt *t)
{
    const struct web_request *q = t->q;

    if (q->body_fd >= 0) {
        curl_easy_setopt(w->curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(w->curl, CURLOPT_READFUNCTION, on_need);
        curl_easy_setopt(w->curl, CURLOPT_READDATA, t);
        curl_easy_setopt(w->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->body_bytes);
    } else if (str_is(q->body)) {
        curl_easy_setopt(w->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
        curl_easy_setopt(w->curl, CURLOPT_POSTFIELDS, q->body.p);
    }
}

static res try_once(struct web *w, const struct web_request *q, struct arena *a, struct attempt *t, CURLcode *code,
                    struct err *e)
{
    struct curl_slist *headers;
    str url = arena_cat(a, arena_cat(a, S("https://"), q->host), q->path);

    *code = CURLE_COULDNT_RESOLVE_HOST;
    if (str_is(q->query))
        url = arena_cat(a, arena_cat(a, url, S("?")), q->query);
    TRY(find_host(w, q->host, e));
    TRY(web_credentials(w, e));
    TRY(sign(w, q, a, &headers, e));
    set_common(w, t, url.p, "https");
    set_body(w, t);
    curl_easy_setopt(w->curl, CURLOPT_CUSTOMREQUEST, arena_z(a, q->method));
    curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(w->curl, CURLOPT_RESOLVE, w->address);
    curl_easy_setopt(w->curl, CURLOPT_CAINFO, w->site.ca_file);
    curl_easy_setopt(w->curl, CURLOPT_CAPATH, NULL);
    *code = curl_easy_perform(w->curl);
    curl_slist_free_all(headers);
    return OK;
}

static res outcome(struct web *w, struct attempt *t, CURLcode code, struct arena *a, struct web_reply *reply,
                   struct err *e)
{
    long status = 0;

    if (t->sink_errno)
        return t->sink_errno == ENOSPC || t->sink_errno == EDQUOT
                   ? reject(e, "the volume is full: ask for a larger VolumeSizeInGB")
                   : oops(e, t->sink_errno, "cannot write what was downloaded");
    if (code != CURLE_OK)
        return oops(e, 0, "no answer from %.*s: %s", FMT(t->q->host), curl_easy_strerror(code));
    curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
    *reply = (struct web_reply){.status = (int)status, .sunk = t->sunk};
    reply->body = arena_dup(a, buf_str(&t->body));
    reply->etag = arena_dup(a, str_z(t->etag));
    return OK;
}

res web_call(struct web *w, const struct web_request *q, struct arena *a, struct web_reply *reply, struct err *e)
{
    off_t sink_at = q->sink_fd < 0 ? 0 : lseek(q->sink_fd, 0, SEEK_CUR);
    res r = OK;

    for (int i = 0; i < TRIES; i++) {
        struct attempt t = {.q = q, .w = w};
        CURLcode code;
        err_clear(e);
        if (i > 0)
            usleep((useconds_t)(100000 << i));
        if (q->sink_fd >= 0 && (ftruncate(q->sink_fd, sink_at) < 0 || lseek(q->sink_fd, sink_at, SEEK_SET) < 0))
            return oops(e, errno, "cannot cut a file back");
        buf_init(&t.body, WEB_REPLY_MAX);
        r = try_once(w, q, a, &t, &code, e);
        if (is_ok(r))
            r = outcome(w, &t, code, a, reply, e);
        buf_done(&t.body);
        if (r.why == WHY_REJECT || (is_ok(r) && reply->status < 500) || t.sink_errno ||
            code == CURLE_PEER_FAILED_VERIFICATION)
            return r;
        if (!is_ok(r)) { /* the address may have moved */
            curl_slist_free_all(w->address);
            w->address = NULL;
        }
    }
    return r;
}
