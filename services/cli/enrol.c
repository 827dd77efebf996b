/* enrol.c - the node's side of an enrolment: the request, and the card that answers it. */
#include "cli/cli.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/rules/trust.h"
#include "core/seal/chain.h"
#include "core/seal/words.h"
#include "platform/conf/conf.h"
#include "platform/host/host.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX (2 * ENTRY_BYTES_MAX)

static int load_settings(const struct cli *cli, struct conf_node **ret, struct err_ctx *err)
{
    char path[PATH_MAX];
    int rc = cli->dir == NULL ? err_set(err, ERR_USAGE, "--dir is missing (the node's folder)")
                              : path_join(cli->dir, "kabar-node.conf", path, sizeof path, err);
    rc = rc == 0 ? conf_load_node(path, ret, err) : rc;
    if (rc == 0 && (*ret)->request == NULL) {
        rc = err_set(err, ERR_CONFIG, "%s: \"request\" is missing, and enrolling needs it", path);
    }
    ASSERT(rc != 0 || *ret != NULL);
    return rc;
}

/* ---- request ---- */

static int sign_request(const struct enrol_request *request, const uint8_t *secret, uint8_t *ret,
                        size_t *ret_len, struct err_ctx *err)
{
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    struct hash digest;
    struct signed_request file;
    int rc = enrol_request_encode(request, body, sizeof body, &len, err);
    if (rc != 0) {
        return rc;
    }
    file.request = bytes_of(body, len);
    seal_hash("kabar.request.v1", file.request, &digest);
    seal_sign(secret, "kabar.request.v1", bytes_of(digest.b, sizeof digest.b), &file.signature);
    return signed_request_encode(&file, ret, FILE_BYTES_MAX, ret_len, err);
}

static int make_request(const struct conf_node *conf, uint8_t *ret, size_t *ret_len,
                        struct err_ctx *err)
{
    char host[HOST_NAME_MAX + 1] = {0};
    uint8_t secret[SECRET_BYTES];
    struct enrol_request request = {
        .regency = bytes_of_text(conf->regency),
        .software = bytes_of_text("kabar-node " KABAR_VERSION),
        .created_ms = host_wall_ms(),
    };
    (void)gethostname(host, sizeof host - 1);
    request.host = bytes_of_text(host);
    host_random(request.nonce, sizeof request.nonce);
    int rc = secret_key_load(conf->curve_key, KEY_TYPE_CURVE, &request.curve_key, NULL, err);
    if (rc == 0) {
        rc = secret_key_load(conf->sign_key, KEY_TYPE_SIGN, &request.signing_key, secret, err);
    }
    if (rc == 0) {
        rc = sign_request(&request, secret, ret, ret_len, err);
    }
    explicit_bzero(secret, sizeof secret);
    return rc;
}

int enrol_request_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    const char *out = args_text(args, "out");
    uint8_t file[FILE_BYTES_MAX];
    size_t len = 0;
    bool again = false;
    struct conf_node *conf = NULL;
    int rc = load_settings(cli, &conf, err);
    if (rc == 0) {
        rc = make_request(conf, file, &len, err);
    }
    if (rc == 0) {
        again = access(conf->request, F_OK) == 0;
        rc = file_replace(conf->request, 0600, bytes_of(file, len), err);
    }
    if (rc == 0 && strcmp(out, conf->request) != 0) {
        rc = file_replace(out, 0644, bytes_of(file, len), err);
    }
    if (rc == 0) {
        json_t *made = json_pack("{s:s, s:s}", "regency", conf->regency, "request", out);
        print_object(cli->output, made);
        json_decref(made);
        (void)fprintf(stderr,
                      "Next: give %s to the province. It answers with a card:\n"
                      "  kabar enrol accept CARD --dir %s\n%s",
                      out, cli->dir, again ? "An earlier request of this node is void now.\n" : "");
    }
    conf_node_free(conf);
    return rc;
}

/* ---- card ---- */

int words_compare(const char *typed, const char *words, bool *ret_sure, struct err_ctx *err)
{
    *ret_sure = true;
    (void)fprintf(stderr, "The eight words: %s\n", words);
    if (typed != NULL) {
        return words_match(typed, words)
                   ? 0
                   : err_set(err, ERR_VALUE,
                             "the eight words differ: request or card was changed on the way, or"
                             " they belong to another enrolment; nothing was done");
    }
    if (ask_possible()) {
        return ask_yes("Do the eight words match those the other side reads to you?", err);
    }
    *ret_sure = false;
    return 0;
}

