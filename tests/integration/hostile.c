/* hostile FOLDER ENDPOINT MODE - an enrolled key in the hands of somebody who means no good.
 *
 * Speaks to a real aggregator with the keys and the card of a node's folder, does what MODE says,
 * and prints what comes back. Exit 0 when the answer is the one the protocol promises, 1 when it
 * did not come in time, 2 for a mistake of our own.
 */
#include "integration/hostile_frames.h"

#include <sodium.h>
#include <zmq.h>
#include <zstd.h>

#define WAIT_MS 30000

struct line {
    struct identity identity;
    const char *endpoint;
    void *context, *socket, *monitor;
    struct arena *arena;
    struct span_decoder *decoder;
    struct incarnation met; /* which aggregator we say we met */
    bool successor;
};

/* ---- connecting and sending ---- */

static void dial(struct line *line)
{
    int off = -1;
    int linger = 0;
    int handshake_ms = 5000;
    const struct identity *own = &line->identity;
    line->socket = zmq_socket(line->context, ZMQ_DEALER);
    (void)zmq_setsockopt(line->socket, ZMQ_RECONNECT_IVL, &off, sizeof off);
    (void)zmq_setsockopt(line->socket, ZMQ_LINGER, &linger, sizeof linger);
    (void)zmq_setsockopt(line->socket, ZMQ_HANDSHAKE_IVL, &handshake_ms, sizeof handshake_ms);
    (void)zmq_setsockopt(line->socket, ZMQ_CURVE_SERVERKEY, own->ring.curve_key.b, KEY_BYTES);
    (void)zmq_setsockopt(line->socket, ZMQ_CURVE_PUBLICKEY, own->curve_public.b, KEY_BYTES);
    (void)zmq_setsockopt(line->socket, ZMQ_CURVE_SECRETKEY, own->curve_secret, KEY_BYTES);
    (void)zmq_socket_monitor(
        line->socket, "inproc://hostile-monitor",
        ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
            ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
    line->monitor = zmq_socket(line->context, ZMQ_PAIR);
    (void)zmq_setsockopt(line->monitor, ZMQ_LINGER, &linger, sizeof linger);
    (void)zmq_connect(line->monitor, "inproc://hostile-monitor");
    (void)zmq_connect(line->socket, line->endpoint);
}

static void send_frame(struct line *line, struct bytes frame)
{
    if (zmq_send(line->socket, frame.data, frame.len, 0) < 0) {
        (void)printf("send: %s\n", zmq_strerror(zmq_errno()));
    }
}

static void send_control(struct line *line, const struct control *control)
{
    static uint8_t frame[CONTROL_BYTES_MAX];
    size_t len = 0;
    if (control_encode(control, frame, sizeof frame, &len, NULL) != 0) {
        (void)fprintf(stderr, "hostile: control frame\n");
        exit(2);
    }
    send_frame(line, bytes_of(frame, len));
}

static void send_resume(struct line *line, uint64_t enrolment)
{
    struct control control = {.kind = FRAME_RESUME};
    struct resume *resume = &control.as.resume;
    resume->enrolment = enrolment;
    resume->office = line->identity.card.office;
    resume->aggregator = line->met;
    resume->credit_bytes = 1048576;
    resume->successor = line->successor;
    resume->software = bytes_of_text("hostile");
    randombytes_buf(&resume->pair, sizeof resume->pair);
    send_control(line, &control);
}

static void send_keep_alive(struct line *line)
{
    struct control control = {.kind = FRAME_KEEP_ALIVE};
    send_control(line, &control);
}

/* ---- what comes back ---- */

static void name_entries(struct line *line, struct bytes frame, char *ret, size_t capacity)
{
    struct span_header header;
    struct bytes payload;
    struct span_entry *entries = NULL;
    int len = snprintf(ret, capacity, "office");
    if (span_header_decode(frame, &header, &payload, NULL) != 0 ||
        span_entries_decode(line->decoder, &header, payload, line->arena, &entries, NULL) != 0) {
        return;
    }
    for (uint32_t i = 0; i < header.count && len > 0 && (size_t)len < capacity; i++) {
        struct refusal refusal;
        bool refused = entries[i].kind == ENTRY_REFUSAL &&
                       refusal_decode(entries[i].body, line->arena, &refusal, NULL) == 0;
        len += refused ? snprintf(ret + len, capacity - (size_t)len, " refusal-of-%llu-%.*s",
                                  (unsigned long long)refusal.entry.seq, (int)refusal.code.len,
                                  (const char *)refusal.code.data)
                       : snprintf(ret + len, capacity - (size_t)len, " %s",
                                  entry_kind_name(entries[i].kind));
    }
}

static void name_frame(struct line *line, struct bytes frame, char *ret, size_t capacity)
{
    struct control control;
    int kind = frame_kind_of(frame, NULL);
    arena_reset(line->arena);
    if (kind == FRAME_SPAN) {
        name_entries(line, frame, ret, capacity);
    } else if (control_decode(frame, line->arena, &control, NULL) != 0) {
        (void)snprintf(ret, capacity, "unreadable");
    } else if (kind == FRAME_DENIED) {
        (void)snprintf(ret, capacity, "denied %s", denied_code_name(control.as.denied.code));
    } else if (kind == FRAME_ACK) {
        (void)snprintf(ret, capacity, "ack %llu", (unsigned long long)control.as.ack.id.seq);
    } else {
        (void)snprintf(ret, capacity, "%s", frame_kind_name(kind));
    }
}

/* One message of the socket, named; false when nothing came. */
static bool next_answer(struct line *line, char *ret, size_t capacity)
{
    static uint8_t frame[FRAME_BYTES_MAX];
    zmq_pollitem_t items[] = {{.socket = line->socket, .events = ZMQ_POLLIN},
                              {.socket = line->monitor, .events = ZMQ_POLLIN}};
    if (zmq_poll(items, 2, WAIT_MS) <= 0) {
        return false;
    }
    if (items[0].revents != 0) {
        int len = zmq_recv(line->socket, frame, sizeof frame, 0);
        name_frame(line, bytes_of(frame, len < 0 ? 0 : (size_t)len), ret, capacity);
        return true;
    }
    (void)zmq_recv(line->monitor, frame, sizeof frame, 0);
    (void)zmq_recv(line->monitor, frame, sizeof frame, 0);
    (void)snprintf(ret, capacity, "disconnected");
    return true;
}

/* Answers until one begins with `wanted`; one that begins with `never` is wrong. */
static bool expect_but(struct line *line, const char *wanted, const char *never)
{
    char text[4096] = "";
    while (next_answer(line, text, sizeof text)) {
        (void)printf("%s\n", text);
        if (strncmp(text, wanted, strlen(wanted)) == 0) {
            return true;
        }
        if (never != NULL && strncmp(text, never, strlen(never)) == 0) {
            return false;
        }
    }
    (void)printf("no answer \"%s\"\n", wanted);
    return false;
}

static bool expect(struct line *line, const char *wanted)
{
    return expect_but(line, wanted, NULL);
}

static bool begin(struct line *line)
{
    send_resume(line, line->identity.card.enrolment);
    return expect(line, "resumed");
}

/* Spoilt frames are ignored: the connection lives on, and nothing of them is acknowledged. */
static bool ignored(struct line *line)
{
    send_keep_alive(line);
    return expect_but(line, "keep_alive", "ack");
}

/* ---- modes ---- */

static struct draft draft;

/* A genesis and one zero report of our own regency. */
static void own_log(struct line *line, enum lane lane)
{
    draft_init(&draft, &line->identity);
    draft_genesis(&draft, lane, line->identity.card.regency, &line->identity.sign_public);
    draft_zero(&draft, "16.71", 19000);
}

static uint8_t *spoilt(struct bytes frame)
{
    static uint8_t copy[FRAME_BYTES_MAX];
    memcpy(copy, frame.data, frame.len);
    return copy;
}

static bool wrong_regency(struct line *line)
{
    draft_init(&draft, &line->identity);
    draft_genesis(&draft, LANE_ROUTINE, bytes_of_text("16.03"), &line->identity.sign_public);
    draft_zero(&draft, "16.03", 19000);
    bool resumed = begin(line);
    send_frame(line, draft_frame(&draft));
    return resumed && expect_but(line, "denied wrong_log", "ack");
}

static bool wrong_enrolment(struct line *line)
{
    send_resume(line, line->identity.card.enrolment + 1);
    return expect_but(line, "denied wrong_log", "resumed");
}

static bool wrong_signer(struct line *line)
{
    struct key other = line->identity.ring.log_key;
    draft_init(&draft, &line->identity);
    draft_genesis(&draft, LANE_ROUTINE, line->identity.card.regency, &other);
    bool resumed = begin(line);
    send_frame(line, draft_frame(&draft));
    return resumed && expect_but(line, "denied wrong_log", "ack");
}

static bool span_first(struct line *line)
{
    own_log(line, LANE_ROUTINE);
    send_frame(line, draft_frame(&draft));
    return expect_but(line, "denied no_session", "ack");
}

static bool clone(struct line *line)
{
    line->met = line->identity.card.aggregator;
    send_resume(line, line->identity.card.enrolment);
    return expect_but(line, "denied clone", "resumed");
}

/* Noise, an empty frame, and kinds that nobody sends. */
static bool garbage(struct line *line)
{
    uint8_t noise[1024];
    bool resumed = begin(line);
    for (uint8_t i = 0; i < 50; i++) {
        randombytes_buf(noise, sizeof noise);
        noise[0] = FRAME_VERSION;
        memset(noise + 2, 0, 6); /* a span's codec and dictionary: others are another version */
        noise[1] = i % 3 == 1 ? FRAME_RESUME : i % 3 == 2 ? FRAME_SPAN : 200;
        send_frame(line, bytes_of(noise, i == 0 ? 0 : i * 20u));
    }
    return resumed && ignored(line);
}

static bool other_version(struct line *line)
{
    static const uint8_t frame[] = {FRAME_VERSION + 1, FRAME_KEEP_ALIVE};
    bool resumed = begin(line);
    send_frame(line, bytes_of(frame, sizeof frame));
    return resumed && expect_but(line, "denied version", "keep_alive");
}

/* Compressed with a dictionary that nobody has. */
static bool other_dictionary(struct line *line)
{
    bool resumed = begin(line);
    own_log(line, LANE_ROUTINE);
    struct bytes frame = draft_frame(&draft);
    uint8_t *copy = spoilt(frame);
    copy[2] = SPAN_ZSTD;
    put_be32(copy + 4, 77);
    send_frame(line, bytes_of(copy, frame.len));
    return resumed && expect_but(line, "denied version", "ack");
}

/* Claims to be another life of the node: not while somebody under this key was heard of lately. */
static bool successor(struct line *line)
{
    line->successor = true;
    send_resume(line, line->identity.card.enrolment);
    return expect_but(line, "denied clone", "resumed");
}

static bool malformed_spans(struct line *line)
{
    bool resumed = begin(line);
    own_log(line, LANE_ROUTINE);
    struct bytes frame = draft_frame(&draft);
    static const struct {
        size_t at;
        uint32_t value;
    } lies[] = {{8, 0},  {8, 3},        {8, 4096},        {8, UINT32_MAX},   {12, 0},
                {12, 1}, {12, 1048576}, {12, UINT32_MAX}, {136, 0x0001ffff}, {136, 0x00017fff}};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        uint8_t *copy = spoilt(frame);
        put_be32(copy + lies[i].at, lies[i].value);
        send_frame(line, bytes_of(copy, frame.len));
    }
    for (size_t cut = 1; cut < frame.len; cut += 20) {
        send_frame(line, bytes_of(frame.data, frame.len - cut));
    }
    return resumed && ignored(line);
}

