/* hostile.c - one whose key is good and who is not: two histories under one incarnation, heads of
 * others, foreign logs, pairs out of the air, floods, frames of yesterday. It needs no network:
 * what it sends arrives at once. Others must not notice it, and of its own log one history is
 * stored. */
#include "core/base/assert.h"
#include "core/seal/chain.h"
#include "sim.h"

#define REGENCY "16.99"
#define ENTRIES 24u
#define COMMON 4u /* the histories part after this entry */
#define KEPT 16u

struct hostile {
    struct key key, other_key;
    uint8_t secret[SECRET_BYTES], other_secret[SECRET_BYTES];
    struct incarnation incarnation;
    struct entries histories[2];
    struct session_pair pair;
    uint32_t number, hub_life; /* of its connection; 0: none */
    struct bytes kept[KEPT];
    uint32_t kept_count;
};

static void add_entry(struct sim *sim, uint32_t history, uint16_t kind, struct bytes body)
{
    struct hostile *hostile = sim->hostile;
    uint32_t box = SIM_HUB + 1 + history;
    entries_add(sim, &hostile->histories[history], &hostile->incarnation, kind, body);
    check_written(sim, box, &hostile->incarnation, kind, body);
}

static void genesis_body(struct sim *sim, const char *regency, uint8_t *ret, size_t capacity,
                         size_t *ret_len)
{
    struct genesis genesis = {.direction = DIRECTION_UP,
                              .lane = LANE_ROUTINE,
                              .owner = bytes_of_text(regency),
                              .counterpart = sim->hub.peers[SIM_HOSTILE].intake.config.province,
                              .signing_key = sim->hostile->key,
                              .enrolment = sim->hub.peers[SIM_HOSTILE].intake.config.enrolment,
                              .created_ms = 1};
    entries_genesis(&genesis, ret, capacity, ret_len);
}

void hostile_setup(struct sim *sim)
{
    struct hostile *hostile = sim_take(sim, sizeof *hostile);
    sim->hostile = hostile;
    uint8_t seed[32];
    rng_fill(&sim->fate, seed, sizeof seed);
    seal_keypair(seed, &hostile->key, hostile->secret);
    rng_fill(&sim->fate, seed, sizeof seed);
    seal_keypair(seed, &hostile->other_key, hostile->other_secret);
    rng_fill(&sim->fate, hostile->incarnation.b, INCARNATION_BYTES);
    hub_peer(sim, SIM_HOSTILE, REGENCY, 666, &hostile->key);
    check_log(sim, SIM_HUB + 1, SIM_HOSTILE, 1, &hostile->incarnation);
    check_log(sim, SIM_HUB + 2, SIM_HOSTILE, 1, &hostile->incarnation);
    uint8_t body[300];
    size_t len = 0;
    genesis_body(sim, REGENCY, body, sizeof body, &len);
    for (uint32_t history = 0; history < 2; history++) {
        add_entry(sim, history, ENTRY_GENESIS, bytes_of(body, len));
    }
    for (uint32_t i = 2; i <= ENTRIES; i++) {
        rng_fill(&sim->fate, body, 60);
        add_entry(sim, 0, ENTRY_REPORT, bytes_of(body, 60));
        body[0] ^= (uint8_t)(i > COMMON);
        add_entry(sim, 1, ENTRY_REPORT, bytes_of(body, 60));
    }
    check_synced(sim, SIM_HUB + 1);
    check_synced(sim, SIM_HUB + 2);
}

static void sends(struct sim *sim, struct bytes frame)
{
    struct hostile *hostile = sim->hostile;
    if (hostile->number == 0 || hostile->hub_life != sim->hub.life) {
        hostile->hub_life = sim->hub.life;
        hostile->number = net_hostile(sim);
    }
    struct bytes kept = bytes_of(sim_copy(sim, frame), frame.len);
    hostile->kept[hostile->kept_count++ % KEPT] = kept;
    hub_frame(sim, SIM_HOSTILE, hostile->number, kept);
}

static void sends_control(struct sim *sim, const struct control *control)
{
    uint8_t buffer[2000];
    size_t len = 0;
    int rc = control_encode(control, buffer, sizeof buffer, &len, NULL);
    ASSERT(rc == 0);
    sends(sim, bytes_of(buffer, len));
}

/* ---- sessions ---- */

