/* node_office.c - what the province says: rings, documents, statuses and refusals, applied in
 * order.
 *
 * Spans are stored as received first; here their entries are judged on the loop's thread (that is
 * where signatures are verified, never in a write transaction) and what follows from a batch is one
 * transaction with the position reached. A body that cannot be applied is counted and passed.
 */
#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/rules/trust.h"
#include "node/node.h"

#define BATCH_MAX 64u
#define PARSE_BYTES 262144u
#define RETRY_MS 2000u
#define RUNG_BYTES_MAX 1024u
#define DOCUMENT_ID_MAX 256u

enum change_type { CHANGE_NONE, CHANGE_RING, CHANGE_DOCUMENT, CHANGE_NOTE, CHANGE_CATALOGUE };

struct change {
    enum change_type type;
    uint64_t seq;
    uint16_t kind;
    size_t len;
    uint8_t *body; /* the entry's */
    struct entry_id about;
    char id[DOCUMENT_ID_MAX + 1];
    char supersedes[DOCUMENT_ID_MAX + 1];
    struct hash digest;
    enum inbox_state state;
    char reason[INBOX_REASON_MAX];
    uint8_t salts[2][SALT_BYTES];
    bool other_bytes; /* left by the writer: this id has another document already */
    bool fresh;       /* left by the writer: the document was not known */
};

struct batch {
    struct store_command command;
    struct node *node;
    int64_t now_ms;
    struct incarnation office;
    struct entry_id urgent; /* left by the writer: the end of that log */
    uint64_t to;            /* entries up to here are in it */
    size_t count;
    struct change changes[BATCH_MAX];
};

/* ---- the writer's part ---- */

static void append_rung(struct store_txn *txn, struct outlog *log, const struct change *change,
                        enum rung_kind kind, int64_t now_ms)
{
    uint8_t body[RUNG_BYTES_MAX];
    size_t len = 0;
    struct rung rung = {.document = bytes_of_text(change->id), .rung = kind, .at_ms = now_ms};
    memcpy(rung.salt, change->salts[kind == RUNG_KIND_STORED ? 0 : 1], SALT_BYTES);
    int rc = rung_encode(&rung, body, sizeof body, &len, NULL);
    ASSERT(rc == 0); /* the id was checked when the document was decoded */
    outlog_append(txn, &node_log_tables, log, ENTRY_RUNG, bytes_of(body, len), now_ms);
}

static bool documents_of(const struct inbox_item *item, struct arena *arena, struct document *ret)
{
    struct signed_document signed_document;
    return signed_document_decode(item->signed_document, arena, &signed_document, NULL) == 0 &&
           document_decode(signed_document.document, arena, ret, NULL) == 0;
}

/* The one it stands in place of, if that is of the same type, case and addressee: shown as
 * replaced from here on, and not acknowledged any more. */
static int replace_old(struct store_txn *txn, const struct inbox_item *item,
                       const struct change *change)
{
    struct document older;
    struct document newer;
    struct inbox_item old;
    struct bytes id = bytes_of_text(change->supersedes);
    struct arena *arena = arena_new(PARSE_BYTES);
    int rc = arena == NULL ? ERR_NOMEM : inbox_load(txn, id, &old);
    if (rc == 0 && old.state != INBOX_REJECTED && documents_of(&old, arena, &older) &&
        documents_of(item, arena, &newer) && older.type == newer.type &&
        bytes_equal(older.addressee, newer.addressee) &&
        bytes_equal(older.case_name, newer.case_name)) {
        old.state = INBOX_REPLACED;
        old.reason = bytes_of_text(change->id);
        inbox_put(txn, id, &old);
    }
    arena_free(arena);
    return rc == ERR_NOT_FOUND || rc == ERR_FORMAT ? 0 : rc;
}

/* Applied once by id. A rejected one may be replaced: whoever forged it must not keep the real one
 * out. */
