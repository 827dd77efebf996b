#include "node/node_store.h"

#include "core/base/assert.h"

const char *const node_table_names[NODE_TABLE_COUNT] = {
    [NODE_META] = "meta",   [NODE_ENTRIES] = "entries", [NODE_LOGS] = "logs",
    [NODE_KEYS] = "keys",   [NODE_OFFICE] = "office",   [NODE_INBOX] = "inbox",
    [NODE_NOTES] = "notes",
};
const struct outlog_tables node_log_tables = {.entries = NODE_ENTRIES, .logs = NODE_LOGS};

/* ---- meta ---- */

#define ENROLMENT_BYTES (8u + 4u * INCARNATION_BYTES)

#define PAIR_BYTES 33u
#define RECEIPT_BYTES (2u * INCARNATION_BYTES + 8u + HASH_BYTES + 8u + SIGNATURE_BYTES)

static const struct {
    enum lane lane;
    const char *receipt;
} lanes[2] = {{LANE_URGENT, "receipt.urgent"}, {LANE_ROUTINE, "receipt.routine"}};

static struct bytes name_of(const char *name)
{
    return bytes_of_text(name);
}

/* 0 and exactly len bytes, or 0 and none (*ret.len == 0); ERR_FORMAT for another length. */
static int meta_get(struct store_txn *txn, const char *name, size_t len, struct bytes *ret)
{
    int rc = store_get(txn, NODE_META, name_of(name), ret);
    if (rc == ERR_NOT_FOUND) {
        *ret = (struct bytes){NULL, 0};
        return 0;
    }
    return rc == 0 && len != 0 && ret->len != len ? ERR_FORMAT : rc;
}

static int load_enrolment(struct store_txn *txn, struct node_meta *ret)
{
    struct bytes value;
    int rc = meta_get(txn, "enrolment", ENROLMENT_BYTES, &value);
    if (rc == 0 && value.len > 0) {
        struct reader reader;
        reader_init(&reader, value);
        ret->has_enrolment = true;
        ret->enrolment = reader_be64(&reader);
        reader_copy(&reader, ret->urgent.b, INCARNATION_BYTES);
        reader_copy(&reader, ret->routine.b, INCARNATION_BYTES);
        reader_copy(&reader, ret->office.b, INCARNATION_BYTES);
        reader_copy(&reader, ret->card_office.b, INCARNATION_BYTES);
    }
    return rc;
}

static int load_session(struct store_txn *txn, struct node_meta *ret)
{
    struct bytes value;
    int rc = meta_get(txn, "pair", PAIR_BYTES, &value);
    if (rc == 0 && value.len > 0) {
        memcpy(ret->pair.prev, value.data, 16);
        memcpy(ret->pair.next, value.data + 16, 16);
        ret->successor = value.data[32] != 0;
    }
    if (rc == 0) {
        rc = meta_get(txn, "aggregator", INCARNATION_BYTES, &value);
    }
    if (rc == 0 && value.len > 0) {
        memcpy(ret->aggregator.b, value.data, INCARNATION_BYTES);
    }
    return rc;
}

static int load_office(struct store_txn *txn, struct node_meta *ret)
{
    struct bytes value;
    int rc = meta_get(txn, "office", 8 + HASH_BYTES, &value);
    if (rc == 0 && value.len > 0) {
        ret->office_last = get_be64(value.data);
        memcpy(ret->office_h.b, value.data + 8, HASH_BYTES);
    }
    if (rc == 0) {
        rc = meta_get(txn, "applied", 8, &value);
    }
    if (rc == 0 && value.len > 0) {
        ret->office_applied = get_be64(value.data);
    }
    if (rc == 0) {
        rc = meta_get(txn, "pruned", 8, &value);
    }
    if (rc == 0 && value.len > 0) {
        ret->pruned = get_be64(value.data);
    }
    return rc != 0 ? rc : meta_get(txn, "ring", 0, &ret->ring);
}

