/* code.h - the names of the result codes. */
#ifndef AIGNE_BASE_CODE_H
#define AIGNE_BASE_CODE_H

const char *code_name(int rc); /* "AIGNE_E_REQUEST"; "unknown" for what is no code */

#endif
