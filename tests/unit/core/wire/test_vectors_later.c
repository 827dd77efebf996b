/* proto/vectors/later.json: bytes of messages and frames that SPEC.md defines and this version does
 * not write yet, read by the generated code and checked field by field; and one log with its
 * successor, whose chain, heads and span are checked with the code that there is.
 *
 * The fields are found by the generated descriptors, so a field that is missing in the vector must
 * be absent in the bytes, and a new field in a .proto file shows here. */
#include "core/seal/chain.h"
#include "core/wire/control.h"
#include "core/wire/entry.h"
#include "core/wire/prescan.h"
#include "core/wire/span.h"
#include "lib/cmocka_all.h"

#include "kabar/v1/control.pb-c.h"
#include "kabar/v1/entry.pb-c.h"

#include <jansson.h>
#include <sodium.h>

#define BYTES_MAX 4096u
#define BLOCK_BYTES 65536u

static json_t *vectors;

static const struct shape {
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
    int kind; /* of the entry or the frame */
} shapes[] = {
    {"amendment", &kabar__v1__amendment__descriptor, ENTRY_AMENDMENT},
    {"withdrawal", &kabar__v1__withdrawal__descriptor, ENTRY_WITHDRAWAL},
    {"rung", &kabar__v1__rung__descriptor, ENTRY_RUNG},
    {"answer", &kabar__v1__answer__descriptor, ENTRY_ANSWER},
    {"object_note", &kabar__v1__object_note__descriptor, ENTRY_OBJECT},
    {"want", &kabar__v1__want__descriptor, FRAME_WANT},
    {"part", &kabar__v1__part__descriptor, FRAME_PART},
    {"missing", &kabar__v1__missing__descriptor, FRAME_MISSING},
};
#define SHAPE_COUNT (sizeof shapes / sizeof shapes[0])

/* ---- the file ---- */

static const char *string_of(const json_t *of, const char *name)
{
    const char *value = json_string_value(json_object_get(of, name));
    if (value == NULL) {
        fail_msg("later.json: no text '%s'", name);
    }
    return value;
}

static uint64_t number_of(const json_t *of, const char *name)
{
    const json_t *value = json_object_get(of, name);
    assert_true(json_is_integer(value));
    return (uint64_t)json_integer_value(value);
}

static struct bytes hex_of(const json_t *of, const char *name, uint8_t to[BYTES_MAX])
{
    const char *hex = string_of(of, name);
    size_t len = strlen(hex) / 2;
    assert_true(len <= BYTES_MAX);
    assert_true(hex_decode(to, len, bytes_of_text(hex)));
    return bytes_of(to, len);
}

#define HEX_INTO(of, name, array)                                                                  \
    assert_true(hex_decode(array, sizeof(array), bytes_of_text(string_of(of, name))))

static const struct shape *shape_of(const char *name)
{
    size_t i = 0;
    while (i < SHAPE_COUNT - 1 && strcmp(shapes[i].name, name) != 0) {
        i++;
    }
    assert_string_equal(shapes[i].name, name);
    return &shapes[i];
}

/* ---- fields by descriptor: the name of the first that differs, or NULL ---- */

static bool bytes_differ(ProtobufCBinaryData found, const json_t *wanted)
{
    const char *text = json_string_value(wanted);
    uint8_t raw[BYTES_MAX];
    if (text == NULL) {
        return true;
    }
    struct bytes expected = bytes_of_text(text);
    if (strncmp(text, "0x", 2) == 0) {
        size_t len = strlen(text) / 2 - 1;
        assert_true(len <= sizeof raw);
        assert_true(hex_decode(raw, len, bytes_of_text(text + 2)));
        expected = bytes_of(raw, len);
    }
    return !bytes_equal(bytes_of(found.data, found.len), expected);
}

static int64_t number_at(const ProtobufCFieldDescriptor *field, const uint8_t *at)
{
    int32_t narrow = 0;
    int64_t wide = 0;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        memcpy(&wide, at, sizeof wide);
        return wide;
    default: /* uint32, sint32, bool, enum: none of them above 2^31 here */
        memcpy(&narrow, at, sizeof narrow);
        return narrow;
    }
}

static const char *difference(const ProtobufCMessage *message, json_t *fields);

