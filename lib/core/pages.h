/* pages.h - the answers of the gateway that need no provider: discovery, models, status. */
#ifndef AIGNE_CORE_PAGES_H
#define AIGNE_CORE_PAGES_H

#include "core/call.h"

void page_discovery(struct aigne_call *call);     /* GET /__blocklet__.js */
void page_aigne_models(struct aigne_call *call);  /* GET /api/ai/models?type= */
void page_aigne_status(struct aigne_call *call);  /* GET /api/v2/status?model= */
void page_openai_models(struct aigne_call *call); /* GET /v1/models */
/* The same to a client that says which version of Anthropic's API it speaks. */
void page_anthropic_models(struct aigne_call *call);
/* GET /v1beta/models?pageSize=&pageToken=, and /v1/models to a client with Google's key header. */
void page_gemini_models(struct aigne_call *call);
void page_health(struct aigne_call *call);  /* GET /health */
void page_options(struct aigne_call *call); /* OPTIONS, any path */

#endif
