/* bundle take, bundle answer, bundle office, bundle read: what comes from a node by stick, and the
 * answer to it. `kabar` reads and writes the files: the bundle key is not on the aggregator. A
 * frame is a request, so that nobody waits for a whole file, and is answered once it is durable. */
#include "aggregator/doors.h"

#include "core/wire/control.h"

struct bundle_wait {
    struct bundle_wait *next;
    struct store_command command;
    struct aggregator *aggregator;
    struct door_call *call; /* NULL: the client went away */
    uint64_t enrolment;
    struct carried carried;
};

/* ---- who ---- */

static const char other_province_text[] =
    "no node has this enrolment here: a bundle for another province, or of an enrolment that this "
    "one lost";
static const char shut_out_text[] =
    "its enrolment was revoked: nothing of it is taken or kept here. Keep the file; what is in it "
    "can be handed in again by a node that is admitted";

/* Whose manifest it is, and that it made it. */
static int bundle_peer(struct aggregator *aggregator, struct bytes bytes,
                       struct bundle_manifest *ret, struct peer **ret_peer, struct err_ctx *err)
{
    int rc = bundle_manifest_decode(bytes, ret, err);
    struct peer *peer = rc == 0 ? net_peer(aggregator, ret->enrolment) : NULL;
    if (rc == 0 && peer == NULL) {
        rc = err_set(err, ERR_NOT_FOUND, "%s", other_province_text);
    } else if (rc == 0 && !bundle_manifest_verify(BUNDLE_FROM_NODE, bytes, &peer->signing_key)) {
        rc = err_set(err, ERR_SIGNATURE,
                     "not signed by the node that it names (%s, enrolment %llu): a bundle for "
                     "another province, or altered",
                     peer->regency, (unsigned long long)ret->enrolment);
    } else if (rc == 0 && !peer->active) {
        rc = err_set(err, ERR_KEY, "%s", shut_out_text);
    }
    *ret_peer = peer;
    return rc;
}

/* The peer of a request, its other hex argument, or a refusal. */
static struct peer *request_peer(struct aggregator *aggregator, struct door_call *call,
                                 const json_t *args, struct bundle_manifest *ret)
{
    struct err_ctx err = {{0}};
    struct peer *peer = NULL;
    size_t len = 0;
    uint8_t *manifest = door_hex(call, args, "manifest", BUNDLE_MANIFEST_BYTES, &len);
    if (manifest == NULL) {
        return NULL;
    }
    int rc = bundle_peer(aggregator, bytes_of(manifest, len), ret, &peer, &err);
    free(manifest);
    if (rc != 0) {
        door_refuse(call, rc, &err);
        return NULL;
    }
    return peer;
}

/* ---- a frame of it ---- */

static json_t *carried_json(const struct carried *carried)
{
    char log[HEX_CAPACITY(INCARNATION_BYTES)];
    const char *text = carried->text.len > 0 ? (const char *)carried->text.data
                       : carried->error != 0 ? err_text(carried->error)
                                             : "";
    bool gap = carried->outcome == CARRIED_GAP;
    (void)hex_encode(log, carried->have.incarnation.b, INCARNATION_BYTES);
    return json_pack("{s:s, s:I, s:I, s:o, s:o, s:s}", "outcome", carried_name(carried->outcome),
                     "new", (json_int_t)carried->fresh, "known", (json_int_t)carried->known, "log",
                     gap ? json_string(log) : json_null(), "needs",
                     gap ? json_integer((json_int_t)carried->have.seq + 1) : json_null(), "text",
                     text);
}

static int wait_run(struct store_txn *txn, void *arg)
{
    (void)txn;
    (void)arg;
    return 0;
}

/* The store takes commands in order: what the frame became is known when this one is done. */
static bool is_durable(const struct bundle_wait *wait)
{
    const struct peer *peer = net_peer(wait->aggregator, wait->enrolment);
    const struct span_store *store = &wait->carried.store;
    for (size_t i = 0; peer != NULL && i < peer->intake.log_count; i++) {
        const struct receiver *receiver = &peer->intake.logs[i].receiver;
        if (incarnation_equal(&receiver->incarnation, &store->incarnation)) {
            return receiver->durable >= store->last;
        }
    }
    return false;
}

