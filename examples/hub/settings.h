/* settings.h - what can be set, and where from: a flag, the environment, a file, a default. */
#ifndef HUB_SETTINGS_H
#define HUB_SETTINGS_H

#include <aignehub/aignehub.h>
#include <stdbool.h>
#include <stdint.h>

enum command { COMMAND_SERVE = 1, COMMAND_DO = 2, COMMAND_KEY = 4, COMMAND_CHAT = 8 };

/* Who a setting is for, besides the program itself. */
enum target { FOR_PROGRAM = 0, FOR_HUB = 1, FOR_MODEL = 2 };

enum { SETTINGS_MAX = 48, WORDS_MAX = 8 };

struct settings {
    enum command command;
    const char *value[SETTINGS_MAX]; /* by row of the table; NULL: not set, and no default */
    bool by_flag[SETTINGS_MAX];      /* set on the command line */
    const char *word[WORDS_MAX];     /* what is not a flag, in order */
    int words;
    char *file;   /* the settings file, which values may point into */
    char *prices; /* the path of the list that came with the program; the same */
};

/* Read flags, environment and file. 0, or an exit code after saying what is wrong. */
int settings_read(struct settings *s, enum command command, int count, char **arguments);
void settings_free(struct settings *s);

const char *settings_text(const struct settings *s, const char *name);
int64_t settings_number(const struct settings *s, const char *name, int64_t otherwise);
bool settings_on(const struct settings *s, const char *name);
bool settings_by_flag(const struct settings *s, const char *name);

/* The library's share: a configuration for aigne_hub_open or aigne_model_open. 0 or an exit code. */
int settings_config(const struct settings *s, enum target target, aigne_config **out);

/* The table as it concerns one command, for --help. */
void settings_print(enum command command);

#endif
