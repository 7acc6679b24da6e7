/* SPDX-License-Identifier: MIT */
/* What the files of sagemaker share: names and ARNs, lists, images, and what jobs and endpoints have in common. */
#ifndef BARMKIN_SAGEMAKER_PARTS_H
#define BARMKIN_SAGEMAKER_PARTS_H
#include "api/box.h"
#include "api/flow.h"
#include "sagemaker.h"

#define SAGEMAKER "sagemaker.amazonaws.com"

/* ---- names.c ---- */
str sm_key(struct call *c, str name); /* in lower case: as ARNs spell it, and as records are kept */
str sm_arn(struct call *c, str account, const char *kind, str key);
/* The account and the key of a name or of an ARN of this kind; account is the caller's for a plain name. False when an
 * ARN is of something else. */
bool sm_parse(struct call *c, str name_or_arn, const char *kind, str *account, str *key);
/* "group/3" -> "group/0000000003"; anything else stays. */
str sm_package_key(struct call *c, str key);
res sm_check_name(struct call *c, str name, const char *member);
/* Answers AWS's fault when the role does not exist or does not trust sagemaker. */
res sm_check_role(struct call *c, str role_arn, str subject_arn);
/* The local image of an AWS image name; answers a fault that names `barmkin images` for one that is not here. */
res sm_image(struct call *c, str uri, str *local);
res sm_check_s3_uri(struct call *c, str uri, const char *member);

/* ---- tags.c ---- */
res sm_check_tags(struct call *c); /* of any operation with a member Tags: none is AWS's own */

/* ---- tell.c: saved, and told to EventBridge when it has changed ---- */
res sm_save_training(struct call *c, struct sagemaker_training_job *j);
res sm_save_endpoint(struct call *c, struct sagemaker_endpoint *e);
res sm_tell_package(struct call *c, const struct sagemaker_package *p);

/* ---- list.c ---- */
struct sm_list {
    const struct record_type *type;
    const char *name;          /* the member that is its name */
    const char *status;        /* the member that StatusEquals is about, or NULL */
    bool newest_first;         /* when the request does not say */
    str account, prefix;       /* whose; of the record's key */
    const struct shape *shape; /* of a summary */
};
/* Filters, sorts and cuts by what the request says (NameContains, SortBy, MaxResults, ...) and fills the list of
 * summaries and the next token. */
res sm_list(struct call *c, const struct sm_list *q, void *list, str *next_token);

/* ---- launch.c: what training jobs and endpoints have in common ---- */
struct launch {      /* of a flow: kept in its data */
    str service_arn; /* of the job or endpoint */
    str role_arn, session;
    const struct sagemaker_vpc_config *vpc;
    str volume_key; /* the customer's KMS key for the volume, or absent */
    int64_t volume_gb;
};
/* In a handler: what a flow must know from the caller's rights: ids of the volume and the box, the grant on the key. */
res launch_grant(struct call *c, const struct launch *l, json_t *data);
/* In a step: interface (once), volume key (each time: warden has none after a start). */
res launch_prepare(struct call *c, struct flow *f, const struct launch *l);
/* The arguments of open_box: the plan as JSON. order is an object without credentials. */
str launch_plan(struct call *c, struct flow *f, const struct launch *l, str image, const json_t *order,
                const char *log_group, str log_stream);
/* Effects. Arguments: launch_plan's text; nothing. */
res launch_open(struct effect *x); /* then the agent speaks, or "refused" {"reason"}: words for the client */
res launch_run(struct effect *x);  /* then "running" */
res launch_stop(struct effect *x); /* SIGTERM */
res launch_kill(struct effect *x);
res launch_exited(struct effect *x); /* args: the line for the agent */
res launch_close(struct effect *x);  /* args: launch_ids; then "closed" {"used":{FILE_SYSTEM:BYTES}} */
res launch_ping(struct effect *x);   /* args: the interface; then "healthy" or "unhealthy" */
str launch_ids(struct call *c, const struct flow *f);
/* In the last step: interface and grant go. Never a fault: what is gone is gone. */
res launch_release(struct call *c, struct flow *f, const struct launch *l);

#endif
