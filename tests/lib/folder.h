/* A folder of its own for one test, and everything in it gone afterwards. */
#ifndef LIB_FOLDER_H
#define LIB_FOLDER_H

#define FOLDER_PATH_CAPACITY 64u

/* Short enough that a UNIX socket fits below it; fails the test when it cannot be made. */
void folder_open(char to[FOLDER_PATH_CAPACITY]);
void folder_drop(const char *path);

#endif
