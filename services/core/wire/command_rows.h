/* command_rows.h - how rows of the table of commands are written. Private to command_table.c. */
#ifndef CORE_WIRE_COMMAND_ROWS_H
#define CORE_WIRE_COMMAND_ROWS_H

#include "core/wire/command.h"

#define ARG(kind, text, about)                                                                     \
    {                                                                                              \
        .name = (text), .type = (kind), .help = (about)                                            \
    }
#define TEXT_ARG(text, about) ARG(ARGUMENT_TEXT, text, about)
#define NUMBER_ARG(text, about) ARG(ARGUMENT_NUMBER, text, about)
#define FILE_ARG(text, about) ARG(ARGUMENT_FILE, text, about)
#define NEED(text, kind, about)                                                                    \
    {                                                                                              \
        .name = (text), .type = (kind), .required = true, .help = (about)                          \
    }
#define PLACE(text, kind, about)                                                                   \
    {                                                                                              \
        .name = (text), .type = (kind), .positional = true, .required = true, .help = (about)      \
    }
#define MAY_PLACE(text, kind, about)                                                               \
    {                                                                                              \
        .name = (text), .type = (kind), .positional = true, .help = (about)                        \
    }
#define REPEATED(text, kind, about)                                                                \
    {                                                                                              \
        .name = (text), .type = (kind), .repeated = true, .help = (about)                          \
    }
#define PASSPHRASE FILE_ARG("passphrase_file", "first line is the passphrase (default: asked)")
#define OFFICER NEED("officer", ARGUMENT_FILE, "the officer's key file, made by init officer")
#define END TEXT_ARG(NULL, NULL)
#define LIST_LIMIT NUMBER_ARG("limit", "at most so many rows (default 50)")
#define LIST_AFTER TEXT_ARG("after", "go on after this: \"next\" of the last answer")

#define ROW(words, where, about, list)                                                             \
    {                                                                                              \
        .name = (words), .place = (where), .help = (about), .arguments = (list)                    \
    }
#define HIDDEN_AT_NODE(words, about, list)                                                         \
    {                                                                                              \
        .name = (words), .place = COMMAND_NODE, .help = (about), .arguments = (list),              \
        .hidden = true                                                                             \
    }
#define HIDDEN(words, about, list)                                                                 \
    {                                                                                              \
        .name = (words), .place = COMMAND_AGGREGATOR, .help = (about), .arguments = (list),        \
        .hidden = true                                                                             \
    }

#endif
