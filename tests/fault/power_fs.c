/* power_fs.c - a real file system over the disk that forgets (power_disk.h), with a power switch.
 *
 * power_fs MOUNT --ready FD [--image FOLDER] [--after FOLDER --cut N --seed S] [--log FILE]
 *
 * Runs in the foreground. Begins with what --image holds. Change N of a file or folder (from 1) is
 * when the power goes: what is left, by a tear pattern of the seed, is written into --after, and
 * the process ends, the mount with it. --log: every change, one a line. Lock files are no changes:
 * LMDB maps them, and they say nothing after a restart. FD gets one byte once the mount works. */
#define FUSE_USE_VERSION 35
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fault/power_disk.h"

static struct {
    struct disk *disk;
    const char *after, *image;
    FILE *log;
    unsigned long cut, changes;
    uint64_t seed;
    int ready_fd;
} fs;

/* ---- the switch ---- */

static bool is_lock(const char *path)
{
    const char *name = strrchr(path, '/');
    name = name == NULL ? path : name + 1;
    return strcmp(name, "lock") == 0 || strcmp(name, "lock.mdb") == 0;
}

static void power_goes(const struct disk_op *op)
{
    uint64_t random = fs.seed ^ fs.cut << 20;
    unsigned kind = (unsigned)(disk_random(&random) % 4);
    const struct tear tear = {.kind = kind == 0   ? TEAR_ALL_LOST
                                      : kind == 1 ? TEAR_ALL_KEPT
                                                  : TEAR_RANDOM,
                              .bits = disk_random(&random),
                              .eighths = 1 + (unsigned)(disk_random(&random) % 7),
                              .long_files = disk_random(&random) % 2 == 0,
                              .stale_blocks = disk_random(&random) % 2 == 0};
    disk_apply(fs.disk, op, true);
    int rc = disk_write_out(fs.disk, &tear, fs.after);
    if (rc != 0) {
        perror("power_fs: write out");
    }
    _exit(rc == 0 ? 0 : 1);
}

static void apply(const struct disk_op *op)
{
    if (!is_lock(op->path)) {
        fs.changes++;
        if (fs.log != NULL) {
            (void)fprintf(fs.log, "%s\t./%s\t%llu\t%zu\n", disk_step_name(op->step), op->path,
                          (unsigned long long)op->at, op->len);
            (void)fflush(fs.log);
        }
        if (fs.changes == fs.cut) {
            power_goes(op);
        }
    }
    disk_apply(fs.disk, op, false);
}

/* ---- what the kernel asks ---- */

static int node_of(const char *path, bool *ret_folder)
{
    if (path[0] == '\0') {
        *ret_folder = true;
        return 0;
    }
    int node = disk_find(fs.disk, path);
    if (node >= 0) {
        *ret_folder = disk_is_folder(fs.disk, node);
    }
    return node;
}

static int fs_getattr(const char *path, struct stat *info, struct fuse_file_info *file)
{
    bool folder = false;
    int node = node_of(path + 1, &folder);
    (void)file;
    if (node < 0) {
        return -ENOENT;
    }
    *info = (struct stat){.st_mode = folder ? S_IFDIR | 0700 : S_IFREG | 0600,
                          .st_nlink = 1,
                          .st_uid = geteuid(),
                          .st_gid = getegid(),
                          .st_blksize = 4096};
    if (!folder) {
        size_t len = 0;
        (void)disk_data(fs.disk, node, &len);
        info->st_size = (off_t)len;
        info->st_blocks = (blkcnt_t)(len / 512);
    }
    return 0;
}

struct listing {
    void *buffer;
    fuse_fill_dir_t fill;
};

static void list_one(void *arg, const char *name)
{
    struct listing *listing = arg;
    (void)listing->fill(listing->buffer, name, NULL, 0, 0);
}

static int fs_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t at,
                      struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
    struct listing listing = {buffer, fill};
    (void)at;
    (void)file;
    (void)flags;
    list_one(&listing, ".");
    list_one(&listing, "..");
    disk_list(fs.disk, path + 1, list_one, &listing);
    return 0;
}

static int fs_open(const char *path, struct fuse_file_info *file)
{
    (void)file;
    return disk_find(fs.disk, path + 1) < 0 ? -ENOENT : 0;
}

static int fs_create(const char *path, mode_t mode, struct fuse_file_info *file)
{
    (void)mode;
    (void)file;
    apply(&(struct disk_op){.step = DISK_CREATE, .path = path + 1});
    return 0;
}

static int fs_mkdir(const char *path, mode_t mode)
{
    (void)mode;
    apply(&(struct disk_op){.step = DISK_MAKE_FOLDER, .path = path + 1});
    return 0;
}

static int fs_unlink(const char *path)
{
    apply(&(struct disk_op){.step = DISK_UNLINK, .path = path + 1});
    return 0;
}

static int fs_rename(const char *from, const char *to, unsigned flags)
{
    if ((flags & ~1u) != 0) {
        return -EINVAL;
    }
    if ((flags & 1u) != 0 && disk_find(fs.disk, to + 1) >= 0) {
        return -EEXIST;
    }
    apply(&(struct disk_op){.step = DISK_RENAME, .path = from + 1, .to = to + 1});
    return 0;
}

