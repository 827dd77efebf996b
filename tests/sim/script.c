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
    sim_trace(sim, "%s: %s", script->name, script->title);
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
    case ACT_COUNT:
        break;
    }
}
