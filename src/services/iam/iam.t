# SPDX-License-Identifier: MIT
# iam on the wire: a user's life, then a role's, each operation with what is refused.
header Content-Type: application/x-www-form-urlencoded; charset=utf-8

--- CreateUser
POST /

Action=CreateUser
Version=2010-05-08
UserName=t-user-{{unique}}
Path=/team/
Tags.member.1.Key=a
Tags.member.1.Value=b c
=> 200

<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User><Path>/team/</Path><UserName>t-user-{{unique}}</UserName><UserId>{{*}}</UserId><Arn>arn:aws:iam::{{dev}}:user/team/t-user-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><Tags><member><Key>a</Key><Value>b c</Value></member></Tags></User></CreateUserResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateUserResponse>

--- CreateUser: the name is taken
POST /

Action=CreateUser
Version=2010-05-08
UserName=t-user-{{unique}}
=> 409

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>EntityAlreadyExists</Code><Message>User with name t-user-{{unique}} already exists.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateUser: a name that is none
POST /

Action=CreateUser
Version=2010-05-08
UserName=a b
=> 400

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetUser
POST /

Action=GetUser
Version=2010-05-08
UserName=t-user-{{unique}}
=> 200

<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetUserResult><User><Path>/team/</Path><UserName>t-user-{{unique}}</UserName><UserId>{{*}}</UserId><Arn>arn:aws:iam::{{dev}}:user/team/t-user-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><Tags><member><Key>a</Key><Value>b c</Value></member></Tags></User></GetUserResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetUserResponse>

--- GetUser: nobody of that name
POST /

Action=GetUser
Version=2010-05-08
UserName=nobody-{{unique}}
=> 404

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The user with name nobody-{{unique}} cannot be found.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- ListUsers below a path
POST /

Action=ListUsers
Version=2010-05-08
PathPrefix=/team/
=> 200

<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult><Users><member><Path>/team/</Path><UserName>t-user-{{unique}}</UserName><UserId>{{*}}</UserId><Arn>arn:aws:iam::{{dev}}:user/team/t-user-{{unique}}</Arn><CreateDate>{{*}}</CreateDate></member></Users><IsTruncated>false</IsTruncated></ListUsersResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListUsersResponse>

--- CreateAccessKey
keep someone
POST /

Action=CreateAccessKey
Version=2010-05-08
UserName=t-user-{{unique}}
=> 200

<CreateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateAccessKeyResult><AccessKey><UserName>t-user-{{unique}}</UserName><AccessKeyId>{{AccessKeyId}}</AccessKeyId><Status>Active</Status><SecretAccessKey>{{SecretAccessKey}}</SecretAccessKey><CreateDate>{{*}}</CreateDate></AccessKey></CreateAccessKeyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateAccessKeyResponse>

--- ListAccessKeys shows no secret
POST /

Action=ListAccessKeys
Version=2010-05-08
UserName=t-user-{{unique}}
=> 200

<ListAccessKeysResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListAccessKeysResult><AccessKeyMetadata><member><UserName>t-user-{{unique}}</UserName><AccessKeyId>{{AccessKeyId}}</AccessKeyId><Status>Active</Status><CreateDate>{{*}}</CreateDate></member></AccessKeyMetadata><IsTruncated>false</IsTruncated></ListAccessKeysResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListAccessKeysResponse>

--- ListUsers by a user without policies
as someone
POST /

Action=ListUsers
Version=2010-05-08
=> 403

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::{{dev}}:user/team/t-user-{{unique}} is not authorized to perform: iam:ListUsers because no identity-based policy allows the iam:ListUsers action</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetUser of another, denied before it is said whether there is one
as someone
POST /

Action=GetUser
Version=2010-05-08
UserName=nobody-{{unique}}
=> 403

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::{{dev}}:user/team/t-user-{{unique}} is not authorized to perform: iam:GetUser on resource: arn:aws:iam::{{dev}}:user/nobody-{{unique}} because no identity-based policy allows the iam:GetUser action</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- PutUserPolicy
POST /

