/* kabar-aggregator: options, keys, start, signals, stop. */
#include "aggregator/aggregator.h"

#include "core/seal/chain.h"
#include "platform/backup/backup.h"
#include "platform/door/json_memory.h"

#include <getopt.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#define EXIT_OK 0
#define EXIT_USAGE_ERROR 64
#define EXIT_UNAVAILABLE 69
#define EXIT_SOFTWARE 70
#define EXIT_IO 74
#define EXIT_CONFIG 78
#define STORE_QUEUE_MAX 65536u
#define STORE_BATCH_MAX 4096u
#define DESCRIPTORS_WANTED 4096u /* 1,024 nodes with two connections each, and strangers */
#define ARENA_BYTES (SPAN_SCRATCH_BYTES_MAX + PARSE_ARENA_BYTES)

static const char usage[] =
    "usage: kabar-aggregator --config FILE [--check-config | --restore FILE [--replace]]\n"
    "\n"
    "The province's end: receives what nodes send, keeps it, makes cases of it, and carries\n"
    "signed documents back. It is commanded with `kabar` at its socket.\n"
    "\n"
    "  --config FILE         settings (kabar-aggregator.conf)\n"
    "  --check-config        read settings and keys, say what is wrong, and exit (0 or 78)\n"
    "  --restore FILE        make the store out of a backup, and exit (kabar restore)\n"
    "  --replace             with it: a store that is there is renamed\n"
    "  --test-without-zap    tests only: no key is let in when nobody answers for keys\n"
    "  --version, --help\n"
    "\n"
    "SIGTERM stops in order, a second one at once. SIGHUP reads log_level, log_interval_s,\n"
    "keep_alive_s and the key ring again.\n";

/* ---- keys ---- */

static int read_hex_file(const char *path, bool secret, uint8_t ret[KEY_BYTES], struct err_ctx *err)
{
    uint8_t *text = NULL;
    size_t len = 0;
    int rc = secret ? file_read_secret(path, 256, &text, &len, err)
                    : file_read(path, 256, &text, &len, err);
    if (rc != 0) {
        return rc;
    }
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' ')) {
        len--;
    }
    if (!hex_decode(ret, KEY_BYTES, bytes_of(text, len))) {
        rc = err_set(err, ERR_CONFIG, "%s: 64 hex digits are wanted", path);
    }
    explicit_bzero(text, len);
    free(text);
    return rc;
}

static int read_keys(struct aggregator *aggregator, struct err_ctx *err)
{
    uint8_t seed[KEY_BYTES];
    int rc = read_hex_file(aggregator->conf->curve_key, true, aggregator->curve_secret, err);
    if (rc == 0) {
        rc = read_hex_file(aggregator->conf->log_key, true, seed, err);
    }
    if (rc == 0) {
        seal_keypair(seed, &aggregator->log_key, aggregator->log_secret);
    }
    explicit_bzero(seed, sizeof seed);
    if (rc == 0) {
        rc = read_hex_file(aggregator->conf->root_key, false, aggregator->root_key.b, err);
    }
    return rc;
}

/* ---- parts ---- */

static void random_name(struct incarnation *ret)
{
    host_random(ret->b, sizeof ret->b);
}

/* The first start, or the first one in another place. */
static int birth_run(struct store_txn *txn, void *arg)
{
    struct aggregator *aggregator = arg;
    struct journal_meta meta;
    struct journal_rebirth rebirth = {
        .birth = {.province = bytes_of_text(aggregator->conf->province),
                  .log_key = aggregator->log_key,
                  .log_secret = aggregator->log_secret,
                  .now_ms = host_wall_ms()},
        .name = random_name,
        .reader = aggregator->loop_reader};
    random_name(&rebirth.birth.aggregator);
    int rc = journal_load(txn, &meta);
    if (rc == ERR_NOT_FOUND) {
        return journal_born(txn, &rebirth.birth);
    }
    return rc != 0 || !store_moved(aggregator->journal) ? rc : journal_reborn(txn, &rebirth);
}

