/* bundle_import.c - kabar bundle import: a file is opened here, frame by frame handed to the
 * daemon, which judges each as if it had come over a line. At the province the key lies with
 * whoever imports; a node opens the key of an answer itself. */
#include "cli/bundle_private.h"

#include <poll.h>
#include <string.h>
#include <sysexits.h>

#define LATER_TRIES 30u
#define LATER_WAIT_MS 1000

struct import {
    struct cli *cli;
    const char *path;
    struct bundle_reader *reader;
    char manifest[HEX_CAPACITY(BUNDLE_MANIFEST_BYTES)]; /* empty: not seen */
    uint64_t enrolment, made_ms;
    enum bundle_outcome worst;
    uint64_t fresh, known, frames;
    json_t *gap;    /* of the first frame that has one */
    char text[256]; /* why it is not all there */
    struct err_ctx *err;
};

static bool is_answer(const struct import *import)
{
    return import->reader->kind == BUNDLE_ANSWER;
}

static void became(struct import *import, enum bundle_outcome outcome, const char *text)
{
    if (outcome > import->worst) {
        import->worst = outcome;
        (void)snprintf(import->text, sizeof import->text, "%s", text == NULL ? "" : text);
    }
}

/* ---- the key ---- */

static int key_of_file(const struct import *import, const char *file, uint8_t ret[32])
{
    struct key receiver;
    uint8_t secret[SECRET_BYTES];
    if (file == NULL) {
        return err_set(import->err, ERR_USAGE,
                       "--key is missing: offline/bundle.key of the province opens it");
    }
    int rc = secret_key_load(file, KEY_TYPE_CURVE, &receiver, secret, import->err);
    rc =
        rc != 0 ? rc : bundle_key_open(import->reader->sealed, &receiver, secret, ret, import->err);
    sodium_memzero(secret, sizeof secret);
    return rc;
}

static int key_of_node(const struct import *import, uint8_t ret[32])
{
    json_t *answer = NULL;
    json_t *request = json_pack("{s:o}", "sealed", json_hex(import->reader->sealed));
    int rc = call_result(import->cli, "bundle key", request, &answer, import->err);
    if (rc == 0 && !hex_decode(ret, 32, bytes_of_text(args_text(answer, "key")))) {
        rc = err_set(import->err, ERR_FORMAT, "the daemon gave no key");
    }
    json_decref(request);
    json_decref(answer);
    return rc;
}

/* ---- frames ---- */

static void tell_gap(struct import *import, const json_t *answer)
{
    if (import->gap == NULL) {
        import->gap = json_pack("{s:O, s:O}", "log", json_object_get(answer, "log"), "needs",
                                json_object_get(answer, "needs"));
        char text[sizeof import->text];
        (void)snprintf(text, sizeof text,
                       "entries before these are missing: it needs from entry %llu on (at the "
                       "node: kabar bundle export --from %llu)",
                       (unsigned long long)args_number(answer, "needs", 1),
                       (unsigned long long)args_number(answer, "needs", 1));
        became(import, BUNDLE_GAP, text);
    }
}

static void tally(struct import *import, const json_t *answer)
{
    const char *outcome = args_text(answer, "outcome");
    const char *text = args_text(answer, "text");
    uint64_t fresh = args_number(answer, "new", 0);
    import->fresh += fresh;
    import->known += args_number(answer, "known", 0);
    if (outcome == NULL || strcmp(outcome, "refused") == 0) {
        became(import, BUNDLE_REFUSED, text);
    } else if (strcmp(outcome, "gap") == 0) {
        tell_gap(import, answer);
    } else if (strcmp(outcome, "later") == 0) {
        became(import, BUNDLE_LATER, text);
    }
}

/* A daemon that has no room just now is asked again for a while. */
static int hand_over(struct import *import)
{
    const char *command = is_answer(import) ? "bundle accept" : "bundle take";
    const struct bytes frame = bytes_of(import->reader->piece, import->reader->piece_len);
    json_t *request =
        json_pack("{s:s, s:o}", "manifest", import->manifest, "frame", json_hex(frame));
    json_t *answer = NULL;
    int rc = request == NULL ? err_set(import->err, ERR_NOMEM, "request") : 0;
    for (uint32_t tries = 0; rc == 0 && tries < LATER_TRIES; tries++) {
        json_decref(answer);
        answer = NULL;
        rc = call_result(import->cli, command, request, &answer, import->err);
        const char *outcome = rc != 0 ? NULL : args_text(answer, "outcome");
        if (outcome == NULL || strcmp(outcome, "later") != 0) {
            break;
        }
        (void)poll(NULL, 0, LATER_WAIT_MS);
    }
    if (rc == 0) {
        tally(import, answer);
        import->frames++;
    }
    json_decref(request);
    json_decref(answer);
    return rc;
}

/* Refused for whose it is; other errors are the daemon's, or the way to it. */
static int refused(struct import *import, int rc)
{
    const char *text = err_peek(import->err, rc);
    if (rc == ERR_KEY) {
        became(import, BUNDLE_SHUT_OUT, text);
    } else if (rc == ERR_SIGNATURE || rc == ERR_NOT_FOUND) {
        became(import, BUNDLE_FOREIGN, text);
    } else {
        return rc;
    }
    return 0;
}

static int take_manifest(struct import *import)
{
    struct bundle_manifest manifest;
    const struct bundle_reader *reader = import->reader;
    if (bundle_manifest_decode(bytes_of(reader->piece, reader->piece_len), &manifest,
                               import->err) != 0) {
        became(import, BUNDLE_ALTERED, err_peek(import->err, ERR_FORMAT));
        return ERR_FORMAT;
    }
    (void)hex_encode(import->manifest, reader->piece, reader->piece_len);
    import->enrolment = manifest.enrolment;
    import->made_ms = (uint64_t)manifest.made_ms;
    return 0;
}