struct accepting {
    struct conf_node *conf;
    struct arena *arena;
    uint8_t *request_bytes, *card_bytes;
    size_t request_len, card_len;
    struct hash request_hash;
    struct province_card card;
    struct ring ring;
    char words[WORDS_TEXT_CAPACITY];
};

/* The request must still be this box's: a card for keys it no longer has is of no use. */
static int check_own(const struct conf_node *conf, const struct enrol_request *request,
                     struct err_ctx *err)
{
    struct key curve;
    struct key sign;
    int rc = secret_key_load(conf->curve_key, KEY_TYPE_CURVE, &curve, NULL, err);
    if (rc == 0) {
        rc = secret_key_load(conf->sign_key, KEY_TYPE_SIGN, &sign, NULL, err);
    }
    if (rc == 0 &&
        !(key_equal(&curve, &request->curve_key) && key_equal(&sign, &request->signing_key))) {
        rc =
            err_set(err, ERR_KEY, "%s: made with other keys than this node has now", conf->request);
    }
    return rc;
}

static int load_card(struct accepting *accepting, const char *path, struct err_ctx *err)
{
    struct enrol_request request;
    const struct conf_node *conf = accepting->conf;
    int rc = file_read(conf->request, FILE_BYTES_MAX, &accepting->request_bytes,
                       &accepting->request_len, err);
    if (rc != 0) {
        return err_wrap(err, rc, "no request was made here (kabar enrol request)");
    }
    struct bytes request_bytes = bytes_of(accepting->request_bytes, accepting->request_len);
    rc = trust_request(request_bytes, accepting->arena, &request, &accepting->request_hash, err);
    if (rc == 0) {
        rc = check_own(conf, &request, err);
    }
    if (rc == 0) {
        rc = file_read(path, FILE_BYTES_MAX, &accepting->card_bytes, &accepting->card_len, err);
    }
    if (rc != 0) {
        return rc;
    }
    struct bytes card = bytes_of(accepting->card_bytes, accepting->card_len);
    rc = trust_card(card, &accepting->request_hash, bytes_of_text(conf->regency), accepting->arena,
                    &accepting->card, &accepting->ring, err);
    enrolment_words(&accepting->request_hash, card, accepting->words);
    return rc == 0 ? 0 : err_wrap(err, rc, "%s", path);
}

static int accept_card(struct accepting *accepting, const char *typed, struct err_ctx *err)
{
    bool sure = false;
    const struct ring *ring = &accepting->ring;
    (void)fprintf(stderr,
                  "Card of %.*s (province %.*s), key ring %" PRIu64 ", enrolment %" PRIu64 "\n",
                  (int)ring->name.len, (const char *)ring->name.data, (int)ring->province.len,
                  (const char *)ring->province.data, ring->number, accepting->card.enrolment);
    int rc = words_compare(typed, accepting->words, &sure, err);
    if (rc == 0 && !sure) {
        rc = err_set(err, ERR_USAGE,
                     "no terminal to ask at: --words \"…\" as the province reads"
                     " them to you");
    }
    return rc == 0 ? file_replace(accepting->conf->card, 0600,
                                  bytes_of(accepting->card_bytes, accepting->card_len), err)
                   : rc;
}

static void report_accepted(const struct cli *cli, const struct accepting *accepting)
{
    json_t *made =
        json_pack("{s:b, s:s, s:I, s:s, s:s}", "accepted", 1, "regency", accepting->conf->regency,
                  "number", (json_int_t)accepting->card.enrolment, "words", accepting->words,
                  "card", accepting->conf->card);
    print_object(cli->output, made);
    json_decref(made);
    (void)fputs("The node takes the card by itself, or when it is started. It is admitted once the"
                " province has said yes too (kabar enrol approve … --words).\n",
                stderr);
}

int enrol_accept_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    struct accepting *accepting = calloc(1, sizeof *accepting);
    if (accepting == NULL || (accepting->arena = arena_new(PARSE_ARENA_BYTES)) == NULL) {
        free(accepting);
        return err_set(err, ERR_NOMEM, "card");
    }
    int rc = load_settings(cli, &accepting->conf, err);
    if (rc == 0) {
        rc = load_card(accepting, args_text(args, "card"), err);
    }
    if (rc == 0) {
        rc = accept_card(accepting, args_text(args, "words"), err);
    }
    if (rc == 0) {
        report_accepted(cli, accepting);
    }
    conf_node_free(accepting->conf);
    arena_free(accepting->arena);
    free(accepting->request_bytes);
    free(accepting->card_bytes);
    free(accepting);
    return rc;
}
