/* check_journal [--json FILE] DUMP ANSWERS… - an independent judge of what `kabar journal dump -o
 * json` shows.
 *
 * Shares no code with core. Holds: positions and each log's seqs have no gap and no repeat; every
 * chain hash follows from the one before, b, seq and kind; every entry is vouched for by a head
 * that the log's key signed, and an enrolment or the ring names that key (check_signed.c); every
 * answer that said "accepted" has its entry, with its hash; a report's key stands in a regency's
 * logs once, but for copies in a log that goes on from another one (check_line.c), and those do not
 * count; a subject of a report is placed once, after the report; a document is stored and
 * verified once at its node, and shown or acknowledged only after that. Exit: 0 all holds, 1
 * something does not (one line each), 2 nothing could be judged.
 */
#include "check.h"

#include <getopt.h>
#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 1048576
#define LOGS_SEEN_MAX 4096u
#define PRINTED_MAX 50u

static struct check_log logs[LOGS_SEEN_MAX];
static size_t log_count;
static size_t violations, entries, answers, documents, lost, doubled;
static json_t *hashes;    /* "incarnation-seq" → hash of the journal's entry */
static json_t *keys;      /* "owner key" → position */
static json_t *rungs;     /* "owner document rung" → how often */
static json_t *placed;    /* "position subject" → true */
static json_t *addressed; /* "owner document" → owner */

void check_violation(const char *what, const char *where)
{
    if (violations++ < PRINTED_MAX) {
        (void)printf("%s: %s\n", where, what);
    }
}

const char *check_text(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text == NULL ? "" : text;
}

json_int_t check_number(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static struct check_log *log_of(const char *incarnation)
{
    for (size_t i = 0; i < log_count; i++) {
        if (strcmp(logs[i].incarnation, incarnation) == 0) {
            return &logs[i];
        }
    }
    if (log_count == LOGS_SEEN_MAX || strlen(incarnation) != 32) {
        return NULL;
    }
    struct check_log *log = &logs[log_count++];
    (void)snprintf(log->incarnation, sizeof log->incarnation, "%s", incarnation);
    return log;
}

bool check_unhex(const char *text, unsigned char *ret, size_t len)
{
    size_t got = 0;
    return strlen(text) == 2 * len &&
           sodium_hex2bin(ret, len, text, 2 * len, NULL, &got, NULL) == 0 && got == len;
}

bool check_chain(const struct check_link *link, char ret[65])
{
    unsigned char input[32 + 32 + 8 + 2];
    unsigned char salt[crypto_generichash_blake2b_SALTBYTES];
    unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = "kabar.entry.v1";
    unsigned char h[32];
    unsigned long long seq = (unsigned long long)link->seq;
    if (!check_unhex(link->before, input, 32) || !check_unhex(link->body_hash, input + 32, 32) ||
        !check_unhex(link->incarnation, salt, sizeof salt)) {
        return false;
    }
    for (size_t i = 0; i < 8; i++) {
        input[64 + i] = (unsigned char)(seq >> (56 - 8 * i) & 0xffu);
    }
    input[72] = (unsigned char)((unsigned long long)link->kind >> 8 & 0xffu);
    input[73] = (unsigned char)((unsigned long long)link->kind & 0xffu);
    (void)crypto_generichash_blake2b_salt_personal(h, sizeof h, input, sizeof input, NULL, 0, salt,
                                                   personal);
    (void)sodium_bin2hex(ret, 65, h, sizeof h);
    return true;
}

static void chain(struct check_log *log, const json_t *row, const char *where)
{
    char before[65];
    char wanted[65];
    struct check_link link = {.incarnation = log->incarnation,
                              .before = sodium_bin2hex(before, sizeof before, log->h, 32),
                              .body_hash = check_text(row, "body_hash"),
                              .seq = check_number(row, "seq"),
                              .kind = check_number(row, "kind_number")};
    const char *found = check_text(row, "hash");
    if (!check_chain(&link, wanted) || !check_unhex(found, log->h, 32)) {
        check_violation("hash, body_hash or incarnation is not hex of its length", where);
    } else if (strcmp(wanted, found) != 0) {
        check_violation("the chain hash does not follow from the entry before", where);
    }
}

static void count_rung(const json_t *row, const json_t *body, const char *where)
{
    static const char *const below[][2] = {{"verified", "stored"},
                                           {"shown", "verified"},
                                           {"acknowledged", "verified"},
                                           {"executed", "acknowledged"}};
    char name[512];
    const char *owner = check_text(row, "owner");
    const char *document = check_text(body, "document");
    const char *rung = check_text(body, "rung");
    (void)snprintf(name, sizeof name, "%s %s", owner, document);
    documents += json_object_get(addressed, name) == NULL ? 1 : 0;
    (void)json_object_set_new(addressed, name, json_true());
    (void)snprintf(name, sizeof name, "%s %s %s", owner, document, rung);
    bool once = strcmp(rung, "stored") == 0 || strcmp(rung, "verified") == 0;
    if (once && json_object_get(rungs, name) != NULL) {
        check_violation("the document was applied twice", where);
    }
    (void)json_object_set_new(rungs, name, json_true());
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
        (void)snprintf(name, sizeof name, "%s %s %s", owner, document, below[i][1]);
        if (strcmp(rung, below[i][0]) == 0 && json_object_get(rungs, name) == NULL) {
            check_violation("a rung without the one below it", where);
        }
    }
}

