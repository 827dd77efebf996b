/* The public functions of core that can allocate (reach.sh says which), with every allocation of
 * theirs failing in turn; and those that decode for the intake, which must not allocate. */
#include "alloc/sweep.h"

#include "core/base/arena.h"
#include "core/cases/match_explain.h"
#include "core/seal/vault.h"
#include "core/wire/command.h"
#include "core/wire/context_model.h"
#include "core/wire/control.h"
#include "core/wire/report_json.h"
#include "core/wire/span.h"
#include "core/wire/span_model.h"
#include "platform/door/json_memory.h"

#include <string.h>

#define ARENA_BYTES (1u << 20)
#define VECTOR_BYTES_MAX 65536u
#define KIND_MAX 64

static struct arena *scratch;

/* ---- makers: NULL and ERR_NOMEM are the same ---- */

struct made {
    void *object;
    void *(*make)(void);
    void (*drop)(void *object);
};

static int make_run(void *arg)
{
    struct made *made = arg;
    made->object = made->make();
    return made->object != NULL ? 0 : ERR_NOMEM;
}

static void make_judge(void *arg, int rc)
{
    struct made *made = arg;
    SWEEP_CHECK((rc == 0) == (made->object != NULL));
    made->drop(made->object);
    made->object = NULL;
}

static void *make_arena(void)
{
    struct arena *arena = arena_new(4096);
    SWEEP_CHECK(arena == NULL || arena_alloc(arena, 4096) != NULL);
    return arena;
}

static void drop_arena(void *arena)
{
    arena_free(arena);
}

static void *make_decoder(void)
{
    return span_decoder_new();
}

static void drop_decoder(void *decoder)
{
    span_decoder_free(decoder);
}

static void *make_builder(void)
{
    return span_builder_new();
}

static void drop_builder(void *builder)
{
    span_builder_free(builder);
}

static void *make_contexts(void)
{
    return context_model_new();
}

static void drop_contexts(void *model)
{
    context_model_free(model);
}

static void *make_model(void)
{
    return span_model_new(bytes_of(NULL, 0));
}

static void drop_model(void *model)
{
    span_model_free(model);
}

static void makers(void)
{
    struct made arena = {.make = make_arena, .drop = drop_arena};
    struct made decoder = {.make = make_decoder, .drop = drop_decoder};
    struct made builder = {.make = make_builder, .drop = drop_builder};
    struct made contexts = {.make = make_contexts, .drop = drop_contexts};
    struct made model = {.make = make_model, .drop = drop_model};
    sweep_plain("context model", make_run, make_judge, &contexts);
    sweep_plain("span model", make_run, make_judge, &model);
    sweep_plain("arena", make_run, make_judge, &arena);
    sweep_plain("span decoder", make_run, make_judge, &decoder);
    sweep_plain("span builder", make_run, make_judge, &builder);
}

/* ---- vault: most of what Argon2 wants is one piece ---- */

struct vault {
    struct vault_plan plan;
    char text[VAULT_TEXT_CAPACITY];
    char sealed[VAULT_TEXT_CAPACITY];
    uint8_t seed[32];
    char name[129];
};

static int seal_run(void *arg)
{
    struct vault *vault = arg;
    uint8_t seed[32];
    memset(seed, 7, sizeof seed);
    memset(vault->text, 'x', sizeof vault->text);
    return vault_seal(&vault->plan, seed, vault->text, NULL);
}

static void seal_judge(void *arg, int rc)
{
    struct vault *vault = arg;
    if (rc != 0) {
        SWEEP_CHECK(strspn(vault->text, "x") >= sizeof vault->text);
    } else {
        memcpy(vault->sealed, vault->text, sizeof vault->sealed);
    }
}

static int open_run(void *arg)
{
    struct vault *vault = arg;
    memset(vault->seed, 0x5a, sizeof vault->seed);
    memset(vault->name, 'x', sizeof vault->name);
    return vault_open(bytes_of_text(vault->sealed), "officer", vault->plan.passphrase, vault->seed,
                      vault->name, NULL);
}

static void open_judge(void *arg, int rc)
{
    struct vault *vault = arg;
    for (size_t i = 0; i < sizeof vault->seed; i++) {
        SWEEP_CHECK(vault->seed[i] == (rc == 0 ? 7 : 0x5a));
    }
    SWEEP_CHECK(rc == 0 ? strcmp(vault->name, "sri") == 0 : vault->name[0] == 'x');
}

static void vaults(void)
{
    struct vault vault = {.plan = {.kind = "officer",
                                   .name = "sri",
                                   .passphrase = bytes_of_text("a long sentence"),
                                   .ops = 1,
                                   .memory_bytes = 8u << 20}};
    sweep_plain("vault_seal", seal_run, seal_judge, &vault);
    sweep_plain("vault_open", open_run, open_judge, &vault);
}

