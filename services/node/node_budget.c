#include "node/node_budget.h"

#include "core/base/assert.h"

#include <fcntl.h>
#include <unistd.h>

#define LOOK_MS 60000u          /* also how late a new day may begin */
#define INTERFACE_LOOK_MS 1000u /* its counters are two files */
#define KIB 1024u

struct node_budget {
    struct node *node;
    struct loop_timer *timer;
    struct budget_limits limits;
    struct budget used, stored;
    uint64_t estimated;    /* as last counted, since the start */
    uint64_t on_interface; /* as last read */
    uint64_t looked_ms;    /* when; 0: not yet */
    bool by_interface;
    bool spent, saving;
};

struct budget_command {
    struct store_command command;
    struct node *node;
    struct budget used;
};

/* ---- in the store ---- */

static int save_run(struct store_txn *txn, void *arg)
{
    const struct budget_command *save = arg;
    meta_put_budget(txn, &save->used);
    return 0;
}

static void save_done(void *arg, int rc)
{
    struct budget_command *save = arg;
    struct node *node = save->node;
    node->budget->saving = false;
    if (rc == 0) {
        node->budget->stored = save->used;
    }
    free(save);
    node_work_done(node, rc);
}

void budget_save(struct node *node)
{
    struct node_budget *budget = node->budget;
    if (budget == NULL || budget->saving ||
        memcmp(&budget->used, &budget->stored, sizeof budget->used) == 0) {
        return;
    }
    struct budget_command *save = calloc(1, sizeof *save);
    if (save == NULL) {
        return; /* in a minute again */
    }
    save->command = (struct store_command){.run = save_run, .done = save_done, .arg = save};
    save->node = node;
    save->used = budget->used;
    budget->saving = true;
    if (node_submit(node, &save->command) != 0) {
        budget->saving = false;
        free(save);
    }
}

/* ---- counting ---- */

static bool read_counter(const char *interface, const char *name, uint64_t *ret)
{
    char path[128];
    char text[32];
    int length = snprintf(path, sizeof path, "/sys/class/net/%s/statistics/%s", interface, name);
    int fd = length > 0 && (size_t)length < sizeof path && strchr(interface, '/') == NULL
                 ? open(path, O_RDONLY | O_CLOEXEC)
                 : -1;
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (got <= 0) {
        return false;
    }
    text[got] = '\0';
    *ret = strtoull(text, NULL, 10);
    return true;
}

/* What the interface carried since it was last looked at; it may have come anew, from 0. */
static uint64_t more_on_interface(struct node_budget *budget, uint64_t now_ms)
{
    uint64_t in = 0;
    uint64_t out = 0;
    const char *interface = budget->node->conf->budget_interface;
    if (budget->looked_ms != 0 && now_ms < budget->looked_ms + INTERFACE_LOOK_MS) {
        return 0;
    }
    bool first = !budget->by_interface;
    budget->looked_ms = now_ms;
    budget->by_interface =
        read_counter(interface, "rx_bytes", &in) && read_counter(interface, "tx_bytes", &out);
    if (!budget->by_interface) {
        return 0;
    }
    uint64_t before = budget->on_interface;
    budget->on_interface = in + out;
    if (first) {
        return 0; /* what it carried before is not ours */
    }
    return in + out >= before ? in + out - before : in + out;
}

static uint64_t more_estimated(struct node_budget *budget)
{
    const struct node_counters *counters = &budget->node->counters;
    uint64_t now = budget_estimate(counters->wire_bytes_in + counters->wire_bytes_out,
                                   counters->frames_in + counters->frames_out, counters->connects);
    uint64_t more = now - budget->estimated;
    budget->estimated = now;
    return more;
}

static void say(const struct node *node, const char *event)
{
    const struct node_budget *budget = node->budget;
    LOG(LOG_LEVEL_INFO, event, log_u64("day_bytes", budget->used.day_bytes),
        log_u64("month_bytes", budget->used.month_bytes),
        log_u64("backlog", sender_backlog(&node->sync.uplink.sender)));
}

