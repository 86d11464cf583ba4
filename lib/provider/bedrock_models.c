/* Knows how Bedrock's models are listed and under which names they can be called; refuses to know what is
 * said to them. */
#include "base/buf.h"
#include "base/mem.h"
#include "provider/answer.h"
#include "provider/bedrock.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

int bedrock_list_request(struct slice type, const struct chat_target *to, struct arena *a,
                         struct http_request *out, struct fault *why)
{
    static const struct {
        const char *type;
        const char *path;
    } filters[] = {{"chat", "foundation-models?byOutputModality=TEXT"},
                   {"embedding", "foundation-models?byOutputModality=EMBEDDING"},
                   {"image", "foundation-models?byOutputModality=IMAGE"}};
    const char *path = "foundation-models";
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        if (slice_is(type, filters[i].type))
            path = filters[i].path;
    }
    *out = (struct http_request){0};
    return bedrock_get(to, path, a, out, why);
}

static bool holds(struct json list, const char *word)
{
    struct json_walk w = json_walk(list);
    while (list.kind == JSON_ARRAY && json_next(&w)) {
        if (json_string_is(w.value, word))
            return true;
    }
    return false;
}

static const char *type_of(struct json model)
{
    struct json out = json_get(model, "outputModalities");
    return holds(out, "TEXT")        ? "chat"
           : holds(out, "EMBEDDING") ? "embedding"
           : holds(out, "IMAGE")     ? "image"
           : holds(out, "VIDEO")     ? "video"
           : holds(out, "SPEECH")    ? "speech"
                                     : "chat";
}

/* "arn:aws:bedrock:eu-west-1::foundation-model/ID": models that are served across regions only are called by
 * the name of their profile, the ID behind the part of the world. */
static const char *prefix_of(struct json model, struct arena *a)
{
    static const struct {
        const char *region;
        const char *prefix;
    } parts[] = {{"us-gov-", "us-gov."},
                 {"us-", "us."},
                 {"ca-", "us."},
                 {"eu-", "eu."},
                 {"ap-", "apac."}};
    struct json served = json_get(model, "inferenceTypesSupported");
    struct slice arn = json_string(json_get(model, "modelArn"), a);
    if (holds(served, "ON_DEMAND") || !holds(served, "INFERENCE_PROFILE"))
        return "";
    for (int colons = 0; arn.p && colons < 3; colons++)
        arn = slice_from(arn, slice_find_byte(arn, ':') + 1);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (slice_starts(arn, parts[i].region))
            return parts[i].prefix;
    }
    return "global.";
}

int bedrock_list_answer(struct slice body, struct arena *a, struct buf *json, struct fault *why)
{
    struct json models = json_of(body);
    if (json_check(body, NULL) < 0 || models.kind != JSON_OBJECT)
        return fault_set(why, AIGNE_E_PROTOCOL, "The provider's list of models is not JSON.");
    models = json_get(models, "modelSummaries");
    struct json_writer w = json_writer(json);
    json_open_array(&w);
    struct json_walk walk = json_walk(models);
    while (models.kind == JSON_ARRAY && json_next(&walk)) {
        struct slice id = json_string(json_get(walk.value, "modelId"), a);
        struct json status = json_path(walk.value, "modelLifecycle.status");
        const struct slice parts[] = {slice_text(prefix_of(walk.value, a)), id};
        if (!id.n || json_string_is(status, "LEGACY"))
            continue;
        struct slice name = arena_join(a, parts, 2);
        if (name.p)
            answer_model(&w, name, type_of(walk.value));
    }
    json_close_array(&w);
    return a->failed || buf_rc(json) < 0 ? fault_nomem(why) : AIGNE_OK;
}
