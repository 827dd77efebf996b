/* check_session.c - sessions, the window, revoked keys, forks: the checker's own books of them. */
#include "check_books.h"

#include "core/base/assert.h"

#include <sodium.h>

#define SILENCE_MS 20000u /* two keep-alives of the nodes here */

static bool pair_equal(const struct session_pair *a, const struct session_pair *b)
{
    return memcmp(a->prev, b->prev, 16) == 0 && memcmp(a->next, b->next, 16) == 0;
}

void check_pair_written(struct sim *sim, uint32_t box, const struct session_pair *pair)
{
    sim->check->pair[box] = *pair;
}

void check_pair_sent(struct sim *sim, uint32_t box, const struct session_pair *pair)
{
    if (!pair_equal(&sim->check->pair_safe[box], pair)) {
        sim_fail(sim, "node %u: session pair sent that is not durable", box);
    }
}

void check_resume_heard(struct sim *sim, uint32_t peer, const struct resume *resume)
{
    struct sessions *sessions = &sim->check->sessions[peer];
    struct heard_resume *heard = &sessions->heard[sessions->heard_count++ % RESUMES_KEPT];
    heard->pair = resume->pair;
    heard->successor = resume->successor;
    heard->silent_ms = sim->now_ms - sessions->heard_ms;
    heard->met = incarnation_equal(&resume->aggregator, &sim->hub.durable.incarnation);
}

/* A pair is taken that goes on from the last one, or is it; or from someone who never met us. */
void check_session_written(struct sim *sim, uint32_t peer, const struct session_pair *pair)
{
    struct sessions *sessions = &sim->check->sessions[peer];
    bool heard = false;
    bool may_take_over = false; /* somebody who never met us, or a successor after a silence */
    for (size_t i = 0; i < RESUMES_KEPT && i < sessions->heard_count; i++) {
        const struct heard_resume *some = &sessions->heard[i];
        if (pair_equal(&some->pair, pair)) {
            heard = true;
            may_take_over =
                may_take_over || !some->met || (some->successor && some->silent_ms >= SILENCE_MS);
        }
    }
    bool follows = !sessions->has || pair_equal(&sessions->accepted, pair) ||
                   memcmp(pair->prev, sessions->accepted.next, 16) == 0;
    if (!heard || (!follows && !may_take_over)) {
        sim_fail(sim, "node %u: a session pair was taken that does not follow the last", peer);
    }
    sessions->has = true;
    sessions->accepted = *pair;
}

void check_resumed_sent(struct sim *sim, uint32_t peer, const uint8_t next[16])
{
    const struct sessions *sessions = &sim->check->sessions[peer];
    if (!sessions->has_safe || memcmp(sessions->accepted_safe.next, next, 16) != 0) {
        sim_fail(sim, "node %u: RESUMED of a session pair that is not durable", peer);
    }
}

/* ---- the window ---- */

static void forget(struct account *account, const uint8_t incarnation[16], uint64_t seq)
{
    size_t kept = 0;
    for (size_t i = 0; i < account->count; i++) {
        const struct sent *sent = &account->list[i];
        if (memcmp(sent->incarnation, incarnation, 16) != 0 || sent->last > seq) {
            account->list[kept++] = *sent;
        }
    }
    account->count = kept;
}

void check_window_acked(struct sim *sim, uint32_t box, const struct ack *ack)
{
    forget(&sim->check->accounts[box], ack->id.incarnation.b, ack->id.seq);
}

void check_window_gap(struct sim *sim, uint32_t box, const struct incarnation *incarnation)
{
    forget(&sim->check->accounts[box], incarnation->b, UINT64_MAX);
}

void check_span_sent(struct sim *sim, const struct node *node, uint32_t connection,
                     const struct span_plan *plan, uint64_t last, uint64_t wire_bytes)
{
    struct account *account = &sim->check->accounts[node->index];
    if (account->connection != connection || account->life != node->begun) {
        account->connection = connection;
        account->life = node->begun;
        account->count = 0;
    }
    uint64_t under_way = 0;
    bool again = false;
    for (size_t i = 0; i < account->count; i++) {
        const struct sent *sent = &account->list[i];
        bool same = memcmp(sent->incarnation, plan->incarnation.b, 16) == 0;
        again = again || (same && sent->last >= plan->first);
    }
    if (again) { /* the other end has a gap, and it all goes once more */
        forget(account, plan->incarnation.b, UINT64_MAX);
    }
    for (size_t i = 0; i < account->count; i++) {
        under_way += account->list[i].wire_bytes;
    }
    if (under_way >= node->uplink.config.limits.window_max_bytes || account->count == SENT_MAX) {
        sim_fail(sim, "node %u: a span was sent with %llu bytes under way", node->index,
                 (unsigned long long)under_way);
        return;
    }
    const struct book *book = check_book(sim, node->index, &plan->incarnation);
    if (book != NULL && last <= book->acked) {
        return; /* acknowledged since it was planned: no ack of it will move anything */
    }
    struct sent *sent = &account->list[account->count++];
    *sent = (struct sent){.last = last, .wire_bytes = wire_bytes};
    memcpy(sent->incarnation, plan->incarnation.b, 16);
}

