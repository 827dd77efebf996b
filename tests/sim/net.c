/* net.c - connections as ZeroMQ over TCP gives them: in order inside one, nothing promised across
 * two; a broken one may still hand over what had arrived, and its ends may learn of it or not. */
#include "core/base/assert.h"
#include "sim.h"

static struct net_link *link_of(struct sim *sim, const struct node *node, uint32_t number,
                                uint32_t *ret_index)
{
    for (size_t i = sim->link_count; i-- > 0;) {
        struct net_link *link = &sim->links[i];
        if (link->node == node->index && link->life == node->life && link->number == number) {
            *ret_index = (uint32_t)i;
            return link;
        }
    }
    return NULL;
}

static uint64_t line_ms(struct sim *sim, uint32_t node)
{
    uint64_t base = sim->nodes[node].delay_ms;
    return base + rng_below(&sim->rng, base / 2 + 2);
}

void net_connect(struct sim *sim, struct node *node, uint32_t number)
{
    sim->links = sim_room(sim->links, sim->link_count, &sim->link_capacity, sizeof *sim->links);
    uint32_t index = (uint32_t)sim->link_count++;
    sim->links[index] = (struct net_link){.node = node->index,
                                          .life = node->life,
                                          .number = number,
                                          .hub_life = sim->hub.life,
                                          .open = true};
    bool cut = sim->now_ms < node->cut_until_ms;
    bool refused = !sim->hub.up || sim_fault(sim, FAULT_REFUSED, sim->profile.refused);
    uint64_t takes_ms = 2 * line_ms(sim, node->index);
    if (!cut && !refused) {
        sim_at(sim, takes_ms, (struct event){.type = EVENT_LINK_UP, .who = index});
        return;
    }
    sim->links[index].broken = true;
    if (refused || rng_below(&sim->rng, 2) == 0) {
        sim_at(sim, takes_ms, (struct event){.type = EVENT_LINK_DOWN, .who = index});
    }
}

void net_disconnect(struct sim *sim, struct node *node, uint32_t number)
{
    uint32_t index = 0;
    struct net_link *link = link_of(sim, node, number, &index);
    ASSERT(link != NULL && link->open);
    link->open = false;
    uint64_t hears_ms = link->broken ? 1000 + rng_below(&sim->rng, 30000)
                                     : line_ms(sim, node->index) + rng_below(&sim->rng, 400);
    if (!link->broken && sim->now_ms + hears_ms < link->last_ms[1]) {
        hears_ms = link->last_ms[1] - sim->now_ms; /* what was sent before arrives before */
    }
    sim_at(sim, hears_ms, (struct event){.type = EVENT_GONE, .who = index});
}

void net_link_event(struct sim *sim, uint32_t index, bool up)
{
    const struct net_link *link = &sim->links[index];
    struct node *node = &sim->nodes[link->node];
    if (!node->up || node->life != link->life || (up && link->broken)) {
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
        hub_gone(sim, link->node, link->hub_number);
    }
}

/* ---- frames ---- */

static void damage(struct sim *sim, struct packet *packet)
{
    size_t flips = 1 + rng_below(&sim->rng, 3);
    for (size_t i = 0; i < flips; i++) {
        size_t at = rng_below(&sim->rng, packet->len);
        packet->data[at] ^= (uint8_t)(1 + rng_below(&sim->rng, 255));
    }
}

