#include "core/cases/normalise.h"

#include <string.h>

static bool same_from(struct bytes a, size_t from_a, struct bytes b, size_t from_b)
{
    return a.len - from_a == b.len - from_b &&
           memcmp(a.data + from_a, b.data + from_b, a.len - from_a) == 0;
}

bool normal_mistyped(struct bytes word, struct bytes meant)
{
    size_t at = 0;
    while (at < meant.len && at < word.len && word.data[at] == meant.data[at]) {
        at++;
    }
    if (word.len == meant.len) {
        return at + 1 < word.len && word.data[at] == meant.data[at + 1] &&
               word.data[at + 1] == meant.data[at] && same_from(word, at + 2, meant, at + 2);
    }
    if (word.len < meant.len) {
        return same_from(word, at, meant, at + 1);
    }
    return at > 0 && same_from(word, at + 1, meant, at);
}
