/* The catalogue: pieces that the root signed go into our own log, where the fold judges them; and
 * what the one that holds says of a case. */
#include "aggregator/doors.h"

#include "core/cases/catalogue_view.h"
#include "core/wire/report_json.h"

static int part_of(const json_t *args, struct catalogue_part *ret, struct err_ctx *err)
{
    const char *hash = door_text(args, "hash");
    const char *signature = door_text(args, "signature");
    const char *note = door_text(args, "note_signature");
    if (!hex_decode(ret->hash.b, HASH_BYTES, bytes_of_text(hash)) ||
        !hex_decode(ret->signature.b, SIGNATURE_BYTES, bytes_of_text(signature)) ||
        !hex_decode(ret->note_signature.b, SIGNATURE_BYTES, bytes_of_text(note))) {
        return err_set(err, ERR_VALUE, "hash and signatures: hex of 32 and 64 bytes is wanted");
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

static json_t *sanctions_json(const struct catalogue_verdict *verdict)
{
    json_t *list = json_array();
    for (size_t i = 0; i < verdict->sanction_count; i++) {
        (void)json_array_append_new(list, json_text(verdict->sanctions[i]));
    }
    return list;
}

static json_t *verdict_json(const struct catalogue_verdict *verdict)
{
    const struct catalogue_moment *moment = &verdict->moment;
    json_t *json = json_pack(
        "{s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:s, s:s, s:b, s:b, s:b}", "severity",
        severity_name(verdict->severity), "form", json_text(verdict->applied), "class",
        json_text(verdict->class), "asn", (int)verdict->asn, "sanctions", sanctions_json(verdict),
        "authority", json_text(verdict->authority), "election", json_text(moment->election),
        "determination", determination_phase_name(moment->determination), "campaign",
        campaign_phase_name(moment->campaign), "disputed_day", (int)moment->disputed,
        "outside_its_phase", (int)verdict->outside, "referred", (int)verdict->referred);
    if (json != NULL && verdict->other_source.len > 0) {
        (void)json_object_set_new(json, "other_severity",
                                  json_string(severity_name(verdict->other_severity)));
        (void)json_object_set_new(json, "other_source", json_text(verdict->other_source));
    }
    return json;
}

json_t *door_verdict_json(struct aggregator *aggregator, struct store_txn *txn,
                          const struct case_view *view)
{
    struct views views;
    struct catalogue_view holding;
    struct catalogue_verdict verdict;
    driver_views(txn, &views);
    arena_reset(aggregator->arena);
    if (catalogue_view_get(&views, aggregator->arena, &holding) != 0 ||
        !case_verdict(holding.catalogue, view, &verdict)) {
        return json_null();
    }
    json_t *json = verdict_json(&verdict);
    (void)json_object_set_new(json, "catalogue", json_integer((json_int_t)holding.number));
    return json;
}
