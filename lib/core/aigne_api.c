/* Knows which of AIGNE Hub's pages a path means and how a page asks the verbs; refuses to know what any page
 * shows. */
#include "core/aigne_api.h"
#include "base/limits.h"
#include "base/mem.h"
#include "core/admin.h"
#include "core/answer.h"
#include "hub/billing.h"
#include "text/decimal.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

enum { PAGE_USUAL = 20, PAGE_LARGEST = 100 };

#define LATEST_S INT64_C(100000000000) /* in the year 5138 */

#define ASKING_LARGEST ((size_t)1024 * 1024)

static const struct page_table *const tables[] = {&aigne_user_pages, &aigne_usage_pages,
                                                  &aigne_provider_pages, &aigne_rate_pages};

/* ---- which page ---- */

static struct slice next_part(struct slice *path)
{
    struct slice rest = slice_from(*path, 1);
    size_t n = slice_find_byte(rest, '/');
    *path = slice_from(rest, n);
    return slice_of(rest.p, n);
}

static bool pattern_fits(const char *pattern, struct slice path, struct slice ids[PAGE_IDS])
{
    struct slice wanted = slice_text(pattern);
    size_t count = 0;
    while (wanted.n && path.n) {
        struct slice part = next_part(&path);
        struct slice name = next_part(&wanted);
        if (!slice_is(name, ":") && !slice_eq(name, part))
            return false;
        if (slice_is(name, ":"))
            ids[count++] = part;
    }
    return !wanted.n && !path.n;
}

/* "/api/ai-providers" is "/api/ai"; what AIGNE asks of its old service, ours answers itself. */
static struct slice page_path(struct aigne_call *call)
{
    static const char *const others[][2] = {{"/api/ai-providers", "/api/ai"},
                                            {"/api/user/service/credit", "/api/user/credit"}};
    struct slice path = exchange_of(call)->path;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (slice_starts(path, others[i][0])) {
            const struct slice parts[] = {slice_text(others[i][1]),
                                          slice_from(path, slice_text(others[i][0]).n)};
            return arena_join(&call->arena, parts, 2);
        }
    return path;
}

/* Rows with fixed names stand before those with ":" in the same place. */
static const struct page_row *find_page(struct aigne_call *call, struct slice ids[PAGE_IDS])
{
    struct exchange *x = exchange_of(call);
    struct slice path = page_path(call);
    struct slice method = x->head_only ? SLICE("GET") : x->method;
    bool known = false;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct page_row *row = &tables[t]->rows[i];
            if (!pattern_fits(row->pattern, path, ids))
                continue;
            if (slice_is(method, row->method))
                return row;
            known = true;
        }
    fault_set(&call->fault, AIGNE_E_REQUEST,
              known ? "This path does not take that method."
                    : "There is nothing at this path.");
    call->fault.http = known ? 405 : 404;
    return NULL;
}

/* ---- a page ---- */

static int read_body(struct page *p)
{
    struct slice body = slice_trim(buf_slice(&exchange_of(p->call)->body));
    struct json_problem problem;
    if (!body.n)
        return AIGNE_OK;
    if (json_check(body, &problem))
        return page_refuse(p, 400, "The body is not JSON.");
    p->body = json_of(body);
    return p->body.kind == JSON_OBJECT ? AIGNE_OK
                                       : page_refuse(p, 400, "The body must be a JSON object.");
}

static int run(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    struct page p = {.call = call,
                     .arena = &call->arena,
                     .body = {JSON_NONE, SLICE_NONE},
                     .w = json_writer(&x->filling)};
    const struct page_row *row = find_page(call, p.ids);
    if (!row)
        return AIGNE_E_REQUEST;
    int rc = read_body(&p);
    if (!rc)
        rc = row->run(&p);
    return !rc && (call->arena.failed || buf_rc(&x->filling)) ? fault_nomem(&call->fault) : rc;
}

static void work(struct aigne_call *call)
{
    call->rc = run(call);
}

static void give_answer(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (call->rc < 0) {
        call_refuse(call);
        return;
    }
    struct buf body = x->filling;
    buf_init(&x->filling, body.ceiling);
    exchange_answer(call, 200, "application/json", &body);
}

void aigne_api(struct aigne_call *call)
{
    struct slice ids[PAGE_IDS];
    const struct page_row *row = find_page(call, ids);
    exchange_of(call)->confidential = true;
    if (!row)
        call_refuse(call);
    else if (row->admin && !admin_only(call))
        return;
    else if (errand_send(call, &call->hub->verbs, work, give_answer) < 0)
        call_refuse(call);
}