static void wait_forget(struct bundle_wait *wait)
{
    struct bundle_wait **at = &wait->aggregator->bundle_waits;
    while (*at != wait) {
        at = &(*at)->next;
    }
    *at = wait->next;
}

static void wait_done(void *arg, int rc)
{
    struct bundle_wait *wait = arg;
    if (rc != 0 || !is_durable(wait)) {
        carried_refuse(&wait->carried, CARRIED_LATER, rc != 0 ? rc : ERR_FULL, NULL);
    }
    wait_forget(wait);
    if (wait->call != NULL) {
        door_call_done(wait->call, carried_json(&wait->carried));
    }
    free(wait);
}

static void wait_for_store(struct aggregator *aggregator, struct door_call *call,
                           uint64_t enrolment, const struct carried *carried)
{
    struct bundle_wait *wait = calloc(1, sizeof *wait);
    int rc = ERR_NOMEM;
    if (wait != NULL) {
        *wait = (struct bundle_wait){.next = aggregator->bundle_waits,
                                     .command = {.run = wait_run, .done = wait_done, .arg = wait},
                                     .aggregator = aggregator,
                                     .call = call,
                                     .enrolment = enrolment,
                                     .carried = *carried};
        rc = store_submit(aggregator->journal, &wait->command);
    }
    if (rc != 0) { /* it may be there all the same: said again, it is known */
        struct carried later;
        free(wait);
        carried_refuse(&later, CARRIED_LATER, rc, NULL);
        door_call_done(call, carried_json(&later));
        return;
    }
    aggregator->bundle_waits = wait;
}

void door_bundle_gone(struct aggregator *aggregator, const struct door_call *call)
{
    for (struct bundle_wait *wait = aggregator->bundle_waits; wait != NULL; wait = wait->next) {
        if (wait->call == call) {
            wait->call = NULL;
        }
    }
}

void door_bundle_take(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct bundle_manifest manifest;
    struct carried carried;
    size_t len = 0;
    struct peer *peer = request_peer(aggregator, call, args, &manifest);
    uint8_t *frame =
        peer == NULL ? NULL : door_hex(call, args, "frame", BUNDLE_FRAME_BYTES_MAX, &len);
    if (frame == NULL) {
        return;
    }
    net_carry(peer, bytes_of(frame, len), &carried);
    free(frame);
    if (carried.outcome == CARRIED_NEW) {
        wait_for_store(aggregator, call, peer->enrolment, &carried);
    } else {
        door_call_done(call, carried_json(&carried));
    }
}

/* ---- the answer ---- */

/* What the node has of the office log, where it ends, and from where on it is said. */
static int office_of(struct peer *peer, const struct bundle_manifest *asked,
                     struct bundle_manifest *ret, uint64_t *ret_first)
{
    struct aggregator *aggregator = peer->aggregator;
    struct store_txn *txn = NULL;
    struct outlog log;
    struct hash h;
    int rc = store_read_begin(aggregator->journal, &txn, NULL);
    rc = rc != 0 ? rc : outlog_load(txn, &journal_office_tables, &peer->office, &log);
    if (rc == 0) {
        struct entry_id has = {asked->office, asked->office_seq};
        bool same = incarnation_equal(&asked->office, &peer->office) && asked->office_seq > 0 &&
                    outlog_hash(txn, &journal_office_tables, &has, &h) == 0 &&
                    hash_equal(&h, &asked->office_h);
        *ret_first = same ? asked->office_seq + 1 : 1;
        ret->office = peer->office;
        ret->office_seq = log.last;
        ret->office_h = log.h_last;
    }
    store_read_end(txn);
    return rc;
}

static json_t *receipts_json(const struct peer *peer)
{
    struct ack receipts[LOGS_MAX];
    uint8_t frame[512];
    json_t *list = json_array();
    size_t count = intake_receipts(&peer->intake, receipts);
    for (size_t i = 0; i < count; i++) {
        struct control control = {.kind = FRAME_RECEIPT, .as.ack = receipts[i]};
        size_t len = 0;
        if (control_encode(&control, frame, sizeof frame, &len, NULL) == 0) {
            (void)json_array_append_new(list, door_hex_json(frame, len));
        }
    }
    return list;
}

