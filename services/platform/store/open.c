/* open.c - store_open, step by step, and store_close. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "platform/host/host.h"
#include "platform/store/store_private.h"

#define ABOUT_TABLE "about"

static const struct {
    uint32_t magic; /* f_type of statfs(2) */
    const char *name;
} network_systems[] = {
    {0x6969u, "NFS"},
    {0x517Bu, "SMB"},
    {0xFF534D42u, "CIFS"},
    {0xFE534D42u, "SMB2"},
};

static int fail(struct err_ctx *err, const char *what, int cause)
{
    int rc = cause == MDB_VERSION_MISMATCH  ? ERR_VERSION
             : store_cause_is_damage(cause) ? ERR_FORMAT /* store_open says what to do */
             : cause == ENOMEM              ? ERR_NOMEM
                                            : ERR_IO;
    return err_set(err, rc, "%s: %s", what, mdb_strerror(cause));
}

int store_path_join(char *to, const char *path, const char *name, struct err_ctx *err)
{
    int len = snprintf(to, STORE_PATH_BYTES_MAX, "%s/%s", path, name);
    return len > 0 && len < STORE_PATH_BYTES_MAX ? 0 : err_set(err, ERR_LIMIT, "path too long");
}

/* Locks and mapped pages are not coherent over a network: a store there would break silently. */
static int refuse_network(const char *path, struct err_ctx *err)
{
    struct statfs fs;
    if (statfs(path, &fs) != 0) {
        return fail(err, "file system", errno);
    }
    for (size_t i = 0; i < sizeof network_systems / sizeof network_systems[0]; i++) {
        if ((uint32_t)fs.f_type == network_systems[i].magic) {
            return err_set(err, ERR_IO,
                           "the folder is on a network file system (%s); "
                           "the store needs a local disk",
                           network_systems[i].name);
        }
    }
    return 0;
}

/* On the folder itself, which nobody can remove while the store is in it: a lock file can be, and
 * then a second process makes itself another. (LMDB's own locks vanish with any close of its file.)
 */
static int lock_take(const char *folder, bool read_only, int *ret_fd, struct err_ctx *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return fail(err, "folder", errno);
    }
    if (flock(fd, LOCK_NB | (read_only ? LOCK_SH : LOCK_EX)) != 0) {
        int rc = errno == EWOULDBLOCK ? err_set(err, ERR_BUSY, "another process has it")
                                      : fail(err, "lock", errno);
        (void)close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

int store_folder_lock(const char *path, int *ret_fd, struct err_ctx *err)
{
    int rc = lock_take(path, false, ret_fd, err);
    return rc == 0 ? 0 : err_wrap(err, rc, "store %s", path);
}

/* LMDB never syncs the folder that names its file; and ours was perhaps just made. */
static int folder_sync(const char *path, struct err_ctx *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        /* Who may not list the parent did not make the folder in it either. */
        return errno == EACCES ? 0 : fail(err, "open folder", errno);
    }
    int rc = fsync(fd) == 0 || errno == EINVAL ? 0 : fail(err, "sync folder", errno);
    (void)close(fd);
    return rc;
}

static int folders_sync(const struct store *store, struct err_ctx *err)
{
    char parent[STORE_PATH_BYTES_MAX];
    int rc = folder_sync(store->path, err);
    if (rc == 0) {
        rc = store_path_join(parent, store->path, "..", err);
    }
    return rc != 0 ? rc : folder_sync(parent, err);
}

static int map_set(struct store *store, const struct store_config *config)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t space = config->map_bytes + STORE_RESERVE_BYTES(config->map_bytes);
    int rc = mdb_env_set_mapsize(store->env, (space + page - 1) / page * page);
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(store->env, (MDB_dbi)(config->table_count + 1));
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(store->env, config->readers_max != 0 ? config->readers_max
                                                                         : STORE_READERS_MAX);
    }
    return rc;
}

