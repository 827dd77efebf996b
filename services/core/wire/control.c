#include "core/wire/control.h"

#include "core/wire/message_map.h"

#include "kabar/v1/control.pb-c.h"

#define FRAME_KIND_BYTES 2u       /* version, kind */
#define PART_OVERHEAD_BYTES 1024u /* of a PART around its data, with fields that we do not know */

static const char *const kind_names[] = {
    [FRAME_RESUME] = "resume",
    [FRAME_RESUMED] = "resumed",
    [FRAME_SPAN] = "span",
    [FRAME_ACK] = "ack",
    [FRAME_RECEIPT] = "receipt",
    [FRAME_DENIED] = "denied",
    [FRAME_GAP] = "gap",
    [FRAME_KEEP_ALIVE] = "keep_alive",
    [FRAME_COME_BACK] = "come_back",
    [FRAME_BYE] = "bye",
    [FRAME_WANT] = "want",
    [FRAME_PART] = "part",
    [FRAME_MISSING] = "missing",
};
#define KIND_COUNT (int)(sizeof kind_names / sizeof kind_names[0])

const char *frame_kind_name(int kind)
{
    return kind > 0 && kind < KIND_COUNT ? kind_names[kind] : "unknown";
}

const char *denied_code_name(enum denied_code code)
{
    static const char *const names[] = {
        [DENIED_REVOKED] = "revoked",       [DENIED_UNKNOWN_KEY] = "unknown_key",
        [DENIED_CLONE] = "clone",           [DENIED_FORK] = "fork",
        [DENIED_NO_SESSION] = "no_session", [DENIED_WRONG_LOG] = "wrong_log",
        [DENIED_VERSION] = "version",
    };
    unsigned number = (unsigned)code;
    return number > 0 && number < sizeof names / sizeof names[0] ? names[number] : "unknown";
}

/* ---- session ---- */
static int log_position_has_lane(const void *value, struct err_ctx *err)
{
    const struct log_position *position = value;
    return position->lane >= 1 && position->lane <= 4
               ? 0
               : err_set(err, ERR_VALUE, "lane has the unknown value %u", position->lane);
}

static const struct field_map log_position_rows[] = {
    FIXED(1, struct log_position, incarnation.b, FIELD_MANDATORY),
    NUMBER(2, struct log_position, lane),
    NUMBER(3, struct log_position, acked),
    NUMBER(4, struct log_position, last),
    NUMBER(5, struct log_position, oldest_ms),
};
static const struct message_map log_position_map =
    MAP(log_position, log_position_rows, struct log_position, 0, log_position_has_lane);

static const struct field_map resume_rows[] = {
    FIXED(1, struct resume, pair.prev, FIELD_MANDATORY),
    FIXED(2, struct resume, pair.next, FIELD_MANDATORY),
    FIXED(3, struct resume, aggregator.b, FIELD_ZERO_IS_ABSENT),
    NUMBER(4, struct resume, enrolment),
    MESSAGES(5, struct resume, logs, log_count, LOGS_MAX, 0, struct log_position,
             &log_position_map),
    FIXED(6, struct resume, office.b, FIELD_ZERO_IS_ABSENT),
    NUMBER(7, struct resume, office_seq),
    FIXED(8, struct resume, office_h.b, FIELD_ZERO_IS_ABSENT),
    NUMBER(9, struct resume, credit_bytes),
    NUMBER(10, struct resume, clock_ms),
    TEXT(13, struct resume, software, NAME_BYTES_MAX, 0),
    NUMBER(14, struct resume, keep_alive_s),
    FLAG(15, struct resume, successor),
};

/* ---- ack and receipt: the same message, and the signature tells them apart ---- */
static const struct field_map ack_rows[] = {
    FIXED(1, struct ack, id.incarnation.b, FIELD_MANDATORY),
    NUMBER(2, struct ack, id.seq),
    FIXED(3, struct ack, h.b, FIELD_MANDATORY),
    FIXED(4, struct ack, aggregator.b, FIELD_MANDATORY),
    NUMBER(5, struct ack, backed_up_to),
    NUMBER(6, struct ack, credit_bytes),
    {
        .number = 7,
        .kind = FIELD_FIXED,
        .offset = offsetof(struct ack, signature.b),
        .has = offsetof(struct ack, has_signature),
        .size = SIGNATURE_BYTES,
    },
};
static const struct message_map ack_map = MAP(ack, ack_rows, struct ack, 0, NULL);

