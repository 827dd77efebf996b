/* store_reader FOLDER - reads in a store that a daemon has open, past our lock, as LMDB's own tools
 * do, and keeps its place until it is killed. Says "ready". */
#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    if (argc != 2) {
        (void)fputs("usage: store_reader FOLDER\n", stderr);
        return 2;
    }
    int rc = mdb_env_create(&env);
    rc = rc != 0 ? rc : mdb_env_open(env, argv[1], MDB_RDONLY | MDB_NOTLS, 0600);
    rc = rc != 0 ? rc : mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    if (rc != 0) {
        (void)fprintf(stderr, "store_reader: %s\n", mdb_strerror(rc));
        return 1;
    }
    (void)puts("ready");
    (void)fflush(stdout);
    for (;;) {
        (void)pause();
    }
}
