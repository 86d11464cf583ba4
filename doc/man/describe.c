/* describe.c - has the library say what settings and verbs it knows, for the manual pages. */
#include "hub/hub.h"
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <string.h>

/* The schemas are JSON already; names and sentences are plain. */
static int print_verbs(void)
{
    const struct hub_verb *verb;
    putchar('[');
    for (size_t i = 0; (verb = hub_verb_at(i)) != NULL; i++)
        printf("%s\n{\"name\":\"%s\",\"doc\":\"%s\",\"arguments\":%s}", i ? "," : "", verb->name,
               verb->doc, verb->arguments);
    return puts("\n]") < 0;
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "verbs") == 0)
        return print_verbs();
    if (count == 2 && strcmp(arguments[1], "settings") == 0)
        return puts(aigne_config_schema(NULL)) < 0;
    fputs("usage: describe settings|verbs\n", stderr);
    return 2;
}