static const struct field_map resumed_rows[] = {
    CHOICE(1, struct resumed, old),
    FIXED(2, struct resumed, next, FIELD_MANDATORY),
    FIXED(3, struct resumed, aggregator.b, FIELD_MANDATORY),
    MESSAGES(4, struct resumed, cursors, cursor_count, LOGS_MAX, 0, struct ack, &ack_map),
    NUMBER(5, struct resumed, clock_ms),
    FIXED(8, struct resumed, office.b, FIELD_ZERO_IS_ABSENT),
};

/* ---- the others ---- */
static const struct field_map denied_rows[] = {
    CODE(1, struct denied, code, FIELD_MANDATORY),
    TEXT(2, struct denied, text, SHORT_TEXT_BYTES_MAX, 0),
    NUMBER(3, struct denied, retry_s),
};
static const struct field_map gap_rows[] = {
    FIXED(1, struct gap, have.incarnation.b, FIELD_MANDATORY),
    NUMBER(2, struct gap, have.seq),
    FIXED(3, struct gap, h.b, FIELD_MANDATORY),
};
static const struct field_map keep_alive_rows[] = {
    NUMBER(1, struct keep_alive, backlog),
    NUMBER(2, struct keep_alive, oldest_ms),
    NUMBER(3, struct keep_alive, clock_ms),
    FLAG(4, struct keep_alive, answer),
};
static const struct field_map come_back_rows[] = {NUMBER(1, struct come_back, retry_s)};

/* ---- objects ---- */
static int range_is_one(const void *value, struct err_ctx *err)
{
    const struct object_range *range = value;
    return range->length > 0 ? 0 : err_set(err, ERR_VALUE, "length is 0");
}

static int want_has_ranges(const void *value, struct err_ctx *err)
{
    const struct want *want = value;
    return want->count > 0 ? 0 : err_set(err, ERR_FORMAT, "Want: ranges are missing");
}

static const struct field_map range_rows[] = {
    NUMBER(1, struct object_range, offset),
    NUMBER(2, struct object_range, length),
};
static const struct message_map range_map =
    MAP(range, range_rows, struct object_range, 0, range_is_one);
static const struct field_map want_rows[] = {
    FIXED(1, struct want, hash.b, FIELD_MANDATORY),
    MESSAGES(2, struct want, ranges, count, OBJECT_RANGES_MAX, 0, struct object_range, &range_map),
};
static const struct field_map part_rows[] = {
    FIXED(1, struct object_part, hash.b, FIELD_MANDATORY),
    NUMBER(2, struct object_part, offset),
    BLOB(3, struct object_part, data, OBJECT_BLOCK_BYTES, FIELD_MANDATORY),
};
static const struct field_map missing_rows[] = {
    FIXED(1, struct missing, hash.b, FIELD_MANDATORY),
};

/* The reason of a BYE is for those who read frames, not for programs. */
static const struct message_map bye_map = {
    .descriptor = &kabar__v1__bye__descriptor,
    .bytes_max = CONTROL_BYTES_MAX - FRAME_KIND_BYTES,
};

