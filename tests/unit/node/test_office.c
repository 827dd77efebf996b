/* What the node makes of its office log: documents, rings and notes are judged in order, what is
 * wrong is refused and counted, and the log goes on behind it. The entries lie in the store as the
 * sync engine leaves them; the loop and the writer are the program's own. */
#include "unit/core/rules/trust_fixture.h"

#include "core/rules/catalogue_note.h"
#include "lib/folder.h"
#include "node/node.h"

#define DEADLINE_MS 60000
#define REGENCY "16.07"
#define RECEIVED_MS 1700000000000

struct office {
    char path[FOLDER_PATH_CAPACITY];
    struct conf_node conf;
    struct node *node;
    struct loop_timer *deadline;
    struct span_builder *builder;
    struct incarnation log;
    uint64_t stored; /* last entry in the store */
    uint64_t last;   /* in the builder, if anything is there */
    uint32_t skip;   /* entries in the builder that the store has already */
    bool building;
    bool late;
};

/* ---- the log ---- */

static void add_entry(struct office *office, uint16_t kind, struct bytes body, bool erased)
{
    static const struct hash zeros;
    struct span_entry entry = {.kind = kind, .erased = erased, .body = body};
    if (!office->building) {
        span_builder_start(office->builder, &office->log, office->last + 1, &zeros);
        office->building = true;
    }
    assert_int_equal(span_builder_add(office->builder, &entry, SPAN_RAW_BYTES_MAX), 0);
    office->last++;
}

static void add_document(struct office *office, const struct signed_document *document)
{
    add_entry(office, ENTRY_DOCUMENT, ENCODED(signed_document, document), false);
}

static void add_signed(struct office *office, const struct document *document, const char *signers)
{
    struct signed_document outer = document_signed(document, signers);
    add_document(office, &outer);
}

struct put {
    struct span_store store;
    struct bytes frame;
};

static int put_run(struct store_txn *txn, void *arg)
{
    const struct put *put = arg;
    return office_put_span(txn, &put->store, put->frame, RECEIVED_MS);
}

/* The hash is a stand-in: chain and head are intake's business, the store compares only. */
static struct hash hash_of(uint64_t seq)
{
    struct hash hash = {{0}};
    put_be64(hash.b, seq);
    return hash;
}

/* What was added since the last time, as one span. */
static void store_span(struct office *office)
{
    static const struct signature head;
    struct put put = {.store = {.incarnation = office->log,
                                .first_new = office->stored + 1,
                                .last = office->last,
                                .skip = office->skip,
                                .h_before = hash_of(office->stored),
                                .h_last = hash_of(office->last),
                                .lane = LANE_OFFICE}};
    assert_int_equal(span_builder_finish(office->builder, SPAN_ZSTD, &head, &put.frame, NULL), 0);
    assert_int_equal(store_apply(office->node->store, put_run, &put, NULL), 0);
    office->stored = office->last;
    office->skip = 0;
    office->building = false;
}

/* The next span begins with the last entry of this one. */
static void step_back(struct office *office)
{
    assert_false(office->building);
    office->last--;
    office->skip = 1;
}

/* ---- running ---- */

static void on_store(void *arg)
{
    struct office *office = arg;
    (void)store_collect(office->node->store);
    if (office->node->office.applied >= office->last) {
        loop_stop(office->node->loop);
    }
}

static void wake_store(void *arg)
{
    loop_wake_send(arg);
}

static void on_deadline(void *arg)
{
    struct office *office = arg;
    office->late = true;
    loop_stop(office->node->loop);
}

static uint64_t applied_in_store(struct office *office)
{
    struct store_txn *txn = NULL;
    struct node_meta meta;
    assert_int_equal(store_read_begin(office->node->store, &txn, NULL), 0);
    assert_int_equal(meta_load(txn, &meta), 0);
    store_read_end(txn);
    return meta.office_applied;
}

