/* bench.h - what the subcommands of kabar-bench share. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdint.h>
#include <stdio.h>

/* kabar-bench match: 0, or the program's exit code. */
int bench_match(int argc, char **argv);

#endif