static int fs_read(const char *path, char *to, size_t len, off_t at, struct fuse_file_info *file)
{
    size_t size = 0;
    int node = disk_find(fs.disk, path + 1);
    (void)file;
    if (node < 0) {
        return -ENOENT;
    }
    const uint8_t *data = disk_data(fs.disk, node, &size);
    if ((size_t)at >= size) {
        return 0;
    }
    len = len < size - (size_t)at ? len : size - (size_t)at;
    memcpy(to, data + at, len);
    return (int)len;
}

/* A write to a file opened with O_DSYNC is followed by an fsync that the kernel sends. */
static int fs_write(const char *path, const char *from, size_t len, off_t at,
                    struct fuse_file_info *file)
{
    (void)file;
    apply(&(struct disk_op){.step = DISK_WRITE,
                            .path = path + 1,
                            .at = (uint64_t)at,
                            .data = (const uint8_t *)from,
                            .len = len});
    return (int)len;
}

static int fs_truncate(const char *path, off_t len, struct fuse_file_info *file)
{
    (void)file;
    apply(&(struct disk_op){.step = DISK_LENGTH, .path = path + 1, .at = (uint64_t)len});
    return 0;
}

static int fs_fsync(const char *path, int data_only, struct fuse_file_info *file)
{
    (void)data_only;
    (void)file;
    apply(&(struct disk_op){.step = DISK_SYNC, .path = path + 1});
    return 0;
}

static int fs_fsyncdir(const char *path, int data_only, struct fuse_file_info *file)
{
    (void)data_only;
    (void)file;
    apply(&(struct disk_op){.step = DISK_SYNC_FOLDER, .path = path + 1});
    return 0;
}

static int fs_statfs(const char *path, struct statvfs *info)
{
    (void)path;
    *info = (struct statvfs){.f_bsize = 4096,
                             .f_frsize = 4096,
                             .f_blocks = 1u << 20,
                             .f_bfree = 1u << 20,
                             .f_bavail = 1u << 20,
                             .f_namemax = 64};
    return 0;
}

static int fs_chmod(const char *path, mode_t mode, struct fuse_file_info *file)
{
    (void)path;
    (void)mode;
    (void)file;
    return 0;
}

static int fs_utimens(const char *path, const struct timespec times[2], struct fuse_file_info *file)
{
    (void)path;
    (void)times;
    (void)file;
    return 0;
}

static void *fs_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
    (void)connection;
    config->hard_remove = 1;
    config->attr_timeout = 0;
    config->entry_timeout = 0;
    if (write(fs.ready_fd, "r", 1) != 1) {
        perror("power_fs: ready");
    }
    (void)close(fs.ready_fd);
    return NULL;
}

static const struct fuse_operations operations = {.getattr = fs_getattr,
                                                  .readdir = fs_readdir,
                                                  .open = fs_open,
                                                  .create = fs_create,
                                                  .mkdir = fs_mkdir,
                                                  .unlink = fs_unlink,
                                                  .rename = fs_rename,
                                                  .read = fs_read,
                                                  .write = fs_write,
                                                  .truncate = fs_truncate,
                                                  .fsync = fs_fsync,
                                                  .fsyncdir = fs_fsyncdir,
                                                  .statfs = fs_statfs,
                                                  .chmod = fs_chmod,
                                                  .utimens = fs_utimens,
                                                  .init = fs_init};

static bool options(int argc, char **argv)
{
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--ready") == 0) {
            fs.ready_fd = (int)strtol(value, NULL, 10);
        } else if (strcmp(argv[i], "--image") == 0) {
            fs.image = value;
        } else if (strcmp(argv[i], "--after") == 0) {
            fs.after = value;
        } else if (strcmp(argv[i], "--cut") == 0) {
            fs.cut = strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--seed") == 0) {
            fs.seed = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--log") == 0) {
            fs.log = fopen(value, "we");
        } else {
            return false;
        }
    }
    return argc >= 4 && argc % 2 == 0 && (fs.cut == 0 || fs.after != NULL);
}

int main(int argc, char **argv)
{
    char program[] = "power_fs";
    char *arguments[] = {program, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
    if (!options(argc, argv)) {
        (void)fputs("usage: power_fs MOUNT --ready FD [--image FOLDER] "
                    "[--after FOLDER --cut N --seed S] [--log FILE]\n",
                    stderr);
        return 2;
    }
    fs.disk = disk_new();
    if (fs.image != NULL && disk_read_in(fs.disk, fs.image) != 0) {
        perror("power_fs: read in");
        return 1;
    }
    struct fuse *fuse = fuse_new(&args, &operations, sizeof operations, NULL);
    if (fuse == NULL || fuse_mount(fuse, argv[1]) != 0) {
        return 1;
    }
    int rc = fuse_set_signal_handlers(fuse_get_session(fuse));
    rc = rc != 0 ? rc : fuse_loop(fuse);
    fuse_unmount(fuse);
    fuse_destroy(fuse);
    fuse_opt_free_args(&args);
    disk_free(fs.disk);
    return rc >= 0 ? 0 : 1; /* above 0: the signal that ended it */
}
