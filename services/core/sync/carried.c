#include "core/sync/carried.h"

const char *carried_name(enum carried_outcome outcome)
{
    static const char *const names[CARRIED_COUNT] = {
#define CARRIED_X(name, text) [name] = (text),
        CARRIED_LIST(CARRIED_X)
#undef CARRIED_X
    };
    return outcome < CARRIED_COUNT ? names[outcome] : "unknown";
}

void carried_refuse(struct carried *ret, enum carried_outcome outcome, int error, const char *text)
{
    *ret = (struct carried){.outcome = outcome, .error = error, .text = bytes_of_text(text)};
}

static void sent(const struct control *control, struct carried *ret)
{
    if (control->kind == FRAME_GAP) {
        ret->outcome = CARRIED_GAP;
        ret->error = ERR_GAP;
        ret->have = control->as.gap.have;
    } else if (control->kind == FRAME_DENIED) {
        ret->outcome = CARRIED_REFUSED;
        ret->error = ret->error == 0 ? ERR_KEY : ret->error;
        ret->text = control->as.denied.text;
    } else if (control->kind == FRAME_COME_BACK) {
        ret->outcome = CARRIED_LATER;
        ret->error = ERR_AGAIN;
    }
}

static void stored(const struct span_store *store, struct carried *ret)
{
    *ret = (struct carried){.outcome = CARRIED_NEW,
                            .fresh = store->last - store->first_new + 1,
                            .known = store->skip,
                            .store = *store};
}

void carried_judge(struct effects *effects, uint32_t entries, struct carried *ret)
{
    size_t kept = 0;
    *ret = (struct carried){.outcome = CARRIED_KNOWN, .known = entries};
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->list[i];
        bool here = effect->connection == CARRIED_CONNECTION;
        if (here && effect->type == EFFECT_SEND) {
            sent(&effect->as.control, ret);
            continue;
        }
        if (here && effect->type == EFFECT_STORE_SPAN) {
            stored(&effect->as.store, ret);
        } else if (here && effect->type == EFFECT_ALARM && ret->outcome == CARRIED_KNOWN) {
            ret->outcome = CARRIED_REFUSED;
            ret->error = effect->as.alarm.error;
        }
        effects->list[kept++] = *effect;
    }
    effects->count = kept;
    ret->known = ret->outcome == CARRIED_NEW || ret->outcome == CARRIED_KNOWN ? ret->known : 0;
}
