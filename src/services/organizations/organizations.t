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

{"Accounts":[{"Id":"{{management}}","Arn":"arn:aws:organizations::{{management}}:account/{{org}}/{{management}}","Email":"management@barmkin.internal","Name":"management","Status":"ACTIVE","JoinedMethod":"INVITED","JoinedTimestamp":{{*}}},{"Id":"{{dev}}","Arn":"arn:aws:organizations::{{management}}:account/{{org}}/{{dev}}","Email":"dev@barmkin.internal","Name":"dev","Status":"ACTIVE","JoinedMethod":"CREATED","JoinedTimestamp":{{*}}}],"NextToken":"{{next}}"}

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

{"Roots":[{"Id":"{{root}}","Arn":"arn:aws:organizations::{{management}}:root/{{org}}/{{root}}","Name":"Root","PolicyTypes":[]}]}

--- ListAccountsForParent
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.ListAccountsForParent

{"ParentId":"{{root}}","MaxResults":1}
=> 200

{"Accounts":[{"Id":"{{management}}","Arn":"arn:aws:organizations::{{management}}:account/{{org}}/{{management}}","Email":"management@barmkin.internal","Name":"management","Status":"ACTIVE","JoinedMethod":"INVITED","JoinedTimestamp":{{*}}}],"NextToken":"{{next-child}}"}

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

--- CreateAccount: the name is taken
as management
POST /
X-Amz-Target: AWSOrganizationsV20161128.CreateAccount

{"AccountName":"dev"}
=> 400

{"__type":"DuplicateAccountException","message":"An account with this id or name exists already."}

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

{"__type":"InvalidInputException","message":"You specified an invalid value for nextToken."}
