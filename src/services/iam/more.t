# SPDX-License-Identifier: MIT
# iam on the wire: service-linked roles, aliases, last use, details, renamed users.
service iam
header Content-Type: application/x-www-form-urlencoded; charset=utf-8

--- CreateServiceLinkedRole
POST /

Action=CreateServiceLinkedRole
Version=2010-05-08
AWSServiceName=elasticfilesystem.amazonaws.com
=> 200

<CreateServiceLinkedRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateServiceLinkedRoleResult><Role><Path>/aws-service-role/elasticfilesystem.amazonaws.com/</Path><RoleName>AWSServiceRoleForAmazonElasticFileSystem</RoleName><RoleId>{{*}}</RoleId><Arn>arn:aws:iam::{{dev}}:role/aws-service-role/elasticfilesystem.amazonaws.com/AWSServiceRoleForAmazonElasticFileSystem</Arn><CreateDate>{{*}}</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22elasticfilesystem.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument><Description>Lets EFS manage its mount targets' resources</Description><MaxSessionDuration>3600</MaxSessionDuration></Role></CreateServiceLinkedRoleResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateServiceLinkedRoleResponse>

--- CreateServiceLinkedRole: there is one
POST /

Action=CreateServiceLinkedRole
Version=2010-05-08
AWSServiceName=elasticfilesystem.amazonaws.com
=> 400

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>InvalidInput</Code><Message>Service role name AWSServiceRoleForAmazonElasticFileSystem has been taken in this account, please try a different suffix.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateServiceLinkedRole: for no service
POST /

Action=CreateServiceLinkedRole
Version=2010-05-08
AWSServiceName=nothing.amazonaws.com
=> 400

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>InvalidInput</Code><Message>No service-linked role is known for the service nothing.amazonaws.com.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- DeleteRole: of a service-linked role
POST /

Action=DeleteRole
Version=2010-05-08
RoleName=AWSServiceRoleForAmazonElasticFileSystem
=> 400

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>UnmodifiableEntity</Code><Message>Cannot perform the operation on the protected role 'AWSServiceRoleForAmazonElasticFileSystem' - this role is only modifiable by AWS</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- UpdateRoleDescription
POST /

Action=UpdateRoleDescription
Version=2010-05-08
RoleName=AWSServiceRoleForAmazonElasticFileSystem
Description=d
=> 200

<UpdateRoleDescriptionResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><UpdateRoleDescriptionResult><Role><Path>/aws-service-role/elasticfilesystem.amazonaws.com/</Path><RoleName>AWSServiceRoleForAmazonElasticFileSystem</RoleName><RoleId>{{*}}</RoleId><Arn>arn:aws:iam::{{dev}}:role/aws-service-role/elasticfilesystem.amazonaws.com/AWSServiceRoleForAmazonElasticFileSystem</Arn><CreateDate>{{*}}</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22elasticfilesystem.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument><Description>d</Description><MaxSessionDuration>3600</MaxSessionDuration></Role></UpdateRoleDescriptionResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></UpdateRoleDescriptionResponse>

--- DeleteServiceLinkedRole
POST /

Action=DeleteServiceLinkedRole
Version=2010-05-08
RoleName=AWSServiceRoleForAmazonElasticFileSystem
=> 200

<DeleteServiceLinkedRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><DeleteServiceLinkedRoleResult><DeletionTaskId>{{DeletionTaskId}}</DeletionTaskId></DeleteServiceLinkedRoleResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteServiceLinkedRoleResponse>

--- GetServiceLinkedRoleDeletionStatus
POST /

Action=GetServiceLinkedRoleDeletionStatus
Version=2010-05-08
DeletionTaskId={{DeletionTaskId}}
=> 200

<GetServiceLinkedRoleDeletionStatusResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetServiceLinkedRoleDeletionStatusResult><Status>SUCCEEDED</Status></GetServiceLinkedRoleDeletionStatusResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetServiceLinkedRoleDeletionStatusResponse>

--- CreateAccountAlias
POST /

Action=CreateAccountAlias
Version=2010-05-08
AccountAlias=t-{{unique}}
=> 200

<CreateAccountAliasResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateAccountAliasResponse>

--- CreateAccountAlias: another account has it
as staging
POST /

