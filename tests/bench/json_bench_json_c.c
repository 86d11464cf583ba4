/* Knows how json-c parses a text, for comparison. */
#include "base/slice.h"
#include <json-c/json.h>

void run_json_c(struct slice text);

void run_json_c(struct slice text)
{
    json_tokener *tokener = json_tokener_new();
    json_object_put(json_tokener_parse_ex(tokener, text.p, (int)text.n));
    json_tokener_free(tokener);
}
