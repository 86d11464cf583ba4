/* task_members.c - knows the names of a task's members; refuses to know which kind of call takes which. */
#include "chat/task_members.h"

#define IN_TASK(member)    false, offsetof(struct task, member)
#define IN_REQUEST(member) true, offsetof(struct chat_request, member)

const struct task_member task_members[] = {
    {"model", NULL, MEMBER_TEXT, IN_REQUEST(model)},
    {"n", NULL, MEMBER_NUMBER, IN_REQUEST(n)},
    {"seed", NULL, MEMBER_NUMBER, IN_REQUEST(seed)},
    {"temperature", NULL, MEMBER_NUMBER, IN_REQUEST(temperature)},
    {"user", NULL, MEMBER_TEXT, IN_REQUEST(user)},
    {"outputFileType", "output_file_type", MEMBER_TEXT, IN_REQUEST(output_file_type)},
    {"dimensions", NULL, MEMBER_NUMBER, IN_TASK(dimensions)},
    {"encodingFormat", "encoding_format", MEMBER_TEXT, IN_TASK(encoding_format)},
    {"purpose", "taskType", MEMBER_TEXT, IN_TASK(purpose)},
    {"title", NULL, MEMBER_TEXT, IN_TASK(title)},
    {"prompt", NULL, MEMBER_TEXT, IN_TASK(prompt)},
    {"negativePrompt", "negative_prompt", MEMBER_TEXT, IN_TASK(negative_prompt)},
    {"size", NULL, MEMBER_TEXT, IN_TASK(size)},
    {"aspectRatio", "aspect_ratio", MEMBER_TEXT, IN_TASK(aspect_ratio)},
    {"quality", NULL, MEMBER_TEXT, IN_TASK(quality)},
    {"style", NULL, MEMBER_TEXT, IN_TASK(style)},
    {"background", NULL, MEMBER_TEXT, IN_TASK(background)},
    {"moderation", NULL, MEMBER_TEXT, IN_TASK(moderation)},
    {"seconds", "duration", MEMBER_NUMBER, IN_TASK(seconds)},
    {"responseFormat", "response_format", MEMBER_TEXT, IN_TASK(response_format)},
    {"outputFormat", "output_format", MEMBER_TEXT, IN_TASK(output_format)},
    {"outputCompression", "output_compression", MEMBER_NUMBER, IN_TASK(compression)},
    {"voice", NULL, MEMBER_TEXT, IN_TASK(voice)},
    {"instructions", NULL, MEMBER_TEXT, IN_TASK(instructions)},
    {"speed", NULL, MEMBER_NUMBER, IN_TASK(speed)},
    {"language", NULL, MEMBER_TEXT, IN_TASK(language)},
    {"timestampGranularities", "timestamp_granularities", MEMBER_ARRAY, IN_TASK(granularities)},
};
const size_t task_member_count = sizeof task_members / sizeof task_members[0];

const char *task_subject(enum chat_kind kind)
{
    static const char *const subjects[KINDS] = {
        [KIND_EMBEDDING] = "input", [KIND_IMAGE] = "prompt",        [KIND_VIDEO] = "prompt",
        [KIND_SPEECH] = "input",    [KIND_TRANSCRIPTION] = "audio",
    };
    return subjects[kind];
}
