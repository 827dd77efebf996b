/* A job that makes a backup, on a real loop; and stores made of one, with what may stand in the
 * way.
 */
#include "unit/platform/store/fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "platform/backup/backup.h"
#include "platform/host/host.h"
#include "platform/loop/loop.h"

#define PATH_CAPACITY (FOLDER_PATH_CAPACITY + 128)
#define KEYS 50u

struct setting {
    struct fixture *fixture;
    struct loop *loop;
    struct backup *backup;
    char store[PATH_CAPACITY], file[PATH_CAPACITY], part[PATH_CAPACITY];
    int check_rc; /* what the check shall say */
    unsigned checked, done;
    int rc;
    struct err_ctx err;
    struct backup_facts facts;
    size_t files; /* called FILE when check ran */
};

static const struct store_config open_as = {
    .tables = fixture_tables, .table_count = 2, .format = FIXTURE_FORMAT};

static void path_in(const struct setting *setting, const char *name, char to[PATH_CAPACITY])
{
    int len = snprintf(to, PATH_CAPACITY, "%s/%s", setting->fixture->path, name);
    assert_true(len > 0 && (size_t)len < PATH_CAPACITY);
}

static bool there(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

static int check(void *arg, struct store *copy, const struct store_watch *watch,
                 struct err_ctx *err)
{
    struct setting *setting = arg;
    struct store_txn *txn = NULL;
    struct bytes value;
    uint8_t key[4];
    setting->checked++;
    setting->files += there(setting->file);
    put_be32(key, KEYS - 1);
    if (!store_watch_go_on(watch, 1)) {
        return ERR_GONE;
    }
    int rc = store_read_begin(copy, &txn, err);
    rc = rc != 0 ? rc : store_get(txn, TABLE_ONE, bytes_of(key, sizeof key), &value);
    store_read_end(txn);
    return rc != 0 ? rc : err_set(err, setting->check_rc, "said by the check");
}

static const struct backup_kind kind = {.name = "fixture", .open = &open_as, .check = check};
static const struct backup_kind other_kind = {.name = "other", .open = &open_as, .check = check};

static void on_progress(void *arg, const struct backup_progress *progress)
{
    (void)arg;
    assert_non_null(backup_stage_name(progress->stage));
}

static void on_done(void *arg, int rc, const struct backup_facts *facts, const struct err_ctx *err)
{
    struct setting *setting = arg;
    assert_int_equal(facts != NULL, rc == 0);
    setting->done++;
    setting->rc = rc;
    setting->err = *err;
    if (facts != NULL) {
        setting->facts = *facts;
    }
    backup_free(setting->backup); /* as programs do */
    setting->backup = NULL;
    loop_stop(setting->loop);
}

static int fill_run(struct store_txn *txn, void *arg)
{
    (void)arg;
    for (uint32_t key = 0; key < KEYS; key++) {
        fixture_put(txn, key, 1000);
    }
    return 0;
}

static int setting_open(void **state)
{
    struct setting *setting = calloc(1, sizeof *setting);
    assert_non_null(setting);
    setting->fixture = fixture_new();
    path_in(setting, "store", setting->store);
    setting->fixture->config.path = setting->store;
    fixture_open(setting->fixture);
    path_in(setting, "file", setting->file);
    path_in(setting, "file.part", setting->part);
    assert_int_equal(store_apply(setting->fixture->store, fill_run, NULL, NULL), 0);
    assert_int_equal(loop_new(&setting->loop, NULL), 0);
    *state = setting;
    return 0;
}

static int setting_close(void **state)
{
    struct setting *setting = *state;
    backup_free(setting->backup);
    loop_free(setting->loop);
    fixture_free(setting->fixture);
    free(setting);
    return 0;
}

static int start(struct setting *setting, const char *path, struct err_ctx *err)
{
    const struct backup_config config = {.loop = setting->loop,
                                         .store = setting->fixture->store,
                                         .path = path,
                                         .kind = &kind,
                                         .progress = on_progress,
                                         .done = on_done,
                                         .arg = setting};
    return backup_start(&config, &setting->backup, err);
}

static int backup_now(struct setting *setting)
{
    setting->done = 0;
    assert_int_equal(start(setting, setting->file, NULL), 0);
    loop_run(setting->loop);
    assert_int_equal(setting->done, 1);
    return setting->rc;
}

/* ---- making one ---- */

static void a_file_has_its_name_once_it_was_read_back(void **state)
{
    struct setting *setting = *state;
    struct store_copy_facts facts;
    assert_int_equal(backup_now(setting), 0);
    assert_int_equal(setting->checked, 1);
    assert_int_equal(setting->files, 0);
    assert_false(there(setting->part));
    assert_int_equal(store_copy_check(setting->file, NULL, &facts, NULL), 0);
    assert_int_equal(facts.bytes, setting->facts.bytes);
    assert_true(hash_equal(&facts.blake2b, &setting->facts.blake2b));
}

static void what_is_not_sound_gets_no_name(void **state)
{
    struct setting *setting = *state;
    setting->check_rc = ERR_FORMAT;
    assert_int_equal(backup_now(setting), ERR_FORMAT);
    assert_string_equal(setting->err.text, "said by the check");
    assert_false(there(setting->file));
    assert_false(there(setting->part));
    setting->check_rc = 0;
    assert_int_equal(backup_now(setting), 0);
}

static void a_bad_path_is_refused_at_once(void **state)
{
    struct setting *setting = *state;
    struct err_ctx err = {""};
    assert_int_equal(start(setting, "relative", &err), ERR_VALUE);
    assert_int_equal(file_create(setting->file, 0600, bytes_of_text("x"), NULL), 0);
    assert_int_equal(start(setting, setting->file, &err), ERR_EXISTS);
    assert_int_equal(unlink(setting->file), 0);
    assert_int_equal(symlink("nowhere", setting->part), 0);
    assert_int_equal(start(setting, setting->file, &err), ERR_EXISTS);
    assert_non_null(strstr(err.text, "interrupted"));
    assert_int_equal(unlink(setting->part), 0);
    char path[PATH_CAPACITY];
    path_in(setting, "no/folder", path);
    assert_int_equal(start(setting, path, NULL), 0); /* seen by the thread */
    loop_run(setting->loop);
    assert_int_equal(setting->rc, ERR_NOT_FOUND);
    assert_int_equal(backup_now(setting), 0);
}

static void one_that_is_stopped_leaves_nothing_half(void **state)
{
    struct setting *setting = *state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(start(setting, setting->file, NULL), 0);
        backup_free(setting->backup);
        setting->backup = NULL;
        assert_int_equal(setting->done, 0);
        assert_false(there(setting->part));
        struct store_copy_facts facts;
        if (there(setting->file)) { /* it was faster */
            assert_int_equal(store_copy_check(setting->file, NULL, &facts, NULL), 0);
            assert_int_equal(unlink(setting->file), 0);
        }
    }
}

