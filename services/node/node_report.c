/* node_report.c - one line: read, checked, the reporter sealed, the body encoded.
 *
 * Who reported is plain text only between report_line_read and reporter_seal, in the arena of the
 * line, which is wiped.
 */
#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/rules/report_check.h"
#include "core/seal/chain.h"
#include "core/seal/reporter.h"
#include "node/node_files.h"
#include "node/node_line_in.h"

#define WIB_MS (7 * 3600000)
#define DAY_MS 86400000

const char *line_no_log(const struct node *node)
{
    return node->full_since_ms != 0
               ? node_store_text(ERR_FULL)
               : "not enrolled yet: this node has no province card, so it could not seal who "
                 "reported. Take the card with `kabar enrol accept`";
}

void line_refuse(struct line *line, const char *field, const char *reason)
{
    line->ready = true;
    (void)snprintf(line->error.field, sizeof line->error.field, "%s", field);
    (void)snprintf(line->error.reason, sizeof line->error.reason, "%s", reason);
}

void line_put_off(struct line *line, const char *reason)
{
    line_refuse(line, "", reason);
    line->later = true;
}

/* The arena of a line holds who reported: it is wiped before anything else uses it. */
void *line_arena_start(struct arena *arena)
{
    arena_reset(arena);
    return arena_alloc(arena, 1); /* the arena's first byte */
}

void line_arena_wipe(struct arena *arena, void *start)
{
    explicit_bzero(start, arena_used(arena));
    arena_reset(arena);
}

/* Hash of what the clerk handed in, under a secret of this node: the same input gives the same
 * hash however it was spelled, and nobody can try out reporters' names against it. */
int line_input_hash(struct node *node, const struct report_line *read, struct hash *ret)
{
    static const size_t room = KEY_BYTES + ENTRY_BYTES_MAX + 2 + REPORTER_BYTES_MAX * 2;
    uint8_t *input = malloc(room);
    size_t len = 0;
    if (input == NULL) {
        return ERR_NOMEM;
    }
    struct report report = read->report;
    memset(report.salt, 1, sizeof report.salt); /* a salt must be there, and the same */
    struct writer writer;
    writer_init(&writer, input, room);
    writer_bytes(&writer, bytes_of(node->input_secret, KEY_BYTES));
    int rc = report_encode(&report, input + KEY_BYTES, ENTRY_BYTES_MAX, &len, NULL);
    if (rc == 0) {
        writer.len += len;
        writer_be16(&writer, (uint16_t)read->reporter_name.len);
        writer_bytes(&writer, read->reporter_name);
        writer_bytes(&writer, read->reporter_contact);
        ASSERT(!writer.overflow);
        seal_hash("kabar.input.v1", bytes_of(input, writer.len), ret);
    }
    explicit_bzero(input, room);
    free(input);
    return rc;
}

/* Who hands a line in; wanted: see line_of_text. */
struct line_origin {
    const char *user;
    struct files_wanted *wanted;
};

int line_seal_reporter(struct node *node, struct report_line *read,
                       uint8_t sealed[REPORTER_SEALED_BYTES_MAX], struct err_ctx *err)
{
    uint8_t seed[32];
    size_t len = 0;
    if (read->reporter_name.len == 0 && read->reporter_contact.len == 0) {
        return 0;
    }
    host_random(seed, sizeof seed);
    int rc = reporter_seal(&node->ring.reader_key, seed, read->reporter_name,
                           read->reporter_contact, sealed, &len, err);
    explicit_bzero(seed, sizeof seed);
    if (rc == 0) {
        read->report.sealed_reporter = bytes_of(sealed, len);
    }
    return rc;
}

static int encode_zero(struct zero_report *zero, struct line *line, uint8_t *body, const char *user,
                       struct err_ctx *err)
{
    zero->entered_by = bytes_of_text(user);
    zero->has_entered_ms = true;
    zero->entered_ms = line->now_ms;
    host_random(zero->salt, sizeof zero->salt);
    return zero_report_encode(zero, body, ENTRY_BYTES_MAX, &line->len, err);
}

static int encode_report(struct node *node, struct report_line *read, struct line *line,
                         uint8_t *body, const char *user, struct err_ctx *err)
{
    uint8_t sealed[REPORTER_SEALED_BYTES_MAX];
    struct report *report = &read->report;
    int rc = line_seal_reporter(node, read, sealed, err);
    if (rc != 0) {
        return rc;
    }
    report->entered_by = bytes_of_text(user);
    report->has_entered_ms = true;
    report->entered_ms = line->now_ms;
    host_random(report->salt, sizeof report->salt);
    return report_encode(report, body, ENTRY_BYTES_MAX, &line->len, err);
}

