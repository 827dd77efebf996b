/* Bodies of entries and the messages of trust files: byte 0 says which, the rest is the message.
 *
 * What decodes says the same as protobuf-c reads, is within its limits, encodes, and decodes to the
 * same again. */
#include "fuzz/fuzz.h"

#include "core/rules/report_check.h"
#include "core/wire/trust_file.h"

#include <string.h>

union any {
    struct genesis genesis;
    struct report report;
    struct zero_report zero_report;
    struct rung rung;
    struct document document;
    struct signed_document signed_document;
    struct status status;
    struct refusal refusal;
    struct enrolment enrolment;
    struct revocation revocation;
    struct placement placement;
    struct act act;
    struct rejected rejected;
    struct ring ring;
    struct signed_ring signed_ring;
    struct enrol_request enrol_request;
    struct signed_request signed_request;
    struct province_card province_card;
    struct returned returned;
};

struct codec {
    uint16_t kind; /* 0: no entry */
    int (*decode)(struct bytes body, struct arena *arena, union any *ret, struct err_ctx *err);
    int (*encode)(const union any *value, uint8_t *ret, size_t capacity_max, size_t *ret_len,
                  struct err_ctx *err);
};

#define CODEC(type)                                                                                \
    static int decode_##type(struct bytes body, struct arena *arena, union any *ret,               \
                             struct err_ctx *err)                                                  \
    {                                                                                              \
        return type##_decode(body, arena, &ret->type, err);                                        \
    }                                                                                              \
    static int encode_##type(const union any *value, uint8_t *ret, size_t capacity_max,            \
                             size_t *ret_len, struct err_ctx *err)                                 \
    {                                                                                              \
        return type##_encode(&value->type, ret, capacity_max, ret_len, err);                       \
    }                                                                                              \
    _Static_assert(sizeof(struct type) > 0, "a struct with members")
CODEC(genesis);
CODEC(report);
CODEC(zero_report);
CODEC(rung);
CODEC(document);
CODEC(signed_document);
CODEC(status);
CODEC(refusal);
CODEC(enrolment);
CODEC(revocation);
CODEC(placement);
CODEC(act);
CODEC(rejected);
CODEC(ring);
CODEC(signed_ring);
CODEC(enrol_request);
CODEC(signed_request);
CODEC(province_card);
CODEC(returned);

/* In the order of fuzz_message. */
#define ROW(number, type)                                                                          \
    {                                                                                              \
        number, decode_##type, encode_##type                                                       \
    }
static const struct codec codecs[] = {
    ROW(ENTRY_GENESIS, genesis),
    ROW(ENTRY_REPORT, report),
    ROW(ENTRY_ZERO, zero_report),
    ROW(ENTRY_RUNG, rung),
    ROW(0, document),
    ROW(ENTRY_DOCUMENT, signed_document),
    ROW(ENTRY_STATUS, status),
    ROW(ENTRY_REFUSAL, refusal),
    ROW(ENTRY_ENROLMENT, enrolment),
    ROW(ENTRY_REVOCATION, revocation),
    ROW(ENTRY_PLACEMENT, placement),
    ROW(ENTRY_ACT, act),
    ROW(ENTRY_REJECTED, rejected),
    ROW(0, ring),
    ROW(ENTRY_RING, signed_ring),
    ROW(0, enrol_request),
    ROW(0, signed_request),
    ROW(0, province_card),
    ROW(ENTRY_RETURNED, returned),
};
#define CODEC_COUNT (sizeof codecs / sizeof codecs[0])
#define CARD (CODEC_COUNT - 2)
#define MESSAGE_BYTES_MAX (2 * ENTRY_BYTES_MAX)

const ProtobufCMessageDescriptor *fuzz_message_at(const uint8_t *data, size_t size, size_t *ret_at)
{
    *ret_at = 1;
    return size < 1 ? NULL : fuzz_message(data[0] % CODEC_COUNT);
}

