/* The pre-scan against every shape of hostile protobuf we know, and against protobuf-c itself. */
#include "core/base/arena.h"
#include "core/base/limits.h"
#include "core/wire/prescan.h"
#include "unit/core/wire/samples.h"

#include "kabar/v1/control.pb-c.h"
#include "kabar/v1/entry.pb-c.h"
#include "kabar/v1/trust.pb-c.h"

#define REPORT &kabar__v1__report__descriptor
#define RESUME &kabar__v1__resume__descriptor
#define ACT &kabar__v1__act__descriptor

static const struct shape {
    const char *what;
    const ProtobufCMessageDescriptor *descriptor;
    const char *hex;
    int wanted;
} shapes[] = {
    {"nothing", REPORT, "", 0},
    {"one text", REPORT, "0a0161", 0},
    {"empty text", REPORT, "0a00", 0},
    {"text past the end", REPORT, "0a0261", ERR_FORMAT},
    {"length without its end", REPORT, "0a80", ERR_FORMAT},
    {"length of 4 GiB", REPORT, "0affffffff0f", ERR_FORMAT},
    {"length above 32 bits", REPORT, "0affffffff1f", ERR_FORMAT},
    {"length of 6 bytes", REPORT, "0a818080808000", ERR_FORMAT},
    {"length of 5 bytes for 1", REPORT, "0a818080800061", 0},
    {"field 0", REPORT, "0000", ERR_FORMAT},
    {"field 0, length", REPORT, "0200", ERR_FORMAT},
    {"group begins", REPORT, "0b", ERR_FORMAT},
    {"group ends", REPORT, "0c", ERR_FORMAT},
    {"unknown group", REPORT, "a30fa40f", ERR_FORMAT},
    {"wire type 6", REPORT, "0e00", ERR_FORMAT},
    {"wire type 7", REPORT, "0f00", ERR_FORMAT},
    {"unknown wire type 7", REPORT, "a70f00", ERR_FORMAT},
    {"tag without its end", REPORT, "8a", ERR_FORMAT},
    {"tag of 5 bytes for 1", REPORT, "8a8080800000", 0},
    {"tag of 6 bytes", REPORT, "8a808080800000", ERR_FORMAT},
    {"tag above 32 bits", REPORT, "8a8080801000", ERR_FORMAT},
    {"largest field number", REPORT, "f8ffffff0f01", 0},
    {"text as number", REPORT, "0801", ERR_FORMAT},
    {"text as 64 bits", REPORT, "090000000000000000", ERR_FORMAT},
    {"text as 32 bits", REPORT, "0d00000000", ERR_FORMAT},
    {"number as length", REPORT, "1a0101", ERR_FORMAT},
    {"number as 32 bits", REPORT, "1d01000000", ERR_FORMAT},
    {"number", REPORT, "1801", 0},
    {"number without its end", REPORT, "1880", ERR_FORMAT},
    {"number that is not there", REPORT, "18", ERR_FORMAT},
    {"number longer than needed", REPORT, "188100", 0},
    {"number of 10 bytes", REPORT, "1881808080808080808000", 0},
    {"number of 11 bytes", REPORT, "188180808080808080808000", ERR_FORMAT},
    {"enum above 32 bits", REPORT, "188180808010", ERR_FORMAT},
    {"sint32 above 32 bits", REPORT, "28ffffffff1f", ERR_FORMAT},
    {"largest sint32", REPORT, "28ffffffff0f", 0},
    {"bool of 2", REPORT, "6802", ERR_FORMAT},
    {"bool of 129", REPORT, "688101", ERR_FORMAT},
    {"bool of 1 in 2 bytes", REPORT, "688100", 0},
    {"largest uint64", RESUME, "20ffffffffffffffffff01", 0},
    {"above uint64", RESUME, "20ffffffffffffffffff02", ERR_FORMAT},
    {"singular twice", REPORT, "18011801", ERR_FORMAT},
    {"singular twice, text", REPORT,
     "0a00120161"
     "0a00",
     ERR_FORMAT},
    {"repeated twice", REPORT, "72007200", 0},
    {"singular twice within", REPORT,
     "7206"
     "0a0161"
     "0a0162",
     ERR_FORMAT},
    {"same field in two elements", REPORT,
     "7203"
     "0a0161"
     "7203"
     "0a0162",
     0},
    {"same field within and after", REPORT,
     "7203"
     "0a0161"
     "0a0162",
     0},
    {"message past the end", REPORT,
     "7203"
     "0a01",
     ERR_FORMAT},
    {"field past its message", REPORT,
     "7202"
     "0a0161",
     ERR_FORMAT},
    {"tag past its message", REPORT,
     "7201"
     "8a00",
     ERR_FORMAT},
    {"number past its message", REPORT,
     "7202"
     "208001",
     ERR_FORMAT},
    {"message as number", REPORT, "7001", ERR_FORMAT},
    {"group within", REPORT,
     "7201"
     "0b",
     ERR_FORMAT},
    {"oneof", ACT, "2a00", 0},
    {"oneof twice", ACT, "2a002a00", ERR_FORMAT},
    {"two of a oneof", ACT, "2a003200", ERR_FORMAT},
    {"last and first of a oneof", ACT, "3a002a00", ERR_FORMAT},
    {"oneof and others", ACT,
     "0a00"
     "1000"
     "2a00"
     "4200",
     0},
    {"packed", RESUME,
     "5a03"
     "000102",
     0},
    {"not packed", RESUME, "580058015802", 0},
    {"packed and not", RESUME,
     "5a0100"
     "5801",
     0},
    {"packed, empty", RESUME, "5a00", 0},
    {"packed, truncated", RESUME,
     "5a03"
     "0001",
     ERR_FORMAT},
    {"packed, number cut by its end", RESUME,
     "5a02"
     "0080"
     "5801",
     ERR_FORMAT},
    {"packed, above 32 bits", RESUME,
     "5a06"
     "00ffffffff1f",
     ERR_FORMAT},
    {"packed as 32 bits", RESUME, "5d00000000", ERR_FORMAT},
    {"packed singular", RESUME, "22020101", ERR_FORMAT},
    {"unknown number", REPORT, "a00f8001", 0},
    {"unknown number without end", REPORT, "a00f80", ERR_FORMAT},
    {"unknown number of 11 bytes", REPORT, "a00f8180808080808080808000", ERR_FORMAT},
    {"unknown 64 bits", REPORT, "a10f0000000000000000", 0},
    {"unknown 64 bits cut", REPORT, "a10f00000000000000", ERR_FORMAT},
    {"unknown 32 bits", REPORT, "a50f00000000", 0},
    {"unknown 32 bits cut", REPORT, "a50f000000", ERR_FORMAT},
    {"unknown length", REPORT, "a20f020000", 0},
    {"unknown length past the end", REPORT, "a20f0200", ERR_FORMAT},
    {"unknown twice", REPORT, "a00f01a00f01", 0},
};