static int load_receipt(struct store_txn *txn, const char *name, struct ack *ret)
{
    struct bytes value;
    struct reader reader;
    int rc = meta_get(txn, name, RECEIPT_BYTES, &value);
    if (rc == 0 && value.len > 0) {
        reader_init(&reader, value);
        reader_copy(&reader, ret->aggregator.b, INCARNATION_BYTES);
        reader_copy(&reader, ret->id.incarnation.b, INCARNATION_BYTES);
        ret->id.seq = reader_be64(&reader);
        reader_copy(&reader, ret->h.b, HASH_BYTES);
        ret->backed_up_to = reader_be64(&reader);
        reader_copy(&reader, ret->signature.b, SIGNATURE_BYTES);
        ret->has_signature = true;
    }
    return rc;
}

int meta_load(struct store_txn *txn, struct node_meta *ret)
{
    memset(ret, 0, sizeof *ret);
    struct bytes value;
    int rc = meta_get(txn, "secret", KEY_BYTES, &value);
    if (rc == 0 && value.len > 0) {
        ret->has_secret = true;
        memcpy(ret->input_secret, value.data, KEY_BYTES);
    }
    if (rc == 0) {
        rc = load_enrolment(txn, ret);
    }
    if (rc == 0) {
        rc = load_session(txn, ret);
    }
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        rc = load_receipt(txn, lanes[i].receipt, &ret->receipts[i]);
    }
    return rc != 0 ? rc : load_office(txn, ret);
}

void meta_put_secret(struct store_txn *txn, const uint8_t secret[KEY_BYTES])
{
    store_put(txn, NODE_META, name_of("secret"), bytes_of(secret, KEY_BYTES));
}

void meta_put_enrolment(struct store_txn *txn, const struct node_meta *meta)
{
    uint8_t value[ENROLMENT_BYTES];
    struct writer writer;
    writer_init(&writer, value, sizeof value);
    writer_be64(&writer, meta->enrolment);
    writer_bytes(&writer, bytes_of(meta->urgent.b, INCARNATION_BYTES));
    writer_bytes(&writer, bytes_of(meta->routine.b, INCARNATION_BYTES));
    writer_bytes(&writer, bytes_of(meta->office.b, INCARNATION_BYTES));
    writer_bytes(&writer, bytes_of(meta->card_office.b, INCARNATION_BYTES));
    store_put(txn, NODE_META, name_of("enrolment"), bytes_of(value, writer.len));
}

void meta_put_receipt(struct store_txn *txn, enum lane lane, const struct ack *receipt)
{
    uint8_t value[RECEIPT_BYTES];
    struct writer writer;
    writer_init(&writer, value, sizeof value);
    writer_bytes(&writer, bytes_of(receipt->aggregator.b, INCARNATION_BYTES));
    writer_bytes(&writer, bytes_of(receipt->id.incarnation.b, INCARNATION_BYTES));
    writer_be64(&writer, receipt->id.seq);
    writer_bytes(&writer, bytes_of(receipt->h.b, HASH_BYTES));
    writer_be64(&writer, receipt->backed_up_to);
    writer_bytes(&writer, bytes_of(receipt->signature.b, SIGNATURE_BYTES));
    store_put(txn, NODE_META, name_of(lanes[lane == LANE_ROUTINE].receipt),
              bytes_of(value, writer.len));
}

int node_log_load(struct store_txn *txn, enum lane lane, struct outlog *ret)
{
    struct node_meta meta = {0};
    int rc = load_enrolment(txn, &meta);
    if (rc == 0 && !meta.has_enrolment) {
        rc = ERR_NOT_FOUND;
    }
    return rc != 0 ? rc
                   : outlog_load(txn, &node_log_tables,
                                 lane == LANE_URGENT ? &meta.urgent : &meta.routine, ret);
}

