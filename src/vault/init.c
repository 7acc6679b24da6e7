/* SPDX-License-Identifier: MIT */
/* The first start of a vault: a root key, and a CA whose private key is sealed under it. */
#include "vault/server.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "crypto/aead.h"
#include "crypto/x509.h"
#include "vault/files.h"
#include "vault/seal.h"

enum { SECRET_BYTES_MAX = 1 << 20 };

static res write_new(int dir, struct arena *secrets, struct err *e)
{
    struct root *root = ARENA_NEW(secrets, struct root);
    str file = root_make_file(secrets), ca_key, ca_cert;
    uint8_t zero[AEAD_KEY_BYTES] = {0};
    struct aead x;

    TRY(root_parse_file(file, root, e));
    TRY(x509_make_ca(secrets, &ca_key, secrets, &ca_cert, e));
    aead_init(&x, zero);
    str sealed = seal_bytes(&x, root, VAULT_CA_KEY_DOMAIN, ca_cert, ca_key, secrets);
    aead_done(&x);
    TRY(files_write(dir, VAULT_CA_KEY_FILE, sealed, false, e));
    TRY(files_write(dir, VAULT_CA_CERT_FILE, ca_cert, false, e));
    return files_write(dir, VAULT_ROOT_FILE, file, true, e);
}

static res init_in(int dir, struct err *e)
{
    if (flock(dir, LOCK_EX) != 0) /* two at once would mix one's root key with the other's CA */
        return oops(e, errno, "locking the vault's folder");
    if (faccessat(dir, VAULT_ROOT_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return reject(e, "the vault has a root key already");
    struct arena *secrets = arena_new_secret(SECRET_BYTES_MAX);
    res r = write_new(dir, secrets, e);
    arena_free(secrets);
    return r;
}

res vault_init(const char *dir, struct err *e)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return oops(e, errno, "making the vault's folder %s", dir);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return oops(e, errno, "opening the vault's folder %s", dir);
    res r = init_in(fd, e);
    close(fd);
    return r;
}
