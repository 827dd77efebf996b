#include "node/node_files.h"

#include <sodium.h>

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/seal/object_blocks.h"
#include "node/node_line_in.h"

#define PIECE_BYTES (LINE_BYTES_MAX / 2) /* of a file, in a line of hex */

struct files_call {
    struct open_call open;
    struct node *node;
    struct files_call *next, **at; /* in node->files */
    struct door_call *call;        /* NULL: the client went away, or was answered */
    struct files_wanted wanted;
    size_t kept;                /* of them: the one at this index is being taken */
    struct object_draft *draft; /* NULL: no bytes are expected */
    uint64_t done;
    crypto_hash_sha256_state sha256;
    uint8_t list[OBJECT_BLOCKS_MAX * HASH_BYTES];
    uint8_t block[OBJECT_BLOCK_BYTES]; /* not hashed yet: the first done % OBJECT_BLOCK_BYTES */
    /* Writing it out. */
    pthread_t thread;
    struct loop_wake *wake;
    bool works; /* the thread, or the store's writer after it */
    int rc;     /* left by the thread */
    struct err_ctx err;
    struct store_command command;
    struct file_note note;
};

/* ---- what a report names ---- */

static int find(struct node *node, const struct evidence *evidence, struct file_note *ret)
{
    struct store_txn *txn = NULL;
    uint64_t size = 0;
    int rc = store_read_begin(node->store, &txn, NULL);
    rc = rc != 0 ? rc : file_load(txn, &evidence->sha256, ret);
    store_read_end(txn);
    rc = rc != 0 ? rc : objects_size(node->objects, &evidence->sha256, &size, NULL);
    return rc == 0 && (size != ret->size || size != evidence->size) ? ERR_NOT_FOUND : rc;
}

static int refuse(struct field_error *ret, int code, size_t index, const char *field,
                  const char *reason)
{
    (void)snprintf(ret->field, sizeof ret->field, "evidence[%zu].%s", index, field);
    (void)snprintf(ret->reason, sizeof ret->reason, "%s", reason);
    return code;
}

static int name_one(struct node *node, struct evidence *evidence, size_t index, struct arena *arena,
                    struct files_wanted *wanted, struct field_error *ret)
{
    struct file_note note = {0};
    if (!evidence->has_size || evidence->size == 0) {
        return refuse(ret, ERR_VALUE, index, "size", "is missing, or the file is empty");
    }
    int rc = PLANTED(FILE_UNKEPT) ? 0 : find(node, evidence, &note);
    if (rc == ERR_NOT_FOUND && wanted != NULL) {
        wanted->list[wanted->count++] = (struct file_want){evidence->sha256, evidence->size};
        return 0;
    }
    if (rc == ERR_NOT_FOUND) {
        return refuse(ret, rc, index, "path",
                      "the file is not at the node, only its name: hand the report in with "
                      "kabar report submit, on a machine that has the file");
    }
    if (rc != 0) {
        return refuse(ret, rc, index, "path", "the node's folder of files cannot be read");
    }
    evidence->block_list = arena_copy(arena, bytes_of(note.list.b, HASH_BYTES));
    return evidence->block_list.data != NULL
               ? 0
               : refuse(ret, ERR_LIMIT, index, "path", "the line holds too much, split it");
}

int files_name(struct node *node, struct report *report, struct arena *arena,
               struct files_wanted *wanted, struct field_error *ret)
{
    ASSERT(report->evidence_count <= EVIDENCE_MAX);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < report->evidence_count; i++) {
        if (report->evidence[i].has_path) {
            rc = name_one(node, &report->evidence[i], i, arena, wanted, ret);
        }
    }
    return rc;
}

/* ---- the call ---- */

static void call_free(struct files_call *files)
{
    *files->at = files->next;
    if (files->next != NULL) {
        files->next->at = files->at;
    }
    loop_wake_free(files->wake);
    objects_leave(files->draft);
    free(files);
}

static void fail(struct files_call *files, int code, const struct err_ctx *err)
{
    struct door_call *call = files->call;
    files->call = NULL;
    if (call != NULL) {
        node_fail(call, code, err);
    }
    call_free(files);
}

