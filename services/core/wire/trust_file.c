#include "core/wire/trust_file.h"

#include "core/wire/entry_maps.h"

#include "kabar/v1/trust.pb-c.h"

/* A ring is an entry (kind 35), and so is bounded like one; the files around it have more room. */
#define TRUST_FILE_BYTES_MAX (2 * ENTRY_BYTES_MAX)

static const struct field_map officer_rows[] = {
    TEXT(1, struct officer, id, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(2, struct officer, name, NAME_BYTES_MAX, FIELD_MANDATORY),
    TEXT(3, struct officer, role, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(4, struct officer, scope, CODE_BYTES_MAX, FIELD_MANDATORY),
    FIXED(5, struct officer, key.b, FIELD_MANDATORY),
    CODE(6, struct officer, state, FIELD_MANDATORY),
};
static const struct message_map officer_map = MAP(officer, officer_rows, struct officer, 0, NULL);

static const struct field_map ring_rows[] = {
    TEXT(1, struct ring, province, CODE_BYTES_MAX, FIELD_MANDATORY),
    NUMBER(2, struct ring, number),
    NUMBER(3, struct ring, issued_ms),
    FIXED(4, struct ring, curve_key.b, FIELD_MANDATORY),
    FIXED(5, struct ring, log_key.b, FIELD_MANDATORY),
    FIXED(6, struct ring, reader_key.b, FIELD_MANDATORY),
    FIXED(7, struct ring, bundle_key.b, FIELD_MANDATORY),
    MESSAGES(8, struct ring, officers, officer_count, OFFICERS_MAX, 0, struct officer,
             &officer_map),
    TEXT(9, struct ring, name, NAME_BYTES_MAX, 0),
};
static const struct message_map ring_map =
    MAP(key_ring, ring_rows, struct ring, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(ring, ring_map);

static const struct field_map signed_ring_rows[] = {
    BLOB(1, struct signed_ring, ring, ENTRY_BYTES_MAX, FIELD_MANDATORY),
    FIXED(2, struct signed_ring, signature.b, FIELD_MANDATORY),
};
static const struct message_map signed_ring_map =
    MAP(signed_ring, signed_ring_rows, struct signed_ring, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(signed_ring, signed_ring_map);

static const struct field_map enrol_request_rows[] = {
    TEXT(1, struct enrol_request, regency, CODE_BYTES_MAX, FIELD_MANDATORY),
    FIXED(2, struct enrol_request, curve_key.b, FIELD_MANDATORY),
    FIXED(3, struct enrol_request, signing_key.b, FIELD_MANDATORY),
    FIXED(4, struct enrol_request, nonce, FIELD_MANDATORY),
    NUMBER(5, struct enrol_request, created_ms),
    TEXT(6, struct enrol_request, host, NAME_BYTES_MAX, 0),
    TEXT(7, struct enrol_request, software, NAME_BYTES_MAX, 0),
};
static const struct message_map enrol_request_map =
    MAP(enrol_request, enrol_request_rows, struct enrol_request, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(enrol_request, enrol_request_map);

static const struct field_map signed_request_rows[] = {
    BLOB(1, struct signed_request, request, ENTRY_BYTES_MAX, FIELD_MANDATORY),
    FIXED(2, struct signed_request, signature.b, FIELD_MANDATORY),
};
static const struct message_map signed_request_map =
    MAP(signed_request, signed_request_rows, struct signed_request, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(signed_request, signed_request_map);

static const struct field_map province_card_rows[] = {
    FIXED(1, struct province_card, request_hash.b, FIELD_MANDATORY),
    FIXED(2, struct province_card, root_key.b, FIELD_MANDATORY),
    ENCODED(3, struct province_card, ring, &signed_ring_map),
    TEXTS(4, struct province_card, endpoints, endpoint_count, ENDPOINTS_MAX, SHORT_TEXT_BYTES_MAX,
          FIELD_MANDATORY),
    NUMBER(5, struct province_card, enrolment),
    TEXT(6, struct province_card, regency, CODE_BYTES_MAX, FIELD_MANDATORY),
    FIXED(7, struct province_card, aggregator.b, FIELD_MANDATORY),
    FIXED(8, struct province_card, office.b, FIELD_MANDATORY),
};
static const struct message_map province_card_map =
    MAP(province_card, province_card_rows, struct province_card, TRUST_FILE_BYTES_MAX, NULL);
MESSAGE_CODEC(province_card, province_card_map);
