#include "core/base/bytes.h"

#include <string.h>

struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){.data = data, .len = len};
}

struct bytes bytes_of_text(const char *text)
{
    return bytes_of(text, text == NULL ? 0 : strlen(text));
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    if (order != 0) {
        return order;
    }
    return a.len == b.len ? 0 : (a.len < b.len ? -1 : 1);
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && bytes_compare(a, b) == 0;
}

void put_be16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

void put_be32(uint8_t *to, uint32_t value)
{
    put_be16(to, (uint16_t)(value >> 16));
    put_be16(to + 2, (uint16_t)value);
}

void put_be64(uint8_t *to, uint64_t value)
{
    put_be32(to, (uint32_t)(value >> 32));
    put_be32(to + 4, (uint32_t)value);
}

uint16_t get_be16(const uint8_t *from)
{
    return (uint16_t)((unsigned)from[0] << 8 | from[1]);
}

uint32_t get_be32(const uint8_t *from)
{
    return (uint32_t)get_be16(from) << 16 | get_be16(from + 2);
}

uint64_t get_be64(const uint8_t *from)
{
    return (uint64_t)get_be32(from) << 32 | get_be32(from + 4);
}

void writer_init(struct writer *writer, uint8_t *data, size_t capacity)
{
    *writer = (struct writer){.data = data, .capacity = capacity};
}

static uint8_t *writer_room(struct writer *writer, size_t len)
{
    if (writer->overflow || len > writer->capacity - writer->len) {
        writer->overflow = true;
        return NULL;
    }
    uint8_t *room = writer->data + writer->len;
    writer->len += len;
    return room;
}

void writer_bytes(struct writer *writer, struct bytes bytes)
{
    uint8_t *room = writer_room(writer, bytes.len);
    if (room != NULL && bytes.len > 0) {
        memcpy(room, bytes.data, bytes.len);
    }
}

void writer_u8(struct writer *writer, uint8_t value)
{
    uint8_t *room = writer_room(writer, 1);
    if (room != NULL) {
        *room = value;
    }
}

void writer_be16(struct writer *writer, uint16_t value)
{
    uint8_t *room = writer_room(writer, 2);
    if (room != NULL) {
        put_be16(room, value);
    }
}

void writer_be32(struct writer *writer, uint32_t value)
{
    uint8_t *room = writer_room(writer, 4);
    if (room != NULL) {
        put_be32(room, value);
    }
}

void writer_be64(struct writer *writer, uint64_t value)
{
    uint8_t *room = writer_room(writer, 8);
    if (room != NULL) {
        put_be64(room, value);
    }
}

void reader_init(struct reader *reader, struct bytes bytes)
{
    *reader = (struct reader){.data = bytes.data, .len = bytes.len};
}

size_t reader_left(const struct reader *reader)
{
    return reader->len - reader->at;
}

struct bytes reader_bytes(struct reader *reader, size_t len)
{
    if (reader->underflow || len > reader_left(reader)) {
        reader->underflow = true;
        return (struct bytes){0};
    }
    struct bytes found = bytes_of(reader->data + reader->at, len);
    reader->at += len;
    return found;
}

uint8_t reader_u8(struct reader *reader)
{
    struct bytes found = reader_bytes(reader, 1);
    return found.len == 1 ? found.data[0] : 0;
}

uint16_t reader_be16(struct reader *reader)
{
    struct bytes found = reader_bytes(reader, 2);
    return found.len == 2 ? get_be16(found.data) : 0;
}

uint32_t reader_be32(struct reader *reader)
{
    struct bytes found = reader_bytes(reader, 4);
    return found.len == 4 ? get_be32(found.data) : 0;
}

uint64_t reader_be64(struct reader *reader)
{
    struct bytes found = reader_bytes(reader, 8);
    return found.len == 8 ? get_be64(found.data) : 0;
}

void reader_copy(struct reader *reader, uint8_t *to, size_t len)
{
    struct bytes found = reader_bytes(reader, len);
    if (found.len == len && len > 0) {
        memcpy(to, found.data, len);
    } else {
        memset(to, 0, len);
    }
}

char *hex_encode(char *to, const uint8_t *from, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        to[2 * i] = digits[from[i] >> 4];
        to[2 * i + 1] = digits[from[i] & 15];
    }
    to[2 * len] = '\0';
    return to;
}

static int hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

bool hex_decode(uint8_t *to, size_t len, struct bytes text)
{
    if (text.len != 2 * len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int high = hex_value(text.data[2 * i]);
        int low = hex_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        to[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}
