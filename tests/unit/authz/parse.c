/* SPDX-License-Identifier: MIT */
/* What a policy document may say, per kind, and what is said of it afterwards. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "authz/eval.h"
#include "authz/index.h"

#define DOC(statement) "{\"Version\":\"2012-10-17\",\"Statement\":[{" statement "}]}"
#define LONG_ID                                                                                                        \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                                                \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ST "\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"*\""
#define FEDERATED(who)                                                                                                 \
    DOC("\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRoleWithSAML\",\"Principal\":{\"Federated\":\"" who "\"}")

struct bad {
    enum policy_kind kind;
    const char *text, *why;
};

static const struct bad bad[] = {
    {POLICY_IDENTITY, "", ""},
    {POLICY_IDENTITY, "[]", "not an object"},
    {POLICY_IDENTITY, "{}", "no statement"},
    {POLICY_IDENTITY, "{\"Statement\":[]}", "no statement"},
    {POLICY_IDENTITY, "{\"Statement\":[1]}", "not an object"},
    {POLICY_IDENTITY, "{\"Statement\":{" ST "},\"statement\":1}", "Unknown element statement"},
    {POLICY_IDENTITY, "{\"Statement\":{" ST "},\"Statement\":{" ST "}}", "duplicate"},
    {POLICY_IDENTITY, DOC(ST ",\"Effect\":\"Deny\""), "duplicate"},
    {POLICY_IDENTITY, DOC(ST ",\"effect\":\"Deny\""), "Unknown element effect"},
    {POLICY_IDENTITY, "{\"Version\":\"2012-10-18\",\"Statement\":{" ST "}}", "valid version"},
    {POLICY_IDENTITY, "{\"Version\":2012,\"Statement\":{" ST "}}", "valid version"},
    {POLICY_IDENTITY, "{\"Id\":1,\"Statement\":{" ST "}}", "Id is not a string"},
    {POLICY_IDENTITY, "\xef\xbb\xbf{\"Statement\":{" ST "}}", ""},
    {POLICY_IDENTITY, DOC("\"Action\":\"*\",\"Resource\":\"*\""), "Invalid effect"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"ALLOW\",\"Action\":\"*\",\"Resource\":\"*\""),
     "The policy failed legacy parsing"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Resource\":\"*\""), "must contain actions"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":[],\"Resource\":\"*\""), "must contain actions"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\""), "must contain resources"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":[]"), "must contain resources"},
    {POLICY_IDENTITY, DOC(ST ",\"NotAction\":\"iam:*\""), "either Action or NotAction"},
    {POLICY_IDENTITY, DOC(ST ",\"NotResource\":\"*\""), "either Resource or NotResource"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"GetObject\",\"Resource\":\"*\""), "vendor"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"s?:GetObject\",\"Resource\":\"*\""),
     "Vendor s? is not valid"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"s3:\",\"Resource\":\"*\""), "vendor"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":[1],\"Resource\":\"*\""), "not a string"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"data\""), "ARN format"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"**\""), "ARN format"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":[7]"),
     "Syntax errors in policy. A resource"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::a/${x\""), "variable"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::a/${}\""), "variable"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::a/${a:b,x}\""),
     "variable"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::a/${a:b, 'x}\""),
     "variable"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::a/${ a:b}\""), "variable"},
    {POLICY_IDENTITY, DOC(ST ",\"Principal\":\"*\""), "should not specify a principal"},
    {POLICY_BOUNDARY, DOC(ST ",\"Principal\":\"*\""), "should not specify a principal"},
    {POLICY_SESSION, DOC(ST ",\"NotPrincipal\":\"*\""), "should not specify a principal"},
    {POLICY_SCP, DOC(ST ",\"Principal\":\"*\""), "should not specify a principal"},
    {POLICY_RESOURCE, DOC(ST), "Missing required field Principal"},
    {POLICY_ENDPOINT, DOC(ST), "Missing required field Principal"},
    {POLICY_KEY, DOC(ST), "Missing required field Principal"},
    {POLICY_RCP, DOC(ST), "Missing required field Principal"},
    {POLICY_RCP, DOC(ST ",\"Principal\":{\"AWS\":\"*\"}"), "must be \"*\""},
    {POLICY_RCP, DOC(ST ",\"NotPrincipal\":\"*\""), "prohibited field NotPrincipal"},
    {POLICY_TRUST, DOC("\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Resource\":\"*\",\"Principal\":\"*\""),
     "Has prohibited field Resource"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":\"*\",\"NotPrincipal\":\"*\""), "either Principal or NotPrincipal"},
    {POLICY_RESOURCE, DOC(ST ",\"NotPrincipal\":{\"AWS\":\"111111111111\"}"), "Allow with NotPrincipal"},
    {POLICY_RESOURCE, DOC("\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\"NotPrincipal\":\"*\""),
     "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":\"111111111111\""), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":[\"*\"]"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":[]}"), "names nobody"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":[1]}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"aws\":\"*\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"11111111111\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:iam::111111111111:user/*\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:iam::111111111111:group/x\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:s3:::b\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"Service\":\"*\"}"), "Invalid principal"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":[]"), "not an object"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"StringEqual\":{\"aws:x\":\"a\"}}"),
     "Invalid Condition type : StringEqual."},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"stringEquals\":{\"aws:x\":\"a\"}}"), "Invalid Condition type"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"ForAllValues:Null\":{\"aws:x\":\"true\"}}"), "Invalid Condition type"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"ForSomeValue:StringEquals\":{\"aws:x\":\"a\"}}"),
     "Invalid Condition type"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"StringEquals\":\"a\"}"), "no condition keys"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"StringEquals\":{\"\":\"a\"}}"), "has no key"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"StringEquals\":{\"aws:x\":[]}}"), "no values"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"StringEquals\":{\"aws:x\":null}}"), "neither text"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"StringEquals\":{\"aws:x\":[{}]}}"), "neither text"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"StringEquals\":{\"aws:x\":\"a\",\"aws:x\":\"b\"}}"), "duplicate"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"Bool\":{\"aws:x\":\"yes\"}}"), "Invalid value for Bool"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"Null\":{\"aws:x\":1}}"), "Invalid value for Null"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"NumericEquals\":{\"aws:x\":\"0x10\"}}"),
     "Invalid value for NumericEquals"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"NumericEquals\":{\"aws:x\":true}}"), "Invalid value for NumericEquals"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"DateEquals\":{\"aws:x\":\"yesterday\"}}"),
     "The policy failed legacy parsing: Invalid value for DateEquals"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"IpAddress\":{\"aws:x\":\"10.0.0.0/33\"}}"),
     "Invalid value for IpAddress"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"NotIpAddress\":{\"aws:x\":\"10.0.0\"}}"),
     "Invalid value for NotIpAddress"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"BinaryEquals\":{\"aws:x\":\"?\"}}"), "Invalid value for BinaryEquals"},
    {POLICY_IDENTITY, "{\"Statement\":[{\"Sid\":\"a\"," ST "},{\"Sid\":\"a\"," ST "}]}", "must be unique"},
    {POLICY_IDENTITY, DOC("\"Sid\":1," ST), "Sid is not a string"},
    {POLICY_IDENTITY, DOC(ST ",\"Sid\":\"a\\u0000b\""), "Syntax errors in policy."},
    {POLICY_IDENTITY, DOC(ST ",\"Sid\":\"a b\""), "must be alpha-numeric"},
    {POLICY_TRUST, DOC("\"Sid\":\"a b\",\"Effect\":\"Allow\",\"Action\":\"sts:*\",\"Principal\":\"*\""),
     "alpha-numeric"},
    {POLICY_RCP, DOC(ST ",\"Principal\":\"*\",\"Sid\":\"a-b\""), "must be alpha-numeric"},
    {POLICY_IDENTITY, DOC(ST ",\"Id\":\"x\""), "Unknown element Id"},
    {POLICY_IDENTITY, "", "Syntax errors in policy."},
    {POLICY_IDENTITY, "{\"Statement\":{" ST "}} x", "Syntax errors in policy."},
    {POLICY_IDENTITY, "{\"Statement\":{" ST ",}}", "Syntax errors in policy."},
    {POLICY_IDENTITY, "\xef\xbb\xbf{\"Statement\":{" ST "}}", "Syntax errors in policy."},
    {POLICY_IDENTITY, "\xff\xfe{", "Syntax errors in policy."},
    {POLICY_IDENTITY, "{\"Statement\":{" ST ",\"Sid\":\"\xc3\"}}", "Syntax errors in policy."},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"NumericEquals\":{\"aws:x\":99999999999999999999}}"),
     "Syntax errors in policy."},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"NumericEquals\":{\"aws:x\":1e999}}"), "Syntax errors in policy."},
    {POLICY_IDENTITY, "{\"Version\":[\"2012-10-17\"],\"Statement\":{" ST "}}", "valid version"},
    {POLICY_IDENTITY, "{\"Version\":null,\"Statement\":{" ST "}}", "valid version"},
    {POLICY_IDENTITY, "{\"Statement\":null}", "not an object"},
    {POLICY_IDENTITY, "{\"Statement\":[[{" ST "}]]}", "not an object"},
    {POLICY_IDENTITY, DOC("\"Effect\":[\"Allow\"],\"Action\":\"*\",\"Resource\":\"*\""), "Invalid effect"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"denY\",\"Action\":\"*\",\"Resource\":\"*\""), "legacy parsing"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Permit\",\"Action\":\"*\",\"Resource\":\"*\""), "Syntax errors in policy."},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"\",\"Resource\":\"*\""), "must be prefaced by a vendor"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\":Get\",\"Resource\":\"*\""), "Vendor  is not valid"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*:Get\",\"Resource\":\"*\""), "Vendor * is not valid"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"a a:Get\",\"Resource\":\"*\""), "Vendor a a is not valid"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"s3:List:Bucket\",\"Resource\":\"*\""), "only one colon"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":{},\"Resource\":\"*\""), "Syntax errors in policy."},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":[[]],\"Resource\":\"*\""), "Syntax errors in policy."},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"\""),
     "Resource  must be in ARN format or \"*\"."},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":{\"a\":\"*\"}"),
     "Syntax errors in policy."},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"a:b:cad\""),
     "Partition \"b\" is not valid for resource \"arn:b:cad:*:*:*\"."},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"aws:s3:::bucket\""),
     "Partition \"s3\" is not valid for resource \"arn:s3:::bucket:*\"."},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"a:b:c:d:e:f:g:h\""),
     "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g:h\"."},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"NotResource\":\"arn:aws2:s3:::b\""),
     "Partition \"aws2\" is not valid for resource \"arn:aws2:s3:::b\"."},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"x:aws:s3:::b\""),
     "must be in ARN format"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws\""),
     "Resource vendor must be fully qualified"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3::bucket\""),
     "legacy parsing"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws::::bucket\""),
     "legacy parsing"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:iam:us-east-1::role/r\""),
     "IAM resource arn:aws:iam:us-east-1::role/r cannot contain region information."},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:iam::111111111111:*/*\""),
     "IAM resource path must either be \"*\" or start with user/"},
    {POLICY_TRUST, DOC("\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Principal\":\"*\""),
     "AssumeRole policy may only specify STS AssumeRole actions."},
    {POLICY_TRUST, DOC("\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\""), "Missing required field Principal"},
    {POLICY_TRUST, DOC("\"Effect\":\"Allow\",\"Principal\":\"*\""), "must contain actions"},
    {POLICY_TRUST, DOC("\"Effect\":\"Allow\",\"Action\":\"sts:*\",\"Principal\":\"*\",\"NotResource\":\"*\""),
     "Has prohibited field NotResource"},
    {POLICY_TRUST, DOC("\"Effect\":\"Deny\",\"Action\":\"sts:*\",\"NotPrincipal\":{\"AWS\":\"111111111111\"}"),
     "Has prohibited field NotPrincipal"},
    {POLICY_TRUST, DOC("\"Effect\":\"Allow\",\"Action\":\"sts:*\",\"Principal\":{\"Federated\":\"*\"}"),
     "Federated principals must be valid domain names or SAML metadata ARNs"},
    {POLICY_TRUST,
     DOC("\"Effect\":\"Allow\",\"Action\":\"sts:*\",\"Principal\":{\"Federated\":\"arn:aws:iam::111111111111:role/"
         "r\"}"),
     "Federated principals"},
    {POLICY_TRUST,
     DOC("\"Effect\":\"Allow\",\"Action\":\"sts:*\",\"Principal\":{\"Federated\":\"arn:aws:s3:::saml-provider/r\"}"),
     "Federated principals"},
    {POLICY_RESOURCE, DOC("\"Effect\":\"Allow\",\"Resource\":\"*\",\"Principal\":\"*\""),
     "Missing required field Action"},
    {POLICY_RESOURCE, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Principal\":\"*\""),
     "Missing required field Resource"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"CanonicalUser\":\"\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:sts::111111111111:role/r\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:iam:us-east-1:111111111111:role/r\"}"),
     "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:iam::111111111111:role/\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:gcp:iam::111111111111:role/r\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"x:aws:iam::111111111111:role/r\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:iam::111111111111:role/?\"}"), "Invalid principal"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::a/${a:b, x'}\""),
     "variable is malformed"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::a/${a:b, '}\""),
     "variable is malformed"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::a/${a:b, 'x'y'}\""),
     "variable is malformed"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::a/${a{b}\""),
     "variable is malformed"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::a/${a:b ,'x'}\""),
     "variable is malformed"},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::a/${\""),
     "variable is malformed"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"StringLike\":{\"aws:x\":\"a${b\"}}"), "variable is malformed"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"ArnLike\":{\"aws:x\":\"arn:aws:s3:::${b\"}}"), "variable is malformed"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"IpAddress\":{\"aws:x\":\"1234567/\"}}"), "Invalid value for IpAddress"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"IpAddress\":{\"aws:x\":\"10.0.0.0/0032\"}}"),
     "Invalid value for IpAddress"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"IpAddress\":{\"aws:x\":\"10.0.0.0/x\"}}"),
     "Invalid value for IpAddress"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"IpAddress\":{\"aws:x\":\"10.0.0.0/\"}}"),
     "Invalid value for IpAddress"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"IpAddress\":{\"aws:x\":\"/8\"}}"), "Invalid value for IpAddress"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"IpAddress\":{\"aws:x\":\"::/129\"}}"), "Invalid value for IpAddress"},
    {POLICY_IDENTITY,
     DOC(ST ",\"Condition\":{\"IpAddress\":{\"aws:x\":"
            "\"0000000000000000000000000000000000000000000000000000000000000000000\"}}"),
     "Invalid value for IpAddress"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"DateEquals\":{\"aws:x\":\"202x\"}}"), "Invalid value for DateEquals"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"DateEquals\":{\"aws:x\":\"2026_01\"}}"),
     "Invalid value for DateEquals"},
    {POLICY_IDENTITY,
     DOC(ST ",\"Condition\":{\"DateEquals\":{\"aws:x\":\"2026-01-01T00:00:00.0000000000000000000000Z\"}}"),
     "Invalid value for DateEquals"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"DateEquals\":{\"aws:x\":\"1000000000001\"}}"),
     "Invalid value for DateEquals"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"DateEquals\":{\"aws:x\":\"-1000000000001\"}}"),
     "Invalid value for DateEquals"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"DateEquals\":{\"aws:x\":\"1.2.3\"}}"), "Invalid value for DateEquals"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"DateEquals\":{\"aws:x\":\"20x6-01-01\"}}"),
     "Invalid value for DateEquals"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:s3::111111111111:x\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:iam::111111111111:user/\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws-cn:iam::111111111111:root\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:iam::11111111111x:user/u\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"11111111111x\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"AIDAexampleexample12\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"" LONG_ID "\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"Service\":\"\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"Service\":\"s3\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"Service\":\".amazonaws.com\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"Service\":\"S3.amazonaws.com\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"Service\":\"s3.amazonaws.com.x\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"ABCDEXAMPLEEXAMPLE12\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"1111111111111111\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:awsome:iam::111111111111:user/u\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:sts::111111111111:assumed-role/r\"}"),
     "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:sts::111111111111:assumed-role/r/\"}"),
     "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:sts::111111111111:assumed-role/r/s/t\"}"),
     "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:sts::111111111111:assumed-role//s\"}"),
     "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:sts::111111111111:federated-user/\"}"),
     "Invalid principal"},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"StringEquals\":{\"aws:x\":\"a\",\"AWS:X\":\"b\"}}"),
     "The condition key AWS:X is written twice"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"AIDAEXAMPLE\"}"), "Invalid principal"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"AROA" LONG_ID "\"}"), "Invalid principal"},
    {POLICY_TRUST, FEDERATED("urn:aws:iam::111111111111:saml-provider/x"), "Federated principals must be"},
    {POLICY_TRUST, FEDERATED("arn:aws9:iam::111111111111:saml-provider/x"), "Federated principals must be"},
    {POLICY_TRUST, FEDERATED("arn:aws:s3::111111111111:saml-provider/x"), "Federated principals must be"},
    {POLICY_TRUST, FEDERATED("arn:aws:iam:eu:111111111111:saml-provider/x"), "Federated principals must be"},
    {POLICY_TRUST, FEDERATED("arn:aws:iam::11111111111:saml-provider/x"), "Federated principals must be"},
    {POLICY_TRUST, FEDERATED("arn:aws:iam::111111111111:role/x"), "Federated principals must be"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"Federated\":\"com\"}"), "Federated principals must be"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"Federated\":\".com\"}"), "Federated principals must be"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"Federated\":\"a.b:c\"}"), "Federated principals must be"},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"Federated\":\"a.*.com\"}"), "Federated principals must be"},
};

