/* plant_env.c - linked into the planted twins of our programs only: the environment says which
 * mistake they make. A name that nobody knows ends the program: a test must not pass by it. */
#include "core/base/plant.h"
#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void plant_from_environment(void)
{
    const char *name = getenv("KABAR_PLANT");
    if (name != NULL && !plant_choose(name)) {
        fprintf(stderr, "there is no plant %s\n", name);
        exit(99);
    }
}
