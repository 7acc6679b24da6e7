/* SPDX-License-Identifier: MIT */
/* What the files of lambda share: names, code and keys, what a function's answer says. */
#ifndef BARMKIN_LAMBDA_PARTS_H
#define BARMKIN_LAMBDA_PARTS_H
#include "api/flow.h"
#include "api/functions.h"
#include "api/house.h"
#include "api/tags.h"
#include "crypto/hash.h"
#include "lambda.h"

#define LAMBDA "lambda.amazonaws.com"

enum { LAMBDA_KEY_BYTES = 32, LAMBDA_CODE_MAX_BYTES = 262144000 };

/* ---- find.c ---- */
struct lambda_name {
    str account, name, qualifier; /* qualifier absent: none */
};
/* A name, "name:qualifier", "ACCOUNT:function:name" or an ARN; false: none of these. */
bool lambda_parse_name(struct call *c, str text, struct lambda_name *out);
str lambda_arn(struct call *c, str account, str name);
str lambda_qualified_arn(struct call *c, const struct lambda_function *f, str qualifier); /* absent: without */
bool lambda_is_alias(const struct lambda_function *f);
/* Faults where a version or an alias is meant. */
res lambda_only_function(struct call *c, const struct lambda_function *f);
/* The subject's record, to be changed and saved; faults as above. */
res lambda_own_copy(struct call *c, struct lambda_function **out);
/* The function as its qualifier says (absent: none); NULL: there is no such. For reading only. */
res lambda_load(struct call *c, str account, str name, str qualifier, const struct lambda_function **out);
res lambda_alias_kept(struct call *c, str account, str function, str name, const struct lambda_alias **out);

/* ---- versions.c ---- */
str lambda_version_id(struct call *c, str name, int64_t number);
struct lambda_function *lambda_of_version(struct call *c, const struct lambda_version *v);
/* What $LATEST is now; the last version where nothing has changed since (must_be_new: a fault). */
res lambda_publish(struct call *c, const struct lambda_function *f, str description, bool must_be_new,
                   struct lambda_function **out);
res lambda_list_versions(struct call *c, str after, size_t limit, struct lambda_configuration *to, size_t *n,
                         str *next);
res lambda_drop_version(struct call *c, const struct lambda_function *f);
res lambda_drop_versions(struct call *c, const struct lambda_function *f); /* all of them */

/* ---- aliases.c ---- */
str lambda_alias_id(struct call *c, str function, str name);
/* The version that serves this invocation: of an alias with two, by their weights. */
res lambda_pick(struct call *c, const struct lambda_function *f, const struct lambda_function **out);
res lambda_check_unaliased(struct call *c, const struct lambda_function *f); /* a version that may be removed */

/* ---- runtimes.c ---- */
struct lambda_runtime {
    const char *name, *says; /* says: the first line of its log, after "Runtime Version: " */
    const char *program[5];  /* what the image runs, NULL-terminated */
    const char *execution_env;
};
const struct lambda_runtime *lambda_runtime_named(str name); /* NULL: not one of ours */
res lambda_runtime_check(struct call *c, str name);

/* ---- keys.c: under which a function's code and environment lie ---- */
/* A new key; with the customer's, made by the caller's right, and the role is granted its use. */
res lambda_key_make(struct call *c, struct lambda_function *f, str *plain);
/* As the caller (through Lambda), or, with `role`, as the function's role. Of KMS's refusal *why is told. */
res lambda_key_open(struct call *c, const struct lambda_function *f, const struct caller *role, str *plain,
                    struct fault *why);
res lambda_seal_environment(struct call *c, struct lambda_function *f, str key, const struct map_of_str *variables);
res lambda_open_environment(struct call *c, const struct lambda_function *f, str key, struct map_of_str *out);

