/* sound.h - how long a recording is, by what its file says. Pure, and for files that nobody has checked:
 * WAV, MP3, FLAC, Ogg (Opus and Vorbis), MP4 and WebM. */
#ifndef AIGNE_TEXT_SOUND_H
#define AIGNE_TEXT_SOUND_H

#include "base/slice.h"

/* -1: it is none of these files, or does not say, or says what cannot be. */
int64_t sound_milliseconds(struct slice file);

#endif
