/* forger AGGREGATOR_FOLDER ENDPOINT DOCUMENT… - a province whose log key was stolen, not its
 * officers' keys.
 *
 * Serves one node: answers its RESUME, writes the documents into its office log under the real log
 * key, and ends with 0 when the node has acknowledged them. DOCUMENT is a file of JSON:
 * {"document":HEX,"signatures":[{"officer":ID,"signature":HEX}]}.
 */
#include "integration/hostile_frames.h"

#include <jansson.h>
#include <sodium.h>
#include <zmq.h>

#define WAIT_MS 60000
#define DOCUMENTS_MAX 8

struct forger {
    void *context, *socket;
    struct arena *arena;
    uint8_t log_secret[SECRET_BYTES];
    struct span_builder *builder;
    uint8_t bodies[DOCUMENTS_MAX][ENTRY_BYTES_MAX];
    size_t lens[DOCUMENTS_MAX];
    size_t count;
    uint64_t last; /* seq of the last one */
};

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "forger: %s\n", what);
    exit(2);
}

static struct bytes unhex(struct forger *forger, const json_t *text)
{
    size_t len = json_string_length(text) / 2;
    uint8_t *bytes = arena_alloc(forger->arena, len + 1);
    if (bytes == NULL || !hex_decode(bytes, len, bytes_of_text(json_string_value(text)))) {
        give_up("no hex");
    }
    return bytes_of(bytes, len);
}

static void load_document(struct forger *forger, const char *path)
{
    struct signed_document document = {.signature_count = 0};
    size_t at = forger->count++;
    size_t index = 0;
    json_t *row = NULL;
    json_t *json = json_load_file(path, 0, NULL);
    if (json == NULL || at == DOCUMENTS_MAX) {
        give_up(path);
    }
    document.document = unhex(forger, json_object_get(json, "document"));
    json_array_foreach(json_object_get(json, "signatures"), index, row)
    {
        struct officer_signature *to = &document.signatures[document.signature_count++];
        struct bytes signature = unhex(forger, json_object_get(row, "signature"));
        to->officer = bytes_of_text(json_string_value(json_object_get(row, "officer")));
        memcpy(to->signature.b, signature.data, sizeof to->signature.b);
    }
    if (signed_document_encode(&document, forger->bodies[at], ENTRY_BYTES_MAX, &forger->lens[at],
                               NULL) != 0) {
        give_up("a document cannot be encoded");
    }
    json_decref(json);
}

static void serve(struct forger *forger, const char *folder, const char *endpoint)
{
    uint8_t secret[KEY_BYTES];
    uint8_t seed[KEY_BYTES];
    struct key key;
    int on = 1;
    key_file(folder, "keys/curve.key", secret);
    key_file(folder, "keys/log.key", seed);
    seal_keypair(seed, &key, forger->log_secret);
    forger->context = zmq_ctx_new();
    forger->socket = zmq_socket(forger->context, ZMQ_ROUTER);
    (void)zmq_setsockopt(forger->socket, ZMQ_CURVE_SERVER, &on, sizeof on);
    (void)zmq_setsockopt(forger->socket, ZMQ_CURVE_SECRETKEY, secret, sizeof secret);
    if (zmq_bind(forger->socket, endpoint) != 0) {
        give_up(zmq_strerror(zmq_errno()));
    }
}

static void send_to(struct forger *forger, const uint8_t *route, size_t len, struct bytes frame)
{
    (void)zmq_send(forger->socket, route, len, ZMQ_SNDMORE);
    (void)zmq_send(forger->socket, frame.data, frame.len, 0);
}

static struct bytes office_span(struct forger *forger, const struct resume *resume)
{
    struct hash h = resume->office_h;
    struct entry_id id = {.incarnation = resume->office, .seq = resume->office_seq};
    struct signature head;
    struct bytes frame = {0};
    span_builder_start(forger->builder, &resume->office, resume->office_seq + 1, &resume->office_h);
    for (size_t i = 0; i < forger->count; i++) {
        struct span_entry entry = {.kind = ENTRY_DOCUMENT,
                                   .body = bytes_of(forger->bodies[i], forger->lens[i])};
        struct hash b;
        struct hash next;
        id.seq++;
        chain_body(entry.body, &b);
        chain_next(&h, &b, &id, entry.kind, &next);
        h = next;
        if (span_builder_add(forger->builder, &entry, SPAN_RAW_BYTES_MAX) != 0) {
            give_up("span");
        }
    }
    head_sign(forger->log_secret, &id, &h, &head);
    if (span_builder_finish(forger->builder, SPAN_RAW, &head, &frame, NULL) != 0) {
        give_up("span");
    }
    forger->last = id.seq;
    return frame;
}

static void answer_resume(struct forger *forger, const uint8_t *route, size_t len,
                          const struct resume *resume)
{
    static uint8_t frame[CONTROL_BYTES_MAX];
    size_t frame_len = 0;
    struct control control = {.kind = FRAME_RESUMED};
    memcpy(control.as.resumed.next, resume->pair.next, sizeof control.as.resumed.next);
    control.as.resumed.aggregator = resume->aggregator;
    control.as.resumed.office = resume->office;
    if (control_encode(&control, frame, sizeof frame, &frame_len, NULL) != 0) {
        give_up("resumed");
    }
    send_to(forger, route, len, bytes_of(frame, frame_len));
    send_to(forger, route, len, office_span(forger, resume));
}

/* One message; true once the node has acknowledged the last document. */
static bool turn(struct forger *forger)
{
    static uint8_t frame[FRAME_BYTES_MAX];
    uint8_t route[256];
    struct control control;
    zmq_pollitem_t item = {.socket = forger->socket, .events = ZMQ_POLLIN};
    if (zmq_poll(&item, 1, WAIT_MS) <= 0) {
        (void)puts("the node does not come, or does not acknowledge");
        exit(1);
    }
    int route_len = zmq_recv(forger->socket, route, sizeof route, 0);
    int len = zmq_recv(forger->socket, frame, sizeof frame, 0);
    struct bytes bytes = bytes_of(frame, len < 0 ? 0 : (size_t)len);
    arena_reset(forger->arena);
    if (route_len <= 0 || frame_kind_of(bytes, NULL) == FRAME_SPAN ||
        control_decode(bytes, forger->arena, &control, NULL) != 0) {
        return false;
    }
    if (control.kind == FRAME_RESUME) {
        answer_resume(forger, route, (size_t)route_len, &control.as.resume);
    }
    return control.kind == FRAME_ACK && forger->last > 0 && control.as.ack.id.seq == forger->last;
}

int main(int argc, char **argv)
{
    static struct forger forger;
    if (argc < 4 || sodium_init() < 0) {
        give_up("usage: forger AGGREGATOR_FOLDER ENDPOINT DOCUMENT…");
    }
    forger.arena = arena_new(PARSE_ARENA_BYTES);
    forger.builder = span_builder_new();
    for (int i = 3; i < argc; i++) {
        load_document(&forger, argv[i]);
    }
    serve(&forger, argv[1], argv[2]);
    while (!turn(&forger)) {
    }
    (void)printf("acknowledged up to %llu\n", (unsigned long long)forger.last);
    (void)zmq_close(forger.socket);
    (void)zmq_ctx_term(forger.context);
    span_builder_free(forger.builder);
    arena_free(forger.arena);
    return 0;
}
