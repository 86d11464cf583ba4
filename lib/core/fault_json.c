/* Knows how a fault is told to a program; refuses to know why anything failed. */
#include "core/fault_json.h"
#include "base/code.h"
#include "text/json_write.h"

void fault_json_write(const struct fault *f, struct buf *out)
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