static void test_authz_parse__bad_documents_are_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = {0};
        struct policy *p = NULL;
        if (is_ok(policy_compile(str_z(bad[i].text), bad[i].kind, S("t"), &p, &e)))
            fail_msg("accepted: %s", bad[i].text);
        assert_int_equal(e.why, WHY_REJECT);
        assert_null(p);
        if (!strstr(e.what, bad[i].why))
            fail_msg("%s: \"%s\" instead of \"%s\"", bad[i].text, e.what, bad[i].why);
    }
}

static const struct bad good[] = {
    {POLICY_IDENTITY, DOC(ST), NULL},
    {POLICY_IDENTITY, "{\"Id\":\"x\",\"Statement\":{" ST "}}", NULL},
    {POLICY_IDENTITY, " {\"Statement\":[{\"Sid\":\"\"," ST "},{\"Sid\":\"\"," ST "}]}\r\n", NULL},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"iam: what ever \",\"Resource\":\"*\""), NULL},
    {POLICY_IDENTITY,
     DOC("\"Effect\":\"Allow\",\"Action\":[\"s3.s:List\",\"s3-s:*\"],\"Resource\":[\"*\",\"arn:aws:s3:*\"]"), NULL},
    {POLICY_IDENTITY, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":[\"arn:aws:any\",\"arn:aws-cn:s3:::b\"]"),
     NULL},
    {POLICY_IDENTITY,
     DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":[\"arn:aws:iam::*:*\",\"arn:aws:iam:::user/x\"]"), NULL},
    {POLICY_IDENTITY, DOC(ST ",\"Condition\":{\"StringEqualsIfExists\":{\"a\":\"b\"}}"), NULL},
    {POLICY_TRUST,
     DOC("\"Effect\":\"Allow\",\"Action\":\"STS:AssumeRoleWithSAML\",\"Principal\":{\"Federated\":[\"accounts.google."
         "com\","
         "\"arn:aws:iam::111111111111:oidc-provider/x\",\"arn:aws:iam::111111111111:saml-provider/x\"]}"),
     NULL},
    {POLICY_TRUST, DOC("\"Effect\":\"Allow\",\"Action\":\"*\",\"Principal\":{\"AWS\":\"111111111111\"}"), NULL},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":\"*\",\"Sid\":\"blanks and - are fine\""), NULL},
    {POLICY_SCP, DOC("\"Effect\":\"Deny\",\"NotAction\":[\"*:*\"],\"NotResource\":\"arn:*:*:*:*:*\""), NULL},
    {POLICY_RCP, DOC("\"Effect\":\"Deny\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Principal\":\"*\""), NULL},
    {POLICY_TRUST,
     DOC("\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"}"), NULL},
    {POLICY_KEY,
     DOC("\"Sid\":\"Enable IAM User "
         "Permissions\",\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\",\"Principal\":{\"AWS\":\"arn:aws:"
         "iam::111111111111:root\"}"),
     NULL},
    {POLICY_RESOURCE,
     DOC("\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\"NotPrincipal\":{\"AWS\":[\"111111111111\","
         "\"AIDAEXAMPLEEXAMPLE12\"],\"Federated\":\"cognito-identity.amazonaws.com\",\"CanonicalUser\":\"79a5\"}"),
     NULL},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"arn:aws:sts::111111111111:assumed-role/r/s\"}"), NULL},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"Service\":\"ec2.amazonaws.com.cn\"}"), NULL},
    {POLICY_RESOURCE, DOC(ST ",\"Principal\":{\"AWS\":\"AROAEXAMPLEEXAMPLE12\"}"), NULL},
    {POLICY_IDENTITY,
     DOC(ST ",\"Condition\":{\"StringEquals\":{\"aws:x\":\"a\",\"aws:y\":\"a\"},\"StringLike\":{\"AWS:X\":\"b\"}}"),
     NULL},
    {POLICY_ENDPOINT, DOC(ST ",\"Principal\":\"*\",\"Condition\":{}"), NULL},
    {POLICY_RESOURCE,
     DOC(ST ",\"Principal\":{\"AWS\":[\"arn:aws:sts::111111111111:federated-user/"
            "f\",\"arn:aws:iam::111111111111:root\",\"arn:aws-cn:iam::111111111111:user/u\"]}"),
     NULL},
    {POLICY_IDENTITY,
     DOC(ST ",\"Condition\":{\"StringEquals\":{\"aws:x\":[\"${a}\",\"$\",\"$x\",\"a$\",\"${aws:y} , "
            "b\",\"${aws:z,'it'}\",\"?\"]}}"),
     NULL},
    {POLICY_IDENTITY,
     DOC(ST ",\"Condition\":{\"StringLike\":{\"aws:x\":[\"${aws:y}?\",\"${aws:y}*\",\"?${aws:y}\"]},\"ArnLike\":{\"aws:"
            "y\":[\"arn:aws:s3:$:$x:b\",\"arn:aws:s3:${a:b}::c\",\"arn:aws:s3:::$\"]}}"),
     NULL},
    {POLICY_IDENTITY,
     DOC(ST ",\"Condition\":{\"StringEquals\":{},\"ForAnyValue:ArnNotLikeIfExists\":{\"aws:x\":[\"not an "
            "arn\",\"arn:a:${aws:y}:b:c:d\"]}}"),
     NULL},
    {POLICY_IDENTITY,
     DOC(ST ",\"Condition\":{\"NumericEquals\":{\"aws:x\":[1,-2.5,\"3\"]},\"StringLike\":{\"aws:y\":[true,1.5,\"${aws:"
            "z, 'a } b'}\"]}}"),
     NULL},
    {POLICY_IDENTITY,
     DOC(ST ",\"Condition\":{\"DateLessThan\":{\"aws:x\":[\"2026-01\",\"2026-01-02\",\"2026-01-02T03:04Z\",\"2026-01-"
            "02T03:04:05\",1700000000,\"2026-01-02T03:04:05+01:00\"]}}"),
     NULL},
};

