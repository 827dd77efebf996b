/* catalogue_note.h - a catalogue on its way to nodes: the note that names it, and what is asked of
 * the bytes before they hold.
 *
 * The note is made from the packed text alone (its name is "catalogue-N"), so that whoever has the
 * text can make it and needs only the root's signature. Nothing here reads or keeps anything.
 */
#ifndef CORE_RULES_CATALOGUE_NOTE_H
#define CORE_RULES_CATALOGUE_NOTE_H

#include "core/rules/catalogue_set.h"
#include "core/wire/entry.h"

#define CATALOGUE_NAME_CAPACITY 24u

/* Without a signature; name is the room for its name. */
void catalogue_note(struct bytes packed, uint32_t number, char name[CATALOGUE_NAME_CAPACITY],
                    struct object_note *ret);

/* Whether these bytes are the catalogue of this hash and number, whole and without a mistake.
 * ERR_VALUE with the first mistake's file, line, column and reason; ERR_NOMEM: the arena is too
 * small (CATALOGUE_ARENA_BYTES and a struct catalogue_problems are enough). */
int catalogue_whole(struct bytes packed, const struct hash *hash, uint32_t number,
                    struct arena *arena, const struct catalogue **ret,
                    struct err_ctx *err) MUST_USE;

#endif
