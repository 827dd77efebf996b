#include "platform/host/host.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS_WANTED 65536u
#define MAPS_MAX 8u /* stores open at a time, and some room */
#define EXIT_IO 74  /* sysexits: input or output failed */

/* Maps that have a name; `end` is 0 while a slot is free or being filled. */
static struct named_map {
    _Atomic uintptr_t begin, end;
    char line[HOST_MAP_TEXT_BYTES + 64];
    size_t len;
} named_maps[MAPS_MAX];
static pthread_mutex_t named_maps_mutex = PTHREAD_MUTEX_INITIALIZER;

int host_map_name(uintptr_t begin, uintptr_t end, const char *text)
{
    int slot = -1;
    (void)pthread_mutex_lock(&named_maps_mutex);
    for (int i = 0; slot < 0 && i < (int)MAPS_MAX; i++) {
        slot = atomic_load(&named_maps[i].end) == 0 ? i : -1;
    }
    if (slot >= 0) {
        struct named_map *map = &named_maps[slot];
        int len = snprintf(map->line, sizeof map->line, "<2>event=sigbus text=\"%.*s\"\n",
                           (int)HOST_MAP_TEXT_BYTES, text);
        map->len = len > 0 ? (size_t)len : 0;
        atomic_store(&map->begin, begin);
        atomic_store(&map->end, end);
    }
    (void)pthread_mutex_unlock(&named_maps_mutex);
    return slot;
}

void host_map_forget(int slot)
{
    if (slot >= 0) {
        atomic_store(&named_maps[slot].end, 0);
    }
}

/* A store's map whose file was cut or whose disk fails ends in SIGBUS; returning would run the same
 * instruction again for ever. Only async-safe calls here. */
static void on_sigbus(int signum, siginfo_t *info, void *context)
{
    static const char line[] = "<2>event=sigbus text=\"a mapped file failed or was cut short\"\n";
    const char *said = line;
    size_t len = sizeof line - 1;
    uintptr_t where = (uintptr_t)info->si_addr;
    (void)signum;
    (void)context;
    for (size_t i = 0; i < MAPS_MAX; i++) {
        if (where >= atomic_load(&named_maps[i].begin) && where < atomic_load(&named_maps[i].end)) {
            said = named_maps[i].line;
            len = named_maps[i].len;
        }
    }
    ssize_t written = write(STDERR_FILENO, said, len);
    (void)written;
    _exit(EXIT_IO);
}

static int set_signals(struct err_ctx *err)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction bus = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
    if (sigaction(SIGPIPE, &ignore, NULL) != 0 || sigaction(SIGBUS, &bus, NULL) != 0) {
        return err_set(err, ERR_IO, "set signal handlers: %s", strerrordesc_np(errno));
    }
    return 0;
}

/* Keys and names are in memory: no core file, and no other process of this user may look in. */
static int forbid_core_dumps(struct err_ctx *err)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return err_set(err, ERR_IO, "forbid core dumps: %s", strerrordesc_np(errno));
    }
    return 0;
}

/* Every connection is a descriptor or two: take what the system lets us have, not what shells give.
 */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_WANTED) {
        limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

uint64_t host_descriptors_max(void)
{
    struct rlimit limit = {0};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

int host_init(struct err_ctx *err)
{
    if (sodium_init() < 0) {
        return err_set(err, ERR_IO, "libsodium does not start");
    }
    (void)umask(077);
    raise_descriptor_limit();
    int rc = set_signals(err);
    return rc != 0 ? rc : forbid_core_dumps(err);
}

static struct timespec clock_now(clockid_t clock)
{
    struct timespec now = {0};
    /* Both clocks exist on every Linux we run on; a failure would be a broken build. */
    if (clock_gettime(clock, &now) != 0) {
        abort();
    }
    return now;
}

uint64_t host_monotonic_us(void)
{
    struct timespec now = clock_now(CLOCK_BOOTTIME);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t host_monotonic_ms(void)
{
    return host_monotonic_us() / 1000u;
}

int64_t host_wall_ms(void)
{
    struct timespec now = clock_now(CLOCK_REALTIME);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void host_random(void *to, size_t len)
{
    randombytes_buf(to, len);
}

void host_machine_id(uint8_t ret[MACHINE_ID_BYTES])
{
    uint8_t *text = NULL;
    size_t len = 0;
    memset(ret, 0, MACHINE_ID_BYTES);
    if (file_read("/etc/machine-id", 256, &text, &len, NULL) != 0) {
        return;
    }
    if (len == 2 * MACHINE_ID_BYTES + 1 && text[len - 1] == '\n') {
        len--;
    }
    if (!hex_decode(ret, MACHINE_ID_BYTES, bytes_of(text, len))) {
        memset(ret, 0, MACHINE_ID_BYTES); /* "uninitialized", at a first boot */
    }
    free(text);
}

int host_thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
    static const int open[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT};
    sigset_t blocked;
    sigset_t before;
    (void)sigfillset(&blocked);
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        (void)sigdelset(&blocked, open[i]);
    }
    (void)pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int cause = pthread_create(thread, NULL, run, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return cause;
}
