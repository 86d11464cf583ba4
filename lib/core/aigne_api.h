/* aigne_api.h - the pages of AIGNE Hub for people and tools: accounts, usage, providers and rates.
 *
 * They are the administrator's verbs in that hub's paths and shapes. A page runs on the verbs' thread. */
#ifndef AIGNE_CORE_AIGNE_API_H
#define AIGNE_CORE_AIGNE_API_H

#include "core/call.h"
#include "core/exchange.h"
#include "text/json_scan.h"
#include "text/json_write.h"

#define PAGE_IDS 2

struct page {
    struct aigne_call *call;
    struct arena *arena;
    struct json body;           /* what was posted: an object, or JSON_NONE */
    struct slice ids[PAGE_IDS]; /* what stands for the pattern's ":" */
    struct json_writer w;       /* the answer */
};

struct page_row {
    const char *method;
    const char *pattern; /* "/api/ai/:/model-rates/:" */
    bool admin;          /* for administrators only */
    int (*run)(struct page *p);
};

struct page_table {
    const struct page_row *rows;
    size_t count;
};
extern const struct page_table aigne_user_pages;
extern const struct page_table aigne_usage_pages;
extern const struct page_table aigne_provider_pages;
extern const struct page_table aigne_rate_pages;

/* A list of calls, by the query's filters. */
int aigne_calls(struct page *p);
/* GET /api/user/model-calls/export */
void page_aigne_export(struct aigne_call *call);
/* Any path below /api/user, /api/usage, /api/ai and /api/ai-providers. */
void aigne_api(struct aigne_call *call);

/* A value of the query, .p NULL when absent. */
struct slice page_query(struct page *p, const char *name);
/* AIGNE_E_REQUEST with that HTTP status. */
int page_refuse(struct page *p, int status, const char *text);

/* Arguments for a verb, being written. */
struct page_asking {
    struct buf text;
    struct json_writer w;
};
void page_asking_begin(struct page_asking *q);
/* Carry the verb out; *out lives as long as the call. Ends `q`. */
int page_ask(struct page *p, struct page_asking *q, const char *verb, struct json *out);
/* With one text as argument, or none when `name` is NULL. */
int page_ask_for(struct page *p, const char *verb, const char *name, struct slice value,
                 struct json *out);

/* Those members of the body that a verb knows, under their own names. */
#define PAGE_NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
void page_put_known(const struct page *p, struct page_asking *q, const char *const *names);
/* Carry out a verb that deletes, and say so. */
int page_remove(struct page *p, const char *verb, const char *name, struct slice value);

/* "page" and "pageSize" of the query into the arguments. */
int page_put_paging(struct page *p, struct page_asking *q);
/* "start" and "end" of the query, seconds since 1970; all time without them. */
int page_read_span(struct page *p, int64_t *since_ms, int64_t *until_ms);
/* "paging":{"page":N,"pageSize":N}, and the two beside it. */
void page_write_paging(struct page *p);
/* Whether the item at that place, from 0, is on the page that was asked for. */
bool page_shows(struct page *p, int64_t at);
/* {"id":name,"name":name,"displayName":name}; `name` is a JSON string. */
void page_write_provider(struct page *p, struct json name);
/* Whose usage, when and what: the query's filters as those of the usage verbs. */
int page_put_usage(struct page *p, struct page_asking *q);
/* All members of an object, as members of the one being written. */
void page_write_members(struct page *p, struct json object);
/* The member `from` of an object under the name `name`; null when it is not there. */
void page_write_as(struct page *p, const char *name, struct json object, const char *from);
/* {"did","fullName","email","avatar"} of a user, who may be unknown. */
void page_write_user(struct page *p, struct slice id);
int64_t page_number(struct json object, const char *name); /* 0 when it is none */
/* Thousandths as a number: 1.5 */
void page_write_thousandths(struct page *p, const char *name, int64_t value);
/* Billionths of the amount that a member tells. */
int64_t page_amount(struct page *p, struct json object, const char *name);
/* The caller's own account: the key's user, else the key. */
struct slice page_account(const struct page *p);

#endif