static int env_open(struct store *store, const struct store_config *config, struct err_ctx *err)
{
    unsigned flags = MDB_NOTLS;
    flags |= config->read_only ? MDB_RDONLY : 0u;
    flags |= config->file ? MDB_NOSUBDIR | MDB_NOLOCK : 0u; /* nobody writes it any more */
    flags |= config->test_no_sync || PLANTED(STORE_NOSYNC) ? MDB_NOSYNC : 0u;
    int rc = mdb_env_create(&store->env);
    if (rc == 0) {
        rc = map_set(store, config);
    }
    if (rc == 0) {
        rc = mdb_env_open(store->env, store->path, flags, 0600);
    }
    if (rc != 0) {
        return fail(err, "data file", rc);
    }
    store_map_name(store);
    if (config->read_only || PLANTED(NO_SYNC_AFTER_OPEN)) {
        return 0;
    }
    /* A crashed process can have left a commit in the page cache that no disk has: we would read
     * it, tell others of it, and lose it with the power. So nothing is read before this. */
    rc = mdb_env_sync(store->env, 1);
    return rc == 0 ? 0 : fail(err, "sync", rc);
}

/* The format number, checked, or written into a store that holds nothing yet. */
static int format_check(struct store_txn *txn, const struct store_config *config, bool fresh,
                        struct err_ctx *err)
{
    uint8_t number[4];
    struct bytes value;
    int rc = store_about_get(txn, STORE_ABOUT_FORMAT, &value);
    if (rc == ERR_NOT_FOUND && fresh) {
        put_be32(number, config->format);
        store_about_put(txn, STORE_ABOUT_FORMAT, bytes_of(number, sizeof number));
        return txn->error == 0 ? 0 : fail(err, "write format", txn->cause);
    }
    if (rc != 0) {
        return rc == ERR_NOT_FOUND ? err_set(err, ERR_VERSION, "it has no format number")
                                   : fail(err, "read format", txn->cause);
    }
    uint32_t found = value.len == sizeof number ? get_be32(value.data) : 0;
    return found == config->format
               ? 0
               : err_set(err, ERR_VERSION, "it has format %u, this program knows %u",
                         (unsigned)found, (unsigned)config->format);
}

/* No table at all: just made. */
static int is_fresh(MDB_txn *txn, bool *ret)
{
    MDB_dbi names;
    MDB_stat stat;
    int rc = mdb_dbi_open(txn, NULL, 0, &names);
    if (rc == 0) {
        rc = mdb_stat(txn, names, &stat);
    }
    if (rc == 0) {
        *ret = stat.ms_entries == 0;
    }
    return rc;
}

/* What the store says of itself: read, or written into a fresh one. */
static int about_check(struct store *store, MDB_txn *mdb, const struct store_config *config,
                       bool fresh, struct err_ctx *err)
{
    struct store_txn txn = {.store = store, .txn = mdb, .write = !config->read_only};
    int rc = format_check(&txn, config, fresh, err);
    if (rc != 0) {
        return rc;
    }
    rc = store_place_check(store, &txn, fresh);
    return rc == 0 ? 0 : err_set(err, ERR_IO, "where it lives: %s", mdb_strerror(txn.cause));
}

static int tables_open(struct store *store, MDB_txn *txn, const struct store_config *config,
                       struct err_ctx *err)
{
    bool fresh = false;
    int rc = is_fresh(txn, &fresh);
    if (rc != 0) {
        return fail(err, "tables", rc);
    }
    unsigned create = config->read_only ? 0u : MDB_CREATE;
    rc = mdb_dbi_open(txn, ABOUT_TABLE, create, &store->tables[config->table_count]);
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? err_set(err, ERR_VERSION, "it has no format number")
                                  : fail(err, "tables", rc);
    }
    rc = about_check(store, txn, config, fresh, err);
    for (size_t i = 0; rc == 0 && i < config->table_count; i++) {
        ASSERT(strcmp(config->tables[i], ABOUT_TABLE) != 0);
        int cause = mdb_dbi_open(txn, config->tables[i], create, &store->tables[i]);
        rc = cause == 0 ? 0 : fail(err, config->tables[i], cause);
    }
    return rc;
}

