/* command_bundles.h - arguments of the commands about bundles. Private to command_table.c. */
#ifndef CORE_WIRE_COMMAND_BUNDLES_H
#define CORE_WIRE_COMMAND_BUNDLES_H

#include "core/wire/command_rows.h"

static const struct argument bundle_import[] = {
    PLACE("file", ARGUMENT_FILE, "made by bundle export at a node, or by --answer at the province"),
    FILE_ARG("key", "at the province: offline/bundle.key, which opens bundles of nodes"),
    FILE_ARG("answer", "at the province: file to make, for the node's bundle import"),
    END,
};

static const struct argument bundle_export[] = {
    PLACE("file", ARGUMENT_FILE, "to make; with --max-mib FILE.2 and so on too"),
    NUMBER_ARG("from", "begin both logs at this entry, should the province lack it (default: "
                       "behind the last receipt)"),
    NUMBER_ARG("max_mib", "so much in a file at most (default: all in one)"),
    END,
};
/* ---- hidden requests about bundles; hex as below ---- */

/* → {"to":HEX,"manifest":HEX,"logs":[{"log":HEX,"lane":…,"first":N,"last":N}]} */
static const struct argument bundle_begin[] = {
    NUMBER_ARG("from", "begin at this entry at the latest"),
    END,
};
/* → {"frame":HEX,"last":N}; of the office log at the province. */
static const struct argument bundle_cut[] = {
    NEED("log", ARGUMENT_TEXT, "incarnation, hex"),
    NEED("first", ARGUMENT_NUMBER, "first entry"),
    NEED("last", ARGUMENT_NUMBER, "last entry at most"),
    END,
};
/* → {"outcome":"new|known|gap|later|refused","new":N,"known":N,"log":HEX,"needs":N,"text":…},
 * once it is durable. */
static const struct argument bundle_take[] = {
    NEED("manifest", ARGUMENT_TEXT, "of the bundle, hex"),
    NEED("frame", ARGUMENT_TEXT, "hex"),
    END,
};
/* → at the province {"to":HEX,"manifest":HEX,"receipts":[HEX],"log":HEX,"first":N,"last":N} */
static const struct argument bundle_answer[] = {
    NEED("manifest", ARGUMENT_TEXT, "of the bundle to answer, hex"),
    END,
};
/* → {"key":HEX} */
static const struct argument bundle_key[] = {
    NEED("sealed", ARGUMENT_TEXT, "80 bytes of an answer's head, hex"),
    END,
};
/* → {}: a file was read, and what became of it */
static const struct argument bundle_read[] = {
    NEED("outcome", ARGUMENT_TEXT, "as in core/wire/bundle.h"),
    NEED("digest", ARGUMENT_TEXT, "BLAKE2b-256 of the file, hex"),
    NEED("new", ARGUMENT_NUMBER, "entries"),
    NEED("known", ARGUMENT_NUMBER, "entries"),
    NUMBER_ARG("enrolment", "whose"),
    END,
};

#endif
