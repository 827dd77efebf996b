#include "core/cases/match_explain.h"

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/wire/report_json.h"

#include <string.h>

#define TEXT_CAPACITY 256u
#define SHARE_DIGITS_MAX 6u

static const char *const field_names[MATCH_FIELD_COUNT] = {
    [MATCH_NIP] = "nip",
    [MATCH_NIK] = "nik",
    [MATCH_NAME] = "name",
    [MATCH_UNIT] = "unit",
    [MATCH_POSITION] = "position",
    [MATCH_ACCOUNT] = "account",
    [MATCH_SEX_BIRTH] = "sex_birth",
    [MATCH_REGENCY] = "regency",
    [MATCH_LINK] = "link",
    [MATCH_FILE] = "file",
    [MATCH_PLACE] = "place",
    [MATCH_COMPANY] = "company",
    [MATCH_FORM] = "form",
    [MATCH_DAY] = "occurred_on",
    [MATCH_SIDE] = "determination",
};
static const char *const finding_names[FOUND_COUNT] = {[FOUND_EQUAL] = "equal",
                                                       [FOUND_NEAR] = "near",
                                                       [FOUND_DIFFERENT] = "different",
                                                       [FOUND_ABSENT] = "absent"};

static void share_write(struct writer *writer, int32_t share)
{
    uint8_t digits[SHARE_DIGITS_MAX];
    size_t count = 0;
    uint32_t left = (uint32_t)(share < 0 ? -share : share);
    writer_u8(writer, '=');
    if (share < 0) {
        writer_u8(writer, '-');
    }
    while (left > 0 && count < SHARE_DIGITS_MAX) {
        digits[count++] = (uint8_t)('0' + left % 10);
        left /= 10;
    }
    while (count > 0) {
        writer_u8(writer, digits[--count]);
    }
}

/* All fields of one finding; nothing when there is none. */
static size_t finding_write(const struct judgement *judgement, enum match_finding finding,
                            uint8_t ret[TEXT_CAPACITY])
{
    struct writer writer;
    writer_init(&writer, ret, TEXT_CAPACITY);
    for (size_t i = 0; i < MATCH_FIELD_COUNT; i++) {
        const struct match_found *found = &judgement->fields[i];
        if (found->finding != finding) {
            continue;
        }
        if (writer.len == 0) {
            writer_bytes(&writer, bytes_of_text(finding_names[finding]));
        }
        writer_u8(&writer, ' ');
        writer_bytes(&writer, bytes_of_text(field_names[i]));
        if (found->share_milli != 0) {
            share_write(&writer, found->share_milli);
        }
    }
    ASSERT(!writer.overflow);
    return writer.len;
}

int match_explain_texts(const struct judgement *judgement, struct arena *arena,
                        struct bytes ret[FOUND_COUNT], size_t *ret_count)
{
    size_t count = 0;
    for (int i = FOUND_EQUAL; i < FOUND_COUNT; i++) {
        uint8_t text[TEXT_CAPACITY];
        size_t len = finding_write(judgement, (enum match_finding)i, text);
        if (len == 0) {
            continue;
        }
        ret[count] = arena_copy(arena, bytes_of(text, len));
        if (ret[count++].data == NULL) {
            return ERR_NOMEM;
        }
    }
    *ret_count = count;
    return 0;
}

/* ---- as JSON ---- */
static struct bytes word_next(struct bytes *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] != ' ') {
        len++;
    }
    struct bytes word = bytes_of(rest->data, len);
    size_t passed = len < rest->len ? len + 1 : len;
    *rest = bytes_of(rest->data + passed, rest->len - passed);
    return word;
}

/* What stands behind the "="; 0 when it is no number of ours. */
static double share_of(struct bytes digits)
{
    bool less = digits.len > 0 && digits.data[0] == '-';
    int32_t value = 0;
    for (size_t i = less ? 1 : 0; i < digits.len; i++) {
        if (digits.len > SHARE_DIGITS_MAX || digits.data[i] < '0' || digits.data[i] > '9') {
            return 0;
        }
        value = value * 10 + (digits.data[i] - '0');
    }
    return (double)(less ? -value : value) / 1000;
}

static bool field_add(struct bytes word, struct bytes finding, json_t *list)
{
    const uint8_t *equals = word.len == 0 ? NULL : memchr(word.data, '=', word.len);
    size_t len = equals == NULL ? word.len : (size_t)(equals - word.data);
    json_t *row = json_pack("{s:o, s:o}", "field", json_text(bytes_of(word.data, len)), "found",
                            json_text(finding));
    bool good = row != NULL;
    if (equals != NULL) {
        json_t *share = json_real(share_of(bytes_of(equals + 1, word.len - len - 1)));
        good = json_object_set_new(row, "share", share) == 0;
    }
    return json_array_append_new(list, row) == 0 && good;
}

static bool text_add(struct bytes text, json_t *list)
{
    struct bytes rest = text;
    struct bytes finding = word_next(&rest);
    bool good = true;
    if (rest.len == 0) { /* before judged-7: the name of a field that agreed */
        good = field_add(finding, bytes_of_text("equal"), list);
    }
    while (rest.len > 0 && good) {
        good = field_add(word_next(&rest), finding, list);
    }
    return good;
}

json_t *match_explain_fields(const struct bytes *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count && list != NULL; i++) {
        if (!text_add(texts[i], list)) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

json_t *match_explain_json(const struct judgement *judgement, struct arena *arena)
{
    static const char *const verdicts[] = {
        [VERDICT_OTHER] = "other", [VERDICT_MAYBE] = "perhaps", [VERDICT_SAME] = "same"};
    struct bytes texts[FOUND_COUNT];
    size_t count = 0;
    if (match_explain_texts(judgement, arena, texts, &count) != 0) {
        return NULL;
    }
    return json_pack("{s:s, s:s, s:f, s:o}", "verdict", verdicts[judgement->verdict], "rule",
                     judgement->rule, "score", (double)judgement->score_milli / 1000, "fields",
                     match_explain_fields(texts, count));
}
