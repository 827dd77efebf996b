/* log.h - one key=value line per event, on stderr, with the <N> priority that journald reads.
 *
 * Fields are typed; there is no type for a person's data, so none can be logged. Values are
 * escaped (quotes, control bytes, anything not printable ASCII), so no input can forge a line.
 * Only daemons log; libraries return errors. Thread-safe (one write per line).
 *
 *     <6>event=sync_resumed node=16.07 enrolment=3 backlog=12
 */
#ifndef PLATFORM_HOST_LOG_H
#define PLATFORM_HOST_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

struct log_field {
    const char *key;
    enum { LOG_FIELD_TEXT, LOG_FIELD_U64, LOG_FIELD_I64, LOG_FIELD_HEX } type;
    const char *text;
    uint64_t u64;
    int64_t i64;
    const uint8_t *bytes;
    size_t len;
};

/* For a code, a path, an error's text: never a person's. */
struct log_field log_text(const char *key, const char *text);
struct log_field log_u64(const char *key, uint64_t value);
struct log_field log_i64(const char *key, int64_t value);
struct log_field log_hex(const char *key, const uint8_t *bytes, size_t len);

void log_set_level(enum log_level level);
/* "error" "warn" "info" "debug" → level; -1 if none of them. */
int log_level_of(const char *name);
void log_fields(enum log_level level, const char *event, const struct log_field *fields,
                size_t count);

/* LOG(LOG_LEVEL_INFO, "started", log_text("version", v)) */
#define LOG(level, event, ...)                                                                     \
    log_fields((level), (event), (const struct log_field[]){__VA_ARGS__},                          \
               sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

/* A counter that lets one line through per interval and says how many it held back. */
struct log_limit {
    uint64_t next_ms;
    uint64_t held;
};
/* True if a line may be written now; *ret_held is how many were held back since the last. */
int log_limit_pass(struct log_limit *limit, uint64_t now_ms, uint64_t interval_ms,
                   uint64_t *ret_held);
/* True if lines were held back and the interval is over: they are to be told now, or nobody would
 * hear of them before the next one. */
int log_limit_rest(struct log_limit *limit, uint64_t now_ms, uint64_t interval_ms,
                   uint64_t *ret_held);

#endif