/* ---- a store made of one ---- */

static int restore(struct setting *setting, const char *folder, bool replace, char *ret_aside,
                   struct err_ctx *err)
{
    const struct restore_config config = {.file = setting->file,
                                          .kind = &kind,
                                          .folder = folder,
                                          .inside = "journal",
                                          .views = "views",
                                          .replace = replace,
                                          .arg = setting};
    return restore_run(&config, ret_aside, err);
}

static void store_is_good(struct setting *setting, const char *folder)
{
    char path[PATH_CAPACITY + 16];
    struct fixture *fixture = setting->fixture;
    struct store *store = fixture->store;
    const char *own = fixture->config.path;
    (void)snprintf(path, sizeof path, "%s/journal", folder);
    fixture->config.path = path;
    fixture_open(fixture);
    assert_true(store_moved(fixture->store));
    assert_true(fixture_has(fixture, 0) && fixture_has(fixture, KEYS - 1));
    fixture_close(fixture);
    fixture->config.path = own;
    fixture->store = store;
}

static void a_store_comes_where_none_was(void **state)
{
    struct setting *setting = *state;
    char folder[PATH_CAPACITY];
    char views[PATH_CAPACITY];
    char aside[RESTORE_PATH_BYTES] = "x";
    assert_int_equal(backup_now(setting), 0);
    path_in(setting, "province", folder);
    path_in(setting, "province/views", views);
    assert_int_equal(restore(setting, folder, false, aside, NULL), 0);
    assert_string_equal(aside, "");
    store_is_good(setting, folder);
    assert_int_equal(restore(setting, folder, false, aside, NULL), ERR_EXISTS);
    /* Views of another journal go; what an interrupted restore left does too. */
    char data[PATH_CAPACITY];
    path_in(setting, "province/journal/data.mdb", data);
    assert_int_equal(unlink(data), 0);
    assert_int_equal(folder_make(views, NULL), 0);
    path_in(setting, "province/views/data.mdb", data);
    assert_int_equal(file_create(data, 0600, bytes_of_text("x"), NULL), 0);
    path_in(setting, "province/journal/restoring", data);
    assert_int_equal(folder_make(data, NULL), 0);
    path_in(setting, "province/journal/restoring/data.mdb", data);
    assert_int_equal(file_create(data, 0600, bytes_of_text("x"), NULL), 0);
    assert_int_equal(restore(setting, folder, false, aside, NULL), 0);
    assert_false(there(views));
    store_is_good(setting, folder);
}

