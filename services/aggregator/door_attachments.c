/* case attachment list, case attachment open: files that the reports of a case name.
 *
 *   here        the province has it, whole         pending     a node has it, it has not come yet
 *   never_sent  a report said its hash, and nobody handed the file in
 *
 * A file is opened only through a case that names it, and only after an entry that says who looks
 * at it and why. */
#include "aggregator/door_slices.h"
#include "aggregator/doors.h"

#include "core/base/plant.h"
#include "core/wire/report_json.h"

#define ROWS_MAX 1000u
#define PIECE_BYTES 32768u

/* Once for every piece of evidence of every report of a case; false: that is enough. */
typedef bool found_evidence(void *arg, const struct journal_entry *entry,
                            const struct evidence *evidence);

struct search {
    struct aggregator *aggregator;
    struct store_txn *views, *journal;
    struct journal_reader *reader;
    struct case_name name;
    found_evidence *found;
    void *arg;
};

/* Of a report, or of what it was amended to. */
static int decode(struct arena *arena, const struct journal_entry *entry, struct report *ret)
{
    struct amendment amendment;
    if (entry->kind != ENTRY_AMENDMENT) {
        return entry->kind == ENTRY_REPORT ? report_decode(entry->body, arena, ret, NULL)
                                           : ERR_NOT_FOUND;
    }
    int rc = amendment_decode(entry->body, arena, &amendment, NULL);
    if (rc == 0) {
        *ret = amendment.report;
    }
    return rc;
}

/* What is erased, or cannot be read, names nothing. */
static bool search_entry(const struct search *search, const struct entry_id *id)
{
    struct arena *arena = search->aggregator->arena;
    struct journal_entry entry;
    struct report report = {.evidence_count = 0};
    arena_reset(arena);
    if (journal_reader_find(search->reader, search->journal, id, &entry) != 0 || entry.erased ||
        decode(arena, &entry, &report) != 0) {
        return true;
    }
    bool more = true;
    for (size_t i = 0; more && i < report.evidence_count; i++) {
        more = search->found(search->arg, &entry, &report.evidence[i]);
    }
    return more;
}

/* The report as it was filed, and as its newest amendment has it. */
static bool search_report(const struct search *search, const struct entry_id *id)
{
    struct bytes value;
    struct report_view view;
    uint8_t key[INCARNATION_BYTES + 8];
    memcpy(key, id->incarnation.b, INCARNATION_BYTES);
    put_be64(key + INCARNATION_BYTES, id->seq);
    bool more = search_entry(search, id);
    bool amended = store_get(search->views, VIEW_REPORTS, bytes_of(key, sizeof key), &value) == 0 &&
                   report_view_decode(value, &view) == 0 && !entry_id_is_zero(&view.contents);
    return more && amended ? search_entry(search, &view.contents) : more;
}

static void search_case(const struct search *search)
{
    struct views driver;
    struct bytes prefix = bytes_of(search->name.b, CASE_NAME_BYTES);
    struct bytes after = {0};
    struct bytes key;
    struct bytes value;
    uint8_t last[CASE_NAME_BYTES + 12];
    struct case_report_view view;
    bool more = true;
    driver_views(search->views, &driver);
    while (more && driver.next(driver.arg, VIEW_CASE_REPORTS, prefix, after, &key, &value) == 0 &&
           key.len == sizeof last && case_report_view_decode(value, &view) == 0) {
        memcpy(last, key.data, sizeof last);
        after = bytes_of(last, sizeof last);
        more = search_report(search, &view.id);
    }
}

