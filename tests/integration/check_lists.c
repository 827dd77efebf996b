/* check_lists.c - what the nodes' own lists say, against the journal: every report that a node has
 * is there once and arrived, every answer "accepted" is in its node's list, every document that
 * climbed a rung is in its node's inbox once, in the state that its rungs say.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#define NAME_CAPACITY 160u

static json_t *journal;  /* "incarnation-seq" of reports and zero reports → owner */
static json_t *reached;  /* "owner document" → last of its rungs that the inbox shows */
static json_t *listed;   /* "incarnation-seq" → owner, of the nodes' lists */
static json_t *inboxes;  /* "owner document" → true */
static json_t *nodes;    /* owner → true: its lists were given */
static json_t *accepted; /* "incarnation-seq" of the answers → true */

void check_lists_open(void)
{
    journal = json_object();
    reached = json_object();
    listed = json_object();
    inboxes = json_object();
    nodes = json_object();
    accepted = json_object();
}

void check_lists_close(void)
{
    json_decref(journal);
    json_decref(reached);
    json_decref(listed);
    json_decref(inboxes);
    json_decref(nodes);
    json_decref(accepted);
}

static void identity(const json_t *row, char ret[NAME_CAPACITY])
{
    (void)snprintf(ret, NAME_CAPACITY, "%.32s-%lld", check_text(row, "incarnation"),
                   (long long)check_number(row, "seq"));
}

/* Of the rungs that are states of the inbox too. */
static int height(const char *rung)
{
    static const char *const rungs[] = {"",      "stored",       "verified",
                                        "shown", "acknowledged", "executed"};
    for (int i = 0; i < 6; i++) {
        if (strcmp(rungs[i], rung) == 0) {
            return i;
        }
    }
    return 0;
}

void check_lists_entry(const json_t *row)
{
    char name[NAME_CAPACITY];
    const char *kind = check_text(row, "kind");
    const json_t *body = json_object_get(row, "body");
    if (strcmp(kind, "report") == 0 || strcmp(kind, "zero") == 0) {
        identity(row, name);
        (void)json_object_set_new(journal, name, json_string(check_text(row, "owner")));
    } else if (strcmp(kind, "rung") == 0 || strcmp(kind, "answer") == 0) {
        /* An answer takes note of its question. */
        const char *rung = kind[0] == 'r' ? check_text(body, "rung") : "acknowledged";
        (void)snprintf(name, sizeof name, "%.16s %.64s", check_text(row, "owner"),
                       check_text(body, "document"));
        if (height(rung) > height(check_text(reached, name))) {
            (void)json_object_set_new(reached, name, json_string(rung));
        }
    }
}

void check_lists_answer(const json_t *row)
{
    char name[NAME_CAPACITY];
    identity(row, name);
    (void)json_object_set_new(accepted, name, json_true());
}

static void report_row(const json_t *row)
{
    char name[NAME_CAPACITY];
    const char *state = check_text(row, "state");
    identity(row, name);
    if (json_object_get(listed, name) != NULL) {
        check_violation("the report stands in its node's list twice", name);
    }
    (void)json_object_set_new(listed, name, json_string(check_text(row, "owner")));
    if (strcmp(state, "received") != 0 && strcmp(state, "receipted") != 0 &&
        strcmp(state, "refused") != 0) {
        check_violation("its node does not know that the report arrived", name);
    }
}

static void inbox_row(const json_t *row)
{
    char name[NAME_CAPACITY];
    (void)snprintf(name, sizeof name, "%.16s %.64s", check_text(row, "owner"),
                   check_text(row, "id"));
    if (json_object_get(inboxes, name) != NULL) {
        check_violation("the document stands in its node's inbox twice", name);
    }
    (void)json_object_set_new(inboxes, name, json_true());
    const char *rung = check_text(reached, name);
    const char *state = check_text(row, "state");
    bool rejected = strcmp(state, "rejected") == 0 && height(rung) <= 1;
    bool replaced = strcmp(state, "replaced") == 0 && height(rung) >= height("verified");
    if (!rejected && !replaced && strcmp(rung, state) != 0) {
        check_violation("the inbox says another state than the rungs in the journal", name);
    }
}

void check_lists_row(const json_t *row)
{
    (void)json_object_set_new(nodes, check_text(row, "owner"), json_true());
    if (strcmp(check_text(row, "list"), "inbox") == 0) {
        inbox_row(row);
    } else {
        report_row(row);
    }
}

static bool list_given(const char *owner)
{
    return json_object_get(nodes, owner) != NULL;
}

void check_lists_end(void)
{
    const char *name;
    json_t *value;
    json_object_foreach(listed, name, value)
    {
        if (json_object_get(journal, name) == NULL) {
            check_violation("in its node's list, but not in the journal", name);
        } else if (strcmp(check_text(journal, name), json_string_value(value)) != 0) {
            check_violation("in the list of another node than the journal says", name);
        }
    }
    json_object_foreach(journal, name, value)
    {
        if (list_given(json_string_value(value)) && json_object_get(listed, name) == NULL) {
            check_violation("in the journal, but not in its node's list", name);
        }
    }
    json_object_foreach(accepted, name, value)
    {
        bool judged =
            json_object_get(journal, name) == NULL || list_given(check_text(journal, name));
        if (json_object_size(nodes) > 0 && judged && json_object_get(listed, name) == NULL) {
            check_violation("accepted, but not in its node's list", name);
        }
    }
    json_object_foreach(reached, name, value)
    {
        char owner[NAME_CAPACITY];
        (void)snprintf(owner, sizeof owner, "%.*s", (int)strcspn(name, " "), name);
        if (list_given(owner) && json_object_get(inboxes, name) == NULL) {
            check_violation("a document with rungs is not in its node's inbox", name);
        }
    }
}
