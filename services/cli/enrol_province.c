/* enrol_province.c - the province's side: a card for a request, the officer's yes, and the end.
 *
 * What the officer signs is built here from request and card; of what the daemon prepared only the
 * card is taken, and checked as the node will check it.
 */
#include "cli/cli.h"

#include "core/base/limits.h"
#include "core/rules/trust.h"
#include "core/seal/chain.h"
#include "core/seal/words.h"
#include "platform/host/host.h"

#include <inttypes.h>
#include <string.h>

#define FILE_BYTES_MAX (2 * ENTRY_BYTES_MAX)
#define SHOWN(text) (int)(text).len, (const char *)(text).data

struct approving {
    struct signer officer;
    struct arena *arena;
    uint8_t *request_bytes, *card_bytes;
    size_t request_len, card_len;
    struct hash request_hash;
    struct enrol_request request;
    struct province_card card;
    struct ring ring;
    char words[WORDS_TEXT_CAPACITY];
};

static int load_request(struct approving *approving, const char *path, struct err_ctx *err)
{
    int rc =
        file_read(path, FILE_BYTES_MAX, &approving->request_bytes, &approving->request_len, err);
    if (rc != 0) {
        return rc;
    }
    rc = trust_request(bytes_of(approving->request_bytes, approving->request_len), approving->arena,
                       &approving->request, &approving->request_hash, err);
    return rc == 0 ? 0 : err_wrap(err, rc, "%s", path);
}

/* The daemon makes the card; nothing is admitted by that. */
static int prepare_card(struct cli *cli, struct approving *approving, const char *path,
                        struct err_ctx *err)
{
    static const char command[] = "enrol prepare";
    json_t *answer = NULL;
    json_t *args = json_object();
    call_give(args, command, "request",
              json_hex(bytes_of(approving->request_bytes, approving->request_len)));
    call_give(args, command, "officer", json_string(approving->officer.id));
    int rc = call_result(cli, command, args, &answer, err);
    if (rc == 0) {
        rc = json_unhex(answer, "card", &approving->card_bytes, &approving->card_len, err);
    }
    if (rc == 0) {
        rc = file_create(path, 0644, bytes_of(approving->card_bytes, approving->card_len), err);
    }
    json_decref(args);
    json_decref(answer);
    return rc;
}

static int load_card(struct cli *cli, struct approving *approving, const char *path,
                     struct err_ctx *err)
{
    int rc = file_read(path, FILE_BYTES_MAX, &approving->card_bytes, &approving->card_len, err);
    if (rc == ERR_NOT_FOUND) {
        rc = prepare_card(cli, approving, path, err);
    }
    if (rc != 0) {
        return rc;
    }
    struct bytes card = bytes_of(approving->card_bytes, approving->card_len);
    rc = trust_card(card, &approving->request_hash, approving->request.regency, approving->arena,
                    &approving->card, &approving->ring, err);
    enrolment_words(&approving->request_hash, card, approving->words);
    return rc == 0 ? 0 : err_wrap(err, rc, "%s", path);
}

/* Said here rather than after the journey to the node. */
static int check_officer(const struct approving *approving, struct err_ctx *err)
{
    const struct officer *there =
        ring_officer(&approving->ring, bytes_of_text(approving->officer.id));
    if (there == NULL || !key_equal(&there->key, &approving->officer.key)) {
        return err_set(err, ERR_KEY,
                       "officer %s is not in the card's key ring %" PRIu64 " with this key",
                       approving->officer.id, approving->ring.number);
    }
    return there->state == KEY_ACTIVE
               ? 0
               : err_set(err, ERR_KEY, "officer %s signs no more under key ring %" PRIu64,
                         approving->officer.id, approving->ring.number);
}

static int sign_enrolment(const struct approving *approving, uint8_t *ret, size_t *ret_len,
                          struct err_ctx *err)
{
    struct hash digest;
    struct enrolment enrolment = {
        .number = approving->card.enrolment,
        .regency = approving->request.regency,
        .officer = bytes_of_text(approving->officer.id),
        .curve_key = approving->request.curve_key,
        .signing_key = approving->request.signing_key,
        .request_hash = approving->request_hash,
        .office = approving->card.office,
        .active = true,
        .at_ms = host_wall_ms(),
    };
    int rc = enrolment_digest(&enrolment, &digest, err);
    if (rc != 0) {
        return rc;
    }
    seal_sign(approving->officer.secret, "kabar.enrol.v1", bytes_of(digest.b, sizeof digest.b),
              &enrolment.signature);
    rc = trust_enrolment(&approving->ring, &enrolment, err);
    return rc == 0 ? enrolment_encode(&enrolment, ret, ENTRY_BYTES_MAX, ret_len, err) : rc;
}

