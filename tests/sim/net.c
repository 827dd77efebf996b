/* net.c - connections as ZeroMQ over TCP gives them: in order inside one, nothing promised across
 * two; a broken one may still hand over what had arrived, and its ends may learn of it or not. */
#include "core/base/assert.h"
#include "sim.h"

static struct net_link *link_of(struct sim *sim, const struct node *node, uint32_t number,
                                uint32_t *ret_index)
{
    for (size_t i = sim->link_count; i-- > 0;) {
        struct net_link *link = &sim->links[i];
        if (!link->hostile && !link->over && link->node == node->index &&
            link->life == node->life && link->number == number) {
            *ret_index = (uint32_t)i;
            return link;
        }
    }
    return NULL;
}

static uint64_t line_ms(struct sim *sim, uint32_t node)
{
    uint64_t base = sim->nodes[node].delay_ms;
    return base + sim_draw(sim, base / 2 + 2, 0);
}

static struct net_link *link_add(struct sim *sim, uint32_t *ret_index)
{
    sim->links =
        sim_room(sim, sim->links, sim->link_count, &sim->link_capacity, sizeof *sim->links);
    *ret_index = (uint32_t)sim->link_count++;
    struct net_link *link = &sim->links[*ret_index];
    *link = (struct net_link){.hub_life = sim->hub.life, .open = true};
    if ((sim->options.seed + *ret_index) * 0x9E3779B97F4A7C15u >> 56 == 0) {
        link->sent = sim_take(sim, sizeof *link->sent);
        link->heard = sim_take(sim, sizeof *link->heard);
    }
    return link;
}

struct span_past *net_sent(struct sim *sim, const struct node *node, uint32_t number)
{
    uint32_t index = 0;
    const struct net_link *link = link_of(sim, node, number, &index);
    return link == NULL ? NULL : link->sent;
}

struct span_past *net_heard(struct sim *sim, uint32_t hub_number)
{
    for (size_t i = sim->link_count; i-- > 0;) {
        if (sim->links[i].hub_number == hub_number && sim->links[i].hub_life == sim->hub.life) {
            return sim->links[i].heard;
        }
    }
    return NULL;
}

void net_connect(struct sim *sim, struct node *node, uint32_t number)
{
    uint32_t index = 0;
    struct net_link *link = link_add(sim, &index);
    link->peer = node->peer;
    link->node = node->index;
    link->life = node->life;
    link->number = number;
    bool cut = sim->now_ms < node->cut_until_ms;
    bool refused = sim_chance(sim, FAULT_REFUSED) || !sim->hub.up;
    uint64_t takes_ms = 2 * line_ms(sim, node->index);
    if (!cut && !refused) {
        sim_at(sim, takes_ms, (struct event){.type = EVENT_LINK_UP, .who = index});
        return;
    }
    link->broken = true;
    if (refused || sim_draw(sim, 2, 0) == 0) {
        sim_at(sim, takes_ms, (struct event){.type = EVENT_LINK_DOWN, .who = index});
    }
}

uint32_t net_hostile(struct sim *sim)
{
    uint32_t index = 0;
    struct net_link *link = link_add(sim, &index);
    link->hostile = true;
    link->peer = SIM_HOSTILE;
    link->hub_number = ++sim->hub.next_number;
    return link->hub_number;
}

void net_forget(struct sim *sim, const struct node *node)
{
    for (size_t i = 0; i < sim->link_count; i++) {
        if (sim->links[i].node == node->index && !sim->links[i].hostile) {
            sim->links[i].over = true;
        }
    }
}

void net_disconnect(struct sim *sim, struct node *node, uint32_t number)
{
    uint32_t index = 0;
    struct net_link *link = link_of(sim, node, number, &index);
    ASSERT(link != NULL && link->open);
    link->open = false;
    uint64_t hears_ms = link->broken ? 1000 + sim_draw(sim, 30000, 0)
                                     : line_ms(sim, node->index) + sim_draw(sim, 400, 0);
    if (!link->broken && sim->now_ms + hears_ms < link->last_ms[1]) {
        hears_ms = link->last_ms[1] - sim->now_ms; /* what was sent before arrives before */
    }
    sim_at(sim, hears_ms, (struct event){.type = EVENT_GONE, .who = index});
}

