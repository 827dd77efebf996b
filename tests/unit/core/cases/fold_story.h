/* fold_story.h - a province's journal told entry by entry through the fold, for its tests.
 *
 * Keys come from fixed seeds, times from the position: the same story gives the same bytes. Each
 * put_… appends one entry and folds it; the answer is in story->out until the next.
 */
#ifndef UNIT_CORE_CASES_FOLD_STORY_H
#define UNIT_CORE_CASES_FOLD_STORY_H

#include "lib/cmocka_all.h"

#include "core/cases/fold.h"
#include "core/seal/chain.h"
#include "lib/memory_views.h"

#include <string.h>

#ifndef JOURNAL_MAX
#define JOURNAL_MAX 96u
#endif
#define NODE_07 7u
#define NODE_03 3u
#define NOW_MS 1730419200000 /* 2024-11-01 */

/* One journal record as the aggregator keeps it; placements encoded, as in its own log. */
struct record {
    struct fold_input input;
    uint8_t *body;
    uint8_t placements[SUBJECTS_MAX][512];
    size_t placement_lens[SUBJECTS_MAX];
    size_t placement_count;
};
struct officer_keys {
    struct key public_key;
    uint8_t secret[SECRET_BYTES];
};
struct story {
    struct memory_views *memory;
    struct views views;
    struct arena *arena;
    struct fold_config config;
    struct fold_output out;
    struct record journal[JOURNAL_MAX];
    size_t count;
    uint64_t node_seq, own_seq;
    struct officer_keys root, sri, budi, tono;
};

static inline void keys_of(uint8_t seed_byte, struct officer_keys *ret)
{
    uint8_t seed[32];
    memset(seed, seed_byte, sizeof seed);
    seal_keypair(seed, &ret->public_key, ret->secret);
}

static inline int story_open(void **state)
{
    struct story *story = calloc(1, sizeof *story);
    assert_non_null(story);
    story->memory = memory_views_new();
    story->views = memory_views_driver(story->memory);
    story->arena = arena_new(PARSE_ARENA_BYTES);
    assert_non_null(story->arena);
    keys_of(1, &story->root);
    keys_of(2, &story->sri);
    keys_of(3, &story->budi);
    keys_of(4, &story->tono);
    story->config.province = bytes_of_text("16");
    story->config.root_key = story->root.public_key;
    story->config.document_suffix[0] = 0x7f;
    story->config.document_suffix[1] = 0x3a;
    *state = story;
    return 0;
}

static inline int story_close(void **state)
{
    struct story *story = *state;
    for (size_t i = 0; i < story->count; i++) {
        free(story->journal[i].body);
    }
    memory_views_free(story->memory);
    arena_free(story->arena);
    free(story);
    return 0;
}

/* ---- the journal ---- */
static inline void keep_placements(struct story *story, struct record *record)
{
    record->placement_count = story->out.placement_count;
    for (size_t i = 0; i < story->out.placement_count; i++) {
        assert_int_equal(placement_encode(&story->out.placements[i], record->placements[i],
                                          sizeof record->placements[i], &record->placement_lens[i],
                                          NULL),
                         0);
    }
}