static void test_authz_parse__good_documents_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct err e = {0};
        struct policy *p = NULL;
        if (!is_ok(policy_compile(str_z(good[i].text), good[i].kind, S("t"), &p, &e)))
            fail_msg("%s: %s", good[i].text, e.what);
        assert_str_equal(policy_name(p), S("t"));
        policy_free(p);
    }
}

static struct policy *compile(const char *text, enum policy_kind kind)
{
    struct err e = {0};
    struct policy *p = NULL;

    if (!is_ok(policy_compile(str_z(text), kind, S("arn:aws:iam::111111111111:policy/t"), &p, &e)))
        fail_msg("%s: %s", text, e.what);
    return p;
}

static void test_authz_parse__statements_are_given_back(void **state)
{
    struct arena *a = arena_new(1 << 16);
    struct policy *p = compile("{ \"Statement\" : [ { \"Sid\":\"One\", " ST " }, {" ST "} ] }", POLICY_IDENTITY);

    (void)state;
    assert_int_equal(policy_count(p), 2);
    assert_str_equal(policy_sid(p, 0), S("One"));
    assert_false(str_is(policy_sid(p, 1)));
    assert_str_equal(policy_statement_text(p, 0, a), S("{\"Sid\":\"One\"," ST "}"));
    assert_str_equal(policy_statement_text(p, 1, a), S("{" ST "}"));
    policy_free(p);
    policy_free(NULL);
    arena_free(a);
}

