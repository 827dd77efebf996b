/* A catalogue in pieces: taken whole or not at all, only from the root, and only a newer one. */
#include "unit/core/cases/fold_story.h"
#include "unit/core/rules/catalogue_fixture.h"

#include "core/cases/catalogue_view.h"
#include "core/rules/catalogue_note.h"
#include "core/rules/trust.h"

struct made {
    uint8_t *packed;
    size_t len;
    struct catalogue_part part;
};

static void sign_note(const struct officer_keys *root, uint32_t number, struct made *made)
{
    char name[CATALOGUE_NAME_CAPACITY];
    struct object_note note;
    struct hash digest;
    catalogue_note(bytes_of(made->packed, made->len), number, name, &note);
    assert_int_equal(object_note_digest(&note, &digest, NULL), 0);
    seal_sign(root->secret, "kabar.object.v1", bytes_of(digest.b, sizeof digest.b),
              &made->part.note_signature);
}

static void sign_made(const struct officer_keys *root, uint32_t number, struct made *made)
{
    struct hash digest;
    made->part = (struct catalogue_part){.number = number, .at_ms = NOW_MS};
    catalogue_hash(bytes_of(made->packed, made->len), made->part.hash.b);
    catalogue_digest(&made->part.hash, number, &digest);
    seal_sign(root->secret, "kabar.rules.v1", bytes_of(digest.b, sizeof digest.b),
              &made->part.signature);
    sign_note(root, number, made);
    made->part.parts =
        (uint32_t)((made->len + CATALOGUE_PART_BYTES_MAX - 1) / CATALOGUE_PART_BYTES_MAX);
    assert_true(made->part.parts > 2);
}

static void make(const struct officer_keys *root, uint32_t number, const char *file,
                 const char *from, const char *to, struct made *ret)
{
    char text[32];
    uint8_t *first = malloc(CATALOGUE_BYTES_MAX);
    struct bytes files[CATALOGUE_FILE_COUNT];
    ret->packed = malloc(CATALOGUE_BYTES_MAX);
    assert_non_null(first);
    assert_non_null(ret->packed);
    size_t len = pack_changed(file, from, to, first);
    assert_int_equal(catalogue_unpack(bytes_of(first, len), files), 0);
    /* The number stands after the header of version.csv. */
    const char *version = (const char *)files[0].data;
    size_t head = (size_t)(strchr(version, '\n') - version) + 1;
    char *changed = malloc(files[0].len + sizeof text);
    assert_non_null(changed);
    int digits = snprintf(text, sizeof text, "%u", number);
    memcpy(changed, version, head);
    memcpy(changed + head, text, (size_t)digits);
    memcpy(changed + head + digits, version + head + 1, files[0].len - head - 1);
    files[0] = bytes_of(changed, files[0].len - 1 + (size_t)digits);
    assert_int_equal(catalogue_pack(files, ret->packed, CATALOGUE_BYTES_MAX, &ret->len), 0);
    free(changed);
    free(first);
    sign_made(root, number, ret);
}

/* Everywhere in it a code has another name, as long as the old one. */
static void rename_code(const struct officer_keys *root, uint32_t number, const char *from,
                        const char *to, struct made *made)
{
    size_t len = strlen(from), found = 0;
    assert_int_equal(strlen(to), len);
    for (size_t i = 0; i + len <= made->len; i++) {
        if (memcmp(made->packed + i, from, len) == 0) {
            memcpy(made->packed + i, to, len);
            found++;
        }
    }
    assert_true(found > 1);
    sign_made(root, number, made);
}

static void put_part(struct story *story, struct made *made, uint32_t part)
{
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0, at = (size_t)part * CATALOGUE_PART_BYTES_MAX;
    size_t left = made->len - at;
    made->part.part = part;
    made->part.data = bytes_of(made->packed + at,
                               left < CATALOGUE_PART_BYTES_MAX ? left : CATALOGUE_PART_BYTES_MAX);
    assert_int_equal(catalogue_part_encode(&made->part, body, sizeof body, &len, NULL), 0);
    from_province(story, ENTRY_CATALOGUE, bytes_of(body, len));
}

/* All pieces; the last one's answer is in story->out. */
static void put_all(struct story *story, struct made *made)
{
    for (uint32_t i = 0; i < made->part.parts; i++) {
        put_part(story, made, i);
        if (i + 1 < made->part.parts) {
            accepted(story);
        }
    }
}

static uint32_t holding(struct story *story, bool *ret_builtin)
{
    struct catalogue_view view;
    arena_reset(story->arena);
    assert_int_equal(catalogue_view_get(&story->views, story->arena, &view), 0);
    if (ret_builtin != NULL) {
        *ret_builtin = view.builtin;
    }
    return view.number;
}

