/* The socket: which command goes to which handler, and what handlers share. */
#include "aggregator/doors.h"
#include "aggregator/door_slices.h"

#include "core/wire/command.h"

static const struct {
    const char *name;
    door_handler *handler;
} handlers[] = {
    {"case list", door_case_list},
    {"case show", door_case_show},
    {"case assign", door_case_assign},
    {"case advance", door_case_advance},
    {"case merge", door_case_merge},
    {"case split", door_case_split},
    {"case attachment list", door_attachment_list},
    {"case attachment open", door_attachment_open},
    {"review list", door_review_list},
    {"review same", door_review_same},
    {"review part", door_review_part},
    {"document list", door_document_list},
    {"document show", door_document_show},
    {"document draft", door_document_draft},
    {"document propose", door_document_propose},
    {"document countersign", door_document_countersign},
    {"document withdraw", door_document_withdraw},
    {"advisory show", door_document_show},
    {"catalogue part", door_catalogue_part},
    {"enrol prepare", door_enrol_prepare},
    {"enrol activate", door_enrol_activate},
    {"enrol list", door_enrol_list},
    {"enrol revoke signed", door_enrol_revoke},
    {"journal dump", door_journal_dump},
    {"bundle take", door_bundle_take},
    {"bundle answer", door_bundle_answer},
    {"bundle office", door_bundle_office},
    {"bundle read", door_bundle_read},
    {"stats", door_stats},
    {"completeness", door_completeness},
    {"status", door_status},
    {"ping", door_ping},
    {"backup", door_backup},
};

const char *door_text(const json_t *args, const char *name)
{
    return json_string_value(json_object_get(args, name));
}

uint64_t door_number(const json_t *args, const char *name, uint64_t otherwise)
{
    const json_t *value = json_object_get(args, name);
    json_int_t number = json_integer_value(value);
    return json_is_integer(value) && number >= 0 ? (uint64_t)number : otherwise;
}

void door_refuse(struct door_call *call, int code, const struct err_ctx *err)
{
    int exit_code = 65;
    if (err_action(code) == ERR_ACTION_RETRY) {
        exit_code = 75;
    } else if (err_action(code) == ERR_ACTION_FATAL) {
        exit_code = 74;
    } else if (code == ERR_USAGE) {
        exit_code = 64;
    } else if (code == ERR_KEY || code == ERR_SIGNATURE) {
        exit_code = 77;
    }
    door_call_fail(call, code, exit_code, err_peek(err, code));
}

uint8_t *door_hex(struct door_call *call, const json_t *args, const char *name, size_t bytes_max,
                  size_t *ret_len)
{
    const char *text = door_text(args, name);
    struct err_ctx err;
    size_t digits = text == NULL ? 0 : strlen(text);
    if (digits == 0 || digits % 2 != 0 || digits / 2 > bytes_max) {
        (void)err_set(&err, ERR_VALUE, "%s: hex of 1 to %zu bytes is wanted", name, bytes_max);
        door_refuse(call, ERR_VALUE, &err);
        return NULL;
    }
    uint8_t *bytes = malloc(digits / 2);
    if (bytes == NULL || !hex_decode(bytes, digits / 2, bytes_of_text(text))) {
        (void)err_set(&err, ERR_VALUE, "%s: not hex", name);
        door_refuse(call, bytes == NULL ? ERR_NOMEM : ERR_VALUE, &err);
        free(bytes);
        return NULL;
    }
    *ret_len = digits / 2;
    return bytes;
}

json_t *door_hex_json(const uint8_t *bytes, size_t len)
{
    char *text = malloc(HEX_CAPACITY(len));
    if (text == NULL) {
        return NULL;
    }
    json_t *json = json_string(hex_encode(text, bytes, len));
    free(text);
    return json;
}

static void on_request(void *arg, struct door_call *call, const char *name, const json_t *args)
{
    struct aggregator *aggregator = arg;
    struct err_ctx err = {{0}};
    const struct command *command = command_named(name);
    for (size_t i = 0; command != NULL && i < sizeof handlers / sizeof handlers[0]; i++) {
        if (strcmp(handlers[i].name, name) != 0) {
            continue;
        }
        int rc = command_check(command, args, &err);
        if (rc != 0) {
            door_refuse(call, rc, &err);
        } else {
            handlers[i].handler(aggregator, call, args);
        }
        return;
    }
    (void)err_set(&err, ERR_USAGE, "the aggregator has no command '%.40s'", name);
    door_refuse(call, ERR_USAGE, &err);
}

static void on_line(void *arg, struct door_call *call, uint64_t line, struct bytes text,
                    bool oversized)
{
    (void)arg, (void)line, (void)text, (void)oversized;
    door_call_fail(call, ERR_USAGE, 64, "no command of the aggregator takes lines");
}

static void on_end(void *arg, struct door_call *call)
{
    (void)arg, (void)call;
}

static void on_gone(void *arg, struct door_call *call)
{
    own_forget_call(arg, call);
    door_backup_gone(arg, call);
    door_bundle_gone(arg, call);
    slices_gone(call);
}

static void on_drain(void *arg, struct door_call *call)
{
    (void)arg;
    slices_drained(call);
}

int doors_open(struct aggregator *aggregator, struct err_ctx *err)
{
    struct door_config config = {.loop = aggregator->loop,
                                 .path = aggregator->conf->door,
                                 .group = aggregator->conf->door_group,
                                 .on_request = on_request,
                                 .on_line = on_line,
                                 .on_end = on_end,
                                 .on_gone = on_gone,
                                 .on_drain = on_drain,
                                 .arg = aggregator};
    return door_open(&config, &aggregator->door, err);
}