static const char *value_difference(const ProtobufCFieldDescriptor *field, const uint8_t *at,
                                    json_t *wanted)
{
    ProtobufCBinaryData bytes = {0};
    const ProtobufCMessage *within = NULL;
    bool same = false;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        memcpy(&bytes, at, sizeof bytes);
        same = !bytes_differ(bytes, wanted);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        memcpy(&within, at, sizeof within);
        return difference(within, wanted);
    case PROTOBUF_C_TYPE_BOOL:
        same = json_is_true(wanted) && number_at(field, at) == 1;
        break;
    default:
        same = json_is_integer(wanted) && number_at(field, at) == json_integer_value(wanted);
    }
    return same ? NULL : field->name;
}

static const char *list_difference(const ProtobufCFieldDescriptor *field,
                                   const ProtobufCMessage *message, const json_t *wanted)
{
    size_t count = 0;
    const ProtobufCMessage *const *list = NULL;
    const char *found = NULL;
    memcpy(&count, (const uint8_t *)message + field->quantifier_offset, sizeof count);
    memcpy(&list, (const uint8_t *)message + field->offset, sizeof list);
    assert_int_equal(field->type, PROTOBUF_C_TYPE_MESSAGE);
    if (count != json_array_size(wanted)) { /* 0 of NULL */
        return field->name;
    }
    for (size_t i = 0; found == NULL && i < count; i++) {
        found = difference(list[i], json_array_get(wanted, i));
    }
    return found;
}

static bool is_there(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    int has = 0;
    const void *within = NULL;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        memcpy(&within, (const uint8_t *)message + field->offset, sizeof within);
        return within != NULL;
    }
    memcpy(&has, (const uint8_t *)message + field->quantifier_offset, sizeof has);
    return has != 0;
}

static const char *field_difference(const ProtobufCFieldDescriptor *field,
                                    const ProtobufCMessage *message, json_t *wanted)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return list_difference(field, message, wanted);
    }
    if (is_there(field, message) != (wanted != NULL)) {
        return field->name;
    }
    return wanted == NULL
               ? NULL
               : value_difference(field, (const uint8_t *)message + field->offset, wanted);
}

/* Calls itself for messages within: as deep as the descriptors are. */
static const char *difference(const ProtobufCMessage *message, json_t *fields)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    const char *found = message->n_unknown_fields == 0 ? NULL : "unknown fields";
    size_t named = 0;
    for (unsigned i = 0; found == NULL && i < descriptor->n_fields; i++) {
        json_t *wanted = json_object_get(fields, descriptor->fields[i].name);
        named += wanted != NULL ? 1 : 0;
        found = field_difference(&descriptor->fields[i], message, wanted);
    }
    if (found == NULL && named != json_object_size(fields)) {
        found = "a field that the message does not have";
    }
    return found;
}

/* Pre-scan, decode, every field, and the same bytes again when packed. */
static void check_encoded(const struct shape *shape, struct bytes encoded, json_t *fields)
{
    struct err_ctx err = {""};
    uint8_t again[BYTES_MAX];
    int rc = prescan(shape->descriptor, encoded, &err);
    if (rc != 0) {
        fail_msg("%s: pre-scan: %s", shape->name, err_peek(&err, rc));
    }
    ProtobufCMessage *message =
        protobuf_c_message_unpack(shape->descriptor, NULL, encoded.len, encoded.data);
    assert_non_null(message);
    const char *differs = difference(message, fields);
    if (differs != NULL) {
        fail_msg("%s: %s differs", shape->name, differs);
    }
    assert_int_equal(protobuf_c_message_get_packed_size(message), encoded.len);
    assert_int_equal(protobuf_c_message_pack(message, again), encoded.len);
    assert_memory_equal(again, encoded.data, encoded.len);
    protobuf_c_message_free_unpacked(message, NULL);
}

