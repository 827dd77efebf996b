/* limits.h - every limit of the system, in one place, with its unit in its name.
 *
 * Sources: DESIGN "Limits"; proto/SPEC.md repeats those that cross the wire. Checked at the door
 * where the thing comes in; full is an answer, not a crash.
 */
#ifndef CORE_BASE_LIMITS_H
#define CORE_BASE_LIMITS_H

#define ENTRY_BYTES_MAX 16384u           /* one entry's body */
#define SIGNED_DOCUMENT_BYTES_MAX 16320u /* so that, handed back, it still fits into an entry */
#define SPAN_WIRE_BYTES_MAX 245760u      /* 240 KiB, header and payload as sent */
#define SPAN_RAW_BYTES_MAX 1048576u      /* 1 MiB, payload decompressed */
#define SPAN_ENTRIES_MAX 4096u
#define FRAME_BYTES_MAX 262144u  /* 256 KiB, ZMQ_MAXMSGSIZE */
#define CONTROL_BYTES_MAX 65536u /* one control message */
#define SUBJECTS_MAX 64u
#define EVIDENCE_MAX 64u
#define OBJECT_BYTES_MAX 67108864u /* 64 MiB */
#define OBJECT_BLOCK_BYTES 65536u
#define OBJECT_BLOCKS_MAX (OBJECT_BYTES_MAX / OBJECT_BLOCK_BYTES)
#define OBJECT_RANGES_MAX 64u /* in one WANT */
#define OBJECT_WRONG_MAX 3u   /* lists or blocks that do not fit, then it is refused */
#define LINE_BYTES_MAX 65536u /* one JSON line at a door */
#define KEY_BYTES_MAX 64u     /* a report's optional key */
#define NAME_BYTES_MAX 256u   /* names of persons, units, positions, accounts */
#define TEXT_BYTES_MAX 8192u  /* description */
#define URL_BYTES_MAX 2048u
#define SHORT_TEXT_BYTES_MAX 512u /* place, candidate, external_ref */
#define REPORTER_BYTES_MAX 1024u  /* name and contact, before padding and sealing */
#define CATALOGUE_PARTS_MAX 16u   /* a catalogue travels in so many entries */
#define CATALOGUE_PART_BYTES_MAX 12288u
#define OFFICERS_MAX 64u
#define SIGNATURES_MAX 4u
#define ENDPOINTS_MAX 8u
#define LOGS_MAX 8u       /* logs one peer sends or receives */
#define LOG_LIVES_MAX 64u /* logs of one lane, one after the other, under one enrolment */
#define SESSION_PAIRS_KEPT 8u
#define VIEWS_LAG_ENTRIES_MAX 65536u
#define NODE_QUEUE_BYTES_MAX 2097152u /* in flight at the aggregator, per node */
#define SESSIONS_MAX 1024u
#define PARSE_DEPTH_MAX 4u
#define PARSE_FIELDS_MAX 4096u
#define PARSE_UNKNOWN_MAX 16u
#define PARSE_ARENA_BYTES 1048576u
#define CLOCK_SKEW_MS_MAX 300000   /* 5 minutes: on time is judged by the node's clock */
#define RECEIPT_INTERVAL_MS 600000 /* at most one receipt a log in 10 minutes */

#endif
