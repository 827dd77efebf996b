/* Objects: what is asked for, what is taken, what a restart keeps, and who is not believed. */
#include "core/sync/object_receiver.h"

#include "lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK OBJECT_BLOCK_BYTES
#define BLOCKS 6u
#define FILE_BYTES_MAX (BLOCKS * BLOCK)

/* The end that has the object, the line, and the end that wants it with its disk. */
struct world {
    uint8_t file[FILE_BYTES_MAX];
    uint8_t list[BLOCKS * HASH_BYTES];
    struct object_ref ref;
    struct object_sender sender;
    struct object_receiver receiver;
    uint8_t disk[FILE_BYTES_MAX];
    bool list_kept;
    uint64_t sent; /* bytes of parts */
    uint32_t line; /* bytes of a part, at most */
    uint32_t ask;  /* bytes of a range, at most */
    uint64_t random;
};
static struct world world;

static uint32_t draw(uint32_t below)
{
    world.random = world.random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((world.random >> 33) % below);
}

/* No SHA-256 is needed here: the receiver only compares the names. */
static void begin(uint64_t size, uint64_t seed)
{
    memset(&world, 0, sizeof world);
    world.random = seed;
    world.line = 10000;
    world.ask = 150000;
    world.ref.size = size;
    memset(world.ref.sha256.b, 0x5a, sizeof world.ref.sha256.b);
    for (uint64_t i = 0; i < size; i++) {
        world.file[i] = (uint8_t)draw(256);
    }
    for (uint32_t i = 0; i < object_blocks(&world.ref); i++) {
        struct hash hash;
        object_block_hash(
            bytes_of(world.file + (size_t)i * BLOCK, object_block_bytes(&world.ref, i)), &hash);
        memcpy(world.list + (size_t)i * HASH_BYTES, hash.b, HASH_BYTES);
    }
    object_list_hash(bytes_of(world.list, object_list_bytes(&world.ref)), &world.ref.list);
    assert_int_equal(object_receiver_init(&world.receiver, &world.ref, NULL), 0);
}

static bool asks_for_list(void)
{
    return hash_equal(&world.sender.hash, &world.ref.list);
}

/* The receiver asks, if it wants to; the sender hears it. */
static bool ask(void)
{
    struct hash hash;
    struct object_range range;
    if (!object_receiver_want(&world.receiver, world.ask, &hash, &range)) {
        return false;
    }
    assert_true(range.length > 0 && range.length <= world.ask);
    bool list = hash_equal(&hash, &world.ref.list);
    uint64_t size = list ? object_list_bytes(&world.ref) : world.ref.size;
    assert_int_equal(object_sender_want(&world.sender, &hash, size, &range, 1, NULL), 0);
    return true;
}

/* The next part as the sender has it; false: it has sent all. */
static bool next_part(struct object_part *ret)
{
    struct object_range range;
    if (!object_sender_next(&world.sender, world.line, &range)) {
        return false;
    }
    assert_true(range.length <= world.line && range.offset % BLOCK + range.length <= BLOCK);
    const uint8_t *from = asks_for_list() ? world.list : world.file;
    *ret = (struct object_part){.hash = world.sender.hash,
                                .offset = range.offset,
                                .data = bytes_of(from + range.offset, (size_t)range.length)};
    world.sent += range.length;
    return true;
}

static int arrives(const struct object_part *part)
{
    struct object_effect effect;
    int code = object_receiver_part(&world.receiver, part, &effect, NULL);
    assert_true(code == 0 || effect.what == OBJECT_NOTHING);
    if (effect.what == OBJECT_KEEP_LIST) {
        assert_true(bytes_equal(effect.bytes, bytes_of(world.list, object_list_bytes(&world.ref))));
        world.list_kept = true;
    } else if (effect.what == OBJECT_WRITE) {
        assert_true(effect.offset + effect.bytes.len <= world.ref.size);
        memcpy(world.disk + effect.offset, effect.bytes.data, effect.bytes.len);
    }
    return code;
}

/* Asks and sends, but at most `parts`. Each must be taken. */
static void run(uint32_t parts)
{
    struct object_part part;
    for (uint32_t i = 0; i < parts; i++) {
        if (!next_part(&part) && (!ask() || !next_part(&part))) {
            return;
        }
        assert_int_equal(arrives(&part), 0);
    }
}

