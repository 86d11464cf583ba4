/* input_reader.h - how the files that read AIGNE's ChatModelInput share the work. */
#ifndef AIGNE_CHAT_INPUT_READER_H
#define AIGNE_CHAT_INPUT_READER_H

#include "chat/reading.h"

int input_read_messages(struct reading *r, struct json messages);
int input_read_options(struct reading *r, struct json v);

#endif
