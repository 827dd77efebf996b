/* init.c - folders of an aggregator and of a node, and an officer's key. */
#include "cli/cli.h"

#include "platform/conf/conf.h"
#include "platform/host/host.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define CONF_BYTES_MAX 8192u

static const char aggregator_conf[] =
    "# kabar-aggregator.conf. Paths are relative to this folder. Check: kabar-aggregator\n"
    "# --config THIS --check-config. Changed while it runs (SIGHUP): log_level, log_interval_s,\n"
    "# keep_alive_s; anything else needs a restart.\n"
    "\n"
    "# The province's code, and the office's name for screens and cards.\n"
    "province = \"%s\"\n"
    "name = \"%s\"\n"
    "\n"
    "# Where nodes connect. `endpoint` is what province cards say where that is another address.\n"
    "listen = \"%s\"\n"
    "# endpoint = \"tcp://192.0.2.16:7016\"\n"
    "\n"
    "# The socket of the command line; door_group: the group that may use it.\n"
    "door = \"%s\"\n"
    "# door_group = \"kabar\"\n"
    "\n"
    "# Journal and views. map_mib is address space only; quota_mib 0: no limit of our own;\n"
    "# objects_mib: what files of reports may use.\n"
    "store = \"store\"\n"
    "map_mib = 16384\n"
    "quota_mib = 0\n"
    "objects_mib = 65536\n"
    "\n"
    "# Secrets (mode 0600), the signed key ring, and the public root key it is signed by.\n"
    "curve_key = \"keys/curve.key\"\n"
    "log_key = \"keys/log.key\"\n"
    "ring = \"ring.kabar\"\n"
    "root_key = \"root.pub\"\n"
    "\n"
    "# Seconds between signs of life, and between signed receipts.\n"
    "keep_alive_s = 300\n"
    "receipt_interval_s = 600\n"
    "\n"
    "# error, warn, info or debug; at most one line of a kind in log_interval_s seconds.\n"
    "log_level = \"info\"\n"
    "log_interval_s = 10\n";

static const char node_conf[] =
    "# kabar-node.conf of %s. Paths are relative to this folder. Check: kabar-node\n"
    "# --config THIS --check-config. Changed while it runs (SIGHUP): log_level, log_interval_s,\n"
    "# keep_alive_s; anything else needs a restart.\n"
    "\n"
    "# The regency this node files for.\n"
    "regency = \"%s\"\n"
    "\n"
    "# The socket of the command line; door_group: the group that may use it.\n"
    "door = \"%s\"\n"
    "# door_group = \"kabar\"\n"
    "\n"
    "# Reports wait and stay here. map_mib is address space only; quota_mib is what may be used,\n"
    "# objects_mib what their files may.\n"
    "store = \"store\"\n"
    "map_mib = 4096\n"
    "quota_mib = 512\n"
    "objects_mib = 8192\n"
    "retention_days = 90\n"
    "\n"
    "# Secrets (mode 0600); the enrolment request, and the province card that answers it.\n"
    "curve_key = \"keys/curve.key\"\n"
    "sign_key = \"keys/sign.key\"\n"
    "request = \"request.kabar\"\n"
    "card = \"card.kabar\"\n"
    "\n"
    "# The line: seconds between signs of life, least silence before a second connection is\n"
    "# tried, first pause after a refused one.\n"
    "keep_alive_s = 300\n"
    "silence_ms = 3000\n"
    "reconnect_ms = 500\n"
    "\n"
    "# Data budget of the line, in KiB a day and a month (WIB; 0: none). When one is spent, "
    "urgent\n"
    "# reports, answers and acknowledgements still go; routine reports and files wait for the next "
    "day\n"
    "# or month. Counted from budget_interface's statistics (\"ppp0\"), or else estimated. Files "
    "go\n"
    "# between these hours only (20 and 5: at night; 0 and 24: always).\n"
    "budget_day_kib = 0\n"
    "budget_month_kib = 0\n"
    "# budget_interface = \"ppp0\"\n"
    "bulk_from_hour = 0\n"
    "bulk_to_hour = 24\n"
    "\n"
    "# error, warn, info or debug; at most one line of a kind in log_interval_s seconds.\n"
    "log_level = \"info\"\n"
    "log_interval_s = 10\n";