static bool broken_chain(struct line *line)
{
    bool resumed = begin(line);
    own_log(line, LANE_ROUTINE);
    struct bytes frame = draft_frame(&draft);
    uint8_t *copy = spoilt(frame);
    copy[frame.len - 1] ^= 1; /* the last body, after the head was signed */
    send_frame(line, bytes_of(copy, frame.len));
    return resumed && ignored(line);
}

static bool bad_head(struct line *line)
{
    bool resumed = begin(line);
    own_log(line, LANE_ROUTINE);
    struct bytes frame = draft_frame(&draft);
    uint8_t *copy = spoilt(frame);
    copy[72] ^= 1;
    send_frame(line, bytes_of(copy, frame.len));
    return resumed && ignored(line);
}

/* Signed by a key that is not the enrolled one, all else right. */
static bool foreign_head(struct line *line)
{
    static struct identity other;
    uint8_t seed[KEY_BYTES];
    bool resumed = begin(line);
    other = line->identity;
    randombytes_buf(seed, sizeof seed);
    seal_keypair(seed, &other.sign_public, other.sign_secret);
    own_log(line, LANE_ROUTINE);
    draft.identity = &other;
    send_frame(line, draft_frame(&draft));
    return resumed && ignored(line);
}

/* 1 MiB of zeros in some 60 bytes, and a claim of 4 GiB. */
static bool bomb(struct line *line)
{
    static uint8_t zeros[SPAN_RAW_BYTES_MAX];
    uint8_t frame[SPAN_HEADER_BYTES + 4096];
    bool resumed = begin(line);
    struct span_header header = {.first = 1,
                                 .count = 1,
                                 .raw_len = SPAN_RAW_BYTES_MAX,
                                 .codec = SPAN_ZSTD,
                                 .incarnation = draft.incarnation};
    size_t len = ZSTD_compress(frame + SPAN_HEADER_BYTES, 4096, zeros, sizeof zeros, 3);
    for (size_t i = 0; i < 20; i++) {
        header.raw_len = i % 2 == 0 ? SPAN_RAW_BYTES_MAX : UINT32_MAX;
        span_header_encode(&header, frame);
        send_frame(line, bytes_of(frame, SPAN_HEADER_BYTES + len));
    }
    return resumed && !ZSTD_isError(len) && ignored(line);
}

