/* restore.c - a store out of a backup, in steps that can be interrupted at any point.
 *
 *   the file is read, all of it, and checked          nothing was touched so far
 *   a folder beside is filled, marked as moved        FOLDER.restoring
 *   nothing there yet: the data file is moved in      or: it takes the name that the present one
 *                                                     is to have, and the two change places
 *
 * The lock that the program would hold is held meanwhile. There is no moment without a whole store
 * in a place that had one: a daemon that started then would begin a new one.
 */
#include "platform/backup/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "platform/host/host.h"

#define ASIDE_TRIES 100u
#define MARK_BYTES (UINT64_C(1) << 24) /* room for the mark, above what the data takes */

struct restore {
    const struct restore_config *config;
    char store[RESTORE_PATH_BYTES];  /* the folder with data.mdb and lock, as it will be */
    char data[RESTORE_PATH_BYTES];   /* the data file in it */
    char beside[RESTORE_PATH_BYTES]; /* what is filled: becomes the folder, or gives its file */
    char filled[RESTORE_PATH_BYTES]; /* the store's own folder in it */
    char aside[RESTORE_PATH_BYTES];  /* what the present folder is called then */
    char folder[RESTORE_PATH_BYTES]; /* config->folder, no link */
    int lock_fd;
    struct store_copy_facts facts;
    bool present; /* there is a store */
};

static int fail(struct err_ctx *err, const char *what, const char *path)
{
    int cause = errno;
    int rc = cause == EACCES || cause == EPERM || cause == EROFS ? ERR_PERMISSION
             : cause == ENOSPC || cause == EDQUOT                ? ERR_FULL
             : cause == EEXIST || cause == ENOTEMPTY             ? ERR_EXISTS
                                                                 : ERR_IO;
    return err_set(err, rc, "%s %s: %s", what, path, strerrordesc_np(cause));
}

/* to = folder, or folder/name. */
static int join(char to[RESTORE_PATH_BYTES], const char *folder, const char *name,
                struct err_ctx *err)
{
    int len = name == NULL ? snprintf(to, RESTORE_PATH_BYTES, "%s", folder)
                           : snprintf(to, RESTORE_PATH_BYTES, "%s/%s", folder, name);
    return len > 0 && (size_t)len < RESTORE_PATH_BYTES
               ? 0
               : err_set(err, ERR_LIMIT, "path too long: %.64s", folder);
}

/* A name that nothing has: FOLDER.before-restore-TIME, or with -2, -3 … behind it. */
static int name_aside(struct restore *restore, struct err_ctx *err)
{
    time_t now = (time_t)(host_wall_ms() / 1000);
    struct tm utc;
    struct stat info;
    char at[32];
    if (gmtime_r(&now, &utc) == NULL || strftime(at, sizeof at, "%Y%m%dT%H%M%SZ", &utc) == 0) {
        return err_set(err, ERR_IO, "the clock says no date");
    }
    for (unsigned i = 1; i < ASIDE_TRIES; i++) {
        int len = i == 1 ? snprintf(restore->aside, sizeof restore->aside, "%s.before-restore-%s",
                                    restore->folder, at)
                         : snprintf(restore->aside, sizeof restore->aside,
                                    "%s.before-restore-%s-%u", restore->folder, at, i);
        if (len < 0 || (size_t)len >= sizeof restore->aside) {
            return err_set(err, ERR_LIMIT, "path too long: %.64s", restore->folder);
        }
        if (lstat(restore->aside, &info) != 0 && errno == ENOENT) {
            return 0;
        }
    }
    return err_set(err, ERR_EXISTS, "%s and its like are there already", restore->aside);
}

/* Who restores a store as another user leaves one that its program cannot open. */
static int check_user(const char *folder, struct err_ctx *err)
{
    char path[RESTORE_PATH_BYTES];
    struct stat info;
    int rc = join(path, folder, NULL, err);
    while (rc == 0 && stat(path, &info) != 0) { /* the nearest that is there */
        char *slash = strrchr(path, '/');
        if (slash == NULL || slash == path) {
            return join(path, folder, NULL, err);
        }
        *slash = '\0';
    }
    if (rc != 0 || info.st_uid == geteuid()) {
        return rc;
    }
    char room[4096];
    struct passwd entry;
    struct passwd *owner = NULL;
    const char *name =
        getpwuid_r(info.st_uid, &entry, room, sizeof room, &owner) == 0 && owner != NULL
            ? owner->pw_name
            : "its owner";
    return err_set(err, ERR_PERMISSION,
                   "%s belongs to %s: restore as that user (sudo -u %s kabar restore …)", path,
                   name, name);
}

