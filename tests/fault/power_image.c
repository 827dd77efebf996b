/* power_image.c - the disk as it is found after the power came back, as files in a folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault/power_disk_in.h"

#define STALE_BYTE 0xa5
#define PATH_CAPACITY 4096

/* ---- which parts are kept ---- */

struct pick {
    const struct tear *tear;
    uint64_t random;
    size_t part;
};

static bool keeps(struct pick *pick)
{
    size_t part = pick->part++;
    switch (pick->tear->kind) {
    case TEAR_ALL_LOST:
        return false;
    case TEAR_ALL_KEPT:
        return true;
    case TEAR_BITS:
        return part < 64 && (pick->tear->bits >> part & 1u) != 0;
    case TEAR_RANDOM:
        return disk_random(&pick->random) % 8 < pick->tear->eighths;
    }
    return false;
}

/* From `at` to the end of its sector, or of the write. */
static size_t sector_step(const struct pending *pending, size_t at)
{
    size_t step = DISK_SECTOR_BYTES - (pending->at + at) % DISK_SECTOR_BYTES;
    return step < pending->len - at ? step : pending->len - at;
}

size_t disk_parts(const struct disk *disk)
{
    size_t parts = disk->change_count;
    for (size_t i = 0; i < disk->node_count; i++) {
        for (size_t w = 0; w < disk->nodes[i].write_count; w++) {
            const struct pending *pending = &disk->nodes[i].writes[w];
            for (size_t at = 0; at < pending->len; at += sector_step(pending, at)) {
                parts++;
            }
        }
    }
    return parts;
}

static void lengthen(struct content *content, const struct node *node, const struct tear *tear)
{
    size_t len = content->len;
    if (tear->long_files && node->now.len > len) {
        content_resize(content, node->now.len);
        memset(content->data + len, tear->stale_blocks ? STALE_BYTE : 0, content->len - len);
    }
}

/* In the caller's hands. */
static struct content remains(const struct node *node, struct pick *pick)
{
    struct content content = {0};
    content_put(&content, 0, node->durable.data != NULL ? node->durable.data : (const uint8_t *)"",
                node->durable.len);
    lengthen(&content, node, pick->tear);
    for (size_t w = 0; w < node->write_count; w++) {
        const struct pending *pending = &node->writes[w];
        size_t step;
        for (size_t at = 0; at < pending->len; at += step) {
            step = sector_step(pending, at);
            if (keeps(pick)) {
                content_put(&content, pending->at + at, pending->data + at, step);
            }
        }
    }
    return content;
}

/* ---- to and from files ---- */

static int join(char to[PATH_CAPACITY], const char *folder, const char *path)
{
    int len = snprintf(to, PATH_CAPACITY, "%s/%s", folder, path);
    errno = ENAMETOOLONG;
    return len > 0 && len < PATH_CAPACITY ? 0 : -1;
}

static int file_put(const char *folder, const char *path, const struct content *content)
{
    char to[PATH_CAPACITY];
    if (join(to, folder, path) != 0) {
        return -1;
    }
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    size_t done = 0;
    ssize_t put = 0;
    while (done < content->len && put >= 0) {
        put = write(fd, content->data + done, content->len - done);
        done += put > 0 ? (size_t)put : 0;
    }
    (void)close(fd);
    return put < 0 ? -1 : 0;
}

/* Folders that are not there lose what is in them. Parents stand before children. */
static int folders_put(const struct disk *disk, const struct names *names, const char *folder)
{
    for (size_t depth = 0; depth < 8; depth++) {
        for (size_t i = 0; i < names->count; i++) {
            char to[PATH_CAPACITY];
            size_t slashes = 0;
            for (const char *at = names->list[i].path; *at != '\0'; at++) {
                slashes += *at == '/';
            }
            if (slashes != depth || !disk->nodes[names->list[i].node].folder) {
                continue;
            }
            if (join(to, folder, names->list[i].path) != 0 ||
                (mkdir(to, 0700) != 0 && errno != EEXIST && errno != ENOENT)) {
                return -1;
            }
        }
    }
    return 0;
}

static int put_all(const struct disk *disk, const struct names *names, struct pick *pick,
                   const char *folder)
{
    if (folders_put(disk, names, folder) != 0) {
        return -1;
    }
    for (size_t i = 0; i < disk->node_count; i++) {
        const struct node *node = &disk->nodes[i];
        if (node->folder) {
            continue;
        }
        /* Every node is looked at, so that the same part has the same number in every case. */
        struct content content = pick != NULL ? remains(node, pick) : (struct content){0};
        const struct content *wanted = pick != NULL ? &content : &node->now;
        for (size_t n = 0; n < names->count; n++) {
            if (names->list[n].node == (int)i &&
                file_put(folder, names->list[n].path, wanted) != 0 && errno != ENOENT) {
                free(content.data);
                return -1;
            }
        }
        free(content.data);
    }
    return 0;
}

int disk_write_out(const struct disk *disk, const struct tear *tear, const char *folder)
{
    struct pick pick = {.tear = tear, .random = tear->bits};
    struct names names = disk->durable;
    for (size_t i = 0; i < disk->change_count; i++) {
        if (keeps(&pick)) {
            names_change(&names, &disk->changes[i]);
        }
    }
    return put_all(disk, &names, &pick, folder);
}

int disk_write_out_now(const struct disk *disk, const char *folder)
{
    return put_all(disk, &disk->now, NULL, folder);
}

static int file_get(struct disk *disk, const char *from, const char *path)
{
    uint8_t piece[65536];
    uint64_t at = 0;
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    disk_apply(disk, &(struct disk_op){.step = DISK_CREATE, .path = path}, false);
    ssize_t got;
    while ((got = read(fd, piece, sizeof piece)) > 0) {
        struct disk_op op = {
            .step = DISK_WRITE, .path = path, .at = at, .data = piece, .len = (size_t)got};
        disk_apply(disk, &op, false);
        at += (uint64_t)got;
    }
    (void)close(fd);
    disk_apply(disk, &(struct disk_op){.step = DISK_SYNC, .path = path}, false);
    return got < 0 ? -1 : 0;
}

/* One folder; the folders found in it are looked at later, from the list of names. */
static int folder_get(struct disk *disk, const char *root, const char *folder)
{
    char from[PATH_CAPACITY];
    DIR *entries = join(from, root, folder) == 0 ? opendir(from) : NULL;
    struct dirent *entry;
    int rc = entries == NULL ? -1 : 0;
    while (rc == 0 && (entry = readdir(entries)) != NULL) {
        char path[PATH_CAPACITY];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s%s%s", folder, folder[0] == '\0' ? "" : "/",
                       entry->d_name);
        rc = join(from, root, path) != 0 ? -1 : lstat(from, &info);
        if (rc == 0 && S_ISDIR(info.st_mode)) {
            disk_apply(disk, &(struct disk_op){.step = DISK_MAKE_FOLDER, .path = path}, false);
        } else if (rc == 0) {
            rc = file_get(disk, from, path);
        }
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
    disk_apply(disk, &(struct disk_op){.step = DISK_SYNC_FOLDER, .path = folder}, false);
    return rc;
}

int disk_read_in(struct disk *disk, const char *folder)
{
    int rc = folder_get(disk, folder, "");
    for (size_t i = 0; rc == 0 && i < disk->now.count; i++) {
        char path[DISK_PATH_CAPACITY];
        (void)snprintf(path, sizeof path, "%s", disk->now.list[i].path);
        if (disk->nodes[disk->now.list[i].node].folder) {
            rc = folder_get(disk, folder, path);
        }
    }
    return rc;
}
