#include "fault/power_disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/power_disk_in.h"

void *disk_memory(void *old, size_t len)
{
    void *memory = realloc(old, len == 0 ? 1 : len);
    if (memory == NULL) {
        (void)fputs("disk: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void disk_expect(bool condition, const char *what, const char *path)
{
    if (!condition) {
        (void)fprintf(stderr, "disk: %s: %s\n", what, path);
        abort();
    }
}

const char *disk_step_name(enum disk_step step)
{
    static const char *const names[] = {"write",       "set length", "sync",
                                        "sync folder", "create",     "make folder",
                                        "unlink",      "rename",     "link"};
    return names[step];
}

uint64_t disk_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- life ---- */

struct disk *disk_new(void)
{
    struct disk *disk = disk_memory(NULL, sizeof *disk);
    memset(disk, 0, sizeof *disk);
    return disk;
}

static struct content content_copy(const struct content *from)
{
    struct content to = {.len = from->len, .capacity = from->len};
    to.data = disk_memory(NULL, from->len);
    if (from->len > 0) {
        memcpy(to.data, from->data, from->len);
    }
    return to;
}

struct disk *disk_copy(const struct disk *disk)
{
    struct disk *copy = disk_memory(NULL, sizeof *copy);
    *copy = *disk;
    for (size_t i = 0; i < disk->node_count; i++) {
        const struct node *from = &disk->nodes[i];
        struct node *to = &copy->nodes[i];
        to->now = content_copy(&from->now);
        to->durable = content_copy(&from->durable);
        to->writes = disk_memory(NULL, from->write_count * sizeof *to->writes);
        to->write_capacity = from->write_count;
        for (size_t w = 0; w < from->write_count; w++) {
            to->writes[w] = from->writes[w];
            to->writes[w].data = disk_memory(NULL, from->writes[w].len);
            memcpy(to->writes[w].data, from->writes[w].data, from->writes[w].len);
        }
    }
    return copy;
}

static void writes_forget(struct node *node)
{
    for (size_t i = 0; i < node->write_count; i++) {
        free(node->writes[i].data);
    }
    node->write_count = 0;
}

void disk_free(struct disk *disk)
{
    if (disk == NULL) {
        return;
    }
    for (size_t i = 0; i < disk->node_count; i++) {
        writes_forget(&disk->nodes[i]);
        free(disk->nodes[i].writes);
        free(disk->nodes[i].now.data);
        free(disk->nodes[i].durable.data);
    }
    free(disk);
}

/* ---- contents ---- */

void content_resize(struct content *content, size_t len)
{
    if (len > content->capacity || content->data == NULL) {
        content->capacity = len * 2;
        content->data = disk_memory(content->data, content->capacity);
    }
    if (len > content->len) {
        memset(content->data + content->len, 0, len - content->len);
    }
    content->len = len;
}

void content_put(struct content *content, size_t at, const uint8_t *data, size_t len)
{
    if (len == 0) {
        return;
    }
    if (at + len > content->len) {
        content_resize(content, at + len);
    }
    memcpy(content->data + at, data, len);
}

/* ---- names ---- */

int names_find(const struct names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->list[i].path, path) == 0) {
            return names->list[i].node;
        }
    }
    return -1;
}

static void names_remove(struct names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->list[i].path, path) == 0) {
            names->list[i] = names->list[--names->count];
            return;
        }
    }
}

static void names_put(struct names *names, const char *path, int node)
{
    names_remove(names, path);
    disk_expect(names->count < NAMES_MAX && strlen(path) < DISK_PATH_CAPACITY, "too many", path);
    struct name *name = &names->list[names->count++];
    (void)snprintf(name->path, sizeof name->path, "%s", path);
    name->node = node;
}

void names_change(struct names *names, const struct change *change)
{
    if (change->from[0] != '\0') {
        names_remove(names, change->from);
    }
    if (change->to[0] != '\0') {
        names_put(names, change->to, change->node);
    }
}

/* "a/b" is in "a", "a" in "". */
bool disk_in_folder(const char *path, const char *folder)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    return len == strlen(folder) && memcmp(path, folder, len) == 0;
}

static int node_new(struct disk *disk, bool folder, const char *path)
{
    disk_expect(disk->node_count < NODES_MAX, "too many files", path);
    disk->nodes[disk->node_count] = (struct node){.folder = folder};
    return (int)disk->node_count++;
}

static void change_add(struct disk *disk, const char *from, const char *to, int node)
{
    disk_expect(disk->change_count < CHANGES_MAX, "too many changes of names", to);
    struct change *change = &disk->changes[disk->change_count++];
    *change = (struct change){.node = node};
    (void)snprintf(change->from, sizeof change->from, "%s", from);
    (void)snprintf(change->to, sizeof change->to, "%s", to);
    names_change(&disk->now, change);
}

static void sync_folder(struct disk *disk, const char *folder)
{
    size_t kept = 0;
    for (size_t i = 0; i < disk->change_count; i++) {
        const struct change *change = &disk->changes[i];
        const char *path = change->to[0] != '\0' ? change->to : change->from;
        if (disk_in_folder(path, folder)) {
            names_change(&disk->durable, change);
        } else {
            disk->changes[kept++] = *change;
        }
    }
    disk->change_count = kept;
}