/* Those that are written by now: read by our code, and written the same again. */
#define CHECK_OURS(type)                                                                           \
    if (strcmp(shape->name, #type) == 0) {                                                         \
        static struct type value;                                                                  \
        assert_int_equal(type##_decode(body, arena, &value, NULL), 0);                             \
        assert_int_equal(type##_encode(&value, again, sizeof again, &len, NULL), 0);               \
        assert_int_equal(len, body.len);                                                           \
        assert_memory_equal(again, body.data, len);                                                \
        return true;                                                                               \
    }

static bool check_ours(const struct shape *shape, struct bytes body, struct arena *arena)
{
    uint8_t again[BYTES_MAX];
    size_t len = 0;
    CHECK_OURS(amendment)
    CHECK_OURS(withdrawal)
    CHECK_OURS(rung)
    CHECK_OURS(answer)
    CHECK_OURS(object_note)
    return false;
}

/* Every message or frame of the file stands for one of the shapes in this range. */
static void check_all_there(const char *list, const char *key, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        size_t index = 0;
        size_t found = 0;
        json_t *vector = NULL;
        json_array_foreach(json_object_get(vectors, list), index, vector)
        {
            found += strcmp(string_of(vector, key), shapes[i].name) == 0 ? 1 : 0;
        }
        if (found == 0) {
            fail_msg("later.json: no vector of %s", shapes[i].name);
        }
    }
}

/* ---- tests ---- */

static void test_messages(void **state)
{
    (void)state;
    size_t index = 0;
    size_t ours = 0;
    json_t *vector = NULL;
    struct arena *arena = arena_new(PARSE_ARENA_BYTES);
    assert_non_null(arena);
    check_all_there("messages", "message", 0, 5);
    json_array_foreach(json_object_get(vectors, "messages"), index, vector)
    {
        uint8_t raw[BYTES_MAX];
        struct hash wanted;
        struct hash b;
        const struct shape *shape = shape_of(string_of(vector, "message"));
        struct bytes body = hex_of(vector, "hex", raw);
        assert_int_equal(number_of(vector, "kind"), shape->kind);
        check_encoded(shape, body, json_object_get(vector, "fields"));
        HEX_INTO(vector, "b", wanted.b);
        chain_body(body, &b);
        assert_true(hash_equal(&b, &wanted));
        ours += check_ours(shape, body, arena);
        arena_reset(arena);
    }
    arena_free(arena);
    assert_true(ours >= 6);
}

static void test_frames(void **state)
{
    (void)state;
    size_t index = 0;
    json_t *vector = NULL;
    check_all_there("frames", "frame", 5, SHAPE_COUNT);
    json_array_foreach(json_object_get(vectors, "frames"), index, vector)
    {
        uint8_t raw[BYTES_MAX];
        const struct shape *shape = shape_of(string_of(vector, "frame"));
        struct bytes frame = hex_of(vector, "hex", raw);
        assert_int_equal(frame_kind_of(frame, NULL), shape->kind);
        assert_string_equal(frame_kind_name(shape->kind), shape->name);
        check_encoded(shape, bytes_of(frame.data + 2, frame.len - 2),
                      json_object_get(vector, "fields"));
    }
}

/* The comparison above can fail: another value, a field too many or too few, another list. */
static void test_differences_are_seen(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *wanted;
    } rows[] = {
        {"{'hash':'x','ranges':[{'offset':0,'length':88}]}", NULL},
        {"{'hash':'y','ranges':[{'offset':0,'length':88}]}", "hash"},
        {"{'hash':'0x79','ranges':[{'offset':0,'length':88}]}", "hash"},
        {"{'ranges':[{'offset':0,'length':88}]}", "hash"},
        {"{'hash':'x'}", "ranges"},
        {"{'hash':'x','ranges':[{'offset':0,'length':89}]}", "length"},
        {"{'hash':'x','ranges':[{'length':88}]}", "offset"},
        {"{'hash':'x','ranges':[{'offset':0,'length':88},{'offset':0,'length':88}]}", "ranges"},
        {"{'hash':'x','ranges':[{'offset':0,'length':88}],'more':1}",
         "a field that the message does not have"},
    };
    static const uint8_t encoded[] = {0x0a, 0x01, 'x', 0x12, 0x04, 0x08, 0x00, 0x10, 0x58};
    ProtobufCMessage *message =
        protobuf_c_message_unpack(shape_of("want")->descriptor, NULL, sizeof encoded, encoded);
    assert_non_null(message);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char json[128] = {0};
        for (size_t at = 0; rows[i].json[at] != '\0'; at++) {
            json[at] = rows[i].json[at] == '\'' ? '"' : rows[i].json[at];
        }
        json_t *fields = json_loads(json, 0, NULL);
        assert_non_null(fields);
        const char *found = difference(message, fields);
        if (rows[i].wanted == NULL) {
            assert_null(found);
        } else {
            assert_non_null(found);
            assert_string_equal(found, rows[i].wanted);
        }
        json_decref(fields);
    }
    protobuf_c_message_free_unpacked(message, NULL);
}

