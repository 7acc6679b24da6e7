/* SPDX-License-Identifier: MIT */
/* All that a test of warden needs: the role, a plan, and sockets inside what it makes. */
#ifndef BARMKIN_TESTS_UNIT_WARDEN_RIG_H
#define BARMKIN_TESTS_UNIT_WARDEN_RIG_H
#include "role.h"
#include "sockets.h"
#include "test-plan.h"

#endif
