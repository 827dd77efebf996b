/* documents.h - what the commands that sign documents share: drafted by the daemon, compared with
 * what was typed, shown, signed. Private to cli. */
#ifndef CLI_DOCUMENTS_H
#define CLI_DOCUMENTS_H

#include "cli/cli.h"
#include "core/wire/entry.h"

struct drafting {
    struct cli *cli;
    const char *key_file; /* of the officer; NULL: nobody signs */
    struct arena *arena;
    uint8_t *bytes; /* as the daemon gave them; `document` is what they say */
    size_t len;
    struct document document;
    struct signer officer; /* opened at the first signature */
};

int with_drafting(struct cli *cli, const json_t *args, struct err_ctx *err,
                  int (*work)(struct drafting *, const json_t *, struct err_ctx *)) MUST_USE;
/* `request`: arguments of "document draft". ERR_VALUE: it says another thing than was asked. */
int drafting_draft(struct drafting *drafting, const json_t *request, struct err_ctx *err) MUST_USE;
/* Signs what was drafted and hands it in; the answer is printed. */
int drafting_propose(struct drafting *drafting, const json_t *args, struct err_ctx *err) MUST_USE;
/* One that is there already; *ret is its "document show". */
int drafting_fetch(struct drafting *drafting, const char *id, json_t **ret,
                   struct err_ctx *err) MUST_USE;

/* ---- documents_compare.c ---- */
/* From the decoded bytes, never from what the daemon says about them. */
void document_print(const struct document *document);
/* ERR_VALUE: the draft has another `name` than args. */
int document_compare_text(const json_t *args, const char *name, struct bytes found,
                          struct err_ctx *err) MUST_USE;
/* Of every field that an officer types. */
int document_compare(const struct document *document, const json_t *args,
                     struct err_ctx *err) MUST_USE;

#endif
