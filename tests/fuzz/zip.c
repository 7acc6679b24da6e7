/* SPDX-License-Identifier: MIT */
/* Fuzzes what front reads of a zip: nothing outside the bytes is asked for, and what zip_one makes is read back. */
#include <stdlib.h>
#include <string.h>

#include "services/lambda/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool read_bytes(void *ctx, uint64_t offset, void *dst, size_t n)
{
    const str *zip = ctx;

    if (offset > zip->n || n > zip->n - offset)
        return false;
    if (n)
        memcpy(dst, zip->p + offset, n);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    str given = str_n((const char *)data, n), made;
    struct zip_source s = {read_bytes, &given, n};
    struct zip_facts facts;
    struct buf b;

    if (zip_read(&s, &facts) && facts.entries > n / 46)
        abort();
    buf_init(&b, n + 4096);
    zip_one(&b, S("index.py"), given);
    made = buf_str(&b);
    s = (struct zip_source){read_bytes, &made, made.n};
    if (!zip_read(&s, &facts) || facts.entries != 1 || facts.unpacked_bytes != n)
        abort();
    buf_done(&b);
    return 0;
}