static void resume(struct sim *sim, bool good, bool met)
{
    struct hostile *hostile = sim->hostile;
    struct control control = {.kind = FRAME_RESUME};
    struct resume *resume = &control.as.resume;
    hostile->hub_life = sim->hub.life;
    hostile->number = net_hostile(sim);
    if (good) {
        memcpy(hostile->pair.prev, hostile->pair.next, 16);
        rng_fill(&sim->fate, hostile->pair.next, 16);
        resume->pair = hostile->pair;
    } else {
        rng_fill(&sim->fate, resume->pair.prev, 16);
        rng_fill(&sim->fate, resume->pair.next, 16);
    }
    if (met) {
        resume->aggregator = sim->hub.durable.incarnation;
    }
    resume->enrolment = sim->hub.peers[SIM_HOSTILE].intake.config.enrolment;
    resume->office = sim->hub.peers[SIM_HOSTILE].durable.office.now.incarnation;
    resume->credit_bytes = rng_below(&sim->fate, 2) == 0 ? 0 : UINT64_MAX >> 1;
    resume->clock_ms = (int64_t)rng_next(&sim->fate) >> 8;
    resume->keep_alive_s = (uint32_t)rng_next(&sim->fate);
    resume->software = bytes_of_text("other");
    sends_control(sim, &control);
}

static void ack_office(struct sim *sim)
{
    const struct peer *peer = &sim->hub.peers[rng_below(&sim->fate, 2) == 0 ? 0 : SIM_HOSTILE];
    struct control control = {.kind = FRAME_ACK};
    struct ack *ack = &control.as.ack;
    ack->id.incarnation = peer->durable.office.now.incarnation;
    ack->id.seq = 1 + rng_below(&sim->fate, peer->durable.office.now.entries.count + 2);
    const struct hash *h = entries_h(&peer->durable.office.now.entries, ack->id.seq);
    rng_fill(&sim->fate, ack->h.b, sizeof ack->h.b);
    if (h != NULL && rng_below(&sim->fate, 3) == 0) {
        ack->h = *h;
    }
    ack->credit_bytes = rng_below(&sim->fate, 100000);
    sends_control(sim, &control);
}

/* Of its own office log, or of one that never was: then the whole line is to be said again. */
static void gap_office(struct sim *sim)
{
    struct control control = {.kind = FRAME_GAP};
    control.as.gap.have.incarnation = sim->hub.peers[SIM_HOSTILE].durable.office.now.incarnation;
    if (rng_below(&sim->fate, 2) == 0) {
        rng_fill(&sim->fate, control.as.gap.have.incarnation.b, INCARNATION_BYTES);
    }
    control.as.gap.have.seq = rng_below(&sim->fate, 6);
    rng_fill(&sim->fate, control.as.gap.h.b, sizeof control.as.gap.h.b);
    sends_control(sim, &control);
}

/* ---- spans ---- */

enum lie { LIE_NONE, LIE_HEAD, LIE_OLD_HEAD, LIE_BEFORE, LIE_BODY, LIE_INCARNATION, LIE_COUNT };

static void corrupt(struct sim *sim, enum lie lie, uint8_t *frame, size_t len)
{
    struct bytes payload;
    struct span_header header;
    int rc = span_header_decode(bytes_of(frame, len), &header, &payload, NULL);
    ASSERT(rc == 0);
    if (lie == LIE_HEAD || lie == LIE_OLD_HEAD) { /* of a key that may not; of another entry */
        struct hostile *hostile = sim->hostile;
        struct entry_id id = {.incarnation = header.incarnation,
                              .seq = header.first + header.count - 1};
        struct hash h = header.h_before;
        head_sign(lie == LIE_HEAD ? hostile->other_secret : hostile->secret, &id, &h, &header.head);
    } else if (lie == LIE_BEFORE) {
        rng_fill(&sim->fate, header.h_before.b, sizeof header.h_before.b);
    } else if (lie == LIE_BODY) {
        frame[len - 1] ^= 1;
    } else if (lie == LIE_INCARNATION) { /* somebody else's log, or one never opened */
        header.incarnation = sim->nodes[0].durable.lines[0].now.incarnation;
        header.incarnation.b[0] ^= (uint8_t)rng_below(&sim->fate, 2);
    }
    span_header_encode(&header, frame);
}

static void span(struct sim *sim, enum lie lie)
{
    struct hostile *hostile = sim->hostile;
    uint32_t history = rng_below(&sim->fate, 3) == 0;
    const struct entries *entries = &hostile->histories[history];
    const struct kept *kept = hub_kept(&sim->hub.peers[SIM_HOSTILE], &hostile->incarnation);
    uint64_t stored = kept == NULL ? 0 : kept->count;
    uint64_t first = 1 + (rng_below(&sim->fate, 3) == 0 ? rng_below(&sim->fate, ENTRIES) : stored);
    first = first > ENTRIES ? ENTRIES : first;
    struct span_plan plan = {.incarnation = hostile->incarnation,
                             .first = first,
                             .last_max = first + rng_below(&sim->fate, ENTRIES - first + 1),
                             .raw_bytes_max = 100 + rng_below(&sim->fate, 900)};
    uint64_t last = 0;
    struct bytes frame =
        entries_cut(sim, SIM_HUB + 1 + history, entries, &plan, hostile->secret, NULL, &last);
    uint8_t copy[4000];
    ASSERT(frame.len <= sizeof copy);
    memcpy(copy, frame.data, frame.len);
    if (lie != LIE_NONE) {
        corrupt(sim, lie, copy, frame.len);
    }
    sends(sim, bytes_of(copy, frame.len));
}

