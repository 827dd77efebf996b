/* prescan.h - look at protobuf bytes before protobuf-c does: depth, field count, unknown fields.
 *
 * protobuf-c has no recursion limit and turns 2-byte fields into 76 times their size; so nothing
 * reaches it that this has not walked, without recursion. Groups, field number 0, wrong wire
 * types for known fields, varints over 10 bytes and lengths past the end are malformed.
 */
#ifndef CORE_WIRE_PRESCAN_H
#define CORE_WIRE_PRESCAN_H

#include "core/base/bytes.h"
#include "core/base/error.h"

#include <protobuf-c/protobuf-c.h>

/* Limits: PARSE_DEPTH_MAX, PARSE_FIELDS_MAX, PARSE_UNKNOWN_MAX. A singular field that occurs twice
 * is refused (ERR_FORMAT): two readers could differ on which one counts. */
int prescan(const ProtobufCMessageDescriptor *descriptor, struct bytes message,
            struct err_ctx *err) MUST_USE;

#endif