Action=CreateAccountAlias
Version=2010-05-08
AccountAlias=t-{{unique}}
=> 409

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>EntityAlreadyExists</Code><Message>The account alias t-{{unique}} already exists.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateAccountAlias: not one
POST /

Action=CreateAccountAlias
Version=2010-05-08
AccountAlias=-x-
=> 400

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>1 validation error detected: Value '-x-' at 'accountAlias' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- ListAccountAliases
POST /

Action=ListAccountAliases
Version=2010-05-08
=> 200

<ListAccountAliasesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListAccountAliasesResult><AccountAliases><member>t-{{unique}}</member></AccountAliases><IsTruncated>false</IsTruncated></ListAccountAliasesResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListAccountAliasesResponse>

--- DeleteAccountAlias
POST /

Action=DeleteAccountAlias
Version=2010-05-08
AccountAlias=t-{{unique}}
=> 200

<DeleteAccountAliasResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteAccountAliasResponse>

--- DeleteAccountAlias: there is none
POST /

Action=DeleteAccountAlias
Version=2010-05-08
AccountAlias=t-{{unique}}
=> 404

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The Account Alias t-{{unique}} cannot be found.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateUser: to be renamed
POST /

Action=CreateUser
Version=2010-05-08
UserName=t-old-{{unique}}
=> 200

<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User><Path>/</Path><UserName>t-old-{{unique}}</UserName><UserId>{{*}}</UserId><Arn>arn:aws:iam::{{dev}}:user/t-old-{{unique}}</Arn><CreateDate>{{*}}</CreateDate></User></CreateUserResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateUserResponse>

--- CreateAccessKey
POST /

Action=CreateAccessKey
Version=2010-05-08
UserName=t-old-{{unique}}
=> 200

<CreateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateAccessKeyResult><AccessKey><UserName>t-old-{{unique}}</UserName><AccessKeyId>{{AccessKeyId}}</AccessKeyId><Status>Active</Status><SecretAccessKey>{{SecretAccessKey}}</SecretAccessKey><CreateDate>{{*}}</CreateDate></AccessKey></CreateAccessKeyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateAccessKeyResponse>

--- UpdateUser
POST /

Action=UpdateUser
Version=2010-05-08
UserName=t-old-{{unique}}
NewUserName=t-renamed-{{unique}}
NewPath=/r/
=> 200

<UpdateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></UpdateUserResponse>

--- GetAccessKeyLastUsed: never
POST /

Action=GetAccessKeyLastUsed
Version=2010-05-08
AccessKeyId={{AccessKeyId}}
=> 200

<GetAccessKeyLastUsedResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetAccessKeyLastUsedResult><UserName>t-renamed-{{unique}}</UserName><AccessKeyLastUsed><ServiceName>N/A</ServiceName><Region>N/A</Region></AccessKeyLastUsed></GetAccessKeyLastUsedResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetAccessKeyLastUsedResponse>

--- DeleteAccessKey
POST /

Action=DeleteAccessKey
Version=2010-05-08
UserName=t-renamed-{{unique}}
AccessKeyId={{AccessKeyId}}
=> 200

<DeleteAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteAccessKeyResponse>

--- GetAccountAuthorizationDetails of groups
POST /

Action=GetAccountAuthorizationDetails
Version=2010-05-08
Filter.member.1=Group
=> 200

<GetAccountAuthorizationDetailsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetAccountAuthorizationDetailsResult><UserDetailList></UserDetailList><GroupDetailList></GroupDetailList><RoleDetailList></RoleDetailList><Policies></Policies><IsTruncated>false</IsTruncated></GetAccountAuthorizationDetailsResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetAccountAuthorizationDetailsResponse>

--- GetAccountAuthorizationDetails: no such filter
POST /

Action=GetAccountAuthorizationDetails
Version=2010-05-08
Filter.member.1=Nobody
=> 400

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>1 validation error detected: Value 'Nobody' at 'filter' failed to satisfy constraint: Member must satisfy enum value set: [User, Role, Group, LocalManagedPolicy, AWSManagedPolicy]</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- DeleteUser: the renamed
POST /

Action=DeleteUser
Version=2010-05-08
UserName=t-renamed-{{unique}}
=> 200

<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteUserResponse>