/* ---- revoked keys ---- */

void check_revoked(struct sim *sim, uint32_t peer)
{
    sim->check->revoked[peer] = true;
}

void check_sent_to(struct sim *sim, uint32_t peer, uint32_t connection,
                   const struct control *control)
{
    if (sim->check->revoked[peer] && control->kind != FRAME_DENIED) {
        sim_fail(sim, "node %u was revoked and gets %s on %u", peer,
                 frame_kind_name((int)control->kind), connection);
    }
}

void check_store_asked(struct sim *sim, uint32_t peer)
{
    if (sim->check->revoked[peer]) {
        sim_fail(sim, "node %u was revoked and its span is to be stored", peer);
    }
}

/* ---- forks ---- */

/* The head's bytes, written down a second time. */
static bool head_holds(const struct span_header *header, uint64_t last, const uint8_t h[32],
                       const struct key *key)
{
    uint8_t message[13 + 16 + 8 + 32];
    memcpy(message, "kabar.head.v1", 13);
    memcpy(message + 13, header->incarnation.b, 16);
    for (unsigned i = 0; i < 8; i++) {
        message[29 + i] = (uint8_t)(last >> (56 - 8 * i));
    }
    memcpy(message + 37, h, 32);
    return crypto_sign_verify_detached(header->head.b, message, sizeof message, key->b) == 0;
}

/* Signed for, and another h where the reader stands. */
static bool is_fork(const struct span_header *header, const struct span_entry *entries,
                    const struct shelf *shelf, const struct key *key)
{
    uint64_t last = header->first + header->count - 1;
    if (shelf == NULL || shelf->stored == 0 || header->first > shelf->stored + 1 ||
        last < shelf->stored) {
        return false;
    }
    uint8_t h[32];
    bool differs = false;
    memcpy(h, header->h_before.b, 32);
    for (uint64_t seq = header->first - 1;; seq++) {
        if (seq == shelf->stored) {
            differs = memcmp(h, shelf->list[seq - 1].h, 32) != 0;
        }
        if (seq == last) {
            return differs && head_holds(header, last, h, key);
        }
        const struct span_entry *entry = &entries[seq + 1 - header->first];
        uint8_t before[32];
        memcpy(before, h, 32);
        check_chain(header->incarnation.b, before, seq + 1, entry->kind, entry->body, h);
    }
}

static bool listens(const struct intake *intake, uint32_t connection)
{
    for (size_t i = 0; i < INTAKE_CONNECTIONS_MAX; i++) {
        const struct intake_connection *some = &intake->connections[i];
        if (some->number == connection) {
            return some->state == INTAKE_OPEN || some->state == INTAKE_RESUMING;
        }
    }
    return false;
}

void check_session_alive(struct sim *sim, uint32_t peer, uint32_t connection)
{
    if (listens(&sim->hub.peers[peer].intake, connection)) {
        sim->check->sessions[peer].heard_ms = sim->now_ms;
    }
}

void check_hears(struct sim *sim, uint32_t peer, uint32_t connection,
                 const struct span_header *header, const struct span_entry *entries)
{
    struct check *check = sim->check;
    const struct intake *intake = &sim->hub.peers[peer].intake;
    /* Nobody else has two histories; of a log that is over nothing is compared. */
    const struct kept *kept = hub_kept(&sim->hub.peers[peer], &header->incarnation);
    bool forks =
        (peer == SIM_HOSTILE || sim->hub.peers[peer].split) && (kept == NULL || !kept->ended);
    bool quiet = intake->queue_bytes == 0 && !check->revoked[peer] && !entries[0].erased;
    check->fork_count = sim->alarms[ALARM_FORK];
    check->fork_due = forks && quiet && listens(intake, connection) &&
                      is_fork(header, entries, check_shelf(sim, SIM_HUB, &header->incarnation),
                              &intake->config.signing_key);
}

void check_judged(struct sim *sim, uint32_t peer)
{
    if (sim->check->fork_due && sim->alarms[ALARM_FORK] == sim->check->fork_count) {
        sim_fail(sim, "node %u: two histories under one key, and no alarm", peer);
    }
    sim->check->fork_due = false;
}
