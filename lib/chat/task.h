/* task.h - what a call other than a chat asks for: an embedding, an image, a video, speech, a
 * transcription. Numbers are JSON text, as in a chat request; an absent slice means the caller did not
 * say. `model`, `n`, `user`, `seed`, `temperature` and members nobody knows are in the chat_request that
 * this hangs on. */
#ifndef AIGNE_CHAT_TASK_H
#define AIGNE_CHAT_TASK_H

#include "base/arena.h"
#include "base/slice.h"
#include <stdbool.h>
#include <stddef.h>

enum task_file_form {
    TASK_FILE_BASE64 = 1,
    TASK_FILE_BYTES, /* as a multipart body carries it */
    TASK_FILE_URL
};

struct task_file {
    enum task_file_form form;
    struct slice member; /* "image", "mask", "file", "input_reference" */
    struct slice content;
    struct slice mime; /* absent: unknown */
    struct slice filename;
};

#define TASK_FILES_LARGEST  64
#define TASK_INPUTS_LARGEST 8192

struct task {
    /* EMBEDDING: texts with escapes resolved, or with `inputs_are_tokens` JSON arrays of numbers. */
    struct slice *inputs;
    size_t input_count;
    bool inputs_are_tokens;
    bool single_input; /* the caller gave one value, not a list */
    struct slice dimensions;
    struct slice encoding_format; /* "float", "base64": what the caller reads */
    struct slice purpose;         /* Gemini's taskType, Cohere's input_type */
    struct slice title;

    struct slice
        prompt; /* IMAGE, VIDEO: what to make; SPEECH: what to say; TRANSCRIPTION: a hint */
    struct slice negative_prompt;
    struct task_file
        *files; /* IMAGE: what to edit; VIDEO: where to start; TRANSCRIPTION: the audio */
    size_t file_count;
    bool editing;     /* IMAGE: change the files given */
    bool translating; /* TRANSCRIPTION: into English */

    struct slice size;         /* "1024x1024" */
    struct slice aspect_ratio; /* "16:9" */
    struct slice quality;
    struct slice style;
    struct slice background;
    struct slice moderation;
    struct slice seconds; /* VIDEO: how long, a JSON number */
    struct slice
        response_format; /* "url", "b64_json"; of a transcription "verbose_json", "srt" */
    struct slice output_format; /* "png", "mp3" */
    struct slice compression;   /* of the output, a JSON number */
    struct slice voice;
    struct slice instructions; /* SPEECH: how to say it */
    struct slice speed;
    struct slice
        stream_format; /* SPEECH: "audio", "sse": how the caller reads it as it comes */
    struct slice language;
    struct slice granularities; /* JSON array: "word", "segment" */
};

/* A task whose files and inputs grow in `a`; NULL: no memory. */
struct task *task_new(struct arena *a);
struct task_file *task_add_file(struct task *t, struct arena *a);
bool task_add_input(struct task *t, struct arena *a, struct slice input);

#endif
