/* Knows how a fault becomes an object its owner keeps; refuses to know why anything failed. */
#include "api/guard.h"
#include "base/buf.h"
#include "base/code.h"
#include "base/mem.h"
#include "text/json_write.h"

struct aigne_error {
    unsigned magic;
    struct fault fault;
    struct buf json;
};

/* When memory lacks even for the error. Never freed, never changed. */
#define OUT_OF_MEMORY_JSON                                                                     \
    "{\"code\":-2,\"name\":\"AIGNE_E_NOMEM\",\"text\":\"Out of memory.\",\"http\":503,"        \
    "\"retry_ms\":-1}"

static const struct aigne_error out_of_memory = {
    .magic = HANDLE_ERROR,
    .fault = {.code = AIGNE_E_NOMEM, .http = 503, .retry_ms = -1, .text = "Out of memory."},
    .json = {.p = (char *)(uintptr_t)OUT_OF_MEMORY_JSON, .n = sizeof(OUT_OF_MEMORY_JSON) - 1},
};

static void put_json(const struct fault *f, struct buf *out)
{
    struct json_writer w = json_writer(out);
    json_open_object(&w);
    json_member_int(&w, "code", f->code);
    json_member_text(&w, "name", code_name(f->code));
    json_member_text(&w, "text", f->text);
    json_member_int(&w, "http", fault_status(f));
    if (f->provider[0])
        json_member_text(&w, "provider", f->provider);
    if (f->model[0])
        json_member_text(&w, "model", f->model);
    if (f->request_id[0])
        json_member_text(&w, "request_id", f->request_id);
    if (f->type[0])
        json_member_text(&w, "type", f->type);
    if (f->reason[0])
        json_member_text(&w, "reason", f->reason);
    if (f->param[0])
        json_member_text(&w, "param", f->param);
    json_member_int(&w, "retry_ms", f->retry_ms);
    json_close_object(&w);
}

static const struct aigne_error *make_error(const struct fault *why)
{
    struct aigne_error *e = mem_alloc_zero(sizeof(*e));
    if (!e)
        return &out_of_memory;
    e->magic = HANDLE_ERROR;
    e->fault = *why;
    buf_init(&e->json, 16384);
    put_json(why, &e->json);
    if (buf_rc(&e->json) >= 0)
        return e;
    buf_free(&e->json);
    mem_free(e);
    return &out_of_memory;
}

int error_give(const struct fault *why, aigne_error **err)
{
    if (!err)
        return why->code;
    /* The one for lack of memory is constant; aigne_error_free leaves it alone. */
    const struct aigne_error *made = make_error(why);
    *err = (aigne_error *)(uintptr_t)made;
    return why->code;
}

const char *aigne_rc_name(int rc)
{
    return code_name(rc);
}

static bool is_error(const aigne_error *e)
{
    return e && e->magic == HANDLE_ERROR;
}

int aigne_error_code(const aigne_error *e)
{
    return is_error(e) ? e->fault.code : AIGNE_E_USAGE;
}

const char *aigne_error_text(const aigne_error *e)
{
    return is_error(e) ? e->fault.text : "There is no error object.";
}

int64_t aigne_error_retry_ms(const aigne_error *e)
{
    return is_error(e) ? e->fault.retry_ms : -1;
}

const char *aigne_error_json(const aigne_error *e, size_t *len)
{
    struct slice json = is_error(e) ? buf_slice(&e->json) : SLICE("{}");
    if (len)
        *len = json.n;
    return json.p;
}

void aigne_error_free(aigne_error *e)
{
    if (!is_error(e) || e == &out_of_memory)
        return;
    buf_free(&e->json);
    e->magic = HANDLE_DEAD;
    mem_free(e);
}