void meta_put_pair(struct store_txn *txn, const struct session_pair *pair, bool successor)
{
    uint8_t value[PAIR_BYTES];
    memcpy(value, pair->prev, 16);
    memcpy(value + 16, pair->next, 16);
    value[32] = successor;
    store_put(txn, NODE_META, name_of("pair"), bytes_of(value, sizeof value));
}

void meta_put_aggregator(struct store_txn *txn, const struct incarnation *aggregator)
{
    store_put(txn, NODE_META, name_of("aggregator"), bytes_of(aggregator->b, INCARNATION_BYTES));
}

static void put_number(struct store_txn *txn, const char *name, uint64_t number)
{
    uint8_t value[8];
    put_be64(value, number);
    store_put(txn, NODE_META, name_of(name), bytes_of(value, sizeof value));
}

void meta_put_applied(struct store_txn *txn, uint64_t seq)
{
    put_number(txn, "applied", seq);
}

void meta_put_pruned(struct store_txn *txn, uint64_t reports)
{
    put_number(txn, "pruned", reports);
}

#define BUDGET_BYTES 32u

void meta_put_budget(struct store_txn *txn, const struct budget *budget)
{
    uint8_t value[BUDGET_BYTES];
    struct writer writer;
    writer_init(&writer, value, sizeof value);
    writer_be64(&writer, budget->day);
    writer_be64(&writer, budget->month);
    writer_be64(&writer, budget->day_bytes);
    writer_be64(&writer, budget->month_bytes);
    store_put(txn, NODE_META, name_of("budget"), bytes_of(value, sizeof value));
}

int meta_budget(struct store_txn *txn, struct budget *ret)
{
    struct bytes value;
    int rc = meta_get(txn, "budget", BUDGET_BYTES, &value);
    *ret = (struct budget){0};
    if (rc == 0 && value.len > 0) {
        ret->day = get_be64(value.data);
        ret->month = get_be64(value.data + 8);
        ret->day_bytes = get_be64(value.data + 16);
        ret->month_bytes = get_be64(value.data + 24);
    }
    return rc;
}

void meta_put_ring(struct store_txn *txn, struct bytes signed_ring)
{
    store_put(txn, NODE_META, name_of("ring"), signed_ring);
}

/* ---- keys ---- */

#define KEY_RECORD_BYTES (HASH_BYTES + INCARNATION_BYTES + 8u + HASH_BYTES)

int key_load(struct store_txn *txn, struct bytes key, struct key_record *ret)
{
    struct bytes value;
    int rc = store_get(txn, NODE_KEYS, key, &value);
    if (rc != 0) {
        return rc;
    }
    if (value.len != KEY_RECORD_BYTES) {
        return ERR_FORMAT;
    }
    struct reader reader;
    reader_init(&reader, value);
    reader_copy(&reader, ret->input.b, HASH_BYTES);
    reader_copy(&reader, ret->id.incarnation.b, INCARNATION_BYTES);
    ret->id.seq = reader_be64(&reader);
    reader_copy(&reader, ret->h.b, HASH_BYTES);
    return 0;
}

void key_put(struct store_txn *txn, struct bytes key, const struct key_record *record)
{
    uint8_t value[KEY_RECORD_BYTES];
    struct writer writer;
    writer_init(&writer, value, sizeof value);
    writer_bytes(&writer, bytes_of(record->input.b, HASH_BYTES));
    writer_bytes(&writer, bytes_of(record->id.incarnation.b, INCARNATION_BYTES));
    writer_be64(&writer, record->id.seq);
    writer_bytes(&writer, bytes_of(record->h.b, HASH_BYTES));
    store_put(txn, NODE_KEYS, key, bytes_of(value, writer.len));
}

/* ---- files ---- */