static void the_newest_one_holds(void **state)
{
    struct story *story = *state;
    struct made second, third, again;
    bool builtin = false;
    assert_int_equal(holding(story, &builtin), 1);
    assert_true(builtin);
    make(&story->root, 2, NULL, NULL, NULL, &second);
    put_all(story, &second);
    accepted(story);
    assert_int_equal(holding(story, &builtin), 2);
    assert_false(builtin);
    make(&story->root, 3, "holidays.csv", "Natal", "Hari Natal", &third);
    put_all(story, &third);
    accepted(story);
    assert_int_equal(holding(story, NULL), 3);
    make(&story->root, 3, NULL, NULL, NULL, &again);
    put_all(story, &again);
    refused(story, ERR_STALE, "number 3 holds");
    put_all(story, &second);
    refused(story, ERR_STALE, "this one is 2");
    assert_int_equal(holding(story, NULL), 3);
    free(second.packed);
    free(third.packed);
    free(again.packed);
}

/* A sanction has another code there: the officer drafts by what holds, not by what is built in. */
static void a_document_is_drafted_by_the_one_that_holds(void **state)
{
    struct story *story = *state;
    struct made second;
    struct drafted drafted;
    struct err_ctx err = {""};
    struct document wanted = recommendation();
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    accepted(story);
    struct case_name name = only_case(story);
    make(&story->root, 2, NULL, NULL, NULL, &second);
    rename_code(&story->root, 2, "BER-TURUN", "BER-BARUU", &second);
    wanted.sanction = bytes_of_text("BER-BARUU");
    assert_int_equal(draft_at(story, &name, &wanted, NOW_MS, &drafted, &err), ERR_VALUE);
    put_all(story, &second);
    accepted(story);
    if (draft_at(story, &name, &wanted, NOW_MS, &drafted, &err) != 0) {
        fail_msg("refused: %s", err.text);
    }
    wanted.sanction = bytes_of_text("BER-TURUN");
    assert_int_equal(draft_at(story, &name, &wanted, NOW_MS, &drafted, &err), ERR_VALUE);
    assert_non_null(strstr(err.text, "no code of the catalogue"));
    free(second.packed);
}

static void a_broken_one_is_refused_whole(void **state)
{
    struct story *story = *state;
    struct made good, broken;
    make(&story->root, 2, NULL, NULL, NULL, &good);
    put_all(story, &good);
    accepted(story);
    make(&story->root, 4, "calendars.csv", "2024-09-22", "2024-09-32", &broken);
    put_all(story, &broken);
    refused(story, ERR_VALUE, "calendars.csv:10:28: date: a day like");
    assert_int_equal(holding(story, NULL), 2);
    /* The pieces of a good one that nobody may have mixed. */
    put_part(story, &broken, 0);
    put_part(story, &good, 1);
    refused(story, ERR_STATE, "does not follow");
    put_part(story, &broken, 2);
    refused(story, ERR_STATE, "does not follow");
    free(good.packed);
    free(broken.packed);
}

static void only_the_root_signs_one(void **state)
{
    struct story *story = *state;
    struct made forged, good;
    make(&story->sri, 2, NULL, NULL, NULL, &forged);
    put_part(story, &forged, 0);
    refused(story, ERR_SIGNATURE, "root");
    for (uint32_t i = 0; i < forged.part.parts; i++) {
        put_part(story, &forged, i);
    }
    assert_int_not_equal(story->out.code, 0);
    assert_int_equal(holding(story, NULL), 1);
    /* Signed, but other bytes; and a number that is not the one in version.csv. */
    make(&story->root, 2, NULL, NULL, NULL, &good);
    good.packed[good.len - 3] ^= 1;
    put_all(story, &good);
    refused(story, ERR_VALUE, "not the bytes that were signed");
    good.packed[good.len - 3] ^= 1;
    good.part.number = 9;
    struct hash digest;
    catalogue_digest(&good.part.hash, 9, &digest);
    seal_sign(story->root.secret, "kabar.rules.v1", bytes_of(digest.b, sizeof digest.b),
              &good.part.signature);
    put_all(story, &good);
    refused(story, ERR_VALUE, "version.csv has number 2, not 9");
    assert_int_equal(holding(story, NULL), 1);
    free(forged.packed);
    free(good.packed);
}

/* The n-th office entry tells this enrolment of a catalogue. */
static void tells(struct story *story, size_t index, uint64_t enrolment, const struct made *made)
{
    struct object_note note;
    struct bytes body = office_is(story, index, ENTRY_OBJECT, enrolment);
    assert_int_equal(object_note_decode(body, story->arena, &note, NULL), 0);
    assert_int_equal(trust_catalogue_note(&story->config.root_key, &note, NULL), 0);
    assert_memory_equal(note.hash.b, made->part.hash.b, HASH_BYTES);
    assert_int_equal(note.number, made->part.number);
    assert_int_equal(note.size, made->len);
    assert_int_equal(note.purpose, OBJECT_CATALOGUE);
}

