#include "lib/cmocka_all.h"

#include "lib/folder.h"
#include "platform/conf/conf.h"
#include "platform/host/host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define AGGREGATOR                                                                                 \
    "province = \"16\"\n"                                                                          \
    "name = \"BKD Provinsi Sumatera Selatan\"\n"                                                   \
    "store = \"store\"\n"                                                                          \
    "door = \"aggregator.sock\"\n"                                                                 \
    "listen = \"tcp://127.0.0.1:5616\"\n"                                                          \
    "curve_key = \"keys/curve.key\"\n"                                                             \
    "log_key = \"/etc/kabar/log.key\"\n"                                                           \
    "ring = \"ring.kabar\"\n"                                                                      \
    "root_key = \"root.pub\"\n"
#define NODE                                                                                       \
    "regency = \"16.07\"\n"                                                                        \
    "store = \"store\"\n"                                                                          \
    "door = \"node.sock\"\n"                                                                       \
    "curve_key = \"curve.key\"\n"                                                                  \
    "sign_key = \"sign.key\"\n"                                                                    \
    "card = \"card.kabar\"\n"
#define NODE_LINES 6

struct place {
    char folder[FOLDER_PATH_CAPACITY];
    char file[128];
    struct err_ctx err;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    folder_open(place->folder);
    (void)snprintf(place->file, sizeof place->file, "%s/kabar.conf", place->folder);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    folder_drop(place->folder);
    free(place);
    return 0;
}

static void write_conf(struct place *place, const char *text)
{
    assert_int_equal(file_replace(place->file, 0600, bytes_of_text(text), NULL), 0);
}

static void expect_below(const struct place *place, const char *path, const char *name)
{
    char want[256];
    (void)snprintf(want, sizeof want, "%s/%s", place->folder, name);
    assert_string_equal(path, want);
}

static void aggregator_defaults_and_relative_paths(void **state)
{
    struct place *place = *state;
    struct conf_aggregator *conf = NULL;
    write_conf(place, AGGREGATOR);
    assert_int_equal(conf_load_aggregator(place->file, &conf, &place->err), 0);
    assert_string_equal(conf->province, "16");
    assert_string_equal(conf->name, "BKD Provinsi Sumatera Selatan");
    expect_below(place, conf->store, "store");
    expect_below(place, conf->door, "aggregator.sock");
    assert_null(conf->door_group);
    assert_string_equal(conf->listen, "tcp://127.0.0.1:5616");
    assert_null(conf->endpoint);
    expect_below(place, conf->curve_key, "keys/curve.key");
    assert_string_equal(conf->log_key, "/etc/kabar/log.key");
    expect_below(place, conf->ring, "ring.kabar");
    expect_below(place, conf->root_key, "root.pub");
    assert_int_equal(conf->map_mib, 16384);
    assert_int_equal(conf->quota_mib, 0);
    assert_int_equal(conf->keep_alive_s, 300);
    assert_int_equal(conf->receipt_interval_s, 600);
    assert_int_equal(conf->log_interval_s, 10);
    assert_int_equal(conf->log_level, LOG_LEVEL_INFO);
    conf_aggregator_free(conf);
}

static void node_defaults(void **state)
{
    struct place *place = *state;
    struct conf_node *conf = NULL;
    write_conf(place, NODE);
    assert_int_equal(conf_load_node(place->file, &conf, &place->err), 0);
    assert_string_equal(conf->regency, "16.07");
    expect_below(place, conf->card, "card.kabar");
    expect_below(place, conf->sign_key, "sign.key");
    assert_null(conf->request);
    assert_null(conf->door_group);
    assert_int_equal(conf->map_mib, 4096);
    assert_int_equal(conf->quota_mib, 512);
    assert_int_equal(conf->keep_alive_s, 300);
    assert_int_equal(conf->silence_ms, 3000);
    assert_int_equal(conf->reconnect_ms, 500);
    assert_int_equal(conf->retention_days, 90);
    assert_int_equal(conf->budget_day_kib, 0);
    assert_int_equal(conf->budget_month_kib, 0);
    assert_null(conf->budget_interface);
    assert_int_equal(conf->bulk_from_hour, 0);
    assert_int_equal(conf->bulk_to_hour, 24);
    assert_int_equal(conf->log_interval_s, 10);
    assert_int_equal(conf->log_level, LOG_LEVEL_INFO);
    conf_node_free(conf);
}