static void is_whole(void)
{
    assert_int_equal(world.receiver.phase, OBJECT_WHOLE);
    assert_int_equal(object_receiver_bytes(&world.receiver), world.ref.size);
    assert_memory_equal(world.disk, world.file, (size_t)world.ref.size);
    assert_int_equal(object_receiver_whole(&world.receiver, &world.ref.sha256, NULL), 0);
    assert_int_equal(world.receiver.phase, OBJECT_DONE);
    assert_false(ask());
}

/* The program ends and begins again; the disk stays. */
static void restart(void)
{
    assert_int_equal(object_receiver_init(&world.receiver, &world.ref, NULL), 0);
    world.sender.count = world.sender.first = 0;
    if (!world.list_kept) {
        return;
    }
    struct bytes list = bytes_of(world.list, object_list_bytes(&world.ref));
    assert_int_equal(object_receiver_found_list(&world.receiver, list, NULL), 0);
    for (uint32_t i = 0; i < object_blocks(&world.ref); i++) {
        uint32_t bytes = object_block_bytes(&world.ref, i);
        bool same =
            memcmp(world.disk + (size_t)i * BLOCK, world.file + (size_t)i * BLOCK, bytes) == 0;
        bool found = object_receiver_found(&world.receiver, i,
                                           bytes_of(world.disk + (size_t)i * BLOCK, bytes));
        assert_int_equal(found, same);
    }
}

static void every_size_arrives(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1,         4097,          BLOCK - 1,     BLOCK,
                                     BLOCK + 1, 5 * BLOCK + 7, FILE_BYTES_MAX};
    static const uint32_t lines[] = {700, 10000, BLOCK};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t j = 0; j < sizeof lines / sizeof lines[0]; j++) {
            begin(sizes[i], i + 1);
            world.line = lines[j];
            world.ask = lines[j] * 3;
            run(UINT32_MAX);
            is_whole();
            assert_int_equal(world.sent, sizes[i] + object_list_bytes(&world.ref));
        }
    }
}

static void a_restart_goes_on_from_whole_blocks(void **state)
{
    (void)state;
    begin(5 * BLOCK + 7, 1);
    run(1 + 3 * 7 + 4); /* the list, three blocks, four parts of the next */
    assert_int_equal(object_receiver_bytes(&world.receiver), 3 * BLOCK);
    restart();
    assert_int_equal(object_receiver_bytes(&world.receiver), 3 * BLOCK);
    uint64_t before = world.sent;
    run(UINT32_MAX);
    is_whole();
    assert_int_equal(world.sent - before, 2 * BLOCK + 7);
}

static void a_torn_block_is_fetched_again_and_no_other(void **state)
{
    (void)state;
    begin(4 * BLOCK, 1);
    run(1 + 3 * 7);
    world.disk[BLOCK + 100] ^= 1;
    restart();
    assert_int_equal(object_receiver_bytes(&world.receiver), 2 * BLOCK);
    uint64_t before = world.sent;
    run(UINT32_MAX);
    is_whole();
    assert_int_equal(world.sent - before, 2 * BLOCK);
}

static void a_new_session_goes_on_within_the_block(void **state)
{
    (void)state;
    begin(2 * BLOCK, 1);
    run(1 + 4);
    struct object_part late;
    assert_true(next_part(&late));
    object_receiver_session(&world.receiver);
    assert_int_equal(arrives(&late), ERR_VALUE); /* of the old one */
    world.sender.count = world.sender.first = 0;
    run(UINT32_MAX);
    is_whole();
    assert_int_equal(world.sent, 2 * BLOCK + 2 * HASH_BYTES + late.data.len);
}

/* So many parts come with a bit wrong, or fewer: until the receiver says something. */
static int damaged(uint32_t parts)
{
    static uint8_t copy[BLOCK];
    struct object_part part;
    int code = 0;
    for (uint32_t i = 0; i < parts && code == 0; i++) {
        assert_true(next_part(&part) || (ask() && next_part(&part)));
        memcpy(copy, part.data.data, part.data.len);
        copy[part.data.len / 2] ^= 4;
        part.data.data = copy;
        code = arrives(&part);
    }
    return code;
}

static void a_wrong_block_is_not_written_and_asked_again(void **state)
{
    (void)state;
    begin(3 * BLOCK, 1);
    run(1 + 7);
    assert_int_equal(damaged(7), ERR_CHAIN);
    assert_int_equal(object_receiver_bytes(&world.receiver), BLOCK);
    assert_int_equal(world.receiver.phase, OBJECT_BLOCKS);
    assert_true(ask());
    assert_int_equal(world.sender.ranges[0].offset, BLOCK);
    run(UINT32_MAX);
    is_whole();
}