/* 0 also when the file is bad: import->worst says so. */
static int take_all(struct import *import)
{
    int rc = bundle_reader_next(import->reader, import->err);
    if (rc == 0 && take_manifest(import) != 0) {
        return 0;
    }
    while (rc == 0 && import->worst != BUNDLE_LATER) {
        rc = bundle_reader_next(import->reader, import->err);
        if (rc != 0) {
            break;
        }
        rc = hand_over(import);
        if (rc != 0) {
            return refused(import, rc);
        }
    }
    if (rc == ERR_NOT_FOUND && !import->reader->whole) {
        became(import, BUNDLE_CUT_OFF,
               "the file ends before its end: it was not copied whole. What it has is taken");
    } else if (rc != 0 && rc != ERR_NOT_FOUND) {
        became(import, rc == ERR_IO ? BUNDLE_CUT_OFF : BUNDLE_ALTERED, err_peek(import->err, rc));
    }
    return 0;
}

static int open_and_take(struct import *import, const char *key_file)
{
    uint8_t key[32];
    int rc = bundle_reader_open(import->reader, import->path, import->err);
    if (rc == ERR_VERSION || rc == ERR_FORMAT || rc == ERR_GONE) {
        became(import,
               rc == ERR_GONE      ? BUNDLE_CUT_OFF
               : rc == ERR_VERSION ? BUNDLE_VERSION
                                   : BUNDLE_OTHER_FILE,
               err_peek(import->err, rc));
        return 0;
    }
    if (rc != 0) {
        return rc;
    }
    rc = is_answer(import) ? key_of_node(import, key) : key_of_file(import, key_file, key);
    if (rc == ERR_KEY) {
        became(import, BUNDLE_SEALED, err_peek(import->err, rc));
        return 0;
    }
    if (rc == 0) {
        bundle_reader_start(import->reader, key);
        rc = take_all(import);
    }
    sodium_memzero(key, sizeof key);
    return rc;
}

/* ---- what became of it ---- */

static int exit_of(enum bundle_outcome outcome)
{
    switch (outcome) {
    case BUNDLE_TAKEN:
    case BUNDLE_KNOWN:
        return EX_OK;
    case BUNDLE_LATER:
    case BUNDLE_GAP:
        return EX_TEMPFAIL;
    case BUNDLE_SEALED:
    case BUNDLE_FOREIGN:
    case BUNDLE_SHUT_OUT:
        return EX_NOPERM;
    case BUNDLE_CUT_OFF:
    case BUNDLE_REFUSED:
    case BUNDLE_ALTERED:
    case BUNDLE_VERSION:
    case BUNDLE_OTHER_FILE:
    case BUNDLE_OUTCOMES:
        break;
    }
    return EX_DATAERR;
}

/* The daemon counts it and says it in its log. */
static void note(const struct import *import, const char *outcome, const char *digest)
{
    json_t *answer = NULL;
    json_t *request =
        json_pack("{s:s, s:s, s:I, s:I, s:I}", "outcome", outcome, "digest", digest, "new",
                  (json_int_t)import->fresh, "known", (json_int_t)import->known, "enrolment",
                  (json_int_t)(import->enrolment & INT64_MAX));
    int rc = call_result(import->cli, is_answer(import) ? "bundle answer read" : "bundle read",
                         request, &answer, NULL);
    (void)rc; /* the person is told all the same */
    json_decref(request);
    json_decref(answer);
}

static json_t *result_of(const struct import *import, const char *outcome, const char *digest)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:O?, s:s, s:I, s:I}", "file", import->path,
                     "digest", digest, "outcome", outcome, "frames", (json_int_t)import->frames,
                     "new", (json_int_t)import->fresh, "known", (json_int_t)import->known, "gap",
                     import->gap, "text", import->text, "enrolment",
                     (json_int_t)(import->enrolment & INT64_MAX), "made_ms",
                     (json_int_t)(import->made_ms & INT64_MAX));
}

/* Also of a bundle that was not taken whole: its receipts say how far it came. */
static int answer(struct import *import, const char *path, json_t *result)
{
    json_t *file = NULL;
    bool known = import->worst <= BUNDLE_ALTERED && import->manifest[0] != '\0';
    if (path == NULL || !known || is_answer(import)) {
        return 0;
    }
    int rc = bundle_answer_write(import->cli, import->manifest, path, &file, import->err);
    if (rc == 0) {
        (void)json_object_set_new(result, "answer", file);
    }
    return rc;
}

int bundle_import_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    static struct bundle_reader reader;
    char digest[HEX_CAPACITY(HASH_BYTES)];
    struct import import = {
        .cli = cli, .path = args_text(args, "file"), .reader = &reader, .err = err};
    int rc = open_and_take(&import, args_text(args, "key"));
    bundle_reader_close(&reader, digest);
    if (rc != 0) {
        json_decref(import.gap);
        return rc;
    }
    if (import.worst == BUNDLE_TAKEN && import.fresh == 0) {
        import.worst = BUNDLE_KNOWN;
    }
    const char *outcome = bundle_outcome_name(import.worst);
    json_t *result = result_of(&import, outcome, digest);
    note(&import, outcome, digest);
    rc = answer(&import, args_text(args, "answer"), result);
    print_object(cli->output, result);
    cli->exit_code = rc == 0 ? 0 : cli->exit_code; /* a frame's refusal is not the file's */
    if (rc == 0 && exit_of(import.worst) != EX_OK) {
        cli->exit_code = exit_of(import.worst);
        rc = err_set(err, ERR_STATE, "%s: %s", outcome, import.text);
    }
    json_decref(import.gap);
    json_decref(result);
    return rc;
}
