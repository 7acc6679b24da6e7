# SPDX-License-Identifier: MIT
# iam on the wire: instance profiles, and tags of policies.
service iam
header Content-Type: application/x-www-form-urlencoded; charset=utf-8

--- CreateInstanceProfile
POST /

Action=CreateInstanceProfile
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
Path=/p/
Tags.member.1.Key=a
Tags.member.1.Value=b
=> 200

<CreateInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateInstanceProfileResult><InstanceProfile><Path>/p/</Path><InstanceProfileName>t-profile-{{unique}}</InstanceProfileName><InstanceProfileId>{{*}}</InstanceProfileId><Arn>arn:aws:iam::{{dev}}:instance-profile/p/t-profile-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><Roles></Roles><Tags><member><Key>a</Key><Value>b</Value></member></Tags></InstanceProfile></CreateInstanceProfileResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateInstanceProfileResponse>

--- CreateInstanceProfile: the name is taken
POST /

Action=CreateInstanceProfile
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
=> 409

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>EntityAlreadyExists</Code><Message>Instance Profile t-profile-{{unique}} already exists.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- CreateRole: to be given to instances
POST /

Action=CreateRole
Version=2010-05-08
RoleName=t-given-{{unique}}
AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}
=> 200

<CreateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateRoleResult><Role><Path>/</Path><RoleName>t-given-{{unique}}</RoleName><RoleId>{{*}}</RoleId><Arn>arn:aws:iam::{{dev}}:role/t-given-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ec2.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></Role></CreateRoleResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></CreateRoleResponse>

--- AddRoleToInstanceProfile
POST /

Action=AddRoleToInstanceProfile
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
RoleName=t-given-{{unique}}
=> 200

<AddRoleToInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></AddRoleToInstanceProfileResponse>

--- AddRoleToInstanceProfile: it has one
POST /

Action=AddRoleToInstanceProfile
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
RoleName=t-given-{{unique}}
=> 409

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>LimitExceeded</Code><Message>Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetInstanceProfile
POST /

Action=GetInstanceProfile
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
=> 200

<GetInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetInstanceProfileResult><InstanceProfile><Path>/p/</Path><InstanceProfileName>t-profile-{{unique}}</InstanceProfileName><InstanceProfileId>{{*}}</InstanceProfileId><Arn>arn:aws:iam::{{dev}}:instance-profile/p/t-profile-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><Roles><member><Path>/</Path><RoleName>t-given-{{unique}}</RoleName><RoleId>{{*}}</RoleId><Arn>arn:aws:iam::{{dev}}:role/t-given-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ec2.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></member></Roles><Tags><member><Key>a</Key><Value>b</Value></member></Tags></InstanceProfile></GetInstanceProfileResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetInstanceProfileResponse>

--- GetInstanceProfile: there is none
POST /

Action=GetInstanceProfile
Version=2010-05-08
InstanceProfileName=nothing-{{unique}}
=> 404

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>Instance Profile nothing-{{unique}} cannot be found.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- ListInstanceProfiles below a path
POST /

Action=ListInstanceProfiles
Version=2010-05-08
PathPrefix=/p/
=> 200

<ListInstanceProfilesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListInstanceProfilesResult><InstanceProfiles><member><Path>/p/</Path><InstanceProfileName>t-profile-{{unique}}</InstanceProfileName><InstanceProfileId>{{*}}</InstanceProfileId><Arn>arn:aws:iam::{{dev}}:instance-profile/p/t-profile-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><Roles><member><Path>/</Path><RoleName>t-given-{{unique}}</RoleName><RoleId>{{*}}</RoleId><Arn>arn:aws:iam::{{dev}}:role/t-given-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ec2.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></member></Roles></member></InstanceProfiles><IsTruncated>false</IsTruncated></ListInstanceProfilesResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListInstanceProfilesResponse>

--- ListInstanceProfilesForRole
POST /

Action=ListInstanceProfilesForRole
Version=2010-05-08
RoleName=t-given-{{unique}}
=> 200

<ListInstanceProfilesForRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListInstanceProfilesForRoleResult><InstanceProfiles><member><Path>/p/</Path><InstanceProfileName>t-profile-{{unique}}</InstanceProfileName><InstanceProfileId>{{*}}</InstanceProfileId><Arn>arn:aws:iam::{{dev}}:instance-profile/p/t-profile-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><Roles><member><Path>/</Path><RoleName>t-given-{{unique}}</RoleName><RoleId>{{*}}</RoleId><Arn>arn:aws:iam::{{dev}}:role/t-given-{{unique}}</Arn><CreateDate>{{*}}</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ec2.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></member></Roles></member></InstanceProfiles><IsTruncated>false</IsTruncated></ListInstanceProfilesForRoleResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListInstanceProfilesForRoleResponse>

--- TagInstanceProfile
POST /

Action=TagInstanceProfile
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
Tags.member.1.Key=c
Tags.member.1.Value=d
=> 200

<TagInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></TagInstanceProfileResponse>

--- ListInstanceProfileTags
POST /

Action=ListInstanceProfileTags
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
=> 200

<ListInstanceProfileTagsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListInstanceProfileTagsResult><Tags><member><Key>a</Key><Value>b</Value></member><member><Key>c</Key><Value>d</Value></member></Tags><IsTruncated>false</IsTruncated></ListInstanceProfileTagsResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListInstanceProfileTagsResponse>

--- UntagInstanceProfile
POST /

Action=UntagInstanceProfile
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
TagKeys.member.1=c
=> 200

<UntagInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></UntagInstanceProfileResponse>

--- DeleteInstanceProfile: it has a role
POST /

Action=DeleteInstanceProfile
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
=> 409

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>DeleteConflict</Code><Message>Cannot delete entity, must remove roles from instance profile first.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- RemoveRoleFromInstanceProfile
POST /

Action=RemoveRoleFromInstanceProfile
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
RoleName=t-given-{{unique}}
=> 200

<RemoveRoleFromInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></RemoveRoleFromInstanceProfileResponse>

--- RemoveRoleFromInstanceProfile: not its role
POST /

Action=RemoveRoleFromInstanceProfile
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
RoleName=t-given-{{unique}}
=> 404

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name t-given-{{unique}} cannot be found.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- DeleteInstanceProfile
POST /

Action=DeleteInstanceProfile
Version=2010-05-08
InstanceProfileName=t-profile-{{unique}}
=> 200

<DeleteInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteInstanceProfileResponse>

--- DeleteRole: the role that was given
POST /

Action=DeleteRole
Version=2010-05-08
RoleName=t-given-{{unique}}
=> 200

<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></DeleteRoleResponse>

--- ListPolicyTags of one of AWS's
POST /

Action=ListPolicyTags
Version=2010-05-08
PolicyArn=arn:aws:iam::aws:policy/AmazonS3FullAccess
=> 200

<ListPolicyTagsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListPolicyTagsResult><Tags></Tags><IsTruncated>false</IsTruncated></ListPolicyTagsResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></ListPolicyTagsResponse>

