/* node_bundle.c - what goes to the province by stick, and its answer. `kabar` reads and writes the
 * files; here are the spans and the manifest, and frames of an answer are taken in one by one. */
#include "node/node_bundle.h"
#include "core/base/assert.h"

struct bundle_wait {
    struct open_call open;
    struct store_command command;
    struct node *node;
    struct door_call *call; /* NULL: the client went away */
    struct carried carried;
};

static json_t *hex_json(const uint8_t *bytes, size_t len)
{
    char *text = malloc(HEX_CAPACITY(len));
    json_t *json = text == NULL ? NULL : json_string(hex_encode(text, bytes, len));
    free(text);
    return json;
}

/* malloc'ed; NULL: refused already. */
static uint8_t *hex_arg(struct door_call *call, const json_t *args, const char *name,
                        size_t bytes_max, size_t *ret_len)
{
    struct err_ctx err = {""};
    struct bytes text = bytes_of_text(node_arg(args, name));
    uint8_t *bytes = text.len == 0 || text.len / 2 > bytes_max ? NULL : malloc(text.len / 2 + 1);
    if (bytes == NULL || !hex_decode(bytes, text.len / 2, text)) {
        (void)err_set(&err, ERR_VALUE, "%s: no such hex", name);
        node_fail(call, ERR_VALUE, &err);
        free(bytes);
        return NULL;
    }
    *ret_len = text.len / 2;
    return bytes;
}

static bool enrolled(struct node *node, struct door_call *call)
{
    if (!node->enrolled || !node->sync.ready) {
        door_call_fail(call, ERR_AGAIN, EXIT_RETRY,
                       node->enrolled ? "this node's logs are being renewed: again in a moment"
                                      : "not enrolled yet: take the province's card first");
        return false;
    }
    return true;
}

/* ---- export ---- */

static json_t *log_json(const struct out_log *log, uint64_t from)
{
    uint64_t first = log->receipt + 1;
    first = from > 0 && from < first ? from : first;
    return json_pack("{s:o, s:s, s:I, s:I}", "log", hex_json(log->incarnation.b, INCARNATION_BYTES),
                     "lane", lane_name(log->lane), "first", (json_int_t)first, "last",
                     (json_int_t)log->last);
}

void bundle_begin_asked(struct node *node, struct door_call *call, const json_t *args)
{
    const struct uplink *uplink = &node->sync.uplink;
    uint8_t bytes[BUNDLE_MANIFEST_BYTES];
    uint8_t secret[32];
    if (!enrolled(node, call)) {
        return;
    }
    struct bundle_manifest manifest = {.enrolment = uplink->config.enrolment,
                                       .made_ms = host_wall_ms(),
                                       .aggregator = uplink->aggregator,
                                       .office = uplink->office.incarnation,
                                       .office_seq = uplink->office.durable,
                                       .office_h = uplink->office.durable_h};
    bundle_answer_pair(node->identity.sign_secret, &manifest.answer_to, secret);
    explicit_bzero(secret, sizeof secret);
    bundle_manifest_encode(BUNDLE_FROM_NODE, &manifest, node->identity.sign_secret, bytes);
    json_int_t from = json_integer_value(json_object_get(args, "from"));
    json_t *logs = json_array();
    for (size_t i = 0; i < uplink->sender.log_count; i++) {
        (void)json_array_append_new(
            logs, log_json(&uplink->sender.logs[i], from > 0 ? (uint64_t)from : 0));
    }
    door_call_done(call,
                   json_pack("{s:o, s:o, s:o}", "to", hex_json(node->ring.bundle_key.b, KEY_BYTES),
                             "manifest", hex_json(bytes, sizeof bytes), "logs", logs));
}