static void what_is_written_is_taken(void **state)
{
    struct place *place = *state;
    struct conf_node *conf = NULL;
    write_conf(place, "# a comment\n" NODE "door_group = kabar\nrequest = \"/r\"\nmap_mib = 16\n"
                      "quota_mib = 0\nkeep_alive_s = 20\nsilence_ms = 100\nreconnect_ms = 10\n"
                      "budget_day_kib = 5\nbudget_month_kib = 6\nbudget_interface = \"ppp0\"\n"
                      "bulk_from_hour = 20\nbulk_to_hour = 4\n"
                      "retention_days = 0\nlog_interval_s = 0\nlog_level = \"debug\"\n");
    assert_int_equal(conf_load_node(place->file, &conf, &place->err), 0);
    assert_string_equal(conf->door_group, "kabar");
    assert_string_equal(conf->request, "/r");
    assert_int_equal(conf->map_mib, 16);
    assert_int_equal(conf->quota_mib, 0);
    assert_int_equal(conf->keep_alive_s, 20);
    assert_int_equal(conf->silence_ms, 100);
    assert_int_equal(conf->reconnect_ms, 10);
    assert_int_equal(conf->retention_days, 0);
    assert_int_equal(conf->budget_day_kib, 5);
    assert_int_equal(conf->budget_month_kib, 6);
    assert_string_equal(conf->budget_interface, "ppp0");
    assert_int_equal(conf->bulk_from_hour, 20);
    assert_int_equal(conf->bulk_to_hour, 4);
    assert_int_equal(conf->log_interval_s, 0);
    assert_int_equal(conf->log_level, LOG_LEVEL_DEBUG);
    conf_node_free(conf);
}

/* One line, `path:line: ` in front, and the words that tell what. */
static void expect_refusal(struct place *place, int rc, int line, const char *words)
{
    char front[256];
    (void)snprintf(front, sizeof front, "%s:%d: ", place->file, line);
    assert_int_equal(rc, ERR_CONFIG);
    if (strncmp(place->err.text, front, strlen(front)) != 0 ||
        strstr(place->err.text, words) == NULL || strchr(place->err.text, '\n') != NULL) {
        fail_msg("got \"%s\", wanted \"%s… %s\"", place->err.text, front, words);
    }
}

static void node_refused(struct place *place, const char *text, int line, const char *words)
{
    struct conf_node *conf = NULL;
    write_conf(place, text);
    expect_refusal(place, conf_load_node(place->file, &conf, &place->err), line, words);
    assert_null(conf);
}

static void aggregator_refused(struct place *place, const char *text, int line, const char *words)
{
    struct conf_aggregator *conf = NULL;
    write_conf(place, text);
    expect_refusal(place, conf_load_aggregator(place->file, &conf, &place->err), line, words);
    assert_null(conf);
}

static void unknown_and_repeated_keys_are_refused(void **state)
{
    struct place *place = *state;
    node_refused(place, NODE "colour = \"red\"\n", NODE_LINES + 1, "colour");
    node_refused(place, NODE "\nstore = \"again\"\n", NODE_LINES + 2, "store: given twice");
    node_refused(place, "sync {\n}\n" NODE, 1, "sync");
    aggregator_refused(place, AGGREGATOR "silence_ms = 1\n", 10, "silence_ms");
}

