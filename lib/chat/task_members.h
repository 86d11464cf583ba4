/* task_members.h - the members of a task's JSON, as its reader and its writer share them. */
#ifndef AIGNE_CHAT_TASK_MEMBERS_H
#define AIGNE_CHAT_TASK_MEMBERS_H

#include "chat/request.h"
#include <stddef.h>

enum task_member_form {
    MEMBER_TEXT,
    MEMBER_NUMBER, /* a numeric string is taken as well: AIGNE sends seconds as one */
    MEMBER_ARRAY
};

struct task_member {
    const char *name;
    const char *other; /* another spelling, or NULL */
    enum task_member_form form;
    bool in_request; /* the offset is in struct chat_request, not in struct task */
    size_t offset;
};

extern const struct task_member task_members[];
extern const size_t task_member_count;

/* What makes a call of this kind what it is: the member that must be there. */
const char *task_subject(enum chat_kind kind);

#endif