void net_link_event(struct sim *sim, uint32_t index, bool up)
{
    const struct net_link *link = &sim->links[index];
    struct node *node = &sim->nodes[link->node];
    if (!node->up || node->life != link->life || link->over || (up && link->broken)) {
        return;
    }
    if (!link->open && !sim_fault(sim, FAULT_STALE, 500)) {
        return;
    }
    node_link(sim, node, link->number, up);
}

void net_gone(struct sim *sim, uint32_t index)
{
    const struct net_link *link = &sim->links[index];
    if (sim->hub.up && sim->hub.life == link->hub_life && link->hub_number != 0) {
        hub_gone(sim, link->peer, link->hub_number);
    }
}

/* ---- frames ---- */

struct packet *net_packet(struct sim *sim, struct bytes frame)
{
    struct packet *packet = pool_take(sim->tools->pool, sizeof *packet + frame.len);
    *packet = (struct packet){.copies = 1, .len = frame.len};
    memcpy(packet->data, frame.data, frame.len);
    return packet;
}

static void damage(struct sim *sim, struct packet *packet)
{
    size_t flips = 1 + rng_below(&sim->fate, 3);
    for (size_t i = 0; i < flips; i++) {
        size_t at = rng_below(&sim->fate, packet->len);
        packet->data[at] ^= (uint8_t)(1 + rng_below(&sim->fate, 255));
    }
}

/* Spans and receipts may come again. */
static void remember(struct sim *sim, const struct net_link *link, bool to_hub, struct packet *from)
{
    struct records *records =
        to_hub ? &sim->hub.peers[link->peer].up : &sim->hub.peers[link->peer].down;
    uint32_t at = records->count++ % SIM_RECORDS;
    records->list[at] = (struct record){.data = from->data, .len = from->len};
}

static bool dropped(struct sim *sim, struct net_link *link, uint32_t index)
{
    if (!sim_chance(sim, FAULT_DROPPED)) {
        return false;
    }
    link->broken = true; /* a record that does not authenticate ends the connection */
    sim_at(sim, line_ms(sim, link->node), (struct event){.type = EVENT_LINK_DOWN, .who = index});
    sim_at(sim, line_ms(sim, link->node), (struct event){.type = EVENT_GONE, .who = index});
    return true;
}

static void send_frame(struct sim *sim, uint32_t index, bool to_hub, struct bytes frame)
{
    struct net_link *link = &sim->links[index];
    if (to_hub && !link->hostile && sim->nodes[link->node].lose > 0) {
        sim->nodes[link->node].lose--;
        sim_trace(sim, "  lost inside the connection");
        return;
    }
    if (link->broken || sim_chance(sim, FAULT_LOST_INSIDE) || dropped(sim, link, index)) {
        return;
    }
    struct packet *packet = net_packet(sim, frame);
    packet->link = index;
    packet->to_hub = to_hub;
    bool span = frame.data[1] == FRAME_SPAN;
    if (span && sim_chance(sim, FAULT_DAMAGED)) {
        damage(sim, packet);
    } else if (span || (!to_hub && frame.data[1] == FRAME_RECEIPT)) {
        remember(sim, link, to_hub, packet);
    }
    packet->copies += sim_chance(sim, FAULT_DUPLICATED);
    uint64_t at_ms = sim->now_ms + line_ms(sim, link->node) + frame.len / 64;
    if (sim_chance(sim, FAULT_DELAYED)) {
        at_ms += rng_below(&sim->fate, 6000);
    }
    at_ms = at_ms < link->last_ms[to_hub] ? link->last_ms[to_hub] : at_ms;
    link->last_ms[to_hub] = at_ms;
    sim_at(sim, at_ms - sim->now_ms, (struct event){.type = EVENT_PACKET, .packet = packet});
}

void net_send_up(struct sim *sim, struct node *node, uint32_t number, struct bytes frame)
{
    uint32_t index = 0;
    const struct net_link *link = link_of(sim, node, number, &index);
    ASSERT(link != NULL && link->open);
    send_frame(sim, index, true, frame);
}

