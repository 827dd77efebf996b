/* describe.c - a control frame in one line, for the people who read traces. */
#include "sim.h"

#include <stdarg.h>

struct text {
    char text[400];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *line, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int len = vsnprintf(line->text + line->len, sizeof line->text - line->len, format, list);
    va_end(list);
    size_t left = sizeof line->text - line->len - 1;
    line->len += len < 0 ? 0 : (size_t)len < left ? (size_t)len : left;
}

/* Four digits of something random are enough to follow it through a trace. */
static unsigned short_of(const uint8_t *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static void say_resume(struct text *line, const struct resume *resume)
{
    say(line, " %04x>%04x", short_of(resume->pair.prev), short_of(resume->pair.next));
    if (incarnation_is_zero(&resume->aggregator)) {
        say(line, " never met");
    } else {
        say(line, " met %04x", short_of(resume->aggregator.b));
    }
    for (size_t i = 0; i < resume->log_count; i++) {
        const struct log_position *log = &resume->logs[i];
        say(line, ", %s %04x %llu/%llu", lane_name(log->lane), short_of(log->incarnation.b),
            (unsigned long long)log->acked, (unsigned long long)log->last);
    }
    say(line, ", office %04x %llu", short_of(resume->office.b),
        (unsigned long long)resume->office_seq);
    if (resume->successor) {
        say(line, ", successor");
    }
}

static void say_resumed(struct text *line, const struct resumed *resumed)
{
    say(line, "%s %04x by %04x", resumed->old ? " OLD" : "", short_of(resumed->next),
        short_of(resumed->aggregator.b));
    for (size_t i = 0; i < resumed->cursor_count; i++) {
        const struct entry_id *id = &resumed->cursors[i].id;
        say(line, ", %04x %llu", short_of(id->incarnation.b), (unsigned long long)id->seq);
    }
}

static void say_ack(struct text *line, const struct ack *ack)
{
    say(line, " %04x %llu", short_of(ack->id.incarnation.b), (unsigned long long)ack->id.seq);
    if (ack->has_signature) {
        say(line, ", backed up to %llu", (unsigned long long)ack->backed_up_to);
    }
}

const char *describe_control(const struct sim *sim, const struct control *control)
{
    static struct text line;
    if (!sim->options.trace) {
        return "";
    }
    line.len = 0;
    say(&line, "%s", frame_kind_name((int)control->kind));
    switch (control->kind) {
    case FRAME_RESUME:
        say_resume(&line, &control->as.resume);
        break;
    case FRAME_RESUMED:
        say_resumed(&line, &control->as.resumed);
        break;
    case FRAME_ACK:
    case FRAME_RECEIPT:
        say_ack(&line, &control->as.ack);
        break;
    case FRAME_GAP:
        say(&line, " has %04x %llu", short_of(control->as.gap.have.incarnation.b),
            (unsigned long long)control->as.gap.have.seq);
        break;
    case FRAME_DENIED:
        say(&line, " %s", denied_code_name(control->as.denied.code));
        break;
    case FRAME_COME_BACK:
        say(&line, " in %u s", control->as.come_back.retry_s);
        break;
    case FRAME_SPAN:
    case FRAME_KEEP_ALIVE:
    case FRAME_BYE:
    case FRAME_WANT:
    case FRAME_PART:
    case FRAME_MISSING:
        break;
    }
    return line.text;
}

const char *describe_frame(const struct sim *sim, int rc, int kind, const struct control *control,
                           const struct span_header *header)
{
    static struct text line;
    line.len = 0;
    if (rc != 0) {
        say(&line, "%s: %s", frame_kind_name(kind), err_name(rc));
    } else if (kind != FRAME_SPAN) {
        return describe_control(sim, control);
    } else {
        say(&line, "span %04x %llu..%llu", short_of(header->incarnation.b),
            (unsigned long long)header->first,
            (unsigned long long)header->first + header->count - 1);
    }
    return line.text;
}
