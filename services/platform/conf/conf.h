/* conf.h - the two configuration files, read with libconfuse into plain structs.
 *
 * Every error is ERR_CONFIG with one line of text, `path:line: what` (line 0: the file as a whole);
 * programs print it and exit 78. `--check-config` is the same load. Nothing is half taken: a struct
 * is given only when every key was good. Relative paths in a file are relative to that file's
 * folder and come out joined with it.
 *
 * Reloading is loading again and taking from the new struct what may change while a program runs:
 * log_level, log_interval_s, keep_alive_s. Everything else needs a restart.
 *
 * The file itself, secrets, and the files whose word is taken (ring, root_key, card) are refused
 * when their rights are too wide; contents are not judged here.
 *
 * libconfuse keeps its scanner in static variables: one load at a time in a process.
 */
#ifndef PLATFORM_CONF_CONF_H
#define PLATFORM_CONF_CONF_H

#include "core/base/error.h"
#include "platform/host/log.h"

#include <stddef.h>
#include <stdint.h>

/* kabar-aggregator.conf. All strings are owned by the struct; never NULL unless said. */
struct conf_aggregator {
    char *province;              /* "16": two digits; required */
    char *name;                  /* of the authority, for screens and the card; required */
    char *store;                 /* folder; required */
    char *door;                  /* UNIX socket; required */
    char *door_group;            /* NULL: the process's own */
    char *listen;                /* "tcp://127.0.0.1:5616", port * or 0 picks one; required */
    char *endpoint;              /* what province cards say; NULL: `listen` as bound */
    char *curve_key;             /* secret file; required */
    char *log_key;               /* secret file; required */
    char *ring;                  /* signed key ring; required */
    char *root_key;              /* public root key, hex; required */
    uint64_t map_mib;            /* address space of each store, default 16384 */
    uint64_t quota_mib;          /* default 0: none */
    uint64_t objects_mib;        /* all files together, default 65536 */
    uint64_t keep_alive_s;       /* default 300 */
    uint64_t receipt_interval_s; /* default 600 */
    uint64_t log_interval_s;     /* one line of a kind per interval, default 10; 0: all */
    enum log_level log_level;    /* default info */
};

/* kabar-node.conf. */
struct conf_node {
    char *regency;             /* "16.07"; required */
    char *store;               /* folder; required */
    char *door;                /* UNIX socket; required */
    char *door_group;          /* NULL: the process's own */
    char *curve_key;           /* secret file; required */
    char *sign_key;            /* secret file; required */
    char *card;                /* province card; the file may be absent until enrolled; required */
    char *request;             /* enrolment request, NULL: not kept */
    uint64_t map_mib;          /* default 4096 */
    uint64_t quota_mib;        /* default 512; 0: none */
    uint64_t objects_mib;      /* all files together, default 8192 */
    uint64_t keep_alive_s;     /* default 300 */
    uint64_t silence_ms;       /* least silence before a second connection, default 3000 */
    uint64_t reconnect_ms;     /* first back-off, default 500 */
    uint64_t retention_days;   /* default 90 */
    uint64_t budget_day_kib;   /* default 0: none */
    uint64_t budget_month_kib; /* default 0: none */
    char *budget_interface;    /* whose statistics count; NULL: estimated */
    uint64_t bulk_from_hour;   /* default 0 */
    uint64_t bulk_to_hour;     /* default 24 */
    uint64_t log_interval_s;   /* default 10; 0: all */
    enum log_level log_level;  /* default info */
};

int conf_load_aggregator(const char *path, struct conf_aggregator **ret,
                         struct err_ctx *err) MUST_USE;
void conf_aggregator_free(struct conf_aggregator *conf); /* NULL is fine */

int conf_load_node(const char *path, struct conf_node **ret, struct err_ctx *err) MUST_USE;
void conf_node_free(struct conf_node *conf); /* NULL is fine */

#endif
