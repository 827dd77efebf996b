/* profile.c - a line's profile from its text. */
#include "line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1000000000.0
#define NS_PER_MS 1000000.0
#define PPM_PER_PERCENT 10000.0
#define MTU_DEFAULT 1500
#define MTU_MIN 576

struct key {
    const char *name;
    size_t offset; /* in struct line_way, or in struct line_profile where `whole` */
    double unit;
    double max;
    bool small; /* uint32_t */
    bool whole;
};

#define WAY(name, field, unit, max, small)                                                         \
    {                                                                                              \
        name, offsetof(struct line_way, field), unit, max, small, false                            \
    }
#define WHOLE(name, field, unit, max, small)                                                       \
    {                                                                                              \
        name, offsetof(struct line_profile, field), unit, max, small, true                         \
    }

static const struct key keys[] = {
    WAY("rate_bit_s", rate_bit_s, 1, 1e10, false),
    WAY("queue_bytes", queue_bytes, 1, 1e8, false),
    WAY("delay_ms", delay_ns, NS_PER_MS, 60000, false),
    WAY("jitter_ms", jitter_ns, NS_PER_MS, 60000, false),
    WAY("reorder_ms", reorder_ns, NS_PER_MS, 60000, false),
    WAY("loss_percent", loss_ppm, PPM_PER_PERCENT, 100, true),
    WAY("duplicate_percent", duplicate_ppm, PPM_PER_PERCENT, 100, true),
    WAY("reorder_percent", reorder_ppm, PPM_PER_PERCENT, 100, true),
    WAY("corrupt_percent", corrupt_ppm, PPM_PER_PERCENT, 100, true),
    WHOLE("up_s", up_ns, NS_PER_S, 86400, false),
    WHOLE("down_s", down_ns, NS_PER_S, 86400, false),
    WHOLE("rebind_s", rebind_ns, NS_PER_S, 86400, false),
    WHOLE("mtu", mtu, 1, 65000, true),
};

static bool number(const char *text, double max, double *ret)
{
    char *end = NULL;
    errno = 0;
    double value = strtod(text, &end);
    /* Not "value < 0": that would let a NaN through. */
    if (errno != 0 || end == text || !(value >= 0 && value <= max)) {
        return false;
    }
    end += strspn(end, " \t");
    *ret = value;
    return *end == '\0' || *end == '#';
}

static void set(const struct key *key, void *base, double value)
{
    unsigned char *at = (unsigned char *)base + key->offset;
    uint64_t whole = (uint64_t)(value * key->unit + 0.5);
    if (key->small) {
        uint32_t narrow = (uint32_t)whole;
        memcpy(at, &narrow, sizeof narrow);
    } else {
        memcpy(at, &whole, sizeof whole);
    }
}

static bool assign(struct line_profile *profile, const char *name, const char *text)
{
    bool out = strncmp(name, "out.", 4) == 0;
    bool back = strncmp(name, "back.", 5) == 0;
    name += out ? 4 : back ? 5 : 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct key *key = &keys[i];
        double value = 0;
        if (strcmp(key->name, name) != 0) {
            continue;
        }
        if ((key->whole && (out || back)) || !number(text, key->max, &value)) {
            return false;
        }
        if (key->whole) {
            set(key, profile, value);
            return true;
        }
        if (!back) {
            set(key, &profile->way[LINE_OUT], value);
        }
        if (!out) {
            set(key, &profile->way[LINE_BACK], value);
        }
        return true;
    }
    return false;
}

/* One line; it is changed. */
static bool parse_line(char *line, struct line_profile *profile)
{
    line += strspn(line, " \t\r");
    if (*line == '\0' || *line == '#') {
        return true;
    }
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return false;
    }
    *equals = '\0';
    line[strcspn(line, " \t")] = '\0';
    return assign(profile, line, equals + 1);
}

bool line_parse(const char *text, struct line_profile *ret, unsigned *ret_line)
{
    struct line_profile profile = {.mtu = MTU_DEFAULT};
    char line[256];
    *ret_line = 0;
    while (*text != '\0') {
        size_t bytes = strcspn(text, "\n");
        ++*ret_line;
        if (bytes >= sizeof line) {
            return false;
        }
        memcpy(line, text, bytes);
        line[bytes] = '\0';
        if (!parse_line(line, &profile)) {
            return false;
        }
        text += bytes + (text[bytes] == '\n');
    }
    /* A line that is never up carries nothing, and one that goes down must say for how long. */
    if (profile.mtu < MTU_MIN || (profile.down_ns > 0) != (profile.up_ns > 0)) {
        return false;
    }
    *ret = profile;
    return true;
}