Action=PutUserPolicy
Version=2010-05-08
UserName=t-user-{{unique}}
PolicyName=p
PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:*","Resource":"*"}]}
=> 200

<PutUserPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></PutUserPolicyResponse>

--- PutUserPolicy: not a policy
POST /

Action=PutUserPolicy
Version=2010-05-08
UserName=t-user-{{unique}}
PolicyName=p
PolicyDocument={}
=> 400

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>MalformedPolicyDocument</Code><Message>Syntax errors in policy. The policy has no statement</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetUserPolicy
POST /

Action=GetUserPolicy
Version=2010-05-08
UserName=t-user-{{unique}}
PolicyName=p
=> 200

<GetUserPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetUserPolicyResult><UserName>t-user-{{unique}}</UserName><PolicyName>p</PolicyName><PolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ssm%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D</PolicyDocument></GetUserPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetUserPolicyResponse>

--- ListUserPolicies
POST /

Action=ListUserPolicies
Version=2010-05-08
UserName=t-user-{{unique}}
=> 200

<ListUserPoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUserPoliciesResult><PolicyNames><member>p</member></PolicyNames><IsTruncated>false</IsTruncated></ListUserPoliciesResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListUserPoliciesResponse>

--- AttachUserPolicy
POST /

Action=AttachUserPolicy
Version=2010-05-08
UserName=t-user-{{unique}}
PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess
=> 200

<AttachUserPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></AttachUserPolicyResponse>

--- ListAttachedUserPolicies
POST /

Action=ListAttachedUserPolicies
Version=2010-05-08
UserName=t-user-{{unique}}
=> 200

<ListAttachedUserPoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListAttachedUserPoliciesResult><AttachedPolicies><member><PolicyName>AdministratorAccess</PolicyName><PolicyArn>arn:aws:iam::aws:policy/AdministratorAccess</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated></ListAttachedUserPoliciesResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListAttachedUserPoliciesResponse>

--- GetUser of itself, as an administrator
as someone
POST /

Action=GetUser
Version=2010-05-08
UserName=t-user-{{unique}}
=> 200

<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetUserResult><User><Path>/team/</Path><UserName>t-user-{{unique}}</UserName><UserId>{{*}}</UserId><Arn>arn:aws:iam::{{dev}}:user/team/t-user-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><Tags><member><Key>a</Key><Value>b c</Value></member></Tags></User></GetUserResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetUserResponse>

--- DetachUserPolicy
POST /

Action=DetachUserPolicy
Version=2010-05-08
UserName=t-user-{{unique}}
PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess
=> 200

<DetachUserPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DetachUserPolicyResponse>

--- DeleteUser: it still has a key and a policy
POST /

Action=DeleteUser
Version=2010-05-08
UserName=t-user-{{unique}}
=> 409

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>DeleteConflict</Code><Message>Cannot delete entity, must delete access keys first.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- DeleteUserPolicy
POST /

Action=DeleteUserPolicy
Version=2010-05-08
UserName=t-user-{{unique}}
PolicyName=p
=> 200

<DeleteUserPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteUserPolicyResponse>

--- UpdateAccessKey: inactive
POST /

Action=UpdateAccessKey
Version=2010-05-08
UserName=t-user-{{unique}}
AccessKeyId={{AccessKeyId}}
Status=Inactive
=> 200

<UpdateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></UpdateAccessKeyResponse>

--- an inactive key proves nobody
as someone
POST /

Action=GetUser
Version=2010-05-08
UserName=t-user-{{unique}}
=> 403

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- DeleteAccessKey
POST /

Action=DeleteAccessKey
Version=2010-05-08
UserName=t-user-{{unique}}
AccessKeyId={{AccessKeyId}}
=> 200

<DeleteAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteAccessKeyResponse>

--- DeleteUser
POST /

Action=DeleteUser
Version=2010-05-08
UserName=t-user-{{unique}}
=> 200

<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteUserResponse>

--- CreateRole
POST /