static bool oversized(struct line *line)
{
    static uint8_t frame[FRAME_BYTES_MAX + 1] = {FRAME_VERSION, FRAME_KEEP_ALIVE};
    bool resumed = begin(line);
    send_frame(line, bytes_of(frame, sizeof frame));
    return resumed && expect_but(line, "disconnected", "keep_alive");
}

static bool multipart(struct line *line)
{
    bool resumed = begin(line);
    for (size_t i = 0; i < 1000; i++) {
        (void)zmq_send(line->socket, "\1\10", 2, ZMQ_SNDMORE);
        (void)zmq_send(line->socket, "\1\10", 2, 0);
    }
    return resumed && ignored(line);
}

static bool gap(struct line *line)
{
    bool resumed = begin(line);
    own_log(line, LANE_ROUTINE);
    draft.first = 5;
    send_frame(line, draft_frame(&draft));
    return resumed && expect_but(line, "gap", "ack");
}

/* Good entries, then the same log with another second entry. */
static bool two_histories(struct line *line)
{
    bool resumed = begin(line);
    own_log(line, LANE_URGENT);
    send_frame(line, draft_frame(&draft));
    bool acked = resumed && expect(line, "ack 2");
    draft.count = 1;
    draft_zero(&draft, "16.71", 19001);
    draft_zero(&draft, "16.71", 19002);
    send_frame(line, draft_frame(&draft));
    return acked && expect_but(line, "denied fork", "ack 3");
}

