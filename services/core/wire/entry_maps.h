/* entry_maps.h - the tables that more than one file of this room needs. Private to core/wire. */
#ifndef CORE_WIRE_ENTRY_MAPS_H
#define CORE_WIRE_ENTRY_MAPS_H

#include "core/wire/message_map.h"

/* Codes, ids and versions: longer ones are nobody's. */
#define CODE_BYTES_MAX NAME_BYTES_MAX

extern const struct message_map entry_id_map; /* struct entry_id */
extern const struct message_map officer_signature_map;
extern const struct message_map signed_document_map; /* also the `propose` of an act */

#endif
