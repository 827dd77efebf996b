/* command_documents.h - arguments of the commands about documents. Private to command_table.c. */
#ifndef CORE_WIRE_COMMAND_DOCUMENTS_H
#define CORE_WIRE_COMMAND_DOCUMENTS_H

#include "core/wire/command_rows.h"

#define ACTING NEED("as", ARGUMENT_TEXT, "id in the ring of the officer who acts, like sri")
#define EXPIRES                                                                                    \
    {                                                                                              \
        .name = "expires", .type = ARGUMENT_DATE, .help = "last day on which it holds"             \
    }
#define RESPOND_BY(about)                                                                          \
    {                                                                                              \
        .name = "respond_by", .type = ARGUMENT_DATE, .help = (about)                               \
    }
static const struct argument inbox_show[] = {
    PLACE("id", ARGUMENT_TEXT, "document id, like 16-2024-000123-7f3a"),
    NEED("name", ARGUMENT_TEXT, "who looks; the province sees that it was shown, and to whom"),
    END,
};
static const struct argument inbox_acknowledge[] = {
    PLACE("id", ARGUMENT_TEXT, "document id, like 16-2024-000123-7f3a"),
    NEED("name", ARGUMENT_TEXT, "who acknowledges"),
    TEXT_ARG("note", "a remark that goes to the province"),
    END,
};
static const struct argument inbox_executed[] = {
    PLACE("id", ARGUMENT_TEXT, "document id of a decision, like 16-2024-000123-7f3a"),
    NEED("name", ARGUMENT_TEXT, "who says that it was carried out"),
    TEXT_ARG("note", "reference, like the number of the register; it goes to the province"),
    END,
};
static const struct argument inbox_answer[] = {
    PLACE("id", ARGUMENT_TEXT, "document id of a question, like 16-2024-000123-7f3a"),
    NEED("name", ARGUMENT_TEXT, "who answers"),
    TEXT_ARG("text", "the answer"),
    FILE_ARG("file", "a text file with the answer, instead of --text"),
    END,
};
static const struct argument recommend[] = {
    PLACE("case", ARGUMENT_TEXT, "short form of case list, or the full name"),
    OFFICER,
    NEED("authority", ARGUMENT_TEXT, "the PPK asked to decide, like \"Bupati Banyuasin\""),
    NEED("sanction", ARGUMENT_TEXT, "code in the catalogue, like BER-BEBAS"),
    NEED("respond_by", ARGUMENT_DATE, "day by which the PPK is asked to decide"),
    NEED("text", ARGUMENT_TEXT, "reasons, in words"),
    TEXT_ARG("legal_basis", "articles it rests on"),
    EXPIRES,
    PASSPHRASE,
    END,
};
static const struct argument decide[] = {
    PLACE("case", ARGUMENT_TEXT, "short form of case list, or the full name"),
    OFFICER,
    NEED("authority", ARGUMENT_TEXT, "the PPK who decided, like \"Bupati Banyuasin\""),
    NEED("number", ARGUMENT_TEXT, "number of the decree"),
    NEED("date", ARGUMENT_DATE, "date of the decree"),
    NEED("scan", ARGUMENT_FILE, "scan of the decree; its SHA-256 goes into the document"),
    NEED("sanction", ARGUMENT_TEXT, "code in the catalogue, like BER-BEBAS"),
    NEED("text", ARGUMENT_TEXT, "what was decided, in words"),
    TEXT_ARG("legal_basis", "articles it rests on"),
    ARG(ARGUMENT_DATE, "respond_by", "day by which it should have been carried out"),
    PASSPHRASE,
    END,
};
static const struct argument advisory_send[] = {
    NEED("to", ARGUMENT_TEXT, "all, or regencies like 16.07,16.03: a document each"),
    OFFICER,
    NEED("text", ARGUMENT_TEXT, "what is advised, in words"),
    RESPOND_BY("day by which it should be acknowledged"),
    EXPIRES,
    TEXT_ARG("legal_basis", "articles it rests on"),
    PASSPHRASE,
    END,
};
static const struct argument question_ask[] = {
    {.name = "case",
     .type = ARGUMENT_TEXT,
     .positional = true,
     .help = "the case it is about; it goes to the regency that employs the subject"},
    TEXT_ARG("to", "a regency like 16.07, for a question about no case"),
    OFFICER,
    NEED("text", ARGUMENT_TEXT, "what is asked"),
    NEED("respond_by", ARGUMENT_DATE, "day by which it is to be answered"),
    EXPIRES,
    PASSPHRASE,
    END,
};
/* What is not given is as in the old one, but for the expiry. */
static const struct argument supersede[] = {
    PLACE("document", ARGUMENT_TEXT, "id of the issued document that is replaced"),
    OFFICER,
    TEXT_ARG("authority", "the PPK"),
    TEXT_ARG("sanction", "code in the catalogue, like BER-BEBAS"),
    TEXT_ARG("text", "in words"),
    TEXT_ARG("legal_basis", "articles it rests on"),
    RESPOND_BY("day by which to answer or decide"),
    TEXT_ARG("number", "number of the decree"),
    {.name = "date", .type = ARGUMENT_DATE, .help = "date of the decree"},
    FILE_ARG("scan", "scan of the decree; its SHA-256 goes into the document"),
    EXPIRES,
    PASSPHRASE,
    END,
};
static const struct argument document_withdraw[] = {
    PLACE("id", ARGUMENT_TEXT, "id of a document that is proposed, and not issued yet"),
    ACTING,
    NEED("reason", ARGUMENT_TEXT, "why, in words"),
    END,
};
static const struct argument approve[] = {
    PLACE("document", ARGUMENT_TEXT, "id of a document that waits for a second signature"),
    OFFICER,
    PASSPHRASE,
    END,
};
static const struct argument document_show[] = {
    PLACE("id", ARGUMENT_TEXT, "document id, like 16-2024-000123-7f3a"),
    END,
};
/* → {"document":HEX,"id":…,"case_version":N}: Document bytes to sign, nothing stored yet. Which
 * fields a type must have is what rules/trust says; `scan` is the SHA-256 of the decree, hex. */
