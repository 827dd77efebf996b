/* power_disk_in.h - what the two files of the disk share. */
#ifndef FAULT_POWER_DISK_IN_H
#define FAULT_POWER_DISK_IN_H

#include "fault/power_disk.h"

#define NAMES_MAX 48u
#define NODES_MAX 64u
#define CHANGES_MAX 48u

struct content {
    uint8_t *data;
    size_t len, capacity;
};

struct pending {
    size_t at, len;
    uint8_t *data;
    bool stuck; /* a sync of it failed: none will take it along any more */
};

struct node {
    bool folder;
    struct content now, durable;
    struct pending *writes; /* in the order they came */
    size_t write_count, write_capacity;
};

struct name {
    char path[DISK_PATH_CAPACITY];
    int node;
};

struct names {
    struct name list[NAMES_MAX];
    size_t count;
};

/* from is no name any more, to is one; either may be empty. A rename is both or neither. */
struct change {
    char from[DISK_PATH_CAPACITY], to[DISK_PATH_CAPACITY];
    int node;
};

struct disk {
    struct node nodes[NODES_MAX];
    size_t node_count;
    struct names now, durable;
    struct change changes[CHANGES_MAX]; /* not durable, in order */
    size_t change_count;
};

void *disk_memory(void *old, size_t len);
void disk_expect(bool condition, const char *what, const char *path);
void content_resize(struct content *content, size_t len);
void content_put(struct content *content, size_t at, const uint8_t *data, size_t len);
int names_find(const struct names *names, const char *path);
void names_change(struct names *names, const struct change *change);
bool disk_in_folder(const char *path, const char *folder);

#endif
