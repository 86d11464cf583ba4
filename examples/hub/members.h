/* members.h - the members of one flat JSON object. */
#ifndef HUB_MEMBERS_H
#define HUB_MEMBERS_H

#include <stdbool.h>

/* The text between `at` and `end`, which members_next rewrites as it decodes. */
struct members {
    char *at;
    char *end;
    bool begun;
    bool quoted; /* the last value was a string */
};

/* The next member's name and value as texts ended by a NUL: 1, 0 at the end of the object, or -1 when
 * it is not a flat object of strings, whole numbers, true and false. */
int members_next(struct members *m, char **name, char **value);

#endif