static const struct argument document_draft[] = {
    NEED("type", ARGUMENT_TEXT, "recommendation, decision, advisory or question"),
    TEXT_ARG("case", "for recommendations and decisions; of a question it may be"),
    TEXT_ARG("addressee", "regency, of an advisory also all; where there is no case"),
    TEXT_ARG("authority", "the PPK"),
    TEXT_ARG("sanction", "code in the catalogue, like BER-BEBAS"),
    TEXT_ARG("legal_basis", "articles"),
    TEXT_ARG("text", "in words"),
    ARG(ARGUMENT_DATE, "respond_by", "day"),
    TEXT_ARG("number", "of the decree"),
    ARG(ARGUMENT_DATE, "date", "of the decree"),
    TEXT_ARG("scan", "SHA-256 of the decree's scan, hex"),
    TEXT_ARG("supersedes", "document id"),
    TEXT_ARG("as", "id in the ring of the officer who will sign: what is refused is recorded"),
    EXPIRES,
    END,
};
/* The draft as it was given out and the first signature over document_digest of it.
 * → {"id":…,"state":…}; ERR_STALE when the case has changed since. */
static const struct argument document_propose[] = {
    NEED("document", ARGUMENT_TEXT, "Document bytes, hex"),
    NEED("officer", ARGUMENT_TEXT, "officer's id in the ring"),
    NEED("signature", ARGUMENT_TEXT, "64 bytes, hex"),
    END,
};
/* The second signature, over the bytes that `document show` gives as "document" (hex).
 * → {"id":…,"state":…} */
static const struct argument document_countersign[] = {
    NEED("id", ARGUMENT_TEXT, "document id"),
    NEED("officer", ARGUMENT_TEXT, "officer's id in the ring"),
    NEED("signature", ARGUMENT_TEXT, "64 bytes, hex"),
    END,
};

#endif
