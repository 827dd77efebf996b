#include "core/wire/context_model.h"

#include "core/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* Measured on 3,000 reports of an office and on 2,000 generated ones, in spans of 64 and 256: more
 * cells or a second mixer give 1 to 2 % more, half the cells cost 3 %. */
#define ORDERS 8u
#define CELL_BITS 18u
#define CELLS (1u << CELL_BITS)
#define LINE_BITS 4u /* the cells of half a byte lie together */
#define LINE_CELLS (1u << LINE_BITS)
#define HISTORY_BITS 19u
#define HISTORY_MASK ((1u << HISTORY_BITS) - 1)
#define PLACE_BITS 16u
#define PLACES (1u << PLACE_BITS)
#define MATCH_BYTES 5u
#define MATCH_LEN_MAX 32u
#define SETS (128u * 6u) /* of weights: by column, and by how long the match is */
#define INPUTS (2 * ORDERS + 1)
#define WEIGHT_ONE 65536
#define WEIGHT_START (WEIGHT_ONE * 3 / 10)
#define WEIGHT_MAX (1 << 24)
#define RATE 12
#define STRETCH_MAX 2047

/* A cell: likelihood of a 1 in 4096ths, and how often it was asked, up to 15. */
#define CELL_START 0x8000u
#define COUNT_MASK 15u

struct mixer {
    int32_t weights[SETS][INPUTS];
};

struct match_model {
    uint32_t written; /* bytes of history, ever */
    uint32_t at, len; /* what follows there is expected here; len 0: nothing is */
};

/* What was learnt, one piece after the other. Pieces change in lines; those that did are put back.
 */
struct learnt {
    uint16_t cells[ORDERS * CELLS];
    uint32_t places[PLACES]; /* where five bytes with this hash were followed by something */
    uint8_t history[HISTORY_MASK + 1];
};
struct changed {
    uint8_t cells[ORDERS * CELLS / LINE_CELLS];
    uint8_t places[PLACES / LINE_CELLS];
    uint8_t history[(HISTORY_MASK + 1) / LINE_CELLS];
};

struct context_model {
    struct learnt now, kept;
    struct changed changed; /* lines of `now` that may differ from the kept ones */
    struct mixer mixer, kept_mixer;
    struct match_model match, kept_match;
    uint16_t squash[2 * STRETCH_MAX + 2];
    int16_t stretch[4096];
    uint32_t column, field, word, word_before, position;
    uint32_t bases[ORDERS];
    uint16_t *lines[ORDERS];
};

/* ---- numbers ---- */

/* 4096 / (1 + e^(-x/256)), at x = -2048, -1920 … 2048, and straight lines between. */
static const uint16_t logistic[] = {1,    2,    4,    6,    10,   17,   27,   45,   74,
                                    120,  194,  311,  488,  747,  1102, 1546, 2048, 2550,
                                    2994, 3349, 3608, 3785, 3902, 3976, 4022, 4051, 4069,
                                    4079, 4086, 4090, 4092, 4094, 4095};

static void fill_tables(struct context_model *model)
{
    int next = 0;
    for (int x = -STRETCH_MAX - 1; x <= STRETCH_MAX; x++) {
        unsigned at = (unsigned)(x + STRETCH_MAX + 1);
        unsigned from = logistic[at >> 7];
        unsigned to = logistic[(at >> 7) + 1];
        unsigned likely = from + (((to - from) * (at & 127u)) >> 7);
        model->squash[at] = (uint16_t)likely;
        for (; next <= (int)likely; next++) {
            model->stretch[next] = (int16_t)x;
        }
    }
    for (; next < 4096; next++) {
        model->stretch[next] = STRETCH_MAX;
    }
}

static uint32_t hash(uint32_t a, uint32_t b)
{
    uint32_t h = a * 0x9E3779B1u ^ (b + 0x7F4A7C15u) * 0x85EBCA6Bu;
    h ^= h >> 15;
    h *= 0xC2B2AE35u;
    return h ^ (h >> 13);
}

/* ---- life ---- */

static void set_up(struct context_model *model)
{
    fill_tables(model);
    for (size_t i = 0; i < ORDERS * CELLS; i++) {
        model->now.cells[i] = CELL_START;
    }
    for (size_t set = 0; set < SETS; set++) {
        for (size_t i = 0; i < ORDERS; i++) {
            model->mixer.weights[set][i] = WEIGHT_START;
        }
    }
    context_model_keep(model);
}

struct context_model *context_model_new(void)
{
    struct context_model *model = calloc(1, sizeof *model);
    if (model != NULL) {
        set_up(model);
    }
    return model;
}