/* found() for all evidence of the case that args name. */
static int search_begin(struct aggregator *aggregator, const json_t *args, struct search *search,
                        struct err_ctx *err)
{
    search->aggregator = aggregator;
    search->reader = journal_reader_new();
    if (search->reader == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    int rc = store_read_begin(aggregator->views, &search->views, err);
    rc = rc != 0 ? rc : store_read_begin(aggregator->journal, &search->journal, err);
    rc = rc != 0 ? rc
                 : door_find_case(aggregator, search->views, door_text(args, "case"), &search->name,
                                  err);
    return rc;
}

static void search_end(struct search *search)
{
    journal_reader_free(search->reader);
    store_read_end(search->journal);
    store_read_end(search->views);
}

/* ---- case attachment list ---- */

struct listing {
    struct aggregator *aggregator;
    bool masked;  /* what a file was called may name somebody */
    json_t *rows; /* by hash */
};

static bool is_here(const struct aggregator *aggregator, const struct evidence *evidence)
{
    uint64_t size = 0;
    return objects_size(aggregator->objects, &evidence->sha256, &size, NULL) == 0;
}

static void put_text(json_t *row, const char *name, struct bytes text)
{
    if (text.len > 0) {
        (void)json_object_set_new(row, name, json_text(text));
    }
}

static json_t *row_of(struct listing *listing, const char *hex, const struct journal_entry *entry)
{
    json_t *row = json_object_get(listing->rows, hex);
    if (row == NULL) {
        row = json_pack("{s:s, s:n, s:n, s:n, s:s, s:I, s:s}", "sha256", hex, "name", "media_type",
                        "size", "state", "never_sent", "reports", (json_int_t)0, "filed_by",
                        entry->owner);
        (void)json_object_set_new(listing->rows, hex, row);
    }
    return row;
}

static bool list_one(void *arg, const struct journal_entry *entry, const struct evidence *evidence)
{
    struct listing *listing = arg;
    char hex[HEX_CAPACITY(HASH_BYTES)];
    (void)hex_encode(hex, evidence->sha256.b, HASH_BYTES);
    json_t *row = row_of(listing, hex, entry);
    json_int_t reports = json_integer_value(json_object_get(row, "reports"));
    (void)json_object_set_new(row, "reports", json_integer(reports + 1));
    put_text(row, "name",
             listing->masked && evidence->name.len > 0 ? bytes_of_text("***") : evidence->name);
    put_text(row, "media_type", evidence->media_type);
    if (evidence->has_size) {
        (void)json_object_set_new(row, "size", json_integer((json_int_t)evidence->size));
    }
    if (is_here(listing->aggregator, evidence)) {
        (void)json_object_set_new(row, "state", json_string("here"));
    } else if (evidence->block_list.len > 0) {
        (void)json_object_set_new(row, "state", json_string("pending"));
    }
    return json_object_size(listing->rows) < ROWS_MAX;
}

static void attachment_list(struct aggregator *aggregator, struct door_call *call,
                            const json_t *args)
{
    struct err_ctx err = {{0}};
    struct listing listing = {.aggregator = aggregator,
                              .masked = !json_is_true(json_object_get(args, "reveal")),
                              .rows = json_object()};
    struct search search = {.found = list_one, .arg = &listing};
    int rc = search_begin(aggregator, args, &search, &err);
    if (rc == 0) {
        search_case(&search);
    }
    search_end(&search);
    if (rc != 0) {
        door_refuse(call, rc, &err);
    } else {
        const char *hex = NULL;
        json_t *row = NULL;
        json_object_foreach(listing.rows, hex, row)
        {
            door_call_row(call, json_incref(row));
        }
        door_call_done(call,
                       json_pack("{s:b}", "more", json_object_size(listing.rows) == ROWS_MAX));
    }
    json_decref(listing.rows);
}

void door_attachment_list(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    if (!door_look_case(aggregator, call, args, "case attachment list", attachment_list)) {
        attachment_list(aggregator, call, args);
    }
}

/* ---- case attachment open ---- */

struct wanted {
    struct hash sha256;
    bool named, sent; /* sent: some report has the file behind it */
};

static bool is_wanted(void *arg, const struct journal_entry *entry, const struct evidence *evidence)
{
    struct wanted *wanted = arg;
    (void)entry;
    if (hash_equal(&evidence->sha256, &wanted->sha256)) {
        wanted->named = true;
        wanted->sent = wanted->sent || evidence->block_list.len > 0;
    }
    return !wanted->sent;
}

/* That the case names it and it is here; *ret_name: the case's. */
static int find(struct aggregator *aggregator, const json_t *args, struct hash *ret,
                struct case_name *ret_name, uint64_t *ret_size, struct err_ctx *err)
{
    struct wanted wanted = {.named = false};
    struct search search = {.found = is_wanted, .arg = &wanted};
    const char *hex = door_text(args, "hash");
    if (!hex_decode(wanted.sha256.b, HASH_BYTES, bytes_of_text(hex))) {
        return err_set(err, ERR_VALUE, "hash: 64 hex digits, as case attachment list shows them");
    }
    int rc = search_begin(aggregator, args, &search, err);
    if (rc == 0) {
        search_case(&search);
    }
    search_end(&search);
    if (rc == 0 && !wanted.named) {
        rc = err_set(err, ERR_NOT_FOUND, "no report of this case names that file");
    }
    if (rc == 0 && objects_size(aggregator->objects, &wanted.sha256, ret_size, err) != 0) {
        rc = wanted.sent
                 ? err_set(err, ERR_AGAIN, "pending: the file has not come yet, try again later")
                 : err_set(err, ERR_NOT_FOUND,
                           "never sent: only its hash was reported, and nobody handed it in");
    }
    if (rc == 0) {
        *ret = wanted.sha256;
        *ret_name = search.name;
    }
    return rc;
}

struct opening {
    struct slices slices; /* first */
    struct hash sha256;
    uint64_t at, size;
    struct err_ctx err;
};

static int open_step(struct slices *slices, bool *ret_more)
{
    static uint8_t piece[PIECE_BYTES]; /* loop thread only */
    struct opening *opening = (struct opening *)slices;
    uint64_t left = opening->size - opening->at;
    size_t len = left < sizeof piece ? (size_t)left : sizeof piece;
    int rc = objects_read(slices->aggregator->objects, &opening->sha256, opening->at, piece, len,
                          &opening->err);
    if (rc != 0) {
        return rc;
    }
    door_call_row(slices->call, json_pack("{s:o}", "data", door_hex_json(piece, len)));
    opening->at += len;
    *ret_more = opening->at < opening->size;
    return 0;
}

static void open_answer(struct slices *slices, int rc)
{
    struct opening *opening = (struct opening *)slices;
    if (rc != 0) {
        door_refuse(slices->call, rc, &opening->err);
        return;
    }
    door_call_done(slices->call, json_pack("{s:I}", "size", (json_int_t)opening->size));
}

static void open_free(struct slices *slices)
{
    free(slices);
}

/* The entry that says who looks is accepted. */
static void attachment_open(struct aggregator *aggregator, struct door_call *call,
                            const json_t *args)
{
    struct err_ctx err = {{0}};
    struct case_name name;
    struct opening *opening = calloc(1, sizeof *opening);
    if (opening == NULL) {
        door_refuse(call, err_set(&err, ERR_NOMEM, "out of memory"), &err);
        return;
    }
    int rc = find(aggregator, args, &opening->sha256, &name, &opening->size, &err);
    if (rc != 0) {
        free(opening);
        door_refuse(call, rc, &err);
        return;
    }
    opening->slices = (struct slices){.aggregator = aggregator,
                                      .call = call,
                                      .step = open_step,
                                      .answer = open_answer,
                                      .free = open_free};
    slices_begin(&opening->slices);
}

void door_attachment_open(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct hash sha256;
    struct door_looking looking = {.shown = attachment_open};
    char hex[HEX_CAPACITY(HASH_BYTES)];
    char name[CASE_TEXT_CAPACITY];
    struct case_name found;
    uint64_t size = 0;
    int rc = find(aggregator, args, &sha256, &found, &size, &err);
    if (rc != 0) {
        door_refuse(call, rc, &err);
        return;
    }
    if (PLANTED(FILE_UNSEEN)) {
        attachment_open(aggregator, call, args);
        return;
    }
    (void)snprintf(looking.scope, sizeof looking.scope, "case attachment open %s",
                   hex_encode(hex, sha256.b, HASH_BYTES));
    looking.case_name = bytes_of_text(case_name_text(&found, name));
    door_look_at(aggregator, call, args, &looking);
}
