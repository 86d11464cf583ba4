/* Knows the shapes in which providers put errors and what their names mean; refuses to know requests
 * and answers. */
#include "provider/complaint.h"
#include "base/buf.h"
#include "base/mem.h"
#include "provider/redact.h"
#include <aignehub/aignehub.h>

#define RETRY_RATE_MS  1000
#define RETRY_FAULT_MS 500

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum meaning { MEANS_NOTHING, MEANS_BAD_KEY, MEANS_NO_CREDIT, MEANS_WAIT };

/* Names of types, codes and reasons whose meaning their status does not tell. */
static const struct {
    const char *name;
    enum meaning meaning;
} names[] = {
    {"invalid_api_key", MEANS_BAD_KEY},
    {"authentication_error", MEANS_BAD_KEY},
    {"AuthenticationError", MEANS_BAD_KEY},
    {"account_deactivated", MEANS_BAD_KEY},
    {"organization_deactivated", MEANS_BAD_KEY},
    {"API_KEY_INVALID", MEANS_BAD_KEY},
    {"API_KEY_EXPIRED", MEANS_BAD_KEY},
    {"ACCESS_TOKEN_EXPIRED", MEANS_BAD_KEY},
    {"CONSUMER_SUSPENDED", MEANS_BAD_KEY},
    {"CONSUMER_INVALID", MEANS_BAD_KEY},
    {"UNAUTHENTICATED", MEANS_BAD_KEY},
    {"insufficient_quota", MEANS_NO_CREDIT},
    {"credit_balance_exhausted", MEANS_NO_CREDIT},
    {"organization_spend_limit_exceeded", MEANS_NO_CREDIT},
    {"project_spend_limit_exceeded", MEANS_NO_CREDIT},
    {"organization_usage_limit_exceeded", MEANS_NO_CREDIT},
    {"billing_hard_limit_reached", MEANS_NO_CREDIT},
    {"billing_not_active", MEANS_NO_CREDIT},
    {"billing_error", MEANS_NO_CREDIT},
    {"enforced_spend_limit_reached", MEANS_NO_CREDIT},
    {"contract_spend_limit_reached", MEANS_NO_CREDIT},
    {"AccountOverdueError", MEANS_NO_CREDIT},
    {"rate_limit_error", MEANS_WAIT},
    {"rate_limit_exceeded", MEANS_WAIT},
    {"UnrecognizedClientException", MEANS_BAD_KEY},
    {"InvalidClientTokenId", MEANS_BAD_KEY},
    {"InvalidSignatureException", MEANS_BAD_KEY},
    {"SignatureDoesNotMatch", MEANS_BAD_KEY},
    {"IncompleteSignatureException", MEANS_BAD_KEY},
    {"MissingAuthenticationTokenException", MEANS_BAD_KEY},
    {"ExpiredTokenException", MEANS_BAD_KEY},
    {"ServiceQuotaExceededException", MEANS_NO_CREDIT},
};

/* Where only the sentence tells. */
static const struct {
    const char *words;
    enum meaning meaning;
} phrases[] = {
    {"incorrect api key", MEANS_BAD_KEY},
    {"invalid api key", MEANS_BAD_KEY},
    {"api key not valid", MEANS_BAD_KEY},
    {"api key expired", MEANS_BAD_KEY},
    {"api key has been disabled", MEANS_BAD_KEY},
    {"organization has been disabled", MEANS_BAD_KEY},
    {"reported as leaked", MEANS_BAD_KEY},
    {"unregistered callers", MEANS_BAD_KEY},
    {"make sure your api key is valid", MEANS_BAD_KEY},
    {"bearer token has expired", MEANS_BAD_KEY},
    {"too many tokens per day", MEANS_NO_CREDIT},
    {"credit balance is too low", MEANS_NO_CREDIT},
    {"insufficient balance", MEANS_NO_CREDIT},
};

