/* Traits as they are kept with a case's view. */
#include "core/cases/match_traits.h"

#include "core/base/assert.h"

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

static void put_texts(struct writer *writer, const struct trait_texts *texts)
{
    writer_u8(writer, (uint8_t)texts->count);
    for (size_t i = 0; i < texts->count; i++) {
        put_text(writer, &texts->list[i]);
    }
}

static void get_texts(struct reader *reader, struct trait_texts *ret)
{
    ret->count = reader_u8(reader);
    if (ret->count > TRAIT_TEXTS_MAX) {
        reader->underflow = true;
        ret->count = 0;
    }
    for (size_t i = 0; i < ret->count; i++) {
        get_text(reader, &ret->list[i]);
    }
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
    put_texts(&writer, &traits->names);
    put_texts(&writer, &traits->nips);
    put_texts(&writer, &traits->niks);
    put_texts(&writer, &traits->units);
    put_texts(&writer, &traits->positions);
    put_texts(&writer, &traits->places);
    put_text(&writer, &traits->regency);
    writer_u8(&writer, traits->initials);
    put_hashes(&writer, &traits->accounts);
    put_hashes(&writer, &traits->links);
    put_hashes(&writer, &traits->files);
    put_hashes(&writer, &traits->company);
    writer_u8(&writer, traits->dated);
    writer_be32(&writer, (uint32_t)traits->day_first);
    writer_be32(&writer, traits->days);
    writer_u8(&writer, traits->side);
    writer_u8(&writer, traits->groups);
    writer_be32(&writer, traits->forms);
    writer_u8(&writer, traits->sex);
    ASSERT(!writer.overflow);
    return writer.len;
}

int traits_decode(struct bytes value, struct traits *ret)
{
    struct reader reader;
    reader_init(&reader, value);
    get_texts(&reader, &ret->names);
    get_texts(&reader, &ret->nips);
    get_texts(&reader, &ret->niks);
    get_texts(&reader, &ret->units);
    get_texts(&reader, &ret->positions);
    get_texts(&reader, &ret->places);
    get_text(&reader, &ret->regency);
    ret->initials = reader_u8(&reader) != 0;
    get_hashes(&reader, &ret->accounts);
    get_hashes(&reader, &ret->links);
    get_hashes(&reader, &ret->files);
    get_hashes(&reader, &ret->company);
    ret->dated = reader_u8(&reader) != 0;
    ret->day_first = (int32_t)reader_be32(&reader);
    ret->days = reader_be32(&reader);
    ret->side = reader_u8(&reader);
    ret->groups = reader_u8(&reader);
    ret->forms = reader_be32(&reader);
    ret->sex = reader_u8(&reader);
    return reader.underflow || reader_left(&reader) != 0 ? ERR_FORMAT : 0;
}
