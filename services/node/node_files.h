/* node_files.h - evidence files: handed over at the door, kept as objects, then named by reports.
 *
 *   report files: the report ──would be taken──► {"want":HASH} ◄── its bytes, in lines of hex
 *       all there, as said ──► a thread writes it out: file, name, folder ──► noted in the store
 *                                                                        └──► next file, or done
 *
 * The client opens the file, with its own rights: the node opens no path that it is told (ADR 10).
 * Promise: a report that says a file is meant is taken only if that file is noted, and it is noted
 * only once it is safe from a loss of power. A file that is not what was said is dropped whole.
 */
#ifndef NODE_NODE_FILES_H
#define NODE_NODE_FILES_H

#include "core/wire/report_json.h"
#include "node/node.h"

/* Files of a report that are meant and not here. */
struct files_wanted {
    struct file_want {
        struct hash sha256;
        uint64_t size;
    } list[EVIDENCE_MAX];
    size_t count;
};
/* Gives each evidence whose file is meant the hash of its block list. A file that is not here:
 * into `wanted`, or where that is NULL an error with *ret. */
int files_name(struct node *node, struct report *report, struct arena *arena,
               struct files_wanted *wanted, struct field_error *ret) MUST_USE;

#endif
