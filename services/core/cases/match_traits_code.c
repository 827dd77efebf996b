/* Traits as they are kept with a case's view. */
#include "core/cases/match_traits.h"

#include "core/base/assert.h"

#include <string.h>

static void put_text(struct writer *writer, const struct trait_text *text)
{
    writer_u8(writer, (uint8_t)text->len);
    writer_bytes(writer, trait_bytes(text));
}

static void get_text(struct reader *reader, struct trait_text *ret)
{
    size_t len = reader_u8(reader);
    trait_set(ret, reader_bytes(reader, len));
}

static void put_hashes(struct writer *writer, const struct trait_hashes *hashes)
{
    writer_u8(writer, (uint8_t)hashes->count);
    for (size_t i = 0; i < hashes->count; i++) {
        writer_be64(writer, hashes->list[i]);
    }
}

static void get_hashes(struct reader *reader, struct trait_hashes *ret)
{
    ret->count = reader_u8(reader);
    if (ret->count > TRAIT_FILES_MAX) {
        reader->underflow = true;
        ret->count = 0;
    }
    for (size_t i = 0; i < ret->count; i++) {
        ret->list[i] = reader_be64(reader);
    }
}

size_t traits_encode(const struct traits *traits, uint8_t ret[TRAITS_BYTES_MAX])
{
    struct writer writer;
    writer_init(&writer, ret, TRAITS_BYTES_MAX);
    put_text(&writer, &traits->name);
    put_text(&writer, &traits->nip);
    put_text(&writer, &traits->nik);
    put_text(&writer, &traits->unit);
    put_text(&writer, &traits->position);
    put_text(&writer, &traits->regency);
    put_text(&writer, &traits->place);
    put_text(&writer, &traits->form);
    writer_u8(&writer, traits->initials);
    writer_be64(&writer, traits->account);
    put_hashes(&writer, &traits->links);
    put_hashes(&writer, &traits->files);
    writer_u8(&writer, traits->dated);
    writer_be32(&writer, (uint32_t)traits->day_first);
    writer_be32(&writer, (uint32_t)traits->day_last);
    writer_u8(&writer, traits->side);
    writer_u8(&writer, traits->groups);
    ASSERT(!writer.overflow);
    return writer.len;
}

int traits_decode(struct bytes value, struct traits *ret)
{
    struct reader reader;
    memset(ret, 0, sizeof *ret);
    reader_init(&reader, value);
    get_text(&reader, &ret->name);
    get_text(&reader, &ret->nip);
    get_text(&reader, &ret->nik);
    get_text(&reader, &ret->unit);
    get_text(&reader, &ret->position);
    get_text(&reader, &ret->regency);
    get_text(&reader, &ret->place);
    get_text(&reader, &ret->form);
    ret->initials = reader_u8(&reader) != 0;
    ret->account = reader_be64(&reader);
    get_hashes(&reader, &ret->links);
    get_hashes(&reader, &ret->files);
    ret->dated = reader_u8(&reader) != 0;
    ret->day_first = (int32_t)reader_be32(&reader);
    ret->day_last = (int32_t)reader_be32(&reader);
    ret->side = reader_u8(&reader);
    ret->groups = reader_u8(&reader);
    return reader.underflow || reader_left(&reader) != 0 ? ERR_FORMAT : 0;
}
