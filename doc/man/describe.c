/* describe.c - has the library say what settings and verbs it knows, for the manual pages. */
#include "base/buf.h"
#include "hub/hub.h"
#include "hub/policy.h"
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <string.h>

/* What a policy may say stands behind the verbs, as one more that has no arguments. */
static void print_policy(void)
{
    struct buf json;
    buf_init(&json, (size_t)1024 * 1024);
    struct json_writer w = json_writer(&json);
    policy_describe(&w);
    printf(",\n{\"policy\":%.*s}", (int)json.n, json.p);
    buf_free(&json);
}

/* The schemas are JSON already; names and sentences are plain. */
static int print_verbs(void)
{
    const struct hub_verb *verb;
    putchar('[');
    for (size_t i = 0; (verb = hub_verb_at(i)) != NULL; i++)
        printf("%s\n{\"name\":\"%s\",\"doc\":\"%s\",\"arguments\":%s}", i ? "," : "",
               verb->name, verb->doc, verb->arguments);
    print_policy();
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
