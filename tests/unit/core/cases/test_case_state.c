/* Every move of every state, against a table written from DOMAIN and not from the code. */
#include "lib/cmocka_all.h"

#include "core/cases/case_state.h"

#include <stdio.h>
#include <string.h>

/* "from: to to to", one line a state. */
static const char *const allowed[] = {
    /* NOLINTNEXTLINE(bugprone-suspicious-missing-comma): long lines, two strings each */
    "received: incomplete not_registered withdrawn rejected rerouted verification clarification "
    "recommended decided",
    "incomplete: not_registered withdrawn rejected rerouted verification decided",
    "not_registered: verification closed decided",
    "withdrawn: verification closed decided",
    "rejected: closed",
    "rerouted: closed",
    "verification: incomplete withdrawn rejected rerouted clarification not_proven recommended "
    "decided left_service",
    "clarification: verification withdrawn rerouted not_proven recommended decided left_service",
    "not_proven: verification closed",
    "recommended: decided blocked left_service",
    "decided: blocked left_service appealed closed",
    "blocked: decided left_service closed",
    "left_service: closed",
    "appealed: decided left_service closed",
    "closed:",
};

static const char *const allowed_documents[] = {
    "proposed: issued waiting withdrawn expired",
    "issued: superseded withdrawn expired",
    "waiting: issued superseded withdrawn expired",
    "superseded:",
    "withdrawn:",
    "expired:",
};

static bool line_names(const char *line, const char *to)
{
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, " %s", to);
    const char *at = strstr(line, wanted);
    while (at != NULL) {
        char after = at[strlen(wanted)];
        if (after == ' ' || after == '\0') {
            return true;
        }
        at = strstr(at + 1, wanted);
    }
    return false;
}

static const char *line_of(const char *const *lines, size_t count, const char *from)
{
    size_t len = strlen(from);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(lines[i], from, len) == 0 && lines[i][len] == ':') {
            return lines[i];
        }
    }
    fail_msg("no line for %s", from);
    return NULL;
}

static void every_move_of_a_case(void **state)
{
    (void)state;
    size_t count = sizeof allowed / sizeof allowed[0], moves = 0;
    assert_int_equal(count, CASE_STATE_COUNT);
    for (unsigned from = 0; from < CASE_STATE_COUNT; from++) {
        const char *from_name = case_state_name((enum case_state)from);
        const char *line = line_of(allowed, count, from_name);
        for (unsigned to = 0; to < CASE_STATE_COUNT; to++) {
            enum case_state now = (enum case_state)from;
            struct err_ctx err = {.text = ""};
            const char *to_name = case_state_name((enum case_state)to);
            int status = case_state_move(&now, (enum case_state)to, &err);
            if (line_names(line, to_name)) {
                assert_int_equal(status, 0);
                assert_int_equal(now, to);
                moves++;
            } else {
                assert_int_equal(status, ERR_STATE);
                assert_int_equal(now, from);
                assert_non_null(strstr(err.text, from_name));
                assert_non_null(strstr(err.text, to_name));
            }
        }
    }
    assert_int_equal(moves, 55);
}

/* What a state asks of whoever comes into it, written from DOMAIN and the README and not from the
 * code: who examines, who signs, and which steps have to be explained. */
static const char by_document[] = ": recommended decided";
static const char by_assignee[] = ": clarification not_proven";
static const char explained[] =
    ": incomplete not_registered withdrawn rejected rerouted not_proven "
    "blocked left_service appealed closed";

static enum case_rule rule_of(const char *from, const char *to, const struct case_facts *facts)
{
    bool document = facts->by == CASE_BY_DOCUMENT;
    if (strcmp(from, "closed") == 0) {
        return CASE_RULE_CLOSED;
    }
    if (strcmp(from, to) == 0) {
        return CASE_RULE_SAME;
    }
    if (!line_names(line_of(allowed, sizeof allowed / sizeof allowed[0], from), to)) {
        return CASE_RULE_NO_STEP;
    }
    if (line_names(by_document, to)) {
        return document ? CASE_RULE_NONE : CASE_RULE_DOCUMENT;
    }
    if (document) {
        return CASE_RULE_OFFICER;
    }
    if (line_names(by_assignee, to) && !facts->assigned) {
        return CASE_RULE_UNASSIGNED;
    }
    if (line_names(by_assignee, to) && !facts->assignee) {
        return CASE_RULE_ASSIGNEE;
    }
    if (line_names(explained, to) && !facts->reason) {
        return CASE_RULE_REASON;
    }
    return strcmp(to, "rerouted") == 0 && !facts->reroute_code ? CASE_RULE_REROUTE : CASE_RULE_NONE;
}

