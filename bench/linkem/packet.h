/* packet.h - changes to IPv4 packets in flight: another address (NAT), a flipped bit. Pure. */
#ifndef LINKEM_PACKET_H
#define LINKEM_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Source or destination of a packet becomes `address`; the checksums of IP, TCP and UDP follow.
 * Anything that is no whole IPv4 header stays as it is. */
void packet_set_source(uint8_t *packet, size_t bytes, uint32_t address);
void packet_set_destination(uint8_t *packet, size_t bytes, uint32_t address);

/* 0: no IPv4 packet. */
uint32_t packet_destination(const uint8_t *packet, size_t bytes);

/* One bit behind the IP header, chosen by `draw`; checksums stay. */
void packet_corrupt(uint8_t *packet, size_t bytes, uint64_t draw);

#endif