static void test_authz_parse__principals_with_ids_are_listed_once(void **state)
{
    struct arena *a = arena_new(1 << 16);
    struct policy *p = compile(
        "{\"Statement\":[{" ST ",\"Principal\":{\"AWS\":[\"111111111111\",\"arn:aws:iam::111111111111:user/u\","
        "\"arn:aws:sts::111111111111:assumed-role/r/s\",\"arn:aws:iam::111111111111:root\"],"
        "\"Service\":\"ec2.amazonaws.com\"}},{" ST ",\"Principal\":{\"AWS\":[\"arn:aws:iam::111111111111:user/u\","
        "\"arn:aws:iam::222222222222:role/p/r\"]}}]}",
        POLICY_RESOURCE);
    struct policy *alone = compile(
        "{\"Statement\":{" ST ",\"Principal\":{\"AWS\":\"arn:aws:iam::111111111111:user/u\"}}}", POLICY_RESOURCE);
    str *arns;

    (void)state;
    assert_int_equal(policy_principals(alone, a, &arns), 1);
    policy_free(alone);
    assert_int_equal(policy_principals(p, a, &arns), 2);
    assert_str_equal(arns[0], S("arn:aws:iam::111111111111:user/u"));
    assert_str_equal(arns[1], S("arn:aws:iam::222222222222:role/p/r"));
    policy_free(p);
    arena_free(a);
}

