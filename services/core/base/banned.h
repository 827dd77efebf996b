/* banned.h - functions nobody may call; force-included into every one of our C files.
 *
 * The headers that declare them come first, so that only our own use is an error. What a macro
 * cannot poison (time) is caught by tests/lint, which reads the object files.
 */
#ifndef CORE_BASE_BANNED_H
#define CORE_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With _FORTIFY_SOURCE and clang, glibc makes macros of these, which cannot be poisoned. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets
#pragma GCC poison atoi atol atoll atof rand srand

#endif