static int check_owner(const struct aggregator *aggregator, struct err_ctx *err)
{
    const struct conf_aggregator *conf = aggregator->conf;
    struct journal_owner owner;
    int rc = journal_check_owner(aggregator->journal, conf->province, &aggregator->root_key, &owner,
                                 err);
    if (rc != ERR_CONFIG) {
        return rc;
    }
    if (strcmp(owner.province, conf->province) != 0) {
        return err_set(err, rc,
                       "the journal is that of province %s, and the settings say province %s: set "
                       "store or province right, or move the store away: %s",
                       owner.province, conf->province, conf->store);
    }
    return err_set(err, rc,
                   "the journal was begun under another root key than %s: put back the right key, "
                   "or move the store away: %s",
                   conf->root_key, conf->store);
}

static int load_journal(struct aggregator *aggregator, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct journal_meta meta;
    bool moved = store_moved(aggregator->journal);
    int rc = store_apply(aggregator->journal, birth_run, aggregator, err);
    if (rc == 0 && moved) {
        LOG(LOG_LEVEL_WARN, "restored",
            log_text("why", "the journal stands in another place than it was left in, or was "
                            "marked: restored, copied or moved"),
            log_text("what", "it takes new names; what was lost comes back from the nodes"));
    }
    if (rc == 0) {
        rc = store_read_begin(aggregator->journal, &txn, err);
    }
    if (rc == 0) {
        rc = journal_load(txn, &meta);
    }
    store_read_end(txn);
    if (rc == 0) {
        aggregator->incarnation = meta.aggregator;
        aggregator->fold =
            (struct fold_config){.province = bytes_of_text(aggregator->conf->province),
                                 .root_key = aggregator->root_key,
                                 .document_suffix = {meta.aggregator.b[INCARNATION_BYTES - 2],
                                                     meta.aggregator.b[INCARNATION_BYTES - 1]}};
    }
    return rc;
}

/* How far the views lag decides how much nodes may send. */
static void judge_lag(struct aggregator *aggregator)
{
    struct store_txn *txn = NULL;
    struct journal_meta meta;
    if (store_read_begin(aggregator->journal, &txn, NULL) == 0 && journal_load(txn, &meta) == 0) {
        uint64_t position = apply_position(aggregator);
        net_hold(aggregator, meta.next_position > position + 1 + VIEWS_LAG_ENTRIES_MAX);
    }
    store_read_end(txn);
}

static void check_latch(struct aggregator *aggregator)
{
    struct store *store =
        store_latched(aggregator->journal) ? aggregator->journal : aggregator->views;
    if (store != NULL && store_latched(store) && !aggregator->storage_failed) {
        struct err_ctx err = {{0}};
        aggregator->storage_failed = true;
        int rc = store_latch_reason(store, &err);
        LOG(LOG_LEVEL_ERROR, "storage_failed", log_text("error", err_peek(&err, rc)),
            log_text("what", "nothing is acknowledged any more; restart after mending"));
        aggregator->exit_code = EXIT_IO;
        loop_stop(aggregator->loop);
    }
}

static void on_store_wake(void *arg)
{
    struct aggregator *aggregator = arg;
    if (store_collect(aggregator->journal) > 0) {
        judge_lag(aggregator);
        net_flush(aggregator);
        apply_journal_grew(aggregator);
    }
    check_latch(aggregator);
}

static void on_apply_wake(void *arg)
{
    struct aggregator *aggregator = arg;
    if (aggregator->apply != NULL) {
        apply_collect(aggregator);
        judge_lag(aggregator);
    }
}

static void wake_store(void *arg)
{
    loop_wake_send(arg);
}

static void on_tick(void *arg)
{
    net_tick(arg);
    const struct aggregator *aggregator = arg;
    apply_tick(arg);
    (void)store_check_file(aggregator->journal);
    (void)store_check_file(aggregator->views);
    check_latch(arg); /* a read can latch too */
}

static void on_retry(void *arg)
{
    net_retry(arg);
}

