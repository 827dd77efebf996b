#include "lib/cmocka_all.h"

#include "lib/folder.h"
#include "platform/host/host.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
    (void)snprintf(place->file, sizeof place->file, "%s/file", place->folder);
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

static void expect_content(const char *path, const char *content)
{
    uint8_t *data = NULL;
    size_t len = 0;
    assert_int_equal(file_read(path, 100, &data, &len, NULL), 0);
    assert_int_equal(len, strlen(content));
    assert_memory_equal(data, content, len);
    free(data);
}

static unsigned mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (unsigned)info.st_mode & 07777u;
}

static size_t files_in(const char *path)
{
    DIR *folder = opendir(path);
    assert_non_null(folder);
    size_t count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(folder);
    return count;
}

static void create_refuses_a_second_and_keeps_the_first(void **state)
{
    struct place *place = *state;
    assert_int_equal(file_create(place->file, 0640, bytes_of_text("one"), &place->err), 0);
    assert_int_equal(mode_of(place->file), 0640);
    assert_int_equal(file_create(place->file, 0600, bytes_of_text("two"), &place->err), ERR_EXISTS);
    assert_non_null(strstr(place->err.text, place->file));
    expect_content(place->file, "one");
    assert_int_equal(files_in(place->folder), 1); /* nothing left beside it */
}

static void replace_is_whole_and_leaves_nothing_beside(void **state)
{
    struct place *place = *state;
    assert_int_equal(file_replace(place->file, 0600, bytes_of_text("a longer text"), NULL), 0);
    assert_int_equal(file_replace(place->file, 0644, bytes_of_text("short"), NULL), 0);
    expect_content(place->file, "short");
    assert_int_equal(mode_of(place->file), 0644);
    assert_int_equal(files_in(place->folder), 1);
}

/* The file size limit stands for a full disk: it lets a part be written and refuses the rest. */
static void write_until_full(const char *path)
{
    static const uint8_t big[8192];
    const struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
    (void)signal(SIGXFSZ, SIG_IGN);
    bool refused = setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                   file_replace(path, 0600, bytes_of(big, sizeof big), NULL) == ERR_IO;
    _exit(refused ? 0 : 1);
}

static void failed_replace_keeps_the_old_file(void **state)
{
    struct place *place = *state;
    assert_int_equal(file_replace(place->file, 0600, bytes_of_text("old"), NULL), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        write_until_full(place->file);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    expect_content(place->file, "old");
    assert_int_equal(files_in(place->folder), 1);
}

static void read_takes_just_what_fits(void **state)
{
    struct place *place = *state;
    uint8_t *data = NULL;
    size_t len = 0;
    static uint8_t content[10000];
    memset(content, 'x', sizeof content);
    assert_int_equal(file_create(place->file, 0600, bytes_of(content, sizeof content), NULL), 0);
    assert_int_equal(file_read(place->file, 9999, &data, &len, &place->err), ERR_LIMIT);
    assert_null(data);
    assert_non_null(strstr(place->err.text, "longer than 9999 bytes"));
    assert_int_equal(file_read(place->file, 10000, &data, &len, NULL), 0);
    assert_int_equal(len, 10000);
    assert_memory_equal(data, content, len);
    assert_int_equal(data[len], 0);
    free(data);
}

static void read_names_what_is_not_there(void **state)
{
    struct place *place = *state;
    uint8_t *data = NULL;
    size_t len = 0;
    assert_int_equal(file_read(place->file, 10, &data, &len, &place->err), ERR_NOT_FOUND);
    assert_non_null(strstr(place->err.text, place->file));
    assert_int_equal(file_read(place->folder, 10, &data, &len, &place->err), ERR_IO);
}

static void empty_file_reads_as_nothing(void **state)
{
    struct place *place = *state;
    assert_int_equal(file_create(place->file, 0600, bytes_of_text(""), NULL), 0);
    expect_content(place->file, "");
}

static void secret_of_0600_is_read(void **state)
{
    struct place *place = *state;
    uint8_t *data = NULL;
    size_t len = 0;
    assert_int_equal(file_create(place->file, 0600, bytes_of_text("secret"), NULL), 0);
    assert_int_equal(file_read_secret(place->file, 6, &data, &len, NULL), 0);
    assert_int_equal(len, 6);
    free(data);
}

static void secret_open_to_others_is_refused_naming_the_mode(void **state)
{
    static const unsigned modes[] = {0640, 0604, 0660, 0610, 0601};
    struct place *place = *state;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        uint8_t *data = NULL;
        size_t len = 0;
        char mode[8];
        (void)snprintf(mode, sizeof mode, "%04o", modes[i]);
        assert_int_equal(file_replace(place->file, modes[i], bytes_of_text("s"), NULL), 0);
        assert_int_equal(file_read_secret(place->file, 6, &data, &len, &place->err),
                         ERR_PERMISSION);
        assert_null(data);
        assert_non_null(strstr(place->err.text, place->file));
        assert_non_null(strstr(place->err.text, mode));
        assert_non_null(strstr(place->err.text, "0600"));
    }
}