static const char offline_readme[] =
    "reader.key opens who reported; bundle.key opens bundles from nodes without a line.\n"
    "Neither may stay on the aggregator: move this folder to a medium that is kept locked away,\n"
    "and delete it here.\n";

/* What goes between the quotes of a setting. */
static int check_setting(const char *name, const char *value, struct err_ctx *err)
{
    for (const char *at = value; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || strchr("\"\\$", *at) != NULL) {
            return err_set(err, ERR_USAGE, "--%s must not have quotes, \\ or $ in it", name);
        }
    }
    return 0;
}

static int make_folders(const struct cli *cli, const char *second, struct err_ctx *err)
{
    char path[PATH_MAX];
    if (cli->dir == NULL) {
        return err_set(err, ERR_USAGE, "--dir is missing (the folder to make)");
    }
    int rc = folder_make(cli->dir, err);
    if (rc == 0) {
        rc = path_join(cli->dir, "keys", path, sizeof path, err);
    }
    if (rc == 0) {
        rc = folder_make(path, err);
    }
    if (rc == 0 && second != NULL) {
        rc = path_join(cli->dir, second, path, sizeof path, err);
        rc = rc == 0 ? folder_make(path, err) : rc;
    }
    return rc;
}

static int create_in(const char *dir, const char *name, const char *text, struct err_ctx *err)
{
    char path[PATH_MAX];
    int rc = path_join(dir, name, path, sizeof path, err);
    return rc == 0 ? file_create(path, 0600, bytes_of_text(text), err) : rc;
}

static int key_in(const char *dir, const char *name, enum key_type type, struct key *ret,
                  struct err_ctx *err)
{
    char path[PATH_MAX];
    int rc = path_join(dir, name, path, sizeof path, err);
    return rc == 0 ? secret_key_create(path, type, ret, err) : rc;
}

/* Settings that the daemon would refuse are a mistake on our command line, and leave no file. */
static int judge_conf(const char *dir, const char *name, bool aggregator, struct err_ctx *err)
{
    char path[PATH_MAX];
    struct conf_aggregator *of_aggregator = NULL;
    struct conf_node *of_node = NULL;
    int rc = path_join(dir, name, path, sizeof path, err);
    if (rc != 0) {
        return rc;
    }
    rc = aggregator ? conf_load_aggregator(path, &of_aggregator, err)
                    : conf_load_node(path, &of_node, err);
    conf_aggregator_free(of_aggregator);
    conf_node_free(of_node);
    if (rc != 0) {
        (void)unlink(path);
    }
    return rc == ERR_CONFIG ? ERR_USAGE : rc;
}

static const char *door_of(const struct cli *cli, const json_t *args, const char *preset)
{
    const char *door = args_text(args, "door");
    return door != NULL ? door : cli->socket != NULL ? cli->socket : preset;
}

/* ---- aggregator ---- */

static int aggregator_settings(const struct cli *cli, const json_t *args, struct err_ctx *err)
{
    static const char *const names[] = {"province", "name", "listen"};
    static const char file[] = "kabar-aggregator.conf";
    char text[CONF_BYTES_MAX];
    const char *door = door_of(cli, args, "aggregator.sock");
    int rc = check_setting("door", door, err);
    for (size_t i = 0; rc == 0 && i < sizeof names / sizeof names[0]; i++) {
        rc = check_setting(names[i], args_text(args, names[i]), err);
    }
    if (rc != 0) {
        return rc;
    }
    int len = snprintf(text, sizeof text, aggregator_conf, args_text(args, "province"),
                       args_text(args, "name"), args_text(args, "listen"), door);
    if (len < 0 || (size_t)len >= sizeof text) {
        return err_set(err, ERR_USAGE, "name or paths are too long");
    }
    rc = create_in(cli->dir, file, text, err);
    return rc == 0 ? judge_conf(cli->dir, file, true, err) : rc;
}

static int aggregator_keys(const char *dir, json_t *public_keys, struct err_ctx *err)
{
    static const struct {
        const char *name, *file;
        enum key_type type;
    } keys[] = {
        {"curve", "keys/curve.key", KEY_TYPE_CURVE},
        {"log", "keys/log.key", KEY_TYPE_SIGN},
        {"reader", "offline/reader.key", KEY_TYPE_CURVE},
        {"bundle", "offline/bundle.key", KEY_TYPE_CURVE},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct key key;
        int rc = key_in(dir, keys[i].file, keys[i].type, &key, err);
        if (rc != 0) {
            return rc;
        }
        (void)json_object_set_new(public_keys, keys[i].name,
                                  json_hex(bytes_of(key.b, sizeof key.b)));
    }
    return create_in(dir, "offline/README", offline_readme, err);
}

