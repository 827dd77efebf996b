/* node_backup.c - the command backup: a copy of the store, made and read back while reports are
 * taken; and a store made of one. */
#include "node/node.h"
#include "platform/backup/backup.h"

struct backup_job {
    struct node *node;
    struct door_call *call; /* NULL: the client went away */
    struct backup *backup;
    uint64_t entries; /* left by the backup's thread */
    char path[];
};

static const struct store_config copy_tables = {
    .tables = node_table_names, .table_count = NODE_TABLE_COUNT, .format = NODE_FORMAT};

/* Our own logs, which nobody else has all of; *arg: how many entries. */
static int check(void *arg, struct store *copy, const struct store_watch *watch,
                 struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct node_meta meta;
    int rc = store_read_begin(copy, &txn, err);
    if (rc == 0 && meta_load(txn, &meta) != 0) {
        rc = err_set(err, ERR_FORMAT, "what the node knows of itself cannot be read");
    }
    rc = rc != 0 ? rc : outlog_check_all(txn, &node_log_tables, watch, arg, err);
    store_read_end(txn);
    return rc;
}

static int check_job(void *arg, struct store *copy, const struct store_watch *watch,
                     struct err_ctx *err)
{
    struct backup_job *job = arg;
    return check(&job->entries, copy, watch, err);
}

static void on_progress(void *arg, const struct backup_progress *progress)
{
    struct backup_job *job = arg;
    if (job->call != NULL) {
        door_call_row(job->call,
                      json_pack("{s:s, s:I, s:I}", "stage", backup_stage_name(progress->stage),
                                "bytes", (json_int_t)progress->bytes, "entries",
                                (json_int_t)progress->entries));
    }
}

static void job_free(struct backup_job *job)
{
    job->node->backup = NULL;
    backup_free(job->backup);
    free(job);
}

static void on_done(void *arg, int rc, const struct backup_facts *facts, const struct err_ctx *err)
{
    struct backup_job *job = arg;
    if (rc != 0) {
        LOG(LOG_LEVEL_ERROR, "backup_failed", log_text("file", job->path),
            log_text("error", err_peek(err, rc)));
        if (job->call != NULL) {
            node_fail(job->call, rc, err);
        }
        job_free(job);
        return;
    }
    char hex[HEX_CAPACITY(HASH_BYTES)];
    LOG(LOG_LEVEL_INFO, "backed_up", log_text("file", job->path), log_u64("entries", job->entries),
        log_u64("bytes", facts->bytes), log_u64("seconds", facts->seconds));
    if (job->call != NULL) {
        door_call_done(job->call,
                       json_pack("{s:s, s:I, s:I, s:I, s:s, s:s}", "file", job->path, "entries",
                                 (json_int_t)job->entries, "bytes", (json_int_t)facts->bytes,
                                 "seconds", (json_int_t)facts->seconds, "blake2b",
                                 hex_encode(hex, facts->blake2b.b, HASH_BYTES), "not_in_it",
                                 BACKUP_NOT_IN_IT));
    }
    job_free(job);
}

static int start(struct backup_job *job, struct err_ctx *err)
{
    static const struct backup_kind kind = {
        .name = "node", .open = &copy_tables, .check = check_job};
    const struct backup_config config = {.loop = job->node->loop,
                                         .store = job->node->store,
                                         .path = job->path,
                                         .kind = &kind,
                                         .progress = on_progress,
                                         .done = on_done,
                                         .arg = job};
    return backup_start(&config, &job->backup, err);
}

void node_backup(struct node *node, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {""};
    const char *path = node_arg(args, "file");
    if (node->backup != NULL) {
        node_fail(call,
                  err_set(&err, ERR_AGAIN, "a backup is being made, to %s: wait until it is done",
                          node->backup->path),
                  &err);
        return;
    }
    size_t len = strlen(path) + 1;
    struct backup_job *job = calloc(1, sizeof *job + len);
    if (job == NULL) {
        node_fail(call, ERR_NOMEM, &err);
        return;
    }
    memcpy(job->path, path, len);
    job->node = node;
    job->call = call;
    int rc = start(job, &err);
    if (rc != 0) {
        free(job);
        node_fail(call, rc, &err);
        return;
    }
    node->backup = job;
}

void node_backup_gone(struct node *node, const struct door_call *call)
{
    if (node->backup != NULL && node->backup->call == call) {
        node->backup->call = NULL;
    }
}

void node_backup_stop(struct node *node)
{
    if (node->backup != NULL) {
        LOG(LOG_LEVEL_WARN, "backup_given_up", log_text("file", node->backup->path));
        job_free(node->backup);
    }
}

struct restoring {
    const struct conf_node *conf;
    const char *file;
    uint64_t entries;
};

static int check_restoring(void *arg, struct store *copy, const struct store_watch *watch,
                           struct err_ctx *err)
{
    struct restoring *restoring = arg;
    const char *ours = restoring->conf->regency;
    char owner[NODE_OWNER_BYTES];
    int rc = check(&restoring->entries, copy, watch, err);
    rc = rc != 0 ? rc : node_check_owner(copy, ours, owner, err);
    return rc != ERR_CONFIG
               ? rc
               : err_set(err, rc,
                         "this is a backup of node %s, and the settings are those of node %s: "
                         "nothing was changed; say --config of %s, or a backup of %s: %s",
                         owner, ours, owner, ours, restoring->file);
}

int node_restore(const struct conf_node *conf, const char *file, bool replace, struct err_ctx *err)
{
    static const struct backup_kind kind = {
        .name = "node", .open = &copy_tables, .check = check_restoring};
    struct restoring restoring = {.conf = conf, .file = file};
    char aside[RESTORE_PATH_BYTES] = "";
    const struct restore_config config = {.file = file,
                                          .kind = &kind,
                                          .folder = conf->store,
                                          .keep = "objects",
                                          .replace = replace,
                                          .arg = &restoring};
    int rc = restore_run(&config, aside, err);
    if (rc != 0) {
        return rc;
    }
    (void)printf("restored: %llu entries, in %s\n", (unsigned long long)restoring.entries,
                 conf->store);
    (void)printf("%s%s%s", aside[0] != '\0' ? "what was there is now in " : "", aside,
                 aside[0] != '\0' ? "\n" : "");
    (void)fputs("At the next start the node goes on in new logs, as successors of these: what the "
                "province\ndid not have yet is sent, and nothing counts twice. Reports handed in "
                "after this backup\nare not in this store; those that the province received "
                "before are safe there.\n",
                stdout);
    return 0;
}
