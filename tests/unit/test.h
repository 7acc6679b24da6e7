/* SPDX-License-Identifier: MIT */
/* What every unit test includes: cmocka in the order it wants its own headers. */
#ifndef BARMKIN_TESTS_UNIT_TEST_H
#define BARMKIN_TESTS_UNIT_TEST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

#define assert_str_equal(a, b)                                                                                         \
    do {                                                                                                               \
        str left_ = (a), right_ = (b);                                                                                 \
        if (!str_eq(left_, right_))                                                                                    \
            fail_msg("\"%.*s\" is not \"%.*s\"", FMT(left_), FMT(right_));                                             \
    } while (0)

#endif