/* Stores what is left, and runs until all of the log was applied. Once in a test. */
static void apply_all(struct office *office)
{
    struct node *node = office->node;
    if (office->building) {
        store_span(office);
    }
    const struct store_writer_config config = {.store = node->store,
                                               .wake = wake_store,
                                               .wake_arg = node->store_wake,
                                               .queue_max = 16,
                                               .batch_max = 16};
    assert_int_equal(store_writer_start(&config, NULL), 0);
    node->sync.uplink.office.durable = office->last;
    loop_timer_set(office->deadline, DEADLINE_MS);
    office_pump(node);
    loop_run(node->loop);
    store_writer_stop(node->store);
    assert_false(office->late);
    assert_int_equal(node->office.applied, office->last);
    assert_int_equal(applied_in_store(office), office->last);
    assert_int_equal(node->works, 0);
}

/* ---- what became of it ---- */

/* The id's item and its reason; what is borrowed is not looked at again. */
static enum inbox_state state_of(struct office *office, const char *id, const char *reason)
{
    struct store_txn *txn = NULL;
    struct inbox_item item;
    assert_int_equal(store_read_begin(office->node->store, &txn, NULL), 0);
    int rc = inbox_load(txn, bytes_of_text(id), &item);
    assert_int_equal(rc, 0);
    char text[INBOX_REASON_MAX + 1] = {0};
    memcpy(text, item.reason.data, item.reason.len);
    store_read_end(txn);
    if (strstr(text, reason) == NULL || (reason[0] == '\0') != (text[0] == '\0')) {
        fail_msg("%s: reason \"%s\", wanted \"%s\"", id, text, reason);
    }
    return item.state;
}

static void check_rejected(struct office *office, const char *id, const char *reason)
{
    assert_int_equal(state_of(office, id, reason), INBOX_REJECTED);
}

static void check_verified(struct office *office, const char *id)
{
    assert_int_equal(state_of(office, id, ""), INBOX_VERIFIED);
}

/* Rungs in the urgent log: stored, then verified, for each of these documents in this order. */
static void check_rungs(struct office *office, const char *const *ids, size_t count)
{
    struct store_txn *txn = NULL;
    struct outlog log;
    assert_int_equal(store_read_begin(office->node->store, &txn, NULL), 0);
    assert_int_equal(outlog_load(txn, &node_log_tables, &office->node->urgent, &log), 0);
    assert_int_equal(log.last, 1 + 2 * count);
    for (uint64_t seq = 2; seq <= log.last; seq++) {
        struct entry_id entry_id = {.incarnation = office->node->urgent, .seq = seq};
        struct outlog_entry entry;
        struct rung rung;
        assert_int_equal(outlog_read(txn, &node_log_tables, &entry_id, &entry), 0);
        assert_int_equal(entry.kind, ENTRY_RUNG);
        assert_int_equal(rung_decode(entry.body, arena, &rung, NULL), 0);
        assert_int_equal(rung.rung, seq % 2 == 0 ? RUNG_KIND_STORED : RUNG_KIND_VERIFIED);
        assert_true(bytes_equal(rung.document, bytes_of_text(ids[(seq - 2) / 2])));
    }
    store_read_end(txn);
    /* The engine hears of the last. */
    assert_int_equal(office->node->sync.appended[LANE_URGENT], count == 0 ? 1 : 1 + 2 * count);
}

static uint64_t troubles(const struct office *office, enum trouble trouble)
{
    return office->node->counters.troubles[trouble];
}

/* ---- tests ---- */

static struct document decision_of(const char *id)
{
    struct document document = decision_make();
    document.id = bytes_of_text(id);
    return document;
}

static void a_document_of_two_officers_is_taken(void **state)
{
    static const char *const ids[] = {"16-2024-000001-7f3a"};
    struct office *office = *state;
    struct document document = decision_of(ids[0]);
    add_signed(office, &document, "sri budi");
    apply_all(office);
    check_verified(office, ids[0]);
    check_rungs(office, ids, 1);
    for (enum trouble trouble = 0; trouble < TROUBLE_COUNT; trouble++) {
        assert_int_equal(troubles(office, trouble), 0);
    }
}