/* ---- what is there ---- */

/* Where a link leads to, the store is; a disk's own folder cannot be renamed. */
static int find_folder(struct restore *restore, struct err_ctx *err)
{
    char parent[RESTORE_PATH_BYTES];
    struct stat info;
    struct stat above;
    char *real = realpath(restore->config->folder, NULL);
    int rc = join(restore->folder, real != NULL ? real : restore->config->folder, NULL, err);
    rc = rc != 0 ? rc : join(parent, restore->folder, "..", err);
    if (rc == 0 && real != NULL && restore->config->replace && stat(real, &info) == 0 &&
        stat(parent, &above) == 0 && info.st_dev != above.st_dev) {
        rc = err_set(err, ERR_EXISTS,
                     "%s is a disk of its own, which cannot be renamed: move what is in it into a "
                     "folder on that disk, and restore without --replace",
                     real);
    }
    free(real);
    return rc;
}

static int look(struct restore *restore, struct err_ctx *err)
{
    const struct restore_config *config = restore->config;
    struct stat info;
    int rc = find_folder(restore, err);
    rc = rc != 0 ? rc : join(restore->store, restore->folder, config->inside, err);
    rc = rc != 0 ? rc : join(restore->data, restore->store, "data.mdb", err);
    rc = rc != 0 ? rc : check_user(restore->folder, err);
    if (rc != 0) {
        return rc;
    }
    restore->present = lstat(restore->data, &info) == 0;
    rc = folder_make(restore->store, err);
    rc = rc != 0 ? rc : store_folder_lock(restore->store, &restore->lock_fd, err);
    if (rc == ERR_BUSY) {
        return err_set(err, ERR_BUSY, "the program that uses %s runs: stop it first",
                       restore->store);
    }
    if (rc == 0 && restore->present && !config->replace) {
        rc = err_set(err, ERR_EXISTS,
                     "there is a store in %s: move it away, or say --replace, which renames %s",
                     restore->store, restore->folder);
    }
    return rc;
}

/* ---- filling a folder beside ---- */

/* What an interrupted restore left, and nothing else. */
static int sweep(const char *folder, struct err_ctx *err)
{
    static const char *const names[] = {"data.mdb", "data.new", "lock.mdb"};
    char path[RESTORE_PATH_BYTES];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int rc = join(path, folder, names[i], err);
        if (rc != 0) {
            return rc;
        }
        if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR) {
            return fail(err, "remove", path);
        }
    }
    return rmdir(folder) == 0 || errno == ENOENT ? 0 : fail(err, "remove", folder);
}

static int sweep_beside(const struct restore *restore, struct err_ctx *err)
{
    int rc = sweep(restore->filled, err);
    bool both = strcmp(restore->filled, restore->beside) != 0;
    return rc != 0 || !both ? rc : sweep(restore->beside, err);
}

static int mark_run(struct store_txn *txn, void *arg)
{
    (void)arg;
    store_mark_moved(txn);
    return 0;
}

/* Opened as the program will open it, so that it can. */
static int mark(const struct restore *restore, struct err_ctx *err)
{
    struct store *store = NULL;
    struct store_config open = *restore->config->kind->open;
    open.path = restore->filled;
    open.map_bytes = restore->facts.data_bytes + MARK_BYTES;
    open.quota_bytes = 0;
    int rc = store_open(&open, &store, err);
    rc = rc != 0 ? rc : store_apply(store, mark_run, NULL, err);
    store_close(store);
    return rc;
}

/* A replaced store's folder is filled beside it; a missing store's inside it, where it surely is
 * the same disk. */
static int fill(struct restore *restore, struct err_ctx *err)
{
    const struct restore_config *config = restore->config;
    int len = restore->present
                  ? snprintf(restore->beside, RESTORE_PATH_BYTES, "%s.restoring", restore->folder)
                  : snprintf(restore->beside, RESTORE_PATH_BYTES, "%s/restoring", restore->store);
    if (len < 0 || (size_t)len >= RESTORE_PATH_BYTES) {
        return err_set(err, ERR_LIMIT, "path too long: %.64s", restore->folder);
    }
    int rc = join(restore->filled, restore->beside, restore->present ? config->inside : NULL, err);
    rc = rc != 0 ? rc : sweep_beside(restore, err);
    rc = rc != 0 ? rc : folder_make(restore->filled, err);
    rc = rc != 0 ? rc : store_copy_unpack(config->file, restore->filled, err);
    return rc != 0 ? rc : mark(restore, err);
}

/* ---- into its place ---- */

