#include "platform/conf/keys.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/base/text.h"
#include "platform/host/host.h"
#include "platform/host/log.h"

#include <confuse.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define CONF_FILE_BYTES_MAX 65536u
#define PORT_MAX 65535u

struct loading {
    const char *path;
    const struct conf_key *keys;
    size_t count;
    uint8_t *to;
    bool seen[CONF_KEYS_MAX];
    int rc; /* the first error; later ones only follow from it */
    struct err_ctx *err;
};

/* libconfuse hands no pointer of ours to its callbacks, and its scanner is static as well. */
static struct loading *loading_now;

/* ---- errors ---- */

/* One line for a person, whatever bytes a value had. */
static void flatten(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}

__attribute__((format(printf, 3, 0))) static int refuse(struct loading *loading, int line,
                                                        const char *format, va_list args)
{
    if (loading->rc == 0) {
        char what[ERR_TEXT_BYTES_MAX];
        (void)vsnprintf(what, sizeof what, format, args);
        flatten(what);
        loading->rc = err_set(loading->err, ERR_CONFIG, "%s:%d: %s", loading->path, line, what);
    }
    return loading->rc;
}

__attribute__((format(printf, 3, 4))) static int fail(struct loading *loading, int line,
                                                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = refuse(loading, line, format, args);
    va_end(args);
    return rc;
}

__attribute__((format(printf, 2, 0))) static void on_confuse_error(cfg_t *cfg, const char *format,
                                                                   va_list args)
{
    (void)refuse(loading_now, cfg->line, format, args);
}

/* ---- values ---- each returns NULL, or what is wrong with the value */

static const char *keep_text(char **to, const char *value)
{
    *to = strdup(value);
    return *to == NULL ? "out of memory" : NULL;
}

static bool has_control(const char *value)
{
    for (; *value != '\0'; value++) {
        if ((unsigned char)*value < 0x20 || *value == 0x7f) {
            return true;
        }
    }
    return false;
}

static const char *take_text(char **to, const char *value)
{
    struct bytes text = bytes_of_text(value);
    if (text_blank(text)) {
        return "must not be empty";
    }
    if (text.len > NAME_BYTES_MAX) {
        return "too long (256 bytes at most)";
    }
    if (!utf8_valid(text) || has_control(value)) {
        return "must be UTF-8 text without control characters";
    }
    return keep_text(to, value);
}

static const char *take_path(const struct loading *loading, char **to, const char *value,
                             size_t bytes_max)
{
    if (value[0] == '\0' || has_control(value)) {
        return "must be a path";
    }
    const char *slash = strrchr(loading->path, '/');
    size_t folder = value[0] == '/' || slash == NULL ? 0 : (size_t)(slash - loading->path) + 1;
    size_t len = strlen(value);
    if (folder + len > bytes_max) {
        return bytes_max < PATH_MAX - 1 ? "too long for a UNIX socket, with its folder"
                                        : "path too long";
    }
    char *path = malloc(folder + len + 1);
    if (path == NULL) {
        return "out of memory";
    }
    memcpy(path, loading->path, folder);
    memcpy(path + folder, value, len + 1);
    *to = path;
    return NULL;
}

/* In the pattern N is a digit, anything else itself. */
static bool matches(const char *value, const char *pattern)
{
    while (*pattern != '\0') {
        bool same = *pattern == 'N' ? *value >= '0' && *value <= '9' : *value == *pattern;
        if (!same) {
            return false;
        }
        value++;
        pattern++;
    }
    return *value == '\0';
}

/* Decimal digits only: no sign, no space, no hex, nothing after them. */
static bool number_of(const char *value, uint64_t *ret)
{
    if (value[0] == '\0' || value[strspn(value, "0123456789")] != '\0') {
        return false;
    }
    errno = 0;
    unsigned long long number = strtoull(value, NULL, 10);
    if (errno != 0) {
        return false;
    }
    *ret = number;
    return true;
}

