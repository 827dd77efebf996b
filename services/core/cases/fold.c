#include "core/cases/fold_parts.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/base/text.h"

#include <string.h>

typedef int (*fold_handler)(struct fold *);

enum writer_of { BY_NODE, BY_PROVINCE };

/* Who may write what. A kind that is not here, or has no handler, is kept and applied by nobody:
 * a later version may. */
static const struct {
    uint16_t kind;
    enum writer_of by;
    fold_handler handler;
} kinds[] = {
    {ENTRY_REPORT, BY_NODE, fold_report},
    {ENTRY_ZERO, BY_NODE, fold_zero},
    {ENTRY_AMENDMENT, BY_NODE, fold_amendment},
    {ENTRY_WITHDRAWAL, BY_NODE, fold_withdrawal},
    {ENTRY_RUNG, BY_NODE, fold_rung},
    {ENTRY_ANSWER, BY_NODE, fold_answer},
    {ENTRY_RETURNED, BY_NODE, fold_returned},
    {ENTRY_DOCUMENT, BY_PROVINCE, NULL},
    {ENTRY_STATUS, BY_PROVINCE, NULL},
    {ENTRY_REFUSAL, BY_PROVINCE, NULL},
    {ENTRY_RING, BY_PROVINCE, fold_ring_entry},
    {ENTRY_OBJECT, BY_PROVINCE, NULL},
    {ENTRY_ENROLMENT, BY_PROVINCE, fold_enrolment},
    {ENTRY_REVOCATION, BY_PROVINCE, fold_revocation},
    {ENTRY_PLACEMENT, BY_PROVINCE, NULL}, /* applied with its report, which stands before it */
    {ENTRY_ACT, BY_PROVINCE, fold_act},
    {ENTRY_REJECTED, BY_PROVINCE, fold_rejected},
    {ENTRY_CATALOGUE, BY_PROVINCE, fold_catalogue_part},
};

static int dispatch(struct fold *fold)
{
    const struct fold_input *input = fold->input;
    bool counts = true;
    int status = input->own ? 0 : fold_once(fold, &counts);
    if (status != 0 || !counts || input->erased) {
        return status;
    }
    if (input->kind == ENTRY_GENESIS) {
        return fold_genesis(fold);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind != input->kind) {
            continue;
        }
        if ((kinds[i].by == BY_PROVINCE) != input->own) {
            return fold_refuse(fold, ERR_KEY, "%s: only the %s writes these",
                               entry_kind_name(input->kind),
                               kinds[i].by == BY_NODE ? "regency's node" : "province");
        }
        return kinds[i].handler == NULL ? FOLD_DONE : kinds[i].handler(fold);
    }
    return FOLD_DONE;
}

static void refused_record(struct fold *fold, struct bytes code, struct bytes text)
{
    uint8_t value[REFUSED_VIEW_BYTES_MAX];
    struct view_key key;
    struct refused_view view = {.id = fold->input->id, .code = code, .text = text};
    fold_position_key(fold, &key);
    size_t len = refused_view_encode(&view, value, sizeof value);
    fold_put(fold, VIEW_REFUSED, view_key_bytes(&key), bytes_of(value, len));
}

/* So that the node learns it durably. */
static int refusal_entry(struct fold *fold, struct bytes code, struct bytes text)
{
    uint8_t *body = arena_alloc(fold->arena, REFUSED_VIEW_BYTES_MAX);
    size_t len = 0;
    struct refusal refusal = {
        .entry = fold->input->id, .code = code, .text = text, .at_ms = fold->input->received_ms};
    if (body == NULL) {
        return ERR_NOMEM;
    }
    int status = refusal_encode(&refusal, body, REFUSED_VIEW_BYTES_MAX, &len, NULL);
    return status != 0 ? status
                       : fold_office_add(fold, fold->input->owner, fold->input->enrolment,
                                         ENTRY_REFUSAL, bytes_of(body, len));
}

int fold_refused(struct fold *fold, struct bytes code, struct bytes text)
{
    ASSERT(fold->ret->placement_count == 0);
    refused_record(fold, code, text);
    if (fold->input->own) {
        return 0;
    }
    if (fold->input->kind == ENTRY_REPORT) {
        fold_report_state(fold, REPORT_REFUSED, NULL);
    }
    return refusal_entry(fold, code, text);
}

#ifdef KABAR_PLANTS
#define CRASH_MARK "kabar-crash-"

/* "kabar-crash-a" in a report ends the process by ASSERT, "kabar-crash-s" by a wild pointer. */
static void crash_on_mark(struct bytes body)
{
    static int *volatile nowhere;
    size_t len = sizeof CRASH_MARK - 1;
    for (size_t i = 0; i + len < body.len; i++) {
        if (memcmp(body.data + i, CRASH_MARK, len) == 0) {
            ASSERT(body.data[i + len] != 'a');
            *nowhere = 1;
        }
    }
}
#else
#define crash_on_mark(body) ((void)0)
#endif

int fold_passed(const struct views *views, const struct fold_input *input, struct bytes code,
                struct bytes text, struct arena *arena, struct fold_output *ret,
                struct err_ctx *err)
{
    struct fold fold = {
        .views = views, .input = input, .arena = arena, .ret = ret, .report = input->id};
    memset(ret, 0, sizeof *ret);
    ret->code = ERR_STATE;
    fold_say(&fold, "%.*s", SHOWN(text));
    int status = fold_refused(&fold, code, text);
    return status == 0 ? 0
                       : err_wrap(err, status, "pass entry at position %llu",
                                  (unsigned long long)input->position);
}

int fold_entry(const struct fold_config *config, const struct views *views,
               const struct fold_input *input, struct arena *arena, struct fold_output *ret,
               struct err_ctx *err)
{
    struct fold fold = {.config = config,
                        .views = views,
                        .input = input,
                        .arena = arena,
                        .ret = ret,
                        .identity = input->id,
                        .report = input->id,
                        .report_position = input->position,
                        .report_ms = input->received_ms};
    memset(ret, 0, sizeof *ret);
    if (PLANTED(CRASH_ON_MARK) || PLANTED(POISON_SKIPPED)) {
        crash_on_mark(input->body);
    }
    int status = dispatch(&fold);
    if (status == FOLD_REFUSED) {
        ASSERT(ret->code != 0);
        status = fold_refused(&fold, bytes_of_text(err_name(ret->code)), bytes_of_text(ret->text));
    }
    if (status != 0) {
        return err_wrap(err, status, "apply entry at position %llu",
                        (unsigned long long)input->position);
    }
    return 0;
}