static void a_store_that_is_there_is_renamed(void **state)
{
    struct setting *setting = *state;
    char folder[PATH_CAPACITY];
    char old[RESTORE_PATH_BYTES + 32];
    char aside[RESTORE_PATH_BYTES] = "";
    struct err_ctx err = {""};
    assert_int_equal(backup_now(setting), 0);
    path_in(setting, "province", folder);
    path_in(setting, "province/journal", old);
    assert_int_equal(folder_make(old, NULL), 0);
    path_in(setting, "province/journal/data.mdb", old);
    assert_int_equal(file_create(old, 0600, bytes_of_text("the old one"), NULL), 0);
    assert_int_equal(restore(setting, folder, false, aside, &err), ERR_EXISTS);
    assert_non_null(strstr(err.text, "--replace"));
    /* Not while a program has it. */
    int lock = -1;
    path_in(setting, "province/journal", old);
    assert_int_equal(store_folder_lock(old, &lock, NULL), 0);
    assert_int_equal(restore(setting, folder, true, aside, &err), ERR_BUSY);
    assert_non_null(strstr(err.text, "stop it first"));
    assert_int_equal(close(lock), 0);
    assert_string_equal(aside, "");
    assert_int_equal(restore(setting, folder, true, aside, NULL), 0);
    assert_non_null(strstr(aside, "province.before-restore-2"));
    (void)snprintf(old, sizeof old, "%s/journal/data.mdb", aside);
    uint8_t *text = NULL;
    size_t len = 0;
    assert_int_equal(file_read(old, 100, &text, &len, NULL), 0);
    assert_string_equal((const char *)text, "the old one");
    free(text);
    path_in(setting, "province.restoring", old);
    assert_false(there(old));
    store_is_good(setting, folder);
}

/* However often within a second, and where a link leads to. */
static void each_that_was_there_stays(void **state)
{
    struct setting *setting = *state;
    char folder[PATH_CAPACITY];
    char disk[PATH_CAPACITY];
    char old[RESTORE_PATH_BYTES + 32];
    char aside[3][RESTORE_PATH_BYTES] = {""};
    assert_int_equal(backup_now(setting), 0);
    path_in(setting, "disk", disk);
    path_in(setting, "disk/journal", folder);
    assert_int_equal(folder_make(folder, NULL), 0);
    path_in(setting, "disk/journal/data.mdb", folder);
    assert_int_equal(file_create(folder, 0600, bytes_of_text("the old one"), NULL), 0);
    path_in(setting, "province", folder);
    assert_int_equal(symlink(disk, folder), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(restore(setting, folder, true, aside[i], NULL), 0);
        assert_non_null(strstr(aside[i], "/disk.before-restore-2"));
        assert_true(i == 0 || strcmp(aside[i], aside[i - 1]) != 0);
    }
    struct stat info;
    assert_true(lstat(folder, &info) == 0 && S_ISLNK(info.st_mode));
    uint8_t *text = NULL;
    size_t len = 0;
    (void)snprintf(old, sizeof old, "%s/journal/data.mdb", aside[0]);
    assert_int_equal(file_read(old, 100, &text, &len, NULL), 0);
    assert_string_equal((const char *)text, "the old one");
    free(text);
    for (size_t i = 1; i < 3; i++) {
        (void)snprintf(old, sizeof old, "%s/journal/data.mdb", aside[i]);
        assert_true(there(old));
    }
    store_is_good(setting, folder);
}

static void nothing_is_touched_for_a_bad_one(void **state)
{
    struct setting *setting = *state;
    char folder[PATH_CAPACITY];
    char aside[RESTORE_PATH_BYTES] = "";
    struct err_ctx err = {""};
    path_in(setting, "province", folder);
    assert_int_equal(restore(setting, folder, true, aside, NULL), ERR_NOT_FOUND);
    assert_int_equal(backup_now(setting), 0);
    setting->check_rc = ERR_FORMAT;
    assert_int_equal(restore(setting, folder, true, aside, &err), ERR_FORMAT);
    assert_string_equal(err.text, "said by the check");
    setting->check_rc = 0;
    const struct restore_config config = {
        .file = setting->file, .kind = &other_kind, .folder = folder, .arg = setting};
    assert_int_equal(restore_run(&config, aside, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "a backup of the fixture's store, not of the other's"));
    int fd = open(setting->file, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "x", 1, 5000), 1);
    assert_int_equal(close(fd), 0);
    unsigned checked = setting->checked;
    assert_int_equal(restore(setting, folder, true, aside, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "damaged"));
    assert_int_equal(setting->checked, checked); /* not even opened */
    assert_false(there(folder));
}

static int host_start(void **state)
{
    (void)state;
    return host_init(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setting_open, setting_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_has_its_name_once_it_was_read_back),
        TEST(what_is_not_sound_gets_no_name),
        TEST(a_bad_path_is_refused_at_once),
        TEST(one_that_is_stopped_leaves_nothing_half),
        TEST(a_store_comes_where_none_was),
        TEST(a_store_that_is_there_is_renamed),
        TEST(each_that_was_there_stays),
        TEST(nothing_is_touched_for_a_bad_one),
    };
    return cmocka_run_group_tests(tests, host_start, NULL);
}
