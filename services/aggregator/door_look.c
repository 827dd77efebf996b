/* Personal data: masked, or shown to an officer who says why, after the entry that says so
 * (adr/0017).
 */
#include "aggregator/doors.h"

#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/wire/report_json.h"

#define NUMBER_SHOWN 3u
#define SITE_BYTES_MAX 24u
static const char mask[] = "***";

json_t *door_masked_name(struct bytes name)
{
    char text[4 + sizeof mask];
    size_t len = 1;
    while (len < name.len && len < 4 && (name.data[len] & 0xc0u) == 0x80u) {
        len++;
    }
    if (name.len == 0) {
        return json_null();
    }
    (void)snprintf(text, sizeof text, "%.*s%s", (int)len, (const char *)name.data, mask);
    return json_text(bytes_of_text(text));
}

json_t *door_masked_number(struct bytes number)
{
    char text[NUMBER_SHOWN + sizeof mask];
    size_t shown = number.len > 2 * NUMBER_SHOWN ? NUMBER_SHOWN : 0;
    if (number.len == 0) {
        return json_null();
    }
    (void)snprintf(text, sizeof text, "%s%.*s", mask, (int)shown,
                   (const char *)number.data + number.len - shown);
    return json_text(bytes_of_text(text));
}

/* ---- what a report says ---- */
/* What names nobody. All else is hidden, whatever may be added to reports. */
static const char *const report_kept[] = {
    "regency", "channel",  "form",     "occurred_on",           "occurred_until", "known_on",
    "urgent",  "subjects", "evidence", "sealed_reporter_bytes", "entered_ms",     NULL};
static const char *const subject_kept[] = {"employment", "unit", "position", "regency", NULL};
static const char *const evidence_kept[] = {"sha256", "media_type", "size", "block_list", NULL};
static const char *const withdrawal_kept[] = {"target", "entered_ms", NULL};

static bool kept(const char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

/* "facebook:***" */
static json_t *masked_account(const char *account)
{
    size_t site = strcspn(account, ":");
    return site <= SITE_BYTES_MAX && account[site] == ':'
               ? json_sprintf("%.*s:%s", (int)site, account, mask)
               : json_string(mask);
}

static json_t *masked_value(const char *name, const json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL || text[0] == '\0') {
        return json_string(mask);
    }
    if (strcmp(name, "name") == 0) {
        return door_masked_name(bytes_of_text(text));
    }
    if (strcmp(name, "nip") == 0 || strcmp(name, "nik") == 0) {
        return door_masked_number(bytes_of_text(text));
    }
    return strcmp(name, "account") == 0 ? masked_account(text) : json_string(mask);
}

/* What is hidden is still seen to be there. */
static void hide(json_t *object, const char *const *names, bool person)
{
    const char *name = NULL;
    void *next = NULL;
    json_t *value = NULL;
    json_object_foreach_safe(object, next, name, value)
    {
        if (!kept(names, name) && !json_is_null(value)) {
            (void)json_object_set_new(object, name,
                                      person ? masked_value(name, value) : json_string(mask));
        }
    }
}

static void hide_each(json_t *list, const char *const *names, bool person)
{
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach(list, i, one)
    {
        hide(one, names, person);
    }
}

void door_mask_reports(json_t *list)
{
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(list, i, row)
    {
        json_t *report = json_object_get(row, "report");
        hide(report, report_kept, false);
        hide_each(json_object_get(report, "subjects"), subject_kept, true);
        hide_each(json_object_get(report, "evidence"), evidence_kept, false);
        hide(json_object_get(row, "withdrawal"), withdrawal_kept, false);
    }
}

/* ---- the entry ---- */
/* "case list regency=16.07 state=verification": which rows they were. */
static void scope_of(const char *command, const json_t *args, char *ret, size_t capacity)
{
    static const char *const names[] = {"state", "regency", "form", "limit", "after"};
    int len = snprintf(ret, capacity, "%s", command);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const json_t *value = json_object_get(args, names[i]);
        if (len < 0 || (size_t)len >= capacity) {
            return;
        }
        if (json_is_string(value)) {
            len += snprintf(ret + len, capacity - (size_t)len, " %s=%.60s", names[i],
                            json_string_value(value));
        } else if (json_is_integer(value)) {
            len += snprintf(ret + len, capacity - (size_t)len, " %s=%lld", names[i],
                            (long long)json_integer_value(value));
        }
    }
}

void door_look_at(struct aggregator *aggregator, struct door_call *call, const json_t *args,
                  const struct door_looking *looking)
{
    struct err_ctx err = {{0}};
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    const char *officer = door_text(args, "as");
    const char *reason = door_text(args, "reason");
    if (officer == NULL || text_blank(bytes_of_text(reason))) {
        (void)err_set(&err, ERR_USAGE, "say who looks and why, with --as and --reason");
        door_refuse(call, ERR_USAGE, &err);
        return;
    }
    if (PLANTED(LOOK_UNSAID)) {
        looking->shown(aggregator, call, args);
        return;
    }
    struct act act = {.type = ACT_LOOK,
                      .officer = bytes_of_text(officer),
                      .at_ms = host_wall_ms(),
                      .case_name = looking->case_name,
                      .entered_by = bytes_of_text(door_call_user(call)),
                      .look_scope = bytes_of_text(looking->scope),
                      .look_reason = bytes_of_text(reason)};
    int rc = act_encode(&act, body, sizeof body, &len, &err);
    if (rc == 0) {
        rc =
            own_append_then(aggregator, ENTRY_ACT, bytes_of(body, len), call, looking->shown, args);
    }
    if (rc != 0) {
        door_refuse(call, rc, &err);
    }
}

bool door_look(struct aggregator *aggregator, struct door_call *call, const json_t *args,
               const char *scope, own_then *shown)
{
    struct door_looking looking = {.shown = shown};
    if (!json_is_true(json_object_get(args, "reveal"))) {
        return false;
    }
    scope_of(scope, args, looking.scope, sizeof looking.scope);
    door_look_at(aggregator, call, args, &looking);
    return true;
}

bool door_look_case(struct aggregator *aggregator, struct door_call *call, const json_t *args,
                    const char *command, own_then *shown)
{
    struct err_ctx err = {{0}};
    struct store_txn *txn = NULL;
    struct case_name name;
    char full[CASE_TEXT_CAPACITY];
    struct door_looking looking = {.shown = shown};
    if (!json_is_true(json_object_get(args, "reveal"))) {
        return false;
    }
    int rc = store_read_begin(aggregator->views, &txn, &err);
    rc = rc == 0 ? door_find_case(aggregator, txn, door_text(args, "case"), &name, &err) : rc;
    store_read_end(txn);
    if (rc != 0) {
        door_refuse(call, rc, &err);
        return true;
    }
    (void)snprintf(looking.scope, sizeof looking.scope, "%s", command);
    looking.case_name = bytes_of_text(case_name_text(&name, full));
    door_look_at(aggregator, call, args, &looking);
    return true;
}
