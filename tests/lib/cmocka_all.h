/* cmocka wants these before it, in this order. */
#ifndef LIB_CMOCKA_ALL_H
#define LIB_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