/* "only the signature of an enrolment or revocation may be zeros, and is left out then" */
static bool to_be_signed(const struct codec *codec, const union any *value)
{
    static const struct signature zeros;
    const struct signature *signature = codec->kind == ENTRY_ENROLMENT ? &value->enrolment.signature
                                        : codec->kind == ENTRY_REVOCATION
                                            ? &value->revocation.signature
                                            : NULL;
    return signature != NULL && memcmp(signature, &zeros, sizeof zeros) == 0;
}

static void check_written(size_t which, struct bytes body, struct bytes ours)
{
    struct arena *arena = fuzz_arena_other();
    const ProtobufCMessage *theirs = fuzz_unpack(fuzz_message(which), body, arena);
    CHECK(theirs != NULL, "protobuf-c reads what we read");
    const ProtobufCMessage *written = fuzz_unpack(fuzz_message(which), ours, fuzz_arena());
    CHECK(written != NULL, "protobuf-c reads what we wrote");
    CHECK(fuzz_same_message(theirs, written, NULL), "nothing is lost or changed on the way");
}

static void check_again(size_t which, const union any *value, struct bytes body)
{
    static uint8_t encoded[MESSAGE_BYTES_MAX];
    static uint8_t twice[MESSAGE_BYTES_MAX];
    static union any again;
    const struct codec *codec = &codecs[which];
    size_t len = 0;
    size_t len_twice = 0;
    struct err_ctx err = {""};
    int rc = codec->encode(value, encoded, sizeof encoded, &len, &err);
    if (rc == ERR_LIMIT && which == CARD) {
        return; /* a card's ring is unpacked again to be written, in less room than for reading */
    }
    CHECK(rc == 0, "decoded, so encodes");
    CHECK(len <= body.len, "the canonical bytes are the shortest");
    if (to_be_signed(codec, value)) {
        return;
    }
    struct bytes ours = bytes_of(encoded, len);
    CHECK(codec->decode(ours, fuzz_arena_other(), &again, &err) == 0, "encoded, so decodes");
    CHECK(codec->encode(&again, twice, sizeof twice, &len_twice, &err) == 0, "and encodes again");
    CHECK(bytes_equal(ours, bytes_of(twice, len_twice)), "encoding has one outcome");
    CHECK(len == 0 || codec->encode(value, twice, len - 1, &len_twice, &err) == ERR_LIMIT,
          "no byte too many is written");
    check_written(which, body, ours);
}

static void check_report(const struct report *report)
{
    CHECK(report->subject_count <= SUBJECTS_MAX, "few subjects");
    CHECK(report->evidence_count <= EVIDENCE_MAX, "few pieces of evidence");
    CHECK(report->channel > 0 && report->channel < CHANNEL_COUNT, "a known channel");
    const struct bytes names[] = {report->regency, report->form, report->entered_by};
    const struct bytes short_texts[] = {report->place, report->candidate, report->external_ref};
    CHECK(texts_sound(names, 3, NAME_BYTES_MAX), "names are text");
    CHECK(texts_sound(short_texts, 3, SHORT_TEXT_BYTES_MAX), "short texts are text");
    CHECK(texts_sound(&report->key, 1, KEY_BYTES_MAX), "a key is text");
    CHECK(texts_sound(&report->url, 1, URL_BYTES_MAX), "a link is text");
    CHECK(texts_sound(&report->description, 1, TEXT_BYTES_MAX), "a description is text");
    struct field_error error = {"", ""};
    int rc = report_check(report, &report_codes_builtin, report->regency, INT32_MAX, &error);
    CHECK(rc == 0 || error.reason[0] != '\0', "a refused report is told why");
    CHECK(texts_sound(&(struct bytes){(uint8_t *)error.field, strlen(error.field)}, 1, 63),
          "a field's path is text");
}