static void after_three_it_is_refused(void **state)
{
    (void)state;
    for (uint32_t list = 0; list <= 1; list++) {
        begin(3 * BLOCK, 1);
        run(list == 1 ? 0 : 1);
        for (uint32_t i = 0; i < OBJECT_WRONG_MAX; i++) {
            assert_int_equal(world.receiver.phase, list == 1 ? OBJECT_LIST : OBJECT_BLOCKS);
            object_receiver_session(&world.receiver);
            world.sender.count = world.sender.first = 0;
            assert_int_equal(damaged(list == 1 ? 1 : 7), ERR_CHAIN);
        }
        assert_int_equal(world.receiver.phase, OBJECT_REFUSED);
        object_receiver_session(&world.receiver);
        assert_false(ask());
    }
}

static void a_lie_about_the_size_is_found(void **state)
{
    (void)state;
    static const int64_t lies[] = {-1, 1, BLOCK, -(int64_t)BLOCK};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        begin(3 * BLOCK - 10, 1);
        struct object_ref lie = world.ref;
        lie.size = (uint64_t)((int64_t)lie.size + lies[i]);
        assert_int_equal(object_receiver_init(&world.receiver, &lie, NULL), 0);
        struct bytes list = bytes_of(world.list, object_list_bytes(&world.ref));
        int code = object_receiver_found_list(&world.receiver, list, NULL);
        bool other_count = object_blocks(&lie) != object_blocks(&world.ref);
        assert_int_equal(code, other_count ? ERR_VALUE : 0);
        if (!other_count) { /* the last block is not of that size */
            struct bytes last = bytes_of(world.file + 2 * BLOCK, object_block_bytes(&lie, 2));
            assert_false(object_receiver_found(&world.receiver, 2, last));
        }
    }
}

static void only_what_was_asked_for_is_taken(void **state)
{
    (void)state;
    begin(2 * BLOCK, 1);
    struct object_part part;
    const struct object_part unasked = {.hash = world.ref.list, .data = bytes_of(world.list, 32)};
    assert_int_equal(arrives(&unasked), ERR_VALUE);
    run(1 + 2);
    assert_true(next_part(&part));
    struct object_part other = part;
    other.hash = world.ref.list;
    assert_int_equal(arrives(&other), ERR_VALUE);
    other = part;
    other.offset++;
    assert_int_equal(arrives(&other), ERR_VALUE);
    other = part;
    other.data = bytes_of(world.file + part.offset, 0);
    assert_int_equal(arrives(&other), ERR_VALUE);
    other.data = bytes_of(world.file + part.offset, BLOCK - (size_t)part.offset + 1);
    assert_int_equal(arrives(&other), ERR_VALUE); /* across the block's end */
    assert_int_equal(arrives(&part), 0);
    assert_int_equal(arrives(&part), ERR_VALUE); /* twice */
    run(UINT32_MAX);
    is_whole();
    assert_int_equal(arrives(&part), ERR_VALUE); /* and afterwards */
    assert_int_equal(world.receiver.wrong, 0);
}

static void what_is_missing_is_asked_in_the_next_session(void **state)
{
    (void)state;
    begin(BLOCK, 1);
    assert_true(ask());
    object_receiver_missing(&world.receiver);
    assert_false(ask());
    object_receiver_session(&world.receiver);
    assert_true(ask());
    assert_true(asks_for_list());
}

static void another_sha256_is_refused(void **state)
{
    (void)state;
    begin(BLOCK, 1);
    run(UINT32_MAX);
    assert_int_equal(object_receiver_whole(&world.receiver, &world.ref.list, NULL), ERR_CHAIN);
    assert_int_equal(world.receiver.phase, OBJECT_REFUSED);
    assert_string_equal(object_phase_name(world.receiver.phase), "refused");
}

static void limits_hold(void **state)
{
    (void)state;
    struct object_ref ref = {.size = 0};
    assert_int_equal(object_ref_check(&ref, NULL), ERR_LIMIT);
    ref.size = (uint64_t)OBJECT_BYTES_MAX + 1;
    assert_int_equal(object_receiver_init(&world.receiver, &ref, NULL), ERR_LIMIT);
    ref.size = OBJECT_BYTES_MAX;
    assert_int_equal(object_receiver_init(&world.receiver, &ref, NULL), 0);
    assert_int_equal(object_blocks(&ref), OBJECT_BLOCKS_MAX);
    assert_int_equal(object_list_bytes(&ref), sizeof world.receiver.list);
    assert_int_equal(object_block_bytes(&ref, OBJECT_BLOCKS_MAX - 1), BLOCK);
}

