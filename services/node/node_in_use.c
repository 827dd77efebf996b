/* node_in_use.c - a note beside the province card: which enrolment this store writes under. A store
 * that holds nothing of it is not the one that did: begun anew, it would be refused by the province
 * for what it does not say of its past, and what the lost one held would not be missed. */
#include "core/base/plant.h"
#include "node/node.h"

#define NOTE_BYTES_MAX 512u
#define NOTE_PATH_BYTES 4096u

static int note_path(const struct conf_node *conf, char ret[NOTE_PATH_BYTES], struct err_ctx *err)
{
    int len = snprintf(ret, NOTE_PATH_BYTES, "%s.in-use", conf->card);
    return len > 0 && (size_t)len < NOTE_PATH_BYTES ? 0 : err_set(err, ERR_LIMIT, "path too long");
}

static struct bytes note_text(const struct province_card *card, char ret[NOTE_BYTES_MAX])
{
    char office[HEX_CAPACITY(INCARNATION_BYTES)];
    int len = snprintf(ret, NOTE_BYTES_MAX,
                       "enrolment %llu office %s\n"
                       "A store writes under this card: kabar-node then starts with no empty one. "
                       "Leave this file beside the card.\n",
                       (unsigned long long)card->enrolment,
                       hex_encode(office, card->office.b, INCARNATION_BYTES));
    return bytes_of((const uint8_t *)ret, (size_t)len);
}

/* ERR_NOT_FOUND: there is no note. */
static int note_is(const char *path, const struct province_card *card, bool *ret,
                   struct err_ctx *err)
{
    char wanted[NOTE_BYTES_MAX];
    uint8_t *found = NULL;
    size_t len = 0;
    int rc = file_read(path, NOTE_BYTES_MAX, &found, &len, err);
    if (rc == 0) {
        *ret = bytes_equal(bytes_of(found, len), note_text(card, wanted));
    }
    free(found);
    return rc;
}

int in_use_note(const struct conf_node *conf, const struct province_card *card, struct err_ctx *err)
{
    char path[NOTE_PATH_BYTES];
    char text[NOTE_BYTES_MAX];
    bool same = false;
    int rc = note_path(conf, path, err);
    if (rc != 0 || (note_is(path, card, &same, NULL) == 0 && same)) {
        return rc;
    }
    return file_replace(path, 0600, note_text(card, text), err);
}

static int is_enrolled(struct store *store, bool *ret, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct node_meta meta;
    int rc = store_read_begin(store, &txn, err);
    rc = rc != 0 ? rc : meta_load(txn, &meta);
    store_read_end(txn);
    *ret = rc == 0 && meta.has_enrolment;
    return rc;
}

int in_use_check(const struct node *node, const struct province_card *card, struct err_ctx *err)
{
    char path[NOTE_PATH_BYTES];
    bool enrolled = false;
    bool in_use = false;
    int rc = is_enrolled(node->store, &enrolled, err);
    if (rc != 0 || enrolled || PLANTED(NEW_STORE)) {
        return rc;
    }
    rc = note_path(node->conf, path, err);
    rc = rc != 0 ? rc : note_is(path, card, &in_use, err);
    if (rc != 0 || !in_use) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    return err_set(err, ERR_CONFIG,
                   "the store in %s is missing or empty: enrolment %llu wrote to another one. Put "
                   "that one back, or a backup of it: kabar restore FILE --config %s --replace. If "
                   "it is gone for good: kabar init node in a new folder, and enrol that one",
                   node->conf->store, (unsigned long long)card->enrolment, node->conf_path);
}
