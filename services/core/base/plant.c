#include "core/base/plant.h"

/* Never an empty translation unit. */
_Static_assert(PLANT_COUNT > 1, "there are plants");

#ifdef KABAR_PLANTS
#include <string.h>

enum plant plant_active = PLANT_NONE;

const char *plant_name(enum plant plant)
{
    static const char *const names[] = {
#define PLANT_X(name, text) [PLANT_##name] = text,
        PLANT_LIST(PLANT_X)
#undef PLANT_X
    };
    return names[plant];
}

bool plant_choose(const char *name)
{
    for (int plant = 0; plant < PLANT_COUNT; plant++) {
        if (strcmp(plant_name((enum plant)plant), name) == 0) {
            plant_active = (enum plant)plant;
            return true;
        }
    }
    return false;
}
#endif
