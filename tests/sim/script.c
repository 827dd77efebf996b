/* script.c - runs that are told what happens when: the canonical exchange of small.c, and what the
 * transcripts in tests/trace show. */
#include "sim.h"

#define BODY_BYTES 60u

const struct script scripts[] = {
    {"canonical",
     "connect, spans in two lanes, acks, an office span, receipts, close, again",
     1,
     2600,
     {{100, ACT_ROUTINE, 0, 5},
      {101, ACT_URGENT, 0, 2},
      {400, ACT_OFFICE, 0, 1},
      {1300, ACT_BACKUP, 0, 0},
      {1500, ACT_ROUTINE, 0, 1},
      {1900, ACT_PRUNE, 0, 0},
      {2000, ACT_STOP, 0, 0},
      {2100, ACT_START, 0, 0},
      {2200, ACT_URGENT, 0, 1}}},
    {"first-contact",
     "a node meets its aggregator: reports up, a document down, receipts, a backup, deletions",
     1,
     4000,
     {{60, ACT_ROUTINE, 0, 3},
      {400, ACT_URGENT, 0, 1},
      {600, ACT_OFFICE, 0, 1},
      {1500, ACT_BACKUP, 0, 0},
      {3500, ACT_PRUNE, 0, 0}}},
    {"flapping",
     "a line that is cut again and again: every session begins where the last one was acknowledged",
     1,
     9000,
     {{60, ACT_ROUTINE, 0, 30},
      {320, ACT_CUT, 0, 400},
      {2200, ACT_CUT, 0, 300},
      {4300, ACT_CUT, 0, 200}}},
    {"gap",
     "a span is lost inside the connection: what came behind it is refused once, and all goes "
     "again",
     1,
     3000,
     {{300, ACT_ROUTINE, 0, 2},
      {350, ACT_LOSE, 0, 1},
      {351, ACT_URGENT, 0, 1},
      {420, ACT_URGENT, 0, 1}}},
    {"commit-before-ack",
     "the aggregator ends between commit and ack: nothing is stored twice",
     1,
     3000,
     {{300, ACT_ROUTINE, 0, 3}, {358, ACT_CRASH, SIM_HUB, OUTCOME_APPLIED}}},
    {"commit-lost",
     "the aggregator ends before the commit is on the disk: all of it comes again",
     1,
     3000,
     {{300, ACT_ROUTINE, 0, 3}, {358, ACT_POWER, SIM_HUB, OUTCOME_VOLATILE}}},
    {"commit-fails",
     "a commit of the aggregator fails: it says so, ends, and finds after its start that all was "
     "there",
     1,
     3000,
     {{300, ACT_ROUTINE, 0, 3}, {358, ACT_FAIL, SIM_HUB, OUTCOME_VOLATILE}}},
    {"full",
     "no room at the aggregator: it says when to come back, and takes acks all the same",
     1,
     3000,
     {{290, ACT_FULL, SIM_HUB, 1000}, {300, ACT_ROUTINE, 0, 2}}},
    {"revoked",
     "a key is revoked in the midst of a session: one DENIED, and nothing else is heard",
     1,
     3000,
     {{300, ACT_ROUTINE, 0, 2}, {700, ACT_REVOKE, 0, 0}, {800, ACT_ROUTINE, 0, 2}}},
    {"moved",
     "a box is moved: its logs go on as others, taken when the old session was silent long enough",
     1,
     3000,
     {{300, ACT_ROUTINE, 0, 2}, {800, ACT_MOVE, 0, 0}}},
    {"old",
     "a node put back to an old copy, and nothing shows it: OLD does",
     1,
     5000,
     {{300, ACT_ROUTINE, 0, 2},
      {700, ACT_NODE_BACKUP, 0, 0},
      {800, ACT_STOP, 0, 0},
      {820, ACT_START, 0, 0},
      {1500, ACT_ROUTINE, 0, 2},
      {2500, ACT_RESTORE, 0, 0},
      {3000, ACT_URGENT, 0, 1}}},
    {"clone",
     "two live copies of a node: the one that comes second is denied, until the other is silent",
     1,
     6000,
     {{300, ACT_ROUTINE, 0, 2},
      {700, ACT_NODE_BACKUP, 0, 0},
      {1000, ACT_ROUTINE, 0, 1},
      {1500, ACT_CLONE, 0, 1},
      {2500, ACT_URGENT, 1, 1}}},
    {"restored-aggregator",
     "an aggregator put back to its backup: another name, cursors go back, nodes send again",
     1,
     6000,
     {{300, ACT_ROUTINE, 0, 2},
      {500, ACT_OFFICE, 0, 1},
      {1300, ACT_BACKUP, 0, 0},
      {1500, ACT_ROUTINE, 0, 2},
      {1600, ACT_OFFICE, 0, 1},
      {3000, ACT_RESTORE, SIM_HUB, 1}}},
    {"restored-unseen",
     "an aggregator put back, and nothing shows it: a receipt of its own does",
     1,
     6000,
     {{300, ACT_ROUTINE, 0, 2},
      {1300, ACT_BACKUP, 0, 0},
      {1500, ACT_ROUTINE, 0, 2},
      {3000, ACT_RESTORE, SIM_HUB, 0}}},
    {.name = NULL},
};

