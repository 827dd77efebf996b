/* The catalogue: pieces that the root signed go into our own log, where the fold judges them. */
#include "aggregator/doors.h"

static int part_of(const json_t *args, struct catalogue_part *ret, struct err_ctx *err)
{
    const char *hash = door_text(args, "hash");
    const char *signature = door_text(args, "signature");
    if (!hex_decode(ret->hash.b, HASH_BYTES, bytes_of_text(hash)) ||
        !hex_decode(ret->signature.b, SIGNATURE_BYTES, bytes_of_text(signature))) {
        return err_set(err, ERR_VALUE, "hash and signature: hex of 32 and 64 bytes is wanted");
    }
    uint64_t number = door_number(args, "number", 0);
    uint64_t part = door_number(args, "part", 0);
    uint64_t parts = door_number(args, "parts", 0);
    if (number > UINT32_MAX || part > UINT32_MAX || parts > UINT32_MAX) {
        return err_set(err, ERR_VALUE, "number, part, parts: too large");
    }
    ret->number = (uint32_t)number;
    ret->part = (uint32_t)part;
    ret->parts = (uint32_t)parts;
    return 0;
}

void door_catalogue_part(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct catalogue_part part = {.at_ms = host_wall_ms(),
                                  .entered_by = bytes_of_text(door_call_user(call))};
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    uint8_t *data = door_hex(call, args, "data", CATALOGUE_PART_BYTES_MAX, &len);
    if (data == NULL) {
        return;
    }
    part.data = bytes_of(data, len);
    int rc = part_of(args, &part, &err);
    if (rc == 0) {
        rc = catalogue_part_encode(&part, body, sizeof body, &len, &err);
    }
    if (rc == 0) {
        rc = own_append(aggregator, ENTRY_CATALOGUE, bytes_of(body, len), call);
    }
    if (rc != 0) {
        door_refuse(call, rc, &err);
    }
    free(data);
}
