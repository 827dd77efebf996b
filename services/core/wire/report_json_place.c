/* Field paths: where in a JSON line a byte lies, followed byte by byte without recursion. */
#include "core/wire/report_json_place.h"

#include "core/base/text.h"

#include <stdio.h>

#define KEY_SHOWN_BYTES_MAX 40u

struct place_level {
    bool list, key_next;
    struct bytes key;
    size_t index;
};
struct place {
    size_t depth;
    struct place_level levels[PARSE_DEPTH_MAX];
};

/* The index after the closing quote; 0 when there is none before `until`. */
static size_t string_end(struct bytes line, size_t at, size_t until)
{
    for (; at < until; at++) {
        if (line.data[at] == '\\') {
            at++;
        } else if (line.data[at] == '"') {
            return at + 1;
        }
    }
    return 0;
}

static size_t place_string(struct place *place, struct bytes line, size_t at, size_t until)
{
    size_t end = string_end(line, at + 1, until);
    struct place_level *level = place->depth > 0 ? &place->levels[place->depth - 1] : NULL;
    if (level != NULL && level->key_next && end > 0) {
        level->key = bytes_of(line.data + at + 1, end - at - 2);
        level->key_next = false;
    }
    return end > 0 ? end : until;
}

static void place_next(struct place *place)
{
    if (place->depth > 0) {
        struct place_level *level = &place->levels[place->depth - 1];
        level->index++;
        level->key = bytes_of(NULL, 0);
        level->key_next = !level->list;
    }
}

/* Follows the line up to byte `until`; false once it is nested deeper than PARSE_DEPTH_MAX. */
static bool place_scan(struct bytes line, size_t until, struct place *ret)
{
    *ret = (struct place){0};
    for (size_t at = 0; at < until;) {
        uint8_t byte = line.data[at];
        if (byte == '"') {
            at = place_string(ret, line, at, until);
            continue;
        }
        if (byte == '{' || byte == '[') {
            if (ret->depth == PARSE_DEPTH_MAX) {
                return false;
            }
            bool list = byte == '[';
            ret->levels[ret->depth++] = (struct place_level){.list = list, .key_next = !list};
        } else if ((byte == '}' || byte == ']') && ret->depth > 0) {
            ret->depth--;
        } else if (byte == ',') {
            place_next(ret);
        }
        at++;
    }
    return true;
}

static struct bytes key_shown(struct bytes key)
{
    key.len = key.len < KEY_SHOWN_BYTES_MAX ? key.len : KEY_SHOWN_BYTES_MAX;
    key.len = utf8_valid_until(key);
    return key;
}

void path_key(struct writer *path, struct bytes key)
{
    if (key.len > 0) {
        writer_bytes(path, bytes_of_text(path->len > 0 ? "." : ""));
        writer_bytes(path, key_shown(key));
    }
}

void path_index(struct writer *path, size_t index)
{
    char text[24];
    (void)snprintf(text, sizeof text, "[%zu]", index);
    writer_bytes(path, bytes_of_text(text));
}

static void path_of_place(const struct place *place, char ret[FIELD_PATH_BYTES_MAX])
{
    struct writer path;
    writer_init(&path, (uint8_t *)ret, FIELD_PATH_BYTES_MAX - 1);
    for (size_t i = 0; i < place->depth; i++) {
        if (place->levels[i].list) {
            path_index(&path, place->levels[i].index);
        } else {
            path_key(&path, place->levels[i].key);
        }
    }
    ret[path.len] = '\0';
}

void path_of_byte(struct bytes line, size_t at, char ret[FIELD_PATH_BYTES_MAX])
{
    struct place place;
    (void)place_scan(line, at, &place);
    path_of_place(&place, ret);
}

bool path_of_too_deep(struct bytes line, char ret[FIELD_PATH_BYTES_MAX])
{
    struct place place;
    if (place_scan(line, line.len, &place)) {
        return false;
    }
    path_of_place(&place, ret);
    return true;
}
