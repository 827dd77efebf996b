/* assert.h - our own mistakes end the process, in every build.
 *
 * Wrong input from outside is an error, never an ASSERT. assert_fail is given by the program (the
 * platform prints one line and aborts); the core itself has no way to print.
 */
#ifndef CORE_BASE_ASSERT_H
#define CORE_BASE_ASSERT_H

_Noreturn void assert_fail(const char *expression, const char *file, int line);

#define ASSERT(expression) ((expression) ? (void)0 : assert_fail(#expression, __FILE__, __LINE__))

#endif