static void check_names(const struct codec *codec, const union any *value)
{
    CHECK(codec->kind == 0 || strcmp(entry_kind_name(codec->kind), "unknown") != 0, "kinds");
    switch ((int)codec->kind) {
    case ENTRY_GENESIS:
        CHECK(strcmp(lane_name(value->genesis.lane), "unknown") != 0, "lanes have names");
        break;
    case ENTRY_RUNG:
        CHECK(strcmp(rung_name(value->rung.rung), "unknown") != 0, "rungs have names");
        break;
    case ENTRY_PLACEMENT:
        CHECK(strcmp(placement_outcome_name(value->placement.outcome), "unknown") != 0, "outcomes");
        CHECK(value->placement.field_count <= PLACEMENT_FIELDS_MAX, "few fields");
        CHECK(value->placement.candidate_count <= PLACEMENT_CANDIDATES_MAX, "few candidates");
        break;
    case ENTRY_DOCUMENT:
        CHECK(value->signed_document.signature_count <= SIGNATURES_MAX, "few signatures");
        break;
    case ENTRY_ACT:
        CHECK((value->act.type >= ACT_PROPOSE && value->act.type <= ACT_ADVANCE) ||
                  (value->act.type >= ACT_ASSIGN && value->act.type <= ACT_LOOK),
              "an act is one");
        break;
    default:
        break;
    }
}

/* Once: a message over its limit is refused before it is looked at. */
static void check_too_long(void)
{
    static const uint8_t zeros[MESSAGE_BYTES_MAX + 1];
    static union any value;
    static bool done;
    struct err_ctx err = {""};
    for (size_t i = 0; !done && i < CODEC_COUNT; i++) {
        int rc = codecs[i].decode(bytes_of(zeros, sizeof zeros), fuzz_arena(), &value, &err);
        CHECK(rc == ERR_LIMIT, "no message over its limit");
    }
    done = true;
}

#define LITTLE_BYTES 65536u
#define LITTLE_ALIGN 16u

/* With less memory than it needs, a message is refused for that; with as much as it needs it is
 * not. */
static void check_little_memory(const struct codec *codec, struct bytes body, size_t need)
{
    static struct arena *arena;
    static union any value;
    struct err_ctx err = {""};
    need = (need + LITTLE_ALIGN - 1) / LITTLE_ALIGN * LITTLE_ALIGN;
    arena = arena != NULL ? arena : arena_new(LITTLE_BYTES);
    CHECK(arena != NULL, "there is memory");
    for (size_t part = need; part > 0 && need < LITTLE_BYTES; part = part / 32 * LITTLE_ALIGN) {
        for (size_t less = 0; less <= LITTLE_ALIGN; less += LITTLE_ALIGN) {
            arena_reset(arena);
            CHECK(arena_alloc(arena, LITTLE_BYTES - (part - less)) != NULL, "all but that");
            int rc = codec->decode(body, arena, &value, &err);
            CHECK(rc == (part == need && less == 0 ? 0 : ERR_LIMIT), "what lacks is memory");
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static union any value;
    struct bytes body = bytes_of(data, size);
    uint8_t choice = take_u8(&body);
    size_t which = choice % CODEC_COUNT;
    unsigned option = choice / (unsigned)CODEC_COUNT % 2; /* what costs time is not always done */
    const struct codec *codec = &codecs[which];
    struct err_ctx err = {""};
    check_too_long();
    struct arena *arena = fuzz_arena();
    int rc = codec->decode(body, arena, &value, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        return 0;
    }
    CHECK(body.len <= (which == CARD ? MESSAGE_BYTES_MAX : ENTRY_BYTES_MAX), "not over its limit");
    check_names(codec, &value);
    if (codec->kind == ENTRY_REPORT) {
        check_report(&value.report);
    }
    if (option == 1) {
        check_little_memory(codec, body, arena_used(arena));
    }
    check_again(which, &value, body);
    return 0;
}