static void broken_syntax_is_refused(void **state)
{
    struct place *place = *state;
    node_refused(place, NODE "map_mib 4\n", NODE_LINES + 1, "map_mib");
    node_refused(place, NODE "map_mib = {1,2}\n", NODE_LINES + 1, "");
    node_refused(place, NODE "request = \"never ends", NODE_LINES + 1, "");
    node_refused(place, NODE "map_mib =", NODE_LINES + 1, "");
}

/* libconfuse alone counts a comment's line three times. */
static void comments_do_not_shift_line_numbers(void **state)
{
    struct place *place = *state;
    struct conf_node *conf = NULL;
    node_refused(place, "# one\n  # two: don't\n// three\n\n" NODE "colour = 1 # red\n",
                 NODE_LINES + 5, "colour");
    node_refused(place, NODE "map_mib = 20 # \"enough\"\nmap_mib = 21\n", NODE_LINES + 2, "twice");
    write_conf(place, NODE "request = \"a#b\" # not b\ndoor_group = 'k\\'#//'\n");
    assert_int_equal(conf_load_node(place->file, &conf, &place->err), 0);
    expect_below(place, conf->request, "a#b");
    assert_string_equal(conf->door_group, "k'#//");
    conf_node_free(conf);
}

static void missing_keys_are_named(void **state)
{
    struct place *place = *state;
    node_refused(place, "regency = \"16.07\"\n", 2, "store: missing");
    node_refused(place, "", 1, "regency: missing");
    aggregator_refused(place, "province = \"16\"\n", 2, "name: missing");
}

static void bad_values_are_refused(void **state)
{
    static const struct {
        const char *line;
        const char *words;
    } bad[] = {
        {"map_mib = 15\n", "map_mib: must be a whole number from 16 to 16777216, not \"15\""},
        {"map_mib = 16777217\n", "map_mib: must be"},
        {"map_mib = -1\n", "map_mib: must be"},
        {"map_mib = 0x20\n", "map_mib: must be"},
        {"map_mib = 64MB\n", "map_mib: must be"},
        {"map_mib = \"\"\n", "map_mib: must be"},
        {"map_mib = 99999999999999999999\n", "map_mib: must be"},
        {"bulk_to_hour = 25\n", "bulk_to_hour: must be"},
        {"retention_days = 36501\n", "retention_days: must be"},
        {"log_level = loud\n", "log_level: must be error, warn, info or debug, not \"loud\""},
        {"door_group = \" \"\n", "door_group: must not be empty"},
        {"door_group = \"a\\nb\"\n", "door_group: must be UTF-8"},
        {"door_group = \"\xff\"\n", "door_group: must be UTF-8"},
        {"request = \"\"\n", "request: must be a path"},
    };
    struct place *place = *state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "%s%s", NODE, bad[i].line);
        node_refused(place, text, NODE_LINES + 1, bad[i].words);
    }
    node_refused(place, "regency = \"1607\"\n", 1, "regency: must be NN.NN");
    node_refused(place, "regency = \"16.077\"\n", 1, "regency: must be NN.NN");
    aggregator_refused(place, "province = \"1x\"\n", 1, "province: must be two digits");
}

static void endpoints_are_checked(void **state)
{
    static const char *const bad[] = {
        "ipc:///tmp/x", "tcp://",          "tcp://host",    "tcp://:5616",
        "tcp://host:",  "tcp://host:port", "tcp://h:65536", "127.0.0.1:5616",
    };
    struct place *place = *state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "\n\nlisten = \"%s\"\n", bad[i]);
        aggregator_refused(place, text, 3, "listen: ");
    }
    aggregator_refused(place, "listen = \"tcp://127.0.0.1:*\"\n", 2, "province: missing");
    aggregator_refused(place, "listen = \"tcp://[::1]:0\"\n", 2, "province: missing");
}