/* Each of them is refused by itself, and the good ones before, between and behind are taken. */
static void what_officers_did_not_sign_is_refused(void **state)
{
    static const char *const good[] = {"16-good-1", "16-good-2", "16-good-3"};
    struct office *office = *state;
    struct document document = decision_of(good[0]);
    add_signed(office, &document, "sri budi");
    document = decision_of("16-alone");
    add_signed(office, &document, "sri");
    document = decision_of("16-twice");
    add_signed(office, &document, "sri sri");
    document = decision_of("16-nobody");
    add_signed(office, &document, "");
    document = decision_of(good[1]);
    add_signed(office, &document, "sri budi");

    document = decision_of("16-altered");
    struct signed_document outer = document_signed(&document, "sri budi");
    document.text = bytes_of_text("Isi kepuTusan");
    outer.document = ENCODED(document, &document);
    add_document(office, &outer);
    document = decision_of("16-other-province");
    document.province = bytes_of_text("17");
    add_signed(office, &document, "sri budi");
    document = decision_of("16-other-addressee");
    document.addressee = bytes_of_text("16.03");
    add_signed(office, &document, "sri budi");
    document = decision_of("16-revoked");
    add_signed(office, &document, "sri joko");
    document = decision_of("16-newer-ring");
    document.ring = 6;
    add_signed(office, &document, "sri budi");
    document = decision_of(good[2]);
    add_signed(office, &document, "sri budi");
    apply_all(office);

    for (size_t i = 0; i < COUNT(good); i++) {
        check_verified(office, good[i]);
    }
    check_rejected(office, "16-alone", "a second person");
    check_rejected(office, "16-twice", "a second person");
    check_rejected(office, "16-nobody", "nobody signed");
    check_rejected(office, "16-altered", "signature");
    check_rejected(office, "16-other-province", "province");
    check_rejected(office, "16-other-addressee", "another regency");
    check_rejected(office, "16-revoked", "joko");
    check_rejected(office, "16-newer-ring", "ring");
    assert_int_equal(troubles(office, TROUBLE_DOCUMENT), 8);
    check_rungs(office, good, COUNT(good));
}

static struct hash digest_of(struct office *office, const char *id)
{
    struct store_txn *txn = NULL;
    struct inbox_item item;
    assert_int_equal(store_read_begin(office->node->store, &txn, NULL), 0);
    assert_int_equal(inbox_load(txn, bytes_of_text(id), &item), 0);
    store_read_end(txn);
    return item.digest;
}

static void an_id_has_one_document(void **state)
{
    static const char *const ids[] = {"16-one"};
    struct office *office = *state;
    struct document first = decision_of(ids[0]);
    struct document second = first;
    struct hash digest;
    second.text = bytes_of_text("Isi lain");
    document_digest(ENCODED(document, &first), &digest);
    add_signed(office, &first, "sri budi");
    add_signed(office, &first, "sri budi"); /* the same again says nothing new */
    add_signed(office, &first, "budi dewi");
    add_signed(office, &second, "sri budi");
    store_span(office);
    add_signed(office, &second, "sri budi"); /* in a batch of its own */
    add_signed(office, &second, "sri");      /* nor may a bad one take its place */
    apply_all(office);
    check_verified(office, ids[0]);
    check_rungs(office, ids, 1);
    assert_int_equal(troubles(office, TROUBLE_DOCUMENT_OTHER), 3);
    struct hash kept = digest_of(office, ids[0]);
    assert_true(hash_equal(&kept, &digest));
}

/* Whoever forges an id first must not keep the real document out. */
static void a_forged_one_gives_way_to_the_real(void **state)
{
    static const char *const ids[] = {"16-one"};
    struct office *office = *state;
    struct document real = decision_of(ids[0]);
    struct document forged = real;
    struct hash digest;
    forged.text = bytes_of_text("Isi palsu");
    document_digest(ENCODED(document, &real), &digest);
    add_signed(office, &forged, "sri");
    add_signed(office, &real, "sri budi");
    add_signed(office, &forged, "sri");
    apply_all(office);
    check_verified(office, ids[0]);
    check_rungs(office, ids, 1);
    struct hash kept = digest_of(office, ids[0]);
    assert_true(hash_equal(&kept, &digest));
    assert_int_equal(troubles(office, TROUBLE_DOCUMENT), 2);
    assert_int_equal(troubles(office, TROUBLE_DOCUMENT_OTHER), 1);
}

static void add_ring(struct office *office, const struct ring *value, uint8_t seed)
{
    add_entry(office, ENTRY_RING, ring_signed(value, seed), false);
}

