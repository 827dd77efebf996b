/* Configuration files. Byte 0: a node's (even) or an aggregator's; the rest is the file, whose
 * reading is replaced, and so are its rights: no disk is touched. A refused one says path, line and
 * what in one line; a taken one has every value in its limits, is taken the same way twice, and
 * written out and read again is the same. */
#include "fuzz/fuzz.h"

#include "platform/conf/conf.h"
#include "platform/host/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "/etc/kabar/"
#define PATH FOLDER "x.conf"

int __wrap_file_read(const char *path, size_t bytes_max, uint8_t **ret, size_t *ret_len,
                     struct err_ctx *err);
int __wrap_file_check(const char *path, enum file_guard guard, struct err_ctx *err);

static struct bytes file;
static bool guard_refuses;
static bool file_is_gone;
static bool file_is_wide;

int __wrap_file_read(const char *path, size_t bytes_max, uint8_t **ret, size_t *ret_len,
                     struct err_ctx *err)
{
    if (file_is_gone) {
        return err_set(err, ERR_NOT_FOUND, "%s: open: No such file", path);
    }
    if (file.len > bytes_max) {
        return err_set(err, ERR_LIMIT, "%s: longer than %zu bytes", path, bytes_max);
    }
    uint8_t *copy = malloc(file.len + 1);
    CHECK(copy != NULL, "there is memory");
    if (file.len > 0) {
        memcpy(copy, file.data, file.len);
    }
    copy[file.len] = 0;
    *ret = copy;
    *ret_len = file.len;
    return 0;
}

int __wrap_file_check(const char *path, enum file_guard guard, struct err_ctx *err)
{
    bool wide = file_is_wide && strcmp(path, PATH) == 0;
    if (wide || (guard_refuses && strstr(path, "wide") != NULL)) {
        return err_set(err, ERR_PERMISSION, "%s: mode is 0666, must be 06%s0", path,
                       guard == FILE_SECRET ? "0" : "4");
    }
    return strcmp(path, PATH) == 0 || !guard_refuses ? 0 : ERR_NOT_FOUND;
}

/* ---- writing out what was read ---- */

struct page {
    char text[32768];
    size_t len;
};

static void add(struct page *page, const char *text)
{
    size_t len = strlen(text);
    CHECK(len < sizeof page->text - page->len, "what was read is not long");
    memcpy(page->text + page->len, text, len);
    page->len += len;
}

/* In single quotes, where libconfuse reads \' and \\ only. */
static void add_text(struct page *page, const char *key, const char *value)
{
    if (value == NULL) {
        return;
    }
    add(page, key);
    add(page, " = '");
    for (; *value != '\0'; value++) {
        char one[3] = {'\\', *value, '\0'};
        add(page, *value == '\'' || *value == '\\' ? one : one + 1);
    }
    add(page, "'\n");
}

static void add_number(struct page *page, const char *key, uint64_t value)
{
    char line[64];
    (void)snprintf(line, sizeof line, "%s = %llu\n", key, (unsigned long long)value);
    add(page, line);
}

static void add_level(struct page *page, enum log_level level)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    for (size_t i = 0; i < 4; i++) {
        if (log_level_of(names[i]) == (int)level) {
            add_text(page, "log_level", names[i]);
            return;
        }
    }
    CHECK(false, "a log level is one of four");
}

static void in_range(uint64_t value, uint64_t least, uint64_t most)
{
    CHECK(value >= least && value <= most, "a number is in its range");
}

static void write_node(const struct conf_node *conf, struct page *page)
{
    const char *const required[] = {conf->regency,   conf->store,    conf->door,
                                    conf->curve_key, conf->sign_key, conf->card};
    for (size_t i = 0; i < 6; i++) {
        CHECK(required[i] != NULL && required[i][0] != '\0', "what is required is there");
    }
    CHECK(strlen(conf->regency) == 5 && conf->regency[2] == '.', "a regency is NN.NN");
    in_range(conf->map_mib, 16, 16777216);
    in_range(conf->keep_alive_s, 1, 86400);
    in_range(conf->silence_ms, 100, 600000);
    in_range(conf->reconnect_ms, 10, 60000);
    in_range(conf->retention_days, 0, 36500);
    add_text(page, "regency", conf->regency);
    add_text(page, "store", conf->store);
    add_text(page, "door", conf->door);
    add_text(page, "door_group", conf->door_group);
    add_text(page, "curve_key", conf->curve_key);
    add_text(page, "sign_key", conf->sign_key);
    add_text(page, "card", conf->card);
    add_text(page, "request", conf->request);
    add_number(page, "map_mib", conf->map_mib);
    add_number(page, "quota_mib", conf->quota_mib);
    add_number(page, "keep_alive_s", conf->keep_alive_s);
    add_number(page, "silence_ms", conf->silence_ms);
    add_number(page, "reconnect_ms", conf->reconnect_ms);
    add_number(page, "retention_days", conf->retention_days);
    add_number(page, "log_interval_s", conf->log_interval_s);
    add_level(page, conf->log_level);
}

