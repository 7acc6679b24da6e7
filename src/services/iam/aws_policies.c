/* SPDX-License-Identifier: MIT */
/* AWS's own managed policies, as far as they exist here: written anew from what AWS documents of their reach. Where one
 * is `cut`, actions of services that Barmkin does not have are left out, and its description says so. */
#include "iam_names.h"

static const struct aws_policy {
    const char *path_name; /* below arn:aws:iam::aws:policy */
    bool cut;
    const char *document;
} aws_policies[] = {
    {"/AdministratorAccess", false,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"},
    {"/PowerUserAccess", false,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"NotAction\":[\"iam:*\","
     "\"organizations:*\",\"account:*\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
     "\"Action\":[\"iam:CreateServiceLinkedRole\",\"iam:DeleteServiceLinkedRole\",\"iam:ListRoles\","
     "\"organizations:DescribeOrganization\",\"account:GetAccountInformation\",\"account:ListRegions\"],"
     "\"Resource\":\"*\"}]}"},
    {"/ReadOnlyAccess", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudformation:Describe*\",\"cloudformation:Get*\",\"cloudformation:List*\","
     "\"cloudwatch:Describe*\",\"cloudwatch:Get*\",\"cloudwatch:List*\",\"codebuild:BatchGet*\","
     "\"codebuild:List*\",\"codecommit:BatchGet*\",\"codecommit:Describe*\",\"codecommit:Get*\","
     "\"codecommit:GitPull\",\"codecommit:List*\",\"codepipeline:Get*\",\"codepipeline:List*\","
     "\"ec2:Describe*\",\"ec2:Get*\",\"ec2:Search*\",\"ecr:BatchCheck*\",\"ecr:BatchGet*\",\"ecr:Describe*\","
     "\"ecr:Get*\",\"ecr:List*\",\"elasticfilesystem:Describe*\",\"elasticfilesystem:List*\","
     "\"events:Describe*\",\"events:List*\",\"events:Test*\",\"iam:Generate*\",\"iam:Get*\",\"iam:List*\","
     "\"iam:Simulate*\",\"kms:Describe*\",\"kms:Get*\",\"kms:List*\",\"lambda:Get*\",\"lambda:List*\","
     "\"logs:Describe*\",\"logs:FilterLogEvents\",\"logs:Get*\",\"logs:ListTags*\",\"logs:TestMetricFilter\","
     "\"organizations:Describe*\",\"organizations:List*\",\"s3:DescribeJob\",\"s3:Get*\",\"s3:List*\","
     "\"sagemaker:Describe*\",\"sagemaker:GetSearchSuggestions\",\"sagemaker:List*\",\"sagemaker:Search\","
     "\"servicecatalog:Describe*\",\"servicecatalog:List*\",\"servicecatalog:Scan*\","
     "\"servicecatalog:Search*\",\"sns:Get*\",\"sns:List*\",\"sqs:Get*\",\"sqs:List*\",\"ssm:Describe*\","
     "\"ssm:Get*\",\"ssm:List*\",\"sts:GetAccessKeyInfo\",\"sts:GetCallerIdentity\",\"sts:GetSessionToken\","
     "\"tag:Get*\"],\"Resource\":\"*\"}]}"},
    {"/AWSCloudFormationFullAccess", false,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"cloudformation:*\"],"
     "\"Resource\":\"*\"}]}"},
    {"/AWSCloudFormationReadOnlyAccess", false,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudformation:Describe*\",\"cloudformation:EstimateTemplateCost\","
     "\"cloudformation:Get*\",\"cloudformation:List*\",\"cloudformation:ValidateTemplate\","
     "\"cloudformation:Detect*\"],\"Resource\":\"*\"}]}"},
    {"/AWSCodeCommitFullAccess", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"codecommit:*\"],"
     "\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":[\"events:DeleteRule\",\"events:DescribeRule\","
     "\"events:DisableRule\",\"events:EnableRule\",\"events:PutRule\",\"events:PutTargets\","
     "\"events:RemoveTargets\",\"events:ListTargetsByRule\"],"
     "\"Resource\":[\"arn:aws:events:*:*:rule/codecommit*\"]},{\"Effect\":\"Allow\","
     "\"Action\":[\"lambda:ListFunctions\",\"iam:ListUsers\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
     "\"Action\":[\"iam:ListAccessKeys\",\"iam:ListSSHPublicKeys\",\"iam:ListServiceSpecificCredentials\"],"
     "\"Resource\":[\"arn:aws:iam::*:user/${aws:username}\"]}]}"},
    {"/AWSCodeCommitReadOnly", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"codecommit:BatchGet*\","
     "\"codecommit:BatchDescribe*\",\"codecommit:Describe*\",\"codecommit:EvaluatePullRequestApprovalRules\","
     "\"codecommit:Get*\",\"codecommit:List*\",\"codecommit:GitPull\"],\"Resource\":\"*\"},"
     "{\"Effect\":\"Allow\",\"Action\":[\"lambda:ListFunctions\",\"iam:ListUsers\"],\"Resource\":\"*\"}]}"},
    {"/AWSKeyManagementServicePowerUser", false,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"kms:CreateAlias\","
     "\"kms:CreateKey\",\"kms:DeleteAlias\",\"kms:Describe*\",\"kms:GenerateRandom\",\"kms:Get*\","
     "\"kms:List*\",\"kms:TagResource\",\"kms:UntagResource\",\"iam:ListGroups\",\"iam:ListRoles\","
     "\"iam:ListUsers\"],\"Resource\":\"*\"}]}"},
    {"/AWSLambda_FullAccess", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudformation:DescribeStacks\",\"cloudformation:ListStackResources\","
     "\"cloudwatch:ListMetrics\",\"cloudwatch:GetMetricData\",\"ec2:DescribeSecurityGroups\","
     "\"ec2:DescribeSubnets\",\"ec2:DescribeVpcs\",\"kms:ListAliases\",\"iam:GetPolicy\","
     "\"iam:GetPolicyVersion\",\"iam:GetRole\",\"iam:GetRolePolicy\",\"iam:ListAttachedRolePolicies\","
     "\"iam:ListRolePolicies\",\"iam:ListRoles\",\"lambda:*\",\"logs:DescribeLogGroups\","
     "\"tag:GetResources\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":[\"iam:PassRole\"],"
     "\"Resource\":[\"*\"],"
     "\"Condition\":{\"StringEquals\":{\"iam:PassedToService\":\"lambda.amazonaws.com\"}}},"
     "{\"Effect\":\"Allow\",\"Action\":[\"logs:DescribeLogStreams\",\"logs:GetLogEvents\","
     "\"logs:FilterLogEvents\"],\"Resource\":[\"arn:aws:logs:*:*:log-group:/aws/lambda/*\"]}]}"},
    {"/AWSLambda_ReadOnlyAccess", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudformation:DescribeStacks\",\"cloudformation:ListStackResources\","
     "\"cloudwatch:GetMetricData\",\"cloudwatch:ListMetrics\",\"ec2:DescribeSecurityGroups\","
     "\"ec2:DescribeSubnets\",\"ec2:DescribeVpcs\",\"kms:ListAliases\",\"iam:GetPolicy\","
     "\"iam:GetPolicyVersion\",\"iam:GetRole\",\"iam:GetRolePolicy\",\"iam:ListAttachedRolePolicies\","
     "\"iam:ListRolePolicies\",\"iam:ListRoles\",\"logs:DescribeLogGroups\",\"lambda:Get*\",\"lambda:List*\","
     "\"tag:GetResources\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":[\"logs:DescribeLogStreams\","
     "\"logs:GetLogEvents\",\"logs:FilterLogEvents\"],"
     "\"Resource\":[\"arn:aws:logs:*:*:log-group:/aws/lambda/*\"]}]}"},
    {"/AWSServiceCatalogAdminFullAccess", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudformation:CreateStack\",\"cloudformation:DeleteStack\","
     "\"cloudformation:DescribeStackEvents\",\"cloudformation:DescribeStacks\","
     "\"cloudformation:SetStackPolicy\",\"cloudformation:UpdateStack\",\"cloudformation:CreateChangeSet\","
     "\"cloudformation:DescribeChangeSet\",\"cloudformation:ExecuteChangeSet\","
     "\"cloudformation:ListChangeSets\",\"cloudformation:DeleteChangeSet\","
     "\"cloudformation:ListStackResources\",\"cloudformation:TagResource\"],"
     "\"Resource\":[\"arn:aws:cloudformation:*:*:stack/SC-*\","
     "\"arn:aws:cloudformation:*:*:stack/StackSet-SC-*\",\"arn:aws:cloudformation:*:*:changeSet/SC-*\"]},"
     "{\"Effect\":\"Allow\",\"Action\":[\"cloudformation:GetTemplateSummary\","
     "\"cloudformation:ValidateTemplate\",\"iam:GetGroup\",\"iam:GetRole\",\"iam:GetUser\",\"iam:ListGroups\","
     "\"iam:ListRoles\",\"iam:ListUsers\",\"servicecatalog:*\",\"ssm:DescribeDocument\","
     "\"ssm:GetAutomationExecution\",\"ssm:ListDocuments\",\"ssm:ListDocumentVersions\","
     "\"ssm:DescribeAutomationExecutions\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
     "\"Action\":[\"iam:PassRole\"],\"Resource\":[\"*\"],"
     "\"Condition\":{\"StringEquals\":{\"iam:PassedToService\":\"servicecatalog.amazonaws.com\"}}}]}"},
    {"/AWSServiceCatalogEndUserReadOnlyAccess", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudformation:DescribeStackEvents\",\"cloudformation:DescribeStacks\","
     "\"cloudformation:DescribeChangeSet\",\"cloudformation:ListChangeSets\","
     "\"cloudformation:ListStackResources\"],\"Resource\":[\"arn:aws:cloudformation:*:*:stack/SC-*\","
     "\"arn:aws:cloudformation:*:*:stack/StackSet-SC-*\",\"arn:aws:cloudformation:*:*:changeSet/SC-*\"]},"
     "{\"Effect\":\"Allow\",\"Action\":[\"cloudformation:GetTemplateSummary\","
     "\"servicecatalog:DescribeProduct\",\"servicecatalog:DescribeProductView\","
     "\"servicecatalog:DescribeProvisioningParameters\",\"servicecatalog:ListLaunchPaths\","
     "\"servicecatalog:SearchProducts\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
     "\"Action\":[\"servicecatalog:ListStackInstancesForProvisionedProduct\","
     "\"servicecatalog:DescribeRecord\",\"servicecatalog:ListRecordHistory\","
     "\"servicecatalog:ScanProvisionedProducts\"],\"Resource\":[\"*\"],"
     "\"Condition\":{\"StringEquals\":{\"servicecatalog:userLevel\":\"self\"}}}]}"},
    {"/AmazonEC2ReadOnlyAccess", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"ec2:Describe*\","
     "\"ec2:GetSecurityGroupsForVpc\",\"cloudwatch:ListMetrics\",\"cloudwatch:GetMetricStatistics\","
     "\"cloudwatch:Describe*\"],\"Resource\":\"*\"}]}"},
    {"/AmazonElasticFileSystemFullAccess", false,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudwatch:DescribeAlarmsForMetric\",\"cloudwatch:GetMetricData\","
     "\"ec2:CreateNetworkInterface\",\"ec2:DeleteNetworkInterface\",\"ec2:DescribeAvailabilityZones\","
     "\"ec2:DescribeNetworkInterfaceAttribute\",\"ec2:DescribeNetworkInterfaces\","
     "\"ec2:DescribeSecurityGroups\",\"ec2:DescribeSubnets\",\"ec2:DescribeVpcAttribute\","
     "\"ec2:DescribeVpcs\",\"ec2:ModifyNetworkInterfaceAttribute\",\"elasticfilesystem:*\","
     "\"kms:DescribeKey\",\"kms:ListAliases\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
     "\"Action\":[\"iam:CreateServiceLinkedRole\"],\"Resource\":[\"*\"],"
     "\"Condition\":{\"StringEquals\":{\"iam:AWSServiceName\":[\"elasticfilesystem.amazonaws.com\"]}}}]}"},
    {"/AmazonS3FullAccess", false,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:*\","
     "\"s3-object-lambda:*\"],\"Resource\":\"*\"}]}"},
    {"/AmazonS3ReadOnlyAccess", false,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:Get*\",\"s3:List*\","
     "\"s3:Describe*\",\"s3-object-lambda:Get*\",\"s3-object-lambda:List*\"],\"Resource\":\"*\"}]}"},
    {"/AmazonSSMFullAccess", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudwatch:PutMetricData\",\"ec2:DescribeInstanceStatus\",\"logs:*\",\"ssm:*\","
     "\"ec2messages:*\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
     "\"Action\":[\"iam:CreateServiceLinkedRole\"],"
     "\"Resource\":[\"arn:aws:iam::*:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM*\"],"
     "\"Condition\":{\"StringLike\":{\"iam:AWSServiceName\":\"ssm.amazonaws.com\"}}}]}"},
    {"/AmazonSSMReadOnlyAccess", false,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"ssm:Describe*\","
     "\"ssm:Get*\",\"ssm:List*\"],\"Resource\":\"*\"}]}"},
    {"/AmazonSageMakerFeatureStoreAccess", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:PutObject\","
     "\"s3:GetBucketAcl\",\"s3:PutObjectAcl\"],\"Resource\":[\"arn:aws:s3:::*SageMaker*\","
     "\"arn:aws:s3:::*Sagemaker*\",\"arn:aws:s3:::*sagemaker*\",\"arn:aws:s3:::*aws-glue*\"]}]}"},
    {"/AmazonSageMakerFullAccess", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"AllowAllNonAdminSageMakerActions\","
     "\"Effect\":\"Allow\",\"Action\":[\"sagemaker:*\"],\"NotResource\":[\"arn:aws:sagemaker:*:*:domain/*\","
     "\"arn:aws:sagemaker:*:*:user-profile/*\",\"arn:aws:sagemaker:*:*:app/*\","
     "\"arn:aws:sagemaker:*:*:space/*\",\"arn:aws:sagemaker:*:*:flow-definition/*\"]},{\"Effect\":\"Allow\","
     "\"Action\":[\"sagemaker:CreatePresignedDomainUrl\",\"sagemaker:DescribeDomain\","
     "\"sagemaker:ListDomains\",\"sagemaker:DescribeUserProfile\",\"sagemaker:ListUserProfiles\","
     "\"sagemaker:DescribeSpace\",\"sagemaker:ListSpaces\",\"sagemaker:DescribeApp\",\"sagemaker:ListApps\"],"
     "\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":[\"sagemaker:CreateApp\",\"sagemaker:DeleteApp\"],"
     "\"Resource\":[\"arn:aws:sagemaker:*:*:app/*/*/*/*\"],"
     "\"Condition\":{\"Null\":{\"sagemaker:OwnerUserProfileArn\":\"true\"}}},{\"Effect\":\"Allow\","
     "\"Action\":[\"cloudwatch:DeleteAlarms\",\"cloudwatch:DescribeAlarms\",\"cloudwatch:GetMetricData\","
     "\"cloudwatch:GetMetricStatistics\",\"cloudwatch:ListMetrics\",\"cloudwatch:PutMetricAlarm\","
     "\"cloudwatch:PutMetricData\",\"codecommit:BatchGetRepositories\",\"codecommit:CreateRepository\","
     "\"codecommit:GetRepository\",\"codecommit:List*\",\"ec2:CreateNetworkInterface\","
     "\"ec2:CreateNetworkInterfacePermission\",\"ec2:CreateVpcEndpoint\",\"ec2:DeleteNetworkInterface\","
     "\"ec2:DeleteNetworkInterfacePermission\",\"ec2:DescribeDhcpOptions\",\"ec2:DescribeNetworkInterfaces\","
     "\"ec2:DescribeRouteTables\",\"ec2:DescribeSecurityGroups\",\"ec2:DescribeSubnets\","
     "\"ec2:DescribeVpcEndpoints\",\"ec2:DescribeVpcs\",\"ecr:BatchCheckLayerAvailability\","
     "\"ecr:BatchGetImage\",\"ecr:CreateRepository\",\"ecr:Describe*\",\"ecr:GetAuthorizationToken\","
     "\"ecr:GetDownloadUrlForLayer\",\"elasticfilesystem:DescribeFileSystems\","
     "\"elasticfilesystem:DescribeMountTargets\",\"iam:ListRoles\",\"kms:DescribeKey\",\"kms:ListAliases\","
     "\"lambda:ListFunctions\",\"logs:CreateLogDelivery\",\"logs:CreateLogGroup\",\"logs:CreateLogStream\","
     "\"logs:DeleteLogDelivery\",\"logs:Describe*\",\"logs:GetLogDelivery\",\"logs:GetLogEvents\","
     "\"logs:ListLogDeliveries\",\"logs:PutLogEvents\",\"logs:PutResourcePolicy\",\"logs:UpdateLogDelivery\","
     "\"servicecatalog:Describe*\",\"servicecatalog:List*\",\"servicecatalog:ScanProvisionedProducts\","
     "\"servicecatalog:SearchProducts\",\"servicecatalog:SearchProvisionedProducts\",\"sns:ListTopics\","
     "\"tag:GetResources\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":[\"codecommit:GitPull\","
     "\"codecommit:GitPush\"],\"Resource\":[\"arn:aws:codecommit:*:*:*sagemaker*\","
     "\"arn:aws:codecommit:*:*:*SageMaker*\",\"arn:aws:codecommit:*:*:*Sagemaker*\"]},{\"Effect\":\"Allow\","
     "\"Action\":[\"codebuild:BatchGetBuilds\",\"codebuild:StartBuild\"],"
     "\"Resource\":[\"arn:aws:codebuild:*:*:project/sagemaker*\",\"arn:aws:codebuild:*:*:build/*\"]},"
     "{\"Effect\":\"Allow\",\"Action\":[\"servicecatalog:ProvisionProduct\"],\"Resource\":\"*\"},"
     "{\"Effect\":\"Allow\",\"Action\":[\"servicecatalog:TerminateProvisionedProduct\","
     "\"servicecatalog:UpdateProvisionedProduct\"],\"Resource\":[\"*\"],"
     "\"Condition\":{\"StringEquals\":{\"servicecatalog:userLevel\":\"self\"}}},{\"Effect\":\"Allow\","
     "\"Action\":[\"s3:GetObject\",\"s3:PutObject\",\"s3:DeleteObject\",\"s3:AbortMultipartUpload\"],"
     "\"Resource\":[\"arn:aws:s3:::*SageMaker*\",\"arn:aws:s3:::*Sagemaker*\",\"arn:aws:s3:::*sagemaker*\","
     "\"arn:aws:s3:::*aws-glue*\"]},{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\"],"
     "\"Resource\":[\"arn:aws:s3:::*\"],"
     "\"Condition\":{\"StringEqualsIgnoreCase\":{\"s3:ExistingObjectTag/SageMaker\":\"true\"}}},"
     "{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\"],\"Resource\":[\"arn:aws:s3:::*\"],"
     "\"Condition\":{\"StringEquals\":{\"s3:ExistingObjectTag/servicecatalog:provisioning\":\"true\"}}},"
     "{\"Effect\":\"Allow\",\"Action\":[\"s3:CreateBucket\",\"s3:GetBucketLocation\",\"s3:ListBucket\","
     "\"s3:ListAllMyBuckets\",\"s3:GetBucketCors\",\"s3:PutBucketCors\"],\"Resource\":\"*\"},"
     "{\"Effect\":\"Allow\",\"Action\":[\"s3:GetBucketAcl\",\"s3:PutObjectAcl\"],"
     "\"Resource\":[\"arn:aws:s3:::*SageMaker*\",\"arn:aws:s3:::*Sagemaker*\",\"arn:aws:s3:::*sagemaker*\","
     "\"arn:aws:s3:::*aws-glue*\"]},{\"Effect\":\"Allow\",\"Action\":[\"lambda:InvokeFunction\"],"
     "\"Resource\":[\"arn:aws:lambda:*:*:function:*SageMaker*\",\"arn:aws:lambda:*:*:function:*sagemaker*\","
     "\"arn:aws:lambda:*:*:function:*Sagemaker*\"]},{\"Effect\":\"Allow\",\"Action\":[\"sns:Subscribe\","
     "\"sns:CreateTopic\",\"sns:Publish\"],\"Resource\":[\"arn:aws:sns:*:*:*SageMaker*\","
     "\"arn:aws:sns:*:*:*Sagemaker*\",\"arn:aws:sns:*:*:*sagemaker*\"]},{\"Effect\":\"Allow\","
     "\"Action\":[\"iam:PassRole\"],\"Resource\":[\"arn:aws:iam::*:role/*\"],"
     "\"Condition\":{\"StringEquals\":{\"iam:PassedToService\":\"sagemaker.amazonaws.com\"}}}]}"},
    {"/AmazonVPCFullAccess", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"ec2:AcceptVpcPeeringConnection\",\"ec2:AllocateAddress\",\"ec2:AssignIpv6Addresses\","
     "\"ec2:AssignPrivateIpAddresses\",\"ec2:Associate*\",\"ec2:AttachInternetGateway\","
     "\"ec2:AttachNetworkInterface\",\"ec2:AuthorizeSecurityGroup*\",\"ec2:CreateDhcpOptions\","
     "\"ec2:CreateFlowLogs\",\"ec2:CreateInternetGateway\",\"ec2:CreateNatGateway\",\"ec2:CreateNetworkAcl*\","
     "\"ec2:CreateNetworkInterface*\",\"ec2:CreateRoute*\",\"ec2:CreateSecurityGroup\",\"ec2:CreateSubnet\","
     "\"ec2:CreateTags\",\"ec2:CreateVpc*\",\"ec2:DeleteDhcpOptions\",\"ec2:DeleteFlowLogs\","
     "\"ec2:DeleteInternetGateway\",\"ec2:DeleteNatGateway\",\"ec2:DeleteNetworkAcl*\","
     "\"ec2:DeleteNetworkInterface*\",\"ec2:DeleteRoute*\",\"ec2:DeleteSecurityGroup\",\"ec2:DeleteSubnet\","
     "\"ec2:DeleteTags\",\"ec2:DeleteVpc*\",\"ec2:Describe*\",\"ec2:DetachInternetGateway\","
     "\"ec2:DetachNetworkInterface\",\"ec2:Disassociate*\",\"ec2:GetSecurityGroupsForVpc\","
     "\"ec2:ModifyNetworkInterfaceAttribute\",\"ec2:ModifySecurityGroupRules\",\"ec2:ModifySubnetAttribute\","
     "\"ec2:ModifyVpc*\",\"ec2:ReleaseAddress\",\"ec2:ReplaceNetworkAcl*\",\"ec2:ReplaceRoute*\","
     "\"ec2:ResetNetworkInterfaceAttribute\",\"ec2:RevokeSecurityGroup*\",\"ec2:UnassignIpv6Addresses\","
     "\"ec2:UnassignPrivateIpAddresses\",\"ec2:UpdateSecurityGroupRuleDescriptions*\"],\"Resource\":\"*\"}]}"},
    {"/CloudWatchLogsFullAccess", false,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"logs:*\","
     "\"cloudwatch:GenerateQuery\"],\"Resource\":\"*\"}]}"},
    {"/job-function/DataScientist", true,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"cloudwatch:*\","
     "\"cloudformation:CreateStack\",\"cloudformation:DescribeStackEvents\",\"ec2:CreateTags\","
     "\"ec2:Describe*\",\"ecr:Batch*\",\"ecr:Describe*\",\"ecr:GetDownloadUrlForLayer\",\"ecr:List*\","
     "\"elasticfilesystem:*\",\"iam:GetInstanceProfile\",\"iam:GetInstanceProfiles\",\"iam:GetPolicy\","
     "\"iam:GetPolicyVersion\",\"iam:ListRoles\",\"kms:List*\",\"lambda:Create*\",\"lambda:Delete*\","
     "\"lambda:Get*\",\"lambda:InvokeFunction\",\"lambda:PublishVersion\",\"lambda:Update*\",\"lambda:List*\","
     "\"logs:DescribeLogStreams\",\"logs:GetLogEvents\",\"s3:CreateBucket\",\"sns:CreateTopic\",\"sns:Get*\","
     "\"sns:List*\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":[\"s3:Abort*\",\"s3:DeleteObject\","
     "\"s3:Get*\",\"s3:List*\",\"s3:PutAccelerateConfiguration\",\"s3:PutBucketCors\",\"s3:PutBucketLogging\","
     "\"s3:PutBucketNotification\",\"s3:PutBucketTagging\",\"s3:PutObject\",\"s3:Replicate*\","
     "\"s3:RestoreObject\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":[\"sagemaker:*\"],"
     "\"NotResource\":[\"arn:aws:sagemaker:*:*:domain/*\",\"arn:aws:sagemaker:*:*:user-profile/*\","
     "\"arn:aws:sagemaker:*:*:app/*\",\"arn:aws:sagemaker:*:*:flow-definition/*\"]},{\"Effect\":\"Allow\","
     "\"Action\":[\"iam:PassRole\"],\"Resource\":[\"*\"],"
     "\"Condition\":{\"StringEquals\":{\"iam:PassedToService\":\"sagemaker.amazonaws.com\"}}}]}"},
    {"/service-role/AWSLambdaBasicExecutionRole", false,
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"logs:CreateLogGroup\","
     "\"logs:CreateLogStream\",\"logs:PutLogEvents\"],\"Resource\":\"*\"}]}"},
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