/* Nothing of it can be applied, all of it is kept, and each refusal comes back. */
static bool bad_bodies(struct line *line)
{
    static const uint8_t noise[] = "\377\377\377 no protobuf";
    bool resumed = begin(line);
    draft_init(&draft, &line->identity);
    draft_genesis(&draft, LANE_ROUTINE, line->identity.card.regency, &line->identity.sign_public);
    draft_entry(&draft, ENTRY_REPORT, noise, sizeof noise);
    draft_report(&draft, "16.03");
    draft_entry(&draft, 999, noise, sizeof noise);
    draft_zero(&draft, "16.71", 19003);
    send_frame(line, draft_frame(&draft));
    return resumed && expect(line, "ack 5") && expect(line, "office");
}

/* Another log of a lane that has one already. */
static bool second_log(struct line *line)
{
    bool resumed = begin(line);
    own_log(line, LANE_ROUTINE);
    send_frame(line, draft_frame(&draft));
    return resumed && expect_but(line, "denied wrong_log", "ack 2");
}

/* As somebody whose key was revoked. */
static bool revoked(struct line *line)
{
    send_resume(line, line->identity.card.enrolment);
    return expect_but(line, "denied revoked", "resumed");
}

/* As somebody whom nobody lets in: no answer at all, the handshake ends. */
static bool shut_out(struct line *line)
{
    send_resume(line, line->identity.card.enrolment);
    return expect_but(line, "disconnected", "resumed");
}

static const struct {
    const char *name;
    bool (*run)(struct line *line);
} modes[] = {
    {"wrong_regency", wrong_regency},
    {"wrong_enrolment", wrong_enrolment},
    {"wrong_signer", wrong_signer},
    {"span_first", span_first},
    {"clone", clone},
    {"other_version", other_version},
    {"other_dictionary", other_dictionary},
    {"successor", successor},
    {"garbage", garbage},
    {"malformed_spans", malformed_spans},
    {"broken_chain", broken_chain},
    {"bad_head", bad_head},
    {"foreign_head", foreign_head},
    {"bomb", bomb},
    {"oversized", oversized},
    {"multipart", multipart},
    {"gap", gap},
    {"two_histories", two_histories},
    {"bad_bodies", bad_bodies},
    {"second_log", second_log},
    {"revoked", revoked},
    {"shut_out", shut_out},
};

static int run(struct line *line, const char *mode)
{
    int code = 2;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i].name, mode) == 0) {
            code = modes[i].run(line) ? 0 : 1;
        }
    }
    return code;
}

int main(int argc, char **argv)
{
    static struct line line;
    if (argc != 4 || sodium_init() < 0) {
        (void)fprintf(stderr, "usage: hostile FOLDER ENDPOINT MODE\n");
        return 2;
    }
    identity_load(&line.identity, argv[1]);
    line.endpoint = argv[2];
    line.context = zmq_ctx_new();
    line.arena = arena_new(SPAN_SCRATCH_BYTES_MAX + PARSE_ARENA_BYTES);
    line.decoder = span_decoder_new();
    dial(&line);
    int code = run(&line, argv[3]);
    (void)zmq_close(line.monitor);
    (void)zmq_close(line.socket);
    (void)zmq_ctx_term(line.context);
    span_decoder_free(line.decoder);
    arena_free(line.arena);
    arena_free(line.identity.arena);
    return code;
}