static void count_placement(const json_t *row, const json_t *body, const char *where)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%lld %lld", (long long)check_number(body, "position"),
                   (long long)check_number(body, "subject"));
    if (json_object_get(placed, name) != NULL) {
        check_violation("a subject of a report was placed twice", where);
    }
    if (check_number(body, "position") <= 0 ||
        check_number(body, "position") >= check_number(row, "position")) {
        check_violation("a placement before its report", where);
    }
    if (check_line_repeats(check_number(body, "position"))) {
        check_violation("a copy of a report was placed", where);
    }
    (void)json_object_set_new(placed, name, json_true());
}

static void judge_body(const json_t *row, const char *where)
{
    const json_t *body = json_object_get(row, "body");
    const char *kind = check_text(row, "kind");
    const char *key = check_text(body, "key");
    if (strcmp(kind, "rung") == 0) {
        count_rung(row, body, where);
    } else if (strcmp(kind, "placement") == 0) {
        count_placement(row, body, where);
    } else if (strcmp(kind, "report") == 0 && key[0] != '\0') {
        char name[512];
        (void)snprintf(name, sizeof name, "%s %s", check_text(row, "owner"), key);
        if (json_object_get(keys, name) != NULL) {
            doubled++;
            check_violation("the report's key stands in the journal twice", where);
        }
        (void)json_object_set_new(keys, name, json_true());
    }
}

static void judge_entry(const json_t *row)
{
    char where[64];
    char name[64];
    entries++;
    (void)snprintf(where, sizeof where, "position %lld", (long long)check_number(row, "position"));
    if (check_number(row, "position") != (json_int_t)entries) {
        check_violation("positions have a gap or a repeat", where);
    }
    struct check_log *log = log_of(check_text(row, "incarnation"));
    if (log == NULL) {
        check_violation("no incarnation", where);
        return;
    }
    json_int_t seq = check_number(row, "seq");
    if (seq != log->last + 1) {
        check_violation("seqs of a log have a gap or a repeat", where);
    }
    log->last = seq;
    chain(log, row, where);
    (void)snprintf(name, sizeof name, "%s-%lld", log->incarnation, (long long)seq);
    if (json_object_get(hashes, name) != NULL) {
        doubled++;
        check_violation("the entry stands in the journal twice", where);
    }
    (void)json_object_set_new(hashes, name, json_string(check_text(row, "hash")));
    check_signed_entry(log, row, where);
    if (!check_line_entry(row, hashes, where)) {
        check_lists_entry(row);
        judge_body(row, where);
    }
}

