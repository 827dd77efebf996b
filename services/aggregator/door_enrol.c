/* Enrolment: prepare a card, activate, list, revoke. Nothing is stored before an officer signed. */
#include "aggregator/doors.h"
#include "aggregator/fetch.h"

#include "core/base/plant.h"
#include "core/wire/report_json.h"

#define CARD_BYTES_MAX 65536u

/* Every enrolment, until each() says no; what it points to is gone when it returns. */
static int nodes_each(struct store_txn *views, int (*each)(void *arg, const struct node_view *node),
                      void *arg)
{
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    int rc = store_cursor_open(views, VIEW_NODES, &cursor);
    if (rc == 0) {
        rc = store_seek(cursor, (struct bytes){0}, &key, &value);
    }
    while (rc == 0) {
        struct node_view node;
        rc = node_view_decode(value, &node);
        rc = rc != 0 ? rc : each(arg, &node);
        rc = rc != 0 ? rc : store_next(cursor, &key, &value);
    }
    store_cursor_close(cursor);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int number_above(void *arg, const struct node_view *node)
{
    uint64_t *next = arg;
    *next = node->number >= *next ? node->number + 1 : *next;
    return 0;
}

/* The number after the highest there is. */
static int next_number(struct store_txn *views, uint64_t *ret)
{
    *ret = 1;
    return nodes_each(views, number_above, ret);
}

struct keys_look {
    const struct enrol_keys *keys;
    struct err_ctx *err;
};

static int keys_are_others(void *arg, const struct node_view *node)
{
    const struct keys_look *look = arg;
    const struct enrol_keys *keys = look->keys;
    bool same =
        key_equal(&node->curve_key, &keys->curve) || key_equal(&node->signing_key, &keys->signing);
    if (!same || node->state != NODE_ACTIVE || node->number == keys->number ||
        PLANTED(KEYS_TWICE)) {
        return 0;
    }
    return err_set(
        look->err, ERR_EXISTS,
        "these keys are those of node %.*s, enrolment %llu, which is active: it would be "
        "shut out. If this is a copy of its folder: kabar init node in a new folder, "
        "which makes other keys, and enrol that. If it is that node, enrolled anew: "
        "kabar enrol revoke %llu first",
        (int)node->regency.len, (const char *)node->regency.data, (unsigned long long)node->number,
        (unsigned long long)node->number);
}

int door_enrol_check_keys(struct store_txn *views, const struct enrol_keys *keys,
                          struct err_ctx *err)
{
    struct keys_look look = {.keys = keys, .err = err};
    return nodes_each(views, keys_are_others, &look);
}

/* What a card tells a node to connect to; a wildcard is no address that anyone could reach. */
static int card_endpoint(struct aggregator *aggregator, struct bytes *ret, struct err_ctx *err)
{
    static const char *const wildcards[] = {"tcp://0.0.0.0:", "tcp://*:", "tcp://[::]:"};
    const char *endpoint = aggregator->conf->endpoint != NULL
                               ? aggregator->conf->endpoint
                               : link_server_endpoint(aggregator->server);
    for (size_t i = 0; i < sizeof wildcards / sizeof wildcards[0]; i++) {
        if (strncmp(endpoint, wildcards[i], strlen(wildcards[i])) == 0) {
            return err_set(err, ERR_CONFIG,
                           "%s is no address a node can reach: set `endpoint` in the "
                           "aggregator's settings and restart it",
                           endpoint);
        }
    }
    *ret = bytes_of_text(endpoint);
    return 0;
}

struct prepared {
    struct province_card card;
    struct enrolment enrolment;
    struct enrol_request request;
};

static int prepare(struct aggregator *aggregator, struct store_txn *views, struct bytes request,
                   const char *officer, struct prepared *ret, struct err_ctx *err)
{
    struct bytes ring;
    int rc = trust_request(request, aggregator->arena, &ret->request, &ret->card.request_hash, err);
    struct bytes province = bytes_of_text(aggregator->conf->province);
    if (rc == 0 && (ret->request.regency.len < 3 ||
                    memcmp(ret->request.regency.data, province.data, province.len) != 0)) {
        rc = err_set(err, ERR_KEY, "the request is of regency %.*s: not of this province",
                     (int)ret->request.regency.len, (const char *)ret->request.regency.data);
    }
    if (rc == 0) {
        const struct enrol_keys keys = {.curve = ret->request.curve_key,
                                        .signing = ret->request.signing_key};
        rc = door_enrol_check_keys(views, &keys, err);
    }
    if (rc == 0) {
        rc = store_get(views, VIEW_META, bytes_of_text("ring"), &ring);
        if (rc != 0) {
            rc = err_set(err, rc, "no key ring is in force yet");
        }
    }
    if (rc == 0) {
        rc = card_endpoint(aggregator, &ret->card.endpoints[0], err);
    }
    if (rc == 0) {
        rc = next_number(views, &ret->card.enrolment);
    }
    if (rc != 0) {
        return rc;
    }
    /* Cards made one after the other, before any is activated, have numbers of their own. After a
     * restart a number can be given again: then the fold refuses the second activation. */
    if (ret->card.enrolment <= aggregator->last_number_given) {
        ret->card.enrolment = aggregator->last_number_given + 1;
    }
    aggregator->last_number_given = ret->card.enrolment;
    ret->card.root_key = aggregator->root_key;
    ret->card.ring = arena_copy(aggregator->arena, ring);
    ret->card.endpoint_count = 1;
    ret->card.regency = ret->request.regency;
    ret->card.aggregator = aggregator->incarnation;
    host_random(ret->card.office.b, sizeof ret->card.office.b);
    ret->enrolment = (struct enrolment){.number = ret->card.enrolment,
                                        .regency = ret->card.regency,
                                        .officer = bytes_of_text(officer),
                                        .curve_key = ret->request.curve_key,
                                        .signing_key = ret->request.signing_key,
                                        .request_hash = ret->card.request_hash,
                                        .office = ret->card.office,
                                        .active = true,
                                        .at_ms = host_wall_ms()};
    return ret->card.ring.data == NULL ? ERR_LIMIT : 0;
}

static json_t *prepared_json(const struct prepared *prepared, struct err_ctx *err, int *ret_rc)
{
    static uint8_t card[CARD_BYTES_MAX];
    uint8_t enrolment[1024];
    size_t card_len = 0;
    size_t enrolment_len = 0;
    *ret_rc = province_card_encode(&prepared->card, card, sizeof card, &card_len, err);
    if (*ret_rc == 0) {
        *ret_rc = enrolment_encode(&prepared->enrolment, enrolment, sizeof enrolment,
                                   &enrolment_len, err);
    }
    if (*ret_rc != 0) {
        return NULL;
    }
    return json_pack("{s:o, s:I, s:o, s:o, s:o}", "card", door_hex_json(card, card_len), "number",
                     (json_int_t)prepared->card.enrolment, "enrolment",
                     door_hex_json(enrolment, enrolment_len), "request_hash",
                     door_hex_json(prepared->card.request_hash.b, HASH_BYTES), "office",
                     door_hex_json(prepared->card.office.b, INCARNATION_BYTES));
}

void door_enrol_prepare(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct prepared prepared = {0};
    struct store_txn *views = NULL;
    json_t *json = NULL;
    size_t len = 0;
    uint8_t *request = door_hex(call, args, "request", CARD_BYTES_MAX, &len);
    if (request == NULL) {
        return;
    }
    arena_reset(aggregator->arena);
    int rc = store_read_begin(aggregator->views, &views, &err);
    if (rc == 0) {
        rc = prepare(aggregator, views, bytes_of(request, len), door_text(args, "officer"),
                     &prepared, &err);
    }
    if (rc == 0) {
        json = prepared_json(&prepared, &err, &rc);
    }
    store_read_end(views);
    free(request);
    if (rc != 0) {
        door_refuse(call, rc, &err);
    } else {
        door_call_done(call, json);
    }
}

static void append_hex(struct aggregator *aggregator, struct door_call *call, const json_t *args,
                       const char *name, uint16_t kind,
                       int (*check)(struct aggregator *aggregator, struct bytes body,
                                    struct err_ctx *err))
{
    struct err_ctx err = {{0}};
    size_t len = 0;
    uint8_t *body = door_hex(call, args, name, ENTRY_BYTES_MAX, &len);
    if (body == NULL) {
        return;
    }
    int rc = check == NULL ? 0 : check(aggregator, bytes_of(body, len), &err);
    rc = rc != 0 ? rc : own_append(aggregator, kind, bytes_of(body, len), call);
    if (rc != 0) {
        door_refuse(call, rc, &err);
    }
    free(body);
}

/* Two cards can be made for the same keys while neither is active. */
static int activation_check(struct aggregator *aggregator, struct bytes body, struct err_ctx *err)
{
    struct enrolment enrolment;
    struct store_txn *views = NULL;
    arena_reset(aggregator->arena);
    int rc = enrolment_decode(body, aggregator->arena, &enrolment, err);
    if (rc != 0) {
        return rc;
    }
    const struct enrol_keys keys = {
        .curve = enrolment.curve_key, .signing = enrolment.signing_key, .number = enrolment.number};
    rc = store_read_begin(aggregator->views, &views, err);
    rc = rc != 0 ? rc : door_enrol_check_keys(views, &keys, err);
    store_read_end(views);
    return rc;
}

void door_enrol_activate(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    append_hex(aggregator, call, args, "enrolment", ENTRY_ENROLMENT, activation_check);
}

void door_enrol_revoke(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    append_hex(aggregator, call, args, "revocation", ENTRY_REVOCATION, NULL);
}

static json_t *counters_of(const struct peer *peer)
{
    json_t *json = json_object();
    for (int i = 0; i < ALARM_COUNT; i++) {
        if (peer->alarms[i] > 0) {
            (void)json_object_set_new(json, alarm_name((enum alarm)i),
                                      json_integer((json_int_t)peer->alarms[i]));
        }
    }
    return json;
}

json_t *door_node_json(const struct peer *peer)
{
    uint64_t received = 0;
    for (size_t i = 0; i < peer->intake.log_count; i++) {
        received += peer->intake.logs[i].receiver.durable;
    }
    /* What it said last, and when; before it was heard of, nobody knows, and 0 would be a claim. */
    bool heard = peer->heard_wall_ms != 0;
    return json_pack(
        "{s:I, s:s, s:s, s:b, s:I, s:I, s:o, s:o, s:I, s:I, s:o, s:o}", "number",
        (json_int_t)peer->enrolment, "regency", peer->regency, "state",
        peer->active ? "active" : "revoked", "connected", (int)net_connected(peer), "last_heard_ms",
        (json_int_t)peer->heard_wall_ms, "entries", (json_int_t)received, "backlog",
        heard ? json_integer((json_int_t)peer->intake.node_backlog) : json_null(), "backlog_at_ms",
        heard ? json_integer((json_int_t)peer->heard_wall_ms) : json_null(), "office_backlog",
        (json_int_t)sender_backlog(&peer->intake.office), "clock_offset_ms",
        (json_int_t)peer->intake.clock_offset_ms, "alarms", counters_of(peer), "files",
        fetch_json(peer));
}

void door_enrol_list(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    (void)args;
    size_t count = 0;
    for (const struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        door_call_row(call, door_node_json(peer));
        count++;
    }
    door_call_done(call, json_pack("{s:I}", "nodes", (json_int_t)count));
}
