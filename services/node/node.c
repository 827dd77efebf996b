/* node.c - life of the program: open in order, run, drain, close in reverse. */
#include "node/node_budget.h"

#include <signal.h>
#include <systemd/sd-daemon.h>

#define QUEUE_MAX 16384u /* more than all doors' lines together: 64 × LINES_MAX */
#define BATCH_MAX 512u
#define ARENA_BYTES PARSE_ARENA_BYTES
#define DRAIN_MS 8000u
#define DRAIN_LOOK_MS 10u
#define FILE_LOOK_MS 2000u

/* ---- the store ---- */

int node_submit(struct node *node, struct store_command *command)
{
    int rc = store_submit(node->store, command);
    if (rc == 0) {
        node->works++;
    } else if (rc == ERR_STORAGE) {
        loop_wake_send(node->store_wake); /* a read can latch too */
    }
    return rc;
}

void node_work_done(struct node *node, int rc)
{
    (void)rc;
    node->works--;
}

/* One line when it begins, one now and again, one when it is over. */
void node_store_room(struct node *node, int rc)
{
    uint64_t held = 0; /* full_refused has them */
    if (rc == ERR_FULL) {
        node->counters.troubles[TROUBLE_STORE]++;
        node->full_refused++;
        node->full_since_ms = node->full_since_ms == 0 ? host_wall_ms() : node->full_since_ms;
        if (log_limit_pass(&node->full_limit, host_monotonic_ms(),
                           node->conf->log_interval_s * 1000, &held)) {
            LOG(LOG_LEVEL_WARN, "store_full", log_u64("refused", node->full_refused),
                log_text("text", node_store_text(rc)));
            node->full_refused = 0;
        }
    } else if (rc == 0 && node->full_since_ms != 0) {
        const struct log_field refused[] = {log_u64("refused", node->full_refused)};
        node_log(LOG_LEVEL_INFO, "store_has_room", refused, 1);
        node->full_since_ms = 0;
        node->full_refused = 0;
    }
}

const char *node_store_text(int rc)
{
    switch (rc) {
    case ERR_FULL:
        return "the node's store is full: nothing new is taken until there is room";
    case ERR_STORAGE:
        return "the node's store failed: nothing is taken until the disk is repaired and the "
               "program restarted";
    case ERR_AGAIN:
    case ERR_NOMEM:
        return "the node is busy: hand it in again";
    default:
        return err_text(rc);
    }
}

static void stop_begin(struct node *node);

/* Who waits for an answer gets it; then the process ends, and what comes back reads the disk anew.
 */
static void check_latch(struct node *node)
{
    struct err_ctx err = {""};
    int rc = store_latch_reason(node->store, &err);
    if (rc == 0 || node->storage_told) {
        return;
    }
    node->storage_told = true;
    node->exit_code = EXIT_IO;
    LOG(LOG_LEVEL_ERROR, "storage_failed", log_text("error", err_peek(&err, rc)),
        log_text("what", "nothing is taken or acknowledged any more; restart after mending"));
    if (!node->stopping) {
        stop_begin(node);
    }
}

/* Also while nothing is handed in. */
static void look_at_file(void *arg)
{
    struct node *node = arg;
    (void)store_check_file(node->store);
    check_latch(node);
    loop_timer_set(node->file_timer, FILE_LOOK_MS);
}

static void on_store(void *arg)
{
    struct node *node = arg;
    (void)store_collect(node->store);
    sync_flush(node);
    node_prune_short(node);
    check_latch(node);
}

static void wake_store(void *arg)
{
    loop_wake_send(arg);
}

static int born(struct store_txn *txn, void *arg)
{
    struct node *node = arg;
    struct node_meta meta;
    int rc = meta_load(txn, &meta);
    if (rc == 0 && !meta.has_secret) {
        meta_put_secret(txn, node->input_secret);
    } else if (rc == 0) {
        memcpy(node->input_secret, meta.input_secret, KEY_BYTES);
    }
    return rc;
}

static int check_owner(const struct node *node, struct err_ctx *err)
{
    char owner[NODE_OWNER_BYTES];
    const struct conf_node *conf = node->conf;
    int rc = node_check_owner(node->store, conf->regency, owner, err);
    return rc != ERR_CONFIG
               ? rc
               : err_set(err, rc,
                         "the store is that of node %s, and the settings say regency %s: set "
                         "store or regency right, or move the store away: %s",
                         owner, conf->regency, conf->store);
}

