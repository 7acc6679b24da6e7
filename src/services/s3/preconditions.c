/* SPDX-License-Identifier: MIT */
/* If-Match and its kin, and Range (RFC 9110 sections 13 and 14, with S3's choices). Pure but for the faults. */
#include "base/time.h"
#include "s3_parts.h"

/* "a", W/"a" and a are one; '*' is any. */
static bool matches(str list, str etag)
{
    while (str_is(list)) {
        str one = str_trim(str_cut(&list, ','));
        if (str_starts(one, S("W/")))
            one = str_from(one, 2);
        if (str_eq(one, S("*")) || str_eq(one, etag))
            return true;
        if (etag.n > 2 && str_eq(one, str_sub(etag, 1, etag.n - 2)))
            return true;
    }
    return false;
}

/* False when the header is absent or no date: then it says nothing. */
static bool date_of(str header, int64_t *seconds)
{
    int64_t ms;

    if (!header.n || (!time_parse_http(header, &ms) && !time_parse_iso(header, &ms)))
        return false;
    *seconds = ms / 1000;
    return true;
}

enum s3_verdict s3_judge_conditions(const struct s3_conditions *w, str etag, int64_t modified_ms, const char **which)
{
    int64_t date, modified = modified_ms / 1000;

    *which = "If-Match";
    if (w->if_match.n && !matches(w->if_match, etag))
        return S3_FAILED;
    *which = "If-Unmodified-Since";
    if (!w->if_match.n && date_of(w->if_unmodified_since, &date) && modified > date)
        return S3_FAILED;
    *which = "If-None-Match";
    if (w->if_none_match.n)
        return matches(w->if_none_match, etag) ? S3_NOT_MODIFIED : S3_GO_ON;
    *which = "If-Modified-Since";
    if (date_of(w->if_modified_since, &date) && modified <= date)
        return S3_NOT_MODIFIED;
    return S3_GO_ON;
}

res s3_failed(struct call *c, const char *which)
{
    c->fault.extra_name = S("Condition");
    c->fault.extra_value = str_z(which);
    return fault(c, &s3_PreconditionFailed, "At least one of the pre-conditions you specified did not hold");
}

res s3_may_write(struct call *c, str if_match, str if_none_match, const struct s3_object *old)
{
    if (if_none_match.n && !str_eq(if_none_match, S("*")))
        return fault(c, &s3_NotImplemented, "If-None-Match takes only '*' where an object is written.");
    if (if_none_match.n && old)
        return s3_failed(c, "If-None-Match");
    if (if_match.n && !old)
        return fault(c, &s3_NoSuchKey, "The specified key does not exist.");
    if (if_match.n && !matches(if_match, old->e_tag))
        return s3_failed(c, "If-Match");
    return OK;
}

/* One range of bytes. Anything that is no such thing is as if it were not there; several ranges too (S3 ignores them).
 */
enum s3_range s3_parse_range(str header, uint64_t size, uint64_t *offset, uint64_t *length)
{
    uint64_t first, last;

    *offset = 0;
    *length = size;
    if (!str_starts_nocase(header, S("bytes=")))
        return S3_WHOLE;
    str to = str_trim(str_from(header, 6)), from;
    if (str_find(to, '-') < 0)
        return S3_WHOLE;
    from = str_trim(str_cut(&to, '-'));
    to = str_trim(to);
    if (!from.n) { /* the last bytes */
        if (!str_to_u64(to, &last))
            return S3_WHOLE;
        if (!last || !size)
            return S3_UNSATISFIABLE;
        *length = last < size ? last : size;
        *offset = size - *length;
        return S3_PART;
    }
    last = UINT64_MAX;
    if (!str_to_u64(from, &first) || (to.n && !str_to_u64(to, &last)) || first > last)
        return S3_WHOLE;
    if (first >= size)
        return S3_UNSATISFIABLE;
    *offset = first;
    *length = (last < size - 1 ? last : size - 1) - first + 1;
    return S3_PART;
}
