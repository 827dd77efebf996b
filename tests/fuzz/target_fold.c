/* The fold over entries of nodes: their bodies are what a node's key holder wrote, looked at by
 * nobody before. Up to six entries: byte 0 kind and who (below), 2 bytes of length, the body;
 * folded over a province with a ring, two nodes, a case and a recommendation issued. Storage is in
 * memory.
 *
 * The fold never fails for contents, gives the same views twice, and an entry that is refused
 * changes nothing but what says so. */
#include "fuzz/fuzz.h"

#include "unit/core/cases/fold_story.h"

#define ENTRIES_MAX 6u

static const uint16_t kinds[] = {ENTRY_REPORT,  ENTRY_ZERO,      ENTRY_RUNG,       ENTRY_ACT,
                                 ENTRY_RING,    ENTRY_ENROLMENT, ENTRY_REVOCATION, ENTRY_REJECTED,
                                 ENTRY_GENESIS, ENTRY_AMENDMENT, ENTRY_RETURNED,   ENTRY_WITHDRAWAL,
                                 ENTRY_ANSWER,  ENTRY_PLACEMENT, ENTRY_CATALOGUE,  65535};
static const size_t message_of_kind[] = {1, 2, 3, 11, 14, 8, 9, 12, 0, 27, 18, 33, 32, 10, 31, 0};
#define KINDS (sizeof kinds / sizeof kinds[0])

/* The last entry has no length: it goes to the end. */
const ProtobufCMessageDescriptor *fuzz_message_at(const uint8_t *data, size_t size, size_t *ret_at)
{
    size_t at = 0;
    for (size_t i = 1; i < ENTRIES_MAX && size - at >= 3 && get_be16(data + at + 1) < size - at - 3;
         i++) {
        at += 3 + get_be16(data + at + 1);
    }
    *ret_at = at + 3;
    return size - at < 3 ? NULL : fuzz_message(message_of_kind[data[at] % KINDS]);
}

static struct story *base;

/* Its tables before the entry; what must not change. */
struct counts {
    size_t tables[VIEW_TABLE_COUNT];
};

static struct counts counts_of(const struct memory_views *memory)
{
    struct counts counts;
    for (unsigned i = 0; i < VIEW_TABLE_COUNT; i++) {
        counts.tables[i] = memory_views_count(memory, (enum view_table)i);
    }
    return counts;
}

static void check_refused_entry(const struct counts *before, const struct counts *after,
                                const struct fold_input *input)
{
    for (unsigned i = 0; i < VIEW_TABLE_COUNT; i++) {
        bool certain =
            i == VIEW_REFUSED || (i == VIEW_REPORTS && input->kind == ENTRY_REPORT && !input->own);
        /* A rung of a document that may yet be handed back; what contradicts what is known. */
        bool possible = i == VIEW_RUNGS_EARLY || i == VIEW_ALARMS;
        size_t more = after->tables[i] - before->tables[i];
        CHECK(more == (certain ? 1 : 0) || (possible && more == 1),
              "a refused entry leaves that it was refused, and nothing else");
    }
}

static void fold_one(struct memory_views *memory, const struct fold_input *input,
                     struct fold_output *output)
{
    struct views views = memory_views_driver(memory);
    struct counts before = counts_of(memory);
    struct err_ctx err = {""};
    int rc = fold_entry(&base->config, &views, input, fuzz_arena(), output, &err);
    CHECK(rc == 0, "contents never make the fold fail");
    CHECK(memchr(output->text, '\0', sizeof output->text) != NULL &&
              text_sound(bytes_of_text(output->text)),
          "its answer is text");
    CHECK(output->placement_count <= SUBJECTS_MAX, "few placements");
    for (size_t i = 0; i < output->office_count; i++) {
        CHECK(output->office[i].body.len <= ENTRY_BYTES_MAX, "what goes out fits an entry");
    }
    if (output->code != 0) {
        struct counts after = counts_of(memory);
        CHECK(output->code < 0 && output->text[0] != '\0', "a refusal has code and text");
        check_refused_entry(&before, &after, input);
    }
}

/* A question of that case, for answers. */
static void ask(const struct case_name *name)
{
    static struct drafted drafted;
    const struct document question = {.type = DOCUMENT_TYPE_QUESTION,
                                      .text = bytes_of_text("Apakah cuti?"),
                                      .has_respond_by = true,
                                      .respond_by = 20040};
    CHECK(draft(base, name, &question, &drafted, NULL) == 0, "a question is drafted");
    propose(base, &drafted, "sri", &base->sri);
    accepted(base);
}

static void prepare(void)
{
    static struct drafted drafted;
    if (base == NULL) {
        void *state = NULL;
        CHECK(story_open(&state) == 0, "there is memory");
        base = state;
        struct case_name name = recommended(base, &drafted);
        ask(&name);
    }
}

static struct fold_input next_entry(struct bytes *from, size_t nth, bool last)
{
    uint8_t head[3];
    take_into(from, head, sizeof head);
    bool own = head[0] >= 128;
    struct bytes body = {0};
    struct hash b;
    size_t len = last ? from->len : get_be16(head + 1);
    body = head[0] == 127 ? body : take_bytes(from, len);
    chain_body(body, &b);
    return (struct fold_input){
        .b = b,
        .lookup = {.arg = base, .entry = story_lookup, .body = story_body},
        .position = 1000 + nth,
        .id = {.incarnation = {{own ? 1 : 9}}, .seq = 1000 + nth},
        .kind = kinds[head[0] % KINDS],
        .erased = head[0] == 127,
        .own = own,
        .owner = bytes_of_text(own                  ? ""
                               : head[0] % 64 >= 48 ? "16.03"
                                                    : "16.07"),
        .enrolment = own                  ? 0
                     : head[0] % 64 >= 48 ? NODE_03
                                          : NODE_07,
        .received_ms = NOW_MS + 1000,
        .body = body,
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fold_output output[2];
    struct bytes rest = bytes_of(data, size);
    prepare();
    struct memory_views *first = memory_views_new();
    struct memory_views *second = memory_views_new();
    CHECK(first != NULL && second != NULL, "there is memory");
    memory_views_copy(first, base->memory);
    memory_views_copy(second, base->memory);
    for (size_t i = 0; i < ENTRIES_MAX && rest.len > 0; i++) {
        struct fold_input input = next_entry(&rest, i, i + 1 == ENTRIES_MAX);
        if (input.body.len <= ENTRY_BYTES_MAX) {
            fold_one(first, &input, &output[0]);
            fold_one(second, &input, &output[1]);
            CHECK(output[0].code == output[1].code && strcmp(output[0].text, output[1].text) == 0 &&
                      memory_views_differ(first, second) == NULL,
                  "the same entry does the same twice");
        }
    }
    memory_views_free(first);
    memory_views_free(second);
    return 0;
}