#define FILE_KEY "file"  /* ‖ SHA-256 → size 8 ‖ hash of its list */
#define LIST_KEY "list"  /* ‖ hash of a list → SHA-256 ‖ size 8 ‖ the list */
#define NAMED_KEY "name" /* ‖ SHA-256 → nothing: an entry of ours names it */
#define FILE_KEY_BYTES (sizeof FILE_KEY - 1 + HASH_BYTES)
#define LIST_HEAD_BYTES (HASH_BYTES + 8u)
_Static_assert(sizeof FILE_KEY == sizeof LIST_KEY && sizeof FILE_KEY == sizeof NAMED_KEY, "keys");

static struct bytes file_key(const char *kind, const struct hash *hash,
                             uint8_t room[FILE_KEY_BYTES])
{
    memcpy(room, kind, sizeof FILE_KEY - 1);
    memcpy(room + sizeof FILE_KEY - 1, hash->b, HASH_BYTES);
    return bytes_of(room, FILE_KEY_BYTES);
}

int file_load(struct store_txn *txn, const struct hash *sha256, struct file_note *ret)
{
    uint8_t room[FILE_KEY_BYTES];
    struct bytes value;
    int rc = store_get(txn, NODE_META, file_key(FILE_KEY, sha256, room), &value);
    if (rc != 0) {
        return rc;
    }
    if (value.len != 8 + HASH_BYTES) {
        return ERR_FORMAT;
    }
    ret->size = get_be64(value.data);
    memcpy(ret->list.b, value.data + 8, HASH_BYTES);
    return 0;
}

void file_put(struct store_txn *txn, const struct hash *sha256, const struct file_note *note,
              struct bytes list)
{
    uint8_t room[FILE_KEY_BYTES];
    uint8_t value[8 + HASH_BYTES];
    static uint8_t listed[LIST_HEAD_BYTES + OBJECT_BLOCKS_MAX * HASH_BYTES]; /* writer thread */
    ASSERT(list.len <= sizeof listed - LIST_HEAD_BYTES);
    put_be64(value, note->size);
    memcpy(value + 8, note->list.b, HASH_BYTES);
    store_put(txn, NODE_META, file_key(FILE_KEY, sha256, room), bytes_of(value, sizeof value));
    memcpy(listed, sha256->b, HASH_BYTES);
    put_be64(listed + HASH_BYTES, note->size);
    memcpy(listed + LIST_HEAD_BYTES, list.data, list.len);
    store_put(txn, NODE_META, file_key(LIST_KEY, &note->list, room),
              bytes_of(listed, LIST_HEAD_BYTES + list.len));
}

void file_name(struct store_txn *txn, const struct hash *sha256)
{
    uint8_t room[FILE_KEY_BYTES];
    store_put(txn, NODE_META, file_key(NAMED_KEY, sha256, room), (struct bytes){0});
}

int file_find_named(struct store_txn *txn, const struct hash *hash, struct file_named *ret)
{
    uint8_t room[FILE_KEY_BYTES];
    struct bytes value;
    struct file_note note;
    struct file_named found = {.sha256 = *hash};
    int rc = store_get(txn, NODE_META, file_key(LIST_KEY, hash, room), &value);
    if (rc == 0 && value.len <= LIST_HEAD_BYTES) {
        return ERR_FORMAT;
    }
    if (rc == 0) {
        memcpy(found.sha256.b, value.data, HASH_BYTES);
        found.size = get_be64(value.data + HASH_BYTES);
        found.list = bytes_of(value.data + LIST_HEAD_BYTES, value.len - LIST_HEAD_BYTES);
    } else if (rc == ERR_NOT_FOUND) {
        rc = file_load(txn, hash, &note);
        found.size = rc == 0 ? note.size : 0;
    }
    if (rc == 0) {
        rc = store_get(txn, NODE_META, file_key(NAMED_KEY, &found.sha256, room), &value);
    }
    if (rc == 0) {
        *ret = found;
    }
    return rc;
}

/* ---- office ---- */

#define OFFICE_HEAD_BYTES 12u
#define OFFICE_KEY_BYTES (INCARNATION_BYTES + 8u)

