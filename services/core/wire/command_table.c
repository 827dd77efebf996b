/* The table of commands. Answers of the hidden requests stand as comments at their rows. */
#include "core/wire/command_bundles.h"
#include "core/wire/command_documents.h"
#include "core/wire/command_reports.h"
#include "core/wire/command_rows.h"

static const struct argument none[] = {END};

/* ---- local ---- */

static const struct argument init_aggregator[] = {
    FILE_ARG("dir", "folder to make; keys, settings and stores live in it"),
    NEED("province", ARGUMENT_TEXT, "its code, like 16"),
    NEED("name", ARGUMENT_TEXT, "the office's name, for people"),
    NEED("listen", ARGUMENT_TEXT, "where nodes connect, like tcp://0.0.0.0:7016"),
    END,
};
static const struct argument init_node[] = {
    FILE_ARG("dir", "folder to make; keys, settings and stores live in it"),
    NEED("regency", ARGUMENT_TEXT, "its code, like 16.07"),
    NEED("name", ARGUMENT_TEXT, "the office's name, for people"),
    END,
};
static const struct argument init_officer[] = {
    NEED("id", ARGUMENT_TEXT, "short and unique in the ring, like sri"),
    NEED("name", ARGUMENT_TEXT, "the officer's full name"),
    NEED("scope", ARGUMENT_TEXT, "code of the province or regency, like 16 or 16.07"),
    NEED("out", ARGUMENT_FILE, "key file to make; OUT.pub beside it is the public part"),
    PASSPHRASE,
    END,
};
static const struct argument root_create[] = {
    NEED("out", ARGUMENT_FILE, "key file to make; OUT.pub beside it is the public part"),
    PASSPHRASE,
    END,
};
static const struct argument root_ring[] = {
    NEED("root", ARGUMENT_FILE, "the root's key file"),
    NEED("province", ARGUMENT_FILE, "the province's public keys, province.pub"),
    REPEATED("officer", ARGUMENT_FILE, "public part of an officer's key; one for each"),
    REPEATED("retire", ARGUMENT_TEXT, "id of an officer who signs no more; old signatures hold"),
    REPEATED("revoke", ARGUMENT_TEXT, "id of an officer whose signatures hold no more"),
    NUMBER_ARG("number", "number of the ring (default: the previous one's and 1)"),
    FILE_ARG("previous", "the ring before this one: its officers stay"),
    NEED("out", ARGUMENT_FILE, "ring file to make"),
    PASSPHRASE,
    END,
};
static const struct argument up[] = {
    FILE_ARG("dir", "folder with the aggregator and the nodes to start"),
    END,
};
static const struct argument enrol_request[] = {
    FILE_ARG("dir", "the node's folder"),
    NEED("out", ARGUMENT_FILE, "request file to make; it goes to the province"),
    END,
};
static const struct argument enrol_accept[] = {
    PLACE("card", ARGUMENT_FILE, "the province card made by enrol approve"),
    FILE_ARG("dir", "the node's folder"),
    TEXT_ARG("words", "the eight words the province reads out (default: asked)"),
    END,
};
static const struct argument restore[] = {
    PLACE("file", ARGUMENT_FILE, "the backup made by kabar backup"),
    NEED("config", ARGUMENT_FILE, "settings of the aggregator or node whose store it becomes"),
    ARG(ARGUMENT_FLAG, "replace", "a store that is there is renamed STORE.before-restore-TIME"),
    END,
};
static const struct argument catalogue_check[] = {
    MAY_PLACE("folder", ARGUMENT_FILE,
              "folder with the CSV files (default: the catalogue built into this program)"),
    END,
};
static const struct argument match[] = {
    NEED("reports", ARGUMENT_FILE, "JSON lines as for report submit, in order of arrival"),
    FILE_ARG("out", "where placements go (default: the output)"),
    ARG(ARGUMENT_FLAG, "explain",
        "say for each case judged what was found of each field, and the rule"),
    END,
};
static const struct argument catalogue_load[] = {
    PLACE("folder", ARGUMENT_FILE, "with the CSV files"),
    NEED("root", ARGUMENT_FILE, "the root's key file: it signs the catalogue"),
    PASSPHRASE,
    END,
};
static const struct argument help[] = {
    {.name = "command",
     .type = ARGUMENT_TEXT,
     .positional = true,
     .repeated = true,
     .help = "the command to explain; none: all of them"},
    END,
};

