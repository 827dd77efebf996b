/* plant.h - mistakes made on purpose, so that a test can show that it sees them.
 *
 * They exist only in the twins of our libraries that tests link (KABAR_PLANTS; tests/plants). In
 * what is installed PLANTED() is the constant false and leaves nothing behind. One is active at a
 * time, chosen before anything else runs.
 */
#ifndef CORE_BASE_PLANT_H
#define CORE_BASE_PLANT_H

#include <stdbool.h>

#define PLANT_LIST(X)                                                                              \
    X(NONE, "none")                                                                                \
    /* core/sync, platform and shells */                                                           \
    X(ACK_BEFORE_COMMIT, "ack-before-commit")                                                      \
    X(RECEIPT_BEFORE_COMMIT, "receipt-before-commit")                                              \
    X(RESUMED_BEFORE_COMMIT, "resumed-before-commit")                                              \
    X(OFFICE_ACK_BEFORE_COMMIT, "office-ack-before-commit")                                        \
    X(SKIP_IGNORED, "skip-ignored")                                                                \
    X(WAKE_FORGOTTEN, "wake-forgotten")                                                            \
    X(PAIR_NOT_COMMITTED, "pair-not-committed")                                                    \
    X(DELETE_BEFORE_RECEIPT, "delete-before-receipt")                                              \
    X(DELETE_ABOVE_BACKUP, "delete-above-backup")                                                  \
    X(NO_CHAIN_CHECK, "no-chain-check")                                                            \
    X(NO_HEAD_CHECK, "no-head-check")                                                              \
    X(HEAD_OF_OTHER_LIFE, "head-of-other-life")                                                    \
    X(SEQ_REUSED, "seq-reused")                                                                    \
    X(WATERMARK_GAP, "watermark-gap")                                                              \
    X(RETRY_IS_FORK, "retry-is-fork")                                                              \
    X(ANY_PREV, "any-prev")                                                                        \
    X(FOREIGN_ACK, "foreign-ack")                                                                  \
    X(WRONG_REGENCY, "wrong-regency")                                                              \
    X(WINDOW_IGNORED, "window-ignored")                                                            \
    X(FORK_DROPPED, "fork-dropped")                                                                \
    X(SECOND_CONNECTION_LOSES, "second-connection-loses")                                          \
    X(NO_SYNC_AFTER_OPEN, "no-sync-after-open")                                                    \
    X(LATCH_IGNORED, "latch-ignored")                                                              \
    X(STORE_NOSYNC, "store-nosync")                                                                \
    X(LIVES_UNCOUNTED, "lives-uncounted")                                                          \
    X(LIFE_LEFT_OUT, "life-left-out")                                                              \
    X(SECOND_UNSEEN, "second-unseen")                                                              \
    X(BACKUP_UNREAD, "backup-unread")                                                              \
    X(ANY_OWNER, "any-owner")                                                                      \
    X(ANY_PROVINCE, "any-province")                                                                \
    X(OBJECT_UNCHECKED, "object-unchecked")                                                        \
    X(OBJECT_UNNAMED, "object-unnamed")                                                            \
    X(OBJECT_NOSYNC, "object-nosync")                                                              \
    X(BUNDLE_UNSIGNED, "bundle-unsigned")                                                          \
    X(BUNDLE_REVOKED, "bundle-revoked")                                                            \
    X(BUNDLE_UNVERIFIED, "bundle-unverified")                                                      \
    X(BUNDLE_OVERTAKES, "bundle-overtakes")                                                        \
    X(KEPT_AS_CAME, "kept-as-came")                                                                \
    X(BUDGET_IGNORED, "budget-ignored")                                                            \
    /* core/cases and the applier */                                                               \
    X(DOCUMENT_TWICE, "document-twice")                                                            \
    X(ONE_SIGNATURE, "one-signature")                                                              \
    X(VIEWS_AHEAD, "views-ahead")                                                                  \
    X(COPY_COUNTED_TWICE, "copy-counted-twice")                                                    \
    X(POISON_SKIPPED, "poison-skipped")                                                            \
    X(DETERMINATION_LATE, "determination-late")                                                    \
    X(ANY_CATALOGUE, "any-catalogue")                                                              \
    X(ANY_NOTE, "any-note")                                                                        \
    X(ANY_STEP, "any-step")                                                                        \
    X(BARRED_ACTS, "barred-acts")                                                                  \
    X(ACCUSED_DECIDES, "accused-decides")                                                          \
    X(EXPIRED_SIGNED, "expired-signed")                                                            \
    X(REPLACED_ACKNOWLEDGED, "replaced-acknowledged")                                              \
    X(EXPIRED_ACKNOWLEDGED, "expired-acknowledged")                                                \
    X(ANY_SANCTION, "any-sanction")                                                                \
    X(OTHER_PERSON, "other-person")                                                                \
    X(NUMBER_IGNORED, "number-ignored")                                                            \
    X(NAMESAKE_ELSEWHERE, "namesake-elsewhere")                                                    \
    X(EITHER_SIDE, "either-side")                                                                  \
    X(OTHER_ACT, "other-act")                                                                      \
    X(CONTRADICTED_PERSON, "contradicted-person")                                                  \
    X(STOOD_TOGETHER, "stood-together")                                                            \
    X(SAME_REPORT, "same-report")                                                                  \
    X(PROVINCE_IGNORED, "province-ignored")                                                        \
    X(UNDATED_ONCE, "undated-once")                                                                \
    X(TWO_INITIALS, "two-initials")                                                                \
    X(KEY_FORGOTTEN, "key-forgotten")                                                              \
    X(ANY_CLOCK, "any-clock")                                                                      \
    X(ZERO_ANY_SCOPE, "zero-any-scope")                                                            \
    X(PART_FORGOTTEN, "part-forgotten")                                                            \
    X(FOREIGN_TARGET, "foreign-target")                                                            \
    X(WITHDRAWN_AMENDED, "withdrawn-amended")                                                      \
    X(PERSONS_MERGED, "persons-merged")                                                            \
    X(NOT_PROVEN_COUNTS, "not-proven-counts")                                                      \
    X(WITHDRAWN_COUNTS, "withdrawn-counts")                                                        \
    X(FILE_UNSEEN, "file-unseen")                                                                  \
    X(FILE_UNKEPT, "file-unkept")                                                                  \
    X(LOOK_UNSAID, "look-unsaid")                                                                  \
    X(CASE_UNMASKED, "case-unmasked")                                                              \
    X(OWN_CASE, "own-case")                                                                        \
    /* the borders (tests/fuzz) */                                                                 \
    X(FIELD_TWICE, "field-twice")                                                                  \
    X(MANY_UNKNOWN, "many-unknown")                                                                \
    X(DENSE_SPAN, "dense-span")                                                                    \
    X(ANY_TEXT, "any-text")                                                                        \
    X(UNSEEN_TEXT, "unseen-text")                                                                  \
    X(ANY_SCHEME, "any-scheme")                                                                    \
    X(ANY_SCOPE, "any-scope")                                                                      \
    X(NEW_STORE, "new-store")                                                                      \
    X(KEYS_TWICE, "keys-twice")                                                                    \
    X(FILE_UNWATCHED, "file-unwatched")                                                            \
    X(EMPTY_JOURNAL, "empty-journal")                                                              \
    X(SHORTER_JOURNAL, "shorter-journal")                                                          \
    X(RECORD_WRAPS, "record-wraps")                                                                \
    X(NAME_UNBOUND, "name-unbound")                                                                \
    /* no mistake of ours, but of whoever wrote an entry: the fold dies at a marked text */        \
    X(CRASH_ON_MARK, "crash-on-mark")

enum plant {
#define PLANT_X(name, text) PLANT_##name,
    PLANT_LIST(PLANT_X)
#undef PLANT_X
        PLANT_COUNT
};

#ifdef KABAR_PLANTS
extern enum plant plant_active;
#define PLANTED(name) (plant_active == PLANT_##name)
const char *plant_name(enum plant plant);
/* False if there is no such plant. */
bool plant_choose(const char *name);
#else
#define PLANTED(name) false
#endif

#endif
