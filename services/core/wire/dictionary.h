/* dictionary.h - what a modelled span begins with (span_model.h): rows of typical entries.
 *
 * Dictionary 1 is dictionary_1.rows, built in: 300 reports about invented people. It is part of the
 * format and never changes; another one gets another number. How it was made:
 * bench/micro/dictionary_rows.c.
 */
#ifndef CORE_WIRE_DICTIONARY_H
#define CORE_WIRE_DICTIONARY_H

#include "core/base/bytes.h"

struct bytes dictionary_1(void); /* for ever; rows `kind u16 | length u16 | body` */

#endif