static const char *take_endpoint(char **to, const char *value)
{
    static const char scheme[] = "tcp://";
    static const char wrong[] = "must be tcp://host:port";
    if (strncmp(value, scheme, sizeof scheme - 1) != 0 || has_control(value) ||
        strlen(value) > NAME_BYTES_MAX) {
        return wrong;
    }
    const char *host = value + sizeof scheme - 1;
    const char *colon = strrchr(host, ':');
    uint64_t port = 0;
    if (colon == NULL || colon == host) {
        return wrong;
    }
    if (strcmp(colon + 1, "*") != 0 && (!number_of(colon + 1, &port) || port > PORT_MAX)) {
        return "port must be 0 to 65535";
    }
    return keep_text(to, value);
}

static const char *take_level(enum log_level *to, const char *value)
{
    int level = log_level_of(value);
    if (level < 0) {
        return "must be error, warn, info or debug";
    }
    *to = (enum log_level)level;
    return NULL;
}

static const char *take_shape(char **to, const char *value, const char *pattern, const char *wrong)
{
    return matches(value, pattern) ? keep_text(to, value) : wrong;
}

/* All but numbers, whose complaint has numbers in it. */
static const char *take_value(const struct loading *loading, const struct conf_key *key,
                              const char *value)
{
    void *to = loading->to + key->at;
    switch (key->kind) {
    case CONF_TEXT:
        return take_text(to, value);
    case CONF_PATH:
    case CONF_SECRET:
    case CONF_TRUSTED:
        return take_path(loading, to, value, PATH_MAX - 1);
    case CONF_SOCKET:
        return take_path(loading, to, value, sizeof((struct sockaddr_un *)NULL)->sun_path - 1);
    case CONF_PROVINCE:
        return take_shape(to, value, "NN", "must be two digits, as \"16\"");
    case CONF_REGENCY:
        return take_shape(to, value, "NN.NN", "must be NN.NN, as \"16.07\"");
    case CONF_ENDPOINT:
        return take_endpoint(to, value);
    case CONF_LEVEL:
        return take_level(to, value);
    case CONF_NUMBER:
        break;
    }
    return "unknown kind of key";
}

static int take_number(struct loading *loading, const struct conf_key *key, int line,
                       const char *value)
{
    uint64_t number = 0;
    if (!number_of(value, &number) || number < key->least || number > key->most) {
        return fail(loading, line,
                    "%s: must be a whole number from %" PRIu64 " to %" PRIu64 ", not \"%.64s\"",
                    key->name, key->least, key->most, value);
    }
    memcpy(loading->to + key->at, &number, sizeof number);
    return 0;
}

/* A file that is not there yet is for whoever reads it to miss. */
static int check_guard(struct loading *loading, const struct conf_key *key, int line)
{
    char *const *path = (void *)(loading->to + key->at);
    struct err_ctx err = {{0}};
    int rc = file_check(*path, key->kind == CONF_SECRET ? FILE_SECRET : FILE_TRUSTED, &err);
    return rc == 0 || rc == ERR_NOT_FOUND
               ? 0
               : fail(loading, line, "%s: %s", key->name, err_peek(&err, rc));
}

static int take(struct loading *loading, const struct conf_key *key, int line, const char *value)
{
    if (key->kind == CONF_NUMBER) {
        return take_number(loading, key, line, value);
    }
    const char *wrong = take_value(loading, key, value);
    if (wrong != NULL) {
        return fail(loading, line, "%s: %s, not \"%.64s\"", key->name, wrong, value);
    }
    bool guarded = key->kind == CONF_SECRET || key->kind == CONF_TRUSTED;
    return guarded ? check_guard(loading, key, line) : 0;
}

/* ---- the file ---- */

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    struct loading *loading = loading_now;
    size_t i = 0;
    while (i < loading->count && strcmp(loading->keys[i].name, opt->name) != 0) {
        i++;
    }
    ASSERT(i < loading->count);
    const char **kept = result;
    *kept = value; /* libconfuse copies it */
    if (loading->seen[i]) {
        return fail(loading, cfg->line, "%s: given twice", opt->name);
    }
    loading->seen[i] = true;
    return take(loading, &loading->keys[i], cfg->line, value);
}

