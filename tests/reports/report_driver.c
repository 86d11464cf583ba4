/* Knows the store's reports by short lines on stdin; refuses to know what is right.
 *
 * "roll NOW" adds up, "archive UNTIL" moves some rows, "check 0" proves accounts, "series NOW JSON", "summary NOW JSON" and "top NOW JSON" ask, "list JSON" lists rows;
 * NOW is milliseconds since 1970. Each is answered by one line. */
#include "base/buf.h"
#include "base/fault.h"
#include "store/store.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct store *store;

static void answer(int rc, struct buf *json, const struct fault *why)
{
    if (rc) {
        struct json_writer w = json_writer(json);
        buf_clear(json);
        json_open_object(&w);
        json_member_text(&w, "failed", why->text);
        json_close_object(&w);
    }
    printf("%.*s\n", (int)json->n, json->n ? json->p : "");
}

static int ask(const char *verb, const char *rest, struct buf *json, struct fault *why)
{
    static const struct {
        const char *name;
        enum usage_report report;
    } reports[] = {{"series", USAGE_SERIES}, {"summary", USAGE_SUMMARY}, {"top", USAGE_TOP}};
    struct usage_question question = {.arguments = SLICE("{}")};
    int read = 0;
    if (strcmp(verb, "list") == 0)
        return store_sqlite.usage_list(store, slice_text(rest), json, why);
    if (sscanf(rest, "%" SCNd64 "%n", &question.now_ms, &read) != 1)
        return AIGNE_E_REQUEST;
    if (strcmp(verb, "roll") == 0) {
        buf_put_text(json, "{}");
        int rc = store_sqlite.roll_up(store, question.now_ms, why);
        return rc == AIGNE_AGAIN ? AIGNE_OK : rc;
    }
    if (strcmp(verb, "archive") == 0) {
        int64_t moved = 0;
        int rc = store_sqlite.archive(store, question.now_ms, false, &moved, why);
        buf_put_int(json, moved);
        return rc;
    }
    if (strcmp(verb, "check") == 0)
        return store_sqlite.money_list(
            store, &(struct money_query){.report = MONEY_CHECK, .page = 1, .page_size = 50},
            json, why);
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
        if (strcmp(verb, reports[i].name) == 0)
            question.report = reports[i].report;
    if (rest[read] == ' ')
        question.arguments = slice_text(rest + read + 1);
    return store_sqlite.usage_report(store, &question, json, why);
}

int main(int argc, char **argv)
{
    static char line[65536];
    char verb[16];
    int read = 0;
    struct fault why;
    fault_clear(&why);
    if (argc != 2 || store_sqlite.open(slice_text(argv[1]), false, &store, &why))
        return 1;
    while (fgets(line, sizeof line, stdin)) {
        struct buf json;
        buf_init(&json, (size_t)64 * 1024 * 1024);
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%15s %n", verb, &read) != 1)
            return 2;
        fault_clear(&why);
        answer(ask(verb, line + read, &json, &why), &json, &why);
        buf_free(&json);
        fflush(stdout);
    }
    store_sqlite.close(store);
    return 0;
}