/* Pretty-printed, as people and tools save policies; sized like the yardstick's. */
static void test_authz_parse__memory_is_at_most_one_and_a_half_times_the_text(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, POLICY_MAX_BYTES);
    buf_add_z(&text, "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n");
    for (int i = 0; i < 12; i++)
        buf_printf(
            &text,
            "%s    {\n      \"Sid\": \"Statement%d\",\n      \"Effect\": \"%s\",\n      \"Action\": [\n        "
            "\"s3:GetObject\",\n"
            "        \"s3:PutObject\",\n        \"s3:DeleteObject\"\n      ],\n      \"Resource\": [\n"
            "        \"arn:aws:s3:::bucket-%d\",\n        \"arn:aws:s3:::bucket-%d/*\"\n      ],\n      \"Condition\": "
            "{\n"
            "        \"StringEquals\": {\n          \"aws:sourceVpce\": [\"vpce-%d\"]\n        }\n      }\n    }",
            i ? ",\n" : "", i, i % 3 ? "Allow" : "Deny", i, i, i);
    buf_add_z(&text, "\n  ]\n}\n");
    assert_false(text.full);
    struct err e = {0};
    struct policy *p = NULL;
    assert_true(is_ok(policy_compile(buf_str(&text), POLICY_IDENTITY, S("p"), &p, &e)));
    if (policy_bytes(p) * 2 > text.n * 3)
        fail_msg("%zu bytes for %zu", policy_bytes(p), text.n);
    policy_free(p);
    buf_done(&text);
}