/* ---- commands ---- */

static int parse_run(void *arg)
{
    static const char *const argv[] = {"case", "list", "--limit", "5", "--state", "verification"};
    json_t **ret = arg;
    int words = 0;
    const struct command *command = command_find(6, argv, &words);
    return command_parse(command, 6 - words, argv + words, ret, NULL);
}

static void parse_judge(void *arg, int rc)
{
    json_t **args = arg;
    SWEEP_CHECK((rc == 0) == (*args != NULL));
    if (rc == 0) {
        SWEEP_CHECK(json_object_size(*args) == 2);
        SWEEP_CHECK(json_integer_value(json_object_get(*args, "limit")) == 5);
    }
    json_decref(*args);
    *args = NULL;
}

static void commands(void)
{
    json_t *args = NULL;
    sweep_plain("command_parse", parse_run, parse_judge, &args);
}

/* ---- report lines ---- */

static const char line_text[] =
    "{\"key\":\"k-1\",\"regency\":\"16.07\",\"channel\":\"citizen\",\"form\":\"DS-06\","
    "\"occurred_on\":\"2024-10-02\",\"known_on\":\"2024-10-03\",\"description\":\"seorang "
    "\\u0041SN\","
    "\"subjects\":[{\"name\":\"A\",\"nip\":\"199001012015011001\"},{\"name\":\"B\"}],"
    "\"evidence\":[{\"sha256\":"
    "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
    "\"media_type\":\"image/jpeg\",\"size\":12345}],\"reporter\":{\"name\":\"C\"}}";
static const char zero_text[] =
    "{\"regency\":\"16.07\",\"zero\":{\"from\":\"2024-05-01\",\"until\":\"2024-05-31\","
    "\"scope\":\"all\"},\"stated_name\":\"Orang\"}";

struct line {
    const char *text;
    struct report_line read;
    struct field_error error;
    json_t *wanted;
};

static int line_run(void *arg)
{
    struct line *line = arg;
    memset(&line->read, 0x5a, sizeof line->read);
    arena_reset(scratch);
    return report_line_read(bytes_of_text(line->text), scratch, &line->read, &line->error);
}

static void line_judge(void *arg, int rc)
{
    struct line *line = arg;
    const uint8_t *read = (const uint8_t *)&line->read;
    if (rc == 0) {
        json_t *now = line->read.type == REPORT_LINE_ZERO ? zero_report_to_json(&line->read.zero)
                                                          : report_to_json(&line->read.report);
        SWEEP_CHECK(now != NULL);
        if (line->wanted == NULL) {
            line->wanted = json_incref(now);
        }
        SWEEP_CHECK(json_equal(now, line->wanted));
        json_decref(now);
    } else {
        for (size_t i = 0; i < sizeof line->read; i++) {
            SWEEP_CHECK(read[i] == 0x5a);
        }
        SWEEP_CHECK(strstr(line->error.reason, "out of memory") != NULL);
    }
}

/* As in the programs: jansson's memory does not fail, the program ends. */
static void line_sweep(struct line *line, const char *name)
{
    json_memory_init(false);
    sweep_run(&(struct sweep){.name = name,
                              .run = line_run,
                              .judge = line_judge,
                              .arg = line,
                              .rc = ERR_NOMEM,
                              .may_end = true});
    json_set_alloc_funcs(malloc, free);
}

static void lines(void)
{
    static struct line line;
    line = (struct line){.text = line_text};
    line_sweep(&line, "report line");
    json_decref(line.wanted);
    line = (struct line){.text = zero_text};
    line_sweep(&line, "zero line");
    json_decref(line.wanted);
}

/* ---- JSON of what was read: all of it, or none ---- */

struct shown {
    json_t *(*show)(const struct shown *shown);
    const struct report_line *line;
    struct bytes text;
    uint16_t kind;
    json_t *now, *wanted;
};

static int show_run(void *arg)
{
    struct shown *shown = arg;
    shown->now = shown->show(shown);
    return shown->now != NULL ? 0 : ERR_NOMEM;
}

static void show_judge(void *arg, int rc)
{
    struct shown *shown = arg;
    if (rc == 0 && shown->wanted == NULL) {
        shown->wanted = shown->now;
        shown->now = NULL;
    }
    SWEEP_CHECK(rc != 0 || shown->now == NULL || json_equal(shown->now, shown->wanted));
    json_decref(shown->now);
    shown->now = NULL;
}