/* The same input, whether its files were here already or not. */
static int note_key(struct node *node, const struct report_line *read, struct line *line,
                    struct err_ctx *err)
{
    struct bytes key = read->report.key;
    if (key.len == 0) {
        return 0;
    }
    int rc = line_input_hash(node, read, &line->input);
    if (rc != 0) {
        return err_set(err, rc, "the report does not fit into an entry");
    }
    line->key_len = key.len;
    memcpy(line->key, key.data, key.len);
    return 0;
}

/* The entry's body, from a report or zero report that was checked. A reason of the line's own is
 * in line->error; else it is in err. */
static int encode(struct node *node, struct report_line *read, struct line *line, uint8_t *body,
                  const struct line_origin *origin, struct err_ctx *err)
{
    line->now_ms = host_wall_ms();
    if (read->type == REPORT_LINE_ZERO) {
        return encode_zero(&read->zero, line, body, origin->user, err);
    }
    int rc = note_key(node, read, line, err);
    rc = rc != 0 ? rc : files_name(node, &read->report, node->arena, origin->wanted, &line->error);
    return rc != 0 ? rc : encode_report(node, read, line, body, origin->user, err);
}

static int check(const struct node *node, const struct report_line *read, struct field_error *error)
{
    struct bytes own = bytes_of_text(node->conf->regency);
    int32_t today = (int32_t)((host_wall_ms() + WIB_MS) / DAY_MS);
    const struct report_codes codes = catalogue_codes(node);
    return read->type == REPORT_LINE_ZERO
               ? zero_report_check(&read->zero, &codes, own, today, error)
               : report_check(&read->report, &codes, own, today, error);
}

size_t line_list_files(const struct report *report, uint8_t *body, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < report->evidence_count; i++) {
        const struct evidence *evidence = &report->evidence[i];
        if (evidence->block_list.len > 0) {
            memcpy(body + len + HASH_BYTES * count++, evidence->sha256.b, HASH_BYTES);
        }
    }
    return count;
}

/* A line ready to be submitted, or refused; NULL when out of memory. */
static struct line *line_of(struct node *node, struct report_line *read,
                            const struct line_origin *origin)
{
    static uint8_t body[ENTRY_BYTES_MAX]; /* loop thread only */
    struct line head = {.ready = false};
    struct err_ctx err = {""};
    int rc = check(node, read, &head.error);
    if (rc != 0) {
        head.ready = true;
    } else {
        rc = encode(node, read, &head, body, origin, &err);
        head.ready = rc != 0;
        if (rc != 0 && head.error.reason[0] == '\0') {
            line_refuse(&head, "", err_peek(&err, rc));
        }
    }
    size_t len = head.ready ? 0 : head.len;
    struct line *line = malloc(sizeof *line + len + HASH_BYTES * EVIDENCE_MAX);
    if (line == NULL) {
        return NULL;
    }
    *line = head;
    memcpy(line->body, body, len);
    if (read->type == REPORT_LINE_REPORT && !line->ready) {
        line->file_count = line_list_files(&read->report, line->body, len);
    }
    bool urgent = read->type == REPORT_LINE_REPORT && read->report.urgent;
    line->kind = read->type == REPORT_LINE_ZERO ? ENTRY_ZERO : ENTRY_REPORT;
    line->lane = urgent ? LANE_URGENT : LANE_ROUTINE;
    return line;
}

static struct line *line_refused(const struct field_error *error)
{
    struct line *line = calloc(1, sizeof *line);
    if (line != NULL) {
        line->ready = true;
        line->error = *error;
    }
    return line;
}

struct line *line_of_text(struct node *node, struct bytes text, bool oversized, const char *user,
                          struct files_wanted *wanted)
{
    const struct line_origin origin = {user, wanted};
    struct report_line read = {.type = REPORT_LINE_REPORT};
    struct field_error error = {"", ""};
    struct line *line = NULL;
    void *start = line_arena_start(node->arena);
    if (oversized) {
        (void)snprintf(error.reason, sizeof error.reason, "longer than %u bytes", LINE_BYTES_MAX);
        line = line_refused(&error);
    } else if (!node->enrolled) {
        line = line_refused(&error);
        if (line != NULL) {
            line_put_off(line, line_no_log(node));
        }
    } else if (report_line_read(text, node->arena, &read, &error) != 0) {
        line = line_refused(&error);
    } else {
        line = line_of(node, &read, &origin);
    }
    line_arena_wipe(node->arena, start);
    return line;
}

struct line *line_of_zero(struct node *node, struct zero_report *zero, const char *user)
{
    struct report_line read = {.type = REPORT_LINE_ZERO, .zero = *zero};
    const struct line_origin origin = {user, NULL};
    return line_of(node, &read, &origin);
}
