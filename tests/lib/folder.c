#include "lib/folder.h"

#include "lib/cmocka_all.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void folder_open(char to[FOLDER_PATH_CAPACITY])
{
    (void)snprintf(to, FOLDER_PATH_CAPACITY, "/tmp/kabar-test-XXXXXX");
    assert_non_null(mkdtemp(to));
}

static int drop_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

void folder_drop(const char *path)
{
    assert_int_equal(nftw(path, drop_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}
