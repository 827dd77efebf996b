/* command_reports.h - arguments of the commands about reports. Private to command_table.c. */
#ifndef CORE_WIRE_COMMAND_REPORTS_H
#define CORE_WIRE_COMMAND_REPORTS_H

#include "core/wire/command_rows.h"

/* A streaming request: the lines of the file follow it, the file's name stays behind. */
static const struct argument report_submit[] = {
    PLACE("file", ARGUMENT_FILE, "JSON Lines, one report each; - is standard input"),
    END,
};
/* A streaming request: one report as for report submit, each evidence with a path and with sha256
 * and size filled in; nothing is taken of it but files. Rows {"want":HASH}: that file is to follow,
 * all of it, in lines of hex, at most 32 KiB of the file each. → {"files":N}, once they are kept;
 * of a report that would be refused none is wanted. */
static const struct argument report_files[] = {END};
static const struct argument report_show[] = {
    PLACE("id", ARGUMENT_TEXT, "INCARNATION-SEQ as report list shows it, or the report's key"),
    END,
};
static const struct argument report_status[] = {
    MAY_PLACE("id", ARGUMENT_TEXT, "one report (default: all that wait or were answered)"),
    END,
};
#define REPORT_ID                                                                                  \
    PLACE("id", ARGUMENT_TEXT, "INCARNATION-SEQ as report list shows it, or the report's key")
static const struct argument report_amend[] = {
    REPORT_ID,
    PLACE("file", ARGUMENT_FILE,
          "the whole report as it is to read now, JSON; - is standard input"),
    TEXT_ARG("reason", "why, in words"),
    END,
};
/* → as report amend: one line of a report, complete. */
static const struct argument report_replace[] = {
    REPORT_ID,
    NEED("line", ARGUMENT_TEXT, "the report, JSON"),
    TEXT_ARG("reason", "why, in words"),
    END,
};
static const struct argument report_withdraw[] = {
    REPORT_ID,
    NEED("reason", ARGUMENT_TEXT, "why, in words"),
    END,
};
static const struct argument report_zero[] = {
    NEED("from", ARGUMENT_DATE, "first day"),
    NEED("until", ARGUMENT_DATE, "last day"),
    NEED("scope", ARGUMENT_TEXT, "all, pns, pppk, honorer or village"),
    NEED("name", ARGUMENT_TEXT, "who states that there is nothing to report"),
    END,
};

#endif