static void socket_path_must_fit(void **state)
{
    struct place *place = *state;
    char text[256];
    char name[109];
    size_t room = 107 - strlen(place->folder) - 1;
    memset(name, 'd', sizeof name);
    name[room + 1] = '\0';
    (void)snprintf(text, sizeof text, "door = \"%s\"\n", name);
    node_refused(place, text, 1, "door: too long for a UNIX socket");
    name[room] = '\0';
    (void)snprintf(text, sizeof text, "door = \"%s\"\n", name);
    node_refused(place, text, 2, "regency: missing");
}

static void unreadable_files_are_refused(void **state)
{
    struct place *place = *state;
    struct conf_node *conf = NULL;
    static char huge[70000];
    expect_refusal(place, conf_load_node(place->file, &conf, &place->err), 0, "not found");
    memset(huge, '#', sizeof huge);
    assert_int_equal(file_replace(place->file, 0600, bytes_of(huge, sizeof huge), NULL), 0);
    expect_refusal(place, conf_load_node(place->file, &conf, &place->err), 0, "over a limit");
    assert_int_equal(file_replace(place->file, 0600, bytes_of("a\0b", 3), NULL), 0);
    expect_refusal(place, conf_load_node(place->file, &conf, &place->err), 0, "NUL");
}

static void a_failed_load_leaves_the_next_one_whole(void **state)
{
    struct place *place = *state;
    struct conf_node *conf = NULL;
    node_refused(place, NODE "request = \"never ends", NODE_LINES + 1, "");
    write_conf(place, NODE);
    assert_int_equal(conf_load_node(place->file, &conf, &place->err), 0);
    assert_string_equal(conf->regency, "16.07");
    conf_node_free(conf);
}

static void rights_too_wide_are_refused_with_their_line(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *name, *key;
        int line;
    } files[] = {{"curve.key", "curve_key", 6}, {"ring.kabar", "ring", 8}};
    static const mode_t wide[] = {0640, 0664};
    static const mode_t right[] = {0600, 0644};
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        char text[1024];
        struct conf_aggregator *conf = NULL;
        (void)snprintf(path, sizeof path, "%s/%s", place->folder, files[i].name);
        assert_int_equal(file_create(path, 0600, bytes_of_text("x"), &place->err), 0);
        (void)snprintf(text, sizeof text,
                       "province = \"16\"\nname = \"x\"\nstore = \"store\"\n"
                       "door = \"a.sock\"\nlisten = \"tcp://127.0.0.1:*\"\n"
                       "curve_key = \"curve.key\"\nlog_key = \"log.key\"\n"
                       "ring = \"ring.kabar\"\nroot_key = \"root.pub\"\n");
        assert_int_equal(chmod(path, wide[i]), 0);
        char want[64];
        (void)snprintf(want, sizeof want, "%s: ", files[i].key);
        aggregator_refused(place, text, files[i].line, want);
        assert_non_null(strstr(place->err.text, i == 0 ? "0640" : "0664"));
        assert_int_equal(chmod(path, right[i]), 0);
        write_conf(place, text);
        assert_int_equal(conf_load_aggregator(place->file, &conf, &place->err), 0);
        conf_aggregator_free(conf);
    }
}

static void settings_others_may_write_are_refused(void **state)
{
    struct place *place = *state;
    struct conf_aggregator *conf = NULL;
    write_conf(place, AGGREGATOR);
    assert_int_equal(chmod(place->file, 0666), 0);
    assert_int_equal(conf_load_aggregator(place->file, &conf, &place->err), ERR_CONFIG);
    assert_non_null(strstr(place->err.text, "0666"));
    assert_int_equal(chmod(place->file, 0644), 0);
    assert_int_equal(conf_load_aggregator(place->file, &conf, &place->err), 0);
    conf_aggregator_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(aggregator_defaults_and_relative_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(node_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unknown_and_repeated_keys_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_syntax_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(comments_do_not_shift_line_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_keys_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_values_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(endpoints_are_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(socket_path_must_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unreadable_files_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_load_leaves_the_next_one_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rights_too_wide_are_refused_with_their_line, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(settings_others_may_write_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