void budget_follow(struct node *node, uint64_t now_ms, int64_t clock_ms)
{
    struct node_budget *budget = node->budget;
    uint64_t more = more_estimated(budget);
    if (node->conf->budget_interface != NULL) {
        uint64_t on_interface = more_on_interface(budget, now_ms);
        more = budget->by_interface ? on_interface : more;
    }
    budget_count(&budget->used, clock_ms, more);
    bool spent = budget_spent(&budget->used, &budget->limits);
    uplink_hold(&node->sync.uplink, spent, spent || !budget_bulk_open(&budget->limits, clock_ms));
    if (spent != budget->spent) {
        budget->spent = spent;
        say(node, spent ? "budget_spent" : "budget_renewed");
        budget_save(node);
    }
}

/* A step looks at the clock: what waited for a new day or hour goes. */
static void on_look(void *arg)
{
    struct node *node = arg;
    struct uplink_event event = {.type = UPLINK_EVENT_TICK};
    sync_event(node, &event);
    budget_save(node);
    loop_timer_set(node->budget->timer, LOOK_MS);
}

/* ---- said ---- */

static json_t *limit_json(uint64_t used, uint64_t limit)
{
    return json_pack("{s:I, s:o}", "used_bytes", (json_int_t)used, "limit_bytes",
                     limit == 0 ? json_null() : json_integer((json_int_t)limit));
}

/* Seconds until nothing waits, at the rate measured; null: not known, or not with what is left. */
static json_t *forecast_json(const struct node *node)
{
    const struct node_budget *budget = node->budget;
    const struct sender *sender = &node->sync.uplink.sender;
    uint64_t backlog = node->enrolled ? sender_backlog(sender) : 0;
    uint64_t rate = node->enrolled ? pace_rate_bytes_s(&sender->pace) : 0;
    uint64_t each = sender->pace.entry_bytes == 0 ? PACE_ENTRY_BYTES : sender->pace.entry_bytes;
    if (backlog == 0) {
        return json_integer(0);
    }
    if (rate == 0 || backlog * each > budget_left(&budget->used, &budget->limits)) {
        return json_null();
    }
    return json_integer((json_int_t)((backlog * each + rate - 1) / rate));
}

json_t *budget_json(const struct node *node)
{
    const struct node_budget *budget = node->budget;
    return json_pack("{s:o, s:o, s:b, s:s, s:o}", "day",
                     limit_json(budget->used.day_bytes, budget->limits.day_bytes), "month",
                     limit_json(budget->used.month_bytes, budget->limits.month_bytes), "spent",
                     (int)budget->spent, "counted",
                     budget->by_interface ? "on the interface" : "estimated", "backlog_gone_s",
                     forecast_json(node));
}

/* ---- life ---- */

int budget_open(struct node *node, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct node_budget *budget = calloc(1, sizeof *budget);
    if (budget == NULL) {
        return err_set(err, ERR_NOMEM, "budget: out of memory");
    }
    node->budget = budget;
    budget->node = node;
    budget->limits = (struct budget_limits){.day_bytes = node->conf->budget_day_kib * KIB,
                                            .month_bytes = node->conf->budget_month_kib * KIB,
                                            .bulk_from_hour = node->conf->bulk_from_hour,
                                            .bulk_to_hour = node->conf->bulk_to_hour};
    int rc = store_read_begin(node->store, &txn, err);
    if (rc != 0) {
        return rc;
    }
    rc = meta_budget(txn, &budget->used);
    store_read_end(txn);
    if (rc != 0) {
        return err_set(err, rc, "store: the data budget's count cannot be read");
    }
    budget->stored = budget->used;
    budget->timer = loop_timer_new(node->loop, on_look, node);
    if (budget->timer == NULL) {
        return err_set(err, ERR_NOMEM, "budget: out of memory");
    }
    loop_timer_set(budget->timer, LOOK_MS);
    return 0;
}

void budget_close(struct node *node)
{
    if (node->budget != NULL) {
        loop_timer_free(node->budget->timer);
        free(node->budget);
        node->budget = NULL;
    }
}
