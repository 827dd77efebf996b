/* data_file.c - LMDB's one file, before LMDB opens it: made whole, and its word made to last. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/store/store_private.h"

#define DATA_FILE "data.mdb"     /* LMDB's name for it */
#define DATA_FILE_NEW "data.new" /* while it is made */
#define META_PAGE_BYTES_MAX 65536u

static int fail(struct err_ctx *err, const char *what, int cause)
{
    return err_set(err, cause == ENOMEM ? ERR_NOMEM : ERR_IO, "%s: %s", what, mdb_strerror(cause));
}

/* An empty environment in a file of that name, synced. */
static int data_create(const char *path, struct err_ctx *err)
{
    MDB_env *env = NULL;
    if (unlink(path) != 0 && errno != ENOENT) { /* left half by a crash */
        return fail(err, "remove half a data file", errno);
    }
    int rc = mdb_env_create(&env);
    if (rc == 0) {
        rc = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
    }
    if (rc == 0) {
        rc = mdb_env_sync(env, 1);
    }
    mdb_env_close(env);
    return rc == 0 ? 0 : fail(err, "make data file", rc);
}

/* LMDB makes its file in place and does not sync it: with half of it on the disk when the power
 * goes, it opens nothing and makes nothing any more. So it gets its name when it is whole. */
int store_data_make(const struct store *store, struct err_ctx *err)
{
    char path[STORE_PATH_BYTES_MAX];
    char new_path[STORE_PATH_BYTES_MAX];
    struct stat info;
    int rc = store_path_join(path, store->path, DATA_FILE, err);
    rc = rc != 0 ? rc : store_path_join(new_path, store->path, DATA_FILE_NEW, err);
    if (rc != 0 || stat(path, &info) == 0) {
        return rc;
    }
    rc = data_create(new_path, err);
    if (rc == 0 && rename(new_path, path) != 0) {
        rc = fail(err, "name data file", errno);
    }
    return rc; /* the name is synced with the folder */
}

/* The pages that say what is committed are written once more, as they are. A disk that failed to
 * write one leaves it in the page cache, new and counted as clean: whoever opens the store reads
 * it, and no sync ever brings it to the disk. After this the sync in env_open does. */
int store_metas_rewrite(const struct store *store, struct err_ctx *err)
{
    char path[STORE_PATH_BYTES_MAX];
    uint8_t metas[2 * META_PAGE_BYTES_MAX];
    size_t len = 2 * (size_t)sysconf(_SC_PAGESIZE);
    int rc = store_path_join(path, store->path, DATA_FILE, err);
    if (rc != 0 || len > sizeof metas) {
        return rc;
    }
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return fail(err, "data file", errno);
    }
    ssize_t got = pread(fd, metas, len, 0);
    if (got == (ssize_t)len && pwrite(fd, metas, len, 0) != (ssize_t)len) {
        rc = fail(err, "write data file", errno);
    } else if (got < 0) {
        rc = fail(err, "read data file", errno);
    }
    (void)close(fd);
    return rc; /* a file that is too short is LMDB's to refuse */
}
