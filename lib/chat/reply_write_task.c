/* reply_write_task.c - knows how what a task gave reads as JSON; refuses to know a chat's answer. */
#include "chat/reply.h"

#include "text/base64.h"

static void write_file_list(struct json_writer *w, const char *name, const struct reply *r)
{
    json_member_array(w, name);
    for (size_t i = 0; i < r->file_count; i++)
        reply_write_file(w, &r->files[i]);
    json_close_array(w);
}

static void write_embeddings(struct json_writer *w, const struct reply *r)
{
    json_member_array(w, "embeddings");
    for (size_t i = 0; i < r->embedding_count; i++)
        json_write_raw(w, r->embeddings[i].p ? r->embeddings[i] : SLICE("[]"));
    json_close_array(w);
}

/* Speech came in pieces, or whole as a file. */
static void write_audio(struct json_writer *w, const struct reply *r)
{
    json_key(w, "audio");
    if (!r->bytes.n) {
        if (r->file_count)
            reply_write_file(w, &r->files[0]);
        else
            json_write_null(w);
        return;
    }
    json_open_typed(w, "file");
    json_key(w, "data");
    buf_put_byte(w->out, '"');
    base64_encode(w->out, buf_slice(&r->bytes));
    buf_put_byte(w->out, '"');
    w->comma = true;
    json_member_string_opt(w, "mimeType", r->bytes_mime);
    json_close_object(w);
}

void reply_write_task(const struct reply *r, enum chat_kind kind, struct json_writer *w)
{
    switch (kind) {
    case KIND_EMBEDDING:
        write_embeddings(w, r);
        break;
    case KIND_IMAGE:
        write_file_list(w, "images", r);
        break;
    case KIND_VIDEO:
        write_file_list(w, "videos", r);
        reply_write_seconds(w, r->usage.milliseconds); /* AIGNE's clients look for it here */
        break;
    case KIND_SPEECH:
        write_audio(w, r);
        break;
    case KIND_COUNT_TOKENS: /* the number is an extra */
        break;
    case KIND_CHAT:
    case KIND_TRANSCRIPTION:
    case KINDS:
        json_member_string(w, "text", buf_slice(&r->text));
        break;
    }
}
