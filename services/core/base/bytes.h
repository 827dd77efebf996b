/* bytes.h - borrowed byte ranges, big-endian numbers, and a bounded writer and reader.
 *
 * A `struct bytes` never owns. A writer never writes past its capacity: it remembers that it was
 * too small, and that is asked once, at the end. A reader never reads past its end, likewise.
 */
#ifndef CORE_BASE_BYTES_H
#define CORE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const uint8_t *data;
    size_t len;
};

struct bytes bytes_of(const void *data, size_t len);
/* The bytes of a NUL-terminated string, without the NUL. NULL gives an empty range. */
struct bytes bytes_of_text(const char *text);
bool bytes_equal(struct bytes a, struct bytes b);
/* Order as memcmp, a shorter prefix first. */
int bytes_compare(struct bytes a, struct bytes b);

void put_be16(uint8_t *to, uint16_t value);
void put_be32(uint8_t *to, uint32_t value);
void put_be64(uint8_t *to, uint64_t value);
uint16_t get_be16(const uint8_t *from);
uint32_t get_be32(const uint8_t *from);
uint64_t get_be64(const uint8_t *from);

struct writer {
    uint8_t *data;
    size_t capacity;
    size_t len;
    bool overflow; /* true once something did not fit; nothing is written after that */
};

void writer_init(struct writer *writer, uint8_t *data, size_t capacity);
void writer_bytes(struct writer *writer, struct bytes bytes);
void writer_u8(struct writer *writer, uint8_t value);
void writer_be16(struct writer *writer, uint16_t value);
void writer_be32(struct writer *writer, uint32_t value);
void writer_be64(struct writer *writer, uint64_t value);

struct reader {
    const uint8_t *data;
    size_t len;
    size_t at;
    bool underflow; /* true once something was missing; zeros are given after that */
};

void reader_init(struct reader *reader, struct bytes bytes);
size_t reader_left(const struct reader *reader);
/* Borrowed from the reader's bytes; empty on underflow. */
struct bytes reader_bytes(struct reader *reader, size_t len);
uint8_t reader_u8(struct reader *reader);
uint16_t reader_be16(struct reader *reader);
uint32_t reader_be32(struct reader *reader);
uint64_t reader_be64(struct reader *reader);
/* Copies exactly len bytes, zeros on underflow. */
void reader_copy(struct reader *reader, uint8_t *to, size_t len);

#define HEX_CAPACITY(bytes) ((bytes)*2 + 1)
/* Lower-case hex with a NUL; `to` holds HEX_CAPACITY(len). Returns `to`. */
char *hex_encode(char *to, const uint8_t *from, size_t len);
/* True when text is exactly 2*len hex digits; fills `to`. */
bool hex_decode(uint8_t *to, size_t len, struct bytes text);

#endif
