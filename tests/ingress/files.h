/* files.h - the files of a case. */
#ifndef AIGNE_TESTS_FILES_H
#define AIGNE_TESTS_FILES_H

#include "base/slice.h"
#include <stdbool.h>

/* The whole file, to be freed; NULL: there is none. */
char *file_load(const char *folder, const char *name, struct slice *out);
bool file_is_there(const char *folder, const char *name);
/* Fails the running test unless the texts are the same. */
void file_same(const char *folder, const char *how, struct slice expected, struct slice text);
/* The same with a file, which is written instead when REPLAY_WRITE is in the environment. */
void file_compare(const char *folder, const char *name, struct slice text);

#endif