static int open_memory(struct aggregator *aggregator)
{
    aggregator->arena = arena_new(ARENA_BYTES);
    aggregator->decoder = span_decoder_new();
    aggregator->cut_builder = span_builder_new();
    aggregator->keep_builder = span_builder_new();
    aggregator->own_builder = span_builder_new();
    aggregator->loop_reader = journal_reader_new();
    bool all = aggregator->arena != NULL && aggregator->decoder != NULL &&
               aggregator->cut_builder != NULL && aggregator->keep_builder != NULL &&
               aggregator->own_builder != NULL && aggregator->loop_reader != NULL;
    return all ? 0 : ERR_NOMEM;
}

static int open_loop(struct aggregator *aggregator, struct err_ctx *err)
{
    int rc = loop_new(&aggregator->loop, err);
    if (rc == 0) {
        rc = link_context_new(&aggregator->link_context, err);
    }
    if (rc != 0) {
        return rc;
    }
    aggregator->store_wake = loop_wake_new(aggregator->loop, on_store_wake, aggregator);
    aggregator->apply_wake = loop_wake_new(aggregator->loop, on_apply_wake, aggregator);
    aggregator->tick = loop_timer_new(aggregator->loop, on_tick, aggregator);
    aggregator->retry = loop_timer_new(aggregator->loop, on_retry, aggregator);
    bool all = aggregator->store_wake != NULL && aggregator->apply_wake != NULL &&
               aggregator->tick != NULL && aggregator->retry != NULL;
    return all ? 0 : ERR_NOMEM;
}

static int start_writing(struct aggregator *aggregator, struct err_ctx *err)
{
    struct store_writer_config config = {.store = aggregator->journal,
                                         .wake = wake_store,
                                         .wake_arg = aggregator->store_wake,
                                         .queue_max = STORE_QUEUE_MAX,
                                         .batch_max = STORE_BATCH_MAX};
    int rc = stores_open_objects(aggregator, err);
    return rc != 0 ? rc : store_writer_start(&config, err);
}

static int start(struct aggregator *aggregator, struct err_ctx *err)
{
    int rc = open_memory(aggregator);
    rc = rc != 0 ? rc : open_loop(aggregator, err);
    rc = rc != 0 ? rc : stores_open_journal(aggregator, err);
    rc = rc != 0 ? rc : check_owner(aggregator, err);
    rc = rc != 0 ? rc : stores_check_lost(aggregator, err);
    rc = rc != 0 ? rc : load_journal(aggregator, err);
    rc = rc != 0 ? rc : restored_load(aggregator, err);
    rc = rc != 0 ? rc : stores_open_views(aggregator, err);
    rc = rc != 0 ? rc : apply_open(aggregator, err); /* no key is let in on stale enrolments */
    rc = rc != 0 ? rc : start_writing(aggregator, err);
    rc = rc != 0 ? rc : net_open(aggregator, err);
    rc = rc != 0 ? rc : net_reload_peers(aggregator, err);
    rc = rc != 0 ? rc : own_check_ring(aggregator, err);
    rc = rc != 0 ? rc : apply_start(aggregator, err);
    rc = rc != 0 ? rc : doors_open(aggregator, err);
    if (rc == 0) {
        net_tick(aggregator);
    }
    return rc;
}