static int open_store(struct node *node, struct err_ctx *err)
{
    const struct store_config config = {
        .path = node->conf->store,
        .tables = node_table_names,
        .table_count = NODE_TABLE_COUNT,
        .map_bytes = node->conf->map_mib << 20,
        .quota_bytes = node->conf->quota_mib << 20,
        .format = NODE_FORMAT,
        .mend =
            "restore a backup: kabar restore FILE --config … --replace; without one: kabar init "
            "node in a new folder, and enrol that",
    };
    int rc = store_open(&config, &node->store, err);
    rc = rc != 0 ? rc : check_owner(node, err);
    if (rc != 0) {
        return rc;
    }
    host_random(node->input_secret, sizeof node->input_secret);
    rc = store_apply(node->store, born, node, err);
    if (rc != 0) {
        return rc;
    }
    node->store_wake = loop_wake_new(node->loop, on_store, node);
    if (node->store_wake == NULL) {
        return err_set(err, ERR_NOMEM, "store: out of memory");
    }
    const struct store_writer_config writer = {
        .store = node->store,
        .wake = wake_store,
        .wake_arg = node->store_wake,
        .queue_max = QUEUE_MAX,
        .batch_max = BATCH_MAX,
    };
    rc = store_writer_start(&writer, err);
    node->writer_runs = rc == 0;
    loop_timer_set(node->file_timer, FILE_LOOK_MS);
    return rc;
}

/* ---- stopping ---- */

static void end(struct node *node)
{
    if (node->stopping) {
        loop_stop(node->loop);
    }
}

static void drain_look(void *arg)
{
    struct node *node = arg;
    report_stop(node);
    bool done = node->works == 0 && (node->door == NULL || door_idle(node->door));
    if (done || host_monotonic_ms() >= node->stop_deadline_ms) {
        sync_stop(node);
        end(node);
    } else {
        loop_timer_set(node->drain_timer, DRAIN_LOOK_MS);
    }
}

static void stop_begin(struct node *node)
{
    node->stopping = true;
    (void)sd_notify(0, "STOPPING=1");
    const struct log_field unanswered[] = {log_u64("unanswered", node->works)};
    node_log(LOG_LEVEL_INFO, "stopping", unanswered, 1);
    node->stop_deadline_ms = host_monotonic_ms() + DRAIN_MS;
    if (node->door != NULL) {
        door_stop(node->door);
    }
    budget_save(node);
    drain_look(node);
}

/* The first asks for an orderly end, the second for an end. */
static void on_stop(void *arg)
{
    struct node *node = arg;
    if (node->stopping) {
        loop_stop(node->loop);
    } else {
        stop_begin(node);
    }
}

/* Log level, log interval, keep-alive; a card that has come is looked for, and a node
 * that waits to connect tries at once. */
static void on_reload(void *arg)
{
    struct node *node = arg;
    struct conf_node *fresh = NULL;
    struct err_ctx err = {""};
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
                     (unsigned long long)host_monotonic_us());
    int rc = conf_load_node(node->conf_path, &fresh, &err);
    if (rc != 0) {
        LOG(LOG_LEVEL_ERROR, "reload_failed", log_text("text", err_peek(&err, rc)));
    } else {
        node->conf->log_level = fresh->log_level;
        node->conf->log_interval_s = fresh->log_interval_s;
        node->conf->keep_alive_s = fresh->keep_alive_s;
        node->sync.uplink.config.keep_alive_ms = fresh->keep_alive_s * 1000;
        log_set_level(fresh->log_level);
        LOG(LOG_LEVEL_INFO, "reloaded", log_u64("keep_alive_s", fresh->keep_alive_s));
        conf_node_free(fresh);
    }
    node_watch_card(node);
    sync_retry(node);
    (void)sd_notify(0, "READY=1");
}

static void on_card(void *arg)
{
    node_watch_card(arg);
}

/* ---- life ---- */

