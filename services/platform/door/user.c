#include "platform/door/user.h"

#include "platform/host/host.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>

#define KNOWN_MS 60000u

const char *user_name(struct user_known *known, uid_t uid)
{
    uint64_t now_ms = host_monotonic_ms();
    struct passwd entry;
    struct passwd *found = NULL;
    char names[1024];
    if (known->name[0] != '\0' && known->uid == uid && now_ms - known->at_ms < KNOWN_MS) {
        return known->name;
    }
    if (getpwuid_r(uid, &entry, names, sizeof names, &found) == 0 && found != NULL) {
        (void)snprintf(known->name, USER_CAPACITY, "%s", entry.pw_name);
    } else {
        (void)snprintf(known->name, USER_CAPACITY, "%" PRIuMAX, (uintmax_t)uid);
    }
    known->uid = uid;
    known->at_ms = now_ms;
    return known->name;
}