/* ---- steps ---- */

static struct node *node_at(struct disk *disk, const char *path)
{
    int node = names_find(&disk->now, path);
    disk_expect(node >= 0, "no such file", path);
    return &disk->nodes[node];
}

static void write_add(struct node *node, const struct disk_op *op)
{
    if (node->write_count == node->write_capacity) {
        node->write_capacity = node->write_capacity * 2 + 8;
        node->writes = disk_memory(node->writes, node->write_capacity * sizeof *node->writes);
    }
    struct pending *pending = &node->writes[node->write_count++];
    *pending = (struct pending){.at = op->at,
                                .len = op->len,
                                .data = disk_memory(NULL, op->len),
                                .stuck = op->synced && op->failed};
    memcpy(pending->data, op->data, op->len);
}

static void write_to(struct disk *disk, const struct disk_op *op, bool in_flight)
{
    struct node *node = node_at(disk, op->path);
    content_put(&node->now, op->at, op->data, op->len);
    if (op->synced && !op->failed && !in_flight) {
        content_put(&node->durable, op->at, op->data, op->len);
    } else {
        write_add(node, op);
    }
}

/* Something newer went to the disk where it stands. */
static bool overtaken(const struct node *node, size_t index)
{
    const struct pending *old = &node->writes[index];
    for (size_t i = index + 1; i < node->write_count; i++) {
        const struct pending *later = &node->writes[i];
        if (!later->stuck && later->at < old->at + old->len && old->at < later->at + later->len) {
            return true;
        }
    }
    return false;
}

static void sync_file(struct disk *disk, const char *path)
{
    struct node *node = node_at(disk, path);
    size_t kept = 0;
    for (size_t i = 0; i < node->write_count; i++) {
        struct pending *pending = &node->writes[i];
        if (!pending->stuck) {
            content_put(&node->durable, pending->at, pending->data, pending->len);
        } else if (!overtaken(node, i)) {
            continue; /* stays; moved below, so that what comes later is still there to look at */
        }
        free(pending->data);
        pending->data = NULL;
    }
    for (size_t i = 0; i < node->write_count; i++) {
        if (node->writes[i].data != NULL) {
            node->writes[kept++] = node->writes[i];
        }
    }
    node->write_count = kept;
    if (kept == 0 || node->now.len < node->durable.len) {
        content_resize(&node->durable, node->now.len);
    }
}

static void sync_fails(struct disk *disk, const char *path)
{
    struct node *node = node_at(disk, path);
    for (size_t i = 0; i < node->write_count; i++) {
        node->writes[i].stuck = true;
    }
}

static void change_names(struct disk *disk, const struct disk_op *op)
{
    if (op->step == DISK_CREATE || op->step == DISK_MAKE_FOLDER) {
        change_add(disk, "", op->path, node_new(disk, op->step == DISK_MAKE_FOLDER, op->path));
        return;
    }
    int node = names_find(&disk->now, op->path);
    disk_expect(node >= 0, "no such name", op->path);
    if (op->step == DISK_UNLINK) {
        change_add(disk, op->path, "", node);
    } else {
        change_add(disk, op->step == DISK_RENAME ? op->path : "", op->to, node);
    }
}

void disk_apply(struct disk *disk, const struct disk_op *op, bool in_flight)
{
    switch (op->step) {
    case DISK_WRITE:
        write_to(disk, op, in_flight);
        break;
    case DISK_LENGTH:
        content_resize(&node_at(disk, op->path)->now, op->at);
        break; /* durable with the next sync */
    case DISK_SYNC:
        if (op->failed) {
            sync_fails(disk, op->path);
        } else if (!in_flight) {
            sync_file(disk, op->path);
        }
        break;
    case DISK_SYNC_FOLDER:
        if (!in_flight && !op->failed) {
            sync_folder(disk, op->path);
        }
        break;
    case DISK_CREATE:
    case DISK_MAKE_FOLDER:
    case DISK_UNLINK:
    case DISK_RENAME:
    case DISK_LINK:
        change_names(disk, op);
        break;
    }
}

/* ---- what a program sees ---- */

int disk_find(const struct disk *disk, const char *path)
{
    return names_find(&disk->now, path);
}

bool disk_is_folder(const struct disk *disk, int node)
{
    return disk->nodes[node].folder;
}

const uint8_t *disk_data(const struct disk *disk, int node, size_t *ret_len)
{
    *ret_len = disk->nodes[node].now.len;
    return disk->nodes[node].now.data;
}

void disk_list(const struct disk *disk, const char *folder, void (*each)(void *arg, const char *),
               void *arg)
{
    for (size_t i = 0; i < disk->now.count; i++) {
        const char *path = disk->now.list[i].path;
        if (disk_in_folder(path, folder)) {
            const char *slash = strrchr(path, '/');
            each(arg, slash == NULL ? path : slash + 1);
        }
    }
}
