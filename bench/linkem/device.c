#include "device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define NET_MASK 0xffffff00U

static struct ifreq named(const char *name)
{
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, name, strlen(name));
    return request;
}

static int set_address(int fd, unsigned long what, uint32_t address)
{
    struct ifreq request = named("line");
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    memcpy(&request.ifr_addr, &in, sizeof in);
    return ioctl(fd, what, &request) == 0 ? 0 : -errno;
}

static int set_up(int fd, const char *name)
{
    struct ifreq request = named(name);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : -errno;
}

/* Its router solicitations would be counted as the programs' bytes. */
static void without_ipv6(void)
{
    int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t written = write(fd, "1", 1);
        (void)written;
        (void)close(fd);
    }
}

static int configure(uint32_t address, uint32_t mtu)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    struct ifreq size = named("line");
    size.ifr_mtu = (int)mtu;
    int rc = ioctl(fd, SIOCSIFMTU, &size) == 0 ? 0 : -errno;
    rc = rc != 0 ? rc : set_address(fd, SIOCSIFADDR, address);
    rc = rc != 0 ? rc : set_address(fd, SIOCSIFNETMASK, NET_MASK);
    rc = rc != 0 ? rc : set_up(fd, "line");
    rc = rc != 0 ? rc : set_up(fd, "lo");
    (void)close(fd);
    return rc;
}

static int make_tun(int *ret)
{
    struct ifreq request = named("line");
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    if (ioctl(fd, TUNSETIFF, &request) != 0) {
        int rc = -errno;
        (void)close(fd);
        return rc;
    }
    *ret = fd;
    return 0;
}

/* Inside the new namespace. */
static int furnish(uint32_t address, uint32_t mtu, struct device *device, const char **ret_what)
{
    *ret_what = "open the namespace";
    device->netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (device->netns < 0) {
        return -errno;
    }
    without_ipv6();
    *ret_what = "make a TUN device";
    int rc = make_tun(&device->tun);
    if (rc != 0) {
        return rc;
    }
    *ret_what = "configure the TUN device";
    return configure(address, mtu);
}

int device_open(uint32_t address, uint32_t mtu, struct device *ret, const char **ret_what)
{
    struct device device = {-1, -1};
    *ret_what = "open the own namespace";
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0) {
        return -errno;
    }
    *ret_what = "make a network namespace";
    int rc = unshare(CLONE_NEWNET) == 0 ? 0 : -errno;
    if (rc == 0) {
        rc = furnish(address, mtu, &device, ret_what);
        if (setns(own, CLONE_NEWNET) != 0 && rc == 0) {
            *ret_what = "go back to the own namespace";
            rc = -errno;
        }
    }
    (void)close(own);
    if (rc != 0) {
        device_close(&device);
        return rc;
    }
    *ret = device;
    return 0;
}

void device_close(struct device *device)
{
    if (device->tun >= 0) {
        (void)close(device->tun);
    }
    if (device->netns >= 0) {
        (void)close(device->netns);
    }
    *device = (struct device){-1, -1};
}
