/* task.c - knows how a task's lists grow; refuses to know what its members mean to anybody. */
#include "chat/task.h"

#include <string.h>

struct task *task_new(struct arena *a)
{
    struct task *t = arena_alloc(a, sizeof(*t));
    if (t)
        *t = (struct task){.single_input = false};
    return t;
}

/* Room for one more: the vectors double whenever their count is a power of two. */
static void *grown(void *items, size_t count, size_t size, struct arena *a)
{
    if (count && (count & (count - 1)))
        return items;
    void *more = arena_array(a, count ? count * 2 : 1, size);
    if (more && count)
        memcpy(more, items, count * size);
    return more;
}

struct task_file *task_add_file(struct task *t, struct arena *a)
{
    struct task_file *files = grown(t->files, t->file_count, sizeof(*files), a);
    if (!files)
        return NULL;
    t->files = files;
    struct task_file *added = &files[t->file_count++];
    *added = (struct task_file){.form = TASK_FILE_BASE64};
    return added;
}

bool task_add_input(struct task *t, struct arena *a, struct slice input)
{
    struct slice *inputs = grown(t->inputs, t->input_count, sizeof(*inputs), a);
    if (!inputs)
        return false;
    t->inputs = inputs;
    inputs[t->input_count++] = input;
    return true;
}