/* ---- what pages need ---- */

struct slice page_query(struct page *p, const char *name)
{
    return url_query(p->arena, exchange_of(p->call)->query, name);
}

int page_refuse(struct page *p, int status, const char *text)
{
    p->call->fault.http = status;
    return fault_set(&p->call->fault, status == 403 ? AIGNE_E_AUTH : AIGNE_E_REQUEST, "%s",
                     text);
}

void page_asking_begin(struct page_asking *q)
{
    buf_init(&q->text, ASKING_LARGEST);
    q->w = json_writer(&q->text);
    json_open_object(&q->w);
}

static int carry_out(struct page *p, const char *verb, struct slice arguments, struct json *out)
{
    const struct catalog_key *who = p->call->who;
    struct aigne_reply *answer = answer_new(&p->call->fault);
    if (!answer)
        return AIGNE_E_NOMEM;
    int rc = hub_object_do_as(p->call->hub, who->name.n ? who->name : who->id, verb, arguments,
                              answer, &p->call->fault);
    struct slice kept = rc ? SLICE_NONE : arena_copy(p->arena, buf_slice(&answer->json));
    answer_free(answer);
    if (rc)
        return rc;
    *out = json_of(kept);
    return kept.p ? AIGNE_OK : fault_nomem(&p->call->fault);
}

int page_ask(struct page *p, struct page_asking *q, const char *verb, struct json *out)
{
    json_close_object(&q->w);
    int rc = buf_rc(&q->text) ? fault_nomem(&p->call->fault)
                              : carry_out(p, verb, buf_slice(&q->text), out);
    buf_wipe_free(&q->text);
    return rc;
}

int page_ask_for(struct page *p, const char *verb, const char *name, struct slice value,
                 struct json *out)
{
    struct page_asking q;
    page_asking_begin(&q);
    if (name)
        json_member_string(&q.w, name, value);
    return page_ask(p, &q, verb, out);
}

void page_put_known(const struct page *p, struct page_asking *q, const char *const *names)
{
    for (; *names; names++) {
        struct json value = json_get(p->body, *names);
        if (value.kind != JSON_NONE)
            json_member_raw(&q->w, *names, value.raw);
    }
}

int page_remove(struct page *p, const char *verb, const char *name, struct slice value)
{
    struct json ignored = {.kind = JSON_NONE};
    int rc = page_ask_for(p, verb, name, value, &ignored);
    if (!rc)
        json_write_raw(&p->w, SLICE("{\"message\":\"Deleted successfully\"}"));
    return rc;
}

static int read_number(struct page *p, const char *name, int64_t least, int64_t most,
                       int64_t *out)
{
    struct slice text = page_query(p, name);
    if (!text.p || (slice_int64(text, out) && *out >= least && *out <= most))
        return AIGNE_OK;
    p->call->fault.http = 400;
    return fault_field(&p->call->fault, AIGNE_E_REQUEST, name,
                       "%s must be a whole number from %lld to %lld.", name, (long long)least,
                       (long long)most);
}

static int read_paging(struct page *p, int64_t *page, int64_t *size)
{
    *page = 1;
    *size = PAGE_USUAL;
    int rc = read_number(p, "page", 1, INT32_MAX, page);
    return rc ? rc : read_number(p, "pageSize", 1, PAGE_LARGEST, size);
}

int page_put_paging(struct page *p, struct page_asking *q)
{
    int64_t page = 1;
    int64_t size = 1;
    int rc = read_paging(p, &page, &size);
    json_member_int(&q->w, "page", page);
    json_member_int(&q->w, "pageSize", size);
    return rc;
}

static void write_page(struct page *p)
{
    int64_t page = 1;
    int64_t size = 1;
    (void)read_paging(p, &page, &size);
    json_member_int(&p->w, "page", page);
    json_member_int(&p->w, "pageSize", size);
}

/* Some of AIGNE's tools look for it in the list itself. */
void page_write_paging(struct page *p)
{
    write_page(p);
    json_member_object(&p->w, "paging");
    write_page(p);
    json_close_object(&p->w);
}

bool page_shows(struct page *p, int64_t at)
{
    int64_t page = 1;
    int64_t size = 1;
    (void)read_paging(p, &page, &size);
    return at / size == page - 1;
}

