/* bundle_private.h - what the files of the commands bundle share; nobody else includes it. */
#ifndef CLI_BUNDLE_PRIVATE_H
#define CLI_BUNDLE_PRIVATE_H

#include "cli/bundle.h"

/* At the province: the answer to the bundle of this manifest. *ret as bundle_writer_close. */
int bundle_answer_write(struct cli *cli, const char *manifest_hex, const char *path, json_t **ret,
                        struct err_ctx *err) MUST_USE;

#endif