static void known_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        uint8_t bytes[64];
        struct err_ctx err = {{0}};
        size_t len = strlen(shapes[i].hex) / 2;
        assert_true(hex_decode(bytes, len, bytes_of_text(shapes[i].hex)));
        int rc = prescan(shapes[i].descriptor, bytes_of(bytes, len), &err);
        if (rc != shapes[i].wanted || (rc != 0 && err.text[0] == '\0')) {
            fail_msg("%s: %s \"%s\"", shapes[i].what, err_name(rc), err.text);
        }
        assert_int_equal(prescan(shapes[i].descriptor, bytes_of(bytes, len), NULL), rc);
    }
}

static void repeat(uint8_t *to, size_t count, const char *piece, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(to + i * len, piece, len);
    }
}

static uint8_t large[1u << 20];

static void a_mebibyte_of_empty_messages(void **state)
{
    (void)state;
    struct err_ctx err = {{0}};
    repeat(large, sizeof large / 2, "\x72\x00", 2);
    assert_int_equal(prescan(REPORT, bytes_of(large, sizeof large), &err), ERR_LIMIT);
    assert_non_null(strstr(err.text, "too many fields"));
    assert_int_equal(prescan(REPORT, bytes_of(large, 2 * PARSE_FIELDS_MAX), &err), 0);
    assert_int_equal(prescan(REPORT, bytes_of(large, 2 * PARSE_FIELDS_MAX + 2), &err), ERR_LIMIT);
}

static void packed_elements_count_as_fields(void **state)
{
    (void)state;
    memset(large, 0, sizeof large);
    memcpy(large, "\x5a\xff\x1f", 3); /* 4095 and the field itself */
    assert_int_equal(prescan(RESUME, bytes_of(large, 3 + 4095), NULL), 0);
    memcpy(large, "\x5a\x80\x20", 3);
    assert_int_equal(prescan(RESUME, bytes_of(large, 3 + 4096), NULL), ERR_LIMIT);
}

static void unknown_fields_are_few_in_total(void **state)
{
    (void)state;
    struct err_ctx err = {{0}};
    repeat(large, 17, "\xa0\x0f\x01", 3);
    assert_int_equal(prescan(REPORT, bytes_of(large, 16 * 3), &err), 0);
    assert_int_equal(prescan(REPORT, bytes_of(large, 17 * 3), &err), ERR_LIMIT);
    assert_non_null(strstr(err.text, "too many unknown fields"));
    /* One each in 17 subjects. */
    repeat(large, 17, "\x72\x03\xa0\x0f\x01", 5);
    assert_int_equal(prescan(REPORT, bytes_of(large, 16 * 5), &err), 0);
    assert_int_equal(prescan(REPORT, bytes_of(large, 17 * 5), &err), ERR_LIMIT);
}

