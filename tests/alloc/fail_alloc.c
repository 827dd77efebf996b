#include "alloc/fail_alloc.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What stands behind: the sanitizer's allocator, so that it sees leaks, or the C library's. */
#ifdef __SANITIZE_ADDRESS__
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif
void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *block, size_t size);
void *REAL(memalign)(size_t align, size_t size);
void REAL(free)(void *block);

static atomic_bool armed;
static atomic_size_t asked, failed, fail_at;
static atomic_bool fail_for_ever;
static atomic_long live;

void alloc_arm(size_t n, bool for_ever)
{
    atomic_store(&asked, 0);
    atomic_store(&failed, 0);
    atomic_store(&fail_at, n);
    atomic_store(&fail_for_ever, for_ever);
    atomic_store(&armed, true);
}

size_t alloc_disarm(size_t *ret_failed)
{
    atomic_store(&armed, false);
    if (ret_failed != NULL) {
        *ret_failed = atomic_load(&failed);
    }
    return atomic_load(&asked);
}

long alloc_live(void)
{
    return atomic_load(&live);
}

static bool fails(void)
{
    if (!atomic_load(&armed)) {
        return false;
    }
    size_t number = atomic_fetch_add(&asked, 1) + 1;
    size_t at = atomic_load(&fail_at);
    bool fail = at != 0 && (number == at || (number > at && atomic_load(&fail_for_ever)));
    if (fail) {
        atomic_fetch_add(&failed, 1);
        errno = ENOMEM;
    }
    return fail;
}

static void *counted(void *block)
{
    if (block != NULL) {
        atomic_fetch_add(&live, 1);
    }
    return block;
}

void *malloc(size_t size)
{
    return fails() ? NULL : counted(REAL(malloc)(size));
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(REAL(calloc)(count, size));
}

void *realloc(void *block, size_t size)
{
    if (fails()) {
        return NULL;
    }
    void *grown = REAL(realloc)(block, size);
    if (block == NULL) {
        return counted(grown);
    }
    if (grown == NULL && size == 0) {
        atomic_fetch_sub(&live, 1);
    }
    return grown;
}

void *memalign(size_t align, size_t size)
{
    return fails() ? NULL : counted(REAL(memalign)(align, size));
}

void *aligned_alloc(size_t align, size_t size)
{
    return memalign(align, size);
}

int posix_memalign(void **ret, size_t align, size_t size)
{
    void *block = memalign(align, size);
    if (block == NULL) {
        return ENOMEM;
    }
    *ret = block;
    return 0;
}

void free(void *block)
{
    if (block != NULL) {
        atomic_fetch_sub(&live, 1);
    }
    REAL(free)(block);
}

/* Files that are mapped (LMDB's) are no memory. */
void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
    if ((flags & MAP_ANONYMOUS) != 0 && fails()) {
        return MAP_FAILED;
    }
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): all that syscall gives are numbers */
    return (void *)syscall(SYS_mmap, at, len, protection, flags, fd, offset);
}
