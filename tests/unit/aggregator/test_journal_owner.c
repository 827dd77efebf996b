/* A journal is its province's, begun under one root key; a backup of another is not restored, and
 * nothing is touched. */
#include "unit/aggregator/journal_fixture.h"

#include "aggregator/aggregator.h"
#include "core/rules/trust.h"

#include <sys/stat.h>

#define ROOT_SEED 41u
#define OTHER_SEED 42u

static struct key root_of(uint8_t seed_byte, uint8_t secret[SECRET_BYTES])
{
    const uint8_t seed[32] = {seed_byte};
    struct key key;
    seal_keypair(seed, &key, secret);
    return key;
}

/* Signed by the root key; what it says is not looked at here. */
static void put_ring(struct fixture *fixture, uint8_t seed_byte)
{
    uint8_t secret[SECRET_BYTES];
    uint8_t body[256];
    size_t len = 0;
    struct hash digest;
    struct signed_ring outer = {.ring = bytes_of_text("ring")};
    (void)root_of(seed_byte, secret);
    ring_digest(outer.ring, &digest);
    seal_sign(secret, "kabar.ring.v1", bytes_of(digest.b, sizeof digest.b), &outer.signature);
    assert_int_equal(signed_ring_encode(&outer, body, sizeof body, &len, NULL), 0);
    struct span_entry entry = {.kind = ENTRY_RING, .body = bytes_of(body, len)};
    struct own_call call = {.own = {.entries = &entry,
                                    .count = 1,
                                    .log_secret = fixture->log_secret,
                                    .builder = fixture->builder,
                                    .now_ms = BIRTH_MS}};
    assert_int_equal(store_apply(fixture->store, own_run, &call, NULL), 0);
    want_own(fixture, &entry, BIRTH_MS);
}

static int check(struct fixture *fixture, const char *province, uint8_t root_seed)
{
    uint8_t secret[SECRET_BYTES];
    struct journal_owner owner;
    struct key root = root_of(root_seed, secret);
    return journal_check_owner(fixture->store, province, root_seed == 0 ? NULL : &root, &owner,
                               NULL);
}

static void nobodys_before_the_first_start(void **state)
{
    assert_int_equal(check(*state, "17", ROOT_SEED), 0);
}

static void its_provinces_and_its_roots(void **state)
{
    struct fixture *fixture = *state;
    journal_birth(fixture);
    assert_int_equal(check(fixture, PROVINCE, ROOT_SEED), 0); /* no ring yet: no root */
    assert_int_equal(check(fixture, "17", ROOT_SEED), ERR_CONFIG);
    put_own(fixture, 3);
    put_ring(fixture, ROOT_SEED);
    put_ring(fixture, OTHER_SEED);
    put_own(fixture, 3);
    assert_int_equal(check(fixture, PROVINCE, ROOT_SEED), 0);
    assert_int_equal(check(fixture, PROVINCE, OTHER_SEED), ERR_CONFIG);
    assert_int_equal(check(fixture, PROVINCE, 0), 0);
    assert_int_equal(check(fixture, "17", ROOT_SEED), ERR_CONFIG);
    assert_int_equal(check(fixture, "17", 0), ERR_CONFIG);
}

static void a_backup_goes_back_to_its_own_province_only(void **state)
{
    static char ours[] = PROVINCE;
    static char other[] = "17";
    static char root_key[] = "root.pub";
    struct fixture *fixture = *state;
    uint8_t secret[SECRET_BYTES];
    char file[FOLDER_PATH_CAPACITY + 16];
    char folder[FOLDER_PATH_CAPACITY + 16];
    struct err_ctx err = {""};
    struct stat info;
    (void)snprintf(file, sizeof file, "%s/backup", fixture->path);
    (void)snprintf(folder, sizeof folder, "%s/restored", fixture->path);
    const struct store_copy copy = {.path = file, .kind = "aggregator"};
    struct conf_aggregator conf = {.province = other, .store = folder, .root_key = root_key};
    struct key root = root_of(ROOT_SEED, secret);
    struct key other_root = root_of(OTHER_SEED, secret);
    journal_birth(fixture);
    put_ring(fixture, ROOT_SEED);
    assert_int_equal(store_copy(fixture->store, &copy, NULL), 0);

    assert_int_equal(backup_restore(&conf, &root, file, false, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "backup of province " PROVINCE));
    assert_non_null(strstr(err.text, "those of province 17"));
    conf.province = ours;
    assert_int_equal(backup_restore(&conf, &other_root, file, false, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "another root key"));
    assert_int_equal(stat(folder, &info), -1);
    assert_int_equal(backup_restore(&conf, &root, file, false, &err), 0);
    assert_int_equal(stat(folder, &info), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_unborn, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobodys_before_the_first_start),
        TEST(its_provinces_and_its_roots),
        TEST(a_backup_goes_back_to_its_own_province_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
