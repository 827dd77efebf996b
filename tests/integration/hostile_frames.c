#include "integration/hostile_frames.h"

#include <sodium.h>

#define FILE_BYTES_MAX 65536u

static _Noreturn void give_up(const char *what, const char *which)
{
    (void)fprintf(stderr, "%s: %s\n", what, which);
    exit(2);
}

uint8_t *whole_file(const char *folder, const char *name, size_t *ret_len)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    uint8_t *text = calloc(1, FILE_BYTES_MAX);
    if (file == NULL || text == NULL) {
        give_up("cannot be read", path);
    }
    *ret_len = fread(text, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    return text;
}

void key_file(const char *folder, const char *name, uint8_t ret[KEY_BYTES])
{
    size_t len = 0;
    uint8_t *text = whole_file(folder, name, &len);
    if (len < 2 * KEY_BYTES || !hex_decode(ret, KEY_BYTES, bytes_of(text, 2 * KEY_BYTES))) {
        give_up("not a key", name);
    }
    free(text);
}

void identity_load(struct identity *identity, const char *folder)
{
    struct signed_ring signed_ring;
    uint8_t seed[KEY_BYTES];
    size_t len = 0;
    uint8_t *card = whole_file(folder, "card.kabar", &len);
    identity->arena = arena_new(4 * PARSE_ARENA_BYTES);
    if (identity->arena == NULL) {
        give_up("out of memory", folder);
    }
    struct bytes copy = arena_copy(identity->arena, bytes_of(card, len));
    free(card);
    int rc = province_card_decode(copy, identity->arena, &identity->card, NULL);
    if (rc == 0) {
        rc = signed_ring_decode(identity->card.ring, identity->arena, &signed_ring, NULL);
    }
    if (rc == 0) {
        rc = ring_decode(signed_ring.ring, identity->arena, &identity->ring, NULL);
    }
    if (rc != 0) {
        give_up("no province card", folder);
    }
    key_file(folder, "keys/curve.key", identity->curve_secret);
    key_file(folder, "keys/sign.key", seed);
    (void)crypto_scalarmult_curve25519_base(identity->curve_public.b, identity->curve_secret);
    seal_keypair(seed, &identity->sign_public, identity->sign_secret);
}

void draft_init(struct draft *draft, const struct identity *identity)
{
    memset(draft, 0, sizeof *draft);
    draft->identity = identity;
    draft->first = 1;
    randombytes_buf(draft->incarnation.b, sizeof draft->incarnation.b);
}

void draft_entry(struct draft *draft, uint16_t kind, const void *body, size_t len)
{
    size_t at = draft->count++;
    if (at >= sizeof draft->entries / sizeof draft->entries[0] || len > sizeof draft->bodies[0]) {
        give_up("a draft is too large", "");
    }
    memcpy(draft->bodies[at], body, len);
    draft->entries[at] =
        (struct span_entry){.kind = kind, .body = bytes_of(draft->bodies[at], len)};
}

void draft_genesis(struct draft *draft, enum lane lane, struct bytes owner,
                   const struct key *signer)
{
    uint8_t body[512];
    size_t len = 0;
    struct genesis genesis = {.direction = DIRECTION_UP,
                              .lane = lane,
                              .owner = owner,
                              .counterpart = draft->identity->ring.province,
                              .signing_key = *signer,
                              .enrolment = draft->identity->card.enrolment,
                              .created_ms = 1727740800000};
    if (genesis_encode(&genesis, body, sizeof body, &len, NULL) != 0) {
        give_up("genesis", "");
    }
    draft_entry(draft, ENTRY_GENESIS, body, len);
}

void draft_zero(struct draft *draft, const char *regency, int32_t day)
{
    uint8_t body[512];
    size_t len = 0;
    struct zero_report zero = {.regency = bytes_of_text(regency),
                               .stated_name = bytes_of_text("Orang Uji"),
                               .from = day,
                               .until = day,
                               .scope = 1};
    randombytes_buf(zero.salt, sizeof zero.salt);
    if (zero_report_encode(&zero, body, sizeof body, &len, NULL) != 0) {
        give_up("zero report", "");
    }
    draft_entry(draft, ENTRY_ZERO, body, len);
}

void draft_report(struct draft *draft, const char *regency)
{
    uint8_t body[1024];
    size_t len = 0;
    struct subject subject = {.name = bytes_of_text("Orang Uji")};
    struct report report = {.regency = bytes_of_text(regency),
                            .form = bytes_of_text("DS-06"),
                            .description = bytes_of_text("laporan untuk kabupaten lain"),
                            .channel = 1,
                            .has_occurred_on = true,
                            .occurred_on = 20000,
                            .subjects = &subject,
                            .subject_count = 1};
    randombytes_buf(report.salt, sizeof report.salt);
    if (report_encode(&report, body, sizeof body, &len, NULL) != 0) {
        give_up("report", "");
    }
    draft_entry(draft, ENTRY_REPORT, body, len);
}

struct bytes draft_frame(const struct draft *draft)
{
    static struct span_builder *builder;
    struct signature head;
    struct hash h = draft->h_before;
    struct entry_id id = {.incarnation = draft->incarnation};
    struct bytes frame = {0};
    builder = builder == NULL ? span_builder_new() : builder;
    if (builder == NULL) {
        give_up("out of memory", "");
    }
    span_builder_start(builder, &draft->incarnation, draft->first, &draft->h_before);
    for (size_t i = 0; i < draft->count; i++) {
        struct hash b;
        struct hash next;
        id.seq = draft->first + i;
        chain_body(draft->entries[i].body, &b);
        chain_next(&h, &b, &id, draft->entries[i].kind, &next);
        h = next;
        if (span_builder_add(builder, &draft->entries[i], SPAN_RAW_BYTES_MAX) != 0) {
            give_up("span", "");
        }
    }
    head_sign(draft->identity->sign_secret, &id, &h, &head);
    if (span_builder_finish(builder, SPAN_RAW, &head, &frame, NULL) != 0) {
        give_up("span", "");
    }
    return frame;
}