void context_model_free(struct context_model *model)
{
    free(model);
}

void context_model_keep(struct context_model *model)
{
    model->kept = model->now;
    memset(&model->changed, 0, sizeof model->changed);
    model->kept_mixer = model->mixer;
    model->kept_match = model->match;
}

static void put_back(void *now, const void *kept, uint8_t *changed, size_t lines, size_t line_bytes)
{
    for (uint8_t *at = changed; (at = memchr(at, 1, lines - (size_t)(at - changed))) != NULL;) {
        size_t from = (size_t)(at - changed) * line_bytes;
        memcpy((uint8_t *)now + from, (const uint8_t *)kept + from, line_bytes);
        *at = 0;
    }
}

void context_model_forget(struct context_model *model)
{
    struct learnt *now = &model->now;
    struct changed *changed = &model->changed;
    const struct learnt *kept = &model->kept;
    put_back(now->cells, kept->cells, changed->cells, sizeof changed->cells,
             LINE_CELLS * sizeof now->cells[0]);
    put_back(now->places, kept->places, changed->places, sizeof changed->places,
             LINE_CELLS * sizeof now->places[0]);
    put_back(now->history, kept->history, changed->history, sizeof changed->history, LINE_CELLS);
    model->mixer = model->kept_mixer;
    model->match = model->kept_match;
    context_model_column(model, 0);
}

/* ---- contexts ---- */

void context_model_column(struct context_model *model, uint32_t column)
{
    model->column = hash(column, 1);
    model->field = model->column;
    model->word = 0;
    model->word_before = 0;
    model->position = 0;
}

static uint32_t past(const struct context_model *model, uint32_t back)
{
    return model->now.history[(model->match.written - back) & HISTORY_MASK];
}

static void set_bases(struct context_model *model)
{
    uint32_t two = past(model, 1) | past(model, 2) << 8;
    uint32_t four = two | past(model, 3) << 16 | past(model, 4) << 24;
    uint32_t column = model->column;
    uint32_t after_word = past(model, 1) == ' ' ? 8 : 9;
    model->bases[0] = hash(column, 0x2000000u | (model->position < 32 ? model->position : 32));
    model->bases[1] = hash(column, 0x100u | past(model, 1));
    model->bases[2] = hash(column, 0x10000u | two);
    model->bases[3] = hash(four & 0xffffffu, 4);
    model->bases[4] = hash(four, 5);
    model->bases[5] = hash(four, 0x10000u | past(model, 5) | past(model, 6) << 8);
    model->bases[6] = hash(model->word + after_word, model->word_before);
    model->bases[7] = hash(model->field, column + model->position);
}

/* The lines of the coming half of the byte. */
static void set_lines(struct context_model *model, uint32_t node)
{
    for (size_t i = 0; i < ORDERS; i++) {
        size_t line = hash(model->bases[i], node) >> (32 - (CELL_BITS - LINE_BITS));
        line += i * (CELLS / LINE_CELLS);
        model->changed.cells[line] = 1;
        model->lines[i] = &model->now.cells[line * LINE_CELLS];
    }
}

static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte >= 0x80;
}

static uint32_t len_of_match(const struct context_model *model, uint32_t at)
{
    uint32_t len = 0;
    while (len < MATCH_LEN_MAX && len < at &&
           model->now.history[(at - 1 - len) & HISTORY_MASK] == past(model, 1 + len)) {
        len++;
    }
    return len;
}

static void find_match(struct context_model *model)
{
    struct match_model *match = &model->match;
    if (match->written < MATCH_BYTES) {
        return;
    }
    uint32_t four =
        past(model, 1) | past(model, 2) << 8 | past(model, 3) << 16 | past(model, 4) << 24;
    uint32_t place = hash(four, past(model, 5)) >> (32 - PLACE_BITS);
    uint32_t at = model->now.places[place];
    if (match->len == 0 && at != 0 && match->written - at < HISTORY_MASK - MATCH_LEN_MAX) {
        match->at = at;
        match->len = len_of_match(model, at);
    }
    model->now.places[place] = match->written;
    model->changed.places[place / LINE_CELLS] = 1;
}

static void remember(struct context_model *model, uint8_t byte)
{
    struct match_model *match = &model->match;
    uint32_t here = match->written & HISTORY_MASK;
    if (match->len > 0 && model->now.history[match->at & HISTORY_MASK] == byte) {
        match->len += match->len < MATCH_LEN_MAX ? 1 : 0;
        match->at++;
    } else {
        match->len = 0;
    }
    model->now.history[here] = byte;
    model->changed.history[here / LINE_CELLS] = 1;
    match->written++;
    find_match(model);
    if (is_letter(byte)) {
        model->word = hash(model->word, byte | 0x20u);
    } else if (model->word != 0) {
        model->word_before = model->word;
        model->word = 0;
    }
    model->field = hash(model->field, byte);
    model->position++;
}

