/* SPDX-License-Identifier: MIT */
/* Between names.c and x509.c: the CA's constraints in the form that the library's extension parser takes. */
#ifndef BARMKIN_CRYPTO_NAMES_H
#define BARMKIN_CRYPTO_NAMES_H
#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

str names_constraint(struct arena *a); /* NUL-terminated */
bool names_is_address(str name);

#endif