static int put_document(struct store_txn *txn, struct batch *batch, struct change *change,
                        struct outlog *urgent)
{
    struct inbox_item there;
    struct bytes id = bytes_of_text(change->id);
    int rc = inbox_load(txn, id, &there);
    change->other_bytes = false;
    change->fresh = false;
    bool gives_way = there.state == INBOX_REJECTED && change->state == INBOX_VERIFIED;
    if (rc == 0 && !gives_way && !PLANTED(DOCUMENT_TWICE)) {
        change->other_bytes = !hash_equal(&there.digest, &change->digest);
        return 0;
    }
    if (rc != 0 && rc != ERR_NOT_FOUND && rc != ERR_FORMAT) {
        return rc;
    }
    const struct inbox_item item = {
        .state = change->state,
        .received_ms = batch->now_ms,
        .office = {batch->office, change->seq},
        .digest = change->digest,
        .reason = bytes_of_text(change->reason),
        .signed_document = bytes_of(change->body, change->len),
    };
    inbox_put(txn, id, &item);
    change->fresh = true;
    if (change->state == INBOX_VERIFIED) {
        append_rung(txn, urgent, change, RUNG_KIND_STORED, batch->now_ms);
        append_rung(txn, urgent, change, RUNG_KIND_VERIFIED, batch->now_ms);
    }
    return change->state == INBOX_VERIFIED && change->supersedes[0] != '\0'
               ? replace_old(txn, &item, change)
               : 0;
}

static int batch_run(struct store_txn *txn, void *arg)
{
    struct batch *batch = arg;
    struct outlog urgent;
    int rc = node_log_load(txn, LANE_URGENT, &urgent);
    for (size_t i = 0; rc == 0 && i < batch->count; i++) {
        struct change *change = &batch->changes[i];
        struct bytes body = bytes_of(change->body, change->len);
        switch (change->type) {
        case CHANGE_RING:
            meta_put_ring(txn, body);
            break;
        case CHANGE_DOCUMENT:
            rc = put_document(txn, batch, change, &urgent);
            break;
        case CHANGE_NOTE:
            note_put(txn, &change->about, change->kind, body);
            break;
        case CHANGE_CATALOGUE:
            catalogue_put_note(txn, body);
            break;
        case CHANGE_NONE:
            break;
        }
    }
    if (rc == 0) {
        batch->urgent = (struct entry_id){urgent.incarnation, urgent.last};
        meta_put_applied(txn, batch->to);
    }
    return rc;
}

/* ---- judging ---- */

static int keep_body(struct change *change, struct bytes body)
{
    change->body = malloc(body.len + 1);
    if (change->body == NULL) {
        return ERR_NOMEM;
    }
    memcpy(change->body, body.data, body.len);
    change->len = body.len;
    return 0;
}

static void judge_ring(struct node *node, struct bytes body, struct change *change)
{
    struct ring ring;
    struct err_ctx err = {""};
    int rc = trust_ring(&node->card.card.root_key, body, node->ring.number + 1,
                        node->card.ring.province, node->office.parse, &ring, &err);
    if (rc == 0) {
        change->type = CHANGE_RING;
    } else if (rc != ERR_STALE) { /* an older ring again is what every new box is sent */
        node_trouble(node, TROUBLE_RING, rc, err_peek(&err, rc));
    }
}

static void judge_object(struct node *node, struct bytes body, struct change *change)
{
    struct err_ctx err = {""};
    int rc = catalogue_judge_note(node, body, node->office.parse, &err);
    if (rc == 0) {
        change->type = CHANGE_CATALOGUE;
    } else if (rc != ERR_STALE) {
        node_trouble(node, TROUBLE_CATALOGUE, rc, err_peek(&err, rc));
    }
}

/* Whether it is one we act on: what is wrong with it goes into err. */
static int trust(struct node *node, const struct signed_document *document, struct document *ret,
                 struct err_ctx *err)
{
    int rc = trust_document(&node->ring, document, TRUST_FULL, false, node->office.parse, ret, err);
    bool to_all = rc == 0 && ret->type == DOCUMENT_TYPE_ADVISORY &&
                  bytes_equal(ret->addressee, node->ring.province);
    if (rc == 0 && !to_all && !bytes_equal(ret->addressee, bytes_of_text(node->conf->regency))) {
        rc = err_set(err, ERR_KEY, "addressed to another regency");
    }
    return rc;
}

