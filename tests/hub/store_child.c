/* Knows how to be another process on the same database, for tests that kill it or race with it.
 *
 *     store_child rows PATH PREFIX COUNT   append rows PREFIX0.., one commit each, printing each id
 *     store_child put PATH PREFIX COUNT    put objects (t, PREFIX0).., printing each id
 *     store_child do PATH VERB ARGUMENTS   carry out a verb, printing its reply
 */
#define _POSIX_C_SOURCE 200809L
#include "base/random.h"
#include "hub/hub.h"
#include "hub_providers.h"
#include "store/store.h"
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int complain(const struct fault *why)
{
    (void)fprintf(stderr, "store_child: %s\n", why->text);
    return 1;
}

static bool say(const char *line)
{
    return write(1, line, strlen(line)) == (ssize_t)strlen(line) && write(1, "\n", 1) == 1;
}

static struct usage_row row_of(const char *id)
{
    struct usage_row row = {.id = slice_text(id), .call_id = slice_text(id), .started_ms = 1};
    usage_init(&row.usage);
    return row;
}

static int write_many(bool usage, const char *path, const char *prefix, long count)
{
    struct store *s = NULL;
    struct fault why;
    fault_clear(&why);
    if (store_sqlite.open(slice_text(path), false, &s, &why))
        return complain(&why);
    for (long i = 0; i < count; i++) {
        char id[64];
        (void)snprintf(id, sizeof id, "%s%ld", prefix, i);
        struct usage_row row = row_of(id);
        struct store_op op = {.kind = usage ? STORE_USAGE : STORE_PUT,
                              .table = SLICE("t"),
                              .id = slice_text(id),
                              .body = SLICE("{}"),
                              .expected_version = STORE_ABSENT,
                              .usage = &row};
        if (store_sqlite.apply(s, &op, 1, &why))
            return complain(&why);
        if (!say(id))
            return 1;
    }
    store_sqlite.close(s);
    return 0;
}

static int carry_out(const char *path, const char *verb, const char *arguments)
{
    struct hub *h = NULL;
    struct fault why;
    struct buf json;
    const struct hub_options options = {.data = slice_text(path), .providers = &test_known};
    fault_clear(&why);
    buf_init(&json, 1 << 20);
    if (hub_open(&options, &h, &why) || hub_do(h, verb, slice_text(arguments), &json, &why))
        return complain(&why);
    bool said = say(json.p);
    buf_free(&json);
    hub_drop(h);
    return said ? 0 : 1;
}

int main(int count, char **words)
{
    if (count != 5)
        return 2;
    if (strcmp(words[1], "do") == 0)
        return carry_out(words[2], words[3], words[4]);
    return write_many(strcmp(words[1], "rows") == 0, words[2], words[3],
                      strtol(words[4], NULL, 10));
}