static struct ring ring_with(uint64_t number, const char *officer, enum key_state state)
{
    struct ring changed = ring;
    changed.number = number;
    for (size_t i = 0; i < changed.officer_count; i++) {
        if (bytes_equal(changed.officers[i].id, bytes_of_text(officer))) {
            changed.officers[i].state = state;
        }
    }
    return changed;
}

static uint64_t ring_in_store(struct office *office)
{
    struct store_txn *txn = NULL;
    struct node_meta meta;
    struct ring stored;
    assert_int_equal(store_read_begin(office->node->store, &txn, NULL), 0);
    assert_int_equal(meta_load(txn, &meta), 0);
    struct bytes kept = arena_copy(arena, meta.ring);
    store_read_end(txn);
    assert_int_equal(trust_ring(&office->node->card.card.root_key, kept, 1, bytes_of_text("16"),
                                arena, &stored, NULL),
                     0);
    return stored.number;
}

/* In the old ring Joko still signs, in the forged one and that of another province too. */
static void a_ring_only_rises(void **state)
{
    static const char *const ids[] = {"16-good"};
    struct office *office = *state;
    struct ring old = ring_with(4, "joko", KEY_ACTIVE);
    struct ring same = ring_with(5, "joko", KEY_ACTIVE);
    struct ring forged = ring_with(6, "joko", KEY_ACTIVE);
    struct ring other = ring_with(6, "joko", KEY_ACTIVE);
    other.province = bytes_of_text("17");
    struct document document = decision_of("16-joko");
    add_ring(office, &old, ROOT_SEED);
    add_ring(office, &same, ROOT_SEED);
    add_ring(office, &forged, ROOT_SEED + 1);
    add_ring(office, &other, ROOT_SEED);
    add_signed(office, &document, "sri joko");
    document = decision_of(ids[0]);
    add_signed(office, &document, "sri budi");
    apply_all(office);
    assert_int_equal(office->node->ring.number, 5);
    assert_int_equal(ring_in_store(office), 5);
    assert_int_equal(troubles(office, TROUBLE_RING), 2); /* an old one again is no trouble */
    check_rejected(office, "16-joko", "joko");
    check_rungs(office, ids, 1);
}

static void what_follows_a_ring_is_judged_under_it(void **state)
{
    static const char *const ids[] = {"16-before", "16-new", "16-rest"};
    struct office *office = *state;
    struct ring next = ring_with(6, "budi", KEY_REVOKED_FOR_GOOD);
    struct document document = decision_of(ids[0]);
    add_signed(office, &document, "sri budi");
    add_ring(office, &next, ROOT_SEED);
    document = decision_of("16-behind");
    add_signed(office, &document, "sri budi");
    document = decision_of(ids[1]);
    document.ring = 6;
    add_signed(office, &document, "sri dewi");
    next.number = 8;
    add_ring(office, &next, ROOT_SEED);
    document = decision_of(ids[2]);
    document.ring = 8;
    add_signed(office, &document, "sri dewi");
    apply_all(office);
    assert_int_equal(office->node->ring.number, 8);
    assert_int_equal(ring_in_store(office), 8);
    check_rejected(office, "16-behind", "budi");
    check_rungs(office, ids, COUNT(ids));
}

struct notes {
    size_t count;
    uint16_t kinds[4];
};

static bool note_seen(void *arg, uint16_t kind, struct bytes body)
{
    struct notes *notes = arg;
    assert_true(notes->count < COUNT(notes->kinds) && body.len > 0);
    notes->kinds[notes->count++] = kind;
    return true;
}