void door_bundle_answer(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct bundle_manifest asked;
    uint8_t bytes[BUNDLE_MANIFEST_BYTES];
    uint64_t first = 1;
    struct peer *peer = request_peer(aggregator, call, args, &asked);
    if (peer == NULL) {
        return;
    }
    struct bundle_manifest answer = {.enrolment = peer->enrolment,
                                     .made_ms = host_wall_ms(),
                                     .aggregator = aggregator->incarnation};
    int rc = peer->stopped ? err_set(&err, ERR_AGAIN, "this node's office log is being renewed")
                           : office_of(peer, &asked, &answer, &first);
    if (rc != 0) {
        door_refuse(call, rc, &err);
        return;
    }
    bundle_manifest_encode(BUNDLE_ANSWER, &answer, aggregator->log_secret, bytes);
    door_call_done(call,
                   json_pack("{s:o, s:o, s:o, s:o, s:I, s:I}", "to",
                             door_hex_json(asked.answer_to.b, KEY_BYTES), "manifest",
                             door_hex_json(bytes, sizeof bytes), "receipts", receipts_json(peer),
                             "log", door_hex_json(answer.office.b, INCARNATION_BYTES), "first",
                             (json_int_t)first, "last", (json_int_t)answer.office_seq));
}

static struct peer *peer_of_office(struct aggregator *aggregator, const struct incarnation *office)
{
    struct peer *peer = aggregator->peers;
    while (peer != NULL && !(peer->active && incarnation_equal(&peer->office, office))) {
        peer = peer->next;
    }
    return peer;
}

void door_bundle_office(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct span_plan plan = {.first = door_number(args, "first", 0),
                             .last_max = door_number(args, "last", 0),
                             .raw_bytes_max = BUNDLE_SPAN_RAW_BYTES,
                             .codec = SPAN_ZSTD};
    struct bytes frame = {0};
    uint64_t last = 0;
    bool named =
        hex_decode(plan.incarnation.b, INCARNATION_BYTES, bytes_of_text(door_text(args, "log")));
    struct peer *peer = named ? peer_of_office(aggregator, &plan.incarnation) : NULL;
    int rc = peer == NULL || plan.first == 0 || plan.last_max < plan.first
                 ? err_set(&err, ERR_NOT_FOUND, "no such office log, or no such entry of it")
                 : office_cut(peer, &plan, &frame, &last);
    if (rc != 0) {
        door_refuse(call, rc, &err);
        return;
    }
    door_call_done(call, json_pack("{s:o, s:I}", "frame", door_hex_json(frame.data, frame.len),
                                   "last", (json_int_t)last));
}

/* ---- what became of a file ---- */

void door_bundle_read(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    enum bundle_outcome outcome;
    if (!bundle_outcome_named(door_text(args, "outcome"), &outcome)) {
        (void)err_set(&err, ERR_VALUE, "outcome: no such one");
        door_refuse(call, ERR_VALUE, &err);
        return;
    }
    aggregator->bundles[outcome]++;
    LOG(outcome <= BUNDLE_KNOWN ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "bundle_read",
        log_text("outcome", bundle_outcome_name(outcome)),
        log_text("digest", door_text(args, "digest")),
        log_u64("enrolment", door_number(args, "enrolment", 0)),
        log_u64("new", door_number(args, "new", 0)),
        log_u64("known", door_number(args, "known", 0)), log_text("by", door_call_user(call)));
    door_call_done(call, json_object());
}

json_t *door_bundles_json(const struct aggregator *aggregator)
{
    json_t *counts = json_object();
    for (int i = 0; i < BUNDLE_OUTCOMES; i++) {
        (void)json_object_set_new(counts, bundle_outcome_name((enum bundle_outcome)i),
                                  json_integer((json_int_t)aggregator->bundles[i]));
    }
    return counts;
}
