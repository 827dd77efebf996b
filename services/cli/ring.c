/* ring.c - the root key and the key rings it signs. Runs on the root's offline machine. */
#include "cli/cli.h"

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/rules/trust.h"
#include "core/seal/chain.h"
#include "platform/host/host.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define ROOT_KIND "root"

int root_create_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    const char *out = args_text(args, "out");
    char path[PATH_MAX];
    char hex[HEX_CAPACITY(KEY_BYTES) + 1];
    struct key key;
    int len = snprintf(path, sizeof path, "%s.pub", out);
    if (len < 0 || (size_t)len >= sizeof path) {
        return err_set(err, ERR_LIMIT, "path too long");
    }
    int rc =
        signer_create(out, ROOT_KIND, ROOT_KIND, args_text(args, "passphrase_file"), &key, err);
    if (rc != 0) {
        return rc;
    }
    (void)hex_encode(hex, key.b, sizeof key.b);
    json_t *made = json_pack("{s:s, s:s}", "root", hex, "file", path);
    hex[HEX_CAPACITY(KEY_BYTES) - 1] = '\n';
    rc = file_create(path, 0644, bytes_of(hex, HEX_CAPACITY(KEY_BYTES)), err);
    if (rc == 0) {
        print_object(cli->output, made);
        (void)fprintf(stderr, "%s stays offline; %s goes to the aggregator as root.pub.\n", out,
                      path);
    }
    json_decref(made);
    return rc;
}

/* ---- a ring being made ---- */

struct making {
    struct ring ring;
    struct ring previous;
    struct arena *arena;
    json_t *files[OFFICERS_MAX + 1]; /* what the ring's texts point into */
    size_t file_count;
    uint8_t *previous_bytes;
};

static int load_json(struct making *making, const char *path, const json_t **ret,
                     struct err_ctx *err)
{
    json_t *object = NULL;
    if (making->file_count > OFFICERS_MAX) {
        return err_set(err, ERR_LIMIT, "more than %u officers", OFFICERS_MAX);
    }
    int rc = json_file_read(path, &object, err);
    if (rc == 0) {
        making->files[making->file_count++] = object;
        *ret = object;
    }
    return rc;
}

static int text_of(const json_t *object, const char *path, const char *name, struct bytes *ret,
                   struct err_ctx *err)
{
    const char *text = args_text(object, name);
    if (text == NULL || text_blank(bytes_of_text(text))) {
        return err_set(err, ERR_FORMAT, "%s: \"%s\" is missing", path, name);
    }
    *ret = bytes_of_text(text);
    return 0;
}

static int load_province(struct making *making, const char *path, struct err_ctx *err)
{
    struct ring *ring = &making->ring;
    const json_t *province = NULL;
    int rc = load_json(making, path, &province, err);
    const struct {
        const char *name;
        struct key *key;
    } keys[] = {
        {"curve", &ring->curve_key},
        {"log", &ring->log_key},
        {"reader", &ring->reader_key},
        {"bundle", &ring->bundle_key},
    };
    for (size_t i = 0; rc == 0 && i < sizeof keys / sizeof keys[0]; i++) {
        rc = json_key(province, path, keys[i].name, keys[i].key, err);
    }
    if (rc == 0) {
        rc = text_of(province, path, "province", &ring->province, err);
    }
    return rc == 0 ? text_of(province, path, "name", &ring->name, err) : rc;
}

static int load_previous(struct making *making, const char *path, const struct key *root,
                         struct err_ctx *err)
{
    size_t len = 0;
    if (path == NULL) {
        return 0;
    }
    int rc = file_read(path, 2 * ENTRY_BYTES_MAX, &making->previous_bytes, &len, err);
    if (rc == 0) {
        rc = trust_ring(root, bytes_of(making->previous_bytes, len), 0, making->ring.province,
                        making->arena, &making->previous, err);
        rc = rc == 0 ? 0 : err_wrap(err, rc, "%s", path);
    }
    if (rc == 0) {
        making->ring.officer_count = making->previous.officer_count;
        memcpy(making->ring.officers, making->previous.officers, sizeof making->ring.officers);
    }
    return rc;
}