static int remove_views(const struct restore *restore, struct err_ctx *err)
{
    char folder[RESTORE_PATH_BYTES];
    if (restore->config->views == NULL) {
        return 0;
    }
    int rc = join(folder, restore->folder, restore->config->views, err);
    return rc != 0 ? rc : sweep(folder, err);
}

static int move_in(struct restore *restore, struct err_ctx *err)
{
    char from[RESTORE_PATH_BYTES];
    char locks[RESTORE_PATH_BYTES];
    int rc = remove_views(restore, err);
    rc = rc != 0 ? rc : join(from, restore->filled, "data.mdb", err);
    rc = rc != 0 ? rc : join(locks, restore->store, "lock.mdb", err);
    if (rc == 0 && unlink(locks) != 0 && errno != ENOENT) {
        rc = fail(err, "remove", locks);
    }
    rc = rc != 0 ? rc : file_rename_new(from, restore->data, err);
    return rc != 0 ? rc : sweep_beside(restore, err);
}

/* The present folder is never called .restoring, which the next restore sweeps: the full one takes
 * the name that is meant for it, and then both change places at once; or, where the file system
 * cannot do that, the present one is renamed first. */
static int change_places(struct restore *restore, struct err_ctx *err)
{
    const char *folder = restore->folder;
    if (rename(restore->beside, restore->aside) != 0) {
        return fail(err, "rename", restore->beside);
    }
    if (renameat2(AT_FDCWD, restore->aside, AT_FDCWD, folder, RENAME_EXCHANGE) == 0) {
        return 0;
    }
    if (rename(restore->aside, restore->beside) != 0) {
        return fail(err, "rename", restore->aside);
    }
    if (rename(folder, restore->aside) != 0) {
        return fail(err, "rename", folder);
    }
    if (rename(restore->beside, folder) != 0) {
        int rc = fail(err, "rename", restore->beside);
        (void)rename(restore->aside, folder);
        return rc;
    }
    return 0;
}

/* Files named by their content are as good in the store that is there now. */
static int keep(const struct restore *restore, struct err_ctx *err)
{
    char from[RESTORE_PATH_BYTES];
    char to[RESTORE_PATH_BYTES];
    if (restore->config->keep == NULL) {
        return 0;
    }
    int rc = join(from, restore->aside, restore->config->keep, err);
    rc = rc != 0 ? rc : join(to, restore->folder, restore->config->keep, err);
    if (rc != 0 || rename(from, to) == 0 || errno == ENOENT) {
        return rc;
    }
    rc = fail(err, "move back", from);
    return err_wrap(err, rc, "the store is restored, but its files have to be moved by hand");
}

static int put_in_place(struct restore *restore, struct err_ctx *err)
{
    if (!restore->present) {
        return move_in(restore, err);
    }
    int rc = name_aside(restore, err);
    rc = rc != 0 ? rc : change_places(restore, err);
    rc = rc != 0 ? rc : keep(restore, err);
    return rc != 0 ? rc : file_sync_name(restore->folder, err);
}

int restore_run(const struct restore_config *config, char ret_aside[RESTORE_PATH_BYTES],
                struct err_ctx *err)
{
    struct restore *restore = calloc(1, sizeof *restore);
    if (restore == NULL) {
        return err_set(err, ERR_NOMEM, "restore: out of memory");
    }
    restore->config = config;
    restore->lock_fd = -1;
    int rc = backup_check_file(config->file, config->kind, config->arg, NULL, NULL, &restore->facts,
                               err);
    rc = rc != 0 ? rc : look(restore, err);
    if (rc == 0) {
        rc = fill(restore, err);
        rc = rc != 0 ? rc : put_in_place(restore, err);
        if (rc != 0) {
            (void)sweep_beside(restore, NULL);
        }
    }
    if (restore->lock_fd >= 0) {
        (void)close(restore->lock_fd);
    }
    if (rc == 0) {
        memcpy(ret_aside, restore->aside, RESTORE_PATH_BYTES);
    }
    free(restore);
    return rc;
}

int restore_exit_of(int rc)
{
    switch (rc) {
    case 0:
        return EX_OK;
    case ERR_NOT_FOUND:
        return EX_NOINPUT;
    case ERR_EXISTS:
        return EX_CANTCREAT;
    case ERR_PERMISSION:
        return EX_NOPERM;
    case ERR_BUSY:
    case ERR_FULL:
    case ERR_AGAIN:
        return EX_TEMPFAIL;
    case ERR_NOMEM:
        return EX_OSERR;
    case ERR_IO:
    case ERR_STORAGE:
        return EX_IOERR;
    default:
        return EX_DATAERR;
    }
}