static void test_object(void **state)
{
    (void)state;
    const json_t *object = json_object_get(vectors, "objects");
    const json_t *blocks = json_object_get(object, "blocks");
    size_t size = (size_t)number_of(object, "size");
    static uint8_t data[3 * BLOCK_BYTES];
    uint8_t list[BYTES_MAX];
    struct hash wanted;
    struct hash found;
    assert_true(size <= sizeof data);
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)(i * 7 + 3);
    }
    size_t count = (size + BLOCK_BYTES - 1) / BLOCK_BYTES;
    assert_int_equal(json_array_size(blocks), count);
    for (size_t i = 0; i < count; i++) {
        size_t at = i * BLOCK_BYTES;
        const char *hex = json_string_value(json_array_get(blocks, i));
        seal_hash("kabar.block.v1",
                  bytes_of(data + at, size - at < BLOCK_BYTES ? size - at : BLOCK_BYTES), &found);
        assert_true(hex_decode(list + i * HASH_BYTES, HASH_BYTES, bytes_of_text(hex)));
        assert_memory_equal(found.b, list + i * HASH_BYTES, HASH_BYTES);
    }
    seal_hash("kabar.blocks.v1", bytes_of(list, count * HASH_BYTES), &found);
    HEX_INTO(object, "block_list", wanted.b);
    assert_true(hash_equal(&found, &wanted));
    assert_int_equal(crypto_hash_sha256(found.b, data, size), 0);
    HEX_INTO(object, "sha256", wanted.b);
    assert_true(hash_equal(&found, &wanted));
}

/* The note about the object: signed by the root over its bytes without field 6. */
static void test_object_note_signature(void **state)
{
    (void)state;
    const json_t *object = json_object_get(vectors, "objects");
    const json_t *vector = NULL;
    for (size_t i = 0; vector == NULL; i++) {
        const json_t *at = json_array_get(json_object_get(vectors, "messages"), i);
        assert_non_null(at);
        vector = strcmp(string_of(at, "message"), "object_note") == 0 ? at : NULL;
    }
    uint8_t raw[BYTES_MAX];
    uint8_t unsigned_one[BYTES_MAX];
    struct bytes body = hex_of(vector, "hex", raw);
    Kabar__V1__ObjectNote *note = kabar__v1__object_note__unpack(NULL, body.len, body.data);
    assert_non_null(note);
    struct key root;
    struct hash digest;
    struct hash wanted;
    struct signature signature;
    assert_int_equal(note->signature.len, sizeof signature.b);
    memcpy(signature.b, note->signature.data, sizeof signature.b);
    note->has_signature = 0;
    size_t len = kabar__v1__object_note__pack(note, unsigned_one);
    note->has_signature = 1; /* for the free */
    kabar__v1__object_note__free_unpacked(note, NULL);
    HEX_INTO(object, "root", root.b);
    HEX_INTO(object, "note_digest", wanted.b);
    seal_hash("kabar.object.v1", bytes_of(unsigned_one, len), &digest);
    assert_true(hash_equal(&digest, &wanted));
    struct bytes message = bytes_of(digest.b, sizeof digest.b);
    assert_true(seal_verify(&root, "kabar.object.v1", message, &signature));
    signature.b[0] ^= 1u;
    assert_false(seal_verify(&root, "kabar.object.v1", message, &signature));
}

/* Chain and heads of a whole log; *ret_h is h of entry `stop`. */
static void check_log(const json_t *log, uint64_t stop, struct hash *ret_h)
{
    const json_t *logs = json_object_get(vectors, "logs");
    struct key signer;
    struct entry_id id = {.seq = 0};
    struct hash h = {{0}};
    size_t index = 0;
    json_t *entry = NULL;
    HEX_INTO(logs, "signer", signer.b);
    HEX_INTO(log, "incarnation", id.incarnation.b);
    json_array_foreach(json_object_get(log, "entries"), index, entry)
    {
        uint8_t raw[BYTES_MAX];
        struct hash b;
        struct hash wanted;
        struct hash before = h;
        struct signature head;
        id.seq++;
        assert_int_equal(number_of(entry, "seq"), id.seq);
        chain_body(hex_of(entry, "body", raw), &b);
        HEX_INTO(entry, "b", wanted.b);
        assert_true(hash_equal(&b, &wanted));
        chain_next(&before, &b, &id, (uint16_t)number_of(entry, "kind"), &h);
        HEX_INTO(entry, "h", wanted.b);
        assert_true(hash_equal(&h, &wanted));
        HEX_INTO(entry, "head", head.b);
        assert_true(head_verify(&signer, &id, &h, &head));
        assert_false(head_verify(&signer, &id, &before, &head));
        if (id.seq == stop) {
            *ret_h = h;
        }
    }
    assert_true(id.seq >= stop);
}