static struct officer *officer_in(struct ring *ring, struct bytes id)
{
    for (size_t i = 0; i < ring->officer_count; i++) {
        if (bytes_equal(ring->officers[i].id, id)) {
            return &ring->officers[i];
        }
    }
    return NULL;
}

/* One person, one id, one key: two signatures by different officers must mean two persons. */
static int add_officer(struct ring *ring, const char *path, const struct officer *officer,
                       struct err_ctx *err)
{
    for (size_t i = 0; i < ring->officer_count; i++) {
        const struct officer *there = &ring->officers[i];
        const char *same = bytes_equal(there->id, officer->id)       ? "id"
                           : key_equal(&there->key, &officer->key)   ? "key"
                           : bytes_equal(there->name, officer->name) ? "name"
                                                                     : NULL;
        if (same != NULL) {
            return err_set(err, ERR_EXISTS, "%s: an officer of the same %s is in the ring already",
                           path, same);
        }
    }
    if (ring->officer_count == OFFICERS_MAX) {
        return err_set(err, ERR_LIMIT, "more than %u officers", OFFICERS_MAX);
    }
    ring->officers[ring->officer_count++] = *officer;
    return 0;
}

static int load_officer(struct making *making, const char *path, struct err_ctx *err)
{
    struct officer officer = {.state = KEY_ACTIVE};
    const json_t *file = NULL;
    int rc = load_json(making, path, &file, err);
    const struct {
        const char *name;
        struct bytes *to;
    } texts[] = {
        {"id", &officer.id},
        {"name", &officer.name},
        {"role", &officer.role},
        {"scope", &officer.scope},
    };
    for (size_t i = 0; rc == 0 && i < sizeof texts / sizeof texts[0]; i++) {
        rc = text_of(file, path, texts[i].name, texts[i].to, err);
    }
    if (rc == 0) {
        rc = json_key(file, path, "key", &officer.key, err);
    }
    return rc == 0 ? add_officer(&making->ring, path, &officer, err) : rc;
}

static int set_states(struct ring *ring, const json_t *ids, enum key_state state,
                      struct err_ctx *err)
{
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        struct officer *officer = officer_in(ring, bytes_of_text(id));
        if (officer == NULL) {
            return err_set(err, ERR_NOT_FOUND, "no officer %s in the ring", id);
        }
        if (officer->state == KEY_REVOKED_FOR_GOOD && state != KEY_REVOKED_FOR_GOOD) {
            return err_set(err, ERR_STATE, "officer %s is revoked, for good", id);
        }
        officer->state = state;
    }
    return 0;
}

static int set_number(struct making *making, const json_t *args, struct err_ctx *err)
{
    uint64_t before = making->previous.number;
    making->ring.number = args_number(args, "number", before + 1);
    if (making->ring.number <= before) {
        return err_set(err, ERR_VALUE, "--number must be above the previous ring's, %" PRIu64,
                       before);
    }
    return 0;
}

static int collect(struct making *making, const json_t *args, const struct key *root,
                   struct err_ctx *err)
{
    const json_t *officers = json_object_get(args, "officer");
    int rc = load_province(making, args_text(args, "province"), err);
    if (rc == 0) {
        rc = load_previous(making, args_text(args, "previous"), root, err);
    }
    for (size_t i = 0; rc == 0 && i < json_array_size(officers); i++) {
        rc = load_officer(making, json_string_value(json_array_get(officers, i)), err);
    }
    if (rc == 0) {
        rc = set_states(&making->ring, json_object_get(args, "retire"), KEY_RETIRED, err);
    }
    if (rc == 0) {
        rc = set_states(&making->ring, json_object_get(args, "revoke"), KEY_REVOKED_FOR_GOOD, err);
    }
    making->ring.issued_ms = host_wall_ms();
    return rc == 0 ? set_number(making, args, err) : rc;
}

