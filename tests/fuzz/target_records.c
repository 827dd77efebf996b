/* Values of the stores, as damage or a later version may have left them: byte 0 says which record,
 * the rest is its value (and keys). What decodes is written again as it was read; what does not is
 * an error, never a crash. The store below is fake_store.c. */
#include "fuzz/fake_store.h"
#include "fuzz/fuzz.h"
#include "fuzz/records_journal.h"

#include "core/cases/views.h"
#include "core/sync/session.h"
#include "node/node_store.h"

#include <string.h>

#define ROOM_BYTES (1u << 18)
static uint8_t room[ROOM_BYTES];

static void same_bytes(struct bytes value, size_t len)
{
    CHECK(bytes_equal(value, bytes_of(room, len)), "a record is written as it was read");
}

static void check_code(int rc)
{
    CHECK(rc == 0 || rc == ERR_FORMAT || rc == ERR_NOT_FOUND, "a bad record is an error of form");
}

static void take_own_session(const struct session_pair *pair)
{
    static const uint8_t none[16];
    static const uint8_t fresh[16] = {5};
    struct session_own own = {.pair = *pair};
    bool new_one = memcmp(pair->next, none, 16) == 0;
    CHECK(session_own_next(&own, fresh) == new_one, "a pair not answered goes out again");
    uint8_t other[16];
    memcpy(other, own.pair.next, sizeof other);
    other[7] ^= 1;
    CHECK(!session_own_confirm(&own, other), "nobody else's");
    CHECK(session_own_confirm(&own, own.pair.next) && own.confirmed, "answered");
    CHECK(session_own_next(&own, fresh) && !own.confirmed, "and a new one is drawn");
    session_own_succeed(&own);
}