static void notes_are_kept_by_what_they_are_about(void **state)
{
    struct office *office = *state;
    struct entry_id about = {.incarnation = office->node->urgent, .seq = 5};
    struct status status = {
        .report = about, .state = bytes_of_text("decided"), .at_ms = RECEIVED_MS};
    struct refusal refusal = {
        .entry = about, .code = bytes_of_text("ERR_VALUE"), .at_ms = RECEIVED_MS};
    struct notes notes = {0};
    struct notes others = {0};
    add_entry(office, ENTRY_STATUS, ENCODED(status, &status), false);
    add_entry(office, ENTRY_REFUSAL, ENCODED(refusal, &refusal), false);
    add_entry(office, ENTRY_REFUSAL, ENCODED(status, &status), false); /* not what it says */
    status.report.seq = 6;
    add_entry(office, ENTRY_STATUS, ENCODED(status, &status), false);
    apply_all(office);
    struct store_txn *txn = NULL;
    assert_int_equal(store_read_begin(office->node->store, &txn, NULL), 0);
    assert_int_equal(note_each(txn, &about, note_seen, &notes), 0);
    assert_int_equal(note_each(txn, &status.report, note_seen, &others), 0);
    store_read_end(txn);
    assert_int_equal(notes.count, 2);
    assert_int_equal(notes.kinds[0], ENTRY_STATUS);
    assert_int_equal(notes.kinds[1], ENTRY_REFUSAL);
    assert_int_equal(others.count, 1);
    assert_int_equal(troubles(office, TROUBLE_BODY), 1);
}

static void what_cannot_be_read_is_passed(void **state)
{
    static const uint8_t b[HASH_BYTES] = {1, 2, 3};
    static const char *const ids[] = {"16-good"};
    struct office *office = *state;
    struct document document = decision_of(ids[0]);
    struct signed_document empty = {.document = bytes_of_text("no document")};
    add_entry(office, ENTRY_DOCUMENT, bytes_of_text("neither is this"), false);
    add_document(office, &empty);
    add_entry(office, ENTRY_DOCUMENT, (struct bytes){0}, false);
    add_entry(office, ENTRY_DOCUMENT, bytes_of(b, sizeof b), true);
    add_entry(office, ENTRY_RING, bytes_of(b, sizeof b), true);
    add_entry(office, ENTRY_STATUS, bytes_of(b, sizeof b), true);
    add_entry(office, 65535, bytes_of_text("of a later version"), false);
    add_entry(office, ENTRY_RING, bytes_of_text("no ring"), false);
    add_signed(office, &document, "sri budi");
    add_entry(office, ENTRY_RUNG, bytes_of_text("last, and not ours to apply"), false);
    apply_all(office);
    assert_int_equal(troubles(office, TROUBLE_BODY), 3);
    assert_int_equal(troubles(office, TROUBLE_RING), 1);
    assert_int_equal(troubles(office, TROUBLE_DOCUMENT), 0);
    check_rungs(office, ids, 1);
}

static void add_note(struct office *office, uint32_t number, uint8_t seed)
{
    char name[CATALOGUE_NAME_CAPACITY];
    uint8_t secret[SECRET_BYTES];
    struct object_note note;
    struct hash digest;
    (void)key_of(seed, secret);
    catalogue_note(catalogue_builtin(), number, name, &note);
    assert_int_equal(object_note_digest(&note, &digest, NULL), 0);
    seal_sign(secret, "kabar.object.v1", bytes_of(digest.b, sizeof digest.b), &note.signature);
    add_entry(office, ENTRY_OBJECT, ENCODED(object_note, &note), false);
}

static uint32_t number_in_store(struct office *office)
{
    struct store_txn *txn = NULL;
    struct bytes value;
    struct object_note note = {.number = 0};
    struct arena *room = arena_new(4096);
    assert_int_equal(store_read_begin(office->node->store, &txn, NULL), 0);
    assert_int_equal(store_get(txn, NODE_META, bytes_of_text("catalogue_note"), &value), 0);
    assert_int_equal(object_note_decode(value, room, &note, NULL), 0);
    store_read_end(txn);
    arena_free(room);
    return note.number;
}

static void the_newest_catalogue_that_the_root_signed_is_asked_for(void **state)
{
    struct office *office = *state;
    struct object_note other = {.purpose = OBJECT_DICTIONARY, .size = 1};
    add_note(office, 9, ROOT_SEED + 1);
    add_note(office, 7, ROOT_SEED);
    add_note(office, 6, ROOT_SEED); /* what every new box is sent */
    add_entry(office, ENTRY_OBJECT, ENCODED(object_note, &other), false);
    add_entry(office, ENTRY_OBJECT, bytes_of_text("no note"), false);
    apply_all(office);
    const struct node_catalogue *catalogue = &office->node->catalogue;
    assert_int_equal(catalogue->told_number, 7);
    assert_int_equal(catalogue->told.size, catalogue_builtin().len);
    assert_int_equal(number_in_store(office), 7);
    assert_int_equal(catalogue->info.number, 1); /* the built-in one holds till it is here */
    assert_int_equal(troubles(office, TROUBLE_CATALOGUE), 2);
    assert_int_equal(troubles(office, TROUBLE_BODY), 0);
}

