/* trust_file.h - key ring, enrolment request and province card as our own structs. */
#ifndef CORE_WIRE_TRUST_FILE_H
#define CORE_WIRE_TRUST_FILE_H

#include "core/wire/entry.h"

enum key_state { KEY_ACTIVE = 1, KEY_RETIRED = 2, KEY_REVOKED_FOR_GOOD = 3 };
struct officer {
    struct bytes id, name, role, scope;
    struct key key;
    enum key_state state;
};
struct ring {
    struct bytes province, name;
    uint64_t number;
    int64_t issued_ms;
    struct key curve_key, log_key, reader_key, bundle_key;
    struct officer officers[OFFICERS_MAX];
    size_t officer_count;
};
struct signed_ring {
    struct bytes ring; /* bytes signed */
    struct signature signature;
};
struct enrol_request {
    struct bytes regency, host, software;
    struct key curve_key, signing_key;
    uint8_t nonce[16];
    int64_t created_ms;
};
struct signed_request {
    struct bytes request;
    struct signature signature;
};
struct province_card {
    struct hash request_hash;
    struct key root_key;
    struct bytes ring; /* encoded SignedRing */
    struct bytes endpoints[ENDPOINTS_MAX];
    size_t endpoint_count;
    uint64_t enrolment;
    struct bytes regency;
    struct incarnation aggregator, office;
};

int ring_decode(struct bytes body, struct arena *arena, struct ring *ret,
                struct err_ctx *err) MUST_USE;
int signed_ring_decode(struct bytes body, struct arena *arena, struct signed_ring *ret,
                       struct err_ctx *err) MUST_USE;
int enrol_request_decode(struct bytes body, struct arena *arena, struct enrol_request *ret,
                         struct err_ctx *err) MUST_USE;
int signed_request_decode(struct bytes body, struct arena *arena, struct signed_request *ret,
                          struct err_ctx *err) MUST_USE;
int province_card_decode(struct bytes body, struct arena *arena, struct province_card *ret,
                         struct err_ctx *err) MUST_USE;
ENTRY_ENCODER(ring);
ENTRY_ENCODER(signed_ring);
ENTRY_ENCODER(enrol_request);
ENTRY_ENCODER(signed_request);
ENTRY_ENCODER(province_card);

#endif