static void put_cursor(struct store_txn *txn, uint64_t last, const struct hash *h)
{
    uint8_t cursor[8 + HASH_BYTES];
    put_be64(cursor, last);
    memcpy(cursor + 8, h->b, HASH_BYTES);
    store_put(txn, NODE_META, name_of("office"), bytes_of(cursor, sizeof cursor));
}

void office_forget(struct store_txn *txn)
{
    static const struct hash none;
    put_cursor(txn, 0, &none);
    meta_put_applied(txn, 0);
}

/* Whether `store` continues what is here; *ret_begins: it begins the log that ours goes on as. */
static int check_cursor(const struct node_meta *meta, const struct span_store *store,
                        bool *ret_begins)
{
    *ret_begins = !incarnation_equal(&store->incarnation, &meta->office);
    if (!*ret_begins) {
        bool fits = meta->office_last + 1 == store->first_new &&
                    hash_equal(&meta->office_h, &store->h_before);
        return fits ? 0 : ERR_GAP;
    }
    if (!store->is_new_log || !incarnation_equal(&store->ends, &meta->office)) {
        return ERR_GAP;
    }
    return meta->office_applied == meta->office_last ? 0 : ERR_AGAIN;
}

static int put_frame(struct store_txn *txn, const struct span_store *store, struct bytes frame,
                     int64_t received_ms)
{
    uint8_t key[OFFICE_KEY_BYTES];
    uint8_t *value = malloc(OFFICE_HEAD_BYTES + frame.len);
    if (value == NULL) {
        return ERR_NOMEM;
    }
    put_be32(value, store->skip);
    put_be64(value + 4, (uint64_t)received_ms);
    memcpy(value + OFFICE_HEAD_BYTES, frame.data, frame.len);
    memcpy(key, store->incarnation.b, INCARNATION_BYTES);
    put_be64(key + INCARNATION_BYTES, store->first_new);
    store_put(txn, NODE_OFFICE, bytes_of(key, sizeof key),
              bytes_of(value, OFFICE_HEAD_BYTES + frame.len));
    free(value);
    return 0;
}

/* The documents that stood behind where the province goes on: it has lost them. Where it goes on
 * from an earlier log than the one we had, all but those it still has: it passes what it knows. */
static bool is_lost(const struct inbox_item *item, const struct entry_id *from,
                    const struct incarnation *present)
{
    if (incarnation_equal(&item->office.incarnation, &from->incarnation)) {
        return item->office.seq > from->seq;
    }
    return !incarnation_equal(&from->incarnation, present);
}

