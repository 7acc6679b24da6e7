# SPDX-License-Identifier: MIT
# iam's groups on the wire: a group's life, its members and policies.
service iam
header Content-Type: application/x-www-form-urlencoded; charset=utf-8

--- CreateUser: the member to be
POST /

Action=CreateUser
Version=2010-05-08
UserName=t-member-{{unique}}
=> 200

<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User><Path>/</Path><UserName>t-member-{{unique}}</UserName><UserId>{{*}}</UserId><Arn>arn:aws:iam::{{dev}}:user/t-member-{{unique}}</Arn><CreateDate>{{*}}</CreateDate></User></CreateUserResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateUserResponse>

--- CreateGroup
POST /

Action=CreateGroup
Version=2010-05-08
GroupName=t-group-{{unique}}
Path=/team/
=> 200

<CreateGroupResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateGroupResult><Group><Path>/team/</Path><GroupName>t-group-{{unique}}</GroupName><GroupId>{{*}}</GroupId><Arn>arn:aws:iam::{{dev}}:group/team/t-group-{{unique}}</Arn><CreateDate>{{*}}</CreateDate></Group></CreateGroupResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateGroupResponse>

--- CreateGroup: the name is taken, whatever its case
POST /

Action=CreateGroup
Version=2010-05-08
GroupName=T-GROUP-{{unique}}
=> 409

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>EntityAlreadyExists</Code><Message>Group with name T-GROUP-{{unique}} already exists.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateGroup: a path that is none
POST /

Action=CreateGroup
Version=2010-05-08
GroupName=x
Path=x
=> 400

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- AddUserToGroup
POST /

Action=AddUserToGroup
Version=2010-05-08
GroupName=t-group-{{unique}}
UserName=t-member-{{unique}}
=> 200

<AddUserToGroupResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></AddUserToGroupResponse>

--- AddUserToGroup: nobody
POST /

Action=AddUserToGroup
Version=2010-05-08
GroupName=t-group-{{unique}}
UserName=nobody-{{unique}}
=> 404

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The user with name nobody-{{unique}} cannot be found.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetGroup
POST /

Action=GetGroup
Version=2010-05-08
GroupName=t-group-{{unique}}
=> 200

<GetGroupResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetGroupResult><Group><Path>/team/</Path><GroupName>t-group-{{unique}}</GroupName><GroupId>{{*}}</GroupId><Arn>arn:aws:iam::{{dev}}:group/team/t-group-{{unique}}</Arn><CreateDate>{{*}}</CreateDate></Group><Users><member><Path>/</Path><UserName>t-member-{{unique}}</UserName><UserId>{{*}}</UserId><Arn>arn:aws:iam::{{dev}}:user/t-member-{{unique}}</Arn><CreateDate>{{*}}</CreateDate></member></Users><IsTruncated>false</IsTruncated></GetGroupResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetGroupResponse>

--- GetGroup: there is none
POST /

Action=GetGroup
Version=2010-05-08
GroupName=nowhere-{{unique}}
=> 404

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The group with name nowhere-{{unique}} cannot be found.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetGroup in another account: there is none either
as staging
POST /

Action=GetGroup
Version=2010-05-08
GroupName=t-group-{{unique}}
=> 404

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The group with name t-group-{{unique}} cannot be found.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- ListGroups below a path
POST /

Action=ListGroups
Version=2010-05-08
PathPrefix=/team/
=> 200

<ListGroupsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListGroupsResult><Groups><member><Path>/team/</Path><GroupName>t-group-{{unique}}</GroupName><GroupId>{{*}}</GroupId><Arn>arn:aws:iam::{{dev}}:group/team/t-group-{{unique}}</Arn><CreateDate>{{*}}</CreateDate></member></Groups><IsTruncated>false</IsTruncated></ListGroupsResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListGroupsResponse>

--- ListGroupsForUser
POST /

Action=ListGroupsForUser
Version=2010-05-08
UserName=t-member-{{unique}}
=> 200

<ListGroupsForUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListGroupsForUserResult><Groups><member><Path>/team/</Path><GroupName>t-group-{{unique}}</GroupName><GroupId>{{*}}</GroupId><Arn>arn:aws:iam::{{dev}}:group/team/t-group-{{unique}}</Arn><CreateDate>{{*}}</CreateDate></member></Groups><IsTruncated>false</IsTruncated></ListGroupsForUserResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListGroupsForUserResponse>

--- PutGroupPolicy
POST /

Action=PutGroupPolicy
Version=2010-05-08
GroupName=t-group-{{unique}}
PolicyName=p
PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:*","Resource":"*"}]}
=> 200

<PutGroupPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></PutGroupPolicyResponse>

--- GetGroupPolicy
POST /

Action=GetGroupPolicy
Version=2010-05-08
GroupName=t-group-{{unique}}
PolicyName=p
=> 200

<GetGroupPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetGroupPolicyResult><GroupName>t-group-{{unique}}</GroupName><PolicyName>p</PolicyName><PolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ssm%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D</PolicyDocument></GetGroupPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetGroupPolicyResponse>

--- ListGroupPolicies
POST /

Action=ListGroupPolicies
Version=2010-05-08
GroupName=t-group-{{unique}}
=> 200

<ListGroupPoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListGroupPoliciesResult><PolicyNames><member>p</member></PolicyNames><IsTruncated>false</IsTruncated></ListGroupPoliciesResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListGroupPoliciesResponse>

--- DeleteGroupPolicy
POST /

Action=DeleteGroupPolicy
Version=2010-05-08
GroupName=t-group-{{unique}}
PolicyName=p
=> 200

<DeleteGroupPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteGroupPolicyResponse>

--- AttachGroupPolicy
POST /

Action=AttachGroupPolicy
Version=2010-05-08
GroupName=t-group-{{unique}}
PolicyArn=arn:aws:iam::aws:policy/AmazonS3FullAccess
=> 200

<AttachGroupPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></AttachGroupPolicyResponse>

--- ListAttachedGroupPolicies
POST /

Action=ListAttachedGroupPolicies
Version=2010-05-08
GroupName=t-group-{{unique}}
=> 200

<ListAttachedGroupPoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListAttachedGroupPoliciesResult><AttachedPolicies><member><PolicyName>AmazonS3FullAccess</PolicyName><PolicyArn>arn:aws:iam::aws:policy/AmazonS3FullAccess</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated></ListAttachedGroupPoliciesResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListAttachedGroupPoliciesResponse>

--- DetachGroupPolicy
POST /

Action=DetachGroupPolicy
Version=2010-05-08
GroupName=t-group-{{unique}}
PolicyArn=arn:aws:iam::aws:policy/AmazonS3FullAccess
=> 200

<DetachGroupPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DetachGroupPolicyResponse>

--- UpdateGroup
POST /

Action=UpdateGroup
Version=2010-05-08
GroupName=t-group-{{unique}}
NewGroupName=t-new-{{unique}}
NewPath=/new/
=> 200

<UpdateGroupResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></UpdateGroupResponse>

--- DeleteGroup: it has members
POST /

Action=DeleteGroup
Version=2010-05-08
GroupName=t-new-{{unique}}
=> 409

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>DeleteConflict</Code><Message>Cannot delete entity, must remove users from group first.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- RemoveUserFromGroup
POST /

Action=RemoveUserFromGroup
Version=2010-05-08
GroupName=t-new-{{unique}}
UserName=t-member-{{unique}}
=> 200

<RemoveUserFromGroupResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></RemoveUserFromGroupResponse>

--- RemoveUserFromGroup: not a member
POST /

Action=RemoveUserFromGroup
Version=2010-05-08
GroupName=t-new-{{unique}}
UserName=t-member-{{unique}}
=> 404

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The user with name t-member-{{unique}} cannot be found in the group t-new-{{unique}}.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- DeleteGroup
POST /

Action=DeleteGroup
Version=2010-05-08
GroupName=t-new-{{unique}}
=> 200

<DeleteGroupResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteGroupResponse>

--- DeleteUser: the member that was
POST /

Action=DeleteUser
Version=2010-05-08
UserName=t-member-{{unique}}
=> 200

<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteUserResponse>