static void judge_document(struct node *node, struct bytes body, struct change *change)
{
    struct signed_document signed_document;
    struct document document;
    struct err_ctx err = {""};
    int rc = signed_document_decode(body, node->office.parse, &signed_document, &err);
    if (rc == 0) {
        rc = document_decode(signed_document.document, node->office.parse, &document, &err);
    }
    if (rc == 0 && (document.id.len == 0 || document.id.len > DOCUMENT_ID_MAX)) {
        rc = err_set(&err, ERR_FORMAT, "document without a usable id");
    }
    if (rc != 0) {
        node_trouble(node, TROUBLE_BODY, rc, err_peek(&err, rc));
        return;
    }
    change->type = CHANGE_DOCUMENT;
    memcpy(change->id, document.id.data, document.id.len);
    change->id[document.id.len] = '\0';
    if (document.supersedes.len > 0 && document.supersedes.len <= DOCUMENT_ID_MAX) {
        memcpy(change->supersedes, document.supersedes.data, document.supersedes.len);
        change->supersedes[document.supersedes.len] = '\0';
    }
    document_digest(signed_document.document, &change->digest);
    host_random(change->salts, sizeof change->salts);
    rc = trust(node, &signed_document, &document, &err);
    change->state = rc == 0 ? INBOX_VERIFIED : INBOX_REJECTED;
    if (rc != 0) {
        (void)snprintf(change->reason, sizeof change->reason, "%s", err_peek(&err, rc));
        node_trouble(node, TROUBLE_DOCUMENT, rc, err_name(rc));
    }
}

static void judge_note(struct node *node, const struct span_entry *entry, struct change *change)
{
    struct err_ctx err = {""};
    struct status status;
    struct refusal refusal;
    int rc;
    if (entry->kind == ENTRY_STATUS) {
        rc = status_decode(entry->body, node->office.parse, &status, &err);
        change->about = rc == 0 ? status.report : change->about;
    } else {
        rc = refusal_decode(entry->body, node->office.parse, &refusal, &err);
        change->about = rc == 0 ? refusal.entry : change->about;
    }
    if (rc == 0) {
        change->type = CHANGE_NOTE;
    } else {
        node_trouble(node, TROUBLE_BODY, rc, err_peek(&err, rc));
    }
}

/* One more entry into the batch; ERR_NOMEM leaves the batch as it was. */
static int judge(struct node *node, struct batch *batch, uint64_t seq,
                 const struct span_entry *entry)
{
    struct change *change = &batch->changes[batch->count];
    *change = (struct change){.seq = seq, .kind = entry->kind};
    arena_reset(node->office.parse);
    if (!entry->erased && entry->kind == ENTRY_RING) {
        judge_ring(node, entry->body, change);
    } else if (!entry->erased && entry->kind == ENTRY_DOCUMENT) {
        judge_document(node, entry->body, change);
    } else if (!entry->erased && entry->kind == ENTRY_OBJECT) {
        judge_object(node, entry->body, change);
    } else if (!entry->erased && (entry->kind == ENTRY_STATUS || entry->kind == ENTRY_REFUSAL)) {
        judge_note(node, entry, change);
    }
    if (change->type != CHANGE_NONE) {
        if (keep_body(change, entry->body) != 0) {
            return ERR_NOMEM;
        }
        batch->count++;
    }
    batch->to = seq;
    return 0;
}

/* What follows is judged by it. */
static bool ends_batch(const struct batch *batch)
{
    enum change_type last = batch->count == 0 ? CHANGE_NONE : batch->changes[batch->count - 1].type;
    return last == CHANGE_RING || last == CHANGE_CATALOGUE;
}

/* Entries from `from` on, as many as one stored span and one batch hold. */
static int gather(struct node *node, struct batch *batch, uint64_t from, struct store_txn *txn)
{
    struct office_span span;
    struct span_header header;
    struct bytes payload;
    struct span_entry *entries = NULL;
    struct entry_id first = {batch->office, from};
    int rc = office_find_span(txn, &first, &span);
    if (rc == 0) {
        rc = span_header_decode(span.frame, &header, &payload, NULL);
    }
    if (rc == 0) {
        rc = span_entries_decode(node->office.decoder, &header, payload, node->office.scratch,
                                 &entries, NULL);
    }
    if (rc != 0) {
        return rc;
    }
    if (from < header.first || from - header.first >= header.count) {
        return ERR_FORMAT;
    }
    for (uint64_t i = from - header.first; i < header.count && batch->count < BATCH_MAX; i++) {
        rc = judge(node, batch, header.first + i, &entries[i]);
        if (rc != 0) {
            return batch->to >= from ? 0 : rc;
        }
        if (ends_batch(batch)) {
            break;
        }
    }
    return 0;
}

/* ---- after the transaction ---- */

static void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free(batch->changes[i].body);
    }
    free(batch);
}

