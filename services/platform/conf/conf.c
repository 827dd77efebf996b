#include "platform/conf/conf.h"

#include "platform/conf/keys.h"
#include "platform/host/host.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_BYTES_MAX 4096u
#define MAP_MIB_MOST 16777216u /* 16 TiB */
#define KIB_MOST (1u << 30)    /* a TiB */
#define DAY_S 86400u

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define AT(member) .at = offsetof(struct CONF, member)

#define CONF conf_aggregator
static const struct conf_key aggregator_keys[] = {
    {"province", CONF_PROVINCE, AT(province)},
    {"name", CONF_TEXT, AT(name)},
    {"store", CONF_PATH, AT(store)},
    {"door", CONF_SOCKET, AT(door)},
    {"door_group", CONF_TEXT, .optional = true, AT(door_group)},
    {"listen", CONF_ENDPOINT, AT(listen)},
    {"endpoint", CONF_ENDPOINT, .optional = true, AT(endpoint)},
    {"curve_key", CONF_SECRET, AT(curve_key)},
    {"log_key", CONF_SECRET, AT(log_key)},
    {"ring", CONF_TRUSTED, AT(ring)},
    {"root_key", CONF_TRUSTED, AT(root_key)},
    {"map_mib", CONF_NUMBER, AT(map_mib), .preset = "16384", .least = 16, .most = MAP_MIB_MOST},
    {"quota_mib", CONF_NUMBER, AT(quota_mib), .preset = "0", .most = MAP_MIB_MOST},
    {"objects_mib", CONF_NUMBER, AT(objects_mib), .preset = "65536", .most = MAP_MIB_MOST},
    {"keep_alive_s", CONF_NUMBER, AT(keep_alive_s), .preset = "300", .least = 1, .most = DAY_S},
    {"receipt_interval_s", CONF_NUMBER, AT(receipt_interval_s), .preset = "600", .least = 1,
     .most = DAY_S},
    {"log_interval_s", CONF_NUMBER, AT(log_interval_s), .preset = "10", .most = DAY_S},
    {"log_level", CONF_LEVEL, AT(log_level), .preset = "info"},
};
#undef CONF

#define CONF conf_node
static const struct conf_key node_keys[] = {
    {"regency", CONF_REGENCY, AT(regency)},
    {"store", CONF_PATH, AT(store)},
    {"door", CONF_SOCKET, AT(door)},
    {"door_group", CONF_TEXT, .optional = true, AT(door_group)},
    {"curve_key", CONF_SECRET, AT(curve_key)},
    {"sign_key", CONF_SECRET, AT(sign_key)},
    {"card", CONF_TRUSTED, AT(card)},
    {"request", CONF_PATH, .optional = true, AT(request)},
    {"map_mib", CONF_NUMBER, AT(map_mib), .preset = "4096", .least = 16, .most = MAP_MIB_MOST},
    {"quota_mib", CONF_NUMBER, AT(quota_mib), .preset = "512", .most = MAP_MIB_MOST},
    {"objects_mib", CONF_NUMBER, AT(objects_mib), .preset = "8192", .most = MAP_MIB_MOST},
    {"keep_alive_s", CONF_NUMBER, AT(keep_alive_s), .preset = "300", .least = 1, .most = DAY_S},
    {"silence_ms", CONF_NUMBER, AT(silence_ms), .preset = "3000", .least = 100, .most = 600000},
    {"reconnect_ms", CONF_NUMBER, AT(reconnect_ms), .preset = "500", .least = 10, .most = 60000},
    {"retention_days", CONF_NUMBER, AT(retention_days), .preset = "90", .most = 36500},
    {"budget_day_kib", CONF_NUMBER, AT(budget_day_kib), .preset = "0", .most = KIB_MOST},
    {"budget_month_kib", CONF_NUMBER, AT(budget_month_kib), .preset = "0", .most = KIB_MOST},
    {"budget_interface", CONF_TEXT, .optional = true, AT(budget_interface)},
    {"bulk_from_hour", CONF_NUMBER, AT(bulk_from_hour), .preset = "0", .most = 24},
    {"bulk_to_hour", CONF_NUMBER, AT(bulk_to_hour), .preset = "24", .most = 24},
    {"log_interval_s", CONF_NUMBER, AT(log_interval_s), .preset = "10", .most = DAY_S},
    {"log_level", CONF_LEVEL, AT(log_level), .preset = "info"},
};
#undef CONF

_Static_assert(COUNT_OF(aggregator_keys) <= CONF_KEYS_MAX, "raise CONF_KEYS_MAX");
_Static_assert(COUNT_OF(node_keys) <= CONF_KEYS_MAX, "raise CONF_KEYS_MAX");

int conf_load_aggregator(const char *path, struct conf_aggregator **ret, struct err_ctx *err)
{
    struct conf_aggregator *conf = calloc(1, sizeof *conf);
    if (conf == NULL) {
        return err_set(err, ERR_NOMEM, "%s:0: out of memory", path);
    }
    int rc = conf_keys_load(path, aggregator_keys, COUNT_OF(aggregator_keys), conf, err);
    if (rc != 0) {
        conf_aggregator_free(conf);
        return rc;
    }
    *ret = conf;
    return 0;
}

void conf_aggregator_free(struct conf_aggregator *conf)
{
    if (conf != NULL) {
        conf_keys_clear(aggregator_keys, COUNT_OF(aggregator_keys), conf);
        free(conf);
    }
}

int conf_load_node(const char *path, struct conf_node **ret, struct err_ctx *err)
{
    struct conf_node *conf = calloc(1, sizeof *conf);
    if (conf == NULL) {
        return err_set(err, ERR_NOMEM, "%s:0: out of memory", path);
    }
    int rc = conf_keys_load(path, node_keys, COUNT_OF(node_keys), conf, err);
    if (rc != 0) {
        conf_node_free(conf);
        return rc;
    }
    *ret = conf;
    return 0;
}

void conf_node_free(struct conf_node *conf)
{
    if (conf != NULL) {
        conf_keys_clear(node_keys, COUNT_OF(node_keys), conf);
        free(conf);
    }
}