static void test_authz_parse__size_is_bounded(void **state)
{
    static char text[POLICY_MAX_BYTES + 64];
    struct err e = {0};
    struct policy *p = NULL;
    size_t n = 0;

    (void)state;
    n += (size_t)snprintf(text, sizeof text, "{\"Statement\":{" ST "}}");
    memset(text + n, ' ', sizeof text - n);
    assert_true(is_ok(policy_compile(str_n(text, POLICY_MAX_BYTES), POLICY_IDENTITY, S("p"), &p, &e)));
    policy_free(p);
    assert_false(is_ok(policy_compile(str_n(text, POLICY_MAX_BYTES + 1), POLICY_IDENTITY, S("p"), &p, &e)));
    assert_non_null(strstr(e.what, "at most 20480 bytes"));
}

/* The document itself is small enough; what it would become is not: refused, never wrapped around. */
static void test_authz_parse__compiled_sizes_are_bounded(void **state)
{
    struct buf text;
    struct err e = {0};
    struct policy *p = NULL;

    (void)state;
    buf_init(&text, POLICY_MAX_BYTES);
    buf_add_z(&text, "{\"Statement\":{" ST ",\"Condition\":{\"IpAddress\":{\"aws:x\":[\"::\"");
    for (int i = 1; i < 2560; i++)
        buf_printf(&text, ",\"::%x\"", i);
    buf_add_z(&text, "]}}}}");
    assert_false(text.full);
    assert_false(is_ok(policy_compile(buf_str(&text), POLICY_IDENTITY, S("p"), &p, &e)));
    assert_non_null(strstr(e.what, "too large"));
    buf_clear(&text);
    err_clear(&e);
    buf_add_z(&text, "{\"Statement\":{" ST ",\"Condition\":{\"NumericEquals\":{\"aws:x\":[1");
    for (int i = 0; i < 9000; i++)
        buf_add_z(&text, ",1");
    buf_add_z(&text, "]}}}}");
    assert_false(text.full);
    assert_false(is_ok(policy_compile(buf_str(&text), POLICY_IDENTITY, S("p"), &p, &e)));
    assert_non_null(strstr(e.what, "elements of a kind"));
    buf_done(&text);
}