static int cut(struct node *node, const json_t *args, struct bytes *ret_frame, uint64_t *ret_last,
               struct err_ctx *err)
{
    struct outlog_cut cut = {.first = (uint64_t)json_integer_value(json_object_get(args, "first")),
                             .last_max =
                                 (uint64_t)json_integer_value(json_object_get(args, "last")),
                             .raw_bytes_max = BUNDLE_SPAN_RAW_BYTES,
                             .codec = SPAN_ZSTD,
                             .secret = node->identity.sign_secret};
    struct store_txn *txn = NULL;
    bool named =
        hex_decode(cut.incarnation.b, INCARNATION_BYTES, bytes_of_text(node_arg(args, "log"))) &&
        sender_log(&node->sync.uplink.sender, &cut.incarnation) != NULL;
    if (!named || cut.first == 0 || cut.last_max < cut.first) {
        return err_set(err, ERR_STALE, "this log went on under another name: export again");
    }
    node->sync.cut.there = false; /* it lies in this builder */
    int rc = store_read_begin(node->store, &txn, err);
    rc = rc != 0
             ? rc
             : outlog_cut(txn, &node->tables, &cut, node->sync.builder, ret_frame, ret_last, err);
    store_read_end(txn);
    return rc;
}

void bundle_cut_asked(struct node *node, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {""};
    struct bytes frame = {NULL, 0};
    uint64_t last = 0;
    if (!enrolled(node, call)) {
        return;
    }
    int rc = cut(node, args, &frame, &last, &err);
    if (rc != 0) {
        node_fail(call, rc, &err);
        return;
    }
    door_call_done(call, json_pack("{s:o, s:I}", "frame", hex_json(frame.data, frame.len), "last",
                                   (json_int_t)last));
}

/* ---- an answer ---- */

/* Whoever may read this node's documents at its door may read their answers. */
void bundle_key_asked(struct node *node, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {""};
    struct key pair;
    uint8_t secret[32];
    uint8_t key[32];
    size_t len = 0;
    uint8_t *sealed = hex_arg(call, args, "sealed", BUNDLE_SEALED_KEY_BYTES, &len);
    if (sealed == NULL) {
        return;
    }
    bundle_answer_pair(node->identity.sign_secret, &pair, secret);
    int rc = bundle_key_open(bytes_of(sealed, len), &pair, secret, key, &err);
    if (rc != 0) {
        node_fail(call, rc, &err);
    } else {
        door_call_done(call, json_pack("{s:o}", "key", hex_json(key, sizeof key)));
    }
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(key, sizeof key);
    free(sealed);
}

static json_t *carried_json(const struct carried *carried)
{
    const char *text = carried->text.len > 0 ? (const char *)carried->text.data
                       : carried->error != 0 ? err_text(carried->error)
                                             : "";
    char log[HEX_CAPACITY(INCARNATION_BYTES)];
    bool gap = carried->outcome == CARRIED_GAP;
    (void)hex_encode(log, carried->have.incarnation.b, INCARNATION_BYTES);
    return json_pack("{s:s, s:I, s:I, s:o, s:o, s:s}", "outcome", carried_name(carried->outcome),
                     "new", (json_int_t)carried->fresh, "known", (json_int_t)carried->known, "log",
                     gap ? json_string(log) : json_null(), "needs",
                     gap ? json_integer((json_int_t)carried->have.seq + 1) : json_null(), "text",
                     text);
}

/* The province's, and to this enrolment. */
static int check_manifest(const struct node *node, struct bytes bytes, struct err_ctx *err)
{
    struct bundle_manifest manifest;
    int rc = bundle_manifest_decode(bytes, &manifest, err);
    if (rc == 0 &&
        (!bundle_manifest_verify(BUNDLE_ANSWER, bytes, &node->sync.uplink.office.signer) ||
         manifest.enrolment != node->sync.uplink.config.enrolment)) {
        rc = err_set(err, ERR_SIGNATURE,
                     "not an answer of this node's province to this enrolment, or altered");
    }
    return rc;
}

static int wait_run(struct store_txn *txn, void *arg)
{
    (void)txn;
    (void)arg;
    return 0;
}