static void stop(struct aggregator *aggregator)
{
    aggregator->stopping = true;
    if (aggregator->door != NULL) {
        door_stop(aggregator->door);
    }
    if (aggregator->server != NULL && aggregator->turn != NULL && !aggregator->storage_failed) {
        net_say_bye(aggregator);
    }
    backup_job_stop(aggregator);
    apply_stop(aggregator);
    if (aggregator->journal != NULL) {
        store_writer_stop(aggregator->journal); /* also when the start failed half-way */
    }
    door_close(aggregator->door);
    while (aggregator->pending != NULL) {
        struct pending *pending = aggregator->pending;
        aggregator->pending = pending->next;
        free(pending);
    }
    net_close(aggregator);
    loop_timer_free(aggregator->tick);
    loop_timer_free(aggregator->retry);
    loop_wake_free(aggregator->store_wake);
    loop_wake_free(aggregator->apply_wake);
    store_close(aggregator->views);
    store_close(aggregator->journal);
    objects_close(aggregator->objects);
    link_context_free(aggregator->link_context);
    if (aggregator->loop != NULL) {
        loop_free(aggregator->loop);
    }
    arena_free(aggregator->arena);
    span_decoder_free(aggregator->decoder);
    span_builder_free(aggregator->cut_builder);
    span_builder_free(aggregator->keep_builder);
    span_builder_free(aggregator->own_builder);
    journal_reader_free(aggregator->loop_reader);
    explicit_bzero(aggregator->log_secret, sizeof aggregator->log_secret);
    explicit_bzero(aggregator->curve_secret, sizeof aggregator->curve_secret);
}

/* ---- signals ---- */

static void on_term(void *arg)
{
    struct aggregator *aggregator = arg;
    if (aggregator->stopping) {
        _exit(EXIT_OK);
    }
    LOG(LOG_LEVEL_INFO, "stopping", log_text("why", "signal"));
    (void)sd_notify(0, "STOPPING=1");
    aggregator->stopping = true;
    loop_stop(aggregator->loop);
}

static void on_hup(void *arg)
{
    struct aggregator *aggregator = arg;
    struct err_ctx err = {{0}};
    struct conf_aggregator *conf = NULL;
    int rc = conf_load_aggregator(aggregator->conf_path, &conf, &err);
    if (rc == 0) {
        aggregator->conf->log_level = conf->log_level;
        aggregator->conf->log_interval_s = conf->log_interval_s;
        aggregator->conf->keep_alive_s = conf->keep_alive_s;
        log_set_level(conf->log_level);
        conf_aggregator_free(conf);
        rc = own_check_ring(aggregator, &err);
    }
    if (rc != 0) {
        LOG(LOG_LEVEL_ERROR, "reload_failed", log_text("error", err_peek(&err, rc)));
    } else {
        LOG(LOG_LEVEL_INFO, "reloaded", log_text("config", aggregator->conf_path));
    }
}

static int serve(struct aggregator *aggregator)
{
    struct loop_signal *term = loop_signal_new(aggregator->loop, SIGTERM, on_term, aggregator);
    struct loop_signal *interrupt = loop_signal_new(aggregator->loop, SIGINT, on_term, aggregator);
    struct loop_signal *hup = loop_signal_new(aggregator->loop, SIGHUP, on_hup, aggregator);
    LOG(LOG_LEVEL_INFO, "started", log_text("version", KABAR_VERSION),
        log_text("province", aggregator->conf->province),
        log_text("listen", link_server_endpoint(aggregator->server)),
        log_text("door", aggregator->conf->door), log_u64("position", apply_position(aggregator)));
    if (host_descriptors_max() < DESCRIPTORS_WANTED) {
        LOG(LOG_LEVEL_WARN, "few_descriptors", log_u64("limit", host_descriptors_max()),
            log_text("what", "each connection is one: raise the limit (LimitNOFILE)"));
    }
    (void)sd_notify(0, "READY=1");
    loop_run(aggregator->loop);
    loop_signal_free(term);
    loop_signal_free(interrupt);
    loop_signal_free(hup);
    return aggregator->exit_code;
}

/* ---- options ---- */

static int exit_of(int rc)
{
    if (rc == ERR_BUSY) {
        return EXIT_UNAVAILABLE;
    }
    switch (err_action(rc)) {
    case ERR_ACTION_NONE:
        return EXIT_OK;
    case ERR_ACTION_FATAL:
        return rc == ERR_CONFIG || rc == ERR_PERMISSION ? EXIT_CONFIG : EXIT_IO;
    case ERR_ACTION_RETRY:
        return EXIT_IO;
    case ERR_ACTION_DROP:
        break;
    }
    return EXIT_CONFIG; /* a key or ring file that does not verify */
}