static int hand_back(struct store_txn *txn, const struct entry_id *from,
                     const struct incarnation *present, int64_t now_ms)
{
    struct store_cursor *cursor = NULL;
    struct outlog urgent;
    struct bytes key;
    struct bytes value;
    uint8_t body[ENTRY_BYTES_MAX];
    int rc = node_log_load(txn, LANE_URGENT, &urgent);
    rc = rc == 0 ? store_cursor_open(txn, NODE_INBOX, &cursor) : rc;
    rc = rc == 0 ? store_seek(cursor, (struct bytes){0}, &key, &value) : rc;
    for (; rc == 0; rc = store_next(cursor, &key, &value)) {
        struct inbox_item item;
        size_t len = 0;
        if (inbox_decode(value, &item) != 0 || item.state == INBOX_REJECTED ||
            !is_lost(&item, from, present)) {
            continue;
        }
        const struct returned returned = {.signed_document = item.signed_document,
                                          .office = item.office.incarnation,
                                          .office_seq = item.office.seq};
        rc = returned_encode(&returned, body, sizeof body, &len, NULL);
        ASSERT(rc == 0); /* SIGNED_DOCUMENT_BYTES_MAX is that small: none is left out */
        outlog_append(txn, &node_log_tables, &urgent, ENTRY_RETURNED, bytes_of(body, len), now_ms);
    }
    store_cursor_close(cursor);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

int office_put_span(struct store_txn *txn, const struct span_store *store, struct bytes frame,
                    int64_t received_ms)
{
    struct node_meta meta;
    bool begins = false;
    int rc = meta_load(txn, &meta);
    rc = rc == 0 ? check_cursor(&meta, store, &begins) : rc;
    if (rc != 0) {
        return rc;
    }
    ASSERT(frame.len <= FRAME_BYTES_MAX);
    rc = put_frame(txn, store, frame, received_ms);
    if (rc == 0 && begins) {
        const struct incarnation present = meta.office;
        meta.office = store->incarnation;
        meta_put_enrolment(txn, &meta);
        office_forget(txn);
        rc = hand_back(txn, &store->predecessor, &present, received_ms);
    }
    if (rc == 0) {
        put_cursor(txn, store->last, &store->h_last);
    }
    return rc;
}

int office_find_span(struct store_txn *txn, const struct entry_id *id, struct office_span *ret)
{
    struct store_cursor *cursor = NULL;
    int rc = store_cursor_open(txn, NODE_OFFICE, &cursor);
    if (rc != 0) {
        return rc;
    }
    uint8_t wanted[OFFICE_KEY_BYTES];
    memcpy(wanted, id->incarnation.b, INCARNATION_BYTES);
    put_be64(wanted + INCARNATION_BYTES, id->seq);
    struct bytes key;
    struct bytes value;
    rc = store_seek_before(cursor, bytes_of(wanted, sizeof wanted), &key, &value);
    store_cursor_close(cursor);
    if (rc != 0) {
        return rc;
    }
    if (key.len != sizeof wanted || value.len < OFFICE_HEAD_BYTES) {
        return ERR_FORMAT;
    }
    if (memcmp(key.data, id->incarnation.b, INCARNATION_BYTES) != 0) {
        return ERR_NOT_FOUND;
    }
    ret->skip = get_be32(value.data);
    ret->received_ms = (int64_t)get_be64(value.data + 4);
    ret->frame = bytes_of(value.data + OFFICE_HEAD_BYTES, value.len - OFFICE_HEAD_BYTES);
    return 0;
}

/* ---- inbox ---- */

#define INBOX_HEAD_BYTES (1u + 8u + INCARNATION_BYTES + 8u + HASH_BYTES)
#define INBOX_BYTES_MAX                                                                            \
    (INBOX_HEAD_BYTES + 2u + INBOX_REASON_MAX + 2u + INBOX_PEOPLE_MAX * INBOX_PERSON_BYTES +       \
     ENTRY_BYTES_MAX)

const char *inbox_state_name(enum inbox_state state)
{
    static const char *const names[] = {"unknown",      "stored",   "verified", "shown",
                                        "acknowledged", "rejected", "replaced", "executed"};
    return state <= INBOX_EXECUTED ? names[state] : names[0];
}

int inbox_decode(struct bytes value, struct inbox_item *ret)
{
    struct reader reader;
    reader_init(&reader, value);
    ret->state = (enum inbox_state)reader_u8(&reader);
    ret->received_ms = (int64_t)reader_be64(&reader);
    reader_copy(&reader, ret->office.incarnation.b, INCARNATION_BYTES);
    ret->office.seq = reader_be64(&reader);
    reader_copy(&reader, ret->digest.b, HASH_BYTES);
    ret->reason = reader_bytes(&reader, reader_be16(&reader));
    ret->people = reader_bytes(&reader, reader_be16(&reader));
    ret->signed_document = reader_bytes(&reader, reader_left(&reader));
    bool good = !reader.underflow && ret->state >= INBOX_STORED && ret->state <= INBOX_EXECUTED &&
                ret->reason.len <= INBOX_REASON_MAX &&
                ret->people.len <= INBOX_PEOPLE_MAX * INBOX_PERSON_BYTES &&
                ret->people.len % INBOX_PERSON_BYTES == 0 &&
                ret->signed_document.len <= ENTRY_BYTES_MAX;
    return good ? 0 : ERR_FORMAT;
}

int inbox_load(struct store_txn *txn, struct bytes id, struct inbox_item *ret)
{
    struct bytes value;
    int rc = store_get(txn, NODE_INBOX, id, &value);
    return rc != 0 ? rc : inbox_decode(value, ret);
}

void inbox_put(struct store_txn *txn, struct bytes id, const struct inbox_item *item)
{
    ASSERT(item->reason.len <= INBOX_REASON_MAX);
    ASSERT(item->people.len <= INBOX_PEOPLE_MAX * INBOX_PERSON_BYTES);
    uint8_t value[INBOX_BYTES_MAX];
    struct writer writer;
    writer_init(&writer, value, sizeof value);
    writer_u8(&writer, (uint8_t)item->state);
    writer_be64(&writer, (uint64_t)item->received_ms);
    writer_bytes(&writer, bytes_of(item->office.incarnation.b, INCARNATION_BYTES));
    writer_be64(&writer, item->office.seq);
    writer_bytes(&writer, bytes_of(item->digest.b, HASH_BYTES));
    writer_be16(&writer, (uint16_t)item->reason.len);
    writer_bytes(&writer, item->reason);
    writer_be16(&writer, (uint16_t)item->people.len);
    writer_bytes(&writer, item->people);
    writer_bytes(&writer, item->signed_document);
    ASSERT(!writer.overflow);
    store_put(txn, NODE_INBOX, id, bytes_of(value, writer.len));
}

/* ---- notes ---- */

#define NOTE_ABOUT_BYTES (INCARNATION_BYTES + 8u)

static struct bytes note_key(const struct entry_id *about, uint64_t nth,
                             uint8_t key[NOTE_ABOUT_BYTES + 8])
{
    memcpy(key, about->incarnation.b, INCARNATION_BYTES);
    put_be64(key + INCARNATION_BYTES, about->seq);
    put_be64(key + NOTE_ABOUT_BYTES, nth);
    return bytes_of(key, NOTE_ABOUT_BYTES + 8);
}

struct same_note {
    uint16_t kind;
    struct bytes body;
    bool found;
    uint64_t count;
};

static bool note_compare(void *arg, uint16_t kind, struct bytes body)
{
    struct same_note *same = arg;
    same->count++;
    same->found = kind == same->kind && bytes_equal(body, same->body);
    return !same->found;
}

void note_put(struct store_txn *txn, const struct entry_id *about, uint16_t kind, struct bytes body)
{
    ASSERT(body.len <= ENTRY_BYTES_MAX);
    uint8_t key[NOTE_ABOUT_BYTES + 8];
    uint8_t value[2 + ENTRY_BYTES_MAX];
    put_be16(value, kind);
    memcpy(value + 2, body.data, body.len);
    struct same_note same = {.kind = kind, .body = body};
    if (note_each(txn, about, note_compare, &same) != 0 || same.found) {
        return; /* an office log that went on says what it said before */
    }
    store_put(txn, NODE_NOTES, note_key(about, same.count, key), bytes_of(value, 2 + body.len));
}

int note_each(struct store_txn *txn, const struct entry_id *about,
              bool (*each)(void *arg, uint16_t kind, struct bytes body), void *arg)
{
    struct store_cursor *cursor = NULL;
    int rc = store_cursor_open(txn, NODE_NOTES, &cursor);
    if (rc != 0) {
        return rc;
    }
    uint8_t wanted[NOTE_ABOUT_BYTES + 8];
    struct bytes key;
    struct bytes value;
    rc = store_seek(cursor, note_key(about, 0, wanted), &key, &value);
    while (rc == 0 && key.len == sizeof wanted && memcmp(key.data, wanted, NOTE_ABOUT_BYTES) == 0 &&
           value.len >= 2 &&
           each(arg, get_be16(value.data), bytes_of(value.data + 2, value.len - 2))) {
        rc = store_next(cursor, &key, &value);
    }
    store_cursor_close(cursor);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}