static void the_sender_takes_no_range_that_cannot_be(void **state)
{
    (void)state;
    begin(2 * BLOCK, 1);
    static const struct object_range bad[] = {
        {0, 0}, {2 * BLOCK, 1}, {1, 2 * BLOCK}, {UINT64_MAX, 2}, {2, UINT64_MAX}};
    struct object_range ranges[OBJECT_RANGES_MAX + 1];
    for (size_t i = 0; i <= OBJECT_RANGES_MAX; i++) {
        ranges[i] = (struct object_range){i, 1};
    }
    struct object_sender *sender = &world.sender;
    const struct hash *hash = &world.ref.sha256;
    const uint64_t size = world.ref.size;
    assert_int_equal(object_sender_want(sender, hash, size, ranges, 0, NULL), ERR_LIMIT);
    assert_int_equal(object_sender_want(sender, hash, size, ranges, 65, NULL), ERR_LIMIT);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ranges[3] = bad[i];
        assert_int_equal(object_sender_want(sender, hash, size, ranges, 4, NULL), ERR_VALUE);
        assert_int_equal(sender->count, 0); /* nothing changed */
    }
    ranges[1] = (struct object_range){BLOCK - 5, 10};
    assert_int_equal(object_sender_want(sender, hash, size, ranges, 2, NULL), 0);
    static const struct object_range parts[] = {{0, 1}, {BLOCK - 5, 5}, {BLOCK, 4}, {BLOCK + 4, 1}};
    struct object_range got;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert_true(object_sender_next(sender, i == 1 ? 100 : 4 + (i == 0), &got));
        assert_int_equal(got.offset, parts[i].offset);
        assert_int_equal(got.length, parts[i].length);
    }
    assert_false(object_sender_next(sender, 100, &got));
}

/* Lines that end, programs that end, bits that flip: it arrives, and little is sent twice. */
static void storm(uint64_t seed)
{
    begin(1 + (seed * 7919) % FILE_BYTES_MAX, seed);
    world.ask = 1 + draw(200000);
    world.line = 500 + draw(BLOCK);
    uint32_t restarts = 0, sessions = 0, wrong = 0;
    struct object_part part;
    while (world.receiver.phase < OBJECT_WHOLE) {
        uint32_t event = draw(40);
        if (event == 0) {
            restart();
            restarts++;
        } else if (event == 1) {
            object_receiver_session(&world.receiver);
            world.sender.count = world.sender.first = 0;
            sessions++;
        } else if (event == 2 && world.receiver.wrong + 1 < OBJECT_WRONG_MAX) {
            (void)damaged(1); /* shows when its block is whole, unless a restart forgets it */
            wrong++;
        } else if (next_part(&part) || (ask() && next_part(&part))) {
            int code = arrives(&part);
            assert_true(code == 0 || code == ERR_CHAIN || (wrong > 0 && code == ERR_VALUE));
        }
    }
    is_whole(); /* never refused: fewer than OBJECT_WRONG_MAX were wrong */
    uint64_t once = world.ref.size + object_list_bytes(&world.ref);
    uint64_t again = (uint64_t)restarts * BLOCK + (uint64_t)sessions * world.line +
                     (uint64_t)wrong * (BLOCK + world.ask + 2 * world.line);
    if (world.sent > once + again) {
        fail_msg("seed %llu: %llu bytes sent", (unsigned long long)seed,
                 (unsigned long long)world.sent);
    }
}

static void it_arrives_through_storms(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        storm(seed);
    }
    print_message("seeds 1 to 300\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_arrives),
        cmocka_unit_test(a_restart_goes_on_from_whole_blocks),
        cmocka_unit_test(a_torn_block_is_fetched_again_and_no_other),
        cmocka_unit_test(a_new_session_goes_on_within_the_block),
        cmocka_unit_test(a_wrong_block_is_not_written_and_asked_again),
        cmocka_unit_test(after_three_it_is_refused),
        cmocka_unit_test(a_lie_about_the_size_is_found),
        cmocka_unit_test(only_what_was_asked_for_is_taken),
        cmocka_unit_test(what_is_missing_is_asked_in_the_next_session),
        cmocka_unit_test(another_sha256_is_refused),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(the_sender_takes_no_range_that_cannot_be),
        cmocka_unit_test(it_arrives_through_storms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
