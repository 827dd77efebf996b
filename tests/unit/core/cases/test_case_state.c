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
    "incomplete: not_registered withdrawn rejected rerouted verification",
    "not_registered: verification closed",
    "withdrawn: verification closed",
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
    assert_int_equal(moves, 52);
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
        cmocka_unit_test(every_move_of_a_document),
        cmocka_unit_test(names_lead_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