static void secret_that_is_no_file_is_refused_at_once(void **state)
{
    struct place *place = *state;
    uint8_t *data = NULL;
    size_t len = 0;
    assert_int_equal(mkfifo(place->file, 0600), 0);
    assert_int_equal(file_read_secret(place->file, 6, &data, &len, &place->err), ERR_PERMISSION);
    assert_int_equal(file_read_secret(place->folder, 6, &data, &len, &place->err), ERR_PERMISSION);
    assert_non_null(strstr(place->err.text, "not a regular file"));
}

static void secret_of_another_user_is_refused(void **state)
{
    struct place *place = *state;
    uint8_t *data = NULL;
    size_t len = 0;
    if (geteuid() != 0) {
        skip(); /* only root can give a file away */
    }
    assert_int_equal(file_create(place->file, 0600, bytes_of_text("s"), NULL), 0);
    assert_int_equal(chown(place->file, 12345, 12345), 0);
    assert_int_equal(file_read_secret(place->file, 6, &data, &len, &place->err), ERR_PERMISSION);
    assert_non_null(strstr(place->err.text, "12345"));
}

static void folders_are_made_with_their_parents(void **state)
{
    struct place *place = *state;
    char deep[160];
    (void)snprintf(deep, sizeof deep, "%s/a//b/c/", place->folder);
    assert_int_equal(folder_make(deep, &place->err), 0);
    assert_int_equal(folder_make(deep, &place->err), 0);
    assert_int_equal(mode_of(deep), 0700);
    assert_int_equal(file_create(place->file, 0600, bytes_of_text("s"), NULL), 0);
    assert_int_equal(folder_make(place->file, &place->err), ERR_EXISTS);
    assert_non_null(strstr(place->err.text, "not a folder"));
}

static void clocks_go_forward(void **state)
{
    (void)state;
    uint64_t before_us = host_monotonic_us();
    uint64_t between_ms = host_monotonic_ms();
    uint64_t after_us = host_monotonic_us();
    assert_true(before_us / 1000 <= between_ms && between_ms <= after_us / 1000);
    assert_true(host_wall_ms() > INT64_C(1700000000000)); /* milliseconds, and not boot time */
}

static void random_bytes_differ(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    host_random(a, sizeof a);
    host_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(create_refuses_a_second_and_keeps_the_first, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(replace_is_whole_and_leaves_nothing_beside, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(failed_replace_keeps_the_old_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(read_takes_just_what_fits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(read_names_what_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(empty_file_reads_as_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(secret_of_0600_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(secret_open_to_others_is_refused_naming_the_mode, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(secret_that_is_no_file_is_refused_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(secret_of_another_user_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(folders_are_made_with_their_parents, set_up, tear_down),
        cmocka_unit_test(clocks_go_forward),
        cmocka_unit_test(random_bytes_differ),
    };
    struct err_ctx err = {0};
    if (host_init(&err) != 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