static void finish(struct files_call *files)
{
    struct door_call *call = files->call;
    files->call = NULL;
    if (call != NULL) {
        door_call_done(call, json_pack("{s:I}", "files", (json_int_t)files->kept));
    }
    call_free(files);
}

/* Asks for the next file, or ends the call. */
static void go_on(struct files_call *files)
{
    struct err_ctx err = {""};
    char hex[HEX_CAPACITY(HASH_BYTES)];
    if (files->call == NULL || files->kept == files->wanted.count) {
        finish(files);
        return;
    }
    const struct file_want *want = &files->wanted.list[files->kept];
    int rc = objects_begin(files->node->objects, NULL, want->size, &files->draft, &err);
    if (rc != 0) {
        fail(files, rc, &err);
        return;
    }
    files->done = 0;
    (void)crypto_hash_sha256_init(&files->sha256);
    door_call_row(files->call,
                  json_pack("{s:s}", "want", hex_encode(hex, want->sha256.b, HASH_BYTES)));
}

/* ---- written out, noted ---- */

static int note_run(struct store_txn *txn, void *arg)
{
    const struct files_call *files = arg;
    const struct object_ref ref = {.size = files->note.size};
    file_put(txn, &files->wanted.list[files->kept].sha256, &files->note,
             bytes_of(files->list, object_list_bytes(&ref)));
    return 0;
}

static void note_done(void *arg, int rc)
{
    struct files_call *files = arg;
    struct err_ctx err = {""};
    node_work_done(files->node, rc);
    files->works = false;
    if (rc != 0) {
        node_store_room(files->node, rc);
        (void)err_set(&err, rc, "%s", node_store_text(rc));
        fail(files, rc, &err);
        return;
    }
    files->kept++;
    go_on(files);
}

static void *write_out(void *arg)
{
    struct files_call *files = arg;
    struct hash found;
    files->rc = objects_finish(files->draft, &found, &files->err);
    loop_wake_send(files->wake);
    return NULL;
}

static void join(struct files_call *files)
{
    ASSERT(pthread_join(files->thread, NULL) == 0);
    loop_wake_free(files->wake);
    files->wake = NULL;
    objects_leave(files->draft);
    files->draft = NULL;
    files->works = false;
}

/* The thread has sent its wake, as its last act. */
static void on_written(void *arg)
{
    struct files_call *files = arg;
    join(files);
    if (files->rc != 0 && files->rc != ERR_EXISTS) { /* it is: handed over before, or meanwhile */
        fail(files, files->rc, &files->err);
        return;
    }
    struct err_ctx err = {""};
    files->command =
        (struct store_command){.run = note_run, .done = note_done, .arg = files, .droppable = true};
    int rc = node_submit(files->node, &files->command);
    files->works = rc == 0;
    if (rc != 0) {
        fail(files, err_set(&err, rc, "%s", node_store_text(rc)), &err);
    }
}

static void start_writing(struct files_call *files)
{
    struct err_ctx err = {""};
    files->wake = loop_wake_new(files->node->loop, on_written, files);
    files->works = files->wake != NULL && host_thread_start(&files->thread, write_out, files) == 0;
    if (!files->works) {
        fail(files, err_set(&err, ERR_NOMEM, "out of memory"), &err);
    }
}

/* ---- bytes ---- */

static void hash_blocks(struct files_call *files, struct bytes bytes)
{
    const struct file_want *want = &files->wanted.list[files->kept];
    (void)crypto_hash_sha256_update(&files->sha256, bytes.data, bytes.len);
    while (bytes.len > 0) {
        size_t filled = files->done % OBJECT_BLOCK_BYTES;
        size_t room = OBJECT_BLOCK_BYTES - filled;
        size_t len = bytes.len < room ? bytes.len : room;
        memcpy(files->block + filled, bytes.data, len);
        bytes = bytes_of(bytes.data + len, bytes.len - len);
        size_t index = files->done / OBJECT_BLOCK_BYTES;
        files->done += len;
        if (len == room || files->done == want->size) {
            struct hash hash;
            object_block_hash(bytes_of(files->block, filled + len), &hash);
            memcpy(files->list + index * HASH_BYTES, hash.b, HASH_BYTES);
        }
    }
}

