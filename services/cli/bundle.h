/* bundle.h - a bundle's file as it is written, and as it is read: in order, a piece at a time. */
#ifndef CLI_BUNDLE_H
#define CLI_BUNDLE_H

#include "cli/cli.h"
#include "core/wire/bundle.h"

#include <sodium.h>

/* Written beside its name, and named once it is whole and synced. */
struct bundle_writer {
    char path[PATH_MAX];
    char part[PATH_MAX + 8];
    int fd;
    uint64_t bytes;
    crypto_generichash_state digest;
    struct bundle_stream stream;
};
/* With its manifest. ERR_EXISTS: there is such a file. */
int bundle_writer_open(struct bundle_writer *writer, const char *path, enum bundle_kind kind,
                       const struct key *to, struct bytes manifest, struct err_ctx *err) MUST_USE;
int bundle_writer_put(struct bundle_writer *writer, struct bytes frame,
                      struct err_ctx *err) MUST_USE;
/* {"file":…,"bytes":N,"digest":HEX}; rc != 0: what was written is removed, and rc handed on. */
int bundle_writer_close(struct bundle_writer *writer, int rc, json_t **ret,
                        struct err_ctx *err) MUST_USE;

struct bundle_reader {
    int fd;
    crypto_generichash_state digest;
    struct bundle_stream stream;
    uint8_t head[BUNDLE_HEAD_BYTES];
    struct bytes sealed;
    enum bundle_kind kind;
    uint8_t piece[BUNDLE_FRAME_BYTES_MAX];
    size_t piece_len;
    bool whole; /* its end was there, and nothing behind it */
};
/* ERR_FORMAT, ERR_VERSION: as bundle_head_decode. */
int bundle_reader_open(struct bundle_reader *reader, const char *path,
                       struct err_ctx *err) MUST_USE;
void bundle_reader_start(struct bundle_reader *reader, const uint8_t key[32]);
/* The next piece. ERR_NOT_FOUND: no more; whole says whether it was all. Others: altered. */
int bundle_reader_next(struct bundle_reader *reader, struct err_ctx *err) MUST_USE;
/* Reads what is left, for the digest. */
void bundle_reader_close(struct bundle_reader *reader, char ret_digest[HEX_CAPACITY(HASH_BYTES)]);

#endif
