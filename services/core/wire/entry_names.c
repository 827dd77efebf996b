/* Words for the numbers of kinds, lanes, rungs, types and codes. */
#include "core/wire/entry.h"

#define COUNT_OF(names) (sizeof(names) / sizeof((names)[0]))

static const char *name_of(const char *const *names, size_t count, unsigned number)
{
    return number < count && names[number] != NULL ? names[number] : "unknown";
}

const char *entry_kind_name(uint16_t kind)
{
    static const char *const names[] = {
        [ENTRY_GENESIS] = "genesis",
        [ENTRY_REPORT] = "report",
        [ENTRY_ZERO] = "zero",
        [ENTRY_AMENDMENT] = "amendment",
        [ENTRY_WITHDRAWAL] = "withdrawal",
        [ENTRY_RUNG] = "rung",
        [ENTRY_ANSWER] = "answer",
        [ENTRY_RETURNED] = "returned",
        [ENTRY_DOCUMENT] = "document",
        [ENTRY_STATUS] = "status",
        [ENTRY_REFUSAL] = "refusal",
        [ENTRY_RING] = "ring",
        [ENTRY_OBJECT] = "object",
        [ENTRY_ENROLMENT] = "enrolment",
        [ENTRY_REVOCATION] = "revocation",
        [ENTRY_PLACEMENT] = "placement",
        [ENTRY_ACT] = "act",
        [ENTRY_REJECTED] = "rejected",
        [ENTRY_CATALOGUE] = "catalogue",
    };
    return name_of(names, COUNT_OF(names), kind);
}

const char *object_purpose_name(enum object_purpose purpose)
{
    static const char *const names[] = {
        [OBJECT_CATALOGUE] = "catalogue",
        [OBJECT_DICTIONARY] = "dictionary",
        [OBJECT_FILE] = "file",
    };
    return name_of(names, COUNT_OF(names), (unsigned)purpose);
}

const char *const leave_names[LEAVE_COUNT] = {NULL, "none", "cltn"};

const char *lane_name(enum lane lane)
{
    static const char *const names[] = {
        [LANE_URGENT] = "urgent",
        [LANE_ROUTINE] = "routine",
        [LANE_OFFICE] = "office",
        [LANE_JOURNAL] = "journal",
    };
    return name_of(names, COUNT_OF(names), (unsigned)lane);
}

const char *rung_name(enum rung_kind rung)
{
    static const char *const names[] = {
        [RUNG_KIND_STORED] = "stored",     [RUNG_KIND_VERIFIED] = "verified",
        [RUNG_KIND_SHOWN] = "shown",       [RUNG_KIND_ACKNOWLEDGED] = "acknowledged",
        [RUNG_KIND_EXECUTED] = "executed",
    };
    return name_of(names, COUNT_OF(names), (unsigned)rung);
}

const char *document_type_name(enum document_type type)
{
    static const char *const names[] = {
        [DOCUMENT_TYPE_RECOMMENDATION] = "recommendation",
        [DOCUMENT_TYPE_DECISION] = "decision",
        [DOCUMENT_TYPE_ADVISORY] = "advisory",
        [DOCUMENT_TYPE_QUESTION] = "question",
    };
    return name_of(names, COUNT_OF(names), (unsigned)type);
}

const char *placement_outcome_name(enum placement_outcome outcome)
{
    static const char *const names[] = {
        [PLACEMENT_NEW] = "new",
        [PLACEMENT_MERGED] = "merged",
        [PLACEMENT_REVIEW] = "review",
        [PLACEMENT_REROUTED] = "rerouted",
    };
    return name_of(names, COUNT_OF(names), (unsigned)outcome);
}

const char *const channel_names[] = {
    NULL, "bawaslu", "citizen", "inspectorate", "media", "lapor", "referral", "own_finding",
};
const char *const employment_names[] = {
    NULL, "pns", "pppk", "honorer", "kades", "village_staff", "unknown",
};
const char *const scope_names[] = {NULL, "all", "pns", "pppk", "honorer", "village"};

_Static_assert(COUNT_OF(channel_names) == CHANNEL_COUNT, "entry.h counts the channels");
_Static_assert(COUNT_OF(employment_names) == EMPLOYMENT_COUNT, "entry.h counts employments");
_Static_assert(COUNT_OF(scope_names) == SCOPE_COUNT, "entry.h counts the scopes");
