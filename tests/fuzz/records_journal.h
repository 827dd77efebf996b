/* records_journal.h - the part of target_records.c that reads the aggregator's journal. */
#ifndef TESTS_FUZZ_RECORDS_JOURNAL_H
#define TESTS_FUZZ_RECORDS_JOURNAL_H

#include "core/base/bytes.h"

void take_journal_meta(struct bytes value);
void take_journal_cursor(struct bytes value);
void take_journal_record(struct bytes input);
void take_journal_placed(struct bytes value);
/* The next `len` bytes as a value of a log's entry: its hash of the body put right when there is
 * one, so that a cut is reached. Until the next call. */
struct bytes outlog_value(struct bytes *input, size_t len);

#endif
