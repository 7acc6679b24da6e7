# SPDX-License-Identifier: MIT
# organizations on the wire: JSON 1.1.
header Content-Type: application/x-amz-json-1.1

--- DescribeOrganization
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.DescribeOrganization

{}
=> 200

{"Organization":{"Id":"{{org}}","Arn":"arn:aws:organizations::{{management}}:organization/{{org}}","FeatureSet":"ALL","MasterAccountArn":"arn:aws:organizations::{{management}}:account/{{org}}/{{management}}","MasterAccountId":"{{management}}","MasterAccountEmail":"management@barmkin.internal","AvailablePolicyTypes":[{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"}]}}

--- DescribeOrganization by a member
as dev
POST /
X-Amz-Target: AWSOrganizationsV20161128.DescribeOrganization

{}
=> 200

{"Organization":{"Id":"{{org}}","Arn":"arn:aws:organizations::{{management}}:organization/{{org}}","FeatureSet":"ALL","MasterAccountArn":"arn:aws:organizations::{{management}}:account/{{org}}/{{management}}","MasterAccountId":"{{management}}","MasterAccountEmail":"management@barmkin.internal","AvailablePolicyTypes":[{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"}]}}

--- ListAccounts, two at a time
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.ListAccounts

{"MaxResults":2}
=> 200

{"Accounts":[{"Id":"{{*}}","Arn":"arn:aws:organizations::{{management}}:account/{{org}}/{{*}}","Email":"{{*}}","Name":"{{*}}","Status":"{{*}}","State":"{{*}}","Paths":["{{org}}/{{*}}"],"JoinedMethod":"{{*}}","JoinedTimestamp":{{*}}},{"Id":"{{*}}","Arn":"arn:aws:organizations::{{management}}:account/{{org}}/{{*}}","Email":"{{*}}","Name":"{{*}}","Status":"{{*}}","State":"{{*}}","Paths":["{{org}}/{{*}}"],"JoinedMethod":"{{*}}","JoinedTimestamp":{{*}}}],"NextToken":"{{next}}"}

--- ListAccounts by a member
as dev
POST /
X-Amz-Target: AWSOrganizationsV20161128.ListAccounts

{}
=> 400

{"__type":"AccessDeniedException","Message":"You don't have permissions to access this resource."}

--- ListRoots
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.ListRoots

{}
=> 200

{"Roots":[{"Id":"{{root}}","Arn":"arn:aws:organizations::{{management}}:root/{{org}}/{{root}}","Name":"Root","PolicyTypes":[{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"}]}]}

--- ListAccountsForParent
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.ListAccountsForParent

{"ParentId":"{{root}}","MaxResults":1}
=> 200

{"Accounts":[{"Id":"{{*}}","Arn":"arn:aws:organizations::{{management}}:account/{{org}}/{{*}}","Email":"{{*}}","Name":"{{*}}","Status":"{{*}}","State":"{{*}}","Paths":["{{org}}/{{*}}"],"JoinedMethod":"{{*}}","JoinedTimestamp":{{*}}}],"NextToken":"{{next-child}}"}

--- ListAccountsForParent: no such parent
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.ListAccountsForParent

{"ParentId":"r-none"}
=> 400

{"__type":"ParentNotFoundException","message":"You specified parent that doesn't exist."}

--- CreateAccount by a member
as dev
POST /
X-Amz-Target: AWSOrganizationsV20161128.CreateAccount

{"AccountName":"mine","Email":"a@b.example"}
=> 400

{"__type":"AccessDeniedException","Message":"You don't have permissions to access this resource."}

--- CreateAccount: the address is taken, as one is told later
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.CreateAccount

{"AccountName":"mine","Email":"dev@barmkin.internal"}
=> 200

{"CreateAccountStatus":{"Id":"{{creation}}","AccountName":"mine","State":"IN_PROGRESS","RequestedTimestamp":{{*}}}}

--- DescribeCreateAccountStatus
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.DescribeCreateAccountStatus

{"CreateAccountRequestId":"{{creation}}"}
=> 200

{"CreateAccountStatus":{"Id":"{{creation}}","AccountName":"mine","State":"FAILED","RequestedTimestamp":{{*}},"CompletedTimestamp":{{*}},"FailureReason":"EMAIL_ALREADY_EXISTS"}}

--- a body that is not JSON
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.ListAccounts

{"MaxResults":
=> 400

{"__type":"SerializationException","message":"unexpected token near end of file at line 1 column 14"}

--- a page token of somebody else
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.ListAccounts

{"NextToken":"AAAA"}
=> 400

{"__type":"InvalidInputException","message":"You specified an invalid value for nextToken.","Reason":"INVALID_PAGINATION_TOKEN"}

--- CreatePolicy
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.CreatePolicy

{"Name":"guard-{{unique}}","Description":"d","Type":"SERVICE_CONTROL_POLICY","Content":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"ec2:RunInstances\",\"Resource\":\"*\"}]}"}
=> 200

{"Policy":{"PolicySummary":{"Id":"{{policy}}","Arn":"arn:aws:organizations::{{management}}:policy/{{org}}/service_control_policy/{{policy}}","Name":"guard-{{unique}}","Description":"d","Type":"SERVICE_CONTROL_POLICY","AwsManaged":false},"Content":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"ec2:RunInstances\",\"Resource\":\"*\"}]}"}}

--- AttachPolicy
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.AttachPolicy

{"PolicyId":"{{policy}}","TargetId":"{{dev}}"}
=> 200

--- AttachPolicy: once more
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.AttachPolicy

{"PolicyId":"{{policy}}","TargetId":"{{dev}}"}
=> 400

{"__type":"DuplicatePolicyAttachmentException","message":"A policy with the specified name and type already attached."}

--- ListPoliciesForTarget
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.ListPoliciesForTarget

{"TargetId":"{{dev}}","Filter":"SERVICE_CONTROL_POLICY"}
=> 200

{"Policies":[{"Id":"p-FullAWSAccess","Arn":"arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess","Name":"FullAWSAccess","Description":"Allows access to every operation","Type":"SERVICE_CONTROL_POLICY","AwsManaged":true},{"Id":"{{policy}}","Arn":"arn:aws:organizations::{{management}}:policy/{{org}}/service_control_policy/{{policy}}","Name":"guard-{{unique}}","Description":"d","Type":"SERVICE_CONTROL_POLICY","AwsManaged":false}]}

--- DeletePolicy: in use
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.DeletePolicy

{"PolicyId":"{{policy}}"}
=> 400

{"__type":"PolicyInUseException","message":"The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation."}

--- DetachPolicy
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.DetachPolicy

{"PolicyId":"{{policy}}","TargetId":"{{dev}}"}
=> 200

--- DetachPolicy: the last one
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.DetachPolicy

{"PolicyId":"p-FullAWSAccess","TargetId":"{{dev}}"}
=> 400

{"__type":"ConstraintViolationException","message":"You can't detach the last policy of this type from an entity.","Reason":"MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"}

--- DeletePolicy
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.DeletePolicy

{"PolicyId":"{{policy}}"}
=> 200

--- CreateOrganizationalUnit
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.CreateOrganizationalUnit

{"ParentId":"{{root}}","Name":"unit-{{unique}}"}
=> 200

{"OrganizationalUnit":{"Id":"{{unit}}","Arn":"arn:aws:organizations::{{management}}:ou/{{org}}/{{unit}}","Name":"unit-{{unique}}","Path":"{{org}}/{{root}}/{{unit}}/"}}

--- DeleteOrganizationalUnit
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.DeleteOrganizationalUnit

{"OrganizationalUnitId":"{{unit}}"}
=> 200

--- DescribePolicy: an id that cannot be one
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.DescribePolicy

{"PolicyId":"x"}
=> 400

{"__type":"InvalidInputException","message":"You provided a value that does not match the required pattern.","Reason":"INVALID_PATTERN"}