/* The successor names where the old log was acknowledged and carries what came after verbatim. */
static void test_successor(void **state)
{
    (void)state;
    const json_t *logs = json_object_get(vectors, "logs");
    const json_t *old = json_object_get(json_object_get(logs, "old"), "entries");
    const json_t *new = json_object_get(json_object_get(logs, "new"), "entries");
    uint64_t acked = number_of(logs, "acked");
    uint64_t count = number_of(logs, "count");
    struct hash h_acked;
    struct hash h_last;
    struct incarnation incarnation;
    struct genesis genesis;
    uint8_t raw[BYTES_MAX];
    check_log(json_object_get(logs, "old"), acked, &h_acked);
    check_log(json_object_get(logs, "new"), 1, &h_last);
    struct arena *arena = arena_new(PARSE_ARENA_BYTES);
    assert_non_null(arena);
    struct bytes body = hex_of(json_array_get(new, 0), "body", raw);
    assert_int_equal(genesis_decode(body, arena, &genesis, NULL), 0);
    HEX_INTO(json_object_get(logs, "old"), "incarnation", incarnation.b);
    assert_true(genesis.has_predecessor);
    assert_true(incarnation_equal(&genesis.predecessor.incarnation, &incarnation));
    assert_int_equal(genesis.predecessor.seq, acked);
    assert_true(hash_equal(&genesis.predecessor_h, &h_acked));
    assert_int_equal(genesis.predecessor_count, count);
    for (uint64_t k = 1; k <= count; k++) {
        const json_t *from = json_array_get(old, acked + k - 1);
        const json_t *to = json_array_get(new, k);
        assert_int_equal(number_of(from, "kind"), number_of(to, "kind"));
        assert_string_equal(string_of(from, "body"), string_of(to, "body"));
    }
    arena_free(arena);
}

/* The span of SPEC's worked example. */
static void test_span(void **state)
{
    (void)state;
    const json_t *logs = json_object_get(vectors, "logs");
    const json_t *rows = json_object_get(json_object_get(logs, "old"), "entries");
    uint8_t raw[BYTES_MAX];
    uint8_t body[BYTES_MAX];
    struct span_header header;
    struct bytes payload;
    struct span_entry *entries = NULL;
    struct hash h;
    struct key signer;
    struct arena *scratch = arena_new(SPAN_SCRATCH_BYTES_MAX);
    struct span_decoder *decoder = span_decoder_new();
    assert_non_null(scratch);
    assert_non_null(decoder);
    struct bytes frame = hex_of(logs, "span", raw);
    assert_int_equal(span_header_decode(frame, &header, &payload, NULL), 0);
    assert_int_equal(span_entries_decode(decoder, &header, payload, scratch, &entries, NULL), 0);
    assert_int_equal(header.first, 1);
    assert_int_equal(header.count, 2);
    assert_true(hash_is_zero(&header.h_before));
    for (size_t i = 0; i < header.count; i++) {
        const json_t *row = json_array_get(rows, i);
        assert_int_equal(entries[i].kind, number_of(row, "kind"));
        assert_true(bytes_equal(entries[i].body, hex_of(row, "body", body)));
    }
    HEX_INTO(logs, "signer", signer.b);
    HEX_INTO(json_array_get(rows, 1), "h", h.b);
    struct entry_id last = {.incarnation = header.incarnation, .seq = 2};
    assert_true(head_verify(&signer, &last, &h, &header.head));
    span_decoder_free(decoder);
    arena_free(scratch);
}

static int open_vectors(void **state)
{
    (void)state;
    const char *source = getenv("KABAR_SOURCE");
    char path[4096];
    json_error_t error;
    (void)snprintf(path, sizeof path, "%s/proto/vectors/later.json", source ? source : ".");
    vectors = json_load_file(path, 0, &error);
    if (vectors == NULL) {
        print_error("%s: %s\n", path, error.text);
        return -1;
    }
    return sodium_init() < 0 ? -1 : 0;
}

static int close_vectors(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_differences_are_seen),
        cmocka_unit_test(test_object),
        cmocka_unit_test(test_object_note_signature),
        cmocka_unit_test(test_successor),
        cmocka_unit_test(test_span),
    };
    return cmocka_run_group_tests(tests, open_vectors, close_vectors);
}
