/* differential COUNT SEED FOLDER… - the pre-scan against Google's reader, which is neither ours nor
 * protobuf-c's: `protoc-c --decode_raw` (libprotoc's command line), one process for each input.
 *
 * Inputs as target_prescan.c has them: those of the folders, and COUNT made of them from SEED.
 *   What the pre-scan passes, decode_raw must read; what decode_raw refuses, the pre-scan must
 * refuse. What it refuses and decode_raw reads must be one of the strictnesses below: a schema is
 * known here and not there, or SPEC 5 says so. Each must have been met, or the test has tried
 * nothing.
 */
#include "fuzz/fuzz.h"

#include "core/base/limits.h"
#include "core/wire/prescan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT_BYTES_MAX 8192u
#define INPUTS_MAX 1024u

extern char **environ;

/* ---- deliberate strictness: the words of the refusal, and how often it was met ---- */

static struct strictness {
    const char *words;
    bool within_only; /* decode_raw refuses it too, where it knows that a message is one */
    bool rare;        /* need not be met in a short run */
    unsigned met;
} strictnesses[] = {
    {.words = "occurs twice"},
    {.words = "has the wrong wire type"},
    {.words = "number too large"},
    {.words = "number too long", .rare = true}, /* a tag or length that is not minimal */
    {.words = "group or unknown wire type"},
    {.words = "nested too deeply", .rare = true},
    {.words = "too many fields", .rare = true},
    {.words = "too many unknown fields"},
    {.words = "field number 0", .within_only = true},
    {.words = "truncated", .within_only = true},
    {.words = "length past the end", .within_only = true},
};
#define STRICTNESSES (sizeof strictnesses / sizeof strictnesses[0])

static bool has_packed(const ProtobufCMessageDescriptor *descriptor)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED && field->type != PROTOBUF_C_TYPE_MESSAGE &&
            field->type != PROTOBUF_C_TYPE_BYTES) {
            return true;
        }
    }
    return false;
}

/* A refusal names the message it was met in, first. */
static bool is_strictness(const ProtobufCMessageDescriptor *descriptor, const char *why)
{
    size_t len = strlen(descriptor->short_name);
    bool outermost = strncmp(why, descriptor->short_name, len) == 0 && why[len] == ':';
    for (size_t i = 0; i < STRICTNESSES; i++) {
        struct strictness *row = &strictnesses[i];
        if (strstr(why, row->words) != NULL &&
            (!row->within_only || !outermost || has_packed(descriptor))) {
            row->met++;
            return true;
        }
    }
    return false;
}

/* ---- the other reader ---- */

static bool decode_raw(struct bytes message)
{
    static const char *const argv[] = {"protoc-c", "--decode_raw", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    int status = -1;
    int input = memfd_create("message", MFD_CLOEXEC);
    CHECK(input >= 0 && write(input, message.data, message.len) == (ssize_t)message.len &&
              lseek(input, 0, SEEK_SET) == 0,
          "an input can be handed over");
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int rc = posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    CHECK(rc == 0 && waitpid(child, &status, 0) == child && WIFEXITED(status),
          "protoc-c runs (package protobuf-c-compiler)");
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(input);
    CHECK(WEXITSTATUS(status) <= 1, "protoc-c knows --decode_raw");
    return WEXITSTATUS(status) == 0;
}

static struct {
    unsigned both_read, both_refuse, stricter;
} tally;

static void show(struct bytes input)
{
    for (size_t i = 0; i < input.len; i++) {
        (void)fprintf(stderr, "%02x", input.data[i]);
    }
    (void)fprintf(stderr, "\n");
}

static void compare(struct bytes input)
{
    struct bytes message = input;
    const ProtobufCMessageDescriptor *descriptor =
        fuzz_message(take_u8(&message) % FUZZ_MESSAGE_COUNT);
    struct err_ctx err = {""};
    if (message.len == 0) {
        return; /* write of nothing */
    }
    bool ours = prescan(descriptor, message, &err) == 0;
    bool theirs = decode_raw(message);
    tally.both_read += ours && theirs ? 1 : 0;
    tally.both_refuse += !ours && !theirs ? 1 : 0;
    tally.stricter += !ours && theirs ? 1 : 0;
    if ((ours && !theirs) || (!ours && theirs && !is_strictness(descriptor, err.text))) {
        show(input);
        (void)fprintf(stderr, "%s: we %s, decode_raw %s it: %s\n", descriptor->short_name,
                      ours ? "pass" : "refuse", theirs ? "reads" : "refuses", err.text);
        CHECK(false, "the pre-scan and decode_raw agree but for the strictnesses listed");
    }
}

/* ---- inputs ---- */

/* At least one for each strictness: message by its name, bytes in hex. */
static const struct {
    const char *message, *hex;
} by_hand[] = {
    {"ComeBack", "08010801"},     /* twice */
    {"ComeBack", "0a00"},         /* wire type */
    {"ComeBack", "088080808010"}, /* 33 bits in a uint32 */
    {"ComeBack", "fb07fc07"},     /* a group */
    {"ComeBack", "50005000500050005000500050005000500050005000500050005000500050005000"},
    {"Act", "2a020000"}, /* field 0, within */
    {"Act", "2a0108"},   /* cut, within */
    {"Act", "2a020a7f"}, /* past the end, within */
};

static void compare_by_hand(void)
{
    for (size_t i = 0; i < sizeof by_hand / sizeof by_hand[0]; i++) {
        uint8_t input[64];
        size_t len = strlen(by_hand[i].hex) / 2;
        size_t index = 0;
        while (strcmp(fuzz_message(index)->short_name, by_hand[i].message) != 0) {
            index++;
        }
        input[0] = (uint8_t)index;
        CHECK(len < sizeof input && hex_decode(input + 1, len, bytes_of_text(by_hand[i].hex)),
              "hex");
        compare(bytes_of(input, len + 1));
    }
}

static struct {
    uint8_t *data;
    size_t len;
} inputs[INPUTS_MAX];
static size_t input_count;

static void read_folder(const char *path)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);
    CHECK(count > 2, "a folder has inputs");
    for (int i = 0; i < count; i++) {
        char file[4096];
        static uint8_t room[INPUT_BYTES_MAX];
        (void)snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        FILE *from = names[i]->d_name[0] != '.' ? fopen(file, "rb") : NULL;
        size_t len = from != NULL ? fread(room, 1, sizeof room, from) : 0;
        if (from != NULL) {
            (void)fclose(from);
        }
        uint8_t *copy =
            len > 1 && len < sizeof room && input_count < INPUTS_MAX ? malloc(len) : NULL;
        if (copy != NULL) {
            memcpy(copy, room, len);
            inputs[input_count].data = copy;
            inputs[input_count++].len = len;
        }
        free(names[i]);
    }
    free(names);
}

