/* SPDX-License-Identifier: MIT */
/* Inside of the blobs: the files beneath, without their contents. Nobody outside this folder includes it. */
#ifndef BARMKIN_STORE_BLOB_FOLDER_H
#define BARMKIN_STORE_BLOB_FOLDER_H
#include "store/blob.h"

res blob_folder_tmpfile(struct blobs *b, int *fd, struct err *e); /* on the blobs' own file system, without a name */
res blob_folder_open(struct blobs *b, str id, int *fd, struct err *e);
res blob_folder_write(struct blobs *b, int fd, const void *p, size_t n, struct err *e);
res blob_folder_read(struct blobs *b, int fd, uint64_t at, void *dst, size_t n, struct err *e); /* all of n */
/* Makes the file durable and gives it a random name; a failure leaves no name behind. */
res blob_folder_publish(struct blobs *b, int fd, char id[BLOB_ID_BYTES + 1], struct err *e);

#endif