void page_write_provider(struct page *p, struct json name)
{
    static const char *const names[] = {"id", "name", "displayName"};
    json_open_object(&p->w);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_member_raw(&p->w, names[i], name.raw.p ? name.raw : SLICE("null"));
    json_close_object(&p->w);
}

struct slice page_account(const struct page *p)
{
    const struct catalog_key *who = p->call->who;
    return who->user.n ? who->user : who->id;
}

int page_read_span(struct page *p, int64_t *since_ms, int64_t *until_ms)
{
    int64_t since = 0;
    int64_t until = LATEST_S;
    int rc = read_number(p, "start", 0, LATEST_S, &since);
    if (!rc)
        rc = read_number(p, "end", 0, LATEST_S, &until);
    *since_ms = since * 1000;
    *until_ms = until * 1000;
    return rc;
}

/* Seconds since 1970, or the last so many days. */
static int put_time(struct page *p, struct page_asking *q)
{
    int64_t now_s = p->call->started_ms / 1000;
    int64_t days = 30;
    int64_t since = 0;
    int64_t until = now_s + 1;
    int rc = read_number(p, "timeRange", 1, 3660, &days);
    since = now_s - days * 86400;
    if (!rc)
        rc = read_number(p, "startTime", 1, LATEST_S, &since);
    if (!rc)
        rc = read_number(p, "endTime", 1, LATEST_S, &until);
    if (!rc && since > until)
        rc = page_refuse(p, 400, "endTime must not be before startTime.");
    if (until > now_s + 1)
        until = now_s + 1;
    json_member_int(&q->w, "since", (since < until ? since : until - 1) * 1000);
    json_member_int(&q->w, "until", until * 1000);
    return rc;
}

int page_put_usage(struct page *p, struct page_asking *q)
{
    static const char *const names[][2] = {
        {"appDid", "app"}, {"providerId", "provider"}, {"type", "type"}};
    const struct catalog_key *who = p->call->who;
    struct slice all = page_query(p, "allUsers");
    struct slice status = page_query(p, "status");
    bool everybody = slice_is(all, "true") || slice_is(all, "1");
    if (everybody && !who->admin)
        return page_refuse(p, 403, "Insufficient permissions. Admin or owner role required.");
    if (!everybody)
        json_member_string(&q->w, who->user.n ? "user" : "key", page_account(p));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct slice value = page_query(p, names[i][0]);
        if (value.n)
            json_member_string(&q->w, names[i][1], value);
    }
    if (slice_is(status, "success"))
        json_member_text(&q->w, "status", "success");
    else if (slice_is(status, "failed"))
        json_member_text(&q->w, "status", "error");
    return put_time(p, q);
}

void page_write_members(struct page *p, struct json object)
{
    struct json_walk w = json_walk(object);
    while (json_next(&w)) {
        json_key_slice(&p->w, w.key);
        json_write_raw(&p->w, w.value.raw);
    }
}

void page_write_as(struct page *p, const char *name, struct json object, const char *from)
{
    struct json value = json_path(object, from);
    json_member_raw(&p->w, name, value.kind == JSON_NONE ? SLICE("null") : value.raw);
}

void page_write_user(struct page *p, struct slice id)
{
    const struct store_object *user = catalog_object(p->call->catalog, TABLE_USER, id);
    struct json body = user ? json_of(user->body) : (struct json){JSON_NONE, SLICE_NONE};
    json_open_object(&p->w);
    json_member_string(&p->w, "did", id);
    if (user)
        page_write_as(p, "fullName", body, "name");
    else
        json_member_text(&p->w, "fullName", "Unknown User");
    page_write_as(p, "email", body, "email");
    page_write_as(p, "avatar", body, "metadata.avatar");
    json_close_object(&p->w);
}

int64_t page_number(struct json object, const char *name)
{
    int64_t value = 0;
    return json_int64(json_path(object, name), &value) ? value : 0;
}

int64_t page_amount(struct page *p, struct json object, const char *name)
{
    int64_t value = 0;
    struct slice text = json_string(json_path(object, name), p->arena);
    bool owed = text.n && *text.p == '-';
    if (!billing_amount(owed ? slice_from(text, 1) : text, &value))
        return 0;
    return owed ? -value : value;
}

void page_write_thousandths(struct page *p, const char *name, int64_t value)
{
    json_key(&p->w, name);
    decimal_write(p->w.out, value, 3);
    p->w.comma = true;
}
