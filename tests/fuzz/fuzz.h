/* fuzz.h - what a fuzz target is made of: one file target_NAME.c for each border, built twice.
 *
 * With libFuzzer (preset fuzz) as fuzz_NAME, and with driver.c as replay_NAME, which runs the
 * corpus through it under every compiler and sanitizer. A target asserts properties with CHECK: a
 * failed one ends the process, and libFuzzer keeps the input. Nothing here knows the code it
 * checks.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "core/base/arena.h"
#include "core/base/bytes.h"

#include <protobuf-c/protobuf-c.h>

/* libFuzzer's names. A target keeps what it needs in static variables. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);

_Noreturn void check_failed(const char *file, int line, const char *what);
/* A property: `what` says in words what is broken when it does not hold. */
#define CHECK(condition, what) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, (what)))

/* Emptied; its whole capacity is PARSE_ARENA_BYTES. Two of them: what is compared may not move. */
struct arena *fuzz_arena(void);
struct arena *fuzz_arena_other(void);

/* What a refusal must come with: a negative code and a text. */
void check_refused(int rc, const struct err_ctx *err);
/* Well-formed text without NUL, by another check than ours. */
bool text_sound(struct bytes text);
bool texts_sound(const struct bytes *texts, size_t count, size_t bytes_max);

/* Takes the first bytes off. */
uint8_t take_u8(struct bytes *from);
uint64_t take_u64(struct bytes *from);
struct bytes take_bytes(struct bytes *from, size_t len);
void take_into(struct bytes *from, void *to, size_t len); /* zeros for what is missing */

/* ---- messages.c: protobuf messages by their descriptors ---- */

/* The messages of proto/kabar/v1, the first ones those that stand alone; NULL past the end. */
const ProtobufCMessageDescriptor *fuzz_message(size_t index);
#define FUZZ_MESSAGE_COUNT 34u
/* As protobuf-c reads it, in the arena; NULL when it refuses or the arena is full. */
const ProtobufCMessage *fuzz_unpack(const ProtobufCMessageDescriptor *descriptor,
                                    struct bytes message, struct arena *arena);
/* They say the same: absent and false, absent and empty, absent and all zeros count as equal, and
 * fields whose name is in `ignored` (ends with NULL; may be NULL) are not looked at. */
bool fuzz_same_message(const ProtobufCMessage *a, const ProtobufCMessage *b,
                       const char *const *ignored);

/* ---- mutate.c, in fuzzers only ---- */

/* A target whose inputs hold a message says which one and where it begins (it goes to the end);
 * NULL: mutate as mere bytes. */
const ProtobufCMessageDescriptor *fuzz_message_at(const uint8_t *data, size_t size, size_t *ret_at);

#endif