/* What the file did not say: presets, then what is missing. */
static int complete(struct loading *loading, int last_line)
{
    for (size_t i = 0; i < loading->count; i++) {
        const struct conf_key *key = &loading->keys[i];
        if (loading->seen[i]) {
            continue;
        }
        if (key->preset != NULL) {
            int rc = take(loading, key, 0, key->preset);
            if (rc != 0) {
                return rc;
            }
        } else if (!key->optional) {
            return fail(loading, last_line, "%s: missing", key->name);
        }
    }
    return 0;
}

/* libconfuse 3.3 counts the line of a comment three times: comments become blanks before it looks,
 * so that errors name the line a person sees. A # inside quotes is none, and where the text is
 * broken it does not matter. */
static void blank_comments(char *text)
{
    char quote = '\0';
    bool comment = false;
    bool first = true; /* nothing but blanks on this line so far */
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            comment = false;
            first = true;
            continue;
        }
        bool slashes = first && text[0] == '/' && text[1] == '/';
        comment = comment || (quote == '\0' && (*text == '#' || slashes));
        first = first && (*text == ' ' || *text == '\t');
        if (comment) {
            *text = ' ';
        } else if (quote != '\0' && *text == '\\' && text[1] != '\0' && text[1] != '\n') {
            text++;
        } else if (quote == '\0' && (*text == '"' || *text == '\'')) {
            quote = *text;
        } else if (*text == quote) {
            quote = '\0';
        }
    }
}

static int parse(struct loading *loading, char *text)
{
    cfg_opt_t options[CONF_KEYS_MAX + 1];
    ASSERT(loading->count <= CONF_KEYS_MAX);
    for (size_t i = 0; i < loading->count; i++) {
        options[i] = (cfg_opt_t)CFG_STR_CB(loading->keys[i].name, NULL, CFGF_NODEFAULT, on_value);
    }
    options[loading->count] = (cfg_opt_t)CFG_END();
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    if (cfg == NULL) {
        return err_set(loading->err, ERR_NOMEM, "%s:0: out of memory", loading->path);
    }
    (void)cfg_set_error_function(cfg, on_confuse_error);
    blank_comments(text);
    loading_now = loading;
    int parsed = cfg_parse_buf(cfg, text);
    loading_now = NULL;
    int rc = loading->rc;
    if (rc == 0 && parsed != CFG_SUCCESS) {
        rc = fail(loading, cfg->line, "not understood");
    }
    if (rc == 0) {
        rc = complete(loading, cfg->line);
    }
    (void)cfg_free(cfg);
    return rc;
}

int conf_keys_load(const char *path, const struct conf_key *keys, size_t count, void *to,
                   struct err_ctx *err)
{
    struct loading loading = {.path = path, .keys = keys, .count = count, .to = to, .err = err};
    uint8_t *text = NULL;
    size_t len = 0;
    struct err_ctx why = {{0}};
    int rc = file_read(path, CONF_FILE_BYTES_MAX, &text, &len, NULL);
    if (rc != 0) {
        return fail(&loading, 0, "cannot be read: %s", err_text(rc));
    }
    if (file_check(path, FILE_TRUSTED, &why) != 0) {
        free(text);
        return fail(&loading, 0, "%s", why.text);
    }
    if (memchr(text, 0, len) != NULL) {
        rc = fail(&loading, 0, "not a text file: it has a NUL byte");
    } else {
        rc = parse(&loading, (char *)text);
    }
    free(text);
    return rc;
}

void conf_keys_clear(const struct conf_key *keys, size_t count, void *to)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].kind != CONF_NUMBER && keys[i].kind != CONF_LEVEL) {
            char **text = (void *)((uint8_t *)to + keys[i].at);
            free(*text);
            *text = NULL;
        }
    }
}