static int open_loop(struct node *node, struct err_ctx *err)
{
    int rc = loop_new(&node->loop, err);
    if (rc != 0) {
        return rc;
    }
    node->sigterm = loop_signal_new(node->loop, SIGTERM, on_stop, node);
    node->sigint = loop_signal_new(node->loop, SIGINT, on_stop, node);
    node->sighup = loop_signal_new(node->loop, SIGHUP, on_reload, node);
    node->card_timer = loop_timer_new(node->loop, on_card, node);
    node->drain_timer = loop_timer_new(node->loop, drain_look, node);
    node->prune_timer = loop_timer_new(node->loop, node_prune_look, node);
    node->file_timer = loop_timer_new(node->loop, look_at_file, node);
    node->arena = arena_new(ARENA_BYTES);
    if (node->sigterm == NULL || node->sigint == NULL || node->sighup == NULL ||
        node->card_timer == NULL || node->drain_timer == NULL || node->prune_timer == NULL ||
        node->file_timer == NULL || node->arena == NULL) {
        return err_set(err, ERR_NOMEM, "start: out of memory");
    }
    return link_context_new(&node->links, err);
}

static int open_all(struct node *node, struct node_card *card, struct err_ctx *err)
{
    int rc = open_loop(node, err);
    rc = rc != 0 ? rc : open_store(node, err);
    rc = rc != 0 ? rc : files_open(node, err);
    rc = rc != 0 ? rc : budget_open(node, err);
    rc = rc != 0 ? rc : sync_open(node, err);
    rc = rc != 0 ? rc : office_open(node, err);
    rc = rc != 0 ? rc : catalogue_open(node, err);
    if (rc == 0 && card->arena != NULL) {
        rc = node_enrol(node, card, err);
    } else if (rc == 0) {
        node_watch_card(node);
    }
    return rc != 0 || node->enrolling ? rc : node_started(node, err);
}

int node_started(struct node *node, struct err_ctx *err)
{
    int rc = doors_open(node, err);
    if (rc == 0) {
        LOG(LOG_LEVEL_INFO, "started", log_text("version", KABAR_VERSION),
            log_text("regency", node->conf->regency), log_text("door", node->conf->door));
        (void)sd_notify(0, "READY=1");
    }
    return rc;
}

static void close_all(struct node *node)
{
    node->stopping = true;
    door_close(node->door); /* calls that are still open are gone */
    node_backup_stop(node);
    files_stop(node);
    catalogue_stop(node);
    node->sync.ready = false;
    if (node->writer_runs) {
        store_writer_stop(node->store); /* done() of everything, here */
    }
    if (node->store_wake != NULL) {
        loop_wake_free(node->store_wake);
    }
    sync_close(node);
    budget_close(node);
    office_close(node);
    catalogue_close(node);
    link_context_free(node->links);
    store_close(node->store);
    objects_close(node->objects);
    loop_timer_free(node->card_timer);
    loop_timer_free(node->drain_timer);
    loop_timer_free(node->prune_timer);
    loop_timer_free(node->file_timer);
    loop_signal_free(node->sigterm);
    loop_signal_free(node->sigint);
    loop_signal_free(node->sighup);
    if (node->loop != NULL) {
        loop_free(node->loop);
    }
    arena_free(node->arena);
    arena_free(node->ring_arena);
    card_clear(&node->card);
    conf_node_free(node->conf);
    explicit_bzero(node, sizeof *node);
    free(node);
}

int node_exit_of_start(int rc)
{
    switch (err_action(rc)) {
    case ERR_ACTION_RETRY:
        return EXIT_RETRY;
    case ERR_ACTION_NONE:
        return 0;
    case ERR_ACTION_DROP:
    case ERR_ACTION_FATAL:
        break;
    }
    return rc == ERR_IO || rc == ERR_STORAGE ? EXIT_IO
           : rc == ERR_BUSY                  ? EXIT_UNAVAILABLE
                                             : EXIT_CONFIG;
}

int node_run(const struct node_start *start)
{
    struct err_ctx err = {""};
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL) {
        card_clear(start->card);
        conf_node_free(start->conf);
        return EXIT_RETRY;
    }
    node->conf = start->conf;
    node->conf_path = start->conf_path;
    node->identity = *start->identity;
    node->tables = node_log_tables;
    explicit_bzero(start->identity, sizeof *start->identity);
    int rc = open_all(node, start->card, &err);
    if (rc != 0) {
        LOG(LOG_LEVEL_ERROR, "start_failed", log_text("code", err_name(rc)),
            log_text("text", err_peek(&err, rc)));
        node->exit_code = node_exit_of_start(rc);
    } else {
        loop_run(node->loop);
        const struct log_field unanswered[] = {log_u64("unanswered", node->works)};
        node_log(LOG_LEVEL_INFO, "stopped", unanswered, 1);
    }
    int exit_code = node->exit_code;
    card_clear(start->card);
    close_all(node);
    return exit_code;
}
