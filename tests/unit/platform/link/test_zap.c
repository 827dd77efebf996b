/* The ZAP handler: every request is answered, and only a known key of our domain gets a 200. */
#include "lib/cmocka_all.h"

#include "platform/link/zap.h"
#include "platform/loop/loop.h"

#include <zmq.h>

#define DEADLINE_MS 20000
#define KEY_TEXT "0123456789abcdef0123456789abcdef"

struct scene {
    struct loop *loop;
    struct loop_timer *deadline;
    struct link_context *context;
    struct zap *zap;
    struct link_server_counts counts;
    size_t denied;
    bool allow;
    bool late;
};

static void on_late(void *arg)
{
    struct scene *scene = arg;
    scene->late = true;
    loop_stop(scene->loop);
}

static bool allow(void *arg, const uint8_t key[32])
{
    struct scene *scene = arg;
    assert_memory_equal(key, KEY_TEXT, CURVE_KEY_BYTES);
    return scene->allow;
}

static void on_denied(void *arg, const uint8_t key[32])
{
    struct scene *scene = arg;
    assert_memory_equal(key, KEY_TEXT, CURVE_KEY_BYTES);
    scene->denied++;
}

static int handler_open(struct scene *scene, struct zap **ret)
{
    const struct zap_config config = {
        .context = scene->context,
        .loop = scene->loop,
        .allow = allow,
        .on_denied = on_denied,
        .arg = scene,
        .counts = &scene->counts,
    };
    return zap_open(&config, ret, NULL);
}

static int scene_setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    assert_int_equal(loop_new(&scene->loop, NULL), 0);
    assert_int_equal(link_context_new(&scene->context, NULL), 0);
    scene->deadline = loop_timer_new(scene->loop, on_late, scene);
    assert_int_equal(handler_open(scene, &scene->zap), 0);
    *state = scene;
    return 0;
}

static int scene_teardown(void **state)
{
    struct scene *scene = *state;
    zap_close(scene->zap);
    zap_close(NULL);
    loop_timer_free(scene->deadline);
    loop_free(scene->loop);
    link_context_free(scene->context);
    free(scene);
    return 0;
}

/* Stops the loop when there is something, and leaves it there. */
static bool reply_ready(void *arg)
{
    loop_stop(arg);
    return true;
}

static void wait_for_reply(struct scene *scene, void *socket)
{
    struct loop_zmq *watch = loop_zmq_new(scene->loop, socket, reply_ready, scene->loop);
    assert_non_null(watch);
    loop_timer_set(scene->deadline, DEADLINE_MS);
    loop_run(scene->loop);
    loop_zmq_free(watch);
    assert_false(scene->late);
}

struct zap_case {
    const char *parts[10];
    const char *status;
};

static void zap_check(struct scene *scene, const struct zap_case *zap_case)
{
    void *socket = context_socket_open(scene->context, ZMQ_DEALER, NULL);
    assert_int_equal(zmq_connect(socket, ZAP_ENDPOINT), 0);
    for (size_t i = 0; zap_case->parts[i] != NULL; i++) {
        const char *part = zap_case->parts[i];
        int flags = zap_case->parts[i + 1] != NULL ? ZMQ_SNDMORE : 0;
        assert_int_equal(zmq_send(socket, part, strlen(part), flags), strlen(part));
    }
    wait_for_reply(scene, socket);
    char status[4] = {0};
    char user_id[HEX_CAPACITY(CURVE_KEY_BYTES)] = {0};
    char wanted_id[HEX_CAPACITY(CURVE_KEY_BYTES)] = {0};
    if (zap_case->status[0] == '2') {
        (void)hex_encode(wanted_id, (const uint8_t *)KEY_TEXT, CURVE_KEY_BYTES);
    }
    size_t count = 0;
    int more = 1;
    for (; more != 0; count++) {
        char part[HEX_CAPACITY(CURVE_KEY_BYTES)] = {0};
        assert_true(zmq_recv(socket, part, sizeof part - 1, ZMQ_DONTWAIT) >= 0);
        if (count == 3) {
            memcpy(status, part, 3);
        }
        if (count == 5) {
            memcpy(user_id, part, sizeof user_id);
        }
        size_t size = sizeof more;
        assert_int_equal(zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size), 0);
    }
    assert_int_equal(count, 7);
    assert_string_equal(status, zap_case->status);
    assert_string_equal(user_id, wanted_id);
    context_socket_close(scene->context, socket);
}

static void every_request_is_answered(void **state)
{
    struct scene *scene = *state;
    const struct zap_case cases[] = {
        {{"x"}, "500"},
        {{"", "1.0"}, "500"},
        {{"", "1.0", "1", "kabar", "addr", "id"}, "500"},
        {{"", "1.1", "1", "kabar", "addr", "id", "CURVE", KEY_TEXT}, "500"},
        {{"x", "1.0", "1", "kabar", "addr", "id", "CURVE", KEY_TEXT}, "500"},
        {{"", "1.0", "1", "kabar", "addr", "id", "CURVE", KEY_TEXT, "more"}, "500"},
        {{"", "1.0", "1", "other", "addr", "id", "CURVE", KEY_TEXT}, "400"},
        {{"", "1.0", "1", "kabar", "addr", "id", "NULL"}, "400"},
        {{"", "1.0", "1", "kabar", "addr", "id", "PLAIN", KEY_TEXT}, "400"},
        {{"", "1.0", "1", "kabar", "addr", "id", "CURVE", "short"}, "400"},
        {{"", "1.0", "1", "kabar", "addr", "id", "CURVE", KEY_TEXT}, "400"}, /* unknown key */
    };
    const size_t count = sizeof cases / sizeof cases[0];
    for (size_t i = 0; i < count; i++) {
        zap_check(scene, &cases[i]);
    }
    scene->allow = true;
    const struct zap_case good = {{"", "1.0", "1", "kabar", "addr", "id", "CURVE", KEY_TEXT},
                                  "200"};
    zap_check(scene, &good);
    assert_int_equal(scene->counts.zap_denied, count);
    assert_int_equal(scene->counts.zap_allowed, 1);
    assert_int_equal(scene->denied, 1); /* only where there was a key to tell of */
}

/* The name must be free at once, or the next server would come up without its handler. */
static void one_handler_at_a_time_and_its_name_is_free_after_close(void **state)
{
    struct scene *scene = *state;
    struct zap *second = NULL;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(handler_open(scene, &second), ERR_BUSY);
        assert_null(second);
        zap_close(scene->zap);
        scene->zap = NULL;
        assert_int_equal(handler_open(scene, &scene->zap), 0);
    }
}

#define ZAP_TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ZAP_TEST(every_request_is_answered),
        ZAP_TEST(one_handler_at_a_time_and_its_name_is_free_after_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
