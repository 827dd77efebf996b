/* Traits as they are kept with a case's view. */
#include "core/cases/match_traits.h"

#include "core/base/assert.h"

#include <string.h>

static void set_text(struct trait_text *text, struct bytes from)
{
    text->len = from.len < TRAIT_TEXT_BYTES_MAX ? from.len : TRAIT_TEXT_BYTES_MAX;
    if (text->len > 0) {
        memcpy(text->b, from.data, text->len);
    }
}

#define TEXT_FIELDS 8u
static struct trait_text *text_at(struct traits *traits, size_t i)
{
    struct trait_text *texts[TEXT_FIELDS] = {&traits->name,  &traits->nip,      &traits->nik,
                                             &traits->unit,  &traits->position, &traits->regency,
                                             &traits->place, &traits->form};
    return texts[i];
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
    struct traits copy = *traits;
    struct writer writer;
    writer_init(&writer, ret, TRAITS_BYTES_MAX);
    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        writer_u8(&writer, (uint8_t)text_at(&copy, i)->len);
        writer_bytes(&writer, trait_bytes(text_at(&copy, i)));
    }
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
    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        size_t len = reader_u8(&reader);
        struct bytes text = reader_bytes(&reader, len);
        set_text(text_at(ret, i), text);
    }
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