static void show_sweep(struct shown *shown, const char *name)
{
    sweep_plain(name, show_run, show_judge, shown);
    json_decref(shown->wanted);
    shown->wanted = NULL;
}

static json_t *show_report(const struct shown *shown)
{
    return report_to_json(&shown->line->report);
}

static json_t *show_zero(const struct shown *shown)
{
    return zero_report_to_json(&shown->line->zero);
}

static json_t *show_text(const struct shown *shown)
{
    return json_text(shown->text);
}

static json_t *show_body(const struct shown *shown)
{
    arena_reset(scratch);
    return entry_body_to_json(shown->kind, shown->text, scratch);
}

static json_t *show_fields(const struct shown *shown)
{
    return match_explain_fields(&shown->text, 1);
}

static json_t *show_judgement(const struct shown *shown)
{
    struct traits traits;
    struct judgement judgement;
    traits_of(&shown->line->report, 0, &traits);
    match_judge(&traits, &traits, &judgement);
    return match_explain_json(&judgement, scratch);
}

static void shows(void)
{
    static struct line line;
    line = (struct line){.text = line_text};
    SWEEP_CHECK(line_run(&line) == 0);
    show_sweep(&(struct shown){.show = show_report, .line = &line.read}, "report_to_json");
    show_sweep(&(struct shown){.show = show_judgement, .line = &line.read}, "match_explain_json");
    line.text = zero_text;
    SWEEP_CHECK(line_run(&line) == 0);
    show_sweep(&(struct shown){.show = show_zero, .line = &line.read}, "zero_report_to_json");
    show_sweep(&(struct shown){.show = show_text, .text = bytes_of_text("plain")}, "text");
    show_sweep(&(struct shown){.show = show_text, .text = bytes_of("a\xff\xfe", 3)}, "broken text");
    show_sweep(&(struct shown){.show = show_fields, .text = bytes_of_text("equal nip=500 name")},
               "match_explain_fields");
}

/* ---- bodies: every golden message under every kind ---- */

static void body_sweep(struct bytes bytes, const char *name)
{
    for (uint16_t kind = 0; kind <= KIND_MAX; kind++) {
        if (kind == 0 || entry_kind_name(kind) != NULL) {
            show_sweep(&(struct shown){.show = show_body, .kind = kind, .text = bytes}, name);
        }
    }
}

/* What the intake decodes is decoded without an allocation. */
static int control_run(void *arg)
{
    const struct bytes *bytes = arg;
    static struct control control;
    arena_reset(scratch);
    return control_decode(*bytes, scratch, &control, NULL);
}

static void nothing_judge(void *arg, int rc)
{
    (void)arg;
    (void)rc;
}

/* for_each of a list of proto/vectors/wire.json. */
static size_t each_vector(const json_t *file, const char *list, const char *name,
                          void (*use)(struct bytes bytes, const char *name))
{
    static uint8_t room[VECTOR_BYTES_MAX];
    size_t i = 0;
    json_t *vector = NULL;
    json_array_foreach(json_object_get(file, list), i, vector)
    {
        const char *hex = json_string_value(json_object_get(vector, "hex"));
        SWEEP_CHECK(hex != NULL && strlen(hex) / 2 <= sizeof room);
        SWEEP_CHECK(hex_decode(room, strlen(hex) / 2, bytes_of_text(hex)));
        use(bytes_of(room, strlen(hex) / 2), json_string_value(json_object_get(vector, name)));
    }
    return i;
}

static void control_without(struct bytes bytes, const char *name)
{
    sweep_without(name, control_run, nothing_judge, &bytes);
}

static void vectors(void)
{
    const char *source = getenv("KABAR_SOURCE");
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/proto/vectors/wire.json", source ? source : ".");
    json_t *file = json_load_file(path, 0, NULL);
    SWEEP_CHECK(file != NULL);
    SWEEP_CHECK(each_vector(file, "messages", "message", body_sweep) > 10);
    SWEEP_CHECK(each_vector(file, "controls", "frame", control_without) > 5);
    json_decref(file);
}

/* ---- spans: compressed and opened again ---- */

struct spans {
    enum span_codec codec;
    size_t count;
    struct span_builder *builder;
    struct span_decoder *decoder;
    struct bytes frame;
    struct span_entry *entries;
    struct span_header header;
};

static const char span_body[] = "laporan laporan laporan laporan laporan laporan laporan laporan";