static void write_aggregator(const struct conf_aggregator *conf, struct page *page)
{
    const char *const required[] = {conf->province, conf->name,    conf->store, conf->door,
                                    conf->listen,   conf->log_key, conf->ring,  conf->root_key};
    for (size_t i = 0; i < 8; i++) {
        CHECK(required[i] != NULL && required[i][0] != '\0', "what is required is there");
    }
    CHECK(strlen(conf->province) == 2, "a province is NN");
    CHECK(text_sound(bytes_of_text(conf->name)) && strlen(conf->name) <= 256, "a name is text");
    CHECK(strncmp(conf->listen, "tcp://", 6) == 0, "an endpoint is one");
    in_range(conf->map_mib, 16, 16777216);
    in_range(conf->keep_alive_s, 1, 86400);
    in_range(conf->receipt_interval_s, 1, 86400);
    add_text(page, "province", conf->province);
    add_text(page, "name", conf->name);
    add_text(page, "store", conf->store);
    add_text(page, "door", conf->door);
    add_text(page, "door_group", conf->door_group);
    add_text(page, "listen", conf->listen);
    add_text(page, "endpoint", conf->endpoint);
    add_text(page, "curve_key", conf->curve_key);
    add_text(page, "log_key", conf->log_key);
    add_text(page, "ring", conf->ring);
    add_text(page, "root_key", conf->root_key);
    add_number(page, "map_mib", conf->map_mib);
    add_number(page, "quota_mib", conf->quota_mib);
    add_number(page, "keep_alive_s", conf->keep_alive_s);
    add_number(page, "receipt_interval_s", conf->receipt_interval_s);
    add_number(page, "log_interval_s", conf->log_interval_s);
    add_level(page, conf->log_level);
}

/* Loads `text` and writes what was read into the page. */
static int load(bool node, struct bytes text, struct page *page, struct err_ctx *err)
{
    struct conf_node *as_node = NULL;
    struct conf_aggregator *as_aggregator = NULL;
    file = text;
    page->len = 0;
    int rc = node ? conf_load_node(PATH, &as_node, err)
                  : conf_load_aggregator(PATH, &as_aggregator, err);
    if (rc == 0 && node) {
        write_node(as_node, page);
    } else if (rc == 0) {
        write_aggregator(as_aggregator, page);
    }
    conf_node_free(as_node);
    conf_aggregator_free(as_aggregator);
    return rc;
}

static void check_words(const struct err_ctx *err)
{
    const char *at = err->text + sizeof PATH - 1;
    CHECK(strncmp(err->text, PATH ":", sizeof PATH) == 0, "an error begins with the path");
    CHECK(at[1] >= '0' && at[1] <= '9', "and the line");
    for (; *at != '\0'; at++) {
        CHECK((unsigned char)*at >= 0x20 && *at != 0x7f, "it is one line without control bytes");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct page first;
    static struct page second;
    struct bytes text = bytes_of(data, size);
    uint8_t choice = take_u8(&text);
    bool node = choice % 2 == 0;
    struct err_ctx err = {""};
    struct err_ctx again = {""};
    guard_refuses = (choice & 2u) != 0;
    file_is_gone = choice / 4 == 1;
    file_is_wide = choice / 4 == 2;
    int rc = load(node, text, &first, &err);
    CHECK(load(node, text, &second, &again) == rc, "the same file is read the same way twice");
    CHECK(strcmp(err.text, again.text) == 0, "with the same words");
    CHECK(rc != 0 || (!file_is_gone && !file_is_wide), "a file nobody may read, or all may write");
    if (rc != 0) {
        CHECK(rc == ERR_CONFIG, "a file that is no good is a configuration error");
        check_words(&err);
        return 0;
    }
    CHECK(bytes_equal(bytes_of(first.text, first.len), bytes_of(second.text, second.len)),
          "and says the same");
    rc = load(node, bytes_of(first.text, first.len), &second, &again);
    CHECK(rc == 0, "what was read can be written and read again");
    CHECK(bytes_equal(bytes_of(first.text, first.len), bytes_of(second.text, second.len)),
          "and is the same");
    return 0;
}
