#include "core/cases/match_names.h"

#include <string.h>

#define NAME_WORDS_MAX 8u
#define SLIP_LETTERS_MIN 4u
#define NIP_DIGITS 18u
#define NIP_SERIAL_AT 15u

struct list {
    struct bytes word[NAME_WORDS_MAX];
    size_t count;
};

static void words_of(struct bytes text, struct list *ret)
{
    size_t at = 0;
    ret->count = 0;
    while (at < text.len && ret->count < NAME_WORDS_MAX) {
        size_t begin = at;
        while (at < text.len && text.data[at] != ' ') {
            at++;
        }
        if (at > begin) {
            ret->word[ret->count++] = bytes_of(text.data + begin, at - begin);
        }
        at++;
    }
}

static size_t same_head(struct bytes a, struct bytes b)
{
    size_t i = 0;
    while (i < a.len && i < b.len && a.data[i] == b.data[i]) {
        i++;
    }
    return i;
}

/* `longer` has a letter twice. One left out is more than that: Suryanti and Suryati are two. */
static bool letter_doubled(struct bytes longer, struct bytes shorter)
{
    size_t head = same_head(longer, shorter);
    return head > 0 && longer.data[head] == longer.data[head - 1] &&
           memcmp(longer.data + head + 1, shorter.data + head, shorter.len - head) == 0;
}

static bool letters_exchanged(struct bytes a, struct bytes b)
{
    size_t head = same_head(a, b);
    return head > 0 && head + 1 < a.len && a.data[head] == b.data[head + 1] &&
           a.data[head + 1] == b.data[head] &&
           memcmp(a.data + head + 2, b.data + head + 2, a.len - head - 2) == 0;
}

/* Numbers are not spelled wrong: SMPN 12 and SMPN 21 are two. */
static bool numbered(struct bytes word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] >= '0' && word.data[i] <= '9') {
            return true;
        }
    }
    return false;
}

/* A slip of the hand: a letter doubled, or exchanged with its neighbour. */
static bool words_slip(struct bytes a, struct bytes b)
{
    if (a.len < b.len) {
        struct bytes swap = a;
        a = b;
        b = swap;
    }
    if (b.len < SLIP_LETTERS_MIN || numbered(a) || numbered(b)) {
        return false;
    }
    return a.len == b.len ? letters_exchanged(a, b) : a.len == b.len + 1 && letter_doubled(a, b);
}

/* Another letter somewhere: Yuliana and Yuliani may be two. */
static bool words_alike(struct bytes a, struct bytes b)
{
    if (a.len < b.len) {
        struct bytes swap = a;
        a = b;
        b = swap;
    }
    size_t head = same_head(a, b);
    if (b.len < 3 || a.len - b.len > 1 || head == 0 || numbered(a) || numbered(b)) {
        return false;
    }
    size_t other = a.len == b.len ? head + 1 : head;
    return head == a.len || memcmp(a.data + head + 1, b.data + other, a.len - head - 1) == 0;
}

/* Word by word in order. ret_slips: words that are not byte for byte the same; ret_either: where
 * both of two such are names people bear, or neither is, so that nobody can say which was meant. */
static bool all_equal(const struct list *a, const struct list *b, size_t *ret_slips,
                      bool *ret_either)
{
    *ret_slips = 0;
    *ret_either = false;
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (bytes_equal(a->word[i], b->word[i])) {
            continue;
        }
        if (!words_slip(a->word[i], b->word[i])) {
            return false;
        }
        ++*ret_slips;
        *ret_either |= match_name_known(a->word[i]) == match_name_known(b->word[i]);
    }
    return true;
}

/* One word of two or more is a letter off, and only one of the two is a name people bear. */
static bool one_slipped(const struct list *a, const struct list *b)
{
    size_t off = 0, same = 0;
    if (a->count != b->count || a->count < 2) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (bytes_equal(a->word[i], b->word[i])) {
            same += a->word[i].len > 2 && !bytes_equal(a->word[i], bytes_of_text("muhammad"));
            continue;
        }
        off++;
        /* Another letter is too much: Sukarna beside Sukarni. */
        bool slip = words_slip(a->word[i], b->word[i]) ||
                    (a->word[i].len != b->word[i].len && words_alike(a->word[i], b->word[i]));
        if (!slip || match_name_known(a->word[i]) == match_name_known(b->word[i])) {
            return false;
        }
    }
    return off == 1 && same > 0;
}

/* What is equal, slipped or alike begins with one letter. */
static bool word_fits(struct bytes a, struct bytes b)
{
    if (a.data[0] != b.data[0]) {
        return false;
    }
    return a.len == 1 || b.len == 1 || bytes_equal(a, b) || words_slip(a, b) || words_alike(a, b);
}

/* Every word of the shorter fits one of the longer, in order. */
static bool within(const struct list *shorter, const struct list *longer)
{
    size_t spare = longer->count - shorter->count;
    size_t at = 0;
    for (size_t i = 0; i < shorter->count; i++, at++) {
        while (!word_fits(shorter->word[i], longer->word[at])) {
            at++;
            if (at > i + spare) {
                return false;
            }
        }
    }
    return true;
}

static bool initials_fit(const struct list *a, struct bytes of)
{
    char letters[MATCH_INITIALS_CAPACITY];
    struct bytes typed = a->word[0];
    if (a->count != 1 || typed.len < 2 || typed.len > 4) {
        return false;
    }
    size_t len = match_initials(of, false, letters);
    if (typed.len == len + 1 && typed.data[0] == 'm') {
        typed = bytes_of(typed.data + 1, len); /* Muhammad, perhaps */
    }
    return bytes_equal(typed, bytes_of(letters, len));
}