/* As everybody else will read it. */
static int read_back(const struct key *root, struct bytes file, uint64_t number,
                     struct err_ctx *err)
{
    struct ring ring;
    struct arena *arena = arena_new(PARSE_ARENA_BYTES);
    int rc = arena == NULL ? err_set(err, ERR_NOMEM, "ring")
                           : trust_ring(root, file, number, (struct bytes){0}, arena, &ring, err);
    arena_free(arena);
    return rc;
}

static int sign_ring(struct making *making, const struct signer *root, const char *out,
                     struct err_ctx *err)
{
    uint8_t body[ENTRY_BYTES_MAX];
    uint8_t file[2 * ENTRY_BYTES_MAX];
    size_t len = 0;
    struct hash digest;
    struct signed_ring signed_ring;
    int rc = ring_encode(&making->ring, body, sizeof body, &len, err);
    if (rc != 0) {
        return rc;
    }
    signed_ring.ring = bytes_of(body, len);
    ring_digest(signed_ring.ring, &digest);
    seal_sign(root->secret, "kabar.ring.v1", bytes_of(digest.b, sizeof digest.b),
              &signed_ring.signature);
    rc = signed_ring_encode(&signed_ring, file, sizeof file, &len, err);
    if (rc == 0) {
        rc = read_back(&root->key, bytes_of(file, len), making->ring.number, err);
    }
    return rc == 0 ? file_replace(out, 0644, bytes_of(file, len), err) : rc;
}

static const char *state_name(enum key_state state)
{
    return state == KEY_ACTIVE ? "active" : state == KEY_RETIRED ? "retired" : "revoked";
}

static void report_ring(const struct cli *cli, const struct ring *ring, const char *out)
{
    json_t *officers = json_array();
    size_t active = 0;
    for (size_t i = 0; i < ring->officer_count; i++) {
        const struct officer *officer = &ring->officers[i];
        active += officer->state == KEY_ACTIVE ? 1 : 0;
        (void)json_array_append_new(
            officers, json_pack("{s:o, s:o, s:o, s:s}", "id", json_bytes(officer->id), "name",
                                json_bytes(officer->name), "scope", json_bytes(officer->scope),
                                "state", state_name(officer->state)));
    }
    json_t *made =
        json_pack("{s:s, s:o, s:I, s:o}", "file", out, "province", json_bytes(ring->province),
                  "number", (json_int_t)ring->number, "officers", officers);
    print_object(cli->output, made);
    json_decref(made);
    if (active < 2) {
        (void)fputs("warning: fewer than two active officers: no recommendation or decision can be"
                    " made under this ring\n",
                    stderr);
    }
}

static void making_free(struct making *making)
{
    for (size_t i = 0; i < making->file_count; i++) {
        json_decref(making->files[i]);
    }
    free(making->previous_bytes);
    arena_free(making->arena);
    free(making);
}

int root_ring_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    struct signer root = {.id = {0}};
    struct making *making = calloc(1, sizeof *making);
    if (making == NULL || (making->arena = arena_new(PARSE_ARENA_BYTES)) == NULL) {
        free(making);
        return err_set(err, ERR_NOMEM, "ring");
    }
    const char *out = args_text(args, "out");
    int rc = signer_open(args_text(args, "root"), ROOT_KIND, args_text(args, "passphrase_file"),
                         &root, err);
    if (rc == 0) {
        rc = collect(making, args, &root.key, err);
    }
    if (rc == 0) {
        rc = sign_ring(making, &root, out, err);
    }
    if (rc == 0) {
        report_ring(cli, &making->ring, out);
    }
    signer_clear(&root);
    making_free(making);
    return rc;
}
