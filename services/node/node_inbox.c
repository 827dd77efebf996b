/* node_inbox.c - the province's documents: listed, shown, acknowledged, answered, executed.
 *
 * Who looked, acknowledged and executed are rungs, what was answered an answer: entries in the
 * urgent log, synced before the reply, one for each document and person. What expired or was
 * replaced may be looked at and nothing more (SPEC 12, D2 and D8).
 * A name typed here is a stated name; nothing calls it a signature.
 */
#include "node/node_inbox.h"
#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/rules/trust.h"
#include "core/seal/chain.h"
#include "core/wire/report_json.h"

/* ---- rungs ---- */

struct rung_command {
    struct open_call open;
    struct store_command command;
    struct node *node;
    struct door_call *call; /* NULL: the client went away */
    char id[NAME_BYTES_MAX + 1];
    enum rung_kind kind;
    bool answers;        /* an answer: takes note of a question as well */
    const char *refused; /* left by the writer: which rule */
    int64_t now_ms;
    struct entry_id last; /* left by the writer: what was appended; seq 0: nothing */
    bool already;         /* left by the writer: this person had done so before */
    size_t len;
    uint8_t person[INBOX_PERSON_BYTES];
    uint8_t body[ENTRY_BYTES_MAX];
};

static bool has_person(const struct inbox_item *item, const uint8_t person[INBOX_PERSON_BYTES])
{
    for (size_t at = 0; at < item->people.len; at += INBOX_PERSON_BYTES) {
        if (memcmp(item->people.data + at, person, INBOX_PERSON_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static void mark(struct store_txn *txn, const struct rung_command *rung, struct inbox_item *item)
{
    uint8_t people[INBOX_PEOPLE_MAX * INBOX_PERSON_BYTES];
    struct writer writer;
    writer_init(&writer, people, sizeof people);
    writer_bytes(&writer, item->people);
    writer_bytes(&writer, bytes_of(rung->person, INBOX_PERSON_BYTES));
    item->people = bytes_of(people, writer.len);
    if (rung->kind == RUNG_KIND_EXECUTED) {
        item->state = INBOX_EXECUTED;
    } else if (rung->kind == RUNG_KIND_ACKNOWLEDGED && item->state != INBOX_EXECUTED) {
        item->state = INBOX_ACKNOWLEDGED;
    } else if (item->state == INBOX_VERIFIED) {
        item->state = INBOX_SHOWN;
    }
    inbox_put(txn, bytes_of_text(rung->id), item);
}

/* What keeps this person from saying so, NULL: nothing. What a document can never be was asked
 * before (check_document). */
static const char *rung_forbidden(const struct rung_command *rung, const struct inbox_item *item)
{
    if (item->state == INBOX_REJECTED || item->state == INBOX_STORED) {
        return "this document was rejected: it cannot be acknowledged";
    }
    if (item->state == INBOX_REPLACED && !PLANTED(REPLACED_ACKNOWLEDGED)) {
        return "D8: this document is replaced by another one: see inbox show";
    }
    bool noted = item->state == INBOX_ACKNOWLEDGED || item->state == INBOX_EXECUTED;
    return rung->kind == RUNG_KIND_EXECUTED && !noted ? "D7: this document is not acknowledged yet"
                                                      : NULL;
}

static int rung_run(struct store_txn *txn, void *arg)
{
    struct rung_command *rung = arg;
    struct bytes id = bytes_of_text(rung->id);
    struct inbox_item item;
    struct outlog urgent;
    bool shown = rung->kind == RUNG_KIND_SHOWN;
    rung->last.seq = 0;
    rung->already = false;
    int rc = inbox_load(txn, id, &item);
    if (rc == 0) {
        rc = node_log_load(txn, LANE_URGENT, &urgent);
    }
    if (rc != 0) {
        return rc;
    }
    rung->refused = rung_forbidden(rung, &item);
    if (rung->refused != NULL && (!shown || item.state != INBOX_REPLACED)) {
        return shown ? 0 : ERR_STATE;
    }
    rung->already = has_person(&item, rung->person);
    if (rung->already) {
        return 0;
    }
    if (item.people.len >= (shown ? INBOX_SHOWN_MAX : INBOX_PEOPLE_MAX) * INBOX_PERSON_BYTES) {
        return shown ? 0 : ERR_LIMIT;
    }
    mark(txn, rung, &item);
    outlog_append(txn, &node_log_tables, &urgent, rung->answers ? ENTRY_ANSWER : ENTRY_RUNG,
                  bytes_of(rung->body, rung->len), rung->now_ms);
    rung->last = (struct entry_id){urgent.incarnation, urgent.last};
    return 0;
}

static void rung_answer(struct rung_command *rung)
{
    struct node *node = rung->node;
    struct store_txn *txn = NULL;
    struct inbox_item item;
    struct err_ctx err = {""};
    struct bytes id = bytes_of_text(rung->id);
    int rc = store_read_begin(node->store, &txn, &err);
    if (rc == 0) {
        rc = inbox_load(txn, id, &item);
    }
    if (rc != 0) {
        node_fail(rung->call, rc, &err);
    } else if (rung->kind == RUNG_KIND_SHOWN) {
        door_call_done(rung->call, inbox_show_json(node, id, &item));
    } else {
        json_t *row = inbox_row_json(id, &item, node->arena);
        if (rung->already) {
            (void)json_object_set_new(row, "already", json_true());
        }
        door_call_done(rung->call, row);
    }
    store_read_end(txn);
}

static void rung_done(void *arg, int rc)
{
    struct rung_command *rung = arg;
    struct node *node = rung->node;
    node_work_done(node, rc);
    if (rc == ERR_FULL) {
        node_store_room(node, rc);
    }
    if (rc == 0 && rung->last.seq != 0) {
        sync_appended(node, &rung->last);
    }
    if (rung->call != NULL && rc == 0) {
        rung_answer(rung);
    } else if (rung->call != NULL) {
        struct err_ctx err = {""};
        err_set(&err, rc, "%s",
                rc == ERR_NOT_FOUND ? "no such document here"
                : rc == ERR_STATE   ? rung->refused
                : rc == ERR_LIMIT   ? "too many people acknowledged or answered this document"
                                    : node_store_text(rc));
        node_fail(rung->call, rc, &err);
    }
    free(rung);
}

void inbox_gone(struct node *node, struct door_call *call)
{
    struct rung_command *rung = door_call_data(call);
    (void)node;
    rung->call = NULL;
}

/* Who it is, and of an answer what: to know a repetition by. */
static void rung_person(struct rung_command *rung, struct bytes name, struct bytes text)
{
    struct hash person;
    struct writer writer;
    const char *purpose = rung->answers                          ? "kabar.answer.v1"
                          : rung->kind == RUNG_KIND_SHOWN        ? "kabar.person.v1"
                          : rung->kind == RUNG_KIND_ACKNOWLEDGED ? "kabar.acked.v1"
                                                                 : "kabar.done.v1";
    writer_init(&writer, rung->body, sizeof rung->body);
    writer_bytes(&writer, name);
    if (rung->answers) {
        writer_u8(&writer, 0);
        writer_bytes(&writer, text);
    }
    seal_hash(purpose, bytes_of(rung->body, writer.len), &person);
    memcpy(rung->person, person.b, INBOX_PERSON_BYTES);
}

static int body_fill(struct rung_command *rung, struct bytes name, struct bytes note,
                     struct err_ctx *err)
{
    struct bytes id = bytes_of_text(rung->id);
    struct answer answer = {
        .document = id, .text = note, .stated_name = name, .at_ms = rung->now_ms};
    struct rung body = {
        .document = id, .rung = rung->kind, .person = name, .at_ms = rung->now_ms, .note = note};
    host_random(body.salt, sizeof body.salt);
    memcpy(answer.salt, body.salt, sizeof answer.salt);
    return rung->answers ? answer_encode(&answer, rung->body, sizeof rung->body, &rung->len, err)
                         : rung_encode(&body, rung->body, sizeof rung->body, &rung->len, err);
}

/* The entry's body and who it is about; what is wrong with the request in err. */
static int rung_fill(struct rung_command *rung, const json_t *args, struct err_ctx *err)
{
    struct bytes id = bytes_of_text(node_arg(args, "id"));
    struct bytes name = bytes_of_text(node_arg(args, "name"));
    struct bytes note = bytes_of_text(node_arg(args, rung->answers ? "text" : "note"));
    if (id.len == 0 || id.len >= sizeof rung->id) {
        return err_set(err, ERR_NOT_FOUND, "no such document here");
    }
    if (text_blank(name)) {
        return err_set(err, ERR_VALUE, "name: who looks or acknowledges");
    }
    if (rung->answers && text_blank(note)) {
        return err_set(err, ERR_VALUE, "text: what is answered");
    }
    memcpy(rung->id, id.data, id.len);
    rung_person(rung, name, note);
    return body_fill(rung, name, note, err);
}

/* What this document can never be, or is no more. One that is not there or was rejected is for the
 * writer to see. */
static int check_document(struct node *node, const struct rung_command *rung, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct inbox_item item;
    struct signed_document signed_document;
    struct document document;
    int rc = store_read_begin(node->store, &txn, err);
    if (rc != 0 || rung->kind == RUNG_KIND_SHOWN) {
        store_read_end(txn);
        return rc;
    }
    bool there = inbox_load(txn, bytes_of_text(rung->id), &item) == 0 &&
                 item.state != INBOX_REJECTED &&
                 inbox_document(&item, node->arena, &signed_document, &document);
    store_read_end(txn);
    if (there && inbox_expired(&document, rung->now_ms) && !PLANTED(EXPIRED_ACKNOWLEDGED)) {
        rc = err_set(err, ERR_STATE, "D2: this document has expired");
    } else if (there && rung->answers && document.type != DOCUMENT_TYPE_QUESTION) {
        rc = err_set(err, ERR_STATE, "D9: this document is no question");
    } else if (there && rung->kind == RUNG_KIND_EXECUTED &&
               document.type != DOCUMENT_TYPE_DECISION) {
        rc = err_set(err, ERR_STATE, "D7: only a decision is executed");
    }
    return rc;
}

static void rung_begin(struct node *node, struct door_call *call, const json_t *args,
                       enum rung_kind kind, bool answers)
{
    struct err_ctx err = {""};
    if (!node->enrolled) {
        door_call_fail(call, ERR_NOT_FOUND, EXIT_DATA, "not enrolled yet: there are no documents");
        return;
    }
    struct rung_command *rung = calloc(1, sizeof *rung);
    if (rung == NULL) {
        node_fail(call, ERR_NOMEM, NULL);
        return;
    }
    /* Not droppable: what is taken when the store is full comes out of the reserve. */
    rung->command = (struct store_command){.run = rung_run, .done = rung_done, .arg = rung};
    rung->node = node;
    rung->call = call;
    rung->kind = kind;
    rung->answers = answers;
    rung->now_ms = host_wall_ms();
    int rc = rung_fill(rung, args, &err);
    if (rc == 0) {
        rc = check_document(node, rung, &err);
    }
    if (rc == 0) {
        rc = node_submit(node, &rung->command);
    }
    if (rc != 0) {
        node_fail(call, rc, &err);
        free(rung);
        return;
    }
    door_call_set_data(call, rung);
}

void inbox_show(struct node *node, struct door_call *call, const json_t *args)
{
    rung_begin(node, call, args, RUNG_KIND_SHOWN, false);
}

void inbox_acknowledge(struct node *node, struct door_call *call, const json_t *args)
{
    rung_begin(node, call, args, RUNG_KIND_ACKNOWLEDGED, false);
}

void inbox_executed(struct node *node, struct door_call *call, const json_t *args)
{
    rung_begin(node, call, args, RUNG_KIND_EXECUTED, false);
}

void inbox_answer(struct node *node, struct door_call *call, const json_t *args)
{
    rung_begin(node, call, args, RUNG_KIND_ACKNOWLEDGED, true);
}