int init_aggregator_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    char path[PATH_MAX];
    int rc = make_folders(cli, "offline", err);
    if (rc == 0) {
        rc = aggregator_settings(cli, args, err);
    }
    if (rc != 0) {
        return rc;
    }
    json_t *province = json_pack("{s:s, s:s}", "province", args_text(args, "province"), "name",
                                 args_text(args, "name"));
    rc = province != NULL ? aggregator_keys(cli->dir, province, err) : ERR_NOMEM;
    if (rc == 0) {
        rc = path_join(cli->dir, "province.pub", path, sizeof path, err);
    }
    if (rc == 0) {
        rc = json_file_write(path, province, err);
    }
    if (rc == 0) {
        print_object(cli->output, province);
        (void)fprintf(
            stderr,
            "%s is made. Next: kabar root ring with %s, its outcome as ring.kabar and\n"
            "the root's public key as root.pub here; move %s/offline to a locked place.\n",
            cli->dir, path, cli->dir);
    }
    json_decref(province);
    return rc;
}

/* ---- node ---- */

static int node_settings(const struct cli *cli, const json_t *args, struct err_ctx *err)
{
    static const char file[] = "kabar-node.conf";
    char text[CONF_BYTES_MAX];
    char preset[64];
    const char *regency = args_text(args, "regency");
    const char *name = args_text(args, "name");
    name = name != NULL ? name : regency;
    (void)snprintf(preset, sizeof preset, "node-%.16s.sock", regency);
    const char *door = door_of(cli, args, preset);
    int rc = check_setting("regency", regency, err);
    rc = rc == 0 ? check_setting("name", name, err) : rc;
    rc = rc == 0 ? check_setting("door", door, err) : rc;
    if (rc != 0) {
        return rc;
    }
    int len = snprintf(text, sizeof text, node_conf, name, regency, door);
    if (len < 0 || (size_t)len >= sizeof text) {
        return err_set(err, ERR_USAGE, "name or paths are too long");
    }
    rc = create_in(cli->dir, file, text, err);
    return rc == 0 ? judge_conf(cli->dir, file, false, err) : rc;
}

int init_node_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    struct key curve;
    struct key sign;
    int rc = make_folders(cli, NULL, err);
    if (rc == 0) {
        rc = node_settings(cli, args, err);
    }
    if (rc == 0) {
        rc = key_in(cli->dir, "keys/curve.key", KEY_TYPE_CURVE, &curve, err);
    }
    if (rc == 0) {
        rc = key_in(cli->dir, "keys/sign.key", KEY_TYPE_SIGN, &sign, err);
    }
    if (rc != 0) {
        return rc;
    }
    json_t *made = json_pack("{s:s, s:o, s:o}", "regency", args_text(args, "regency"), "curve",
                             json_hex(bytes_of(curve.b, sizeof curve.b)), "sign",
                             json_hex(bytes_of(sign.b, sizeof sign.b)));
    print_object(cli->output, made);
    json_decref(made);
    (void)fprintf(stderr, "%s is made. Next: kabar enrol request --dir %s --out FILE\n", cli->dir,
                  cli->dir);
    return 0;
}

/* ---- officer ---- */

int init_officer_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    const char *out = args_text(args, "out");
    char path[PATH_MAX];
    struct key key;
    int len = snprintf(path, sizeof path, "%s.pub", out);
    if (len < 0 || (size_t)len >= sizeof path) {
        return err_set(err, ERR_LIMIT, "path too long");
    }
    int rc = signer_create(out, "officer", args_text(args, "id"),
                           args_text(args, "passphrase_file"), &key, err);
    if (rc != 0) {
        return rc;
    }
    json_t *officer =
        json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", args_text(args, "id"), "name",
                  args_text(args, "name"), "role", "officer", "scope", args_text(args, "scope"),
                  "key", json_hex(bytes_of(key.b, sizeof key.b)));
    rc = json_file_write(path, officer, err);
    if (rc == 0) {
        print_object(cli->output, officer);
        (void)fprintf(stderr, "%s is the officer's own; %s goes to the holder of the root key.\n",
                      out, path);
    }
    json_decref(officer);
    return rc;
}
