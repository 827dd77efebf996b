/* check_line.c - logs that go on from others: their genesis says so, entries 2 … count+1 of them
 * are the older log's, and what was in the journal before must not count again.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#define NAME_CAPACITY 96u
#define STEPS_MAX 256u

static json_t *lines;      /* incarnation → predecessor */
static json_t *statements; /* "incarnation-seq kind b", as in the first log → position */
static json_t *aliases;    /* "incarnation-seq" of an older log → the hash it had there */
static json_t *repeats;    /* position → true: it says what was said before */

void check_line_open(void)
{
    lines = json_object();
    statements = json_object();
    aliases = json_object();
    repeats = json_object();
}

void check_line_close(void)
{
    json_decref(lines);
    json_decref(statements);
    json_decref(aliases);
    json_decref(repeats);
}

static void name_of(const char *incarnation, json_int_t seq, char ret[NAME_CAPACITY])
{
    (void)snprintf(ret, NAME_CAPACITY, "%.32s-%lld", incarnation, (long long)seq);
}

/* The hash before entry `seq` of the older log: from the genesis, or from what was seen of it. */
static const char *hash_before(const json_t *predecessor, json_int_t seq, json_t *hashes)
{
    char name[NAME_CAPACITY];
    if (seq - 1 == check_number(predecessor, "seq")) {
        return check_text(predecessor, "h");
    }
    name_of(check_text(predecessor, "incarnation"), seq - 1, name);
    const json_t *known = json_object_get(hashes, name);
    known = known != NULL ? known : json_object_get(aliases, name);
    return known != NULL ? json_string_value(known) : "";
}

/* What it was called in the older log, and which hash it had there: an answer may name that. */
static void note_alias(const json_t *predecessor, json_int_t seq, const json_t *row, json_t *hashes)
{
    char name[NAME_CAPACITY];
    char hash[65];
    struct check_link link = {.incarnation = check_text(predecessor, "incarnation"),
                              .before = hash_before(predecessor, seq, hashes),
                              .body_hash = check_text(row, "body_hash"),
                              .seq = seq,
                              .kind = check_number(row, "kind_number")};
    name_of(link.incarnation, seq, name);
    if (json_object_get(aliases, name) == NULL && check_chain(&link, hash)) {
        (void)json_object_set_new(aliases, name, json_string(hash));
    }
}

static bool is_copy(const json_t *predecessor, json_int_t seq)
{
    return predecessor != NULL && seq >= 2 && seq <= check_number(predecessor, "count") + 1;
}

bool check_line_entry(const json_t *row, json_t *hashes, const char *where)
{
    char name[NAME_CAPACITY];
    char statement[256];
    char position[32];
    const char *incarnation = check_text(row, "incarnation");
    json_int_t seq = check_number(row, "seq");
    const json_t *own = json_object_get(json_object_get(row, "body"), "predecessor");
    if (seq == 1 && json_is_object(own)) {
        (void)json_object_set_new(lines, incarnation, json_deep_copy(own));
    }
    const json_t *predecessor = json_object_get(lines, incarnation);
    for (size_t i = 0; i < STEPS_MAX && is_copy(predecessor, seq); i++) {
        seq = check_number(predecessor, "seq") + seq - 1;
        note_alias(predecessor, seq, row, hashes);
        incarnation = check_text(predecessor, "incarnation");
        predecessor = json_object_get(lines, incarnation);
    }
    name_of(incarnation, seq, name);
    (void)snprintf(statement, sizeof statement, "%s %lld %s", name,
                   (long long)check_number(row, "kind_number"), check_text(row, "body_hash"));
    bool repeat = json_object_get(statements, statement) != NULL;
    (void)json_object_set_new(statements, statement, json_true());
    if (repeat != json_is_object(json_object_get(row, "copy_of"))) {
        check_violation(repeat ? "a statement counts twice" : "a statement does not count", where);
    }
    (void)snprintf(position, sizeof position, "%lld", (long long)check_number(row, "position"));
    if (repeat) {
        (void)json_object_set_new(repeats, position, json_true());
    }
    return repeat;
}

const char *check_line_hash(const char *name)
{
    return json_string_value(json_object_get(aliases, name));
}

bool check_line_repeats(json_int_t position)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", (long long)position);
    return json_object_get(repeats, text) != NULL;
}