/* ---- bits ---- */

/* What the match expects: 0 or 1, or -1 for nothing. `node`: a 1 and the bits of the byte so far.
 */
static int expected(const struct context_model *model, uint32_t node, int bit)
{
    if (model->match.len == 0) {
        return -1;
    }
    uint32_t byte = model->now.history[model->match.at & HISTORY_MASK] | 0x100u;
    return byte >> (bit + 1) == node ? (int)(byte >> bit & 1u) : -1;
}

static unsigned set_of(const struct context_model *model, int expects)
{
    uint32_t len = model->match.len;
    unsigned how = expects < 0 ? 0 : len < 8 ? 1 : len < 12 ? 2 : len < 16 ? 3 : len < 32 ? 4 : 5;
    return (model->column & 127u) * 6 + how;
}

static void gather(const struct context_model *model, uint32_t slot, int expects,
                   int32_t ret[INPUTS])
{
    for (size_t i = 0; i < ORDERS; i++) {
        unsigned cell = model->lines[i][slot];
        int count = (int)(cell & COUNT_MASK);
        int likely = (int)(cell >> 4);
        ret[i] = count == 0 ? 0 : model->stretch[likely];
        ret[ORDERS + i] = (likely - 2048) * count / 16;
    }
    int strength = (int)model->match.len * 40 + 100;
    ret[2 * ORDERS] = expects < 0 ? 0 : expects > 0 ? strength : -strength;
}

static int mix(const int32_t weights[INPUTS], const int32_t inputs[INPUTS])
{
    int64_t sum = 0;
    for (size_t i = 0; i < INPUTS; i++) {
        sum += (int64_t)weights[i] * inputs[i];
    }
    sum /= WEIGHT_ONE;
    return sum > STRETCH_MAX ? STRETCH_MAX : sum < -STRETCH_MAX ? -STRETCH_MAX : (int)sum;
}

/* How fast a cell follows: at once while it is new. */
static const uint8_t rates[] = {1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 5};

static void learn_cell(uint16_t *cell, unsigned bit)
{
    int count = *cell & (int)COUNT_MASK;
    int likely = *cell >> 4;
    int rate = rates[count];
    int half = ((1 << rate) - 1) / 2;
    if (bit != 0) {
        likely += (4095 - likely + half) >> rate;
    } else {
        likely -= (likely + half) >> rate;
    }
    count += count < (int)COUNT_MASK ? 1 : 0;
    *cell = (uint16_t)(likely << 4 | count);
}

static unsigned code_bit(struct context_model *model, struct range_coder *coder, uint32_t node,
                         uint32_t slot, int at, unsigned bit)
{
    int32_t inputs[INPUTS];
    int expects = expected(model, node, at);
    int32_t *weights = model->mixer.weights[set_of(model, expects)];
    gather(model, slot, expects, inputs);
    int likely = model->squash[mix(weights, inputs) + STRETCH_MAX + 1];
    bit = range_coder_bit(coder, (unsigned)likely * 16 + 8, bit);
    int error = ((bit != 0 ? 4096 : 0) - likely) * RATE;
    for (size_t i = 0; i < INPUTS; i++) {
        int32_t weight = weights[i] + (inputs[i] * error + WEIGHT_ONE / 2) / WEIGHT_ONE;
        weights[i] = weight > WEIGHT_MAX ? WEIGHT_MAX : weight < -WEIGHT_MAX ? -WEIGHT_MAX : weight;
    }
    for (size_t i = 0; i < ORDERS; i++) {
        learn_cell(&model->lines[i][slot], bit);
    }
    return bit;
}

uint8_t context_model_byte(struct context_model *model, struct range_coder *coder, uint8_t byte)
{
    uint32_t node = 1;
    set_bases(model);
    for (int at = 7; at >= 0; at--) {
        if (at == 7 || at == 3) {
            set_lines(model, node);
        }
        uint32_t slot = at > 3 ? node : (node & ((8u >> at) - 1)) | (8u >> at);
        unsigned bit =
            code_bit(model, coder, node, slot & (LINE_CELLS - 1), at, (unsigned)byte >> at & 1u);
        node = node << 1 | bit;
    }
    remember(model, (uint8_t)node);
    return (uint8_t)node;
}