/* The statuses that names stand for when an error comes inside an answer. */
static const struct {
    const char *name;
    int status;
} statuses[] = {
    {"invalid_request_error", 400},
    {"INVALID_ARGUMENT", 400},
    {"moderation_blocked", 400},
    {"content_policy_violation", 400},
    {"InputTextSensitiveContentDetected", 400},
    {"InputImageSensitiveContentDetected", 400},
    {"OutputImageSensitiveContentDetected", 400},
    {"OutputVideoSensitiveContentDetected", 400},
    {"FAILED_PRECONDITION", 400},
    {"authentication_error", 401},
    {"UNAUTHENTICATED", 401},
    {"billing_error", 402},
    {"permission_error", 403},
    {"PERMISSION_DENIED", 403},
    {"not_found_error", 404},
    {"NOT_FOUND", 404},
    {"request_too_large", 413},
    {"rate_limit_error", 429},
    {"rate_limit_exceeded", 429},
    {"insufficient_quota", 429},
    {"RESOURCE_EXHAUSTED", 429},
    {"api_error", 500},
    {"server_error", 500},
    {"INTERNAL", 500},
    {"UNAVAILABLE", 503},
    {"DEADLINE_EXCEEDED", 504},
    {"timeout_error", 504},
    {"overloaded_error", 529},
};

static struct slice text_of(struct json v, struct arena *a)
{
    return v.kind == JSON_NUMBER ? v.raw : json_string(v, a);
}

static struct slice first_text(struct json object, const char *const *members, size_t count,
                               struct arena *a)
{
    for (size_t i = 0; i < count; i++) {
        struct slice text = json_string(json_path(object, members[i]), a);
        if (text.n)
            return text;
    }
    return SLICE_NONE;
}

static struct json first_item(struct json array)
{
    struct json_walk w = json_walk(array);
    return json_next(&w) ? w.value : (struct json){0};
}

/* A router's error tells little; what the provider behind it said is wrapped in it as text. */
static struct slice wrapped_message(struct json error, struct arena *a)
{
    static const char *const members[] = {"error.message", "message", "error", "detail"};
    struct slice raw = json_string(json_path(error, "metadata.raw"), a);
    struct json inner = json_of(raw.p ? slice_trim(raw) : SLICE(""));
    if (inner.kind == JSON_OBJECT)
        return first_text(inner, members, COUNT(members), a);
    return raw;
}

/* {"loc":["body","user"],"msg"}: which member it is about stands last. */
static void read_listed(struct json item, struct arena *a, struct complaint *out)
{
    struct json_walk w = json_walk(json_get(item, "loc"));
    while (json_next(&w)) {
        if (w.value.kind == JSON_STRING)
            out->param = json_string(w.value, a);
    }
    out->message = json_string(json_get(item, "msg"), a);
}

static void read_flat(struct json body, struct arena *a, struct complaint *out)
{
    static const char *const members[] = {"error", "message", "detail", "error_description",
                                          "msg"};
    out->message = first_text(body, members, COUNT(members), a);
    out->code = text_of(json_get(body, "code"), a);
    out->type = json_string(json_get(body, "type"), a);
    struct json listed = json_get(body, "detail");
    if (listed.kind != JSON_ARRAY)
        listed = json_path(body, "message.detail");
    if (!out->message.n && listed.kind == JSON_ARRAY)
        read_listed(first_item(listed), a, out);
}

void complaint_read(struct json body, struct arena *a, struct complaint *out)
{
    *out = (struct complaint){0};
    struct json said = body.kind == JSON_ARRAY ? first_item(body) : body;
    if (said.kind != JSON_OBJECT)
        return;
    out->request_id = json_string(json_get(said, "request_id"), a);
    struct json error = json_get(said, "error");
    if (error.kind != JSON_OBJECT) {
        read_flat(said, a, out);
        return;
    }
    out->message = json_string(json_get(error, "message"), a);
    struct slice wrapped = wrapped_message(error, a);
    if (wrapped.n)
        out->message = wrapped;
    out->type = json_string(json_get(error, "type"), a);
    out->code = text_of(json_get(error, "code"), a);
    out->param = json_string(json_get(error, "param"), a);
    out->details = json_get(error, "details");
    struct slice status = json_string(json_get(error, "status"), a);
    if (status.n)
        out->code = status;
    struct slice detailed = json_string(json_path(error, "details.error_code"), a);
    if (detailed.n)
        out->code = detailed;
    if (!json_int64(json_get(error, "code"), &out->number))
        out->number = 0;
}

static enum meaning meaning_of(const struct complaint *c, int status)
{
    for (size_t i = 0; i < COUNT(names); i++) {
        if (slice_is(c->code, names[i].name) || slice_is(c->type, names[i].name))
            return names[i].meaning;
    }
    for (size_t i = 0; i < COUNT(phrases); i++) {
        if (slice_has_nocase(c->message, phrases[i].words))
            return phrases[i].meaning;
    }
    return status == 401   ? MEANS_BAD_KEY
           : status == 402 ? MEANS_NO_CREDIT
           : status == 429 ? MEANS_WAIT
                           : MEANS_NOTHING;
}

