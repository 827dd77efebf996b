/* bench.h - what the subcommands of kabar-bench share. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* kabar-bench match, codec, link: 0, or the program's exit code. */
int bench_match(int argc, char **argv);
int bench_codec(int argc, char **argv);
int bench_link(int argc, char **argv);

/* A number from 1 to max; false: it is none. */
bool bench_number(const char *text, uint64_t max, uint64_t *ret);

#endif
