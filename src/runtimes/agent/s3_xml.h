/* SPDX-License-Identifier: MIT */
/* The three documents of S3 that the agent reads. */
#ifndef BARMKIN_RUNTIMES_AGENT_S3_XML_H
#define BARMKIN_RUNTIMES_AGENT_S3_XML_H
#include "runtimes/agent/s3.h"

/* <Error><Code/><Message/></Error>; both empty when it is none. */
void s3_xml_error(str text, struct arena *a, str *code, str *message);
res s3_xml_list(str text, struct arena *a, struct s3_listing *out, struct err *e);
res s3_xml_upload_id(str text, struct arena *a, str *id, struct err *e);

#endif