/* A log for another regency, under its own key and enrolment: no book has it. */
static void foreign_genesis(struct sim *sim)
{
    struct hostile *hostile = sim->hostile;
    uint8_t body[300];
    size_t len = 0;
    genesis_body(sim, sim->nodes[0].regency, body, sizeof body, &len);
    struct incarnation incarnation;
    rng_fill(&sim->fate, incarnation.b, sizeof incarnation.b);
    struct entries entries = {0};
    entries_add(sim, &entries, &incarnation, ENTRY_GENESIS, bytes_of(body, len));
    struct hash none = {{0}};
    span_builder_start(sim->tools->builder, &incarnation, 1, &none);
    struct span_entry entry = {.kind = ENTRY_GENESIS, .body = bytes_of(body, len)};
    int rc = span_builder_add(sim->tools->builder, &entry, 4000);
    ASSERT(rc == 0);
    struct entry_id id = {.incarnation = incarnation, .seq = 1};
    struct signature head;
    head_sign(hostile->secret, &id, &entries.list[0].h, &head);
    struct bytes frame;
    rc = span_builder_finish(sim->tools->builder, SPAN_RAW, &head, &frame, NULL);
    ASSERT(rc == 0);
    sends(sim, frame);
}

/* What a node sent once, under this key; or its own of before. */
static void replay(struct sim *sim, bool own)
{
    const struct hostile *hostile = sim->hostile;
    const struct records *records = &sim->hub.peers[0].up;
    uint32_t count = own ? hostile->kept_count : records->count;
    /* NOLINTNEXTLINE(bugprone-branch-clone): two limits that happen to be one number */
    uint32_t most = own ? KEPT : SIM_RECORDS;
    count = count < most ? count : most;
    if (count > 0) {
        uint64_t at = rng_below(&sim->fate, count);
        sends(sim,
              own ? hostile->kept[at] : bytes_of(records->list[at].data, records->list[at].len));
    }
}

static void noise(struct sim *sim)
{
    uint8_t bytes[200];
    size_t len = 1 + rng_below(&sim->fate, sizeof bytes - 1);
    rng_fill(&sim->fate, bytes, len);
    bytes[0] = rng_below(&sim->fate, 4) == 0 ? bytes[0] : FRAME_VERSION;
    sends(sim, bytes_of(bytes, len));
}

/* The province's office log of another node: well signed, and not for here. */
static void other_office(struct sim *sim)
{
    const struct peer *other = &sim->hub.peers[SIM_HOSTILE];
    struct span_plan plan = {.incarnation = other->durable.office.now.incarnation,
                             .first = 1,
                             .last_max = other->durable.office.now.entries.count,
                             .raw_bytes_max = 4000};
    uint64_t last = 0;
    struct bytes frame = entries_cut(sim, SIM_HUB, &other->durable.office.now.entries, &plan,
                                     sim->hub.secret, NULL, &last);
    struct packet *packet = net_packet(sim, frame);
    sim_at(sim, 1, (struct event){.type = EVENT_STICK, .who = 0, .packet = packet});
}

static void flood(struct sim *sim)
{
    for (unsigned i = 0; i < 30 && !sim->failed; i++) {
        span(sim, LIE_NONE);
    }
}

void hostile_act(struct sim *sim)
{
    if (!sim->hub.up || sim->hub.disk.latched || !sim_fault(sim, FAULT_HOSTILE, 1000)) {
        return;
    }
    uint64_t act = rng_below(&sim->fate, 24);
    sim_trace(sim, "hostile: act %llu", (unsigned long long)act);
    if (act < 4) {
        resume(sim, true, rng_below(&sim->fate, 2) == 0);
    } else if (act < 6) {
        resume(sim, false, true);
    } else if (act < 12) {
        span(sim, LIE_NONE);
    } else if (act < 17) {
        span(sim, (enum lie)(1 + rng_below(&sim->fate, LIE_COUNT - 1)));
    } else if (act == 17) {
        foreign_genesis(sim);
    } else if (act == 18) {
        replay(sim, rng_below(&sim->fate, 2) == 0);
    } else if (act == 19) {
        ack_office(sim);
    } else if (act == 20) {
        gap_office(sim);
    } else if (act == 21) {
        noise(sim);
    } else if (act == 22) {
        other_office(sim);
    } else {
        flood(sim);
    }
}
