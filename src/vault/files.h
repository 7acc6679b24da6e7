/* SPDX-License-Identifier: MIT */
/* The three files of a vault's folder. */
#ifndef BARMKIN_VAULT_FILES_H
#define BARMKIN_VAULT_FILES_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define VAULT_ROOT_FILE "root.key"  /* vault/root.h; it alone makes a folder an initialised vault */
#define VAULT_CA_KEY_FILE "ca.key"  /* PKCS#8, sealed under the root key */
#define VAULT_CA_CERT_FILE "ca.der" /* public */
#define VAULT_CA_KEY_DOMAIN S("ca-key")

/* Writes a file whole: under another name, synced, renamed, and the folder synced. With `fresh` it refuses to replace.
 * Mode 0400; owned by the folder's owner (root may initialise for vault's uid). */
res files_write(int dir, const char *name, str bytes, bool fresh, struct err *e);
/* Reads a small file into `a`. Oops when others than its owner may read it. */
res files_read(int dir, const char *name, struct arena *a, str *bytes, struct err *e);

#endif