/* All bytes are there: are they what was said? */
static void complete(struct files_call *files)
{
    const struct file_want *want = &files->wanted.list[files->kept];
    const struct object_ref ref = {.size = want->size};
    struct err_ctx err = {""};
    struct hash found;
    (void)crypto_hash_sha256_final(&files->sha256, found.b);
    if (!hash_equal(&found, &want->sha256)) {
        fail(files, err_set(&err, ERR_CHAIN, "the file is not the one that was announced"), &err);
        return;
    }
    files->note.size = want->size;
    object_list_hash(bytes_of(files->list, object_list_bytes(&ref)), &files->note.list);
    start_writing(files);
}

static void take_bytes(struct files_call *files, struct bytes text, bool oversized)
{
    static uint8_t piece[PIECE_BYTES]; /* loop thread only */
    struct err_ctx err = {""};
    size_t len = text.len / 2;
    if (files->draft == NULL || files->works) {
        fail(files, err_set(&err, ERR_USAGE, "no bytes of a file are wanted now"), &err);
        return;
    }
    uint64_t left = files->wanted.list[files->kept].size - files->done;
    if (oversized || len == 0 || len > sizeof piece || len > left ||
        !hex_decode(piece, len, text)) {
        fail(files, err_set(&err, ERR_FORMAT, "the rest of the file in hex is wanted"), &err);
        return;
    }
    int rc = objects_write(files->draft, files->done, bytes_of(piece, len), &err);
    if (rc != 0) {
        fail(files, rc, &err);
        return;
    }
    hash_blocks(files, bytes_of(piece, len));
    if (len == left) {
        complete(files);
    }
}

/* ---- the door ---- */

void report_files(struct node *node, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {""};
    struct files_call *files = calloc(1, sizeof *files);
    (void)args;
    if (files == NULL) {
        node_fail(call, err_set(&err, ERR_NOMEM, "out of memory"), &err);
        return;
    }
    files->open.kind = OPEN_FILES;
    files->node = node;
    files->call = call;
    files->next = node->files;
    files->at = &node->files;
    if (files->next != NULL) {
        files->next->at = &files->next;
    }
    node->files = files;
    door_call_set_data(call, files);
}

void report_files_line(struct node *node, struct door_call *call, uint64_t number,
                       struct bytes text, bool oversized)
{
    struct files_call *files = door_call_data(call);
    if (number > 1) {
        take_bytes(files, text, oversized);
        return;
    }
    struct err_ctx err = {""};
    struct line *line = line_of_text(node, text, oversized, door_call_user(call), &files->wanted);
    if (line == NULL) {
        fail(files, err_set(&err, ERR_NOMEM, "out of memory"), &err);
        return;
    }
    if (line_refused_already(node, line)) {
        files->wanted.count = 0;
    }
    free(line);
    go_on(files);
}

void report_files_end(struct door_call *call)
{
    struct err_ctx err = {""};
    struct files_call *files = door_call_data(call);
    if (!files->works) { /* else it ends when it is noted */
        fail(files, err_set(&err, ERR_USAGE, "the file is not all there"), &err);
    }
}

void report_files_gone(struct door_call *call)
{
    struct files_call *files = door_call_data(call);
    files->call = NULL;
    if (!files->works) {
        call_free(files);
    }
}

void files_stop(struct node *node)
{
    struct files_call *next = NULL;
    for (struct files_call *files = node->files; files != NULL; files = next) {
        next = files->next;
        if (files->wake != NULL) { /* the others are in the store's hands */
            join(files);
            call_free(files);
        }
    }
}

int files_open(struct node *node, struct err_ctx *err)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/objects", node->conf->store);
    if (len < 0 || (size_t)len >= sizeof path) {
        return err_set(err, ERR_LIMIT, "path too long: %.64s", node->conf->store);
    }
    return objects_open(path, node->conf->objects_mib << 20, &node->objects, err);
}
