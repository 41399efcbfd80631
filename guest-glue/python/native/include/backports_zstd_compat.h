/* Stands in for the header of this name in the source of `_zstd`, which adapts older Pythons. */
#include "Python.h"
