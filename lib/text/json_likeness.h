/* json_likeness.h - seeing at a glance that a JSON text says the same as an earlier one but for one
 * piece of text, as the chunks of a stream do. Both texts are compared, none is parsed. */
#ifndef AIGNE_TEXT_JSON_LIKENESS_H
#define AIGNE_TEXT_JSON_LIKENESS_H

#include "base/arena.h"
#include "base/slice.h"
#include <stdbool.h>

struct json_likeness {
    struct slice sample; /* a checked text; .p NULL: none yet */
    size_t at;           /* where in it the string that may differ has its content */
    size_t size;
};

/* Keep a copy of `text`, checked JSON, in `a`. `inside` is a part of it: the content of a string that has
 * no escapes. Texts too long to be worth it, and lack of memory, leave no sample. */
void json_likeness_learn(struct json_likeness *l, struct slice text, struct slice inside,
                         struct arena *a);
/* True: `text` is valid JSON and equals the sample but for that string, whose content here, without
 * escapes as well, is `content`. */
bool json_likeness_see(const struct json_likeness *l, struct slice text, struct slice *content);

/* True: where `text` differs from the checked `sample` it is plain UTF-8 without quotes or escapes, so that
 * what differs is one value or a part of it, of the same kind. */
bool json_differ_in_value(struct slice sample, struct slice text);

#endif
