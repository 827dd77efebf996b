/* catalogue_fixture.h - the built-in catalogue, and copies of it with something changed. */
#ifndef UNIT_CORE_RULES_CATALOGUE_FIXTURE_H
#define UNIT_CORE_RULES_CATALOGUE_FIXTURE_H

#include "lib/cmocka_all.h"

#include "core/base/text.h"
#include "core/rules/catalogue_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parsed {
    struct arena *arena;
    const struct catalogue *catalogue;
    struct catalogue_problems problems;
    int status;
    uint8_t *packed;
};

static inline void parse(struct bytes packed, struct parsed *ret)
{
    *ret = (struct parsed){.arena = arena_new(CATALOGUE_ARENA_BYTES)};
    assert_non_null(ret->arena);
    ret->status = catalogue_parse(packed, ret->arena, &ret->catalogue, &ret->problems);
}

static inline void parsed_free(struct parsed *parsed)
{
    arena_free(parsed->arena);
    free(parsed->packed);
}

static inline void parse_builtin(struct parsed *ret)
{
    parse(catalogue_builtin(), ret);
    for (size_t i = 0; i < ret->problems.count; i++) {
        print_error("%s:%u:%u: %s\n", ret->problems.list[i].file, ret->problems.list[i].line,
                    ret->problems.list[i].column, ret->problems.list[i].reason);
    }
    assert_int_equal(ret->status, 0);
}

/* The built-in files, the first `from` in `file` replaced by `to`; file NULL: nothing is. */
static inline size_t pack_changed(const char *file, const char *from, const char *to, uint8_t *ret)
{
    struct bytes files[CATALOGUE_FILE_COUNT];
    char *changed = NULL;
    size_t len = 0;
    assert_int_equal(catalogue_unpack(catalogue_builtin(), files), 0);
    for (size_t i = 0; file != NULL && i < CATALOGUE_FILE_COUNT; i++) {
        if (strcmp(catalogue_file_names[i], file) != 0) {
            continue;
        }
        const char *text = (const char *)files[i].data;
        const char *at = memmem(text, files[i].len, from, strlen(from));
        assert_non_null(at);
        size_t before = (size_t)(at - text), rest = files[i].len - before - strlen(from);
        changed = malloc(files[i].len + strlen(to) + 1);
        assert_non_null(changed);
        memcpy(changed, text, before);
        memcpy(changed + before, to, strlen(to));
        memcpy(changed + before + strlen(to), at + strlen(from), rest);
        files[i] = bytes_of(changed, before + strlen(to) + rest);
    }
    assert_int_equal(catalogue_pack(files, ret, CATALOGUE_BYTES_MAX, &len), 0);
    free(changed);
    return len;
}

static inline void parse_changed(const char *file, const char *from, const char *to,
                                 struct parsed *ret)
{
    uint8_t *packed = malloc(CATALOGUE_BYTES_MAX);
    assert_non_null(packed);
    size_t len = pack_changed(file, from, to, packed);
    parse(bytes_of(packed, len), ret);
    ret->packed = packed;
}

static inline int32_t day_of(const char *text)
{
    int32_t day = 0;
    assert_true(day_of_text(bytes_of_text(text), &day));
    return day;
}

#endif
