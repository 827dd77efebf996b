/* kabar-bench - figures of parts of the system, one subcommand each; bench/run takes those of whole
 * programs. A run that went wrong prints no figure and ends with 1. */
#include "bench.h"

#include <string.h>

#define EX_USAGE 64

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "match") == 0) {
        return bench_match(argc - 1, argv + 1);
    }
    FILE *out = argc >= 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr;
    (void)fputs("usage: kabar-bench match [--cases N] [--reports N] [--seed N] [--dir DIR] "
                "[--json FILE]\n"
                "  processor time of finding a report's case among N open ones; the views lie in\n"
                "  a folder made in DIR (default: $TMPDIR, else /tmp) and removed afterwards\n",
                out);
    return out == stdout ? 0 : EX_USAGE;
}