/* ---- either door ---- */

/* Rows while it is made: {"stage":"copying|reading|checking","bytes":N,"entries":N}. */
static const struct argument backup[] = {
    PLACE("file", ARGUMENT_TEXT, "new file, from / on; the daemon writes it, as its own user"),
    END,
};

static const struct argument page[] = {LIST_LIMIT, LIST_AFTER, END};

/* ---- the aggregator's door ---- */

/* Names and numbers as they are; the entry that says who looked and why comes first. */
#define REVEAL                                                                                     \
    ARG(ARGUMENT_FLAG, "reveal", "show persons and words unmasked; --as and --reason are kept"),   \
        TEXT_ARG("as", "with --reveal: id in the ring of the officer who looks"),                  \
        TEXT_ARG("reason", "with --reveal: why, in words")
static const struct argument case_list[] = {
    TEXT_ARG("state", "only cases in this state, like verification"),
    TEXT_ARG("regency", "only of this employing regency, like 16.07"),
    TEXT_ARG("form", "only of this form, like DS-06"),
    LIST_LIMIT,
    LIST_AFTER,
    REVEAL,
    END,
};
static const struct argument case_show[] = {
    PLACE("case", ARGUMENT_TEXT, "short form of case list, or the full name"),
    REVEAL,
    END,
};
#define SEEN NUMBER_ARG("seen", "version of the case that was seen (default: the present one)")
static const struct argument case_assign[] = {
    PLACE("case", ARGUMENT_TEXT, "short form of case list, or the full name"),
    ACTING,
    TEXT_ARG("to", "id of the officer who examines it"),
    TEXT_ARG("authority", "who decides instead, when the PPK is accused or close"),
    REPEATED("bar", ARGUMENT_TEXT,
             "id of an officer who is kept from it: below the subject, or close"),
    TEXT_ARG("leave", "the subject is on unpaid leave: cltn, or none"),
    TEXT_ARG("reason", "why, in words"),
    SEEN,
    END,
};
static const struct argument case_advance[] = {
    PLACE("case", ARGUMENT_TEXT, "short form of case list, or the full name"),
    ACTING,
    NEED("to", ARGUMENT_TEXT, "the state, like verification"),
    TEXT_ARG("code", "of a reroute: not_asn, other_province or other_body"),
    TEXT_ARG("reason", "why, in words; the filing office does not get it"),
    SEEN,
    END,
};
static const struct argument case_merge[] = {
    PLACE("case", ARGUMENT_TEXT, "the case that stays: short form, or the full name"),
    PLACE("other", ARGUMENT_TEXT, "the case that goes up in it"),
    ACTING,
    NEED("reason", ARGUMENT_TEXT, "why, in words"),
    SEEN,
    END,
};
static const struct argument case_split[] = {
    PLACE("case", ARGUMENT_TEXT, "short form of case list, or the full name"),
    ACTING,
    {.name = "report",
     .type = ARGUMENT_TEXT,
     .required = true,
     .repeated = true,
     .help = "INCARNATION-SEQ:SUBJECT as case show has them; these become a case of their own"},
    NEED("reason", ARGUMENT_TEXT, "why, in words"),
    SEEN,
    END,
};
static const struct argument attachment_list[] = {
    PLACE("case", ARGUMENT_TEXT, "short form of case list, or the full name"),
    REVEAL,
    END,
};
/* Rows {"data":HEX}, in order, at most 32 KiB of the file each. → {"size":N} */
static const struct argument attachment_open[] = {
    PLACE("case", ARGUMENT_TEXT, "short form of case list, or the full name"),
    PLACE("hash", ARGUMENT_TEXT, "SHA-256 of the file, as case attachment list shows it"),
    NEED("out", ARGUMENT_FILE, "file to make"),
    NEED("as", ARGUMENT_TEXT, "id in the ring of the officer who looks; it is kept"),
    NEED("reason", ARGUMENT_TEXT, "why, in words; it is kept"),
    END,
};
static const struct argument review_same[] = {
    PLACE("case", ARGUMENT_TEXT, "the case in question"),
    PLACE("candidate", ARGUMENT_TEXT, "the case that it is the same as"),
    ACTING,
    NEED("reason", ARGUMENT_TEXT, "why, in words"),
    SEEN,
    END,
};
static const struct argument review_part[] = {
    PLACE("case", ARGUMENT_TEXT, "the case in question"),
    PLACE("candidate", ARGUMENT_TEXT, "the case that it is not the same as"),
    ACTING,
    NEED("reason", ARGUMENT_TEXT, "why, in words"),
    SEEN,
    END,
};
static const struct argument enrol_approve[] = {
    PLACE("file", ARGUMENT_FILE, "the request made by enrol request"),
    OFFICER,
    NEED("card", ARGUMENT_FILE, "province card to make; it goes to the node"),
    TEXT_ARG("words", "the eight words the node's side reads out (default: asked)"),
    PASSPHRASE,
    END,
};
static const struct argument enrol_revoke[] = {
    PLACE("number", ARGUMENT_NUMBER, "enrolment number, see enrol list"),
    OFFICER,
    NEED("reason", ARGUMENT_TEXT, "why, in words"),
    PASSPHRASE,
    END,
};
static const struct argument journal_dump[] = {
    NUMBER_ARG("from", "first position (default 1)"),
    NUMBER_ARG("limit", "at most so many entries (default: all)"),
    END,
};
static const struct argument stats[] = {
    TEXT_ARG("by", "all, form, position, class, phase, regency or week (default all)"),
    ARG(ARGUMENT_DATE, "from", "first day on which cases were opened"),
    ARG(ARGUMENT_DATE, "until", "last day on which cases were opened"),
    END,
};
static const struct argument completeness[] = {
    ARG(ARGUMENT_DATE, "from", "a day of the first period"),
    ARG(ARGUMENT_DATE, "until",
        "a day of the last period (default: today, and two periods before it)"),
    TEXT_ARG("period", "week or month (default month)"),
    TEXT_ARG("scope", "all, pns, pppk, honorer or village (default all)"),
    ARG(ARGUMENT_FLAG, "claims",
        "list zero reports instead: their age, what contradicts them, what came later"),
    END,
};

