/* IPv4 packets with another address keep right checksums; a flipped bit leaves them wrong. */
#include "lib/cmocka_all.h"
#include "packet.h"

#include <string.h>

#define OTHER 0x0a4d4d0bU

/* 10.77.77.1 to 10.77.77.2, "hi!" from port 7 to 9. */
static const uint8_t udp[] = {0x45, 0,  0,  31, 0, 1, 0, 0, 64, 17, 0, 0, 10,  77,  77, 1,
                              10,   77, 77, 2,  0, 7, 0, 9, 0,  11, 0, 0, 'h', 'i', '!'};

/* RFC 1071, over `bytes` and `start`. */
static uint32_t sum(const uint8_t *at, size_t bytes, uint32_t start)
{
    uint32_t total = start;
    for (size_t i = 0; i < bytes; i++) {
        total += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
    }
    while (total >> 16 != 0) {
        total = (total & 0xffff) + (total >> 16);
    }
    return total;
}

/* 0xffff: right. */
static uint32_t header_sum(const uint8_t *packet)
{
    return sum(packet, 20, 0);
}

static uint32_t body_sum(const uint8_t *packet)
{
    return sum(packet + 12, 8, sum(packet + 20, sizeof udp - 20, 17 + sizeof udp - 20));
}

static void fill(uint8_t *at, uint32_t value)
{
    value = ~value & 0xffff;
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void make(uint8_t *packet)
{
    memcpy(packet, udp, sizeof udp);
    fill(packet + 10, header_sum(packet));
    fill(packet + 26, body_sum(packet));
    assert_int_equal(header_sum(packet), 0xffff);
    assert_int_equal(body_sum(packet), 0xffff);
}

static void another_address_has_right_checksums(void **state)
{
    (void)state;
    uint8_t packet[sizeof udp];
    make(packet);
    packet_set_source(packet, sizeof packet, OTHER);
    assert_int_equal(packet[15], 11);
    packet_set_destination(packet, sizeof packet, OTHER + 1);
    assert_true(packet_destination(packet, sizeof packet) == OTHER + 1);
    assert_int_equal(header_sum(packet), 0xffff);
    assert_int_equal(body_sum(packet), 0xffff);
}

static void a_flipped_bit_shows_in_the_checksum(void **state)
{
    (void)state;
    for (uint64_t draw = 0; draw < 200; draw++) {
        uint8_t packet[sizeof udp];
        make(packet);
        packet_corrupt(packet, sizeof packet, draw);
        assert_int_equal(header_sum(packet), 0xffff);
        assert_int_not_equal(body_sum(packet), 0xffff);
    }
}

static void what_is_no_packet_stays_as_it_is(void **state)
{
    (void)state;
    uint8_t packet[sizeof udp];
    make(packet);
    packet[0] = 0x65; /* version 6 */
    uint8_t before[sizeof udp];
    memcpy(before, packet, sizeof packet);
    packet_set_source(packet, sizeof packet, OTHER);
    packet_corrupt(packet, sizeof packet, 3);
    assert_memory_equal(packet, before, sizeof packet);
    assert_true(packet_destination(packet, sizeof packet) == 0);
    packet[0] = 0x4f; /* a header longer than the packet */
    packet_set_source(packet, sizeof packet, OTHER);
    assert_memory_equal(packet + 1, before + 1, sizeof packet - 1);
    packet[0] = 0x45;
    packet_set_source(packet, 19, OTHER);
    assert_memory_equal(packet + 1, before + 1, sizeof packet - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_address_has_right_checksums),
        cmocka_unit_test(a_flipped_bit_shows_in_the_checksum),
        cmocka_unit_test(what_is_no_packet_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
