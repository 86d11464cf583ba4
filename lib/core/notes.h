/* notes.h - what the hub adds to an answer: the call's id, who answered, what it cost. */
#ifndef AIGNE_CORE_NOTES_H
#define AIGNE_CORE_NOTES_H

#include "chat/reply.h"
#include "core/call.h"

/* Borrowed from the call. Empty for calls to a remote: its own notes are in the answer already. */
struct reply_notes call_notes(struct aigne_call *call);

/* How a format that is not the provider's names who answers: as was asked for, or "provider/model" of whom
 * that led to. */
struct slice call_model(struct aigne_call *call);

#endif
