/* settings.h - the bag of named settings behind aigne_config. */
#ifndef AIGNE_CORE_SETTINGS_H
#define AIGNE_CORE_SETTINGS_H

#include "base/fault.h"
#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

enum setting_id {
#define SETTING(identifier, name, alias, kind, fallback, min, max, secret, used_by, doc)       \
    SETTING_##identifier,
#include "core/settings.def"
    SETTING_COUNT
};

struct setting_value {
    bool set;
    char *text; /* TEXT: owned, NUL-terminated */
    size_t size;
    int64_t number; /* INT and BOOL */
};

struct aigne_config {
    unsigned magic;
    struct setting_value values[SETTING_COUNT];
};

void settings_init(struct aigne_config *c);
void settings_free(struct aigne_config *c); /* wipes the secret ones */
/* An unknown name or a value of the wrong kind is AIGNE_E_CONFIG; the sentence names the nearest known
 * name or what is allowed. Numbers and booleans may come as text. */
int settings_set(struct aigne_config *c, struct slice name, struct slice value,
                 struct fault *why);
int settings_set_int(struct aigne_config *c, struct slice name, int64_t value,
                     struct fault *why);
int settings_set_json(struct aigne_config *c, struct slice json, struct fault *why);

struct slice settings_text(const struct aigne_config *c,
                           enum setting_id id); /* .p NULL: not set */
int64_t settings_int(const struct aigne_config *c, enum setting_id id);
bool settings_bool(const struct aigne_config *c, enum setting_id id);
extern const char *const settings_schema; /* JSON Schema of the whole bag */
extern const size_t settings_schema_size;

#endif
