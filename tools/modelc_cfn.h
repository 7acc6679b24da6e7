/* SPDX-License-Identifier: MIT */
/* The cfn and parameter blocks of a model, as modelc has read them: what api/cfn.h says, before it is C. */
#ifndef BARMKIN_TOOLS_MODELC_CFN_H
#define BARMKIN_TOOLS_MODELC_CFN_H
#include "api/cfn.h"
#include "modelc.h"

enum { MAX_PAIRS = 32, MAX_KEEPS = 12, MAX_ON = 16, MAX_PROPS = 48, MAX_CALLS = 24, MAX_ATTRS = 24, MAX_MISSING = 6 };

struct cfn_pair_def {
    str to, from;
};

struct cfn_call_def {
    str op, list, by, when, is, path, done, failed, reason;
    enum cfn_pick pick;
    enum cfn_which which;
    enum cfn_test test;
    struct cfn_pair_def args[MAX_PAIRS], keeps[MAX_KEEPS];
    str on[MAX_ON];
    size_t n_args, n_keeps, n_on;
    int line;
};

struct cfn_prop_def {
    str name, initial; /* what it means to leave it out; absent: not said */
    enum cfn_prop_kind kind;
    bool required;
};

struct cfn_def {
    str name, c_name, ref, name_prop, tags, refused, value;
    int64_t name_max;
    bool iam, lower, tags_map, system_tags, nested, any, custom;
    bool parameter; /* a parameter's type: creates[0] is its operation */
    struct cfn_prop_def props[MAX_PROPS];
    struct cfn_call_def creates[MAX_CALLS], updates[MAX_CALLS], deletes[MAX_CALLS], wait, gone;
    struct cfn_pair_def attrs[MAX_ATTRS];
    str missing[MAX_MISSING];
    size_t n_props, n_creates, n_updates, n_deletes, n_attrs, n_missing;
    int line;
};

#endif
