/* Knows how a fault becomes an object its owner keeps; refuses to know why anything failed. */
#include "api/guard.h"
#include "base/buf.h"
#include "base/code.h"
#include "base/mem.h"
#include "core/fault_json.h"

struct aigne_error {
    unsigned magic;
    struct fault fault;
    struct buf written;
    struct slice json; /* what was written */
};

/* When memory lacks even for the error. Never freed, never changed. */
#define OUT_OF_MEMORY_JSON                                                                     \
    "{\"code\":-2,\"name\":\"AIGNE_E_NOMEM\",\"text\":\"Out of memory.\",\"http\":503,"        \
    "\"retry_ms\":-1}"

static const struct aigne_error out_of_memory = {
    .magic = HANDLE_ERROR,
    .fault = {.code = AIGNE_E_NOMEM, .http = 503, .retry_ms = -1, .text = "Out of memory."},
    .json = {OUT_OF_MEMORY_JSON, sizeof(OUT_OF_MEMORY_JSON) - 1},
};

static const struct aigne_error *make_error(const struct fault *why)
{
    struct aigne_error *e = mem_alloc_zero(sizeof(*e));
    if (!e)
        return &out_of_memory;
    e->magic = HANDLE_ERROR;
    e->fault = *why;
    buf_init(&e->written, 16384);
    fault_json_write(why, &e->written);
    e->json = buf_slice(&e->written);
    if (buf_rc(&e->written) >= 0)
        return e;
    buf_free(&e->written);
    mem_free(e);
    return &out_of_memory;
}

int error_give(const struct fault *why, aigne_error **err)
{
    if (!err)
        return why->code;
    /* The one for lack of memory is constant; aigne_error_free leaves it alone. */
    union {
        const struct aigne_error *made;
        struct aigne_error *given;
    } box = {make_error(why)};
    *err = box.given;
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
    struct slice json = is_error(e) ? e->json : SLICE("{}");
    if (len)
        *len = json.n;
    return json.p;
}

void aigne_error_free(aigne_error *e)
{
    if (!is_error(e) || e == &out_of_memory)
        return;
    buf_free(&e->written);
    e->magic = HANDLE_DEAD;
    mem_free(e);
}
