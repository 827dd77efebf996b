/* copy.c - a copy of a store that is in use, by LMDB's own reader. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "platform/host/host.h"
#include "platform/store/store_private.h"

static int fail(struct err_ctx *err, const char *what, int cause)
{
    int rc = cause == EEXIST                      ? ERR_EXISTS
             : cause == ENOSPC || cause == EDQUOT ? ERR_FULL
             : cause == EACCES || cause == EROFS  ? ERR_PERMISSION
             : cause == ENOENT                    ? ERR_NOT_FOUND
             : cause == ENOMEM                    ? ERR_NOMEM
                                                  : ERR_IO;
    return err_set(err, rc, "%s: %s", what, mdb_strerror(cause));
}

static int copy_into(struct store *store, int fd, struct err_ctx *err)
{
    int cause = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);
    if (cause == MDB_READERS_FULL && store_readers_check(store) > 0) {
        cause = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT); /* nothing was written yet */
    }
    if (cause != 0) {
        return fail(err, "write", cause);
    }
    return fsync(fd) == 0 ? 0 : fail(err, "sync", errno);
}

int store_copy(struct store *store, const char *path, struct err_ctx *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return err_wrap(err, fail(err, "create", errno), "copy the store to %s", path);
    }
    int rc = copy_into(store, fd, err);
    if (close(fd) != 0 && rc == 0) {
        rc = fail(err, "close", errno);
    }
    if (rc == 0) {
        rc = file_sync_name(path, err);
    }
    if (rc != 0) {
        (void)unlink(path);
        return err_wrap(err, rc, "copy the store to %s", path);
    }
    return 0;
}
