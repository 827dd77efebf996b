/* kabar-node: one per regency. Takes reports, keeps them, syncs them, shows documents. */
#include "node/node.h"
#include "platform/backup/backup.h"
#include "platform/door/json_memory.h"

#include <getopt.h>

#define EXIT_USAGE_ERROR 64

static const char usage[] = "usage: kabar-node --config FILE [--check-config]\n"
                            "       kabar-node --config FILE --restore BACKUP [--replace]\n"
                            "       kabar-node --version | --help\n";

struct options {
    const char *config;
    const char *restore; /* NULL: not that */
    bool check, replace;
};

/* -1: go on; else the exit code. */
static int options_read(int argc, char **argv, struct options *ret)
{
    static const struct option known[] = {
        {"config", required_argument, NULL, 'c'},
        {"check-config", no_argument, NULL, 'k'},
        {"restore", required_argument, NULL, 'r'},
        {"replace", no_argument, NULL, 'p'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'c':
            ret->config = optarg;
            break;
        case 'k':
            ret->check = true;
            break;
        case 'r':
            ret->restore = optarg;
            break;
        case 'p':
            ret->replace = true;
            break;
        case 'v':
            return printf("kabar-node %s\n", KABAR_VERSION) < 0 ? EXIT_IO : 0;
        case 'h':
            return fputs(usage, stdout) < 0 ? EXIT_IO : 0;
        default:
            (void)fputs(usage, stderr);
            return EXIT_USAGE_ERROR;
        }
    }
    if (ret->config == NULL || optind != argc || (ret->replace && ret->restore == NULL)) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE_ERROR;
    }
    return -1;
}

static int load(const struct options *options, struct conf_node **ret_conf,
                struct node_identity *ret_identity, struct node_card *ret_card, struct err_ctx *err)
{
    int rc = conf_load_node(options->config, ret_conf, err);
    if (rc == 0) {
        rc = identity_load(*ret_conf, ret_identity, err);
    }
    if (rc == 0) {
        rc = card_load(*ret_conf, ret_identity, ret_card, err);
        rc = rc == ERR_NOT_FOUND ? 0 : rc;
    }
    return rc;
}

/* Needs no keys: only where the store is. */
static int restore(const struct options *options)
{
    struct conf_node *conf = NULL;
    struct err_ctx err = {""};
    int rc = conf_load_node(options->config, &conf, &err);
    int exit_code = rc == 0 ? 0 : EXIT_CONFIG;
    if (rc == 0) {
        rc = node_restore(conf, options->restore, options->replace, &err);
        exit_code = restore_exit_of(rc);
    }
    if (rc != 0) {
        (void)fprintf(stderr, "kabar-node: %s\n", err_peek(&err, rc));
    }
    conf_node_free(conf);
    return exit_code;
}

int main(int argc, char **argv)
{
    struct options options = {.config = NULL};
    struct conf_node *conf = NULL;
    struct node_identity identity = {0};
    struct node_card card = {0};
    struct err_ctx err = {""};
    int exit_code = options_read(argc, argv, &options);
    if (exit_code >= 0) {
        return exit_code;
    }
    json_memory_init(true); /* reporters' names go through it */
    int rc = host_init(&err);
    if (rc == 0 && options.restore != NULL) {
        return restore(&options);
    }
    if (rc == 0) {
        rc = load(&options, &conf, &identity, &card, &err);
    }
    if (rc != 0) {
        (void)fprintf(stderr, "kabar-node: %s\n", err_peek(&err, rc));
        exit_code = rc == ERR_NOMEM ? EXIT_RETRY : EXIT_CONFIG;
    } else if (options.check) {
        exit_code = printf("%s: good%s\n", options.config,
                           card.arena == NULL ? ", not enrolled yet" : "") < 0
                        ? EXIT_IO
                        : 0;
    }
    if (exit_code >= 0) {
        explicit_bzero(&identity, sizeof identity);
        card_clear(&card);
        conf_node_free(conf);
        return exit_code;
    }
    log_set_level(conf->log_level);
    const struct node_start start = {
        .conf_path = options.config, .conf = conf, .identity = &identity, .card = &card};
    return node_run(&start);
}
