/* json_memory.h - memory for jansson that never fails.
 *
 * jansson 2.14 loses bytes of a text, and says nothing, when its buffer cannot grow: a report would
 * be taken that is not what was typed. So a program without memory for it ends, with a line that
 * says so. What was committed stays; what was being read was promised to nobody.
 */
#ifndef PLATFORM_DOOR_JSON_MEMORY_H
#define PLATFORM_DOOR_JSON_MEMORY_H

#include <stdbool.h>

/* Before the first use of jansson. wipe: what it frees is overwritten (reporters' names). */
void json_memory_init(bool wipe);

#endif