static int activate(struct cli *cli, const struct approving *approving, struct err_ctx *err)
{
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    json_t *answer = NULL;
    int rc = sign_enrolment(approving, body, &len, err);
    if (rc != 0) {
        return rc;
    }
    json_t *args = json_pack("{s:o}", "enrolment", json_hex(bytes_of(body, len)));
    rc = call_result(cli, "enrol activate", args, &answer, err);
    json_decref(args);
    json_decref(answer);
    return rc;
}

static void report_approved(const struct cli *cli, const struct approving *approving,
                            const char *card, bool active)
{
    json_t *made =
        json_pack("{s:b, s:I, s:o, s:s, s:s}", "active", active ? 1 : 0, "number",
                  (json_int_t)approving->card.enrolment, "regency",
                  json_bytes(approving->request.regency), "words", approving->words, "card", card);
    print_object(cli->output, made);
    json_decref(made);
    if (!active) {
        (void)fprintf(stderr,
                      "Not active yet: give %s to the node, compare the eight words with those on"
                      " its screen, and run this again with --words.\n",
                      card);
    }
}

static int approve_request(struct cli *cli, struct approving *approving, const json_t *args,
                           struct err_ctx *err)
{
    const char *card = args_text(args, "card");
    bool sure = false;
    int rc = load_request(approving, args_text(args, "file"), err);
    if (rc == 0) {
        rc = signer_open(args_text(args, "officer"), "officer", args_text(args, "passphrase_file"),
                         &approving->officer, err);
    }
    if (rc == 0) {
        rc = load_card(cli, approving, card, err);
    }
    if (rc == 0) {
        rc = check_officer(approving, err);
    }
    if (rc != 0) {
        return rc;
    }
    (void)fprintf(stderr, "Request of %.*s, made on %.*s\n", SHOWN(approving->request.regency),
                  SHOWN(approving->request.host));
    rc = words_compare(args_text(args, "words"), approving->words, &sure, err);
    if (rc == 0 && sure) {
        rc = activate(cli, approving, err);
    }
    if (rc == 0) {
        report_approved(cli, approving, card, sure);
    }
    return rc;
}

int enrol_approve_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    struct approving *approving = calloc(1, sizeof *approving);
    if (approving == NULL || (approving->arena = arena_new(PARSE_ARENA_BYTES)) == NULL) {
        free(approving);
        return err_set(err, ERR_NOMEM, "card");
    }
    int rc = approve_request(cli, approving, args, err);
    signer_clear(&approving->officer);
    arena_free(approving->arena);
    free(approving->request_bytes);
    free(approving->card_bytes);
    free(approving);
    return rc;
}

/* ---- revoke ---- */

static int sign_revocation(const struct signer *officer, const json_t *args, uint8_t *ret,
                           size_t *ret_len, struct err_ctx *err)
{
    struct hash digest;
    struct revocation revocation = {
        .number = args_number(args, "number", 0),
        .reason = bytes_of_text(args_text(args, "reason")),
        .officer = bytes_of_text(officer->id),
        .at_ms = host_wall_ms(),
    };
    int rc = revocation_digest(&revocation, &digest, err);
    if (rc != 0) {
        return rc;
    }
    seal_sign(officer->secret, "kabar.revoke.v1", bytes_of(digest.b, sizeof digest.b),
              &revocation.signature);
    return revocation_encode(&revocation, ret, ENTRY_BYTES_MAX, ret_len, err);
}

int enrol_revoke_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    struct signer officer = {.id = {0}};
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    json_t *answer = NULL;
    int rc = signer_open(args_text(args, "officer"), "officer", args_text(args, "passphrase_file"),
                         &officer, err);
    if (rc == 0) {
        rc = sign_revocation(&officer, args, body, &len, err);
    }
    signer_clear(&officer);
    if (rc != 0) {
        return rc;
    }
    json_t *request = json_pack("{s:o}", "revocation", json_hex(bytes_of(body, len)));
    rc = call_result(cli, "enrol revoke signed", request, &answer, err);
    if (rc == 0) {
        print_object(cli->output, answer);
    }
    json_decref(request);
    json_decref(answer);
    return rc;
}
