/* Arena: bounded, aligned, zeroed, and reset forgets. */
#include "core/base/arena.h"
#include "lib/cmocka_all.h"

static void full_arena_gives_null(void **state)
{
    (void)state;
    struct arena *arena = arena_new(64);
    assert_non_null(arena_alloc(arena, 48));
    assert_null(arena_alloc(arena, 17));
    assert_non_null(arena_alloc(arena, 16));
    assert_null(arena_alloc(arena, 1));
    assert_null(arena_alloc(arena, SIZE_MAX));
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    arena_free(arena);
}

static void memory_is_aligned_and_zero_after_reset(void **state)
{
    (void)state;
    struct arena *arena = arena_new(256);
    uint8_t *first = arena_alloc(arena, 3);
    memset(first, 0xff, 3);
    uint8_t *second = arena_alloc(arena, 8);
    assert_int_equal((uintptr_t)second % 16, 0);
    arena_reset(arena);
    first = arena_alloc(arena, 3);
    assert_int_equal(first[0] | first[1] | first[2], 0);
    arena_free(arena);
    arena_free(NULL);
}

static void copy_keeps_bytes(void **state)
{
    (void)state;
    struct arena *arena = arena_new(32);
    struct bytes copy = arena_copy(arena, bytes_of_text("kabar"));
    assert_true(bytes_equal(copy, bytes_of_text("kabar")));
    assert_null(arena_copy(arena, bytes_of_text("more than is left of these 32")).data);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_arena_gives_null),
        cmocka_unit_test(memory_is_aligned_and_zero_after_reset),
        cmocka_unit_test(copy_keeps_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