/* ---- package.c: a zip, read before the transaction that makes it a function's ---- */
struct lambda_package {
    bool is_zip;
    uint64_t bytes, entries, unpacked_bytes; /* the last two as its directory claims */
    uint8_t digest[SHA256_BYTES];
};
struct lambda_prepared {           /* upload.state of CreateFunction and UpdateFunctionCode */
    const struct download *object; /* in S3; NULL: what was sent, if anything was */
    struct lambda_package package;
};
void lambda_package_of_memory(str zip, struct lambda_package *out);
res lambda_package_of_blobs(struct blobs *b, const struct download *d, struct lambda_package *out, struct err *e);
bool lambda_package_is_of(const struct lambda_prepared *p, const struct download *d);             /* p may be NULL */
struct download lambda_upload_as_download(const struct upload *u, struct download_segment *room); /* room: secret */

/* ---- code.c ---- */
struct lambda_code_input {
    str zip, source, bucket, key, version, runtime, handler;
    const struct upload *sent; /* what came with the request, and what was prepared of it; NULL in an inner call */
};
/* Asked as the caller, through Lambda. */
res lambda_code_in_s3(struct call *c, const struct lambda_code_input *in, const struct download **out);
/* Takes the code in, checks it, seals it under the function's key; fills in size, hash and the code's id. */
res lambda_take_code(struct call *c, const struct lambda_code_input *in, str key, struct lambda_function *f);
/* Its code, if nothing names it any more: the function and its versions have been saved or dropped before. */
res lambda_drop_code(struct call *c, const struct lambda_function *f);
res lambda_untake_code(struct call *c, const struct lambda_code_input *in, const struct lambda_function *f);
/* The same code once more, under another key of the function; the old code stays. */
res lambda_reseal_code(struct call *c, struct lambda_function *f, str old_key, str new_key);
/* What is sent to an environment: the zip itself, or JSON of the blobs it lies in, {"parts": [...]}; the other is
 * absent. */
res lambda_code_parts(struct call *c, const struct lambda_function *f, str key, str *zip, str *json);

/* ---- location.c ---- */
res lambda_locate_code(struct call *c, const struct lambda_function *f, struct lambda_code_location *out);

/* ---- functions.c ---- */
/* Fills any answer that has configuration's members. */
res lambda_describe(struct call *c, const struct lambda_function *f, bool secrets, const struct shape *shape,
                    void *out);
void lambda_retire(struct call *c, str function, str revision); /* after the commit */
str lambda_modified_now(struct call *c);
res lambda_check_revision(struct call *c, str have, str given);
str lambda_session(struct call *c, str function_name); /* of its role: the name, of at least two characters */
str lambda_log_group(struct call *c, const struct lambda_function *f);

/* ---- settings.c ---- */
/* No given tag is AWS's own, and of the others the function will not have too many. */
res lambda_check_tags(struct call *c, struct map_of_str given, struct map_of_str all);

/* ---- network.c ---- */
res lambda_take_vpc(struct call *c, const struct lambda_vpc_config *in, str role_arn, struct lambda_function *f);
res lambda_check_role(struct call *c, str role_arn, str function_arn, const struct caller **role);
/* In steps: the interface of an environment, in the flow's data ("eni"; with a VPC also "vpc", "ip", "resolver"). */
res lambda_interface_make(struct call *c, struct flow *f, const struct lambda_function *fn, const struct caller *role);
res lambda_interface_drop(struct call *c, struct flow *f);

/* ---- box_steps.c ---- */
enum {
    LAMBDA_VOLUME_MIB = 1024, /* sparse: 250 MB of code and what the function leaves beside it */
    LAMBDA_TMP_MIB = 512,     /* unless EphemeralStorage says more */
    LAMBDA_MEMORY_MIB = 128,  /* the least that a function has */
};
void lambda_add_constants(json_t *env);                /* the variables that are the same for every function */
res lambda_run_box(struct effect *x);                  /* args: its interface, or itself; "running" once it listens */
void lambda_close_box(struct call *c, struct flow *f); /* "closed" when nothing of it is left */
res lambda_close_up(struct call *c, struct flow *f);   /* the same as the flow's end */
res lambda_on_retry(struct call *c, struct flow *f, const struct flow_event *e);

/* ---- invoke.c ---- */
void lambda_invocation(struct call *c, const struct lambda_function *f, str payload, struct invocation_call *out);
/* An asynchronous invocation, kept until it is done or given up. */
res lambda_queue(struct call *c, const struct lambda_function *f, str payload, str client_context);

#endif
