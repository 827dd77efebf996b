#include "core/sync/effects.h"

#include "core/base/assert.h"

const char *alarm_name(enum alarm alarm)
{
    static const char *const names[ALARM_COUNT] = {
#define ALARM_X(name, text) [name] = (text),
        ALARM_LIST(ALARM_X)
#undef ALARM_X
    };
    return alarm < ALARM_COUNT ? names[alarm] : "unknown";
}

struct effect *effects_add(struct effects *effects, enum effect_type type, uint32_t connection)
{
    ASSERT(effects->count < EFFECTS_MAX);
    struct effect *effect = &effects->list[effects->count++];
    memset(effect, 0, sizeof *effect);
    effect->type = type;
    effect->connection = connection;
    return effect;
}

struct control *effects_send(struct effects *effects, uint32_t connection, enum frame_kind kind)
{
    struct effect *effect = effects_add(effects, EFFECT_SEND, connection);
    effect->as.control.kind = kind;
    return &effect->as.control;
}

void effects_alarm(struct effects *effects, uint32_t connection, enum alarm code, int error)
{
    struct effect *effect = effects_add(effects, EFFECT_ALARM, connection);
    effect->as.alarm.code = code;
    effect->as.alarm.error = error;
}

void effects_wake(struct effects *effects, uint64_t at_ms)
{
    effects_add(effects, EFFECT_WAKE, 0)->as.at_ms = at_ms;
}