/* The store takes commands in order: what the frame became is known when this one is done. */
static void wait_done(void *arg, int rc)
{
    struct bundle_wait *wait = arg;
    struct node *node = wait->node;
    const struct span_store *store = &wait->carried.store;
    const struct receiver *office = &node->sync.uplink.office;
    bool span = !incarnation_is_zero(&store->incarnation);
    bool durable = incarnation_equal(&office->incarnation, &store->incarnation) &&
                   office->durable >= store->last;
    node_work_done(node, rc);
    if (rc != 0 || (span && !durable)) {
        carried_refuse(&wait->carried, CARRIED_LATER, rc != 0 ? rc : ERR_FULL, NULL);
    }
    if (wait->call != NULL) {
        door_call_set_data(wait->call, NULL);
        door_call_done(wait->call, carried_json(&wait->carried));
    }
    free(wait);
}

void bundle_gone(struct door_call *call)
{
    struct bundle_wait *wait = door_call_data(call);
    wait->call = NULL;
}

static void answer(struct node *node, struct door_call *call, struct carried *carried)
{
    struct bundle_wait *wait = carried->outcome == CARRIED_NEW ? calloc(1, sizeof *wait) : NULL;
    int rc = carried->outcome == CARRIED_NEW ? ERR_NOMEM : 0;
    if (wait != NULL) {
        wait->open.kind = OPEN_BUNDLE;
        wait->command = (struct store_command){.run = wait_run, .done = wait_done, .arg = wait};
        wait->node = node;
        wait->call = call;
        wait->carried = *carried;
        rc = node_submit(node, &wait->command);
    }
    if (wait != NULL && rc == 0) {
        door_call_set_data(call, wait);
        return;
    }
    free(wait);
    if (rc != 0) { /* it may be there all the same: said again, it is known */
        carried_refuse(carried, CARRIED_LATER, rc, NULL);
    }
    door_call_done(call, carried_json(carried));
}

void bundle_accept(struct node *node, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {""};
    struct carried carried;
    size_t manifest_len = 0;
    size_t frame_len = 0;
    uint8_t *frame = NULL;
    if (!enrolled(node, call)) {
        return;
    }
    uint8_t *manifest = hex_arg(call, args, "manifest", BUNDLE_MANIFEST_BYTES, &manifest_len);
    int rc =
        manifest == NULL ? ERR_VALUE : check_manifest(node, bytes_of(manifest, manifest_len), &err);
    if (manifest != NULL && rc != 0) {
        node_fail(call, rc, &err);
    } else if (rc == 0) {
        frame = hex_arg(call, args, "frame", BUNDLE_FRAME_BYTES_MAX, &frame_len);
    }
    if (frame != NULL) {
        sync_carry(node, bytes_of(frame, frame_len), &carried);
        answer(node, call, &carried);
    }
    free(manifest);
    free(frame);
}

void bundle_answer_read(struct node *node, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {""};
    enum bundle_outcome outcome;
    if (!bundle_outcome_named(node_arg(args, "outcome"), &outcome)) {
        (void)err_set(&err, ERR_VALUE, "outcome: no such one");
        node_fail(call, ERR_VALUE, &err);
        return;
    }
    node->counters.bundles[outcome]++;
    LOG(outcome <= BUNDLE_KNOWN ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "bundle_read",
        log_text("outcome", bundle_outcome_name(outcome)),
        log_text("digest", node_arg(args, "digest")),
        log_u64("new", (uint64_t)json_integer_value(json_object_get(args, "new"))),
        log_u64("known", (uint64_t)json_integer_value(json_object_get(args, "known"))),
        log_text("by", door_call_user(call)));
    door_call_done(call, json_object());
}

json_t *bundles_json(const struct node *node)
{
    json_t *counts = json_object();
    for (int i = 0; i < BUNDLE_OUTCOMES; i++) {
        (void)json_object_set_new(counts, bundle_outcome_name((enum bundle_outcome)i),
                                  json_integer((json_int_t)node->counters.bundles[i]));
    }
    return counts;
}