/* Fills `text` with a policy of one statement whose list has `n` times `item`. */
static void repeat(struct buf *text, const char *before, const char *item, int n, const char *after)
{
    buf_clear(text);
    buf_add_z(text, before);
    for (int i = 0; i < n; i++)
        buf_printf(text, "%s%s", i ? "," : "", item);
    buf_add_z(text, after);
    assert_false(text->full);
}

static void expect_refused(const struct buf *text, const char *why)
{
    struct err e = {0};
    struct policy *p = NULL;

    assert_false(is_ok(policy_compile(buf_str(text), POLICY_IDENTITY, S("p"), &p, &e)));
    if (!strstr(e.what, why))
        fail_msg("\"%s\" instead of \"%s\"", e.what, why);
}

static void test_authz_parse__counts_are_bounded(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 2 * POLICY_MAX_BYTES);
    repeat(&text, "{\"Statement\":[", "1", POLICY_MAX_STATEMENTS + 1, "]}");
    expect_refused(&text, "at most 512 statements");
    repeat(&text, "{\"Statement\":{" ST ",\"Condition\":{\"ArnLike\":{\"aws:x\":[", "1", 9000, "]}}}}");
    expect_refused(&text, "elements of a kind");
    /* short as it is written, but not as it is kept: numbers are written out */
    repeat(&text, "{\"Statement\":{" ST ",\"Condition\":{\"NumericEquals\":{\"aws:x\":[", "1e9", 5000, "]}}}}");
    assert_true(text.n <= POLICY_MAX_BYTES);
    expect_refused(&text, "at most 20480 bytes");
    buf_done(&text);
}

