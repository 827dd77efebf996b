/* kabar-bench - figures of parts of the system, one subcommand each; bench/run takes those of whole
 * programs. A run that went wrong prints no figure and ends with 1. */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EX_USAGE 64

bool bench_number(const char *text, uint64_t max, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value == 0 || value > max) {
        return false;
    }
    *ret = value;
    return true;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "match") == 0) {
        return bench_match(argc - 1, argv + 1);
    }
    if (argc >= 2 && strcmp(argv[1], "codec") == 0) {
        return bench_codec(argc - 1, argv + 1);
    }
    if (argc >= 2 && strcmp(argv[1], "link") == 0) {
        return bench_link(argc - 1, argv + 1);
    }
    FILE *out = argc >= 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr;
    (void)fputs(
        "usage: kabar-bench match [--cases N] [--reports N] [--seed N] [--dir DIR] "
        "[--json FILE]\n"
        "  processor time of finding a report's case among N open ones; the views lie in\n"
        "  a folder made in DIR (default: $TMPDIR, else /tmp) and removed afterwards\n"
        "       kabar-bench codec --events FILE [--skip N]\n"
        "  bytes and processor time a report costs in spans of 1, 16 and 64, by codec;\n"
        "  FILE: reports as JSON Lines, of which the first N are left out\n"
        "       kabar-bench link [--profile NAME]… [--count N] [--runs N] [--seed N]\n"
        "                        [--events FILE] [--lone N] [--json FILE] [--scripts FOLDER]\n"
        "                        [--peers FOLDER --peer NAME… [--limit S]]\n"
        "  a backlog over bad lines (default: every profile of bench/profiles), N runs each,\n"
        "  medians and spread; with peers, theirs over the same lines and kabar's by theirs.\n"
        "  As root. FOLDER: bench/ of the source tree (default: of that this was built in)\n",
        out);
    return out == stdout ? 0 : EX_USAGE;
}
