/* power_disk.h - a disk that forgets: what programs wrote, what of it is durable, and what is left
 * when the power goes.
 *
 *   write ──► now ──(fsync, fdatasync, O_DSYNC)──► durable
 *   create, rename, unlink, mkdir ──► names now ──(fsync of the folder)──► names durable
 *
 * A program reads "now". Power loss leaves "durable" and, of the changes that were on their way,
 * any part: a name or not, each 512-byte sector of each write or not, in any order. It is stricter
 * than file systems people use: a file's own fsync does not make its name durable. Files are known
 * by their paths below the folder that the disk stands for; that folder itself is durable.
 */
#ifndef FAULT_POWER_DISK_H
#define FAULT_POWER_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_SECTOR_BYTES 512u
#define DISK_PATH_CAPACITY 128u

enum disk_step {
    DISK_WRITE,
    DISK_LENGTH, /* ftruncate: `at` is the new length */
    DISK_SYNC,
    DISK_SYNC_FOLDER,
    DISK_CREATE,
    DISK_MAKE_FOLDER,
    DISK_UNLINK,
    DISK_RENAME,
    DISK_LINK,
};
const char *disk_step_name(enum disk_step step);

struct disk_op {
    enum disk_step step;
    bool synced; /* a write to a file opened with O_DSYNC: durable when it returns */
    bool failed; /* a sync, or a write that is one, gave an error: what it was to make durable
                    counts as clean now, so no later sync will, though everybody still reads it */
    const char *path, *to;
    uint64_t at;
    const uint8_t *data;
    size_t len;
};

struct disk;
struct disk *disk_new(void); /* empty; ends the program when out of memory, as all here */
struct disk *disk_copy(const struct disk *disk);
void disk_free(struct disk *disk);

/* in_flight: it was begun, and the power or the process goes before it returns. */
void disk_apply(struct disk *disk, const struct disk_op *op, bool in_flight);

/* What is left of what was not durable. */
enum tear_kind { TEAR_ALL_LOST, TEAR_ALL_KEPT, TEAR_BITS, TEAR_RANDOM };
struct tear {
    enum tear_kind kind;
    uint64_t bits; /* TEAR_BITS: bit n for part n. TEAR_RANDOM: the seed */
    /* Of 8: how many parts are kept on average; TEAR_RANDOM. */
    unsigned eighths;
    /* A file is as long as it was made, also where no sector came: with zeros there, or with what
     * the blocks held before somebody else gave them back. */
    bool long_files, stale_blocks;
};
/* Parts (names and sectors) that are not durable. */
size_t disk_parts(const struct disk *disk);
/* The folder as it is found after the power came back; returns 0 or -1 with errno. */
int disk_write_out(const struct disk *disk, const struct tear *tear, const char *folder);
/* The folder as a program sees it now: a process died, the power stayed. */
int disk_write_out_now(const struct disk *disk, const char *folder);

/* Reads a folder as a disk on which all is durable; returns 0 or -1 with errno. */
int disk_read_in(struct disk *disk, const char *folder);

/* ---- what a program sees, for a file system over it ---- */
/* Index of the node, or -1. "" is the folder itself. */
int disk_find(const struct disk *disk, const char *path);
bool disk_is_folder(const struct disk *disk, int node);
const uint8_t *disk_data(const struct disk *disk, int node, size_t *ret_len);
/* Calls each for every name in that folder. */
void disk_list(const struct disk *disk, const char *folder, void (*each)(void *arg, const char *),
               void *arg);

uint64_t disk_random(uint64_t *state); /* splitmix64 */

#endif