/* More than one batch holds, in spans of which each begins with what the one before ended with. */
static void many_and_overlapping_spans_are_applied_once(void **state)
{
    static char names[150][16];
    const char *ids[150];
    struct office *office = *state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        (void)snprintf(names[i], sizeof names[i], "16-%03zu", i);
        ids[i] = names[i];
        struct document document = decision_of(names[i]);
        add_signed(office, &document, "sri budi");
        if (i % 50 == 49 && i + 1 < COUNT(ids)) {
            store_span(office);
            step_back(office);
            add_signed(office, &document, "sri budi");
        }
    }
    apply_all(office);
    check_rungs(office, ids, COUNT(ids));
}

/* ---- the office log goes on as another one ---- */

/* The first span of a log that goes on from (log, s). */
static int go_on(struct office *office, uint64_t s, struct incarnation *ret)
{
    static const struct signature head;
    static const struct hash none;
    const struct span_entry entry = {.kind = ENTRY_STATUS, .body = bytes_of_text("not read here")};
    struct put put = {.store = {.first_new = 1,
                                .last = 1,
                                .h_last = hash_of(1),
                                .is_new_log = true,
                                .lane = LANE_OFFICE,
                                .predecessor = {office->log, s},
                                .ends = office->log}};
    memset(ret->b, 9, sizeof ret->b);
    put.store.incarnation = *ret;
    span_builder_start(office->builder, ret, 1, &none);
    assert_int_equal(span_builder_add(office->builder, &entry, 1000), 0);
    assert_int_equal(span_builder_finish(office->builder, SPAN_RAW, &head, &put.frame, NULL), 0);
    return store_apply(office->node->store, put_run, &put, NULL);
}

static void documents_that_the_province_lost_go_back(void **state)
{
    static const char *const ids[] = {"16-kept", "16-lost"};
    struct office *office = *state;
    struct incarnation next;
    struct document kept = decision_of(ids[0]);
    struct document lost = decision_of(ids[1]);
    add_signed(office, &kept, "sri budi");
    add_signed(office, &lost, "sri budi");
    apply_all(office);
    check_rungs(office, ids, 2);
    assert_int_equal(go_on(office, 1, &next), 0);

    struct store_txn *txn = NULL;
    struct node_meta meta;
    struct outlog urgent;
    struct outlog_entry entry;
    struct returned returned;
    assert_int_equal(store_read_begin(office->node->store, &txn, NULL), 0);
    assert_int_equal(meta_load(txn, &meta), 0);
    assert_true(incarnation_equal(&meta.office, &next));
    assert_int_equal(meta.office_last, 1);
    assert_int_equal(meta.office_applied, 0);
    assert_int_equal(node_log_load(txn, LANE_URGENT, &urgent), 0);
    assert_int_equal(urgent.last, 1 + 4 + 1);
    struct entry_id id = {urgent.incarnation, urgent.last};
    assert_int_equal(outlog_read(txn, &node_log_tables, &id, &entry), 0);
    assert_int_equal(entry.kind, ENTRY_RETURNED);
    assert_int_equal(returned_decode(entry.body, arena, &returned, NULL), 0);
    assert_true(incarnation_equal(&returned.office, &office->log));
    assert_int_equal(returned.office_seq, 2);
    struct signed_document outer = document_signed(&lost, "sri budi");
    assert_true(bytes_equal(returned.signed_document, ENCODED(signed_document, &outer)));
    /* What stood in the old log is still found there: a hash may be asked for. */
    struct office_span span;
    id = (struct entry_id){office->log, 2};
    assert_int_equal(office_find_span(txn, &id, &span), 0);
    store_read_end(txn);
}

static void nothing_goes_on_before_all_is_applied(void **state)
{
    struct office *office = *state;
    struct incarnation next;
    struct document document = decision_of("16-waits");
    add_signed(office, &document, "sri budi");
    store_span(office);
    assert_int_equal(go_on(office, 1, &next), ERR_AGAIN);
    assert_int_equal(applied_in_store(office), 0);
    apply_all(office);
    assert_int_equal(go_on(office, 1, &next), 0);
}

