/* block.c - one answer as readable "key: value" lines, what is nested indented below its key. */
#include "cli/cli.h"

#include <string.h>

#define LEVELS_MAX 12u
#define HEX_DIGITS_SHOWN 128u /* a signature */

/* An object or a list being printed, and where it is. */
struct level {
    json_t *value;
    void *iter;   /* of an object */
    size_t index; /* of a list */
    unsigned indent;
    size_t key_width;
    bool dash; /* its first line begins with "- " */
};

struct block {
    FILE *to;
    struct level levels[LEVELS_MAX];
    size_t depth;
};

static bool is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

/* The widest key whose value stands on its line. */
static size_t key_width(json_t *object)
{
    size_t widest = 0;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(object, key, value)
    {
        if (cell_is_scalar(value) && !is_empty(value) && strlen(key) > widest) {
            widest = strlen(key);
        }
    }
    return widest;
}

static void push(struct block *block, json_t *value, unsigned indent, bool dash)
{
    struct level *level = &block->levels[block->depth++];
    *level = (struct level){.value = value, .indent = indent, .dash = dash};
    if (json_is_object(value)) {
        level->iter = json_object_iter(value);
        level->key_width = key_width(value);
    }
}

static void put_indent(struct block *block, struct level *level)
{
    if (level->dash) {
        (void)fprintf(block->to, "%*s- ", (int)level->indent - 2, "");
    } else {
        (void)fprintf(block->to, "%*s", (int)level->indent, "");
    }
    level->dash = false;
}

/* Encoded messages are for programs; who wants them asks for JSON. */
static char *member_text(const char *key, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t digits = text == NULL ? 0 : strspn(text, "0123456789abcdef");
    char size[48];
    if (digits <= HEX_DIGITS_SHOWN || text[digits] != '\0') {
        return cell_text(key, value);
    }
    (void)snprintf(size, sizeof size, "(%zu bytes: see -o json)", digits / 2);
    return text_clean(size);
}

static void put_member(struct block *block, struct level *level, const char *key, json_t *value)
{
    bool nested = !cell_is_scalar(value) && block->depth < LEVELS_MAX;
    put_indent(block, level);
    if (nested) {
        (void)fprintf(block->to, "%s:\n", key);
        push(block, value, level->indent + 2, false);
        return;
    }
    char *text = member_text(key, value);
    int pad = strlen(key) < level->key_width ? (int)(level->key_width - strlen(key)) : 0;
    (void)fprintf(block->to, "%s:%*s %s\n", key, pad, "", text);
    free(text);
}

/* One element of a list: an object gets a dash, anything else a line. */
static void put_element(struct block *block, struct level *level, json_t *value)
{
    if (json_is_object(value) && !is_empty(value) && block->depth < LEVELS_MAX) {
        push(block, value, level->indent + 2, true);
        return;
    }
    char *text = cell_text("", value);
    (void)fprintf(block->to, "%*s- %s\n", (int)level->indent, "", text);
    free(text);
}

/* False when this level is done. */
static bool step(struct block *block)
{
    struct level *level = &block->levels[block->depth - 1];
    if (json_is_array(level->value)) {
        json_t *value = json_array_get(level->value, level->index++);
        if (value != NULL) {
            put_element(block, level, value);
        }
        return value != NULL;
    }
    if (level->iter == NULL) {
        return false;
    }
    const char *key = json_object_iter_key(level->iter);
    json_t *value = json_object_iter_value(level->iter);
    level->iter = json_object_iter_next(level->value, level->iter);
    if (!is_empty(value)) {
        put_member(block, level, key, value);
    }
    return true;
}

void print_block(FILE *to, const json_t *object)
{
    struct block block = {.to = to};
    json_t *copy = json_deep_copy(object); /* jansson's iterators want it without const */
    push(&block, copy, 0, false);
    while (block.depth > 0) {
        if (!step(&block)) {
            block.depth--;
        }
    }
    json_decref(copy);
}