/* Every state to every state, by whoever, with everything that the rules ask about. */
static void every_step_is_allowed_or_names_its_rule(void **state)
{
    (void)state;
    size_t seen[CASE_RULE_COUNT] = {0}, wrong = 0;
    for (unsigned i = 0; i < CASE_STATE_COUNT * CASE_STATE_COUNT * 32; i++) {
        enum case_state from = (enum case_state)(i / 32 / CASE_STATE_COUNT);
        enum case_state to = (enum case_state)(i / 32 % CASE_STATE_COUNT);
        const struct case_facts facts = {.by = (i & 1) != 0 ? CASE_BY_DOCUMENT : CASE_BY_OFFICER,
                                         .reason = (i & 2) != 0,
                                         .reroute_code = (i & 4) != 0,
                                         .assigned = (i & 8) != 0,
                                         .assignee = (i & 16) != 0};
        enum case_rule rule = case_step(from, to, &facts);
        enum case_rule wanted = rule_of(case_state_name(from), case_state_name(to), &facts);
        if (rule != wanted) {
            print_error("from %s to %s: %s, not %s\n", case_state_name(from), case_state_name(to),
                        case_rule_text(rule), case_rule_text(wanted));
            wrong++;
        }
        seen[rule]++;
    }
    assert_int_equal(wrong, 0);
    for (unsigned i = 0; i < CASE_RULE_COUNT; i++) {
        assert_true(seen[i] > 0);
    }
}

static void a_reroute_begins_with_its_code(void **state)
{
    (void)state;
    static const struct {
        const char *reason, *code;
    } rows[] = {{"not_asn", "not_asn"},
                {"other_province: 17", "other_province"},
                {"other_body:", "other_body"},
                {"not_asn too", ""},
                {"because not_asn", ""},
                {"Not_asn", ""},
                {"", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(bytes_equal(case_reroute_code(bytes_of_text(rows[i].reason)),
                                bytes_of_text(rows[i].code)));
    }
}

static void every_move_of_a_document(void **state)
{
    (void)state;
    size_t count = sizeof allowed_documents / sizeof allowed_documents[0];
    assert_int_equal(count, DOCUMENT_STATE_COUNT);
    for (unsigned from = 0; from < DOCUMENT_STATE_COUNT; from++) {
        const char *line =
            line_of(allowed_documents, count, document_state_name((enum document_state)from));
        for (unsigned to = 0; to < DOCUMENT_STATE_COUNT; to++) {
            enum document_state now = (enum document_state)from;
            bool may = line_names(line, document_state_name((enum document_state)to));
            int status = document_state_move(&now, (enum document_state)to, NULL);
            assert_int_equal(status, may ? 0 : ERR_STATE);
            assert_int_equal(now, may ? to : from);
        }
    }
}

static void names_lead_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CASE_STATE_COUNT; i++) {
        enum case_state found = CASE_STATE_COUNT;
        assert_true(case_state_of(bytes_of_text(case_state_name((enum case_state)i)), &found));
        assert_int_equal(found, i);
    }
    enum case_state kept = CASE_CLOSED;
    assert_false(case_state_of(bytes_of_text("delivered"), &kept));
    assert_false(case_state_of(bytes_of_text("Received"), &kept));
    assert_false(case_state_of(bytes_of_text(""), &kept));
    assert_int_equal(kept, CASE_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_move_of_a_case),
        cmocka_unit_test(every_step_is_allowed_or_names_its_rule),
        cmocka_unit_test(a_reroute_begins_with_its_code),
        cmocka_unit_test(every_move_of_a_document),
        cmocka_unit_test(names_lead_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