Action=CreateRole
Version=2010-05-08
RoleName=t-role-{{unique}}
AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::{{dev}}:root"},"Action":"sts:AssumeRole"}]}
Description=for a transcript
=> 200

<CreateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateRoleResult><Role><Path>/</Path><RoleName>t-role-{{unique}}</RoleName><RoleId>{{*}}</RoleId><Arn>arn:aws:iam::{{dev}}:role/t-role-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22arn%3Aaws%3Aiam%3A%3A{{dev}}%3Aroot%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument><Description>for a transcript</Description><MaxSessionDuration>3600</MaxSessionDuration></Role></CreateRoleResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateRoleResponse>

--- CreateRole: a trust policy with a resource
POST /

Action=CreateRole
Version=2010-05-08
RoleName=t-role-{{unique}}-2
AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::{{dev}}:root"},"Action":"sts:AssumeRole","Resource":"*"}]}
=> 400

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>MalformedPolicyDocument</Code><Message>Has prohibited field Resource</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetRole
POST /

Action=GetRole
Version=2010-05-08
RoleName=t-role-{{unique}}
=> 200

<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>/</Path><RoleName>t-role-{{unique}}</RoleName><RoleId>{{*}}</RoleId><Arn>arn:aws:iam::{{dev}}:role/t-role-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22arn%3Aaws%3Aiam%3A%3A{{dev}}%3Aroot%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument><Description>for a transcript</Description><MaxSessionDuration>3600</MaxSessionDuration><RoleLastUsed></RoleLastUsed></Role></GetRoleResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetRoleResponse>

--- ListRoles
POST /

Action=ListRoles
Version=2010-05-08
PathPrefix=/no-such-path/
=> 200

<ListRolesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListRolesResult><Roles></Roles><IsTruncated>false</IsTruncated></ListRolesResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListRolesResponse>

--- UpdateAssumeRolePolicy: a principal that does not exist
POST /

Action=UpdateAssumeRolePolicy
Version=2010-05-08
RoleName=t-role-{{unique}}
PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::{{dev}}:role/nobody"},"Action":"sts:AssumeRole"}]}
=> 400

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>MalformedPolicyDocument</Code><Message>Invalid principal in policy: &quot;AWS&quot;:&quot;arn:aws:iam::{{dev}}:role/nobody&quot;</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- UpdateAssumeRolePolicy
POST /

Action=UpdateAssumeRolePolicy
Version=2010-05-08
RoleName=t-role-{{unique}}
PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::{{dev}}:root"},"Action":"sts:AssumeRole"}]}
=> 200

<UpdateAssumeRolePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></UpdateAssumeRolePolicyResponse>

--- PutRolePolicy
POST /

Action=PutRolePolicy
Version=2010-05-08
RoleName=t-role-{{unique}}
PolicyName=p
PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:*","Resource":"*"}]}
=> 200

<PutRolePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></PutRolePolicyResponse>

--- GetRolePolicy
POST /

Action=GetRolePolicy
Version=2010-05-08
RoleName=t-role-{{unique}}
PolicyName=p
=> 200

<GetRolePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRolePolicyResult><RoleName>t-role-{{unique}}</RoleName><PolicyName>p</PolicyName><PolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ssm%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D</PolicyDocument></GetRolePolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetRolePolicyResponse>

--- ListRolePolicies
POST /

Action=ListRolePolicies
Version=2010-05-08
RoleName=t-role-{{unique}}
=> 200

<ListRolePoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListRolePoliciesResult><PolicyNames><member>p</member></PolicyNames><IsTruncated>false</IsTruncated></ListRolePoliciesResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListRolePoliciesResponse>

--- CreatePolicy
POST /

Action=CreatePolicy
Version=2010-05-08
PolicyName=t-policy-{{unique}}
PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:*","Resource":"*"}]}
=> 200

<CreatePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreatePolicyResult><Policy><PolicyName>t-policy-{{unique}}</PolicyName><PolicyId>{{*}}</PolicyId><Arn>arn:aws:iam::{{dev}}:policy/t-policy-{{unique}}</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount><PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable><CreateDate>{{*}}</CreateDate><UpdateDate>{{*}}</UpdateDate></Policy></CreatePolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreatePolicyResponse>