/* A field of an ARN, a service's name and a head are counted in one byte each. */
static void test_authz_parse__long_pieces(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct err e = {0};
    struct policy *p = NULL;
    char pad[301];

    (void)state;
    memset(pad, 'a', 300);
    pad[300] = '\0';
    str field = arena_printf(
        a, "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:%s::b\"}}", pad);
    assert_false(is_ok(policy_compile(field, POLICY_IDENTITY, S("p"), &p, &e)));
    assert_non_null(strstr(e.what, "A field of an ARN is too long"));
    str both = arena_printf(
        a,
        "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":[\"%s:Get*\",\"s3:Get*\"],\"Resource\":\"arn:aws:s3:::%s*\"}}",
        pad, pad);
    err_clear(&e);
    assert_true(is_ok(policy_compile(both, POLICY_IDENTITY, S("p"), &p, &e)));
    const struct policy *one[] = {p};
    struct authz_layers l = {.identity = {.v = one, .n = 1}};
    struct authz_request r = {.principal_kind = PRINCIPAL_USER,
                              .principal = S("arn:aws:iam::111111111111:user/u"),
                              .account = S("111111111111"),
                              .action = S("s3:GetObject"),
                              .resource = arena_printf(a, "arn:aws:s3:::%s/k", pad)};
    assert_int_equal(authz_evaluate(&r, &l).verdict, ALLOWED);
    r.resource = arena_printf(a, "arn:aws:s3:::%.*s/k", 299, pad);
    assert_int_equal(authz_evaluate(&r, &l).verdict, DENIED_IMPLICITLY);
    r.resource = arena_printf(a, "arn:aws:s3:::%s/k", pad);
    r.action = S("aaa:GetObject");
    assert_int_equal(authz_evaluate(&r, &l).verdict, DENIED_IMPLICITLY);
    policy_free(p);
    arena_free(a);
}

/* The name is kept with the texts, and counts with them. */
static void test_authz_parse__a_name_is_bounded_too(void **state)
{
    static char name[1 << 16];
    struct err e = {0};
    struct policy *p = NULL;

    (void)state;
    memset(name, 'n', sizeof name);
    assert_false(is_ok(policy_compile(S(DOC(ST)), POLICY_IDENTITY, str_n(name, sizeof name), &p, &e)));
    assert_non_null(strstr(e.what, "too large"));
    assert_null(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authz_parse__bad_documents_are_refused_with_a_reason),
        cmocka_unit_test(test_authz_parse__good_documents_are_taken),
        cmocka_unit_test(test_authz_parse__statements_are_given_back),
        cmocka_unit_test(test_authz_parse__principals_with_ids_are_listed_once),
        cmocka_unit_test(test_authz_parse__memory_is_at_most_one_and_a_half_times_the_text),
        cmocka_unit_test(test_authz_parse__size_is_bounded),
        cmocka_unit_test(test_authz_parse__compiled_sizes_are_bounded),
        cmocka_unit_test(test_authz_parse__counts_are_bounded),
        cmocka_unit_test(test_authz_parse__long_pieces),
        cmocka_unit_test(test_authz_parse__a_name_is_bounded_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
