/* Control frames: the input is a frame. What decodes says the same as protobuf-c reads, encodes,
 * and decodes to the same again. */
#include "fuzz/fuzz.h"

#include "core/wire/control.h"
#include "core/wire/prescan.h"

#include "kabar/v1/control.pb-c.h"

static const ProtobufCMessageDescriptor *message_of(int kind)
{
    static const ProtobufCMessageDescriptor *const messages[] = {
        [FRAME_RESUME] = &kabar__v1__resume__descriptor,
        [FRAME_RESUMED] = &kabar__v1__resumed__descriptor,
        [FRAME_ACK] = &kabar__v1__ack__descriptor,
        [FRAME_RECEIPT] = &kabar__v1__ack__descriptor,
        [FRAME_DENIED] = &kabar__v1__denied__descriptor,
        [FRAME_GAP] = &kabar__v1__gap__descriptor,
        [FRAME_KEEP_ALIVE] = &kabar__v1__keep_alive__descriptor,
        [FRAME_COME_BACK] = &kabar__v1__come_back__descriptor,
        [FRAME_BYE] = &kabar__v1__bye__descriptor,
        [FRAME_WANT] = &kabar__v1__want__descriptor,
        [FRAME_PART] = &kabar__v1__part__descriptor,
        [FRAME_MISSING] = &kabar__v1__missing__descriptor,
    };
    return kind >= 0 && (size_t)kind < sizeof messages / sizeof messages[0] ? messages[kind] : NULL;
}

const ProtobufCMessageDescriptor *fuzz_message_at(const uint8_t *data, size_t size, size_t *ret_at)
{
    *ret_at = 2;
    return size < 2 ? NULL : message_of(data[1]);
}

static void check_limits(const struct control *control)
{
    switch ((int)control->kind) {
    case FRAME_RESUME:
        CHECK(control->as.resume.log_count <= LOGS_MAX, "a RESUME names few logs");
        CHECK(texts_sound(&control->as.resume.software, 1, NAME_BYTES_MAX), "software is text");
        break;
    case FRAME_RESUMED:
        CHECK(control->as.resumed.cursor_count <= LOGS_MAX, "a RESUMED names few cursors");
        break;
    case FRAME_ACK:
    case FRAME_RECEIPT:
        CHECK(control->as.ack.has_signature == (control->kind == FRAME_RECEIPT),
              "a receipt is signed and an ack is not");
        break;
    case FRAME_DENIED:
        CHECK(texts_sound(&control->as.denied.text, 1, SHORT_TEXT_BYTES_MAX), "text is text");
        CHECK(strcmp(denied_code_name(control->as.denied.code), "unknown") != 0, "a known code");
        break;
    case FRAME_WANT:
        CHECK(control->as.want.count >= 1 && control->as.want.count <= OBJECT_RANGES_MAX,
              "a WANT has 1 to 64 ranges");
        break;
    case FRAME_PART:
        CHECK(control->as.part.data.len >= 1 && control->as.part.data.len <= OBJECT_BLOCK_BYTES,
              "a PART has data, and not above a block");
        break;
    default:
        break;
    }
}

/* Fields that a frame may have and our structs do not: SPEC 6. */
static const char *const not_read[] = {"codecs", "dictionaries", "reason", NULL};

static void check_again(const struct control *control, struct bytes frame)
{
    static uint8_t encoded[FRAME_BYTES_MAX]; /* a PART may be above CONTROL_BYTES_MAX */
    static uint8_t twice[FRAME_BYTES_MAX];
    size_t len = 0;
    size_t len_twice = 0;
    struct control again;
    struct err_ctx err = {""};
    CHECK(control_encode(control, encoded, sizeof encoded, &len, &err) == 0, "decoded, so encodes");
    CHECK(len <= frame.len, "the canonical bytes are the shortest");
    struct bytes ours = bytes_of(encoded, len);
    CHECK(control_decode(ours, fuzz_arena_other(), &again, &err) == 0, "encoded, so decodes");
    CHECK(control_encode(&again, twice, sizeof twice, &len_twice, &err) == 0, "and encodes again");
    CHECK(bytes_equal(ours, bytes_of(twice, len_twice)), "encoding has one outcome");
    struct arena *arena = fuzz_arena_other();
    const ProtobufCMessage *theirs =
        fuzz_unpack(message_of((int)control->kind), bytes_of(frame.data + 2, frame.len - 2), arena);
    const ProtobufCMessage *written =
        fuzz_unpack(message_of((int)control->kind), bytes_of(encoded + 2, len - 2), arena);
    CHECK(theirs != NULL && written != NULL, "protobuf-c reads both");
    CHECK(fuzz_same_message(theirs, written, not_read), "nothing is lost or changed on the way");
    CHECK(control_encode(control, encoded, len - 1, &len, &err) < 0, "no byte too many is written");
}

/* Once: what no frame that arrives can be, and what no struct may be that goes out. */
static void check_edges(void)
{
    static const uint8_t big[FRAME_BYTES_MAX + 1] = {FRAME_VERSION, FRAME_BYE};
    static uint8_t to[CONTROL_BYTES_MAX];
    static bool done;
    struct control control = {.kind = FRAME_SPAN};
    struct err_ctx err = {""};
    size_t len = 0;
    if (done) {
        return;
    }
    CHECK(frame_kind_of(bytes_of(big, sizeof big), &err) == ERR_LIMIT, "a frame has a limit");
    CHECK(control_encode(&control, to, sizeof to, &len, &err) == ERR_FORMAT,
          "a span is no control");
    control = (struct control){.kind = FRAME_RESUME, .as.resume = {.log_count = LOGS_MAX + 1}};
    CHECK(control_encode(&control, to, sizeof to, &len, &err) == ERR_LIMIT, "too many logs");
    control.as.resume.log_count = 1; /* of lane 0 */
    CHECK(control_encode(&control, to, sizeof to, &len, &err) == ERR_VALUE, "no such lane");
    control = (struct control){.kind = FRAME_BYE};
    CHECK(control_encode(&control, to, 1, &len, &err) == ERR_LIMIT, "no room");
    CHECK(strcmp(denied_code_name((enum denied_code)99), "unknown") == 0, "names of codes");
    done = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes frame = bytes_of(data, size);
    struct err_ctx err = {""};
    check_edges();
    int kind = frame_kind_of(frame, &err);
    if (kind < 0) {
        check_refused(kind, &err);
    }
    CHECK(frame_kind_name(kind) != NULL, "every kind has a name");
    struct control control;
    int rc = control_decode(frame, fuzz_arena(), &control, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        return 0;
    }
    CHECK(kind == (int)control.kind && message_of(kind) != NULL, "it is of the kind it says");
    CHECK(size <= CONTROL_BYTES_MAX || kind == FRAME_PART,
          "no control frame is longer than the limit");
    check_limits(&control);
    check_again(&control, frame);
    return 0;
}