static void every_node_is_told_and_a_new_one_too(void **state)
{
    struct story *story = *state;
    struct made second, third;
    begin(story);
    put_enrolment(story, 9, "16.71", false); /* not active yet: told when it is */
    make(&story->root, 2, NULL, NULL, NULL, &second);
    put_all(story, &second);
    accepted(story);
    assert_int_equal(story->out.office_count, 2);
    tells(story, 0, NODE_03, &second);
    tells(story, 1, NODE_07, &second);
    put_all(story, &second);
    refused(story, ERR_STALE, "number 2 holds");
    assert_int_equal(story->out.office_count, 0);
    put_enrolment(story, 9, "16.71", true);
    accepted(story);
    assert_int_equal(story->out.office_count, 2);
    office_is(story, 0, ENTRY_RING, 9);
    tells(story, 1, 9, &second);
    put_revocation(story, NODE_03);
    make(&story->root, 3, "holidays.csv", "Natal", "Hari Natal", &third);
    put_all(story, &third);
    accepted(story);
    assert_int_equal(story->out.office_count, 2);
    tells(story, 0, NODE_07, &third);
    tells(story, 1, 9, &third);
    put_enrolment(story, 10, "16.03", true);
    tells(story, 1, 10, &third);
    same_again(story);
    assert_true(sweep_reads(story) > 0);
    free(second.packed);
    free(third.packed);
}

/* What stays here and is served to nodes is what the note names. */
static void what_nodes_are_told_is_what_holds(void **state)
{
    struct story *story = *state;
    struct made second;
    struct object_note note;
    struct bytes packed;
    assert_int_equal(catalogue_view_note(&story->views, story->arena, &note), ERR_NOT_FOUND);
    assert_int_equal(catalogue_view_packed(&story->views, &packed), ERR_NOT_FOUND);
    make(&story->root, 2, NULL, NULL, NULL, &second);
    put_all(story, &second);
    assert_int_equal(catalogue_view_note(&story->views, story->arena, &note), 0);
    assert_int_equal(catalogue_view_packed(&story->views, &packed), 0);
    assert_true(bytes_equal(packed, bytes_of(second.packed, second.len)));
    assert_int_equal(note.size, second.len);
    free(second.packed);
}

static void a_note_that_the_root_did_not_sign_is_refused(void **state)
{
    struct story *story = *state;
    struct made second, other;
    begin(story);
    make(&story->root, 2, NULL, NULL, NULL, &second);
    sign_note(&story->sri, 2, &second);
    put_all(story, &second);
    refused(story, ERR_SIGNATURE, "note");
    assert_int_equal(story->out.office_count, 0);
    make(&story->root, 2, "holidays.csv", "Natal", "Hari Natal", &other);
    second.part.note_signature = other.part.note_signature;
    put_all(story, &second);
    refused(story, ERR_SIGNATURE, "note");
    assert_int_equal(holding(story, NULL), 1);
    /* As the first version loaded it. */
    memset(&second.part.note_signature, 0, SIGNATURE_BYTES);
    put_all(story, &second);
    accepted(story);
    assert_non_null(strstr(story->out.text, "no node is told"));
    assert_int_equal(story->out.office_count, 0);
    assert_int_equal(holding(story, NULL), 2);
    put_enrolment(story, 9, "16.71", true);
    assert_int_equal(story->out.office_count, 1);
    free(second.packed);
    free(other.packed);
}

/* A form that only a loaded catalogue has; it stays known when the next one has it no more, for
 * reports that were made by it are still under way. */
static void forms_of_a_catalogue_that_held_are_known(void **state)
{
    struct story *story = *state;
    struct made second, third;
    const struct filed baru = {"16.07", NULL, NIP, "16.03", "DS-9X", 1};
    begin(story);
    put_report(story, baru);
    refused(story, ERR_VALUE, "form: 'DS-9X' is no known form");
    make(&story->root, 2, NULL, NULL, NULL, &second);
    rename_code(&story->root, 2, "DS-09", "DS-9X", &second);
    put_all(story, &second);
    accepted(story);
    put_report(story, baru);
    accepted(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", "DS-09", 1});
    accepted(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", "DS-9Y", 1});
    refused(story, ERR_VALUE, "form");
    make(&story->root, 3, NULL, NULL, NULL, &third);
    put_all(story, &third);
    accepted(story);
    put_report(story, baru);
    accepted(story);
    same_again(story);
    assert_true(sweep_reads(story) > 0);
    free(second.packed);
    free(third.packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_one_holds, story_open, story_close),
        cmocka_unit_test_setup_teardown(a_document_is_drafted_by_the_one_that_holds, story_open,
                                        story_close),
        cmocka_unit_test_setup_teardown(a_broken_one_is_refused_whole, story_open, story_close),
        cmocka_unit_test_setup_teardown(only_the_root_signs_one, story_open, story_close),
        cmocka_unit_test_setup_teardown(every_node_is_told_and_a_new_one_too, story_open,
                                        story_close),
        cmocka_unit_test_setup_teardown(what_nodes_are_told_is_what_holds, story_open, story_close),
        cmocka_unit_test_setup_teardown(a_note_that_the_root_did_not_sign_is_refused, story_open,
                                        story_close),
        cmocka_unit_test_setup_teardown(forms_of_a_catalogue_that_held_are_known, story_open,
                                        story_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
