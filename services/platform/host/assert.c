/* Alone in its object, so that a program with an assert_fail of its own (tests/lib) never pulls it.
 */
#include "core/base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void assert_fail(const char *expression, const char *file, int line)
{
    (void)fprintf(stderr, "<2>event=assert_failed at=%s:%d expression=\"%s\"\n", file, line,
                  expression);
    abort();
}