/* The journal as the aggregator's shell looks into it: also what stands behind the entry. */
static inline int story_lookup(void *arg, const struct entry_id *id, uint64_t *ret_position,
                               uint16_t *ret_kind, struct hash *ret_b)
{
    const struct story *story = arg;
    for (size_t i = 0; i < story->count; i++) {
        const struct fold_input *input = &story->journal[i].input;
        if (!input->own && input->id.seq == id->seq &&
            incarnation_equal(&input->id.incarnation, &id->incarnation)) {
            *ret_position = input->position;
            *ret_kind = input->kind;
            *ret_b = input->b;
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}

static inline int story_body(void *arg, const struct entry_id *id, struct arena *arena,
                             uint16_t *ret_kind, struct bytes *ret)
{
    const struct story *story = arg;
    for (size_t i = 0; i < story->count; i++) {
        const struct fold_input *input = &story->journal[i].input;
        if (!input->own && !input->erased && input->id.seq == id->seq &&
            incarnation_equal(&input->id.incarnation, &id->incarnation)) {
            *ret_kind = input->kind;
            *ret = arena_copy(arena, input->body);
            return ret->data == NULL ? ERR_NOMEM : 0;
        }
    }
    return ERR_NOT_FOUND;
}

/* Appends and folds; the answer is in story->out. */
static inline struct record *append(struct story *story, struct fold_input input, struct bytes body)
{
    assert_true(story->count < JOURNAL_MAX);
    struct record *record = &story->journal[story->count++];
    record->body = malloc(body.len + 1);
    assert_non_null(record->body);
    memcpy(record->body, body.data, body.len);
    record->input = input;
    record->input.position = story->count;
    record->input.body = bytes_of(record->body, body.len);
    record->input.lookup =
        (struct fold_lookup){.arg = story, .entry = story_lookup, .body = story_body};
    chain_body(body, &record->input.b);
    if (input.erased) {
        record->input.body = (struct bytes){0};
    }
    record->input.received_ms = NOW_MS + (int64_t)story->count;
    arena_reset(story->arena);
    assert_int_equal(
        fold_entry(&story->config, &story->views, &record->input, story->arena, &story->out, NULL),
        0);
    keep_placements(story, record);
    return record;
}

/* An entry of the log that begins with this byte. */
static inline void put_in(struct story *story, uint8_t log, uint64_t seq, const char *owner,
                          uint16_t kind, struct bytes body)
{
    struct fold_input input = {.id = {.incarnation = {{log}}, .seq = seq},
                               .kind = kind,
                               .owner = bytes_of_text(owner),
                               .enrolment = strcmp(owner, "16.07") == 0 ? NODE_07 : NODE_03};
    append(story, input, body);
}

/* Entry 1 of a log that goes on after seq `s` of log `old`; old 0: a log that begins itself. own:
 * of the aggregator. */
static inline void put_genesis(struct story *story, uint8_t log, uint8_t old, uint64_t s,
                               uint64_t copies, bool own)
{
    uint8_t body[512];
    size_t len = 0;
    struct genesis genesis = {.direction = own ? DIRECTION_OWN : DIRECTION_UP,
                              .lane = own ? LANE_JOURNAL : LANE_ROUTINE,
                              .owner = bytes_of_text(own ? "16" : "16.07"),
                              .counterpart = bytes_of_text("16"),
                              .enrolment = own ? 0 : NODE_07,
                              .created_ms = NOW_MS,
                              .has_predecessor = old != 0,
                              .predecessor = {.incarnation = {{old}}, .seq = s},
                              .predecessor_count = copies};
    memset(&genesis.signing_key, 3, sizeof genesis.signing_key);
    memset(&genesis.predecessor_h, 4, sizeof genesis.predecessor_h);
    assert_int_equal(genesis_encode(&genesis, body, sizeof body, &len, NULL), 0);
    struct fold_input input = {.id = {.incarnation = {{log}}, .seq = 1},
                               .kind = ENTRY_GENESIS,
                               .own = own,
                               .owner = bytes_of_text(own ? "" : "16.07"),
                               .enrolment = own ? 0 : NODE_07};
    append(story, input, bytes_of(body, len));
}

static inline void from_node(struct story *story, const char *owner, uint16_t kind,
                             struct bytes body)
{
    struct fold_input input = {.id = {.incarnation = {{9}}, .seq = ++story->node_seq},
                               .kind = kind,
                               .owner = bytes_of_text(owner),
                               .enrolment = strcmp(owner, "16.07") == 0 ? NODE_07 : NODE_03};
    append(story, input, body);
}

static inline void from_province(struct story *story, uint16_t kind, struct bytes body)
{
    struct fold_input input = {
        .id = {.incarnation = {{5}}, .seq = ++story->own_seq}, .kind = kind, .own = true};
    append(story, input, body);
}

static inline void accepted(const struct story *story)
{
    if (story->out.code != 0) {
        fail_msg("refused: %s", story->out.text);
    }
}

static inline void refused(const struct story *story, int code, const char *part)
{
    assert_int_equal(story->out.code, code);
    if (strstr(story->out.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", story->out.text, part);
    }
    assert_int_equal(story->out.placement_count, 0);
}

/* ---- trust ---- */
static inline void officer_set(struct officer *officer, const char *id, const char *name,
                               const struct officer_keys *keys)
{
    *officer = (struct officer){.id = bytes_of_text(id),
                                .name = bytes_of_text(name),
                                .role = bytes_of_text("officer"),
                                .scope = bytes_of_text("16"),
                                .key = keys->public_key,
                                .state = KEY_ACTIVE};
}

static inline void put_ring(struct story *story, const struct officer_keys *signer, uint64_t number,
                            enum key_state state_of_sri)
{
    static uint8_t bytes[8192], whole[8192];
    static struct ring ring;
    struct signed_ring signed_ring;
    struct hash digest;
    size_t len = 0;
    ring = (struct ring){.province = bytes_of_text("16"),
                         .name = bytes_of_text("Sumatera Selatan"),
                         .number = number,
                         .issued_ms = NOW_MS,
                         .officer_count = 3};
    memset(&ring.curve_key, 11, sizeof ring.curve_key);
    memset(&ring.log_key, 12, sizeof ring.log_key);
    memset(&ring.reader_key, 13, sizeof ring.reader_key);
    memset(&ring.bundle_key, 14, sizeof ring.bundle_key);
    officer_set(&ring.officers[0], "sri", "Sri Rahayu", &story->sri);
    officer_set(&ring.officers[1], "budi", "Budi Santoso", &story->budi);
    officer_set(&ring.officers[2], "tono", "sri  rahayu", &story->tono); /* Sri's second key */
    ring.officers[0].state = state_of_sri;
    assert_int_equal(ring_encode(&ring, bytes, sizeof bytes, &len, NULL), 0);
    signed_ring.ring = bytes_of(bytes, len);
    ring_digest(signed_ring.ring, &digest);
    seal_sign(signer->secret, "kabar.ring.v1", bytes_of(digest.b, HASH_BYTES),
              &signed_ring.signature);
    assert_int_equal(signed_ring_encode(&signed_ring, whole, sizeof whole, &len, NULL), 0);
    from_province(story, ENTRY_RING, bytes_of(whole, len));
}

static inline void put_enrolment(struct story *story, uint64_t number, const char *regency,
                                 bool active)
{
    uint8_t body[1024];
    struct hash digest;
    size_t len = 0;
    struct enrolment enrolment = {.number = number,
                                  .regency = bytes_of_text(regency),
                                  .officer = bytes_of_text("sri"),
                                  .active = active,
                                  .at_ms = NOW_MS};
    memset(&enrolment.curve_key, (int)(20 + number), KEY_BYTES);
    memset(&enrolment.signing_key, (int)(40 + number), KEY_BYTES);
    memset(&enrolment.request_hash, 5, HASH_BYTES);
    memset(&enrolment.office, (int)(60 + number), INCARNATION_BYTES);
    assert_int_equal(enrolment_digest(&enrolment, &digest, NULL), 0);
    seal_sign(story->sri.secret, "kabar.enrol.v1", bytes_of(digest.b, HASH_BYTES),
              &enrolment.signature);
    assert_int_equal(enrolment_encode(&enrolment, body, sizeof body, &len, NULL), 0);
    from_province(story, ENTRY_ENROLMENT, bytes_of(body, len));
}

static inline void put_revocation(struct story *story, uint64_t number)
{
    uint8_t body[1024];
    struct hash digest;
    size_t len = 0;
    struct revocation revocation = {.number = number,
                                    .reason = bytes_of_text("hilang"),
                                    .officer = bytes_of_text("budi"),
                                    .at_ms = NOW_MS};
    assert_int_equal(revocation_digest(&revocation, &digest, NULL), 0);
    seal_sign(story->budi.secret, "kabar.revoke.v1", bytes_of(digest.b, HASH_BYTES),
              &revocation.signature);
    assert_int_equal(revocation_encode(&revocation, body, sizeof body, &len, NULL), 0);
    from_province(story, ENTRY_REVOCATION, bytes_of(body, len));
}

static inline void begin(struct story *story)
{
    put_ring(story, &story->root, 1, KEY_ACTIVE);
    accepted(story);
    put_enrolment(story, NODE_07, "16.07", true);
    accepted(story);
    put_enrolment(story, NODE_03, "16.03", true);
    accepted(story);
}

/* ---- reports ---- */
struct filed {
    const char *owner, *key, *nip, *employed_in, *form;
    size_t subjects;
};

static inline size_t report_bytes(struct filed filed, uint8_t body[ENTRY_BYTES_MAX])
{
    static struct subject subjects[SUBJECTS_MAX];
    static char names[SUBJECTS_MAX][40];
    size_t len = 0;
    struct report report = {.regency = bytes_of_text(filed.owner),
                            .key = bytes_of_text(filed.key),
                            .form = bytes_of_text(filed.form != NULL ? filed.form : "DS-06"),
                            .description = bytes_of_text("uraian"),
                            .channel = 1,
                            .has_occurred_on = true,
                            .occurred_on = 20000,
                            .has_known_on = true,
                            .known_on = 20001,
                            .subjects = subjects,
                            .subject_count = filed.subjects,
                            .salt = {1, 2, 3, 4, 5, 6, 7, 8}};
    memset(subjects, 0, sizeof subjects);
    for (size_t i = 0; i < filed.subjects; i++) {
        (void)snprintf(names[i], sizeof names[i], "Terlapor Nomor%zu", i);
        subjects[i].name = bytes_of_text(names[i]);
        subjects[i].unit = bytes_of_text("Dinas A");
        subjects[i].regency = bytes_of_text(filed.employed_in);
    }
    subjects[0].nip = bytes_of_text(filed.nip);
    assert_int_equal(report_encode(&report, body, ENTRY_BYTES_MAX, &len, NULL), 0);
    return len;
}

static inline void put_report(struct story *story, struct filed filed)
{
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = report_bytes(filed, body);
    from_node(story, filed.owner, ENTRY_REPORT, bytes_of(body, len));
}

#define NIP "198203142006041007"

static inline struct case_name only_case(const struct story *story)
{
    struct case_name name;
    struct bytes key, value;
    assert_int_equal(memory_views_count(story->memory, VIEW_CASES), 1);
    memory_views_at(story->memory, VIEW_CASES, 0, &key, &value);
    memcpy(name.b, key.data, CASE_NAME_BYTES);
    return name;
}

static inline struct case_view case_of(const struct story *story, const struct case_name *name)
{
    struct bytes value;
    struct case_view view;
    assert_int_equal(
        story->views.get(story->views.arg, VIEW_CASES, bytes_of(name->b, CASE_NAME_BYTES), &value),
        0);
    assert_int_equal(case_view_decode(value, &view), 0);
    return view;
}

static inline struct document_view document_of(const struct story *story, const char *id)
{
    struct bytes value;
    struct document_view view;
    assert_int_equal(story->views.get(story->views.arg, VIEW_DOCUMENTS, bytes_of_text(id), &value),
                     0);
    assert_int_equal(document_view_decode(value, &view), 0);
    return view;
}

/* ---- officers ---- */
struct drafted {
    uint8_t bytes[ENTRY_BYTES_MAX];
    size_t len;
    uint64_t version;
    char id[DOCUMENT_ID_BYTES_MAX + 1];
};

static inline struct document recommendation(void)
{
    return (struct document){.type = DOCUMENT_TYPE_RECOMMENDATION,
                             .authority = bytes_of_text("Bupati Muara Enim"),
                             .text = bytes_of_text("Mohon dijatuhi sanksi"),
                             .has_respond_by = true,
                             .respond_by = 20040};
}

static inline struct document decision(void)
{
    static const uint8_t scan[HASH_BYTES] = {1};
    return (struct document){.type = DOCUMENT_TYPE_DECISION,
                             .authority = bytes_of_text("Bupati Muara Enim"),
                             .sanction = bytes_of_text("BER-BEBAS"),
                             .decree_number = bytes_of_text("800/1/2024"),
                             .has_decree_date = true,
                             .decree_date = 20020,
                             .decree_scan = bytes_of(scan, sizeof scan)};
}

static inline int draft_at(struct story *story, const struct case_name *name,
                           const struct document *wanted, int64_t now_ms, struct drafted *ret,
                           struct err_ctx *err)
{
    static const uint8_t salt[SALT_BYTES] = {8, 7, 6, 5, 4, 3, 2, 1};
    struct bytes bytes;
    struct document document;
    arena_reset(story->arena);
    int status = fold_draft(&story->config, &story->views, name, wanted, now_ms, salt, story->arena,
                            &bytes, &ret->version, err);
    if (status != 0) {
        return status;
    }
    memcpy(ret->bytes, bytes.data, bytes.len);
    ret->len = bytes.len;
    assert_int_equal(document_decode(bytes, story->arena, &document, NULL), 0);
    (void)snprintf(ret->id, sizeof ret->id, "%.*s", (int)document.id.len,
                   (const char *)document.id.data);
    return 0;
}

static inline int draft(struct story *story, const struct case_name *name,
                        const struct document *wanted, struct drafted *ret, struct err_ctx *err)
{
    return draft_at(story, name, wanted, NOW_MS, ret, err);
}

static inline struct officer_signature sign(struct bytes document, const char *id,
                                            const struct officer_keys *keys)
{
    struct officer_signature signature = {.officer = bytes_of_text(id)};
    struct hash digest;
    document_digest(document, &digest);
    seal_sign(keys->secret, "kabar.doc.v1", bytes_of(digest.b, HASH_BYTES), &signature.signature);
    return signature;
}

static inline void put_act(struct story *story, const struct act *act)
{
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    assert_int_equal(act_encode(act, body, sizeof body, &len, NULL), 0);
    from_province(story, ENTRY_ACT, bytes_of(body, len));
}

static inline void propose(struct story *story, const struct drafted *drafted, const char *id,
                           const struct officer_keys *keys)
{
    struct bytes document = bytes_of(drafted->bytes, drafted->len);
    struct act act = {.officer = bytes_of_text(id),
                      .at_ms = NOW_MS,
                      .has_case_version = true,
                      .case_version = drafted->version,
                      .type = ACT_PROPOSE,
                      .propose = {.document = document, .signature_count = 1}};
    act.propose.signatures[0] = sign(document, id, keys);
    put_act(story, &act);
}

static inline void countersign(struct story *story, const struct drafted *drafted, const char *id,
                               const struct officer_keys *keys)
{
    struct act act = {.officer = bytes_of_text(id),
                      .at_ms = NOW_MS + 5,
                      .type = ACT_COUNTERSIGN,
                      .countersign_document = bytes_of_text(drafted->id),
                      .countersign = sign(bytes_of(drafted->bytes, drafted->len), id, keys)};
    put_act(story, &act);
}

static inline struct act act_on(const char *officer, const struct case_name *name, uint64_t version,
                                char text[CASE_TEXT_CAPACITY])
{
    return (struct act){.officer = bytes_of_text(officer),
                        .at_ms = NOW_MS,
                        .case_name = bytes_of_text(case_name_text(name, text)),
                        .has_case_version = true,
                        .case_version = version};
}

static inline void advance_by(struct story *story, const char *officer,
                              const struct case_name *name, uint64_t version, const char *state,
                              const char *reason)
{
    char text[CASE_TEXT_CAPACITY];
    struct act act = act_on(officer, name, version, text);
    act.type = ACT_ADVANCE;
    act.advance_state = bytes_of_text(state);
    act.advance_reason = bytes_of_text(reason);
    put_act(story, &act);
}

static inline void advance(struct story *story, const struct case_name *name, uint64_t version,
                           const char *state)
{
    advance_by(story, "budi", name, version, state, "alasan");
}

static inline void assign_to(struct story *story, const char *officer, const struct case_name *name,
                             uint64_t version, const char *to)
{
    char text[CASE_TEXT_CAPACITY];
    struct act act = act_on(officer, name, version, text);
    act.type = ACT_ASSIGN;
    act.assign_officer = bytes_of_text(to);
    put_act(story, &act);
}

static inline void put_rung_of(struct story *story, const char *owner, const char *document,
                               enum rung_kind kind, const char *person)
{
    uint8_t body[512];
    size_t len = 0;
    struct rung rung = {.document = bytes_of_text(document),
                        .rung = kind,
                        .person = bytes_of_text(person),
                        .at_ms = NOW_MS,
                        .salt = {1}};
    assert_int_equal(rung_encode(&rung, body, sizeof body, &len, NULL), 0);
    from_node(story, owner, ENTRY_RUNG, bytes_of(body, len));
}

static inline void put_rung(struct story *story, const char *owner, const char *document,
                            enum rung_kind kind)
{
    put_rung_of(story, owner, document, kind, "Siti");
}

/* The n-th office entry is of this kind, for this enrolment. */
static inline struct bytes office_is(const struct story *story, size_t index, uint16_t kind,
                                     uint64_t enrolment)
{
    assert_true(index < story->out.office_count);
    assert_int_equal(story->out.office[index].kind, kind);
    assert_int_equal(story->out.office[index].enrolment, enrolment);
    return story->out.office[index].body;
}

static inline bool contains(struct bytes in, const char *part)
{
    return memmem(in.data, in.len, part, strlen(part)) != NULL;
}

/* Folds the whole journal into fresh views. recorded: with the placements that were made. */
static inline struct memory_views *refold_all(struct story *story, bool recorded)
{
    struct memory_views *memory = memory_views_new();
    struct views views = memory_views_driver(memory);
    static struct placement placements[SUBJECTS_MAX];
    static struct fold_output out;
    for (size_t i = 0; i < story->count; i++) {
        struct record *record = &story->journal[i];
        struct fold_input input = record->input;
        arena_reset(story->arena);
        for (size_t j = 0; j < record->placement_count; j++) {
            struct bytes body = bytes_of(record->placements[j], record->placement_lens[j]);
            assert_int_equal(placement_decode(body, story->arena, &placements[j], NULL), 0);
        }
        input.recorded = recorded ? placements : NULL;
        input.recorded_count = recorded ? record->placement_count : 0;
        assert_int_equal(fold_entry(&story->config, &views, &input, story->arena, &out, NULL), 0);
    }
    return memory;
}

static inline void same_again(struct story *story)
{
    for (int recorded = 0; recorded < 2; recorded++) {
        struct memory_views *again = refold_all(story, recorded != 0);
        const char *differs = memory_views_differ(story->memory, again);
        if (differs != NULL) {
            fail_msg("rebuilt views differ in %s", differs);
        }
        memory_views_free(again);
    }
}

/* Fails each read of the entry in turn: the error comes through, and is never a refusal. */
static inline void sweep_entry(struct story *story, const struct memory_views *before,
                               const struct fold_input *input, size_t *ret_reads)
{
    static struct fold_output out;
    size_t failing = 1, reads = 0;
    do {
        struct memory_views *memory = memory_views_new();
        struct views views = memory_views_driver(memory);
        struct err_ctx err = {.text = ""};
        memory_views_copy(memory, before);
        memory_views_fail_at(memory, failing);
        arena_reset(story->arena);
        int status = fold_entry(&story->config, &views, input, story->arena, &out, &err);
        reads = memory_views_reads(memory);
        memory_views_free(memory);
        if (reads < failing) {
            assert_int_equal(status, 0);
            break;
        }
        assert_int_equal(status, ERR_STORAGE);
        assert_non_null(strstr(err.text, "position"));
        failing++;
    } while (true);
    *ret_reads += failing - 1;
}

/* Every read of every entry; how many there were. */
static inline size_t sweep_reads(struct story *story)
{
    struct memory_views *before = memory_views_new();
    struct views views = memory_views_driver(before);
    static struct fold_output out;
    size_t reads = 0;
    for (size_t i = 0; i < story->count; i++) {
        sweep_entry(story, before, &story->journal[i].input, &reads);
        arena_reset(story->arena);
        assert_int_equal(
            fold_entry(&story->config, &views, &story->journal[i].input, story->arena, &out, NULL),
            0);
    }
    memory_views_free(before);
    return reads;
}

/* A case of 16.03, filed at 16.07, in `recommended`: the document is in drafted. */
static inline struct case_name recommended(struct story *story, struct drafted *drafted)
{
    struct document wanted = recommendation();
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    accepted(story);
    struct case_name name = only_case(story);
    assert_int_equal(draft(story, &name, &wanted, drafted, NULL), 0);
    propose(story, drafted, "sri", &story->sri);
    accepted(story);
    countersign(story, drafted, "budi", &story->budi);
    accepted(story);
    return name;
}

#endif
