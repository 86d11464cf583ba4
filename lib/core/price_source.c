/* Knows how a list of prices is read from a file or an address; refuses to know what is in it. */
#define _POSIX_C_SOURCE 200809L
#include "core/price_source.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/fetch.h"
#include "hub/events.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LIST_LARGEST = 15 * 1024 * 1024, PIECE = 4096, LIST_MS = 60000 };

enum { SOURCE, BODY, FILE_PATH, URL, MEMBERS };
static const char *const names[MEMBERS] = {"source", "body", "file", "url"};

bool price_source_wanted(const char *verb)
{
    return strncmp(verb, "catalog.", 8) == 0;
}

static void close_file(const int *file)
{
    if (*file >= 0)
        close(*file);
}

static int read_file(const char *path, struct buf *out, struct fault *why)
{
    char piece[PIECE];
    ssize_t n = 0;
    int file AUTO(close_file) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (file >= 0 && (n = read(file, piece, sizeof piece)) > 0)
        buf_put(out, piece, (size_t)n);
    if (file < 0 || n < 0)
        return fault_field(
            why, AIGNE_E_REQUEST, "file",
            "The list \"%.200s\" cannot be read: name one that is there (for the "
            "shipped one, setting priceList).",
            path);
    return AIGNE_OK;
}

static int read_url(struct aigne_hub *h, struct slice url, struct buf *out, struct fault *why)
{
    struct http_request request = {.method = "GET", .url = url};
    struct reach reach = h->reach;
    struct aigne_loop *loop = NULL;
    struct fetched got AUTO(fetched_free);
    fetched_init(&got);
    reach.limits.total_ms = LIST_MS; /* other verbs wait meanwhile */
    int rc = loop_pool_take(&h->pool, &loop, why);
    if (rc < 0)
        return rc;
    rc = fetch(loop, &reach, &request, &got, why);
    loop_pool_give(&h->pool, loop);
    if (rc >= 0 && got.status != 200)
        rc = fault_field(why, AIGNE_E_REQUEST, "url",
                         "The list was answered with HTTP status %d; redirections are not "
                         "followed.",
                         got.status);
    if (rc >= 0)
        buf_put_slice(out, buf_slice(&got.body));
    return rc;
}

static int check(const struct buf *list, struct fault *why)
{
    struct json_problem problem;
    if (buf_rc(list) == AIGNE_E_NOMEM)
        return fault_nomem(why);
    if (buf_rc(list))
        return fault_field(why, AIGNE_E_REQUEST, "body", "The list is longer than %d bytes.",
                           LIST_LARGEST);
    if (json_check(buf_slice(list), &problem))
        return fault_field(why, AIGNE_E_REQUEST, "body",
                           "The list is not JSON: at byte %zu %s was expected.", problem.offset,
                           problem.what);
    return AIGNE_OK;
}

/* Everything that was said, and the list. */
static int join(struct json arguments, const struct buf *list, struct buf *out,
                struct fault *why)
{
    struct json_walk w = json_walk(arguments);
    BUF_LITERAL(out, "{\"body\":");
    buf_put_slice(out, slice_trim(buf_slice(list)));
    while (json_next(&w)) {
        BUF_LITERAL(out, ",\"");
        buf_put_slice(out, w.key);
        BUF_LITERAL(out, "\":");
        buf_put_slice(out, w.value.raw);
    }
    BUF_LITERAL(out, "}");
    return buf_rc(out) ? fault_nomem(why) : AIGNE_OK;
}

int price_source_fill(struct aigne_hub *h, struct slice arguments, struct buf *out,
                      struct fault *why)
{
    struct json v[MEMBERS];
    struct json_problem problem;
    struct buf list AUTO(buf_free);
    struct buf where AUTO(buf_free);
    buf_init(&list, LIST_LARGEST);
    buf_init(&where, PIECE);
    if (json_check(arguments, &problem)) /* the verb says so itself */
        return AIGNE_OK;
    json_pick(json_of(arguments), names, MEMBERS, v);
    bool shipped = json_string_is(v[SOURCE], "shipped");
    bool file = !shipped && json_string_into(v[FILE_PATH], &where);
    bool url = !shipped && !file && json_string_into(v[URL], &where);
    if (json_present(v[BODY]) || (!shipped && !file && !url))
        return AIGNE_OK;
    int rc = shipped ? read_file(h->price_list, &list, why)
             : file  ? read_file(where.p ? where.p : "", &list, why)
                     : read_url(h, buf_slice(&where), &list, why);
    if (rc >= 0)
        rc = check(&list, why);
    if (rc >= 0)
        rc = join(json_of(arguments), &list, out, why);
    if (rc < 0 && !why->http)
        why->http = 400;
    return rc;
}

bool price_source_dry(struct slice arguments)
{
    struct json_problem problem;
    bool dry = false;
    return json_check(arguments, &problem) == 0 &&
           json_bool(json_get(json_of(arguments), "dryRun"), &dry) && dry;
}

/* Or is it about something else that was asked for? */
static bool about_list(const struct fault *why)
{
    bool about = !why->param[0];
    for (int i = 0; i < MEMBERS; i++)
        about = about || strcmp(why->param, names[i]) == 0;
    return about;
}

static void add_event(struct aigne_hub *h, const char *verb, const char *state,
                      const char *reason)
{
    struct hub_event e = {.kind = "prices", .state = state, .wait_ms = -1};
    FAULT_COPY(e.reason, slice_text(reason));
    events_add(hub_events(h->hub), &e, SLICE(""), slice_text(verb));
}

/* What the list says of the rates. */
static void tell_alarm(struct aigne_hub *h, const char *verb, struct json reply)
{
    char reason[160];
    bool alarm = false;
    int64_t below = 0;
    int64_t drifted = 0;
    if (!json_bool(json_get(reply, "alarm"), &alarm) || !alarm)
        return;
    (void)json_int64(json_get(reply, "belowCost"), &below);
    (void)json_int64(json_get(reply, "drifted"), &drifted);
    (void)snprintf(reason, sizeof reason,
                   "%lld rates are below cost, the costs of %lld are not those of the list any "
                   "more",
                   (long long)below, (long long)drifted);
    log_line(LOG_WARNING, "prices", "%s", reason);
    add_event(h, verb, "alarm", reason);
}

void price_source_tell(struct aigne_hub *h, const char *verb, bool filled, int rc,
                       struct slice reply, const struct fault *why)
{
    if (rc < 0 && about_list(why)) {
        log_line(LOG_WARNING, "prices", "the list was not taken: %s", why->text);
        add_event(h, verb, "failed", why->text);
    }
    if (rc < 0)
        return;
    if (filled)
        add_event(h, verb, "taken", "");
    tell_alarm(h, verb, json_of(reply));
}
