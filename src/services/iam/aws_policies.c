/* SPDX-License-Identifier: MIT */
/* AWS's own managed policies, as far as they exist here: written anew from what AWS documents of their reach. Where one
 * is `cut`, actions of services that Barmkin does not have are left out, and its description says so. */
#include "iam_names.h"

#define DOCUMENT(statements) "{\"Version\":\"2012-10-17\",\"Statement\":[" statements "]}"
#define ALLOW(actions) "{\"Effect\":\"Allow\",\"Action\":[" actions "],\"Resource\":\"*\"}"
#define ALLOW_ON(actions, resources) "{\"Effect\":\"Allow\",\"Action\":[" actions "],\"Resource\":[" resources "]}"
#define ALLOW_IF(actions, resources, condition)                                                                        \
    "{\"Effect\":\"Allow\",\"Action\":[" actions "],\"Resource\":[" resources "],\"Condition\":{" condition "}}"
#define SAGEMAKER_BUCKETS                                                                                              \
    "\"arn:aws:s3:::*SageMaker*\",\"arn:aws:s3:::*Sagemaker*\",\"arn:aws:s3:::*sagemaker*\",\"arn:aws:s3:::*aws-glue*" \
    "\""

static const struct aws_policy {
    const char *path_name; /* below arn:aws:iam::aws:policy */
    bool cut;
    const char *document;
} aws_policies
    [] =
        {
            {"/AdministratorAccess", false, DOCUMENT("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}")},
            {"/PowerUserAccess", false,
             DOCUMENT(
                 "{\"Effect\":\"Allow\",\"NotAction\":[\"iam:*\",\"organizations:*\",\"account:*\"],\"Resource\":\"*\"}"
                 "," ALLOW("\"iam:CreateServiceLinkedRole\",\"iam:DeleteServiceLinkedRole\",\"iam:ListRoles\","
                           "\"organizations:DescribeOrganization\",\"account:GetAccountInformation\",\"account:"
                           "ListRegions\""))},
            {"/ReadOnlyAccess", true,
             DOCUMENT(ALLOW(
                 "\"cloudformation:Describe*\",\"cloudformation:Get*\",\"cloudformation:List*\",\"cloudwatch:Describe*"
                 "\","
                 "\"cloudwatch:Get*\",\"cloudwatch:List*\",\"codebuild:BatchGet*\",\"codebuild:List*\",\"codecommit:"
                 "BatchGet*\","
                 "\"codecommit:Describe*\",\"codecommit:Get*\",\"codecommit:GitPull\",\"codecommit:List*\","
                 "\"codepipeline:Get*\",\"codepipeline:List*\",\"ec2:Describe*\",\"ec2:Get*\",\"ec2:Search*\","
                 "\"ecr:BatchCheck*\",\"ecr:BatchGet*\",\"ecr:Describe*\",\"ecr:Get*\",\"ecr:List*\","
                 "\"elasticfilesystem:Describe*\",\"elasticfilesystem:List*\",\"events:Describe*\",\"events:List*\","
                 "\"events:Test*\",\"iam:Generate*\",\"iam:Get*\",\"iam:List*\",\"iam:Simulate*\",\"kms:Describe*\","
                 "\"kms:Get*\",\"kms:List*\",\"lambda:Get*\",\"lambda:List*\",\"logs:Describe*\",\"logs:"
                 "FilterLogEvents\","
                 "\"logs:Get*\",\"logs:ListTags*\",\"logs:TestMetricFilter\",\"organizations:Describe*\","
                 "\"organizations:List*\",\"s3:DescribeJob\",\"s3:Get*\",\"s3:List*\",\"sagemaker:Describe*\","
                 "\"sagemaker:GetSearchSuggestions\",\"sagemaker:List*\",\"sagemaker:Search\",\"servicecatalog:"
                 "Describe*\","
                 "\"servicecatalog:List*\",\"servicecatalog:Scan*\",\"servicecatalog:Search*\",\"sns:Get*\",\"sns:List*"
                 "\","
                 "\"sqs:Get*\",\"sqs:List*\",\"ssm:Describe*\",\"ssm:Get*\",\"ssm:List*\",\"sts:GetAccessKeyInfo\","
                 "\"sts:GetCallerIdentity\",\"sts:GetSessionToken\",\"tag:Get*\""))},
            {"/AWSCloudFormationFullAccess", false, DOCUMENT(ALLOW("\"cloudformation:*\""))},
            {"/AWSCloudFormationReadOnlyAccess", false,
             DOCUMENT(
                 ALLOW("\"cloudformation:Describe*\",\"cloudformation:EstimateTemplateCost\",\"cloudformation:Get*\","
                       "\"cloudformation:List*\",\"cloudformation:ValidateTemplate\",\"cloudformation:Detect*\""))},
            {"/AWSCodeCommitFullAccess", true,
             DOCUMENT(
                 ALLOW(
                     "\"codecommit:*\"") "," ALLOW_ON("\"events:DeleteRule\",\"events:DescribeRule\",\"events:"
                                                      "DisableRule\",\"events:EnableRule\",\"events:"
                                                      "PutRule\","
                                                      "\"events:PutTargets\",\"events:RemoveTargets\",\"events:"
                                                      "ListTargetsByRule\"",
                                                      "\"arn:aws:events:*:*:rule/codecommit*\"") "," ALLOW("\"lambda:"
                                                                                                           "ListFunctio"
                                                                                                           "ns\",\"iam:"
                                                                                                           "ListUsers"
                                                                                                           "\"") "," ALLOW_ON("\"iam:ListAccessKeys\",\"iam:ListSSHPublicKeys\",\"iam:ListServiceSpecificCredentials\"",
                                                                                                                              "\"arn:aws:iam::*:user/${aws:username}\""))},
            {"/AWSCodeCommitReadOnly", true,
             DOCUMENT(ALLOW("\"codecommit:BatchGet*\",\"codecommit:BatchDescribe*\",\"codecommit:Describe*\","
                            "\"codecommit:EvaluatePullRequestApprovalRules\",\"codecommit:Get*\",\"codecommit:List*\","
                            "\"codecommit:GitPull\"") "," ALLOW("\"lambda:ListFunctions\",\"iam:ListUsers\""))},
            {"/AWSKeyManagementServicePowerUser", false,
             DOCUMENT(ALLOW(
                 "\"kms:CreateAlias\",\"kms:CreateKey\",\"kms:DeleteAlias\",\"kms:Describe*\",\"kms:GenerateRandom\","
                 "\"kms:Get*\",\"kms:List*\",\"kms:TagResource\",\"kms:UntagResource\",\"iam:ListGroups\","
                 "\"iam:ListRoles\",\"iam:ListUsers\""))},
            {"/AWSLambda_FullAccess", true,
             DOCUMENT(ALLOW(
                 "\"cloudformation:DescribeStacks\",\"cloudformation:ListStackResources\",\"cloudwatch:ListMetrics\","
                 "\"cloudwatch:GetMetricData\",\"ec2:DescribeSecurityGroups\",\"ec2:DescribeSubnets\","
                 "\"ec2:DescribeVpcs\",\"kms:ListAliases\",\"iam:GetPolicy\",\"iam:GetPolicyVersion\",\"iam:GetRole\","
                 "\"iam:GetRolePolicy\",\"iam:ListAttachedRolePolicies\",\"iam:ListRolePolicies\",\"iam:ListRoles\","
                 "\"lambda:*\",\"logs:DescribeLogGroups\",\"tag:GetResources\"") "," ALLOW_IF("\"iam:PassRole\"",
                                                                                              "\"*\"",
                                                                                              "\"StringEquals\":{\"iam:"
                                                                                              "PassedToService\":"
                                                                                              "\"lambda.amazonaws."
                                                                                              "com\"}") "," ALLOW_ON("\"logs:DescribeLogStreams\",\"logs:GetLogEvents\",\"logs:FilterLogEvents\"",
                                                                                                                     "\"arn:aws:logs:*:*:log-group:/aws/lambda/*\""))},
            {"/AWSLambda_ReadOnlyAccess", true,
             DOCUMENT(ALLOW(
                 "\"cloudformation:DescribeStacks\",\"cloudformation:ListStackResources\",\"cloudwatch:GetMetricData\","
                 "\"cloudwatch:ListMetrics\",\"ec2:DescribeSecurityGroups\",\"ec2:DescribeSubnets\","
                 "\"ec2:DescribeVpcs\",\"kms:ListAliases\",\"iam:GetPolicy\",\"iam:GetPolicyVersion\",\"iam:GetRole\","
                 "\"iam:GetRolePolicy\",\"iam:ListAttachedRolePolicies\",\"iam:ListRolePolicies\",\"iam:ListRoles\","
                 "\"logs:DescribeLogGroups\",\"lambda:Get*\",\"lambda:List*\",\"tag:GetResources\"") "," ALLOW_ON("\"lo"
                                                                                                                  "gs:"
                                                                                                                  "Desc"
                                                                                                                  "ribe"
                                                                                                                  "LogS"
                                                                                                                  "trea"
                                                                                                                  "ms\""
                                                                                                                  ","
                                                                                                                  "\"lo"
                                                                                                                  "gs:"
                                                                                                                  "GetL"
                                                                                                                  "ogEv"
                                                                                                                  "ents"
                                                                                                                  "\","
                                                                                                                  "\"lo"
                                                                                                                  "gs:"
                                                                                                                  "Filt"
                                                                                                                  "erLo"
                                                                                                                  "gEve"
                                                                                                                  "nts"
                                                                                                                  "\"",
                                                                                                                  "\"ar"
                                                                                                                  "n:"
                                                                                                                  "aws:"
                                                                                                                  "logs"
                                                                                                                  ":*:*"
                                                                                                                  ":log"
                                                                                                                  "-"
                                                                                                                  "grou"
                                                                                                                  "p:/"
                                                                                                                  "aws/"
                                                                                                                  "lamb"
                                                                                                                  "da/"
                                                                                                                  "*"
                                                                                                                  "\""))},
            {"/AWSServiceCatalogAdminFullAccess", true,
             DOCUMENT(ALLOW_ON("\"cloudformation:CreateStack\",\"cloudformation:DeleteStack\",\"cloudformation:"
                               "DescribeStackEvents\","
                               "\"cloudformation:DescribeStacks\",\"cloudformation:SetStackPolicy\",\"cloudformation:"
                               "UpdateStack\","
                               "\"cloudformation:CreateChangeSet\",\"cloudformation:DescribeChangeSet\","
                               "\"cloudformation:ExecuteChangeSet\",\"cloudformation:ListChangeSets\","
                               "\"cloudformation:DeleteChangeSet\",\"cloudformation:ListStackResources\","
                               "\"cloudformation:TagResource\"",
                               "\"arn:aws:cloudformation:*:*:stack/SC-*\",\"arn:aws:cloudformation:*:*:stack/"
                               "StackSet-SC-*\","
                               "\"arn:aws:cloudformation:*:*:changeSet/SC-*\"") "," ALLOW("\"cloudformation:"
                                                                                          "GetTemplateSummary\","
                                                                                          "\"cloudformation:"
                                                                                          "ValidateTemplate\",\"iam:"
                                                                                          "GetGroup\",\"iam:GetRole\","
                                                                                          "\"iam:GetUser\",\"iam:"
                                                                                          "ListGroups\",\"iam:"
                                                                                          "ListRoles\",\"iam:"
                                                                                          "ListUsers\","
                                                                                          "\"servicecatalog:*\","
                                                                                          "\"ssm:DescribeDocument\","
                                                                                          "\"ssm:"
                                                                                          "GetAutomationExecution\","
                                                                                          "\"ssm:"
                                                                                          "ListDocuments\",\"ssm:"
                                                                                          "ListDocumentVersions\","
                                                                                          "\"ssm:"
                                                                                          "DescribeAutomationExecutions"
                                                                                          "\"") "," ALLOW_IF("\"iam:"
                                                                                                             "PassRole"
                                                                                                             "\"",
                                                                                                             "\"*\"",
                                                                                                             "\"StringE"
                                                                                                             "quals\":{"
                                                                                                             "\"iam:"
                                                                                                             "PassedToS"
                                                                                                             "ervice\":"
                                                                                                             "\"service"
                                                                                                             "catalog."
                                                                                                             "amazonaws"
                                                                                                             ".com\""
                                                                                                             "}"))},
            {"/AWSServiceCatalogEndUserReadOnlyAccess", true,
             DOCUMENT(ALLOW_ON(
                 "\"cloudformation:DescribeStackEvents\",\"cloudformation:DescribeStacks\","
                 "\"cloudformation:DescribeChangeSet\",\"cloudformation:ListChangeSets\","
                 "\"cloudformation:ListStackResources\"",
                 "\"arn:aws:cloudformation:*:*:stack/SC-*\",\"arn:aws:cloudformation:*:*:stack/"
                 "StackSet-SC-*\","
                 "\"arn:aws:cloudformation:*:*:changeSet/SC-*\"") "," ALLOW("\"cloudformation:"
                                                                            "GetTemplateSummary\","
                                                                            "\"servicecatalog:"
                                                                            "DescribeProduct\","
                                                                            "\"servicecatalog:"
                                                                            "DescribeProductView\","
                                                                            "\"servicecatalog:"
                                                                            "DescribeProvisioningParameters\""
                                                                            ",\"servicecatalog:"
                                                                            "ListLaunchPaths\","
                                                                            "\"servicecatalog:"
                                                                            "SearchProducts\"") "," ALLOW_IF("\"service"
                                                                                                             "catalog:"
                                                                                                             "ListStack"
                                                                                                             "Instances"
                                                                                                             "ForProvis"
                                                                                                             "ionedProd"
                                                                                                             "uct\","
                                                                                                             "\"service"
                                                                                                             "catalog:"
                                                                                                             "DescribeR"
                                                                                                             "ecord\","
                                                                                                             "\"service"
                                                                                                             "catalog:"
                                                                                                             "ListRecor"
                                                                                                             "dHistory"
                                                                                                             "\","
                                                                                                             "\"service"
                                                                                                             "catalog:"
                                                                                                             "ScanProvi"
                                                                                                             "sionedPro"
                                                                                                             "ducts\"",
                                                                                                             "\"*\"",
                                                                                                             "\"StringE"
                                                                                                             "quals\":{"
                                                                                                             "\"service"
                                                                                                             "catalog:"
                                                                                                             "userLevel"
                                                                                                             "\":"
                                                                                                             "\"self\""
                                                                                                             "}"))},
            {"/AmazonEC2ReadOnlyAccess", true,
             DOCUMENT(ALLOW("\"ec2:Describe*\",\"ec2:GetSecurityGroupsForVpc\",\"cloudwatch:ListMetrics\","
                            "\"cloudwatch:GetMetricStatistics\",\"cloudwatch:Describe*\""))},
            {"/AmazonElasticFileSystemFullAccess", false,
             DOCUMENT(ALLOW(
                 "\"cloudwatch:DescribeAlarmsForMetric\",\"cloudwatch:GetMetricData\",\"ec2:CreateNetworkInterface\","
                 "\"ec2:DeleteNetworkInterface\",\"ec2:DescribeAvailabilityZones\","
                 "\"ec2:DescribeNetworkInterfaceAttribute\",\"ec2:DescribeNetworkInterfaces\","
                 "\"ec2:DescribeSecurityGroups\",\"ec2:DescribeSubnets\",\"ec2:DescribeVpcAttribute\","
                 "\"ec2:DescribeVpcs\",\"ec2:ModifyNetworkInterfaceAttribute\",\"elasticfilesystem:*\","
                 "\"kms:DescribeKey\",\"kms:ListAliases\"") "," ALLOW_IF("\"iam:CreateServiceLinkedRole\"", "\"*\"",
                                                                         "\"StringEquals\":{\"iam:AWSServiceName\":["
                                                                         "\"elasticfilesystem.amazonaws.com\"]}"))},
            {"/AmazonS3FullAccess", false, DOCUMENT(ALLOW("\"s3:*\",\"s3-object-lambda:*\""))},
            {"/AmazonS3ReadOnlyAccess", false,
             DOCUMENT(ALLOW(
                 "\"s3:Get*\",\"s3:List*\",\"s3:Describe*\",\"s3-object-lambda:Get*\",\"s3-object-lambda:List*\""))},
            {"/AmazonSSMFullAccess", true,
             DOCUMENT(ALLOW(
                 "\"cloudwatch:PutMetricData\",\"ec2:DescribeInstanceStatus\",\"logs:*\",\"ssm:*\","
                 "\"ec2messages:*\"") "," ALLOW_IF("\"iam:CreateServiceLinkedRole\"",
                                                   "\"arn:aws:iam::*:role/aws-service-role/ssm.amazonaws.com/"
                                                   "AWSServiceRoleForAmazonSSM*\"",
                                                   "\"StringLike\":{\"iam:AWSServiceName\":\"ssm.amazonaws.com\"}"))},
            {"/AmazonSSMReadOnlyAccess", false, DOCUMENT(ALLOW("\"ssm:Describe*\",\"ssm:Get*\",\"ssm:List*\""))},
            {"/AmazonSageMakerFeatureStoreAccess", true,
             DOCUMENT(ALLOW_ON("\"s3:PutObject\",\"s3:GetBucketAcl\",\"s3:PutObjectAcl\"", SAGEMAKER_BUCKETS))},
            {"/AmazonSageMakerFullAccess", true,
             DOCUMENT(
                 "{\"Sid\":\"AllowAllNonAdminSageMakerActions\",\"Effect\":\"Allow\",\"Action\":[\"sagemaker:*\"],"
                 "\"NotResource\":[\"arn:aws:sagemaker:*:*:domain/*\",\"arn:aws:sagemaker:*:*:user-profile/*\","
                 "\"arn:aws:sagemaker:*:*:app/*\",\"arn:aws:sagemaker:*:*:space/*\","
                 "\"arn:aws:sagemaker:*:*:flow-definition/*\"]}," ALLOW(
                     "\"sagemaker:CreatePresignedDomainUrl\","
                     "\"sagemaker:DescribeDomain\",\"sagemaker:"
                     "ListDomains\","
                     "\"sagemaker:DescribeUserProfile\","
                     "\"sagemaker:ListUserProfiles\",\"sagemaker:"
                     "DescribeSpace\","
                     "\"sagemaker:ListSpaces\",\"sagemaker:"
                     "DescribeApp\",\"sagemaker:ListApps\"") "," ALLOW_IF("\"sagemaker:CreateApp\",\"sagemaker:"
                                                                          "DeleteApp\"",
                                                                          "\"arn:aws:sagemaker:*:*:app/*/*/*/*\"",
                                                                          "\"Null\":{\"sagemaker:OwnerUserProfileArn\":"
                                                                          "\"true\"}") "," ALLOW("\"cloudwatch:"
                                                                                                 "DeleteAlarms\","
                                                                                                 "\"cloudwatch:"
                                                                                                 "DescribeAlarms\","
                                                                                                 "\"cloudwatch:"
                                                                                                 "GetMetricData\","
                                                                                                 "\"cloudwatch:"
                                                                                                 "GetMetricStatistics\""
                                                                                                 ",\"cloudwatch:"
                                                                                                 "ListMetrics\","
                                                                                                 "\"cloudwatch:"
                                                                                                 "PutMetricAlarm\","
                                                                                                 "\"cloudwatch:"
                                                                                                 "PutMetricData\","
                                                                                                 "\"codecommit:"
                                                                                                 "BatchGetRepositories"
                                                                                                 "\",\"codecommit:"
                                                                                                 "CreateRepository\","
                                                                                                 "\"codecommit:"
                                                                                                 "GetRepository\","
                                                                                                 "\"codecommit:List*\","
                                                                                                 "\"ec2:"
                                                                                                 "CreateNetworkInterfac"
                                                                                                 "e\","
                                                                                                 "\"ec2:"
                                                                                                 "CreateNetworkInterfac"
                                                                                                 "ePermission\",\"ec2:"
                                                                                                 "CreateVpcEndpoint\","
                                                                                                 "\"ec2:"
                                                                                                 "DeleteNetworkInterfac"
                                                                                                 "e\","
                                                                                                 "\"ec2:"
                                                                                                 "DeleteNetworkInterfac"
                                                                                                 "ePermission\",\"ec2:"
                                                                                                 "DescribeDhcpOptions\""
                                                                                                 ",\"ec2:"
                                                                                                 "DescribeNetworkInterf"
                                                                                                 "aces\","
                                                                                                 "\"ec2:"
                                                                                                 "DescribeRouteTables\""
                                                                                                 ",\"ec2:"
                                                                                                 "DescribeSecurityGroup"
                                                                                                 "s\",\"ec2:"
                                                                                                 "DescribeSubnets\","
                                                                                                 "\"ec2:"
                                                                                                 "DescribeVpcEndpoints"
                                                                                                 "\",\"ec2:"
                                                                                                 "DescribeVpcs\",\"ecr:"
                                                                                                 "BatchCheckLayerAvaila"
                                                                                                 "bility\","
                                                                                                 "\"ecr:"
                                                                                                 "BatchGetImage\","
                                                                                                 "\"ecr:"
                                                                                                 "CreateRepository\","
                                                                                                 "\"ecr:Describe*\","
                                                                                                 "\"ecr:"
                                                                                                 "GetAuthorizationToken"
                                                                                                 "\","
                                                                                                 "\"ecr:"
                                                                                                 "GetDownloadUrlForLaye"
                                                                                                 "r\","
                                                                                                 "\"elasticfilesystem:"
                                                                                                 "DescribeFileSystems\""
                                                                                                 ","
                                                                                                 "\"elasticfilesystem:"
                                                                                                 "DescribeMountTargets"
                                                                                                 "\",\"iam:ListRoles\","
                                                                                                 "\"kms:DescribeKey\","
                                                                                                 "\"kms:ListAliases\","
                                                                                                 "\"lambda:"
                                                                                                 "ListFunctions\","
                                                                                                 "\"logs:"
                                                                                                 "CreateLogDelivery\","
                                                                                                 "\"logs:"
                                                                                                 "CreateLogGroup\","
                                                                                                 "\"logs:"
                                                                                                 "CreateLogStream\","
                                                                                                 "\"logs:"
                                                                                                 "DeleteLogDelivery\","
                                                                                                 "\"logs:Describe*\","
                                                                                                 "\"logs:"
                                                                                                 "GetLogDelivery\","
                                                                                                 "\"logs:"
                                                                                                 "GetLogEvents\","
                                                                                                 "\"logs:"
                                                                                                 "ListLogDeliveries\","
                                                                                                 "\"logs:"
                                                                                                 "PutLogEvents\","
                                                                                                 "\"logs:"
                                                                                                 "PutResourcePolicy\","
                                                                                                 "\"logs:"
                                                                                                 "UpdateLogDelivery\","
                                                                                                 "\"servicecatalog:"
                                                                                                 "Describe*\","
                                                                                                 "\"servicecatalog:"
                                                                                                 "List*\","
                                                                                                 "\"servicecatalog:"
                                                                                                 "ScanProvisionedProduc"
                                                                                                 "ts\","
                                                                                                 "\"servicecatalog:"
                                                                                                 "SearchProducts\","
                                                                                                 "\"servicecatalog:"
                                                                                                 "SearchProvisionedProd"
                                                                                                 "ucts\",\"sns:"
                                                                                                 "ListTopics\","
                                                                                                 "\"tag:GetResources\"") "," ALLOW_ON("\"codecommit:GitPull\",\"codecommit:GitPush\"",
                                                                                                                                      "\"arn:aws:codecommit:*:*:*sagemaker*\","
                                                                                                                                      "\"arn:aws:codecommit:*:*:*SageMaker*\","
                                                                                                                                      "\"arn:aws:codecommit:*:*:*Sagemaker*\"") "," ALLOW_ON("\"codebuild:BatchGetBuilds\",\"codebuild:StartBuild\"", "\"arn:aws:codebuild:*:*:project/sagemaker*\",\"arn:aws:codebuild:*:*:build/*\"") "," ALLOW("\"servicecatalog:ProvisionProduct\"") "," ALLOW_IF("\"servicecatalog:TerminateProvisionedProduct\",\"servicecatalog:UpdateProvisionedProduct\"",
                                                                                                                                                                                                                                                                                                                                                                                                      "\"*\"", "\"StringEquals\":{\"servicecatalog:userLevel\":\"self\"}") "," ALLOW_ON("\"s3:GetObject\",\"s3:PutObject\",\"s3:DeleteObject\",\"s3:AbortMultipartUpload\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        SAGEMAKER_BUCKETS) "," ALLOW_IF("\"s3:GetObject\"", "\"arn:aws:s3:::*\"", "\"StringEqualsIgnoreCase\":{\"s3:ExistingObjectTag/SageMaker\":\"true\"}") "," ALLOW_IF("\"s3:GetObject\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                           "\"arn:aws:s3:::*\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                           "\"StringEquals\":{\"s3:ExistingObjectTag/servicecatalog:provisioning\":\"true\"}") "," ALLOW("\"s3:CreateBucket\",\"s3:GetBucketLocation\",\"s3:ListBucket\",\"s3:ListAllMyBuckets\","
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                         "\"s3:GetBucketCors\",\"s3:PutBucketCors\"") "," ALLOW_ON("\"s3:GetBucketAcl\",\"s3:PutObjectAcl\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                   SAGEMAKER_BUCKETS) "," ALLOW_ON("\"lambda:InvokeFunction\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                   "\"arn:aws:lambda:*:*:function:*SageMaker*\",\"arn:aws:lambda:*:*:function:*sagemaker*\","
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                   "\"arn:aws:lambda:*:*:function:*Sagemaker*\"") "," ALLOW_ON("\"sns:Subscribe\",\"sns:CreateTopic\",\"sns:Publish\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "\"arn:aws:sns:*:*:*SageMaker*\",\"arn:aws:sns:*:*:*Sagemaker*\",\"arn:aws:sns:*:*:*sagemaker*\"") "," ALLOW_IF("\"iam:PassRole\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "\"arn:aws:iam::*:role/*\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "\"StringEquals\":{\"iam:PassedToService\":\"sagemaker.amazonaws.com\"}"))},
            {"/AmazonVPCFullAccess", true,
             DOCUMENT(ALLOW(
                 "\"ec2:AcceptVpcPeeringConnection\",\"ec2:AllocateAddress\",\"ec2:AssignIpv6Addresses\","
                 "\"ec2:AssignPrivateIpAddresses\",\"ec2:Associate*\",\"ec2:AttachInternetGateway\","
                 "\"ec2:AttachNetworkInterface\",\"ec2:AuthorizeSecurityGroup*\",\"ec2:CreateDhcpOptions\","
                 "\"ec2:CreateFlowLogs\",\"ec2:CreateInternetGateway\",\"ec2:CreateNatGateway\",\"ec2:CreateNetworkAcl*"
                 "\","
                 "\"ec2:CreateNetworkInterface*\",\"ec2:CreateRoute*\",\"ec2:CreateSecurityGroup\",\"ec2:"
                 "CreateSubnet\","
                 "\"ec2:CreateTags\",\"ec2:CreateVpc*\",\"ec2:DeleteDhcpOptions\",\"ec2:DeleteFlowLogs\","
                 "\"ec2:DeleteInternetGateway\",\"ec2:DeleteNatGateway\",\"ec2:DeleteNetworkAcl*\","
                 "\"ec2:DeleteNetworkInterface*\",\"ec2:DeleteRoute*\",\"ec2:DeleteSecurityGroup\",\"ec2:"
                 "DeleteSubnet\","
                 "\"ec2:DeleteTags\",\"ec2:DeleteVpc*\",\"ec2:Describe*\",\"ec2:DetachInternetGateway\","
                 "\"ec2:DetachNetworkInterface\",\"ec2:Disassociate*\",\"ec2:GetSecurityGroupsForVpc\","
                 "\"ec2:ModifyNetworkInterfaceAttribute\",\"ec2:ModifySecurityGroupRules\",\"ec2:"
                 "ModifySubnetAttribute\","
                 "\"ec2:ModifyVpc*\",\"ec2:ReleaseAddress\",\"ec2:ReplaceNetworkAcl*\",\"ec2:ReplaceRoute*\","
                 "\"ec2:ResetNetworkInterfaceAttribute\",\"ec2:RevokeSecurityGroup*\",\"ec2:UnassignIpv6Addresses\","
                 "\"ec2:UnassignPrivateIpAddresses\",\"ec2:UpdateSecurityGroupRuleDescriptions*\""))},
            {"/CloudWatchLogsFullAccess", false, DOCUMENT(ALLOW("\"logs:*\",\"cloudwatch:GenerateQuery\""))},
            {"/job-function/DataScientist", true,
             DOCUMENT(ALLOW(
                 "\"cloudwatch:*\",\"cloudformation:CreateStack\",\"cloudformation:DescribeStackEvents\","
                 "\"ec2:CreateTags\",\"ec2:Describe*\",\"ecr:Batch*\",\"ecr:Describe*\",\"ecr:"
                 "GetDownloadUrlForLayer\","
                 "\"ecr:List*\",\"elasticfilesystem:*\",\"iam:GetInstanceProfile\",\"iam:GetInstanceProfiles\","
                 "\"iam:GetPolicy\",\"iam:GetPolicyVersion\",\"iam:ListRoles\",\"kms:List*\",\"lambda:Create*\","
                 "\"lambda:Delete*\",\"lambda:Get*\",\"lambda:InvokeFunction\",\"lambda:PublishVersion\","
                 "\"lambda:Update*\",\"lambda:List*\",\"logs:DescribeLogStreams\",\"logs:GetLogEvents\","
                 "\"s3:CreateBucket\",\"sns:CreateTopic\",\"sns:Get*\",\"sns:List*\"") "," ALLOW("\"s3:Abort*\","
                                                                                                 "\"s3:"
                                                                                                 "DeleteObject\""
                                                                                                 ",\"s3:Get*\","
                                                                                                 "\"s3:List*\","
                                                                                                 "\"s3:"
                                                                                                 "PutAccelerateC"
                                                                                                 "onfiguration\""
                                                                                                 ","
                                                                                                 "\"s3:"
                                                                                                 "PutBucketCors"
                                                                                                 "\",\"s3:"
                                                                                                 "PutBucketLoggi"
                                                                                                 "ng\",\"s3:"
                                                                                                 "PutBucketNotif"
                                                                                                 "ication\","
                                                                                                 "\"s3:"
                                                                                                 "PutBucketTaggi"
                                                                                                 "ng\","
                                                                                                 "\"s3:"
                                                                                                 "PutObject\","
                                                                                                 "\"s3:"
                                                                                                 "Replicate*\","
                                                                                                 "\"s3:"
                                                                                                 "RestoreObject"
                                                                                                 "\"") ",{"
                                                                                                       "\"Effect"
                                                                                                       "\":"
                                                                                                       "\"Allow"
                                                                                                       "\","
                                                                                                       "\"Action"
                                                                                                       "\":["
                                                                                                       "\"sagema"
                                                                                                       "ker:*\"]"
                                                                                                       ","
                                                                                                       "\"NotRes"
                                                                                                       "ource\":"
                                                                                                       "[\"arn:"
                                                                                                       "aws:"
                                                                                                       "sagemake"
                                                                                                       "r:*:*:"
                                                                                                       "domain/"
                                                                                                       "*\","
                                                                                                       "\"arn:"
                                                                                                       "aws:"
                                                                                                       "sagemake"
                                                                                                       "r:*:*:"
                                                                                                       "user-"
                                                                                                       "profile/"
                                                                                                       "*\","
                                                                                                       "\"arn:"
                                                                                                       "aws:"
                                                                                                       "sagemake"
                                                                                                       "r:*:*:"
                                                                                                       "app/"
                                                                                                       "*\","
                                                                                                       "\"arn:"
                                                                                                       "aws:"
                                                                                                       "sagemake"
                                                                                                       "r:*:*:"
                                                                                                       "flow-"
                                                                                                       "definiti"
                                                                                                       "on/"
                                                                                                       "*\"]}"
                                                                                                       "," ALLOW_IF(
                                                                                                           "\"ia"
                                                                                                           "m:"
                                                                                                           "Pass"
                                                                                                           "Role"
                                                                                                           "\"",
                                                                                                           "\"*"
                                                                                                           "\"",
                                                                                                           "\"St"
                                                                                                           "ring"
                                                                                                           "Equa"
                                                                                                           "ls\""
                                                                                                           ":{"
                                                                                                           "\"ia"
                                                                                                           "m:"
                                                                                                           "Pass"
                                                                                                           "edTo"
                                                                                                           "Serv"
                                                                                                           "ice"
                                                                                                           "\":"
                                                                                                           "\"sa"
                                                                                                           "gema"
                                                                                                           "ker."
                                                                                                           "amaz"
                                                                                                           "onaw"
                                                                                                           "s."
                                                                                                           "com"
                                                                                                           "\""
                                                                                                           "}"))},
            {"/service-role/AWSLambdaBasicExecutionRole", false,
             DOCUMENT(ALLOW("\"logs:CreateLogGroup\",\"logs:CreateLogStream\",\"logs:PutLogEvents\""))},
};
enum { AWS_POLICIES = sizeof aws_policies / sizeof *aws_policies };

static const struct aws_policy *named(str arn)
{
    static const char prefix[] = "arn:aws:iam::aws:policy";

    if (!str_starts(arn, S(prefix)))
        return NULL;
    for (size_t i = 0; i < AWS_POLICIES; i++)
        if (str_eq(str_from(arn, sizeof prefix - 1), str_z(aws_policies[i].path_name)))
            return &aws_policies[i];
    return NULL;
}

str iam_aws_policy(str arn)
{
    const struct aws_policy *p = named(arn);

    return p ? str_z(p->document) : STR_ABSENT;
}

str iam_aws_policy_note(str arn)
{
    const struct aws_policy *p = named(arn);

    return p && p->cut ? S("Cut to the services that Barmkin knows.") : STR_ABSENT;
}

str iam_aws_policy_arn(struct call *c, size_t i)
{
    return i < AWS_POLICIES ? arena_cat(c->arena, S("arn:aws:iam::aws:policy"), str_z(aws_policies[i].path_name))
                            : STR_ABSENT;
}
