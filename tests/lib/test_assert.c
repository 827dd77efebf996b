/* What ASSERT does in a test: say where, and end the test program. */
#include "core/base/assert.h"

void assert_fail(const char *expression, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: ASSERT(%s)\n", file, line, expression);
    abort();
}
