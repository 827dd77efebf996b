/* check_signed.c - who vouches for the entries: a genesis names the key, an enrolment signed by an
 * officer (or the ring, for the aggregator's own log) must name the same, and heads are signed.
 */
#include "check.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static json_t *enrolments; /* number → its body */
static char log_key[65];   /* of the last ring */

void check_signed_open(void)
{
    enrolments = json_object();
}

void check_signed_close(void)
{
    json_decref(enrolments);
}

static void note_keys(const json_t *row, const json_t *body)
{
    char number[32];
    if (strcmp(check_text(row, "kind"), "ring") == 0) {
        const json_t *ring = json_object_get(body, "ring");
        (void)snprintf(log_key, sizeof log_key, "%s", check_text(ring, "log_key"));
    } else if (strcmp(check_text(row, "kind"), "enrolment") == 0) {
        (void)snprintf(number, sizeof number, "%lld", (long long)check_number(body, "number"));
        (void)json_object_set(enrolments, number, json_object_get(row, "body"));
    }
}

/* The aggregator's first ring follows its genesis: it is compared when the journal is known. */
static void judge_genesis(struct check_log *log, const json_t *row, const json_t *body,
                          const char *where)
{
    char number[32];
    bool up = strcmp(check_text(body, "direction"), "up") == 0;
    (void)snprintf(number, sizeof number, "%lld", (long long)check_number(row, "enrolment"));
    const json_t *enrolment = json_object_get(enrolments, number);
    log->has_signer = check_unhex(check_text(body, "signing_key"), log->signer, 32);
    if (!log->has_signer) {
        check_violation("a genesis without a signing key", where);
    }
    if (up && (strcmp(check_text(enrolment, "signing_key"), check_text(body, "signing_key")) != 0 ||
               strcmp(check_text(enrolment, "regency"), check_text(row, "owner")) != 0)) {
        check_violation("no enrolment before it has this key for this regency", where);
    }
}

/* "kabar.head.v1" ‖ incarnation 16 ‖ seq 8 BE ‖ h 32 */
static bool head_holds(const struct check_log *log, const unsigned char signature[64])
{
    unsigned char message[13 + 16 + 8 + 32] = "kabar.head.v1";
    (void)check_unhex(log->incarnation, message + 13, 16);
    for (size_t i = 0; i < 8; i++) {
        message[29 + i] = (unsigned char)((unsigned long long)log->last >> (56 - 8 * i) & 0xffu);
    }
    memcpy(message + 37, log->h, 32);
    return log->has_signer &&
           crypto_sign_verify_detached(signature, message, sizeof message, log->signer) == 0;
}

void check_signed_entry(struct check_log *log, const json_t *row, const char *where)
{
    const json_t *body = json_object_get(row, "body");
    const json_t *head = json_object_get(row, "head");
    unsigned char signature[64];
    note_keys(row, body);
    if (log->last == 1) {
        judge_genesis(log, row, body, where);
    }
    if (!json_is_string(head)) {
        return;
    }
    if (!check_unhex(json_string_value(head), signature, 64) || !head_holds(log, signature)) {
        check_violation("the head was not signed by the log's key", where);
    }
    log->headed = log->last;
}

void check_signed_log(const struct check_log *log)
{
    unsigned char key[32];
    if (log->headed != log->last) {
        check_violation("no head vouches for the last entries", log->incarnation);
    }
    bool own = check_unhex(log_key, key, 32) && memcmp(key, log->signer, 32) == 0;
    const char *number;
    json_t *body;
    bool enrolled = false;
    json_object_foreach(enrolments, number, body)
    {
        enrolled = enrolled || (check_unhex(check_text(body, "signing_key"), key, 32) &&
                                memcmp(key, log->signer, 32) == 0);
    }
    if (!own && !enrolled) {
        check_violation("neither the ring nor an enrolment knows the log's key", log->incarnation);
    }
}