const struct script *script_find(const char *name)
{
    for (const struct script *script = scripts; script->name != NULL; script++) {
        if (strcmp(script->name, name) == 0) {
            return script;
        }
    }
    return NULL;
}

void script_begin(struct sim *sim)
{
    const struct script *script = sim->options.script;
    for (uint32_t i = 0; i < SCRIPT_ROWS_MAX && script->rows[i].at_ms > 0; i++) {
        sim_at(sim, script->rows[i].at_ms, (struct event){.type = EVENT_SCRIPT, .who = i});
    }
}

static void full(struct sim *sim, const struct script_row *row)
{
    sim_disk(sim, row->who)->full = true;
    sim_at(sim, row->count, (struct event){.type = EVENT_FULL_ENDS, .who = row->who});
}

static void cut(struct sim *sim, const struct script_row *row)
{
    sim_trace(sim, "the line of node %u is cut for %u ms", row->who, row->count);
    sim->nodes[row->who].cut_until_ms = sim->now_ms + row->count;
    net_break(sim, row->who);
}

static void write(struct sim *sim, const struct script_row *row)
{
    struct node *node = &sim->nodes[row->who];
    uint32_t log = row->act == ACT_URGENT ? 0 : 1;
    for (uint32_t i = 0; i < row->count && node->up; i++) {
        node_write(sim, node, log, BODY_BYTES);
    }
}

static void other_place(struct sim *sim, const struct script_row *row)
{
    bool seen = row->count == 1;
    if (row->who == SIM_HUB) {
        restore_hub(sim, seen);
    } else if (row->act == ACT_RESTORE) {
        restore_node(sim, &sim->nodes[row->who], seen);
    } else if (row->act == ACT_MOVE) {
        restore_moved(sim, &sim->nodes[row->who]);
    } else {
        (void)restore_clone(sim, &sim->nodes[row->who], seen);
    }
}

void script_act(struct sim *sim, const struct script_row *row)
{
    struct node *node = &sim->nodes[row->who % SIM_NODES_MAX];
    switch (row->act) {
    case ACT_URGENT:
    case ACT_ROUTINE:
        write(sim, row);
        break;
    case ACT_OFFICE:
        hub_append(sim, row->who);
        break;
    case ACT_PRUNE:
        node_prune(sim, node);
        break;
    case ACT_BACKUP:
        hub_backup(sim);
        break;
    case ACT_STOP:
    case ACT_START:
        if (node->up) {
            node_onoff(sim, node, row->act == ACT_START);
        }
        break;
    case ACT_CUT:
        cut(sim, row);
        break;
    case ACT_CRASH:
    case ACT_POWER:
        faults_end_owner(sim, row->who, row->act == ACT_POWER, (enum outcome)row->count);
        break;
    case ACT_FULL:
        full(sim, row);
        break;
    case ACT_REVOKE:
        hub_revoke(sim, row->who);
        break;
    case ACT_LOSE:
        node->lose = row->count;
        break;
    case ACT_FAIL:
        disk_fail(sim, row->who, (enum outcome)row->count);
        break;
    case ACT_NODE_BACKUP:
        sim_trace(sim, "node %u: backup", row->who);
        restore_backup_node(sim, node);
        break;
    case ACT_RESTORE:
    case ACT_MOVE:
    case ACT_CLONE:
        other_place(sim, row);
        break;
    case ACT_COUNT:
        break;
    }
}