static uint64_t draw(uint64_t *seed, uint64_t below)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

/* One to three changes: a byte, a bit, a cut, a piece doubled or taken out. */
static struct bytes change(uint64_t *seed, uint8_t to[2 * INPUT_BYTES_MAX])
{
    size_t from = (size_t)draw(seed, input_count);
    size_t len = inputs[from].len;
    memcpy(to, inputs[from].data, len);
    for (uint64_t i = draw(seed, 3) + 1; i > 0 && len > 2; i--) {
        size_t at = 1 + (size_t)draw(seed, len - 1);
        size_t piece = (size_t)draw(seed, len - at) + 1;
        switch (draw(seed, 6)) {
        case 0:
            len = at;
            break;
        case 1:
            memmove(to + at, to + at + piece, len - at - piece);
            len -= piece;
            break;
        case 2:
            piece = len + piece < INPUT_BYTES_MAX ? piece : 0;
            memmove(to + at + piece, to + at, len - at);
            len += piece;
            break;
        case 3:
            to[at] = (uint8_t)draw(seed, 256);
            break;
        default:
            to[at] ^= (uint8_t)(1u << draw(seed, 8));
        }
    }
    return bytes_of(to, len);
}

int main(int argc, char **argv)
{
    static uint8_t changed[2 * INPUT_BYTES_MAX];
    if (argc < 4) {
        (void)fprintf(stderr, "usage: differential COUNT SEED FOLDER...\n");
        return 2;
    }
    uint64_t count = strtoull(argv[1], NULL, 10);
    uint64_t seed = strtoull(argv[2], NULL, 10);
    for (int i = 3; i < argc; i++) {
        read_folder(argv[i]);
    }
    (void)printf("seed %llu, %zu inputs and %llu made of them\n", (unsigned long long)seed,
                 input_count, (unsigned long long)count);
    compare_by_hand();
    for (size_t i = 0; i < input_count; i++) {
        compare(bytes_of(inputs[i].data, inputs[i].len));
    }
    for (uint64_t i = 0; i < count; i++) {
        compare(change(&seed, changed));
    }
    (void)printf("both read %u, both refuse %u, only the pre-scan refuses %u:\n", tally.both_read,
                 tally.both_refuse, tally.stricter);
    for (size_t i = 0; i < STRICTNESSES; i++) {
        (void)printf("  %6u %s\n", strictnesses[i].met, strictnesses[i].words);
        CHECK(strictnesses[i].met > 0 || strictnesses[i].rare, "each strictness was met");
    }
    CHECK(tally.both_read > 0 && tally.both_refuse > 0, "both outcomes were met");
    return 0;
}
