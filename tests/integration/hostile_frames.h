/* hostile_frames.h - the parts of a node that does not keep to the protocol: keys, entries, frames.
 *
 * Everything is made with the real encoders and then spoiled by hostile.c where a mode says so.
 */
#ifndef INTEGRATION_HOSTILE_FRAMES_H
#define INTEGRATION_HOSTILE_FRAMES_H

#include "core/seal/chain.h"
#include "core/wire/control.h"
#include "core/wire/span.h"
#include "core/wire/trust_file.h"

struct identity {
    struct arena *arena;
    struct province_card card;
    struct ring ring;
    uint8_t curve_secret[KEY_BYTES];
    struct key curve_public;
    struct key sign_public;
    uint8_t sign_secret[SECRET_BYTES];
};

/* A log being written, in memory only. */
struct draft {
    const struct identity *identity;
    struct incarnation incarnation;
    struct span_entry entries[16];
    uint8_t bodies[16][1024];
    size_t count;
    uint64_t first;
    struct hash h_before;
};

/* From a node's folder; ends the program when something is missing. */
void identity_load(struct identity *identity, const char *folder);
/* 64 hex digits of a key file. */
void key_file(const char *folder, const char *name, uint8_t ret[KEY_BYTES]);
uint8_t *whole_file(const char *folder, const char *name, size_t *ret_len);

void draft_init(struct draft *draft, const struct identity *identity);
void draft_genesis(struct draft *draft, enum lane lane, struct bytes owner,
                   const struct key *signer);
void draft_entry(struct draft *draft, uint16_t kind, const void *body, size_t len);
/* A zero report of a regency; `day` makes it another one. */
void draft_zero(struct draft *draft, const char *regency, int32_t day);
void draft_report(struct draft *draft, const char *regency);
/* The frame, borrowed until the next call; the head is signed with the identity's key. */
struct bytes draft_frame(const struct draft *draft);

#endif
