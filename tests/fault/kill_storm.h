/* kill_storm.h - the parts of the storm's driver: processes that die and come back, and clients
 * that hand reports in all the time and write down every answer.
 */
#ifndef FAULT_KILL_STORM_H
#define FAULT_KILL_STORM_H

#include "kill_map.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define PATH_CAPACITY 512u

/* A number of the storm's own sequence: the same seed makes the same choices. */
struct chance {
    uint64_t state;
};
uint32_t chance_below(struct chance *chance, uint32_t limit);

uint64_t clock_ms(void);

/* ---- processes (kill_process.c) ---- */

enum process_state { PROCESS_DEAD, PROCESS_STARTING, PROCESS_UP };

struct process {
    char name[16]; /* "aggregator" or a regency */
    char program[PATH_CAPACITY], conf[PATH_CAPACITY], log[PATH_CAPACITY];
    char door[100]; /* what a UNIX address holds */
    struct kill_slot *slot;
    size_t slot_index;
    enum process_state state;
    pid_t pid;
    int pidfd;
    uint64_t at_ms;       /* DEAD: start again; else: kill from outside; 0: never */
    uint64_t deadline_ms; /* STARTING: it must answer by then */
};

enum kill_side { SIDE_NONE, SIDE_BEFORE_COMMIT, SIDE_BEFORE_ACK, SIDE_AFTER_ACK, SIDE_COUNT };

struct storm {
    struct process processes[KILL_SLOTS_MAX];
    size_t process_count;
    struct kill_map *map;
    char map_path[PATH_CAPACITY];
    const char *shim;
    struct chance chance;
    FILE *kill_log;
    uint64_t kills, kills_wanted, seed, began_ms;
    /* [node]: by itself at a named point; from outside; and all of them by side of the commit. */
    uint64_t at_point[2][POINT_COUNT], in_phase[2][PHASE_COUNT], on_side[2][SIDE_COUNT];
    bool calm; /* no more kills */
};

int process_start(struct storm *storm, struct process *process);
/* Chooses how this life ends. */
void process_doom(struct storm *storm, struct process *process);
/* It is dead (its pidfd said so): who did it, and when to start again. -1: it was not us. */
int process_reap(struct storm *storm, struct process *process);
void process_kill(struct process *process);
/* SIGTERM, and exit 0 within the deadline. -1: not so. */
int process_stop(struct process *process);

/* ---- clients (kill_client.c) ---- */

#define CLIENT_OUT_BYTES 65536u
#define CLIENT_IN_BYTES 65536u
#define CLIENT_WINDOW 64u  /* reports without an answer */
#define CLIENT_KNOWN 4096u /* identities that are remembered, to compare repeated answers */

struct client {
    struct storm *storm;
    struct process *node;
    size_t number; /* of all clients */
    FILE *answers;
    int fd;            /* -1: not connected */
    uint64_t given;    /* reports 1 … given were handed in at least once */
    uint64_t answered; /* reports 1 … answered have an answer */
    uint64_t base;     /* number of the report that is line 1 of this connection */
    uint64_t next;     /* to be sent on this connection */
    uint64_t burst_ms; /* when there will be new ones */
    uint64_t repeated; /* answers given again */
    size_t out_len, in_len;
    char out[CLIENT_OUT_BYTES], in[CLIENT_IN_BYTES];
    char known[CLIENT_KNOWN][128]; /* what was answered to report n, at n % CLIENT_KNOWN */
};

/* The node answers at its door. -1: not yet. */
int client_connect(struct client *client);
void client_close(struct client *client);
/* Whether there is something to send now. */
bool client_wants_out(struct client *client, uint64_t now_ms, uint32_t pause_ms);
void client_write(struct client *client);
/* -1: an answer that must not be, said on stderr. A broken connection is no error. */
int client_read(struct client *client);

#endif
