/* node_card.c - the two secret keys and the province card, read and verified. */
#include "core/base/assert.h"
#include "core/rules/trust.h"
#include "core/seal/chain.h"
#include "node/node.h"

#include <sodium.h>

#define KEY_FILE_BYTES_MAX 128u
#define CARD_BYTES_MAX 65536u
#define CARD_ARENA_BYTES 262144u

/* 64 hex digits, and a newline or two at the end. */
static int secret_load(const char *path, uint8_t ret[KEY_BYTES], struct err_ctx *err)
{
    uint8_t *text = NULL;
    size_t len = 0;
    int rc = file_read_secret(path, KEY_FILE_BYTES_MAX, &text, &len, err);
    if (rc != 0) {
        return rc;
    }
    size_t digits = len;
    while (digits > 0 && (text[digits - 1] == '\n' || text[digits - 1] == '\r')) {
        digits--;
    }
    bool good = hex_decode(ret, KEY_BYTES, bytes_of(text, digits));
    explicit_bzero(text, len);
    free(text);
    return good ? 0 : err_set(err, ERR_CONFIG, "%s: not a key: 64 hex digits expected", path);
}

int identity_load(const struct conf_node *conf, struct node_identity *ret, struct err_ctx *err)
{
    uint8_t seed[KEY_BYTES];
    int rc = secret_load(conf->curve_key, ret->curve_secret, err);
    if (rc == 0) {
        rc = secret_load(conf->sign_key, seed, err);
    }
    if (rc != 0) {
        return rc;
    }
    seal_keypair(seed, &ret->sign_public, ret->sign_secret);
    explicit_bzero(seed, sizeof seed);
    if (crypto_scalarmult_base(ret->curve_public.b, ret->curve_secret) != 0) {
        return err_set(err, ERR_CONFIG, "%s: not a usable key", conf->curve_key);
    }
    return 0;
}

/* Whether the request beside us is ours and, if there is one, its hash. */
static int request_load(const struct conf_node *conf, const struct node_identity *identity,
                        struct arena *arena, bool *ret_there, struct hash *ret_hash,
                        struct err_ctx *err)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    *ret_there = false;
    int rc = conf->request == NULL ? ERR_NOT_FOUND
                                   : file_read(conf->request, CARD_BYTES_MAX, &bytes, &len, err);
    if (rc == ERR_NOT_FOUND) {
        return 0;
    }
    if (rc != 0) {
        return rc;
    }
    struct enrol_request request;
    rc = trust_request(bytes_of(bytes, len), arena, &request, ret_hash, err);
    if (rc == 0 && (!key_equal(&request.curve_key, &identity->curve_public) ||
                    !key_equal(&request.signing_key, &identity->sign_public))) {
        rc = err_set(err, ERR_KEY, "made with other keys than those of this node");
    }
    free(bytes);
    *ret_there = rc == 0;
    return rc == 0 ? 0 : err_wrap(err, rc, "%s", conf->request);
}

static int card_verify(const struct conf_node *conf, const struct node_identity *identity,
                       struct bytes bytes, struct node_card *ret, struct err_ctx *err)
{
    bool there = false;
    struct hash request_hash;
    int rc = request_load(conf, identity, ret->arena, &there, &request_hash, err);
    if (rc != 0) {
        return rc;
    }
    if (!there) { /* nothing to compare with: the card must still hold in itself */
        rc = province_card_decode(bytes, ret->arena, &ret->card, err);
        request_hash = ret->card.request_hash;
    }
    if (rc == 0) {
        rc = trust_card(bytes, &request_hash, bytes_of_text(conf->regency), ret->arena, &ret->card,
                        &ret->ring, err);
    }
    if (rc == 0 && ret->card.endpoint_count == 0) {
        rc = err_set(err, ERR_FORMAT, "names no endpoint");
    }
    return rc == 0 ? 0 : err_wrap(err, rc, "%s", conf->card);
}

int card_load(const struct conf_node *conf, const struct node_identity *identity,
              struct node_card *ret, struct err_ctx *err)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    int rc = file_read(conf->card, CARD_BYTES_MAX, &bytes, &len, err);
    if (rc != 0) {
        return rc;
    }
    struct node_card card = {.arena = arena_new(CARD_ARENA_BYTES)};
    struct bytes copy = {NULL, 0};
    if (card.arena != NULL) {
        copy = arena_copy(card.arena, bytes_of(bytes, len)); /* the card points into its bytes */
    }
    if (card.arena == NULL || (len > 0 && copy.data == NULL)) {
        rc = err_set(err, ERR_NOMEM, "%s: out of memory", conf->card);
    } else {
        rc = card_verify(conf, identity, copy, &card, err);
    }
    free(bytes);
    if (rc != 0) {
        card_clear(&card);
        return rc;
    }
    *ret = card;
    return 0;
}

void card_clear(struct node_card *card)
{
    arena_free(card->arena);
    *card = (struct node_card){0};
}