static void applied(struct node *node, const struct change *change)
{
    if (change->type == CHANGE_RING) {
        struct err_ctx err = {""};
        int rc = node_take_ring(node, bytes_of(change->body, change->len), &err);
        if (rc != 0) {
            node_trouble(node, TROUBLE_RING, rc, err_peek(&err, rc));
        }
    } else if (change->type == CHANGE_CATALOGUE) {
        catalogue_told(node, bytes_of(change->body, change->len));
    } else if (change->type == CHANGE_DOCUMENT && change->other_bytes) {
        node_trouble(node, TROUBLE_DOCUMENT_OTHER, ERR_FORK, "not applied");
    } else if (change->type == CHANGE_DOCUMENT && change->fresh) {
        LOG(LOG_LEVEL_INFO, "document", log_text("id", change->id),
            log_text("state", inbox_state_name(change->state)));
    }
}

static void batch_done(void *arg, int rc)
{
    struct batch *batch = arg;
    struct node *node = batch->node;
    node->office.applying = false;
    node_work_done(node, rc);
    if (rc != 0) {
        node_trouble(node, TROUBLE_STORE, rc, "office entries wait");
        loop_timer_set(node->office.retry, RETRY_MS);
        batch_free(batch);
        return;
    }
    node->office.applied = batch->to;
    sync_appended(node, &batch->urgent);
    for (size_t i = 0; i < batch->count; i++) {
        applied(node, &batch->changes[i]);
    }
    batch_free(batch);
    office_pump(node);
}

static int apply_next(struct node *node)
{
    struct store_txn *txn = NULL;
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) {
        return ERR_NOMEM;
    }
    batch->command = (struct store_command){.run = batch_run, .done = batch_done, .arg = batch};
    batch->node = node;
    batch->now_ms = host_wall_ms();
    batch->office = node->office.incarnation;
    int rc = store_read_begin(node->store, &txn, NULL);
    if (rc == 0) {
        rc = gather(node, batch, node->office.applied + 1, txn);
        store_read_end(txn);
        arena_reset(node->office.scratch);
    }
    if (rc == 0) {
        rc = node_submit(node, &batch->command);
    }
    if (rc != 0) {
        batch_free(batch);
    }
    return rc;
}

void office_pump(struct node *node)
{
    struct node_office *office = &node->office;
    if (!node->enrolled || node->stopping || office->applying ||
        office->applied >= node->sync.uplink.office.durable) {
        return;
    }
    int rc = apply_next(node);
    office->applying = rc == 0;
    if (rc != 0) {
        node_trouble(node, TROUBLE_OFFICE, rc, err_text(rc));
        loop_timer_set(office->retry, RETRY_MS);
    }
}

int office_hash(void *arg, const struct entry_id *id, struct hash *ret)
{
    struct node *node = arg;
    struct node_office *office = &node->office;
    struct office_span span;
    struct span_header header;
    struct bytes payload;
    struct span_entry *entries = NULL;
    struct store_txn *txn = NULL;
    int rc = store_read_begin(node->store, &txn, NULL);
    rc = rc == 0 ? office_find_span(txn, id, &span) : rc;
    rc = rc == 0 ? span_header_decode(span.frame, &header, &payload, NULL) : rc;
    rc = rc == 0 ? span_entries_decode(office->decoder, &header, payload, office->scratch, &entries,
                                       NULL)
                 : rc;
    if (rc == 0 && (id->seq < header.first || id->seq - header.first >= header.count)) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == 0) {
        span_hash(&header, entries, id->seq, ret);
    }
    arena_reset(office->scratch);
    store_read_end(txn);
    return rc;
}

/* ---- life ---- */

static void on_retry(void *arg)
{
    office_pump(arg);
}

int office_open(struct node *node, struct err_ctx *err)
{
    struct node_office *office = &node->office;
    office->retry = loop_timer_new(node->loop, on_retry, node);
    office->decoder = span_decoder_new();
    office->scratch = arena_new(SPAN_SCRATCH_BYTES_MAX);
    office->parse = arena_new(PARSE_BYTES);
    if (office->retry == NULL || office->decoder == NULL || office->scratch == NULL ||
        office->parse == NULL) {
        return err_set(err, ERR_NOMEM, "office log: out of memory");
    }
    return 0;
}

void office_close(struct node *node)
{
    struct node_office *office = &node->office;
    loop_timer_free(office->retry);
    span_decoder_free(office->decoder);
    arena_free(office->scratch);
    arena_free(office->parse);
}