--- GetPolicy
POST /

Action=GetPolicy
Version=2010-05-08
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy-{{unique}}
=> 200

<GetPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetPolicyResult><Policy><PolicyName>t-policy-{{unique}}</PolicyName><PolicyId>{{*}}</PolicyId><Arn>arn:aws:iam::{{dev}}:policy/t-policy-{{unique}}</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount><PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable><CreateDate>{{*}}</CreateDate><UpdateDate>{{*}}</UpdateDate></Policy></GetPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetPolicyResponse>

--- GetPolicyVersion
POST /

Action=GetPolicyVersion
Version=2010-05-08
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy-{{unique}}
VersionId=v1
=> 200

<GetPolicyVersionResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetPolicyVersionResult><PolicyVersion><Document>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ssm%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D</Document><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>{{*}}</CreateDate></PolicyVersion></GetPolicyVersionResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetPolicyVersionResponse>

--- ListPolicies of the account
POST /

Action=ListPolicies
Version=2010-05-08
Scope=Local
=> 200

<ListPoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListPoliciesResult><Policies><member><PolicyName>t-policy-{{unique}}</PolicyName><PolicyId>{{*}}</PolicyId><Arn>arn:aws:iam::{{dev}}:policy/t-policy-{{unique}}</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount><PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable><CreateDate>{{*}}</CreateDate><UpdateDate>{{*}}</UpdateDate></member></Policies><IsTruncated>false</IsTruncated></ListPoliciesResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListPoliciesResponse>

--- AttachRolePolicy
POST /

Action=AttachRolePolicy
Version=2010-05-08
RoleName=t-role-{{unique}}
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy-{{unique}}
=> 200

<AttachRolePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></AttachRolePolicyResponse>

--- ListAttachedRolePolicies
POST /

Action=ListAttachedRolePolicies
Version=2010-05-08
RoleName=t-role-{{unique}}
=> 200

<ListAttachedRolePoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListAttachedRolePoliciesResult><AttachedPolicies><member><PolicyName>t-policy-{{unique}}</PolicyName><PolicyArn>arn:aws:iam::{{dev}}:policy/t-policy-{{unique}}</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated></ListAttachedRolePoliciesResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListAttachedRolePoliciesResponse>

--- DeletePolicy: it is attached
POST /

Action=DeletePolicy
Version=2010-05-08
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy-{{unique}}
=> 409

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>DeleteConflict</Code><Message>Cannot delete a policy attached to entities.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- DeleteRole: it has policies
POST /

Action=DeleteRole
Version=2010-05-08
RoleName=t-role-{{unique}}
=> 409

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>DeleteConflict</Code><Message>Cannot delete entity, must delete policies first.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- DetachRolePolicy
POST /

Action=DetachRolePolicy
Version=2010-05-08
RoleName=t-role-{{unique}}
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy-{{unique}}
=> 200

<DetachRolePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DetachRolePolicyResponse>

--- DeletePolicy
POST /

Action=DeletePolicy
Version=2010-05-08
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy-{{unique}}
=> 200

<DeletePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeletePolicyResponse>

--- DeleteRolePolicy
POST /

Action=DeleteRolePolicy
Version=2010-05-08
RoleName=t-role-{{unique}}
PolicyName=p
=> 200

<DeleteRolePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteRolePolicyResponse>

--- DeleteRole
POST /

Action=DeleteRole
Version=2010-05-08
RoleName=t-role-{{unique}}
=> 200

<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteRoleResponse>

--- GetRole: it is gone
POST /

Action=GetRole
Version=2010-05-08
RoleName=t-role-{{unique}}
=> 404

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name t-role-{{unique}} cannot be found.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateUser, to be tagged and bounded
POST /

Action=CreateUser
Version=2010-05-08
UserName=t-user2-{{unique}}
=> 200