/* CONTROL_BYTES_MAX is of the whole frame. */
#define FRAME_MAP(message, type)                                                                   \
    MAP(message, message##_rows, type, CONTROL_BYTES_MAX - FRAME_KIND_BYTES, NULL)
static const struct message_map resume_map = FRAME_MAP(resume, struct resume);
static const struct message_map resumed_map = FRAME_MAP(resumed, struct resumed);
static const struct message_map ack_frame_map = FRAME_MAP(ack, struct ack);
static const struct message_map denied_map = FRAME_MAP(denied, struct denied);
static const struct message_map gap_map = FRAME_MAP(gap, struct gap);
static const struct message_map keep_alive_map = FRAME_MAP(keep_alive, struct keep_alive);
static const struct message_map come_back_map = FRAME_MAP(come_back, struct come_back);

static const struct message_map missing_map = FRAME_MAP(missing, struct missing);
static const struct message_map want_map =
    MAP(want, want_rows, struct want, CONTROL_BYTES_MAX - FRAME_KIND_BYTES, want_has_ranges);
static const struct message_map part_map =
    MAP(part, part_rows, struct object_part, OBJECT_BLOCK_BYTES + PART_OVERHEAD_BYTES, NULL);

static const struct message_map *map_of(enum frame_kind kind)
{
    switch (kind) {
    case FRAME_RESUME:
        return &resume_map;
    case FRAME_RESUMED:
        return &resumed_map;
    case FRAME_ACK:
    case FRAME_RECEIPT:
        return &ack_frame_map;
    case FRAME_DENIED:
        return &denied_map;
    case FRAME_GAP:
        return &gap_map;
    case FRAME_KEEP_ALIVE:
        return &keep_alive_map;
    case FRAME_COME_BACK:
        return &come_back_map;
    case FRAME_BYE:
        return &bye_map;
    case FRAME_WANT:
        return &want_map;
    case FRAME_PART:
        return &part_map;
    case FRAME_MISSING:
        return &missing_map;
    case FRAME_SPAN:
    default:
        return NULL;
    }
}

/* A receipt is signed, an ack is not: neither may pass for the other. */
static int check_signature(const struct control *control, struct err_ctx *err)
{
    if (control->kind == FRAME_RECEIPT && !control->as.ack.has_signature) {
        return err_set(err, ERR_FORMAT, "Receipt: signature is missing");
    }
    if (control->kind == FRAME_ACK && control->as.ack.has_signature) {
        return err_set(err, ERR_FORMAT, "Ack: signature is not allowed here");
    }
    return 0;
}

int frame_kind_of(struct bytes frame, struct err_ctx *err)
{
    if (frame.len < FRAME_KIND_BYTES) {
        return err_set(err, ERR_FORMAT, "frame of %zu bytes", frame.len);
    }
    if (frame.len > FRAME_BYTES_MAX) {
        return err_set(err, ERR_LIMIT, "frame of %zu bytes, more than %u", frame.len,
                       FRAME_BYTES_MAX);
    }
    if (frame.data[0] != FRAME_VERSION) {
        return err_set(err, ERR_VERSION, "frame of version %u", frame.data[0]);
    }
    int kind = frame.data[1];
    return kind > 0 && kind < KIND_COUNT ? kind
                                         : err_set(err, ERR_FORMAT, "frame of kind %d", kind);
}

int control_decode(struct bytes frame, struct arena *arena, struct control *ret,
                   struct err_ctx *err)
{
    int kind = frame_kind_of(frame, err);
    if (kind < 0) {
        return kind;
    }
    const struct message_map *map = map_of((enum frame_kind)kind);
    if (map == NULL) {
        return err_set(err, ERR_FORMAT, "%s is no control frame", frame_kind_name(kind));
    }
    struct control control = {.kind = (enum frame_kind)kind};
    struct bytes message = bytes_of(frame.data + FRAME_KIND_BYTES, frame.len - FRAME_KIND_BYTES);
    int rc = message_decode(map, message, arena, &control.as, err);
    rc = rc != 0 ? rc : check_signature(&control, err);
    if (rc == 0) {
        *ret = control;
    }
    return rc;
}

int control_encode(const struct control *control, uint8_t *ret, size_t capacity_max,
                   size_t *ret_len, struct err_ctx *err)
{
    const struct message_map *map = map_of(control->kind);
    if (map == NULL) {
        return err_set(err, ERR_FORMAT, "%s is no control frame",
                       frame_kind_name((int)control->kind));
    }
    int rc = check_signature(control, err);
    if (rc == 0 && capacity_max < FRAME_KIND_BYTES) {
        rc = err_set(err, ERR_LIMIT, "no room for a frame");
    }
    size_t len = 0;
    if (rc == 0) {
        rc = message_encode(map, &control->as, ret + FRAME_KIND_BYTES,
                            capacity_max - FRAME_KIND_BYTES, &len, err);
    }
    if (rc == 0) {
        ret[0] = FRAME_VERSION;
        ret[1] = (uint8_t)control->kind;
        *ret_len = FRAME_KIND_BYTES + len;
    }
    return rc;
}