void net_send_down(struct sim *sim, uint32_t peer, uint32_t hub_number, struct bytes frame)
{
    for (size_t i = sim->link_count; i-- > 0;) {
        const struct net_link *link = &sim->links[i];
        if (link->hub_number == hub_number && link->hub_life == sim->hub.life) {
            if (link->peer != peer) {
                sim_fail(sim, "a frame for node %u went to another", peer);
            } else if (!link->hostile) {
                send_frame(sim, (uint32_t)i, false, frame);
            }
            return;
        }
    }
    sim_fail(sim, "a frame for connection %u, which never was", hub_number);
}

/* A RESUME from before the pairs that the aggregator remembers is a fork to it (session.h). No
 * connection lives through that many others. */
static bool outlived(const struct sim *sim, const struct net_link *link)
{
    uint32_t later = 0;
    for (const struct net_link *some = link + 1; some < sim->links + sim->link_count; some++) {
        later += some->peer == link->peer && some->hub_number != 0;
    }
    return later >= SESSION_PAIRS_KEPT;
}

static void arrive_up(struct sim *sim, struct net_link *link, struct packet *packet)
{
    if (!sim->hub.up || sim->hub.life != link->hub_life || outlived(sim, link)) {
        return;
    }
    struct node *node = &sim->nodes[link->node];
    if (packet->link < node->newest_link) {
        (void)sim_fault(sim, FAULT_REORDERED, 1000);
    } else {
        node->newest_link = packet->link;
    }
    if (link->hub_number == 0) {
        link->hub_number = ++sim->hub.next_number;
    }
    uint32_t number = link->hub_number;
    uint32_t peer = link->peer;
    for (uint32_t i = 0; i < packet->copies && !sim->failed; i++) {
        hub_frame(sim, peer, number, bytes_of(packet->data, packet->len));
    }
}

static void arrive_down(struct sim *sim, const struct net_link *link, struct packet *packet)
{
    struct node *node = &sim->nodes[link->node];
    uint32_t number = link->number;
    for (uint32_t i = 0; i < packet->copies && !sim->failed; i++) {
        const struct net_link *now = &sim->links[packet->link];
        if (!node->up || node->life != now->life || now->over ||
            (!now->open && !sim_fault(sim, FAULT_STALE, 500))) {
            return;
        }
        node_frame(sim, node, number, bytes_of(packet->data, packet->len));
    }
}

/* A clogged line holds it; what comes behind it stays behind it. */
static bool clogged(struct sim *sim, struct net_link *link, struct packet *packet)
{
    const struct node *node = &sim->nodes[link->node];
    uint64_t until_ms = node->clog_until_ms[packet->to_hub];
    uint32_t *held = &link->held[packet->to_hub];
    if (packet->held) {
        packet->held = false;
        (*held)--;
    } else if (*held > 0) {
        until_ms = until_ms < sim->now_ms ? sim->now_ms : until_ms;
        packet->held = true;
    }
    if (!packet->held && sim->now_ms >= until_ms) {
        return false;
    }
    packet->held = true;
    (*held)++;
    sim_at(sim, until_ms - sim->now_ms, (struct event){.type = EVENT_PACKET, .packet = packet});
    return true;
}

void net_arrive(struct sim *sim, struct packet *packet)
{
    struct net_link *link = &sim->links[packet->link];
    if (clogged(sim, link, packet)) {
        return;
    }
    if (link->broken && !packet->late) {
        /* It may have crossed before the break and wait unread at the other end. */
        if (packet->to_hub && sim_draw(sim, 3, 1) == 0) {
            packet->late = true;
            uint64_t at_ms = sim->now_ms + rng_below(&sim->rng, 8000);
            at_ms = at_ms < link->last_ms[1] ? link->last_ms[1] : at_ms;
            link->last_ms[1] = at_ms;
            sim_at(sim, at_ms - sim->now_ms,
                   (struct event){.type = EVENT_PACKET, .packet = packet});
        }
    } else if (packet->to_hub) {
        arrive_up(sim, link, packet);
    } else {
        arrive_down(sim, link, packet);
    }
}

void net_break(struct sim *sim, uint32_t node)
{
    for (size_t i = 0; i < sim->link_count; i++) {
        struct net_link *link = &sim->links[i];
        if (link->broken || link->hostile || (node != SIM_HUB && link->node != node)) {
            continue;
        }
        link->broken = true;
        uint32_t index = (uint32_t)i;
        if (link->open && !sim_fault(sim, FAULT_HALF_OPEN, 400)) {
            sim_at(sim, sim_draw(sim, 300, 100),
                   (struct event){.type = EVENT_LINK_DOWN, .who = index});
        }
        sim_at(sim, 500 + sim_draw(sim, 30000, 0),
               (struct event){.type = EVENT_GONE, .who = index});
    }
}

