/* hub_test.h - what the tests of hub, store and vault share. */
#ifndef AIGNE_TESTS_HUB_TEST_H
#define AIGNE_TESTS_HUB_TEST_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/mem.h"
#include "hub/hub.h"
#include "hub_providers.h"
#include "store/store.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A folder of its own for this test program, and a path in it. Valid for the next fifteen calls. */
const char *test_path(const char *name);
void test_folder_remove(void);
size_t test_folder_files(void);

/* Whether the bytes occur in the file; a file that is not there has none. */
bool file_contains(const char *path, const char *text);

/* A hub on a file of the test folder, or in memory. */
struct hub *open_hub(const char *data);

/* Carry out a verb; the reply (or, when it fails, the fault's text) stays until the next call. */
int verb(struct hub *h, const char *name, const char *arguments);
const char *verb_reply_text(void);
const struct fault *verb_fault(void);
/* The verb must succeed; gives the reply. */
const char *verb_ok(struct hub *h, const char *name, const char *arguments);
/* The verb must be refused with this code and status, in words that contain `words`. */
void verb_fails(struct hub *h, const char *name, const char *arguments, int code, int http,
                const char *words);
/* A text member ("id", "list.0.id" is not understood) of the last reply, copied into `out`. */
void reply_member(const char *name, char *out, size_t size);

/* A row that a test may change; texts are literals. */
struct usage_row sample_row(const char *id);

#endif
