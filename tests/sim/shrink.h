/* shrink.h - the smallest run of a seed that still fails: shrink.c. */
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include "sim.h"

/* kind: sim->failure_kind of the run that failed. Prints a command line. */
void shrink(struct tools *tools, const struct sim_options *options, const char *kind,
            const char *program);

#endif
