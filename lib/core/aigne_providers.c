/* Knows AIGNE Hub's pages about providers and credentials; refuses to know what is sealed where. */
#include "base/mem.h"
#include "core/aigne_api.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

static void write_object(struct page *p, struct json told, const char *of)
{
    json_open_object(&p->w);
    page_write_members(p, told);
    if (of)
        page_write_as(p, "providerId", told, of);
    json_close_object(&p->w);
}

/* ---- providers ---- */

static int find_provider(struct page *p, struct slice name)
{
    struct json ignored = {.kind = JSON_NONE};
    int rc = page_ask_for(p, "provider.get", "name", name, &ignored);
    if (rc)
        p->call->fault.http = 404;
    return rc;
}

static int put_provider(struct page *p, struct slice name)
{
    struct page_asking q;
    struct json told = {.kind = JSON_NONE};
    page_asking_begin(&q);
    if (name.p)
        json_member_string(&q.w, "name", name);
    else
        page_put_known(p, &q, PAGE_NAMES("name"));
    page_put_known(p, &q,
                   PAGE_NAMES("type", "displayName", "baseUrl", "region", "enabled", "config"));
    int rc = page_ask(p, &q, "provider.put", &told);
    if (!rc)
        write_object(p, told, NULL);
    return rc;
}

static int add_provider(struct page *p)
{
    struct slice name = json_string(json_get(p->body, "name"), p->arena);
    if (name.p && !find_provider(p, name))
        return page_refuse(p, 409, "There is such a provider already.");
    fault_clear(&p->call->fault);
    return put_provider(p, SLICE_NONE);
}

static int change_provider(struct page *p)
{
    int rc = find_provider(p, p->ids[0]);
    return rc ? rc : put_provider(p, p->ids[0]);
}

static int remove_provider(struct page *p)
{
    return page_remove(p, "provider.delete", "name", p->ids[0]);
}

static void write_those(struct page *p, const char *name, struct json told,
                        struct json provider)
{
    struct json_walk w = json_walk(json_get(told, "list"));
    json_member_array(&p->w, name);
    while (json_next(&w))
        if (slice_eq(json_get(w.value, "provider").raw, json_get(provider, "name").raw))
            write_object(p, w.value, "provider");
    json_close_array(&p->w);
}

static int list_providers(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    struct json credentials = {.kind = JSON_NONE};
    struct json rates = {JSON_NONE, SLICE_NONE};
    struct slice only = page_query(p, "name");
    bool with_rates = slice_is(page_query(p, "includeModelRates"), "true");
    int rc = page_ask_for(p, "provider.list", NULL, SLICE_NONE, &told);
    if (!rc)
        rc = page_ask_for(p, "credential.list", NULL, SLICE_NONE, &credentials);
    if (!rc && with_rates)
        rc = page_ask_for(p, "rate.list", NULL, SLICE_NONE, &rates);
    if (rc)
        return rc;
    struct json_walk w = json_walk(json_get(told, "list"));
    json_open_array(&p->w);
    while (json_next(&w)) {
        if (only.n && !slice_eq(json_string(json_get(w.value, "name"), p->arena), only))
            continue;
        json_open_object(&p->w);
        page_write_members(p, w.value);
        write_those(p, "credentials", credentials, w.value);
        if (with_rates)
            write_those(p, "modelRates", rates, w.value);
        json_close_object(&p->w);
    }
    json_close_array(&p->w);
    return AIGNE_OK;
}

static int health(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    int rc = page_ask_for(p, "credential.list", NULL, SLICE_NONE, &told);
    struct json providers = {JSON_NONE, SLICE_NONE};
    if (!rc)
        rc = page_ask_for(p, "provider.list", NULL, SLICE_NONE, &providers);
    if (rc)
        return rc;
    json_open_object(&p->w);
    json_member_object(&p->w, "providers");
    struct json_walk at = json_walk(json_get(providers, "list"));
    while (json_next(&at)) {
        struct json_walk w = json_walk(json_get(told, "list"));
        json_key_slice(&p->w, json_string(json_get(at.value, "name"), p->arena));
        json_open_object(&p->w);
        while (json_next(&w)) {
            if (!slice_eq(json_get(w.value, "provider").raw, json_get(at.value, "name").raw))
                continue;
            json_key_slice(&p->w, json_string(json_get(w.value, "name"), p->arena));
            json_open_object(&p->w);
            json_member_bool(&p->w, "running",
                             json_string_is(json_get(w.value, "status"), "active"));
            json_close_object(&p->w);
        }
        json_close_object(&p->w);
    }
    json_close_object(&p->w);
    moment_member(&p->w, "timestamp", p->call->started_ms);
    json_close_object(&p->w);
    return AIGNE_OK;
}

/* ---- credentials ---- */

