/* user.h - the name of who connected. Private to the door, on the loop's thread. */
#ifndef PLATFORM_DOOR_USER_H
#define PLATFORM_DOOR_USER_H

#include <stdint.h>
#include <sys/types.h>

#define USER_CAPACITY 64u

/* The last one looked up. */
struct user_known {
    uid_t uid;
    uint64_t at_ms;
    char name[USER_CAPACITY]; /* empty: none yet */
};

/* The number when it has no name. Valid until the next call. A name is looked up again after a
 * minute only: that reads files, or asks a directory server, and everything waits for it. */
const char *user_name(struct user_known *known, uid_t uid);

#endif
