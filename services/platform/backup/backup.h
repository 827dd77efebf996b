/* backup.h - a backup of a store that is in use, and a store made of one again.
 *
 *   copying ──► reading ──► checking ──► FILE     copied and synced; read back from the disk and
 *      │           │            │                 its hash compared; opened, and the program's own
 *      └───────────┴────────────┴──► no FILE      check run; only then it gets its name
 *
 * Until then it is FILE.part: what was interrupted does not look like a backup. The work is done on
 * a thread of its own; the store is read and written meanwhile. Keys, ring and settings are in no
 * backup.
 */
#ifndef PLATFORM_BACKUP_BACKUP_H
#define PLATFORM_BACKUP_BACKUP_H

#include "platform/store/store.h"

struct loop;
struct backup;

/* Said with every backup that was made. */
#define BACKUP_NOT_IN_IT                                                                           \
    "keys, ring, card and settings: copy the rest of the program's folder too (not its store), "   \
    "and keep it apart from this file; the files of reports: copy objects/ in the store's "        \
    "folder, "                                                                                     \
    "at any time"

/* What a store of this kind is: how a copy of it is opened, and what must hold in it. */
struct backup_kind {
    const char *name;                /* "aggregator", "node" */
    const struct store_config *open; /* tables and format; the rest is set here */
    /* On a thread, and alone with the copy. `watch` counts entries. */
    int (*check)(void *arg, struct store *copy, const struct store_watch *watch,
                 struct err_ctx *err);
};

enum backup_stage { BACKUP_COPYING, BACKUP_READING, BACKUP_CHECKING };
const char *backup_stage_name(enum backup_stage stage);
struct backup_progress {
    enum backup_stage stage;
    uint64_t bytes, entries; /* of this stage */
};
struct backup_facts {
    uint64_t bytes, seconds;
    struct hash blake2b; /* as b2sum -l 256 FILE prints it */
};
struct backup_config {
    struct loop *loop;
    struct store *store;
    const char *path; /* copied */
    const struct backup_kind *kind;
    /* On the loop's thread: every second; once at the end, facts NULL unless rc is 0. */
    void (*progress)(void *arg, const struct backup_progress *progress);
    void (*done)(void *arg, int rc, const struct backup_facts *facts, const struct err_ctx *err);
    void *arg; /* check's too */
};
/* ERR_VALUE: the path is not absolute. ERR_EXISTS: FILE or FILE.part is there. */
int backup_start(const struct backup_config *config, struct backup **ret,
                 struct err_ctx *err) MUST_USE;
/* Gives up what is not finished, without a call to done(). NULL is fine. */
void backup_free(struct backup *backup);

/* ---- restore.c: for a program that then ends ---- */

struct restore_config {
    const char *file;
    const struct backup_kind *kind;
    const char *folder; /* as in the settings */
    const char *inside; /* "journal": the store's own folder in it; NULL: it is that one itself */
    const char *views;  /* "views": a folder beside that, computed from the store; NULL */
    const char *keep;   /* "objects": in `folder`, and right in any store: stays; NULL */
    bool replace;       /* a present store is renamed, with all that is in `folder` */
    void *arg;          /* check's */
};
/* Puts the store in the backup where the program looks for it, marked as moved. Nothing is changed
 * unless all of the backup is sound. *ret_aside: where the store went that was there; empty if
 * there was none. ERR_BUSY: a program has the store. ERR_EXISTS: there is a store, and not
 * `replace`. ERR_FORMAT, ERR_VERSION: no good. ERR_PERMISSION: this user is not the store's. */
#define RESTORE_PATH_BYTES 4096u
int restore_run(const struct restore_config *config, char ret_aside[RESTORE_PATH_BYTES],
                struct err_ctx *err) MUST_USE;

/* The exit status (sysexits.h) of a program that only restores. */
int restore_exit_of(int rc);

/* ---- both: reads a backup as backup_start and restore_run do ---- */
int backup_check_file(const char *path, const struct backup_kind *kind, void *arg,
                      const struct store_watch *reading, const struct store_watch *checking,
                      struct store_copy_facts *ret, struct err_ctx *err) MUST_USE;

#endif
