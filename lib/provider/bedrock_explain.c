/* Knows the names and shapes of Amazon's errors; refuses to know requests and answers. */
#include "base/mem.h"
#include "provider/answer.h"
#include "provider/bedrock.h"
#include "provider/complaint.h"
#include <aignehub/aignehub.h>

/* The statuses that exceptions in the middle of a stream stand for. */
static const struct {
    const char *name;
    int status;
} statuses[] = {
    {"validationException", 400},         {"accessDeniedException", 403},
    {"modelTimeoutException", 504},       {"throttlingException", 429},
    {"internalServerException", 500},     {"modelStreamErrorException", 502},
    {"serviceUnavailableException", 503},
};

/* "com.amazon.coral.service#AccessDeniedException:http://..." is "AccessDeniedException". */
static struct slice bare_name(struct slice type)
{
    struct slice name = slice_of(type.p, slice_find_byte(type, ':'));
    size_t at = slice_find_byte(name, '#');
    return slice_trim(at < name.n ? slice_from(name, at + 1) : name);
}

static struct slice first_line(struct slice text)
{
    return slice_of(text.p, slice_find_byte(text, '\n'));
}

/* A signature that does not fit is the key's fault, but for a clock or a region that is wrong. What was
 * signed is quoted from the second line on: the session token is in it. */
static void tell_signature(struct fault *why)
{
    struct slice text = slice_text(why->text);
    bool clock = slice_starts_nocase(text, "signature expired") ||
                 slice_starts_nocase(text, "signature not yet current");
    if (clock || slice_has_nocase(text, "scoped to a valid region")) {
        why->credential_bad = false;
        why->code = AIGNE_E_UPSTREAM;
    }
}

static void tell(struct complaint *c, int status, struct slice headers, int64_t wall_ms,
                 struct fault *why)
{
    c->message = first_line(c->message);
    complaint_tell(c, status, headers, wall_ms, why);
    if (slice_is(c->type, "AccessDeniedException")) /* another account may have the access */
        why->credential_bad = true;
    if (slice_is(c->type, "InvalidSignatureException") ||
        slice_is(c->type, "SignatureDoesNotMatch"))
        tell_signature(why);
}

static void read_complaint(struct json body, struct arena *a, struct complaint *out)
{
    complaint_read(body, a, out);
    if (!out->message.n && body.kind == JSON_OBJECT)
        out->message = json_string(json_get(body, "Message"), a);
    struct slice type =
        body.kind == JSON_OBJECT ? json_string(json_get(body, "__type"), a) : SLICE_NONE;
    if (type.n)
        out->type = bare_name(type);
}

void bedrock_explain(int status, struct slice headers, struct slice body, int64_t wall_ms,
                     struct fault *why)
{
    struct complaint c;
    struct arena a AUTO(arena_free);
    arena_init(&a);
    struct slice text = slice_trim(body);
    struct json said = json_of(text.p ? text : SLICE(""));
    read_complaint(said, &a, &c);
    struct slice named = bare_name(http_block_get(headers, "x-amzn-errortype"));
    if (named.n)
        c.type = named;
    int64_t original = 0;
    /* The model's own error: whose fault it was says the status it had. */
    bool of_model = slice_is(c.type, "ModelErrorException") &&
                    !(said.kind == JSON_OBJECT &&
                      json_int64(json_get(said, "originalStatusCode"), &original) &&
                      original >= 400 && original < 500);
    /* 408 would tell the client that it was too slow itself. */
    int told = of_model ? 502 : status == 408 ? 504 : status;
    tell(&c, told, headers, wall_ms, why);
}

int bedrock_exception(struct decoding *d, const struct sse_event *frame)
{
    struct complaint c = {0};
    int status = 502;
    struct slice text = slice_trim(frame->data);
    read_complaint(json_of(text), d->scratch, &c);
    if (!c.message.n && text.n && text.p[0] != '{')
        c.message = text;
    c.type = frame->name;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (slice_is_nocase(frame->name, statuses[i].name))
            status = statuses[i].status;
    }
    if (d->why) {
        tell(&c, status, SLICE(""), 0, d->why);
        d->why->code = AIGNE_E_UPSTREAM;
    }
    return answer_settled(d, AIGNE_E_UPSTREAM);
}
