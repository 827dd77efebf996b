/* backup.c - the job: a thread that works, a timer that tells how far it is. */
#include "platform/backup/backup.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "platform/host/host.h"
#include "platform/loop/loop.h"

#define PROGRESS_MS 1000u
#define COPY_MAP_BYTES (UINT64_C(1) << 20) /* LMDB takes what the file needs */

struct backup {
    struct backup_config config;
    char path[PATH_MAX], part[PATH_MAX];
    pthread_t thread;
    struct loop_wake *wake;
    struct loop_timer *timer;
    uint64_t began_ms;
    atomic_int stage;
    _Atomic uint64_t done;
    atomic_bool give_up;
    /* Left by the thread. */
    int rc;
    struct err_ctx err;
    struct store_copy_facts facts;
};

const char *backup_stage_name(enum backup_stage stage)
{
    static const char *const names[] = {"copying", "reading", "checking"};
    return names[stage];
}

static int check_content(const char *path, const struct backup_kind *kind, void *arg,
                         const struct store_watch *watch, struct err_ctx *err)
{
    struct store *copy = NULL;
    struct store_config open = *kind->open;
    open.path = path;
    open.map_bytes = COPY_MAP_BYTES;
    open.quota_bytes = 0;
    open.read_only = true;
    open.file = true;
    int rc = store_open(&open, &copy, err);
    rc = rc != 0 ? rc : kind->check(arg, copy, watch, err);
    store_close(copy);
    return rc;
}

int backup_check_file(const char *path, const struct backup_kind *kind, void *arg,
                      const struct store_watch *reading, const struct store_watch *checking,
                      struct store_copy_facts *ret, struct err_ctx *err)
{
    int rc = store_copy_check(path, reading, ret, err);
    if (rc == 0 && strcmp(ret->kind, kind->name) != 0) {
        rc = err_set(err, ERR_FORMAT, "%s: a backup of the %s's store, not of the %s's", path,
                     ret->kind, kind->name);
    }
    return rc != 0 ? rc : check_content(path, kind, arg, checking, err);
}

/* ---- the thread ---- */

static bool go_on(void *arg, uint64_t done)
{
    struct backup *backup = arg;
    atomic_store(&backup->done, done);
    return !atomic_load(&backup->give_up);
}

static bool reading(void *arg, uint64_t done)
{
    struct backup *backup = arg;
    atomic_store(&backup->stage, BACKUP_READING);
    return go_on(backup, done);
}

static bool checking(void *arg, uint64_t done)
{
    struct backup *backup = arg;
    atomic_store(&backup->stage, BACKUP_CHECKING);
    return go_on(backup, done);
}

static int work(struct backup *backup, struct err_ctx *err)
{
    const struct backup_config *config = &backup->config;
    const struct store_watch copy_watch = {.go_on = go_on, .arg = backup};
    const struct store_watch read_watch = {.go_on = reading, .arg = backup};
    const struct store_watch check_watch = {.go_on = checking, .arg = backup};
    const struct store_copy copy = {
        .path = backup->part, .kind = config->kind->name, .watch = &copy_watch};
    int rc = store_copy(config->store, &copy, err);
    if (rc != 0) {
        return rc;
    }
    if (PLANTED(BACKUP_UNREAD)) {
        return file_rename_new(backup->part, backup->path, err);
    }
    rc = backup_check_file(backup->part, config->kind, config->arg, &read_watch, &check_watch,
                           &backup->facts, err);
    rc = rc != 0 ? rc : file_rename_new(backup->part, backup->path, err);
    if (rc != 0) {
        (void)unlink(backup->part);
    }
    return rc;
}

static void *backup_main(void *arg)
{
    struct backup *backup = arg;
    backup->rc = work(backup, &backup->err);
    loop_wake_send(backup->wake);
    return NULL;
}

/* ---- the loop ---- */

static void on_timer(void *arg)
{
    struct backup *backup = arg;
    uint64_t done = atomic_load(&backup->done);
    struct backup_progress progress = {.stage = (enum backup_stage)atomic_load(&backup->stage)};
    *(progress.stage == BACKUP_CHECKING ? &progress.entries : &progress.bytes) = done;
    backup->config.progress(backup->config.arg, &progress);
    loop_timer_set(backup->timer, PROGRESS_MS);
}

/* Once: the thread sends its wake as its last act. */
static void on_wake(void *arg)
{
    struct backup *backup = arg;
    loop_timer_stop(backup->timer);
    struct backup_facts facts = {.bytes = backup->facts.bytes,
                                 .seconds = (host_monotonic_ms() - backup->began_ms) / 1000,
                                 .blake2b = backup->facts.blake2b};
    backup->config.done(backup->config.arg, backup->rc, backup->rc == 0 ? &facts : NULL,
                        &backup->err);
}

static int check_path(struct backup *backup, struct err_ctx *err)
{
    const char *path = backup->config.path;
    struct stat info;
    if (path[0] != '/') {
        return err_set(err, ERR_VALUE,
                       "%s: say it from / on; it is the daemon that writes it, in its own folder",
                       path);
    }
    int len = snprintf(backup->part, sizeof backup->part, "%s.part", path);
    if (len < 0 || (size_t)len >= sizeof backup->part) {
        return err_set(err, ERR_LIMIT, "path too long: %.64s", path);
    }
    memcpy(backup->path, path, strlen(path) + 1);
    if (lstat(path, &info) == 0) {
        return err_set(err, ERR_EXISTS, "%s is there: a backup is a new file, say another name",
                       path);
    }
    if (lstat(backup->part, &info) == 0) {
        return err_set(err, ERR_EXISTS,
                       "%s is there: a backup that was interrupted, or one that is being made; "
                       "remove it or say another name",
                       backup->part);
    }
    return 0;
}

static int start(struct backup *backup, struct err_ctx *err)
{
    int rc = check_path(backup, err);
    if (rc != 0) {
        return rc;
    }
    backup->wake = loop_wake_new(backup->config.loop, on_wake, backup);
    backup->timer = loop_timer_new(backup->config.loop, on_timer, backup);
    bool started = backup->wake != NULL && backup->timer != NULL &&
                   host_thread_start(&backup->thread, backup_main, backup) == 0;
    if (!started) {
        return err_set(err, ERR_NOMEM, "backup: out of memory");
    }
    loop_timer_set(backup->timer, PROGRESS_MS);
    return 0;
}

static void clear(struct backup *backup)
{
    loop_timer_free(backup->timer);
    loop_wake_free(backup->wake);
    free(backup);
}

int backup_start(const struct backup_config *config, struct backup **ret, struct err_ctx *err)
{
    struct backup *backup = calloc(1, sizeof *backup);
    if (backup == NULL) {
        return err_set(err, ERR_NOMEM, "backup: out of memory");
    }
    backup->config = *config;
    backup->began_ms = host_monotonic_ms();
    atomic_init(&backup->stage, BACKUP_COPYING);
    atomic_init(&backup->done, 0);
    atomic_init(&backup->give_up, false);
    int rc = start(backup, err);
    if (rc != 0) {
        clear(backup);
        return rc;
    }
    *ret = backup;
    return 0;
}

void backup_free(struct backup *backup)
{
    if (backup == NULL) {
        return;
    }
    atomic_store(&backup->give_up, true);
    ASSERT(pthread_join(backup->thread, NULL) == 0);
    clear(backup);
}