struct options {
    const char *config;
    const char *restore; /* NULL: not that */
    bool replace, check_only, without_zap;
};

static int serve_or_check(struct aggregator *aggregator, bool check_only, int rc,
                          struct err_ctx *err)
{
    int exit_code = EXIT_OK;
    bool opened = rc == 0 && !check_only;
    if (opened) {
        rc = start(aggregator, err);
    }
    if (rc != 0) {
        (void)fprintf(stderr, "kabar-aggregator: %s\n", err_peek(err, rc));
        exit_code = exit_of(rc);
    } else if (opened) {
        exit_code = serve(aggregator);
    }
    if (opened) {
        stop(aggregator);
        LOG(LOG_LEVEL_INFO, "stopped", log_i64("exit", exit_code));
    }
    return exit_code;
}

static int restore(const struct aggregator *aggregator, const struct options *options)
{
    struct err_ctx err = {{0}};
    struct key root;
    int rc = read_hex_file(aggregator->conf->root_key, false, root.b, &err);
    if (rc == 0 || rc == ERR_NOT_FOUND) { /* settings and keys may be brought back later */
        rc = backup_restore(aggregator->conf, rc == 0 ? &root : NULL, options->restore,
                            options->replace, &err);
    }
    if (rc != 0) {
        (void)fprintf(stderr, "kabar-aggregator: %s\n", err_peek(&err, rc));
    }
    return restore_exit_of(rc);
}

static int run(const struct options *options)
{
    struct err_ctx err = {{0}};
    struct aggregator *aggregator = calloc(1, sizeof *aggregator);
    if (aggregator == NULL) {
        return EXIT_SOFTWARE;
    }
    aggregator->conf_path = options->config;
    aggregator->test_without_zap = options->without_zap;
    int exit_code = EXIT_OK;
    int rc = conf_load_aggregator(options->config, &aggregator->conf, &err);
    if (rc == 0 && options->restore != NULL) {
        exit_code = restore(aggregator, options);
    } else {
        if (rc == 0) {
            log_set_level(aggregator->conf->log_level);
            rc = read_keys(aggregator, &err);
        }
        exit_code = serve_or_check(aggregator, options->check_only, rc, &err);
    }
    conf_aggregator_free(aggregator->conf);
    free(aggregator);
    return exit_code;
}

static void print_version(void)
{
    (void)printf("kabar-aggregator %s (journal format %u, views format %u)\n", KABAR_VERSION,
                 JOURNAL_FORMAT, VIEWS_FORMAT);
}

/* -1: go on; else the exit code. */
static int options_read(int argc, char **argv, struct options *ret)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"check-config", no_argument, NULL, 'k'},
                                          {"restore", required_argument, NULL, 'r'},
                                          {"replace", no_argument, NULL, 'p'},
                                          {"test-without-zap", no_argument, NULL, 'z'},
                                          {"version", no_argument, NULL, 'v'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int option;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'c') {
            ret->config = optarg;
        } else if (option == 'k') {
            ret->check_only = true;
        } else if (option == 'r') {
            ret->restore = optarg;
        } else if (option == 'p') {
            ret->replace = true;
        } else if (option == 'z') {
            ret->without_zap = true;
        } else if (option == 'v') {
            print_version();
            return EXIT_OK;
        } else {
            (void)fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? EXIT_OK : EXIT_USAGE_ERROR;
        }
    }
    if (ret->config == NULL || optind != argc || (ret->replace && ret->restore == NULL)) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE_ERROR;
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct options options = {.config = NULL};
    struct err_ctx err = {{0}};
    int exit_code = options_read(argc, argv, &options);
    if (exit_code >= 0) {
        return exit_code;
    }
    json_memory_init(false);
    int rc = host_init(&err);
    if (rc != 0) {
        (void)fprintf(stderr, "kabar-aggregator: %s\n", err_peek(&err, rc));
        return EXIT_SOFTWARE;
    }
    return run(&options);
}
