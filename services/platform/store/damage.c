/* damage.c - a data file that is no longer what it was: taken away under us, or cut short. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/plant.h"
#include "platform/host/host.h"
#include "platform/store/store_private.h"

bool store_cause_is_damage(int cause)
{
    return cause == MDB_INVALID || cause == MDB_CORRUPTED || cause == MDB_PAGE_NOTFOUND ||
           cause == MDB_BAD_TXN || cause == MDB_PANIC;
}

/* ---- the file under its name ---- */

static int name_lost(const struct store *store)
{
    char path[STORE_PATH_BYTES_MAX];
    struct stat named;
    struct stat ours;
    mdb_filehandle_t fd;
    int len = snprintf(path, sizeof path, "%s/data.mdb", store->path);
    if (len < 0 || (size_t)len >= sizeof path || mdb_env_get_fd(store->env, &fd) != 0 ||
        fstat(fd, &ours) != 0) {
        return 0; /* nothing is known */
    }
    if (stat(path, &named) != 0) {
        return errno == ENOENT || errno == ENOTDIR ? ENOENT : 0;
    }
    return named.st_ino == ours.st_ino && named.st_dev == ours.st_dev ? 0 : ESTALE;
}

bool store_check_file(struct store *store)
{
    int cause = PLANTED(FILE_UNWATCHED) || store->read_only ? 0 : name_lost(store);
    if (cause != 0) {
        store_latch(store, "data.mdb was removed or replaced while in use", cause);
    }
    return cause == 0;
}

/* ---- the map: what a SIGBUS in it says ---- */

/* "begin-end rights offset device inode path" */
static bool line_of_map(const char *line, uint64_t inode, uintptr_t *ret_begin, uintptr_t *ret_end)
{
    char *at = NULL;
    *ret_begin = (uintptr_t)strtoumax(line, &at, 16);
    if (*at != '-') {
        return false;
    }
    *ret_end = (uintptr_t)strtoumax(at + 1, &at, 16);
    for (int field = 0; field < 3; field++) {
        at += strspn(at, " ");
        at += strcspn(at, " ");
    }
    return strtoumax(at, NULL, 10) == inode;
}

/* LMDB does not say where its map is; the kernel does. */
static bool map_of(const struct store *store, uintptr_t *ret_begin, uintptr_t *ret_end)
{
    struct stat file;
    mdb_filehandle_t fd;
    char line[STORE_PATH_BYTES_MAX + 128];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) {
        return false;
    }
    if (mdb_env_get_fd(store->env, &fd) == 0 && fstat(fd, &file) == 0) {
        while (!found && fgets(line, sizeof line, maps) != NULL) {
            found = line_of_map(line, file.st_ino, ret_begin, ret_end);
        }
    }
    (void)fclose(maps);
    return found;
}

void store_map_name(struct store *store)
{
    char text[HOST_MAP_TEXT_BYTES];
    uintptr_t begin = 0;
    uintptr_t end = 0;
    host_map_forget(store->map_slot);
    store->map_slot = -1;
    if (!map_of(store, &begin, &end)) {
        return; /* a SIGBUS then says less */
    }
    (void)snprintf(text, sizeof text, "%s/data.mdb cannot be read or was cut short: %s",
                   store->path, store->mend);
    store->map_slot = host_map_name(begin, end, text);
}