/* ---- the second way ---- */

/* The open connection of this peer at the hub, or 0. */
static uint32_t open_number(const struct sim *sim, uint32_t peer)
{
    const struct intake *intake = &sim->hub.peers[peer].intake;
    for (size_t i = 0; i < INTAKE_CONNECTIONS_MAX; i++) {
        if (intake->connections[i].number != 0 && intake->connections[i].state == INTAKE_OPEN) {
            return intake->connections[i].number;
        }
    }
    return 0;
}

static struct node *live_node(struct sim *sim, uint32_t peer)
{
    for (uint32_t i = 0; i < sim->node_count; i++) {
        struct node *node = &sim->nodes[i];
        if (node->peer == peer && node->up && node->uplink.state == UPLINK_LIVE) {
            return node;
        }
    }
    return NULL;
}

/* A frame of the line never overtakes another one of it. */
static bool line_carries_down(const struct sim *sim, const struct node *node)
{
    for (size_t i = 0; i < sim->heap_count; i++) {
        const struct event *event = &sim->heap[i];
        bool down = event->type == EVENT_PACKET && !event->packet->to_hub;
        if (down && sim->links[event->packet->link].node == node->index) {
            return true;
        }
    }
    return false;
}

static struct node *node_of(struct sim *sim, uint32_t peer)
{
    for (uint32_t i = 0; i < sim->node_count; i++) {
        if (sim->nodes[i].peer == peer && sim->nodes[i].up) {
            return &sim->nodes[i];
        }
    }
    return NULL;
}

/* What a bundle holds: spans, and receipts on the way down. It needs no line, and overtakes it. */
static bool is_of_bundle(const struct packet *packet)
{
    int kind = frame_kind_of(bytes_of(packet->data, packet->len), NULL);
    return kind == FRAME_SPAN || (kind == FRAME_RECEIPT && !packet->to_hub);
}

static bool read_stick(struct sim *sim, uint32_t peer, const struct packet *packet)
{
    struct bytes frame = bytes_of(packet->data, packet->len);
    uint32_t number = sim->hub.up ? open_number(sim, peer) : 0;
    struct node *live = live_node(sim, peer);
    struct node *node = node_of(sim, peer);
    if (is_of_bundle(packet)) {
        return packet->to_hub ? sim->hub.up && hub_carry(sim, peer, frame)
                              : node != NULL && node_carry(sim, node, frame);
    }
    bool now = packet->to_hub ? number != 0 : live != NULL && !line_carries_down(sim, live);
    if (now && packet->to_hub) { /* a frame of the line, a second time */
        hub_frame(sim, peer, number, frame);
    } else if (now) {
        node_frame(sim, live, live->uplink.connection, frame);
    }
    return now;
}

void net_stick(struct sim *sim, uint32_t peer, struct packet *packet)
{
    if (packet->to_hub && sim->hub.peers[peer].split) {
        return; /* a twin's log would come in as well */
    }
    if (!read_stick(sim, peer, packet) && sim->faults) {
        sim_at(sim, 500 + rng_below(&sim->fate, 5000),
               (struct event){.type = EVENT_STICK, .who = peer, .packet = packet});
    }
}

void net_replay(struct sim *sim, struct node *node)
{
    bool to_hub = rng_below(&sim->fate, 2) == 0;
    const struct peer *peer = &sim->hub.peers[node->peer];
    const struct records *records = to_hub ? &peer->up : &peer->down;
    uint32_t count = records->count < SIM_RECORDS ? records->count : SIM_RECORDS;
    if (count == 0 || !sim_fault(sim, FAULT_REPLAYED, 1000)) {
        return;
    }
    const struct record *record = &records->list[rng_below(&sim->fate, count)];
    struct packet *packet = net_packet(sim, bytes_of(record->data, record->len));
    packet->to_hub = to_hub;
    sim_at(sim, rng_below(&sim->fate, 3000),
           (struct event){.type = EVENT_STICK, .who = node->peer, .packet = packet});
}