<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User><Path>/</Path><UserName>t-user2-{{unique}}</UserName><UserId>{{*}}</UserId><Arn>arn:aws:iam::{{dev}}:user/t-user2-{{unique}}</Arn><CreateDate>{{*}}</CreateDate></User></CreateUserResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateUserResponse>

--- TagUser
POST /

Action=TagUser
Version=2010-05-08
UserName=t-user2-{{unique}}
Tags.member.1.Key=team
Tags.member.1.Value=ml
=> 200

<TagUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></TagUserResponse>

--- ListUserTags
POST /

Action=ListUserTags
Version=2010-05-08
UserName=t-user2-{{unique}}
=> 200

<ListUserTagsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUserTagsResult><Tags><member><Key>team</Key><Value>ml</Value></member></Tags><IsTruncated>false</IsTruncated></ListUserTagsResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListUserTagsResponse>

--- UntagUser
POST /

Action=UntagUser
Version=2010-05-08
UserName=t-user2-{{unique}}
TagKeys.member.1=team
=> 200

<UntagUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></UntagUserResponse>

--- PutUserPermissionsBoundary
POST /

Action=PutUserPermissionsBoundary
Version=2010-05-08
UserName=t-user2-{{unique}}
PermissionsBoundary=arn:aws:iam::aws:policy/PowerUserAccess
=> 200

<PutUserPermissionsBoundaryResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></PutUserPermissionsBoundaryResponse>

--- GetUser shows the boundary
POST /

Action=GetUser
Version=2010-05-08
UserName=t-user2-{{unique}}
=> 200

<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetUserResult><User><Path>/</Path><UserName>t-user2-{{unique}}</UserName><UserId>{{*}}</UserId><Arn>arn:aws:iam::{{dev}}:user/t-user2-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>arn:aws:iam::aws:policy/PowerUserAccess</PermissionsBoundaryArn></PermissionsBoundary><Tags></Tags></User></GetUserResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetUserResponse>

--- DeleteUserPermissionsBoundary
POST /

Action=DeleteUserPermissionsBoundary
Version=2010-05-08
UserName=t-user2-{{unique}}
=> 200

<DeleteUserPermissionsBoundaryResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteUserPermissionsBoundaryResponse>

--- DeleteUser, the tagged one
POST /

Action=DeleteUser
Version=2010-05-08
UserName=t-user2-{{unique}}
=> 200

<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteUserResponse>

--- CreateRole, to be tagged and bounded
POST /

Action=CreateRole
Version=2010-05-08
RoleName=t-role2-{{unique}}
AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::{{dev}}:root"},"Action":"sts:AssumeRole"}]}
=> 200

<CreateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateRoleResult><Role><Path>/</Path><RoleName>t-role2-{{unique}}</RoleName><RoleId>{{*}}</RoleId><Arn>arn:aws:iam::{{dev}}:role/t-role2-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22arn%3Aaws%3Aiam%3A%3A{{dev}}%3Aroot%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></Role></CreateRoleResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateRoleResponse>

--- TagRole
POST /

Action=TagRole
Version=2010-05-08
RoleName=t-role2-{{unique}}
Tags.member.1.Key=team
Tags.member.1.Value=ml
=> 200

<TagRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></TagRoleResponse>

--- ListRoleTags
POST /

Action=ListRoleTags
Version=2010-05-08
RoleName=t-role2-{{unique}}
=> 200

<ListRoleTagsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListRoleTagsResult><Tags><member><Key>team</Key><Value>ml</Value></member></Tags><IsTruncated>false</IsTruncated></ListRoleTagsResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListRoleTagsResponse>

--- UntagRole
POST /

Action=UntagRole
Version=2010-05-08
RoleName=t-role2-{{unique}}
TagKeys.member.1=team
=> 200

<UntagRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></UntagRoleResponse>

--- UpdateRole
POST /

Action=UpdateRole
Version=2010-05-08
RoleName=t-role2-{{unique}}
Description=new
MaxSessionDuration=7200
=> 200

<UpdateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><UpdateRoleResult></UpdateRoleResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></UpdateRoleResponse>

--- PutRolePermissionsBoundary
POST /

Action=PutRolePermissionsBoundary
Version=2010-05-08
RoleName=t-role2-{{unique}}
PermissionsBoundary=arn:aws:iam::aws:policy/PowerUserAccess
=> 200

<PutRolePermissionsBoundaryResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></PutRolePermissionsBoundaryResponse>

--- GetRole shows what was changed
POST /

Action=GetRole
Version=2010-05-08
RoleName=t-role2-{{unique}}
=> 200

<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>/</Path><RoleName>t-role2-{{unique}}</RoleName><RoleId>{{*}}</RoleId><Arn>arn:aws:iam::{{dev}}:role/t-role2-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22arn%3Aaws%3Aiam%3A%3A{{dev}}%3Aroot%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument><Description>new</Description><MaxSessionDuration>7200</MaxSessionDuration><PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>arn:aws:iam::aws:policy/PowerUserAccess</PermissionsBoundaryArn></PermissionsBoundary><Tags></Tags><RoleLastUsed></RoleLastUsed></Role></GetRoleResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetRoleResponse>

--- DeleteRolePermissionsBoundary
POST /

Action=DeleteRolePermissionsBoundary
Version=2010-05-08
RoleName=t-role2-{{unique}}
=> 200

<DeleteRolePermissionsBoundaryResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteRolePermissionsBoundaryResponse>

--- CreatePolicy, with versions
POST /

Action=CreatePolicy
Version=2010-05-08
PolicyName=t-policy2-{{unique}}
PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:Get*","Resource":"*"}]}
=> 200

<CreatePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreatePolicyResult><Policy><PolicyName>t-policy2-{{unique}}</PolicyName><PolicyId>{{*}}</PolicyId><Arn>arn:aws:iam::{{dev}}:policy/t-policy2-{{unique}}</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount><PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable><CreateDate>{{*}}</CreateDate><UpdateDate>{{*}}</UpdateDate></Policy></CreatePolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreatePolicyResponse>

--- CreatePolicyVersion
POST /

Action=CreatePolicyVersion
Version=2010-05-08
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy2-{{unique}}
PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:*","Resource":"*"}]}
SetAsDefault=true
=> 200

<CreatePolicyVersionResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreatePolicyVersionResult><PolicyVersion><VersionId>v2</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>{{*}}</CreateDate></PolicyVersion></CreatePolicyVersionResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreatePolicyVersionResponse>

--- ListPolicyVersions
POST /

Action=ListPolicyVersions
Version=2010-05-08
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy2-{{unique}}
=> 200

<ListPolicyVersionsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListPolicyVersionsResult><Versions><member><VersionId>v2</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>{{*}}</CreateDate></member><member><VersionId>v1</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate>{{*}}</CreateDate></member></Versions><IsTruncated>false</IsTruncated></ListPolicyVersionsResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListPolicyVersionsResponse>

--- DeletePolicyVersion: the default
POST /

Action=DeletePolicyVersion
Version=2010-05-08
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy2-{{unique}}
VersionId=v2
=> 409

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>DeleteConflict</Code><Message>Cannot delete the default version of a policy.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- SetDefaultPolicyVersion
POST /

Action=SetDefaultPolicyVersion
Version=2010-05-08
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy2-{{unique}}
VersionId=v1
=> 200

<SetDefaultPolicyVersionResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></SetDefaultPolicyVersionResponse>

--- DeletePolicyVersion
POST /

Action=DeletePolicyVersion
Version=2010-05-08
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy2-{{unique}}
VersionId=v2
=> 200

<DeletePolicyVersionResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeletePolicyVersionResponse>

--- AttachRolePolicy, to be listed
POST /

Action=AttachRolePolicy
Version=2010-05-08
RoleName=t-role2-{{unique}}
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy2-{{unique}}
=> 200

<AttachRolePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></AttachRolePolicyResponse>

--- ListEntitiesForPolicy
POST /