/* ---- hidden requests at the aggregator's door; hex is lower-case, two digits a byte ---- */

/* → {"card":HEX,"number":N,"enrolment":HEX}: ProvinceCard, and the Enrolment without a signature,
 * active, in that officer's name. The words are computed by `kabar` from request and card. */
static const struct argument enrol_prepare[] = {
    NEED("request", ARGUMENT_TEXT, "SignedRequest bytes, hex"),
    NEED("officer", ARGUMENT_TEXT, "officer's id in the ring"),
    END,
};
/* → {"number":N,"regency":…} */
static const struct argument enrol_activate[] = {
    NEED("enrolment", ARGUMENT_TEXT, "Enrolment bytes with the signature, hex"),
    END,
};
/* → {"number":N}, once no message of that key is answered any more. */
static const struct argument enrol_revoke_signed[] = {
    NEED("revocation", ARGUMENT_TEXT, "Revocation bytes with the signature, hex"),
    END,
};

/* → {"position":N,"text":…}; the last part's answer is the catalogue's. */
static const struct argument catalogue_part[] = {
    NEED("hash", ARGUMENT_TEXT, "SHA-256 of the packed catalogue, hex"),
    NEED("number", ARGUMENT_NUMBER, "of the catalogue"),
    NEED("part", ARGUMENT_NUMBER, "from 0"),
    NEED("parts", ARGUMENT_NUMBER, "how many there are"),
    NEED("data", ARGUMENT_TEXT, "bytes, hex"),
    NEED("signature", ARGUMENT_TEXT, "the root's, 64 bytes, hex"),
    NEED("note_signature", ARGUMENT_TEXT, "the root's, of the note that nodes get, hex"),
    END,
};