static void take_session(struct bytes value)
{
    struct session_memory memory;
    struct err_ctx err = {""};
    int rc = session_decode(value, &memory, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    CHECK(memory.past_count <= SESSION_PAIRS_KEPT, "few pairs");
    session_encode(&memory, room);
    same_bytes(value, SESSION_MEMORY_BYTES);
    struct session_pair got = memory.accepted;
    for (uint32_t i = 0; i < 2; i++) {
        (void)session_judge(&memory, &got, i == 0, false);
        session_accept(&memory, &got);
        CHECK(session_judge(&memory, &got, false, false) == SESSION_RETRY, "accepted, so a retry");
    }
    got.next[0] ^= 1;
    got.prev[1] ^= 1;
    enum session_verdict verdict = session_judge(&memory, &got, true, false);
    bool follows = memcmp(got.prev, memory.accepted.next, 16) == 0; /* by the bit that was turned */
    CHECK(verdict == (follows ? SESSION_STEP : SESSION_FORK) || verdict == SESSION_OLD,
          "a pair out of nowhere is a fork");
    CHECK(strcmp(session_verdict_name(verdict), "unknown") != 0, "verdicts have names");
    got = memory.accepted;
    memcpy(got.prev, memory.accepted.next, 16);
    got.next[2] ^= 1;
    CHECK(session_judge(&memory, &got, true, false) != SESSION_FORK, "a pair that follows is none");
    take_own_session(&memory.accepted);
}

/* ---- views ---- */

#define TAKE_VIEW(name)                                                                            \
    static void take_##name(struct bytes value)                                                    \
    {                                                                                              \
        struct name view;                                                                          \
        int rc = name##_decode(value, &view);                                                      \
        check_code(rc);                                                                            \
        if (rc == 0) {                                                                             \
            same_bytes(value, name##_encode(&view, room, sizeof room));                            \
        }                                                                                          \
    }                                                                                              \
    _Static_assert(sizeof(struct name) > 0, "a struct with members")
TAKE_VIEW(case_view);
TAKE_VIEW(report_view);
TAKE_VIEW(case_report_view);
TAKE_VIEW(document_view);
TAKE_VIEW(rung_view);
TAKE_VIEW(zero_view);
TAKE_VIEW(filed_view);
TAKE_VIEW(refused_view);
TAKE_VIEW(node_view);
TAKE_VIEW(line_view);
TAKE_VIEW(copy_view);
TAKE_VIEW(copied_view);
TAKE_VIEW(held_view);
TAKE_VIEW(file_view);

/* ---- our own logs ---- */

static const struct incarnation log_name = {{0x77}};
static const struct outlog_tables tables = {.entries = 1, .logs = 2};

/* What we write ourselves can be read again. */
static void make_log(void)
{
    struct store_txn *txn = fake_store();
    struct outlog log;
    struct outlog listed;
    struct outlog_entry entry;
    struct entry_id id = {.incarnation = log_name, .seq = 2};
    struct genesis genesis = {.direction = DIRECTION_UP,
                              .lane = LANE_ROUTINE,
                              .owner = bytes_of_text("16.07"),
                              .counterpart = bytes_of_text("16"),
                              .enrolment = 7};
    CHECK(outlog_create(txn, &tables, &log_name, &genesis, &log) == 0, "a log is made");
    CHECK(outlog_create(txn, &tables, &log_name, &genesis, &log) == ERR_EXISTS, "once");
    outlog_append(txn, &tables, &log, 65535, bytes_of_text("x"), 5);
    CHECK(outlog_read(txn, &tables, &id, &entry) == 0 && entry.kind == 65535 &&
              hash_equal(&entry.h, &log.h_last),
          "what was appended is read");
    CHECK(outlog_next(txn, &tables, NULL, &listed) == 0 && listed.last == 2, "and is listed");
    genesis.owner = bytes_of("", 0);
    CHECK(outlog_create(fake_store(), &tables, &log_name, &genesis, &log) == ERR_FORMAT,
          "a log is somebody's");
}

static void take_log(struct bytes value)
{
    struct store_txn *txn = fake_store();
    struct outlog log;
    struct outlog listed;
    struct bytes stored;
    fake_put(tables.logs, bytes_of(log_name.b, sizeof log_name.b), value);
    int rc = outlog_load(txn, &tables, &log_name, &log);
    check_code(rc);
    CHECK(outlog_next(txn, &tables, NULL, &listed) == rc, "a list reads what a load does");
    if (rc == 0) {
        CHECK(listed.last == log.last, "the same log");
        CHECK(outlog_next(txn, &tables, &log_name, &listed) == ERR_NOT_FOUND, "there is no other");
        outlog_save(txn, &tables, &log);
        CHECK(store_get(txn, tables.logs, bytes_of(log_name.b, sizeof log_name.b), &stored) == 0 &&
                  bytes_equal(stored, value),
              "a record is written as it was read");
    }
    fake_put(tables.logs, bytes_of("short", 5), value);
    CHECK(outlog_next(txn, &tables, NULL, &listed) < 0, "a key of another length is damage");
    fake_refuses(true);
    CHECK(outlog_next(txn, &tables, NULL, &listed) == ERR_STORAGE, "a store that fails is said");
    fake_refuses(false);
    make_log();
}

/* Up to eight entries: length 2 and value each. A cut gives them back or says what is wrong. */
static void take_log_entries(struct bytes input)
{
    static struct span_builder *builder;
    static uint8_t secret[SECRET_BYTES];
    struct store_txn *txn = fake_store();
    struct entry_id id = {.incarnation = log_name};
    struct outlog_entry entry;
    struct hash h;
    struct bytes frame;
    uint64_t last = 0;
    struct err_ctx err = {""};
    builder = builder != NULL ? builder : span_builder_new();
    unsigned choice = take_u8(&input);
    while (input.len > 0 && id.seq < 8) {
        uint8_t key[INCARNATION_BYTES + 8];
        id.seq++;
        memcpy(key, log_name.b, INCARNATION_BYTES);
        put_be64(key + INCARNATION_BYTES, id.seq);
        uint8_t len[2];
        take_into(&input, len, sizeof len);
        fake_put(tables.entries, bytes_of(key, sizeof key), outlog_value(&input, get_be16(len)));
        int rc = outlog_read(txn, &tables, &id, &entry);
        check_code(rc);
        CHECK(outlog_hash(txn, &tables, &id, &h) == rc, "a hash is read as its entry is");
    }
    struct outlog_cut cut = {.incarnation = log_name,
                             .first = choice % 4 + 1,
                             .last_max = choice / 4 % 16,
                             .raw_bytes_max = choice >= 64 ? 200 : SPAN_WIRE_BYTES_MAX / 2,
                             .codec = choice % 2 == 0 ? SPAN_RAW : SPAN_ZSTD,
                             .secret = secret};
    int rc = outlog_cut(txn, &tables, &cut, builder, &frame, &last, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    CHECK(last >= cut.first && last <= cut.last_max && last <= id.seq, "what was cut was there");
    struct span_header header;
    struct bytes payload;
    CHECK(span_header_decode(frame, &header, &payload, NULL) == 0, "a cut can be read");
    CHECK(header.first == cut.first && header.count == last - cut.first + 1, "and is what was cut");
}

/* ---- the node's ---- */

static void put_meta(const char *name, struct bytes value)
{
    fake_put(NODE_META, bytes_of_text(name), value);
}

static void take_meta(struct bytes input)
{
    static const char *const names[] = {"secret", "enrolment", "pair",   "aggregator",
                                        "office", "applied",   "pruned", "ring"};
    static const size_t sizes[] = {32, 72, 33, 16, 40, 8, 8, 60};
    struct store_txn *txn = fake_store();
    struct node_meta meta;
    unsigned there = take_u8(&input);
    unsigned odd = take_u8(&input);
    for (size_t i = 0; i < 8; i++) {
        if ((there >> i & 1u) != 0) {
            put_meta(names[i], take_bytes(&input, sizes[i] - (odd >> i & 1u)));
        }
    }
    int rc = meta_load(txn, &meta);
    check_code(rc);
    if (rc == 0) {
        CHECK(!meta.has_secret || (there & 1u) != 0, "nothing is there that was not stored");
        meta_put_enrolment(txn, &meta);
        meta_put_pair(txn, &meta.pair, meta.successor);
        meta_put_aggregator(txn, &meta.aggregator);
        meta_put_applied(txn, meta.office_applied);
        struct node_meta again;
        CHECK(meta_load(txn, &again) == 0, "what is written is read");
        CHECK(again.enrolment == meta.enrolment && again.office_applied == meta.office_applied,
              "and is the same");
    }
}

static void take_key(struct bytes value)
{
    struct store_txn *txn = fake_store();
    struct key_record record;
    struct bytes stored;
    fake_put(NODE_KEYS, bytes_of("k", 1), value);
    int rc = key_load(txn, bytes_of("k", 1), &record);
    check_code(rc);
    if (rc == 0) {
        key_put(txn, bytes_of("k", 1), &record);
        CHECK(store_get(txn, NODE_KEYS, bytes_of("k", 1), &stored) == 0 &&
                  bytes_equal(stored, value),
              "a record is written as it was read");
    }
}

static void take_office(struct bytes input)
{
    struct store_txn *txn = fake_store();
    struct office_span span;
    uint8_t key_len = take_u8(&input);
    uint64_t seq = take_u64(&input);
    uint8_t key[INCARNATION_BYTES + 8] = {[INCARNATION_BYTES + 7] = 5};
    fake_put(NODE_OFFICE, bytes_of(key, key_len % 4 == 3 ? sizeof key - 1 : sizeof key), input);
    int rc = office_find_span(txn, &(struct entry_id){.seq = seq}, &span);
    check_code(rc);
    CHECK(rc != 0 || span.frame.len + 12 == input.len, "the frame is what stands behind the head");
}

static void take_inbox(struct bytes value)
{
    struct store_txn *txn = fake_store();
    struct inbox_item item;
    struct bytes stored;
    fake_put(NODE_INBOX, bytes_of("d", 1), value);
    int rc = inbox_load(txn, bytes_of("d", 1), &item);
    check_code(rc);
    if (rc == 0) {
        CHECK(strcmp(inbox_state_name(item.state), "unknown") != 0, "states have names");
        inbox_put(txn, bytes_of("e", 1), &item);
        CHECK(store_get(txn, NODE_INBOX, bytes_of("e", 1), &stored) == 0 &&
                  bytes_equal(stored, value),
              "a record is written as it was read");
    }
}

static bool on_note(void *arg, uint16_t kind, struct bytes body)
{
    size_t *seen = arg;
    *seen += body.len + kind * 0u + 1;
    return *seen < 64;
}

static void take_notes(struct bytes input)
{
    struct store_txn *txn = fake_store();
    struct entry_id about = {.incarnation = log_name, .seq = 3};
    size_t seen = 0;
    for (uint64_t i = 0; i < 6 && input.len > 0; i++) {
        uint8_t key[INCARNATION_BYTES + 16];
        uint8_t choice = take_u8(&input);
        memcpy(key, log_name.b, INCARNATION_BYTES);
        put_be64(key + INCARNATION_BYTES, choice % 8 == 7 ? 4 : 3);
        put_be64(key + INCARNATION_BYTES + 8, i);
        fake_put(NODE_NOTES, bytes_of(key, sizeof key - (choice % 8 == 6 ? 1 : 0)),
                 take_bytes(&input, choice / 8));
    }
    CHECK(note_each(txn, &about, on_note, &seen) == 0, "notes that are no good are passed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const takers[])(struct bytes) = {
        take_session,
        take_case_view,
        take_report_view,
        take_case_report_view,
        take_document_view,
        take_rung_view,
        take_zero_view,
        take_refused_view,
        take_node_view,
        take_log,
        take_log_entries,
        take_meta,
        take_key,
        take_office,
        take_inbox,
        take_notes,
        take_journal_meta,
        take_journal_cursor,
        take_journal_record,
        take_journal_placed,
        take_line_view,
        take_copy_view,
        take_copied_view,
        take_held_view,
        take_filed_view,
        take_file_view,
    };
    struct bytes value = bytes_of(data, size);
    takers[take_u8(&value) % (sizeof takers / sizeof takers[0])](value);
    return 0;
}