Action=ListEntitiesForPolicy
Version=2010-05-08
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy2-{{unique}}
=> 200

<ListEntitiesForPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListEntitiesForPolicyResult><PolicyGroups></PolicyGroups><PolicyUsers></PolicyUsers><PolicyRoles><member><RoleName>t-role2-{{unique}}</RoleName><RoleId>{{*}}</RoleId></member></PolicyRoles><IsTruncated>false</IsTruncated></ListEntitiesForPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListEntitiesForPolicyResponse>

--- DetachRolePolicy, listed
POST /

Action=DetachRolePolicy
Version=2010-05-08
RoleName=t-role2-{{unique}}
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy2-{{unique}}
=> 200

<DetachRolePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DetachRolePolicyResponse>

--- DeletePolicy, with versions gone
POST /

Action=DeletePolicy
Version=2010-05-08
PolicyArn=arn:aws:iam::{{dev}}:policy/t-policy2-{{unique}}
=> 200

<DeletePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeletePolicyResponse>

--- DeleteRole, the bounded one
POST /

Action=DeleteRole
Version=2010-05-08
RoleName=t-role2-{{unique}}
=> 200

<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteRoleResponse>

--- GetAccountSummary
POST /

Action=GetAccountSummary
Version=2010-05-08
=> 200

<GetAccountSummaryResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetAccountSummaryResult><SummaryMap><entry><key>Users</key><value>{{*}}</value></entry><entry><key>UsersQuota</key><value>5000</value></entry><entry><key>Groups</key><value>{{*}}</value></entry><entry><key>GroupsQuota</key><value>300</value></entry><entry><key>GroupsPerUserQuota</key><value>10</value></entry><entry><key>Roles</key><value>{{*}}</value></entry><entry><key>RolesQuota</key><value>1000</value></entry><entry><key>InstanceProfiles</key><value>{{*}}</value></entry><entry><key>InstanceProfilesQuota</key><value>1000</value></entry><entry><key>Policies</key><value>{{*}}</value></entry><entry><key>PoliciesQuota</key><value>1500</value></entry><entry><key>PolicySizeQuota</key><value>6144</value></entry><entry><key>PolicyVersionsInUse</key><value>{{*}}</value></entry><entry><key>PolicyVersionsInUseQuota</key><value>10000</value></entry><entry><key>VersionsPerPolicyQuota</key><value>5</value></entry><entry><key>AttachedPoliciesPerGroupQuota</key><value>10</value></entry><entry><key>AttachedPoliciesPerRoleQuota</key><value>10</value></entry><entry><key>AttachedPoliciesPerUserQuota</key><value>10</value></entry><entry><key>UserPolicySizeQuota</key><value>2048</value></entry><entry><key>GroupPolicySizeQuota</key><value>5120</value></entry><entry><key>RolePolicySizeQuota</key><value>10240</value></entry><entry><key>AssumeRolePolicySizeQuota</key><value>2048</value></entry><entry><key>AccessKeysPerUserQuota</key><value>2</value></entry><entry><key>AccountAccessKeysPresent</key><value>0</value></entry><entry><key>AccountPasswordPresent</key><value>0</value></entry><entry><key>AccountSigningCertificatesPresent</key><value>0</value></entry><entry><key>AccountMFAEnabled</key><value>0</value></entry><entry><key>MFADevices</key><value>0</value></entry><entry><key>MFADevicesInUse</key><value>0</value></entry><entry><key>ServerCertificates</key><value>0</value></entry><entry><key>ServerCertificatesQuota</key><value>20</value></entry><entry><key>SigningCertificatesPerUserQuota</key><value>2</value></entry><entry><key>Providers</key><value>0</value></entry><entry><key>GlobalEndpointTokenVersion</key><value>2</value></entry></SummaryMap></GetAccountSummaryResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetAccountSummaryResponse>

--- GetAccountPasswordPolicy: there are no passwords
POST /

Action=GetAccountPasswordPolicy
Version=2010-05-08
=> 404

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>{{*}}</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>