/* Word by word the same but for slips. */
static enum name_likeness words_equal(const struct list *words, struct bytes a, struct bytes b,
                                      size_t slips, bool either)
{
    bool weak = a.len < 3 || (words->count > 1 && words->word[words->count - 1].len == 1);
    if (weak) {
        return NAMES_MAYBE;
    }
    if (words->count > 1 && slips <= 1 && words->word[0].len > 1) {
        return either ? NAMES_SLIP : NAMES_EQUAL;
    }
    if (words->count > 1 || a.len <= 3 || b.len <= 3) {
        return NAMES_MAYBE;
    }
    if (slips == 0) {
        return NAMES_SINGLE;
    }
    return either ? NAMES_MAYBE : NAMES_SLIP; /* one of the two is no name */
}

enum name_likeness match_names(struct bytes a, struct bytes b)
{
    struct list one, two;
    size_t slips = 0;
    bool either = false;
    words_of(a, &one);
    words_of(b, &two);
    if (one.count == 0 || two.count == 0) {
        return NAMES_MAYBE;
    }
    /* Whatever is equal or slipped fits too, and most names do not. */
    bool fits = one.count <= two.count ? within(&one, &two) : within(&two, &one);
    if (!fits) {
        return initials_fit(&one, b) || initials_fit(&two, a) ? NAMES_MAYBE : NAMES_DIFFER;
    }
    if (all_equal(&one, &two, &slips, &either)) {
        return words_equal(&one, a, b, slips, either);
    }
    return one_slipped(&one, &two) ? NAMES_SLIP : NAMES_MAYBE;
}

size_t match_initials(struct bytes name, bool initials, char ret[MATCH_INITIALS_CAPACITY])
{
    struct list list;
    size_t len = 0;
    words_of(name, &list);
    if (initials && list.count == 1) {
        while (len < list.word[0].len && len < MATCH_INITIALS_CAPACITY) {
            ret[len] = (char)list.word[0].data[len];
            len++;
        }
        return len;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (list.count == 1 || !bytes_equal(list.word[i], bytes_of_text("muhammad"))) {
            ret[len++] = (char)list.word[i].data[0];
        }
    }
    return len;
}

static bool has_word(const struct list *list, struct bytes word)
{
    for (size_t i = 0; i < list->count; i++) {
        if (bytes_equal(list->word[i], word)) {
            return true;
        }
    }
    return false;
}

enum likeness match_words(struct bytes a, struct bytes b)
{
    struct list one, two;
    size_t shared = 0, long_shared = 0;
    if (a.len == 0 || b.len == 0) {
        return LIKE_UNKNOWN;
    }
    if (bytes_equal(a, b)) {
        return LIKE_EQUAL;
    }
    words_of(a, &one);
    words_of(b, &two);
    for (size_t i = 0; i < one.count; i++) {
        bool both = has_word(&two, one.word[i]);
        shared += both;
        long_shared += both && one.word[i].len >= 4;
    }
    if (shared == one.count || shared == two.count) {
        return LIKE_WITHIN;
    }
    return long_shared > 0 ? LIKE_SIMILAR : LIKE_DIFFERENT;
}

/* As the decree forms it: a birth, an appointment (a PPPK's has no month), a sex. */
static bool nip_formed(struct bytes nip)
{
    unsigned at[7] = {0};
    for (size_t i = 0; i < 7; i++) {
        at[i] = (unsigned)(nip.data[2 * i] - '0') * 10 + (unsigned)(nip.data[2 * i + 1] - '0');
    }
    unsigned born = at[0] * 100 + at[1], appointed = at[4] * 100 + at[5], month = at[6];
    bool dates = born >= 1940 && born <= 2010 && at[2] >= 1 && at[2] <= 12 && at[3] >= 1 &&
                 at[3] <= 31 && appointed >= born + 16 && appointed <= 2035;
    bool contract = month >= 21 && appointed >= 2019;
    bool sex = nip.data[14] == '1' || nip.data[14] == '2';
    return dates && ((month >= 1 && month <= 12) || contract) && sex;
}

static enum number_likeness nips_compare(struct bytes a, struct bytes b)
{
    size_t head = same_head(a, b);
    bool last = head + 1 >= a.len;
    bool one = last || memcmp(a.data + head + 1, b.data + head + 1, a.len - head - 1) == 0;
    bool exchanged = !last && a.data[head] == b.data[head + 1] &&
                     a.data[head + 1] == b.data[head] &&
                     memcmp(a.data + head + 2, b.data + head + 2, a.len - head - 2) == 0;
    if (!one && !exchanged) {
        return NUMBERS_DIFFER;
    }
    if (exchanged && head + 1 < NIP_SERIAL_AT) {
        return NUMBERS_NEAR;
    }
    if (nip_formed(a) != nip_formed(b)) {
        return NUMBERS_NEAR;
    }
    /* Colleagues are numbered one after the other. */
    return exchanged || head < NIP_SERIAL_AT ? NUMBERS_CLOSE : NUMBERS_DIFFER;
}

static bool digits_only(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return true;
}

enum number_likeness match_numbers(struct bytes a, struct bytes b)
{
    if (a.len == 0 || b.len == 0) {
        return NUMBERS_UNKNOWN;
    }
    if (bytes_equal(a, b)) {
        return NUMBERS_EQUAL;
    }
    bool both = a.len == NIP_DIGITS && b.len == NIP_DIGITS && digits_only(a) && digits_only(b);
    return both ? nips_compare(a, b) : NUMBERS_DIFFER;
}

bool match_contract_changed(struct bytes a, struct bytes b)
{
    return a.len == NIP_DIGITS && b.len == NIP_DIGITS && memcmp(a.data, b.data, 8) == 0 &&
           a.data[14] == b.data[14] && a.data[12] >= '2' && b.data[12] >= '2';
}