static int finish_run(void *arg)
{
    struct spans *spans = arg;
    struct incarnation incarnation = {{1}};
    struct hash before = {{2}};
    struct signature head = {{3}};
    struct span_entry entry = {.kind = ENTRY_REPORT, .body = bytes_of_text(span_body)};
    span_builder_start(spans->builder, &incarnation, 1, &before);
    for (size_t i = 0; i < spans->count; i++) {
        SWEEP_CHECK(span_builder_add(spans->builder, &entry, SPAN_RAW_BYTES_MAX) == 0);
    }
    spans->frame = bytes_of(NULL, 0);
    return span_builder_finish(spans->builder, spans->codec, &head, &spans->frame, NULL);
}

static int inflate_run(void *arg)
{
    struct spans *spans = arg;
    struct bytes payload;
    arena_reset(scratch);
    spans->entries = NULL;
    int rc = span_header_decode(spans->frame, &spans->header, &payload, NULL);
    SWEEP_CHECK(rc == 0);
    return span_entries_decode(spans->decoder, &spans->header, payload, scratch, &spans->entries,
                               NULL);
}

static void inflate_judge(void *arg, int rc)
{
    struct spans *spans = arg;
    SWEEP_CHECK((rc == 0) == (spans->entries != NULL));
    for (size_t i = 0; rc == 0 && i < spans->count; i++) {
        SWEEP_CHECK(bytes_equal(spans->entries[i].body, bytes_of_text(span_body)));
    }
}

/* Without memory it may send the span as it is: then that has to be a span. */
static void finish_judge(void *arg, int rc)
{
    struct spans *spans = arg;
    SWEEP_CHECK((rc == 0) == (spans->frame.len > 0));
    if (rc == 0) {
        SWEEP_CHECK(inflate_run(spans) == 0);
        inflate_judge(spans, 0);
    }
}

/* What zstd wants, it wants at the first span of a builder, and keeps. */
static void fresh_builder(void *arg)
{
    struct spans *spans = arg;
    span_builder_free(spans->builder);
    spans->builder = span_builder_new();
    SWEEP_CHECK(spans->builder != NULL);
}

/* And a decoder what a model wants, at its first modelled span. */
static void fresh_decoder(void *arg)
{
    struct spans *spans = arg;
    span_decoder_free(spans->decoder);
    spans->decoder = span_decoder_new();
    SWEEP_CHECK(spans->decoder != NULL);
}

static void modelled_sweeps(void)
{
    static struct spans spans = {.codec = SPAN_MODEL, .count = 3};
    fresh_decoder(&spans);
    sweep_run(&(struct sweep){.name = "span_builder_finish, modelled",
                              .ready = fresh_builder,
                              .run = finish_run,
                              .judge = finish_judge,
                              .arg = &spans,
                              .rc = ERR_NOMEM,
                              .may_manage = true,
                              .keeps = true});
    SWEEP_CHECK(finish_run(&spans) == 0);
    sweep_run(&(struct sweep){.name = "span_entries_decode, modelled",
                              .ready = fresh_decoder,
                              .run = inflate_run,
                              .judge = inflate_judge,
                              .arg = &spans,
                              .rc = ERR_NOMEM,
                              .keeps = true});
    SWEEP_CHECK(spans.header.codec == SPAN_MODEL);
    sweep_without("second modelled span", inflate_run, inflate_judge, &spans);
    span_builder_free(spans.builder);
    span_decoder_free(spans.decoder);
}

static void span_sweeps(void)
{
    static struct spans spans = {.codec = SPAN_ZSTD, .count = 200};
    fresh_decoder(&spans);
    sweep_run(&(struct sweep){.name = "span_builder_finish",
                              .ready = fresh_builder,
                              .run = finish_run,
                              .judge = finish_judge,
                              .arg = &spans,
                              .rc = ERR_NOMEM,
                              .may_manage = true,
                              .keeps = true});
    sweep_without("second span of a builder", finish_run, finish_judge, &spans);
    sweep_without("span_entries_decode", inflate_run, inflate_judge, &spans);
    span_builder_free(spans.builder);
    span_decoder_free(spans.decoder);
}

int main(int argc, char **argv)
{
    static const struct sweep_part parts[] = {
        {"arena_new span_decoder_new span_builder_new context_model_new span_model_new", makers},
        {"vault_seal vault_open", vaults},
        {"command_parse", commands},
        {"report_line_read", lines},
        {"report_to_json zero_report_to_json json_text match_explain_json match_explain_fields",
         shows},
        {"entry_body_to_json", vectors},
        {"span_builder_finish span_entries_decode span_entries_receive span_inflate", span_sweeps},
        {"span_model_deflate", modelled_sweeps},
        {NULL, NULL},
    };
    scratch = arena_new(ARENA_BYTES);
    SWEEP_CHECK(scratch != NULL);
    int rc = sweep_main(argc, argv, parts);
    arena_free(scratch);
    return rc;
}
