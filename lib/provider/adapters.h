/* adapters.h - the adapters there are, for the registry and for tests. */
#ifndef AIGNE_PROVIDER_ADAPTERS_H
#define AIGNE_PROVIDER_ADAPTERS_H

#include "provider/adapter.h"

extern const struct adapter adapter_openai;
extern const struct adapter adapter_openai_told; /* the same, never relayed */
extern const struct adapter adapter_openai_responses;
extern const struct adapter adapter_openai_embedding;
extern const struct adapter adapter_openai_image;
extern const struct adapter adapter_openai_image_edit;
extern const struct adapter adapter_openai_speech;
extern const struct adapter adapter_openai_transcription;
extern const struct adapter adapter_openai_translation;
extern const struct adapter adapter_openai_video;
extern const struct adapter adapter_xai_image;
extern const struct adapter adapter_xai_video;
extern const struct adapter adapter_ark_embedding;
extern const struct adapter adapter_ark_image; /* Volcengine's Ark: Doubao */
extern const struct adapter adapter_ark_video;
extern const struct adapter adapter_openrouter_image;
extern const struct adapter adapter_ideogram;
extern const struct adapter adapter_openai_count;
extern const struct adapter adapter_anthropic;
extern const struct adapter adapter_anthropic_count;
extern const struct adapter adapter_gemini;
extern const struct adapter adapter_ollama;
extern const struct adapter adapter_ollama_embedding;
extern const struct adapter adapter_bedrock;           /* Converse */
extern const struct adapter adapter_bedrock_anthropic; /* Claude, as Anthropic has it */
extern const struct adapter adapter_bedrock_count;
extern const struct adapter adapter_bedrock_embedding;
extern const struct adapter adapter_bedrock_image;
extern const struct adapter adapter_hub; /* another AIGNE hub */
extern const struct adapter adapter_gemini_count;
extern const struct adapter adapter_gemini_embed;
extern const struct adapter adapter_gemini_embedding;
extern const struct adapter adapter_gemini_image;
extern const struct adapter adapter_gemini_imagen;
extern const struct adapter adapter_gemini_speech;
extern const struct adapter adapter_gemini_transcription;
extern const struct adapter adapter_gemini_video;
extern const struct adapter adapter_hub_embedding;
extern const struct adapter adapter_hub_image;
extern const struct adapter adapter_hub_video;
extern const struct adapter adapter_hub_speech;
extern const struct adapter adapter_hub_transcription;
extern const struct adapter adapter_echo; /* built in, without a network */
extern const struct adapter adapter_echo_embedding;
extern const struct adapter adapter_echo_image;
extern const struct adapter adapter_echo_video;
extern const struct adapter adapter_echo_speech;
extern const struct adapter adapter_echo_transcription;

#endif
