/* The command backup: a copy of the journal, made and read back while all goes on. When it is
 * sound, and only then, each log is backed up as far as the copy has it, which nodes hear with
 * their next receipt. The views are not in it: they are computed from the journal. */
#include "aggregator/doors.h"

#include "platform/backup/backup.h"

struct backup_job {
    struct aggregator *aggregator;
    struct door_call *call; /* NULL: the client went away */
    struct backup *backup;
    struct journal_checked checked; /* by the backup's thread, until it is done */
    struct backup_facts facts;
    int64_t began_wall_ms;
    struct store_command command; /* notes what it has */
    char path[];
};

/* ---- what is noted ---- */

static int note_run(struct store_txn *txn, void *arg)
{
    const struct backup_job *job = arg;
    const struct journal_backup backup = {.at_ms = job->began_wall_ms,
                                          .position = job->checked.position};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < job->checked.end_count; i++) {
        rc = journal_put_backed_up(txn, &job->checked.ends[i]);
    }
    journal_put_backup(txn, &backup);
    return rc;
}

static void job_free(struct backup_job *job)
{
    job->aggregator->backup = NULL;
    backup_free(job->backup);
    journal_checked_clear(&job->checked);
    free(job);
}

static void fail(struct backup_job *job, int rc, const struct err_ctx *err)
{
    LOG(LOG_LEVEL_ERROR, "backup_failed", log_text("file", job->path),
        log_text("error", err_peek(err, rc)));
    if (job->call != NULL) {
        door_refuse(job->call, rc, err);
    }
    job_free(job);
}

static json_t *answer_json(const struct backup_job *job)
{
    return json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:o, s:s}", "file", job->path, "entries",
        (json_int_t)job->checked.position, "position", (json_int_t)job->checked.position, "bytes",
        (json_int_t)job->facts.bytes, "seconds", (json_int_t)job->facts.seconds, "blake2b",
        door_hex_json(job->facts.blake2b.b, HASH_BYTES), "not_in_it", BACKUP_NOT_IN_IT);
}

static void note_done(void *arg, int rc)
{
    struct backup_job *job = arg;
    struct aggregator *aggregator = job->aggregator;
    if (rc != 0) {
        struct err_ctx err = {{0}};
        fail(job,
             err_set(&err, rc, "%s is sound, but that could not be noted: %s", job->path,
                     err_text(rc)),
             &err);
        return;
    }
    for (struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        for (size_t i = 0; i < job->checked.end_count; i++) {
            const struct entry_id *end = &job->checked.ends[i];
            intake_set_backed_up(&peer->intake, &end->incarnation, end->seq);
        }
        peer->flush_due = true;
    }
    LOG(LOG_LEVEL_INFO, "backed_up", log_text("file", job->path),
        log_u64("position", job->checked.position), log_u64("bytes", job->facts.bytes),
        log_u64("seconds", job->facts.seconds));
    if (job->call != NULL) {
        door_call_done(job->call, answer_json(job));
    }
    job_free(job);
    net_flush(aggregator);
}

/* ---- the work ---- */

