/* device.h - a network namespace of its own with one TUN device in it. Nobody names the namespace:
 * it goes when linkem and the last program inside end, also after kill -9. Needs root. */
#ifndef LINKEM_DEVICE_H
#define LINKEM_DEVICE_H

#include <stdint.h>

struct device {
    int tun;
    int netns; /* others enter by /proc/PID/fd/netns */
};

/* 0, or a negative errno; ret_what says what failed. The caller is back in its own namespace. */
int device_open(uint32_t address, uint32_t mtu, struct device *ret, const char **ret_what);
void device_close(struct device *device);

#endif