/* Our schema nests three deep, so a schema that nests for ever is made here: a message whose
 * field 1 is itself. */
static ProtobufCFieldDescriptor endless_field = {
    .name = "within",
    .id = 1,
    .label = PROTOBUF_C_LABEL_REPEATED,
    .type = PROTOBUF_C_TYPE_MESSAGE,
};
static const ProtobufCIntRange endless_ranges[] = {{1, 0}, {0, 1}};
static const ProtobufCMessageDescriptor endless = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "test.Endless",
    .short_name = "Endless",
    .n_fields = 1,
    .fields = &endless_field,
    .n_field_ranges = 1,
    .field_ranges = endless_ranges,
};

/* depth messages within one another, the outermost not counted; the innermost is empty. */
static size_t nest(uint8_t *to, size_t depth)
{
    size_t at = sizeof large;
    size_t len = 0;
    for (size_t i = 0; i < depth; i++) {
        uint8_t head[8];
        size_t head_len = 0;
        head[head_len++] = 0x0a;
        size_t value = len;
        for (; value >= 0x80; value >>= 7) {
            head[head_len++] = (uint8_t)(value | 0x80);
        }
        head[head_len++] = (uint8_t)value;
        at -= head_len;
        memcpy(to + at, head, head_len);
        len += head_len;
    }
    memmove(to, to + at, len);
    return len;
}

static void depth_bombs(void **state)
{
    (void)state;
    static const size_t depths[] = {0, 1, 2, 3, 4, 5, 1000, 10000, 100000};
    endless_field.descriptor = &endless;
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        struct err_ctx err = {{0}};
        size_t len = nest(large, depths[i]);
        int rc = prescan(&endless, bytes_of(large, len), &err);
        assert_int_equal(rc, depths[i] + 1 <= PARSE_DEPTH_MAX ? 0 : ERR_LIMIT);
        assert_true(rc == 0 || strstr(err.text, "nested too deeply") != NULL);
    }
}

/* Which messages the samples are of. */
static const struct {
    const char *list, *key, *name;
    const ProtobufCMessageDescriptor *descriptor;
    size_t skip;
} differential[] = {
    {"messages", "message", "report", REPORT, 0},
    {"messages", "message", "genesis", &kabar__v1__genesis__descriptor, 0},
    {"messages", "message", "act", ACT, 0},
    {"messages", "message", "ring", &kabar__v1__key_ring__descriptor, 0},
    {"messages", "message", "placement", &kabar__v1__placement__descriptor, 0},
    {"controls", "frame", "resume", RESUME, 2},
    {"controls", "frame", "resumed", &kabar__v1__resumed__descriptor, 2},
};

static struct bytes differential_sample(size_t nth, uint8_t to[SAMPLE_BYTES_MAX])
{
    size_t skip = differential[nth].skip;
    struct bytes from =
        sample(differential[nth].list, differential[nth].key, differential[nth].name, 0, to);
    return bytes_of(from.data + skip, from.len - skip);
}

static bool both_take(size_t nth, struct bytes message)
{
    const ProtobufCMessageDescriptor *descriptor = differential[nth].descriptor;
    if (prescan(descriptor, message, NULL) != 0) {
        return false;
    }
    ProtobufCMessage *unpacked =
        protobuf_c_message_unpack(descriptor, NULL, message.len, message.data);
    assert_non_null(unpacked);
    protobuf_c_message_free_unpacked(unpacked, NULL);
    return true;
}

/* What the pre-scan takes, protobuf-c takes: it never has the last word on what is malformed. */
static void protobuf_c_takes_what_passes(void **state)
{
    (void)state;
    check_mutations(sizeof differential / sizeof differential[0], differential_sample, both_take);
}

static void random_bytes_do_no_harm(void **state)
{
    (void)state;
    uint64_t seed = SEED + 1;
    size_t refused = 0;
    print_message("seed %" PRIu64 "\n", seed);
    for (size_t i = 0; i < MUTATIONS; i++) {
        size_t len = next_random(&seed) % 64;
        /* Right behind its end lies what a sanitizer guards. */
        uint8_t *bytes = malloc(len + 1);
        assert_non_null(bytes);
        for (size_t at = 0; at < len; at++) {
            bytes[at + 1] = (uint8_t)next_random(&seed);
        }
        refused += prescan(REPORT, bytes_of(bytes + 1, len), NULL) != 0;
        free(bytes);
    }
    assert_true(refused > MUTATIONS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_shapes),
        cmocka_unit_test(a_mebibyte_of_empty_messages),
        cmocka_unit_test(packed_elements_count_as_fields),
        cmocka_unit_test(unknown_fields_are_few_in_total),
        cmocka_unit_test(depth_bombs),
        cmocka_unit_test(protobuf_c_takes_what_passes),
        cmocka_unit_test(random_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, samples_open, samples_close);
}