static int check(void *arg, struct store *copy, const struct store_watch *watch,
                 struct err_ctx *err)
{
    struct backup_job *job = arg;
    return journal_check(copy, watch, &job->checked, err);
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

static void on_done(void *arg, int rc, const struct backup_facts *facts, const struct err_ctx *err)
{
    struct backup_job *job = arg;
    if (rc != 0) {
        fail(job, rc, err);
        return;
    }
    job->facts = *facts;
    job->command = (struct store_command){.run = note_run, .done = note_done, .arg = job};
    rc = store_submit(job->aggregator->journal, &job->command);
    if (rc != 0) {
        note_done(job, rc);
    }
}

static const struct store_config copy_tables = {
    .tables = journal_table_names, .table_count = JOURNAL_TABLE_COUNT, .format = JOURNAL_FORMAT};

static int start(struct backup_job *job, struct err_ctx *err)
{
    static const struct backup_kind kind = {
        .name = "aggregator", .open = &copy_tables, .check = check};
    const struct backup_config config = {.loop = job->aggregator->loop,
                                         .store = job->aggregator->journal,
                                         .path = job->path,
                                         .kind = &kind,
                                         .progress = on_progress,
                                         .done = on_done,
                                         .arg = job};
    return backup_start(&config, &job->backup, err);
}

void door_backup(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    const char *path = door_text(args, "file");
    if (aggregator->backup != NULL) {
        (void)err_set(&err, ERR_AGAIN, "a backup is being made, to %s: wait until it is done",
                      aggregator->backup->path);
        door_refuse(call, ERR_AGAIN, &err);
        return;
    }
    size_t len = strlen(path) + 1;
    struct backup_job *job = calloc(1, sizeof *job + len);
    if (job == NULL) {
        door_refuse(call, ERR_NOMEM, &err);
        return;
    }
    memcpy(job->path, path, len);
    job->aggregator = aggregator;
    job->call = call;
    job->began_wall_ms = host_wall_ms();
    int rc = start(job, &err);
    if (rc != 0) {
        free(job);
        door_refuse(call, rc, &err);
        return;
    }
    aggregator->backup = job;
}

void door_backup_gone(struct aggregator *aggregator, const struct door_call *call)
{
    if (aggregator->backup != NULL && aggregator->backup->call == call) {
        aggregator->backup->call = NULL;
    }
}

/* Before the writer stops: what is being copied is given up, what is being noted is finished there.
 */
void backup_job_stop(struct aggregator *aggregator)
{
    struct backup_job *job = aggregator->backup;
    if (job != NULL && job->command.run == NULL) {
        LOG(LOG_LEVEL_WARN, "backup_given_up", log_text("file", job->path));
        job_free(job);
    }
}

json_t *backup_json(struct store_txn *journal)
{
    struct journal_backup backup = {.at_ms = 0};
    struct journal_meta meta;
    if (journal_load(journal, &meta) != 0) {
        return json_null();
    }
    bool ever = journal_get_backup(journal, &backup) == 0;
    return json_pack("{s:o, s:I, s:I}", "at_ms",
                     ever ? json_integer((json_int_t)backup.at_ms) : json_null(), "position",
                     (json_int_t)backup.position, "entries_behind",
                     (json_int_t)(meta.next_position - 1 - backup.position));
}

/* ---- kabar-aggregator --restore ---- */

struct restoring {
    const struct conf_aggregator *conf;
    const struct key *root;
    const char *file;
    struct journal_checked checked;
};

static int not_ours(const struct restoring *restoring, const struct journal_owner *owner,
                    struct err_ctx *err)
{
    const struct conf_aggregator *conf = restoring->conf;
    if (strcmp(owner->province, conf->province) != 0) {
        return err_set(err, ERR_CONFIG,
                       "this is a backup of province %s, and the settings are those of province "
                       "%s: nothing was changed; say --config of %s, or a backup of %s: %s",
                       owner->province, conf->province, owner->province, conf->province,
                       restoring->file);
    }
    return err_set(err, ERR_CONFIG,
                   "this is a backup of another installation of province %s, with another root "
                   "key than %s: nothing was changed; say its --config, or a backup of this one: "
                   "%s",
                   owner->province, conf->root_key, restoring->file);
}

static int restore_check(void *arg, struct store *copy, const struct store_watch *watch,
                         struct err_ctx *err)
{
    struct restoring *restoring = arg;
    struct journal_owner owner;
    int rc = journal_check(copy, watch, &restoring->checked, err);
    rc = rc != 0
             ? rc
             : journal_check_owner(copy, restoring->conf->province, restoring->root, &owner, err);
    return rc == ERR_CONFIG ? not_ours(restoring, &owner, err) : rc;
}

int backup_restore(const struct conf_aggregator *conf, const struct key *root, const char *file,
                   bool replace, struct err_ctx *err)
{
    static const struct backup_kind kind = {
        .name = "aggregator", .open = &copy_tables, .check = restore_check};
    struct restoring restoring = {.conf = conf, .root = root, .file = file};
    char aside[RESTORE_PATH_BYTES] = "";
    const struct restore_config config = {.file = file,
                                          .kind = &kind,
                                          .folder = conf->store,
                                          .inside = "journal",
                                          .views = "views",
                                          .keep = "objects",
                                          .replace = replace,
                                          .arg = &restoring};
    int rc = restore_run(&config, aside, err);
    if (rc == 0) {
        (void)printf("restored: %llu entries, in %s/journal\n",
                     (unsigned long long)restoring.checked.position, conf->store);
        (void)printf("%s%s%s", aside[0] != '\0' ? "what was there is now in " : "", aside,
                     aside[0] != '\0' ? "\n" : "");
        (void)fputs(
            "At the next start the aggregator takes a new name for its log and for every office "
            "log,\nand computes cases anew. Nodes send again what it lost and hand back documents "
            "it lost;\nuntil all have been here, `kabar status` says so. What came in after this "
            "backup and was\ndeleted at a node since is gone: restore the newest backup there "
            "is.\n",
            stdout);
    }
    journal_checked_clear(&restoring.checked);
    return rc;
}