/* Ask the provider with it; what it says against the credential is the caller's fault to mend. */
static int try_credential(struct page *p, struct slice id, struct slice model)
{
    struct page_asking q;
    struct json told = {.kind = JSON_NONE};
    page_asking_begin(&q);
    json_member_string(&q.w, "provider", p->ids[0]);
    json_member_string(&q.w, "id", id);
    if (model.n)
        json_member_string(&q.w, "model", model);
    int rc = page_ask(p, &q, "credential.test", &told);
    if (rc)
        p->call->fault.http = 400;
    return rc;
}

static int put_credential(struct page *p, struct slice id, bool unused, struct json *told)
{
    struct page_asking q;
    page_asking_begin(&q);
    json_member_string(&q.w, "provider", p->ids[0]);
    if (id.p)
        json_member_string(&q.w, "id", id);
    if (unused) {
        json_member_text(&q.w, "name", p->call->id);
        json_member_bool(&q.w, "active", false);
    } else {
        page_put_known(p, &q, PAGE_NAMES("name", "active", "weight"));
    }
    page_put_known(p, &q, PAGE_NAMES("value", "credentialType"));
    return page_ask(p, &q, "credential.put", told);
}

static int drop_credential(struct page *p, struct slice id)
{
    struct json ignored = {.kind = JSON_NONE};
    return page_ask_for(p, "credential.delete", "id", id, &ignored);
}

/* With testModel in the body, only one that works is kept. */
static int add_credential(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    struct slice model = json_string(json_get(p->body, "testModel"), p->arena);
    int rc = find_provider(p, p->ids[0]);
    if (!rc)
        rc = put_credential(p, SLICE_NONE, false, &told);
    if (rc)
        return rc;
    struct slice id = json_string(json_get(told, "id"), p->arena);
    if (model.n && try_credential(p, id, model)) {
        struct fault why = p->call->fault;
        (void)drop_credential(p, id);
        p->call->fault = why;
        return why.code;
    }
    write_object(p, told, "provider");
    return AIGNE_OK;
}

static int find_credential(struct page *p, struct json *told)
{
    int rc = page_ask_for(p, "credential.get", "id", p->ids[1], told);
    if (!rc && !slice_eq(json_string(json_get(*told, "provider"), p->arena), p->ids[0]))
        return page_refuse(p, 404, "The provider has no such credential.");
    return rc;
}

static int change_credential(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    int rc = find_credential(p, &told);
    if (rc)
        return rc;
    if (json_present(json_get(p->body, "name"))) {
        rc = put_credential(p, p->ids[1], false, &told);
    } else {
        struct page_asking q;
        page_asking_begin(&q);
        json_member_string(&q.w, "provider", p->ids[0]);
        json_member_raw(&q.w, "name", json_get(told, "name").raw);
        page_put_known(p, &q, PAGE_NAMES("value", "credentialType", "active", "weight"));
        rc = page_ask(p, &q, "credential.put", &told);
    }
    if (!rc)
        write_object(p, told, "provider");
    return rc;
}

static int remove_credential(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    int rc = find_credential(p, &told);
    return rc ? rc : page_remove(p, "credential.delete", "id", p->ids[1]);
}

/* A key that is not to be kept stands there unused for as long as it takes to ask. */
static int test_credential(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    struct slice model = json_string(json_get(p->body, "testModel"), p->arena);
    int rc = find_provider(p, p->ids[0]);
    if (!rc)
        rc = put_credential(p, SLICE_NONE, true, &told);
    if (rc)
        return rc;
    struct slice id = json_string(json_get(told, "id"), p->arena);
    rc = try_credential(p, id, model);
    struct fault why = p->call->fault;
    int dropped = drop_credential(p, id);
    if (rc)
        p->call->fault = why;
    if (!rc && !dropped)
        json_write_raw(&p->w, SLICE("{\"success\":true}"));
    return rc ? rc : dropped;
}

static int check_credential(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    int rc = find_credential(p, &told);
    if (!rc)
        rc = try_credential(p, p->ids[1], page_query(p, "testModel"));
    if (!rc)
        rc = find_credential(p, &told);
    if (!rc)
        write_object(p, told, "provider");
    return rc;
}

static const struct page_row rows[] = {
    {"GET", "/api/ai", true, list_providers},
    {"POST", "/api/ai", true, add_provider},
    {"GET", "/api/ai/health", false, health},
    {"PUT", "/api/ai/:", true, change_provider},
    {"DELETE", "/api/ai/:", true, remove_provider},
    {"POST", "/api/ai/:/credentials", true, add_credential},
    {"POST", "/api/ai/:/credentials/test", true, test_credential},
    {"PUT", "/api/ai/:/credentials/:", true, change_credential},
    {"DELETE", "/api/ai/:/credentials/:", true, remove_credential},
    {"GET", "/api/ai/:/credentials/:/check", true, check_credential},
};
const struct page_table aigne_provider_pages = {rows, sizeof rows / sizeof *rows};