static int tables_set_up(struct store *store, const struct store_config *config,
                         struct err_ctx *err)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->env, NULL, config->read_only ? MDB_RDONLY : 0u, &txn);
    if (rc != 0) {
        return fail(err, "tables", rc);
    }
    rc = tables_open(store, txn, config, err);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    /* Also when read-only: only a commit keeps the tables' handles. */
    rc = mdb_txn_commit(txn);
    return rc == 0 ? 0 : fail(err, "commit", rc);
}

/* In a full store there must be room for what successors take over: address space, not disk. */
static int map_widen(struct store *store, struct err_ctx *err)
{
    if (store->read_only || !store_moved(store)) {
        return 0;
    }
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t space = STORE_MOVED_BYTES(store->map_bytes);
    int rc = mdb_env_set_mapsize(store->env, (space + page - 1) / page * page);
    store_map_name(store);
    return rc == 0 ? 0 : fail(err, "widen the map", rc);
}

static int open_all(struct store *store, const struct store_config *config, struct err_ctx *err)
{
    int rc = config->read_only ? 0 : folder_make(config->path, err);
    if (rc == 0 && !config->file) {
        rc = refuse_network(config->path, err);
    }
    if (rc == 0 && !config->file) {
        rc = lock_take(store->path, store->read_only, &store->lock_fd, err);
    }
    if (rc == 0 && !config->read_only) {
        rc = store_data_make(store, err);
        rc = rc != 0 ? rc : store_metas_rewrite(store, err);
    }
    if (rc == 0) {
        rc = env_open(store, config, err);
    }
    if (rc == 0 && !config->read_only) {
        rc = folders_sync(store, err);
    }
    if (rc == 0) {
        (void)store_readers_check(store);
        store->readers_check_at_ms = host_monotonic_ms() + STORE_READERS_CHECK_MS;
        rc = tables_set_up(store, config, err);
    }
    return rc != 0 ? rc : map_widen(store, err);
}

static struct store *store_new(const struct store_config *config)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return NULL;
    }
    store->lock_fd = -1;
    store->map_slot = -1;
    store->mend = config->mend != NULL ? config->mend : "bring back a backup (kabar restore)";
    store->table_count = config->table_count;
    store->map_bytes = config->map_bytes;
    store->quota_bytes = config->quota_bytes != 0 && config->quota_bytes < config->map_bytes
                             ? config->quota_bytes
                             : config->map_bytes;
    store->read_only = config->read_only;
    atomic_init(&store->latched, false);
    atomic_init(&store->moved, false);
    atomic_init(&store->stale_readers_cleared, 0);
    ASSERT(pthread_mutex_init(&store->mutex, NULL) == 0);
    store->path = strdup(config->path);
    store->tables = calloc(config->table_count + 1, sizeof *store->tables);
    if (store->path == NULL || store->tables == NULL) {
        store_close(store);
        return NULL;
    }
    return store;
}

int store_open(const struct store_config *config, struct store **ret, struct err_ctx *err)
{
    ASSERT(config->path != NULL && config->map_bytes > 0);
    ASSERT(config->read_only || !config->file);
    struct store *store = store_new(config);
    if (store == NULL) {
        return err_set(err, ERR_NOMEM, "open store: out of memory");
    }
    int rc = open_all(store, config, err);
    if (rc == ERR_FORMAT) {
        char what[ERR_TEXT_BYTES_MAX];
        (void)snprintf(what, sizeof what, "%s", err_peek(err, rc));
        rc = err_set(err, ERR_IO, "the data file is damaged (%s): %s", what, store->mend);
    }
    if (rc != 0) {
        store_close(store);
        return err_wrap(err, rc, "open store %s", config->path);
    }
    *ret = store;
    return 0;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    ASSERT(store->writer == NULL);
    host_map_forget(store->map_slot);
    if (store->env != NULL) {
        mdb_env_close(store->env);
    }
    if (store->lock_fd >= 0) {
        (void)close(store->lock_fd); /* gives the flock back, after LMDB is done */
    }
    (void)pthread_mutex_destroy(&store->mutex);
    free(store->tables);
    free(store->path);
    free(store);
}
