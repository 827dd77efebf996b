#include "packet.h"

#define IP_HEADER 20U
#define AT_PROTOCOL 9U
#define AT_CHECKSUM 10U
#define AT_SOURCE 12U
#define AT_DESTINATION 16U
#define TCP 6
#define UDP 17

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static size_t header_bytes(const uint8_t *packet, size_t bytes)
{
    if (bytes < IP_HEADER || packet[0] >> 4 != 4) {
        return 0;
    }
    size_t header = (size_t)(packet[0] & 15U) * 4;
    return header >= IP_HEADER && header <= bytes ? header : 0;
}

/* RFC 1624: HC' = ~(~HC + ~m + m'). */
static void follow(uint8_t *checksum, uint32_t before, uint32_t after)
{
    uint32_t sum = ~get16(checksum) & 0xffffU;
    sum += (~before >> 16) + (~before & 0xffffU) + (after >> 16) + (after & 0xffffU);
    sum = (sum & 0xffffU) + (sum >> 16);
    sum = (sum & 0xffffU) + (sum >> 16);
    put16(checksum, ~sum & 0xffffU);
}

/* Where the checksum lies that covers the addresses too; 0: none in this packet. */
static size_t inner_checksum(const uint8_t *packet, size_t bytes, size_t header)
{
    bool first = (get16(packet + 6) & 0x1fffU) == 0;
    if (!first) {
        return 0;
    }
    if (packet[AT_PROTOCOL] == TCP && bytes >= header + 20) {
        return header + 16;
    }
    if (packet[AT_PROTOCOL] == UDP && bytes >= header + 8 && get16(packet + header + 6) != 0) {
        return header + 6;
    }
    return 0;
}

static void set(uint8_t *packet, size_t bytes, size_t at, uint32_t address)
{
    size_t header = header_bytes(packet, bytes);
    if (header == 0) {
        return;
    }
    uint32_t before = get32(packet + at);
    size_t inner = inner_checksum(packet, bytes, header);
    follow(packet + AT_CHECKSUM, before, address);
    if (inner != 0) {
        follow(packet + inner, before, address);
    }
    put16(packet + at, address >> 16);
    put16(packet + at + 2, address & 0xffffU);
}

void packet_set_source(uint8_t *packet, size_t bytes, uint32_t address)
{
    set(packet, bytes, AT_SOURCE, address);
}

void packet_set_destination(uint8_t *packet, size_t bytes, uint32_t address)
{
    set(packet, bytes, AT_DESTINATION, address);
}

uint32_t packet_destination(const uint8_t *packet, size_t bytes)
{
    return header_bytes(packet, bytes) == 0 ? 0 : get32(packet + AT_DESTINATION);
}

void packet_corrupt(uint8_t *packet, size_t bytes, uint64_t draw)
{
    size_t header = header_bytes(packet, bytes);
    if (header == 0 || header == bytes) {
        return;
    }
    uint64_t bit = draw % ((bytes - header) * 8);
    packet[header + bit / 8] ^= (uint8_t)(1U << bit % 8);
}