static void send_frame(struct sim *sim, uint32_t index, bool to_hub, struct bytes frame)
{
    struct net_link *link = &sim->links[index];
    const struct profile *profile = &sim->profile;
    if (link->broken || sim_fault(sim, FAULT_LOST_INSIDE, profile->lost)) {
        return;
    }
    if (sim_fault(sim, FAULT_DROPPED, profile->dropped)) {
        link->broken = true; /* a record that does not authenticate ends the connection */
        sim_at(sim, line_ms(sim, link->node),
               (struct event){.type = EVENT_LINK_DOWN, .who = index});
        sim_at(sim, line_ms(sim, link->node), (struct event){.type = EVENT_GONE, .who = index});
        return;
    }
    struct packet *packet = malloc(sizeof *packet + frame.len);
    ASSERT(packet != NULL);
    *packet = (struct packet){.link = index, .to_hub = to_hub, .copies = 1, .len = frame.len};
    memcpy(packet->data, frame.data, frame.len);
    if (frame.data[1] == FRAME_SPAN && sim_fault(sim, FAULT_DAMAGED, profile->damaged)) {
        damage(sim, packet);
    }
    packet->copies += sim_fault(sim, FAULT_DUPLICATED, profile->duplicated);
    uint64_t at_ms = sim->now_ms + line_ms(sim, link->node) + frame.len / 64;
    if (sim_fault(sim, FAULT_DELAYED, profile->delayed)) {
        at_ms += rng_below(&sim->rng, 6000);
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

void net_send_down(struct sim *sim, uint32_t hub_number, struct bytes frame)
{
    for (size_t i = sim->link_count; i-- > 0;) {
        if (sim->links[i].hub_number == hub_number && sim->links[i].hub_life == sim->hub.life) {
            send_frame(sim, (uint32_t)i, false, frame);
            return;
        }
    }
    sim_fail(sim, "a frame for connection %u, which never was", hub_number);
}

static void arrive_up(struct sim *sim, struct net_link *link, struct packet *packet)
{
    if (!sim->hub.up || sim->hub.life != link->hub_life) {
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
    for (uint32_t i = 0; i < packet->copies && !sim->failed; i++) {
        hub_frame(sim, link->node, link->hub_number, bytes_of(packet->data, packet->len));
    }
}

static void arrive_down(struct sim *sim, const struct net_link *link, struct packet *packet)
{
    struct node *node = &sim->nodes[link->node];
    uint32_t number = link->number;
    for (uint32_t i = 0; i < packet->copies && !sim->failed; i++) {
        const struct net_link *now = &sim->links[packet->link];
        if (!node->up || node->life != now->life ||
            (!now->open && !sim_fault(sim, FAULT_STALE, 500))) {
            return;
        }
        node_frame(sim, node, number, bytes_of(packet->data, packet->len));
    }
}

void net_arrive(struct sim *sim, struct packet *packet)
{
    struct net_link *link = &sim->links[packet->link];
    if (link->broken && !packet->late) {
        /* It may have crossed before the break and wait unread at the other end. */
        if (packet->to_hub && rng_below(&sim->rng, 3) == 0) {
            packet->late = true;
            uint64_t at_ms = sim->now_ms + rng_below(&sim->rng, 8000);
            at_ms = at_ms < link->last_ms[1] ? link->last_ms[1] : at_ms;
            link->last_ms[1] = at_ms;
            sim_at(sim, at_ms - sim->now_ms,
                   (struct event){.type = EVENT_PACKET, .packet = packet});
            return;
        }
    } else if (packet->to_hub) {
        arrive_up(sim, link, packet);
    } else {
        arrive_down(sim, link, packet);
    }
    free(packet);
}

void net_break(struct sim *sim, uint32_t node)
{
    for (size_t i = 0; i < sim->link_count; i++) {
        struct net_link *link = &sim->links[i];
        if (link->broken || (node != SIM_NODES_MAX && link->node != node)) {
            continue;
        }
        link->broken = true;
        uint32_t index = (uint32_t)i;
        if (link->open && !sim_fault(sim, FAULT_HALF_OPEN, 400)) {
            sim_at(sim, rng_below(&sim->rng, 300),
                   (struct event){.type = EVENT_LINK_DOWN, .who = index});
        }
        sim_at(sim, 500 + rng_below(&sim->rng, 30000),
               (struct event){.type = EVENT_GONE, .who = index});
    }
}