/* What a person needs to find an answer again: the storm writes down the rest. */
static void name_answer(const json_t *row, const char *identity, char *ret, size_t capacity)
{
    const json_t *kill = json_object_get(row, "after_kill");
    int len = snprintf(ret, capacity, "%s %s", identity, check_text(row, "key"));
    if (json_is_integer(kill) && len > 0 && (size_t)len < capacity) {
        (void)snprintf(ret + len, capacity - (size_t)len, " after kill %lld",
                       (long long)json_integer_value(kill));
    }
}

static void judge_answer(const json_t *row)
{
    char name[64];
    char where[256];
    if (!json_is_true(json_object_get(row, "accepted"))) {
        return;
    }
    answers++;
    check_lists_answer(row);
    (void)snprintf(name, sizeof name, "%.32s-%lld", check_text(row, "incarnation"),
                   (long long)check_number(row, "seq"));
    name_answer(row, name, where, sizeof where);
    const char *found = json_string_value(json_object_get(hashes, name));
    found = found != NULL ? found : check_line_hash(name);
    if (found == NULL) {
        lost++;
        check_violation("accepted, but not in the journal", where);
    } else if (strcmp(found, check_text(row, "hash")) != 0) {
        check_violation("accepted with another hash than the journal has", where);
    }
}

static void each_line(const char *path, void (*judge)(const json_t *row))
{
    static char line[LINE_MAX_BYTES];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        (void)fprintf(stderr, "check_journal: %s cannot be read\n", path);
        exit(2);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        json_t *row = json_loads(line, 0, NULL);
        if (json_is_object(row)) {
            judge(row);
        } else {
            check_violation("a line that is no JSON object", path);
        }
        json_decref(row);
    }
    (void)fclose(file);
}

static void write_figures(const char *path)
{
    json_t *figures =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "entries", (json_int_t)entries, "logs",
                  (json_int_t)log_count, "answers", (json_int_t)answers, "lost", (json_int_t)lost,
                  "doubled", (json_int_t)doubled, "violations", (json_int_t)violations);
    if (json_dump_file(figures, path, JSON_COMPACT) != 0) {
        (void)fprintf(stderr, "check_journal: %s cannot be written\n", path);
        exit(2);
    }
    json_decref(figures);
}

static void judge(char **files, size_t count, const char *lists)
{
    each_line(files[0], judge_entry);
    for (size_t i = 0; i < log_count; i++) {
        check_signed_log(&logs[i]);
    }
    for (size_t i = 1; i < count; i++) {
        each_line(files[i], judge_answer);
    }
    if (lists != NULL) {
        each_line(lists, check_lists_row);
        check_lists_end();
    }
    (void)printf("%zu entries of %zu logs, %zu accepted answers, %zu documents: %zu violations\n",
                 entries, log_count, answers, documents, violations);
}

static void open_all(void)
{
    hashes = json_object();
    keys = json_object();
    rungs = json_object();
    addressed = json_object();
    placed = json_object();
    check_line_open();
    check_signed_open();
    check_lists_open();
}

static void close_all(void)
{
    check_lists_close();
    check_signed_close();
    check_line_close();
    json_decref(hashes);
    json_decref(keys);
    json_decref(rungs);
    json_decref(addressed);
    json_decref(placed);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"json", required_argument, NULL, 'j'},
                                          {"lists", required_argument, NULL, 'l'},
                                          {NULL, 0, NULL, 0}};
    const char *figures = NULL;
    const char *lists = NULL;
    int got;
    while ((got = getopt_long(argc, argv, "", known, NULL)) != -1) {
        figures = got == 'j' ? optarg : figures;
        lists = got == 'l' ? optarg : lists;
        argc = got == '?' ? 0 : argc;
    }
    if (argc <= optind || sodium_init() < 0) {
        (void)fprintf(stderr, "usage: check_journal [--json FILE] [--lists FILE] DUMP ANSWERS…\n");
        return 2;
    }
    open_all();
    judge(argv + optind, (size_t)(argc - optind), lists);
    if (figures != NULL) {
        write_figures(figures);
    }
    close_all();
    return entries == 0 ? 2 : violations > 0 ? 1 : 0;
}
