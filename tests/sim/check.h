/* check.h - the books of somebody who trusts nobody: see check.c. Included by sim.h. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

/* A machine keeps a log. box: SIM_NODES_MAX's machine, or SIM_HUB. */
void check_log(struct sim *sim, uint32_t box, uint32_t peer, uint32_t log,
               const struct incarnation *incarnation);
/* Its writer made an entry visible; it is safe once check_synced says so. */
void check_written(struct sim *sim, uint32_t box, const struct incarnation *incarnation,
                   uint16_t kind, struct bytes body);
void check_signed(struct sim *sim, uint32_t box, const struct incarnation *incarnation,
                  uint64_t last);
void check_stored(struct sim *sim, uint32_t reader, uint32_t peer, const struct entry_id *id,
                  uint16_t kind, struct bytes body);
/* All that the owner of a disk made visible is safe now; or what was not yet is gone. */
void check_synced(struct sim *sim, uint32_t owner);
void check_power_lost(struct sim *sim, uint32_t owner);
/* A reader says to the writer that it has this: ack, receipt, cursor, gap. */
void check_told(struct sim *sim, uint32_t reader, const struct entry_id *id, const struct hash *h);
/* A writer believes it. box: the writer's machine. */
void check_acked(struct sim *sim, uint32_t box, uint32_t peer, const struct ack *ack);
void check_deleted(struct sim *sim, uint32_t box, const struct incarnation *incarnation,
                   uint64_t seq, bool full);
void check_span_sent(struct sim *sim, const struct node *node, uint32_t connection,
                     const struct span_plan *plan, uint64_t last, uint64_t wire_bytes);
/* What is under way in this log arrived out of place, and counts no more. */
void check_window_gap(struct sim *sim, uint32_t box, const struct incarnation *incarnation);
void check_window_acked(struct sim *sim, uint32_t box, const struct ack *ack);
void check_pair_written(struct sim *sim, uint32_t box, const struct session_pair *pair);
void check_pair_sent(struct sim *sim, uint32_t box, const struct session_pair *pair);
void check_resume_heard(struct sim *sim, uint32_t peer, const struct resume *resume);
void check_session_written(struct sim *sim, uint32_t peer, const struct session_pair *pair);
void check_resumed_sent(struct sim *sim, uint32_t peer, const uint8_t next[16]);
void check_sent_to(struct sim *sim, uint32_t peer, uint32_t connection,
                   const struct control *control);
/* A machine reads this office log from now on. */
void check_reads(struct sim *sim, uint32_t box, uint32_t peer,
                 const struct incarnation *incarnation);
/* A log goes on as another, of which this much is copied from behind `after`. */
void check_succeeds(struct sim *sim, uint32_t box, const struct incarnation *next,
                    const struct incarnation *over, const struct entry_id *after, uint64_t copies);
/* What a disk holds now is in a backup; a disk holds what a backup of `from` held. */
void check_backup(struct sim *sim, uint32_t owner);
void check_restored(struct sim *sim, uint32_t to, uint32_t from);
/* Whether the store of this machine is where it was not, and shows it. */
void check_moved(struct sim *sim, uint32_t box, bool moved);
void check_stuck(struct sim *sim, uint32_t box);
void check_was_restored(struct sim *sim);
void check_session_alive(struct sim *sim, uint32_t peer, uint32_t connection);
void check_revoked(struct sim *sim, uint32_t peer);
void check_store_asked(struct sim *sim, uint32_t peer);
/* Before the aggregator judges a span, and after: a fork must not pass in silence. */
void check_hears(struct sim *sim, uint32_t peer, uint32_t connection,
                 const struct span_header *header, const struct span_entry *entries);
void check_judged(struct sim *sim, uint32_t peer);
bool check_drained(const struct sim *sim);
void check_not_drained(struct sim *sim); /* fails, and says which log is not */
void check_end(struct sim *sim);
struct check *check_new(struct sim *sim);

#endif