/* ---- life ---- */

static int born_run(struct store_txn *txn, void *arg)
{
    struct office *office = arg;
    struct genesis genesis = {.direction = DIRECTION_UP,
                              .lane = LANE_URGENT,
                              .owner = bytes_of_text(REGENCY),
                              .counterpart = bytes_of_text("16"),
                              .enrolment = 7};
    struct outlog log;
    struct node_meta meta = {.enrolment = 7, .urgent = office->node->urgent, .office = office->log};
    meta_put_enrolment(txn, &meta);
    meta_put_ring(txn, ring_signed(&ring, ROOT_SEED));
    return outlog_create(txn, &node_log_tables, &office->node->urgent, &genesis, &log);
}

static void node_make(struct office *office)
{
    static char regency[] = REGENCY;
    struct node *node = calloc(1, sizeof *node);
    uint8_t secret[SECRET_BYTES];
    assert_non_null(node);
    office->node = node;
    office->conf.regency = regency;
    office->conf.log_interval_s = 3600;
    node->conf = &office->conf;
    node->enrolled = true;
    node->tables = node_log_tables;
    memset(node->urgent.b, 1, sizeof node->urgent.b);
    memset(office->log.b, 2, sizeof office->log.b);
    node->office.incarnation = office->log;
    node->card.card.root_key = key_of(ROOT_SEED, secret);
    node->card.ring.province = bytes_of_text("16");
    assert_int_equal(node_take_ring(node, ring_signed(&ring, ROOT_SEED), NULL), 0);
}

static int office_setup(void **state)
{
    struct office *office = calloc(1, sizeof *office);
    assert_non_null(office);
    *state = office;
    assert_int_equal(fresh(NULL), 0);
    folder_open(office->path);
    node_make(office);
    struct node *node = office->node;
    const struct store_config config = {.path = office->path,
                                        .tables = node_table_names,
                                        .table_count = NODE_TABLE_COUNT,
                                        .map_bytes = 64u << 20,
                                        .format = NODE_FORMAT};
    assert_int_equal(store_open(&config, &node->store, NULL), 0);
    assert_int_equal(store_apply(node->store, born_run, office, NULL), 0);
    assert_int_equal(loop_new(&node->loop, NULL), 0);
    node->store_wake = loop_wake_new(node->loop, on_store, office);
    office->deadline = loop_timer_new(node->loop, on_deadline, office);
    office->builder = span_builder_new();
    assert_true(node->store_wake != NULL && office->deadline != NULL && office->builder != NULL);
    assert_int_equal(office_open(node, NULL), 0);
    assert_int_equal(catalogue_open(node, NULL), 0);
    return 0;
}

static int office_teardown(void **state)
{
    struct office *office = *state;
    struct node *node = office->node;
    node->stopping = true;
    store_writer_stop(node->store);
    office_close(node);
    catalogue_close(node);
    loop_timer_free(office->deadline);
    loop_wake_free(node->store_wake);
    loop_free(node->loop);
    store_close(node->store);
    span_builder_free(office->builder);
    arena_free(node->ring_arena);
    folder_drop(office->path);
    free(node);
    free(office);
    return clean(NULL);
}

static int quiet(void **state)
{
    log_set_level(LOG_LEVEL_ERROR);
    return start(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_document_of_two_officers_is_taken),
        TEST(what_officers_did_not_sign_is_refused),
        TEST(an_id_has_one_document),
        TEST(a_forged_one_gives_way_to_the_real),
        TEST(a_ring_only_rises),
        TEST(what_follows_a_ring_is_judged_under_it),
        TEST(notes_are_kept_by_what_they_are_about),
        TEST(what_cannot_be_read_is_passed),
        TEST(the_newest_catalogue_that_the_root_signed_is_asked_for),
        TEST(many_and_overlapping_spans_are_applied_once),
        TEST(documents_that_the_province_lost_go_back),
        TEST(nothing_goes_on_before_all_is_applied),
    };
    return cmocka_run_group_tests(tests, quiet, NULL);
}