const struct command command_table[] = {
    ROW("init aggregator", COMMAND_LOCAL, "make the folder of an aggregator", init_aggregator),
    ROW("init node", COMMAND_LOCAL, "make the folder of a node", init_node),
    ROW("init officer", COMMAND_LOCAL, "make an officer's key", init_officer),
    ROW("root create", COMMAND_LOCAL, "make the root key; keep it offline", root_create),
    ROW("root ring", COMMAND_LOCAL, "sign a key ring with the root key", root_ring),
    ROW("up", COMMAND_LOCAL, "start the programs of a folder and stay until stopped", up),
    ROW("enrol request", COMMAND_LOCAL, "ask the province to admit this node", enrol_request),
    ROW("enrol accept", COMMAND_LOCAL, "take the province card and compare the words",
        enrol_accept),
    ROW("restore", COMMAND_LOCAL, "make a store out of a backup; the program must not run",
        restore),
    ROW("catalogue check", COMMAND_LOCAL, "read a catalogue as a whole and say what is wrong",
        catalogue_check),
    ROW("match", COMMAND_LOCAL, "put reports into cases, here and without a store", match),
    ROW("help", COMMAND_LOCAL, "explain a command, or list them all", help),
    ROW("version", COMMAND_LOCAL, "show the version", none),

    ROW("report submit", COMMAND_NODE, "hand in reports; one answer a line, once stored",
        report_submit),
    ROW("report list", COMMAND_NODE, "reports of this node, newest first", page),
    ROW("report show", COMMAND_NODE, "one report as it was stored", report_show),
    ROW("report status", COMMAND_NODE, "how far reports have come", report_status),
    ROW("report amend", COMMAND_NODE, "replace what a report says; the first contents are kept",
        report_amend),
    ROW("report withdraw", COMMAND_NODE, "say that a report does not hold any more",
        report_withdraw),
    ROW("report zero", COMMAND_NODE, "state that there is nothing to report", report_zero),
    ROW("inbox list", COMMAND_NODE, "documents from the province", none),
    ROW("inbox show", COMMAND_NODE, "read a document", inbox_show),
    ROW("inbox acknowledge", COMMAND_NODE, "say that a document was taken note of",
        inbox_acknowledge),
    ROW("inbox answer", COMMAND_NODE, "answer a question; a later answer stands beside it",
        inbox_answer),
    ROW("inbox executed", COMMAND_NODE, "say that a decision was carried out", inbox_executed),
    ROW("bundle export", COMMAND_NODE, "what the province lacks, into a file for a stick",
        bundle_export),

    ROW("case list", COMMAND_AGGREGATOR, "cases, newest first", case_list),
    ROW("case show", COMMAND_AGGREGATOR, "a case, its reports and why they were merged", case_show),
    ROW("case assign", COMMAND_AGGREGATOR, "who examines a case, and who must not", case_assign),
    ROW("case advance", COMMAND_AGGREGATOR, "move a case to another state", case_advance),
    ROW("case merge", COMMAND_AGGREGATOR, "put two cases together; the first one stays",
        case_merge),
    ROW("case split", COMMAND_AGGREGATOR, "take reports out of a case; this is remembered",
        case_split),
    ROW("case attachment list", COMMAND_AGGREGATOR,
        "files that a case's reports name: here, pending or never sent", attachment_list),
    ROW("case attachment open", COMMAND_AGGREGATOR,
        "copy a file of a case out of the store; who looked, and why, is recorded",
        attachment_open),
    ROW("review list", COMMAND_AGGREGATOR, "cases that may be the same as others, newest first",
        page),
    ROW("review same", COMMAND_AGGREGATOR, "they are the same: the candidate takes the case in",
        review_same),
    ROW("review part", COMMAND_AGGREGATOR, "they are not the same: not offered again", review_part),
    ROW("recommend", COMMAND_AGGREGATOR,
        "recommend a sanction to the PPK; a second officer "
        "approves",
        recommend),
    ROW("decide", COMMAND_AGGREGATOR, "record the PPK's decree; a second officer approves", decide),
    ROW("approve", COMMAND_AGGREGATOR, "sign a document as its second officer", approve),
    ROW("supersede", COMMAND_AGGREGATOR, "replace an issued document by another one", supersede),
    ROW("advisory send", COMMAND_AGGREGATOR, "send an advisory (himbauan) to all or some nodes",
        advisory_send),
    ROW("advisory show", COMMAND_AGGREGATOR, "an advisory, and who has received and read it",
        document_show),
    ROW("question ask", COMMAND_AGGREGATOR, "ask a regency, about a case or none", question_ask),
    ROW("document withdraw", COMMAND_AGGREGATOR, "end a proposal that is not issued yet",
        document_withdraw),
    ROW("document list", COMMAND_AGGREGATOR, "documents and how far they have come", page),
    ROW("document show", COMMAND_AGGREGATOR, "a document, its signatures and rungs", document_show),
    ROW("catalogue load", COMMAND_AGGREGATOR, "sign a catalogue and put it into force",
        catalogue_load),
    ROW("enrol approve", COMMAND_AGGREGATOR, "make a node's province card and admit it",
        enrol_approve),
    ROW("enrol list", COMMAND_AGGREGATOR, "nodes that are or were admitted", none),
    ROW("enrol revoke", COMMAND_AGGREGATOR, "shut a node out at once", enrol_revoke),
    ROW("stats", COMMAND_AGGREGATOR,
        "cases reported, proven (recommended or beyond), decided, executed", stats),
    ROW("completeness", COMMAND_AGGREGATOR,
        "who reported for a period, on time or not; what silence means", completeness),
    ROW("journal dump", COMMAND_AGGREGATOR, "every entry in order, decoded", journal_dump),

    ROW("status", COMMAND_EITHER, "state of the program, its line and its backlog", none),
    ROW("backup", COMMAND_EITHER, "copy the store while it is used, and read the copy back",
        backup),
    ROW("bundle import", COMMAND_EITHER, "take in a file of bundle export, or the answer to it",
        bundle_import),
    ROW("ping", COMMAND_EITHER, "see whether the program answers", none),

    HIDDEN_AT_NODE("report replace", "what a report says from now on", report_replace),
    HIDDEN_AT_NODE("report files", "files of a report, before it is handed in", report_files),
    HIDDEN_AT_NODE("bundle begin", "what a bundle will hold", bundle_begin),
    HIDDEN_AT_NODE("bundle cut", "a span for a bundle", bundle_cut),
    HIDDEN_AT_NODE("bundle key", "opens the key of an answer", bundle_key),
    HIDDEN_AT_NODE("bundle accept", "a frame of an answer", bundle_take),
    HIDDEN_AT_NODE("bundle answer read", "an answer was read", bundle_read),
    HIDDEN("bundle take", "a frame of a bundle", bundle_take),
    HIDDEN("bundle answer", "what an answer will hold", bundle_answer),
    HIDDEN("bundle office", "a span for an answer", bundle_cut),
    HIDDEN("bundle read", "a bundle was read", bundle_read),
    HIDDEN("document draft", "bytes of a document to sign", document_draft),
    HIDDEN("document propose", "a document with its first signature", document_propose),
    HIDDEN("document countersign", "a second signature", document_countersign),
    HIDDEN("catalogue part", "a piece of a signed catalogue", catalogue_part),
    HIDDEN("enrol prepare", "card and enrolment for a request", enrol_prepare),
    HIDDEN("enrol activate", "a signed enrolment", enrol_activate),
    HIDDEN("enrol revoke signed", "a signed revocation", enrol_revoke_signed),
    {.name = NULL},
};
