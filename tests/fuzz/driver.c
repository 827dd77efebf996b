/* driver.c - runs files through one fuzz target, without libFuzzer: `replay_NAME FILE|FOLDER…`.
 *
 * Any compiler and sanitizer will do. Says how many inputs there were; none is a failure. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_BYTES_MAX (1u << 20)

static const char *running; /* named when a property breaks */

static void say_which(void)
{
    if (running != NULL) {
        /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): it dies anyway */
        (void)dprintf(STDERR_FILENO, "input: %s\n", running);
    }
}

/* Says which, and lets it end as it would have. */
static void on_end(int number)
{
    say_which();
    (void)raise(number);
}

static void watch(int number)
{
    struct sigaction action = {.sa_handler = on_end, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
    (void)sigaction(number, &action, NULL);
}

/* Sanitizers end the process their own way. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

/* A copy of just its size: reading past it is seen. */
static int run_file(const char *path)
{
    static uint8_t room[INPUT_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    size_t len = fread(room, 1, sizeof room, file);
    bool whole = ferror(file) == 0 && len < sizeof room;
    (void)fclose(file);
    uint8_t *input = whole ? malloc(len + 1) : NULL;
    if (input == NULL) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        return -1;
    }
    memcpy(input, room, len);
    uint8_t *exact = realloc(input, len > 0 ? len : 1);
    running = path;
    (void)LLVMFuzzerTestOneInput(exact != NULL ? exact : input, len);
    running = NULL;
    free(exact != NULL ? exact : input);
    /* cppcheck-suppress memleak // either of the two was freed */
    return 1;
}

static int run_folder(const char *path)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);
    int inputs = count < 0 ? -1 : 0;
    for (int i = 0; i < count; i++) {
        char file[4096];
        int len = snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        bool fits = len > 0 && (size_t)len < sizeof file;
        if (names[i]->d_name[0] != '.' && inputs >= 0) {
            inputs = fits && run_file(file) == 1 ? inputs + 1 : -1;
        }
        free(names[i]);
    }
    free(names);
    return inputs;
}

int main(int argc, char **argv)
{
    int inputs = 0;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(say_which);
    } else {
        watch(SIGSEGV);
        watch(SIGBUS);
    }
    watch(SIGABRT);
    for (int i = 1; i < argc; i++) {
        struct stat status;
        bool folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        int some = folder ? run_folder(argv[i]) : run_file(argv[i]);
        if (some < 0) {
            (void)fprintf(stderr, "replay: %s cannot be run\n", argv[i]);
            return 1;
        }
        inputs += some;
    }
    (void)printf("%d inputs\n", inputs);
    return inputs > 0 ? 0 : 1;
}
