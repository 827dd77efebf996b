/* What stands at a door and on a command line. Byte 0 chooses: 0 a request as JSON, 1 words of a
 * command line, each ended by a NUL, 2 names that people type: cases, days, numbers in hex, 3 the
 * eight words, 4 help in little room. */
#include "fuzz/fuzz.h"

#include "core/base/text.h"
#include "core/cases/views.h"
#include "core/seal/words.h"
#include "core/wire/command.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 24

/* ---- a request at a door ---- */

static bool known(const struct command *command, const char *name)
{
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        if (strcmp(argument->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* What a daemon relies on once a request was checked. */
static void check_args(const struct command *command, json_t *args)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(args, name, value)
    {
        CHECK(known(command, name), "no argument that the table does not know");
    }
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        value = json_object_get(args, argument->name);
        if (value == NULL || json_is_null(value)) {
            CHECK(!argument->required || argument->type == ARGUMENT_FILE,
                  "what is required is there");
            continue;
        }
        json_t *one = argument->repeated && json_is_array(value) ? json_array_get(value, 0) : value;
        if (one != NULL) {
            CHECK(argument->type != ARGUMENT_NUMBER ||
                      (json_is_integer(one) && json_integer_value(one) >= 0),
                  "a number is one");
            CHECK(argument->type != ARGUMENT_FLAG || json_is_boolean(one), "a flag is one");
            CHECK(argument->type == ARGUMENT_NUMBER || argument->type == ARGUMENT_FLAG ||
                      json_is_string(one),
                  "a text is one");
        }
    }
}

static void take_request(struct bytes line)
{
    struct err_ctx err = {""};
    const char *text = line.len > 0 ? (const char *)line.data : "";
    json_t *request = json_loadb(text, line.len, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(request, "command"));
    const struct command *command = name != NULL ? command_named(name) : NULL;
    if (command != NULL) {
        json_t *args = json_object_get(request, "args");
        int rc = command_check(command, args, &err);
        if (rc == 0) {
            check_args(command, args);
        } else {
            CHECK(rc == ERR_USAGE, "a bad request is wrong usage");
            check_refused(rc, &err);
        }
    }
    json_decref(request);
}

/* ---- a command line ---- */

static void take_words(struct bytes input)
{
    static char text[8192];
    const char *words[WORDS_MAX];
    int count = 0;
    int taken = 0;
    struct err_ctx err = {""};
    json_t *args = NULL;
    size_t len = input.len < sizeof text - 1 ? input.len : sizeof text - 1;
    if (len > 0) {
        memcpy(text, input.data, len);
    }
    text[len] = '\0';
    for (size_t at = 0; at < len && count < WORDS_MAX; at += strlen(text + at) + 1) {
        words[count++] = text + at;
    }
    const struct command *command = command_find(count, words, &taken);
    if (command == NULL) {
        return;
    }
    CHECK(!command->hidden && taken >= 1 && taken <= count, "a command is found by its words");
    int rc = command_parse(command, count - taken, words + taken, &args, &err);
    if (rc != 0) {
        CHECK(rc == ERR_USAGE, "a bad command line is wrong usage");
        check_refused(rc, &err);
        return;
    }
    CHECK(command_check(command, args, &err) == 0, "what is parsed, a door takes");
    check_args(command, args);
    json_decref(args);
}

/* ---- names that people type ---- */

static void take_names(struct bytes text)
{
    struct case_name name;
    char again[CASE_TEXT_CAPACITY];
    char short_again[CASE_SHORT_CAPACITY];
    char day_again[DAY_TEXT_CAPACITY];
    uint64_t number = 0;
    int32_t day = 0;
    uint8_t raw[16];
    char hex[HEX_CAPACITY(sizeof raw)];
    if (case_name_parse(text, &name)) {
        CHECK(bytes_equal(text, bytes_of_text(case_name_text(&name, again))), "one spelling only");
    }
    if (case_short_parse(text, bytes_of_text("16"), &number)) {
        uint64_t same = 0;
        (void)case_short_text(bytes_of_text("16"), number, short_again);
        CHECK(case_short_parse(bytes_of_text(short_again), bytes_of_text("16"), &same) &&
                  same == number,
              "a case's number comes back");
    }
    if (day_of_text(text, &day)) {
        CHECK(bytes_equal(text, bytes_of_text(day_to_text(day, day_again))),
              "one spelling of a day");
    }
    if (hex_decode(raw, sizeof raw, text)) {
        CHECK(strncasecmp(hex_encode(hex, raw, sizeof raw), (const char *)text.data, text.len) == 0,
              "hex comes back");
    }
    CHECK(utf8_valid(text) == text_sound(text), "what is text is text by any reading");
    CHECK(utf8_valid_until(text) <= text.len &&
              text_sound(bytes_of(text.data, utf8_valid_until(text))),
          "and so far as it is");
    (void)text_blank(text);
}

static void take_eight_words(struct bytes text)
{
    static const char words[] = "alpukat harapan lembah piano teko rendah jarum radio";
    char typed[256];
    size_t len = text.len < sizeof typed - 1 ? text.len : sizeof typed - 1;
    if (len > 0) {
        memcpy(typed, text.data, len);
    }
    typed[len] = '\0';
    bool same = words_match(typed, words);
    size_t letters = 0;
    for (const char *at = typed; *at != '\0'; at++) {
        letters += (*at | 0x20) >= 'a' && (*at | 0x20) <= 'z' ? 1 : 0;
    }
    CHECK(!same || letters == sizeof words - 1 - 7, "words that match have as many letters");
    CHECK(same == words_match(words, typed) || typed[strspn(typed, " \t\n-")] == '\0',
          "whoever is asked first");
}

static void take_help(struct bytes input)
{
    size_t which = take_u8(&input);
    size_t room = take_u8(&input) * 16u + 1;
    char *text = malloc(room);
    const struct command *command = command_table;
    CHECK(text != NULL, "there is memory");
    while (which-- > 0 && command->name != NULL) {
        command++;
    }
    size_t len = command_help(command->name != NULL ? command : NULL, text, room);
    CHECK(len < room && strlen(text) == len, "help fits its room");
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const takers[])(struct bytes) = {take_request, take_words, take_names,
                                                   take_eight_words, take_help};
    struct bytes input = bytes_of(data, size);
    takers[take_u8(&input) % (sizeof takers / sizeof takers[0])](input);
    return 0;
}
