#include "cli/match_views.h"

#include <stdlib.h>
#include <string.h>

#define LEVELS 20u

struct node {
    uint8_t *value;
    size_t key_len, value_len;
    struct node *next[LEVELS]; /* as many as it has levels */
    uint8_t key[VIEW_KEY_BYTES_MAX];
};
struct match_views {
    struct node *heads[VIEW_TABLE_COUNT][LEVELS];
    uint64_t drawn; /* for levels: no randomness is needed, only spread */
    bool full;
};

struct match_views *match_views_new(void)
{
    return calloc(1, sizeof(struct match_views));
}

void match_views_free(struct match_views *views)
{
    for (size_t i = 0; views != NULL && i < VIEW_TABLE_COUNT; i++) {
        struct node *node = views->heads[i][0];
        while (node != NULL) {
            struct node *next = node->next[0];
            free(node->value);
            free(node);
            node = next;
        }
    }
    free(views);
}

bool match_views_full(const struct match_views *views)
{
    return views->full;
}

static int key_order(const struct node *node, struct bytes key)
{
    size_t len = node->key_len < key.len ? node->key_len : key.len;
    int order = len == 0 ? 0 : memcmp(node->key, key.data, len);
    if (order != 0 || node->key_len == key.len) {
        return order;
    }
    return node->key_len < key.len ? -1 : 1;
}

/* The links that lead to the first key not below `key`. */
static struct node *seek(struct match_views *views, enum view_table table, struct bytes key,
                         struct node **links[LEVELS])
{
    struct node **level = views->heads[table];
    for (size_t i = LEVELS; i-- > 0;) {
        while (level[i] != NULL && key_order(level[i], key) < 0) {
            level = level[i]->next;
        }
        links[i] = &level[i];
    }
    return *links[0];
}

static int views_get(void *arg, enum view_table table, struct bytes key, struct bytes *ret)
{
    struct node **links[LEVELS];
    const struct node *node = seek(arg, table, key, links);
    if (node == NULL || key_order(node, key) != 0) {
        return ERR_NOT_FOUND;
    }
    *ret = bytes_of(node->value, node->value_len);
    return 0;
}

static size_t level_draw(struct match_views *views)
{
    uint64_t bits = ++views->drawn * 0x9e3779b97f4a7c15u;
    size_t level = 1;
    bits ^= bits >> 29;
    while (level < LEVELS && (bits & 1) != 0) {
        bits >>= 1;
        level++;
    }
    return level;
}

static struct node *node_insert(struct match_views *views, struct bytes key,
                                struct node **links[LEVELS])
{
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL || key.len > sizeof node->key) {
        free(node);
        return NULL;
    }
    memcpy(node->key, key.data, key.len);
    node->key_len = key.len;
    size_t levels = level_draw(views);
    size_t i = 0;
    do {
        node->next[i] = *links[i];
        *links[i] = node;
    } while (++i < levels);
    return node;
}

static void views_put(void *arg, enum view_table table, struct bytes key, struct bytes value)
{
    struct match_views *views = arg;
    struct node **links[LEVELS];
    struct node *node = seek(views, table, key, links);
    uint8_t *copy = malloc(value.len + 1);
    if (node == NULL || key_order(node, key) != 0) {
        node = copy == NULL ? NULL : node_insert(views, key, links);
    }
    if (copy == NULL || node == NULL) {
        views->full = true;
        free(copy);
        return;
    }
    if (value.len > 0) {
        memcpy(copy, value.data, value.len);
    }
    free(node->value);
    node->value = copy;
    node->value_len = value.len;
}

static void views_del(void *arg, enum view_table table, struct bytes key)
{
    struct node **links[LEVELS];
    struct node *node = seek(arg, table, key, links);
    if (node == NULL || key_order(node, key) != 0) {
        return;
    }
    for (size_t i = 0; i < LEVELS && *links[i] == node; i++) {
        *links[i] = node->next[i];
    }
    free(node->value);
    free(node);
}

static bool begins(const struct node *node, struct bytes prefix)
{
    return node->key_len >= prefix.len &&
           (prefix.len == 0 || memcmp(node->key, prefix.data, prefix.len) == 0);
}

static int views_next(void *arg, enum view_table table, struct bytes prefix, struct bytes after,
                      struct bytes *ret_key, struct bytes *ret_value)
{
    struct node **links[LEVELS];
    const struct node *node = seek(arg, table, after.len > 0 ? after : prefix, links);
    if (node != NULL && after.len > 0 && key_order(node, after) == 0) {
        node = node->next[0];
    }
    if (node == NULL || !begins(node, prefix)) {
        return ERR_NOT_FOUND;
    }
    *ret_key = bytes_of(node->key, node->key_len);
    *ret_value = bytes_of(node->value, node->value_len);
    return 0;
}

struct views match_views_driver(struct match_views *views)
{
    return (struct views){
        .arg = views, .get = views_get, .put = views_put, .del = views_del, .next = views_next};
}
