/* place.c - where a store lives: one hash of its data file's inode, when that was born, and the
 * machine's id. The time of birth, because a file system gives the inode of a file that was removed
 * to the next one: `rm` and `cp` alone would look as if nothing had happened.
 *
 * A copy of the file, a restored backup, a disk put into another box: another hash. A renamed
 * folder or a changed host name: the same. (A snapshot of a whole virtual machine is not seen here;
 * the other end sees it, core/sync.)
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/assert.h"
#include "core/seal/chain.h"
#include "platform/host/host.h"
#include "platform/store/store_private.h"

/* 0 or an errno. */
static int place_of(const struct store *store, struct hash *ret)
{
    uint8_t where[MACHINE_ID_BYTES + 8 + 8 + 4];
    mdb_filehandle_t fd;
    struct statx file;
    int cause = mdb_env_get_fd(store->env, &fd);
    if (cause == 0 && statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &file) != 0) {
        cause = errno;
    }
    if (cause != 0) {
        return cause;
    }
    host_machine_id(where);
    bool born = (file.stx_mask & STATX_BTIME) != 0; /* not every file system knows */
    put_be64(where + MACHINE_ID_BYTES, file.stx_ino);
    put_be64(where + MACHINE_ID_BYTES + 8, born ? (uint64_t)file.stx_btime.tv_sec : 0);
    put_be32(where + MACHINE_ID_BYTES + 16, born ? file.stx_btime.tv_nsec : 0);
    seal_hash("kabar.place.v1", bytes_of(where, sizeof where), ret);
    return 0;
}

static void place_put(struct store_txn *txn, const struct hash *place)
{
    store_about_put(txn, STORE_ABOUT_PLACE, bytes_of(place->b, HASH_BYTES));
}

int store_place_check(struct store *store, struct store_txn *txn, bool fresh)
{
    struct hash here;
    struct bytes kept;
    txn->cause = place_of(store, &here);
    if (txn->cause != 0) {
        return ERR_IO;
    }
    int rc = store_about_get(txn, STORE_ABOUT_PLACE, &kept);
    if (rc == ERR_NOT_FOUND && fresh) {
        place_put(txn, &here);
        return txn->error;
    }
    if (rc == 0 || rc == ERR_NOT_FOUND) {
        bool same = rc == 0 && bytes_equal(kept, bytes_of(here.b, HASH_BYTES));
        atomic_store(&store->moved, !same);
        rc = 0;
    }
    return rc;
}

bool store_moved(const struct store *store)
{
    return atomic_load(&store->moved);
}

void store_settle(struct store_txn *txn)
{
    struct hash here;
    /* The file is open: nothing but a broken kernel makes this fail. */
    ASSERT(place_of(txn->store, &here) == 0);
    place_put(txn, &here);
    txn->settles = true;
}

void store_mark_moved(struct store_txn *txn)
{
    static const struct hash nowhere;
    place_put(txn, &nowhere);
    txn->settles = false;
}