static int code_of(enum meaning meaning, int status)
{
    static const int by_meaning[] = {
        [MEANS_NOTHING] = AIGNE_E_UPSTREAM,
        [MEANS_BAD_KEY] = AIGNE_E_AUTH,
        [MEANS_NO_CREDIT] = AIGNE_E_CREDIT,
        [MEANS_WAIT] = AIGNE_E_RATE,
    };
    bool request = status >= 400 && status < 500 && status != 403 && status != 408;
    return meaning == MEANS_NOTHING && request ? AIGNE_E_REQUEST : by_meaning[meaning];
}

static int64_t retry_of(enum meaning meaning, int status, struct slice headers, int64_t wall_ms)
{
    bool again = meaning == MEANS_WAIT || status == 408 || status == 409 || status >= 500;
    struct slice should = http_block_get(headers, "x-should-retry");
    if (slice_is_nocase(should, "true"))
        again = true;
    if (meaning == MEANS_BAD_KEY || meaning == MEANS_NO_CREDIT ||
        slice_is_nocase(should, "false"))
        again = false;
    if (!again)
        return -1;
    int64_t wait = http_retry_after_ms(headers, wall_ms);
    if (wait >= 0)
        return wait;
    return meaning == MEANS_WAIT ? RETRY_RATE_MS : RETRY_FAULT_MS;
}

static struct slice request_id_of(const struct complaint *c, struct slice headers)
{
    static const char *const known[] = {"x-request-id", "request-id", "x-generation-id",
                                        "x-amzn-requestid"};
    for (size_t i = 0; i < COUNT(known); i++) {
        struct slice id = http_block_get(headers, known[i]);
        if (id.n)
            return id;
    }
    return c->request_id;
}

void complaint_tell(const struct complaint *c, int status, struct slice headers,
                    int64_t wall_ms, struct fault *why)
{
    enum meaning meaning = meaning_of(c, status);
    why->upstream = true;
    why->http = status;
    why->credential_bad = meaning == MEANS_BAD_KEY;
    why->retry_ms = retry_of(meaning, status, headers, wall_ms);
    FAULT_COPY(why->type, c->type);
    FAULT_COPY(why->reason, c->code);
    FAULT_COPY(why->param, c->param);
    struct slice id = request_id_of(c, headers);
    if (id.n)
        FAULT_COPY(why->request_id, id);
    const char *phrase = http_status_phrase(status);
    if (!slice_trim(c->message).n) {
        fault_set(why, code_of(meaning, status),
                  "The provider answered %d %s and did not say why.", status,
                  phrase ? phrase : "");
        return;
    }
    why->code = code_of(meaning, status);
    redact_into(why->text, sizeof why->text, slice_trim(c->message));
}

/* A short plain text is the provider's own sentence; a page of HTML is nobody's. */
static bool is_sentence(struct slice body)
{
    return body.p && body.n > 0 && body.n < 400 && body.p[0] != '<' && body.p[0] != '{' &&
           body.p[0] != '[';
}

void complaint_explain(int status, struct slice headers, struct slice body, int64_t wall_ms,
                       struct fault *why)
{
    struct complaint c;
    struct arena a AUTO(arena_free);
    arena_init(&a);
    struct slice text = slice_trim(body);
    complaint_read(json_of(text.p ? text : SLICE("")), &a, &c);
    if (!c.message.n && is_sentence(text))
        c.message = text;
    complaint_tell(&c, status, headers, wall_ms, why);
}

int complaint_status(const struct complaint *c)
{
    if (c->number >= 400 && c->number < 600)
        return (int)c->number;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        if (slice_is(c->type, statuses[i].name) || slice_is(c->code, statuses[i].name))
            return statuses[i].status;
    }
    return 502;
}

bool complaint_present(struct json error)
{
    return (error.kind == JSON_OBJECT && json_count(error) > 0) ||
           (error.kind == JSON_STRING && error.raw.n > 2);
}

int complaint_in_answer(struct decoding *d, struct json object)
{
    struct complaint c;
    complaint_read(object, d->scratch, &c);
    if (d->why)
        complaint_tell(&c, complaint_status(&c), SLICE(""), 0, d->why);
    if (d->why)
        d->why->code = AIGNE_E_UPSTREAM;
    return AIGNE_E_UPSTREAM;
}
