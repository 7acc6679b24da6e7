# SPDX-License-Identifier: MIT
# iam's policy simulator on the wire: decisions, statements with their places, missing keys.
service iam
header Content-Type: application/x-www-form-urlencoded; charset=utf-8

--- SimulateCustomPolicy: allowed, by a statement and its place
POST /

Action=SimulateCustomPolicy
Version=2010-05-08
PolicyInputList.member.1={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::data/*"}]}
ActionNames.member.1=s3:GetObject
ResourceArns.member.1=arn:aws:s3:::data/x
=> 200

<SimulateCustomPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulateCustomPolicyResult><EvaluationResults><member><EvalActionName>s3:GetObject</EvalActionName><EvalResourceName>arn:${Partition}:s3:::${Bucket}/${Key}</EvalResourceName><EvalDecision>allowed</EvalDecision><MatchedStatements><member><SourcePolicyId>PolicyInputList.1</SourcePolicyId><SourcePolicyType>IAM Policy</SourcePolicyType><StartPosition><Line>1</Line><Column>38</Column></StartPosition><EndPosition><Line>1</Line><Column>108</Column></EndPosition></member></MatchedStatements><MissingContextValues></MissingContextValues><ResourceSpecificResults><member><EvalResourceName>arn:aws:s3:::data/x</EvalResourceName><EvalResourceDecision>allowed</EvalResourceDecision><MatchedStatements><member><SourcePolicyId>PolicyInputList.1</SourcePolicyId><SourcePolicyType>IAM Policy</SourcePolicyType><StartPosition><Line>1</Line><Column>38</Column></StartPosition><EndPosition><Line>1</Line><Column>108</Column></EndPosition></member></MatchedStatements><MissingContextValues></MissingContextValues></member></ResourceSpecificResults></member></EvaluationResults><IsTruncated>false</IsTruncated></SimulateCustomPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></SimulateCustomPolicyResponse>

--- SimulateCustomPolicy: denied for want of a key
POST /

Action=SimulateCustomPolicy
Version=2010-05-08
PolicyInputList.member.1={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}
ActionNames.member.1=s3:GetObject
=> 200

<SimulateCustomPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulateCustomPolicyResult><EvaluationResults><member><EvalActionName>s3:GetObject</EvalActionName><EvalResourceName>*</EvalResourceName><EvalDecision>implicitDeny</EvalDecision><MatchedStatements></MatchedStatements><MissingContextValues><member>aws:SecureTransport</member></MissingContextValues><ResourceSpecificResults></ResourceSpecificResults></member></EvaluationResults><IsTruncated>false</IsTruncated></SimulateCustomPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></SimulateCustomPolicyResponse>

--- SimulateCustomPolicy: a policy that is none
POST /

Action=SimulateCustomPolicy
Version=2010-05-08
PolicyInputList.member.1={"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}
ActionNames.member.1=s3:GetObject
=> 400

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>InvalidInput</Code><Message>The policy PolicyInputList.1 is not valid: Policy statement must contain actions.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- SimulatePrincipalPolicy: the administrator
POST /

Action=SimulatePrincipalPolicy
Version=2010-05-08
PolicySourceArn=arn:aws:iam::{{dev}}:user/admin
ActionNames.member.1=s3:GetObject
=> 200

<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult><EvaluationResults><member><EvalActionName>s3:GetObject</EvalActionName><EvalResourceName>*</EvalResourceName><EvalDecision>allowed</EvalDecision><MatchedStatements><member><SourcePolicyId>AdministratorAccess</SourcePolicyId><SourcePolicyType>IAM Policy</SourcePolicyType><StartPosition><Line>1</Line><Column>38</Column></StartPosition><EndPosition><Line>1</Line><Column>84</Column></EndPosition></member></MatchedStatements><MissingContextValues></MissingContextValues><OrganizationsDecisionDetail><AllowedByOrganizations>true</AllowedByOrganizations></OrganizationsDecisionDetail><ResourceSpecificResults></ResourceSpecificResults></member></EvaluationResults><IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>

--- SimulatePrincipalPolicy: nobody
POST /

Action=SimulatePrincipalPolicy
Version=2010-05-08
PolicySourceArn=arn:aws:iam::{{dev}}:user/nobody
ActionNames.member.1=s3:GetObject
=> 404

<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The user with name nobody cannot be found.</Message></Error><RequestId>{{*}}</RequestId></ErrorResponse>

--- GetContextKeysForCustomPolicy
POST /

Action=GetContextKeysForCustomPolicy
Version=2010-05-08
PolicyInputList.member.1={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::data/${aws:username}","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}
=> 200

<GetContextKeysForCustomPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetContextKeysForCustomPolicyResult><ContextKeyNames><member>aws:SecureTransport</member><member>aws:username</member></ContextKeyNames></GetContextKeysForCustomPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetContextKeysForCustomPolicyResponse>

--- GetContextKeysForPrincipalPolicy
POST /

Action=GetContextKeysForPrincipalPolicy
Version=2010-05-08
PolicySourceArn=arn:aws:iam::{{dev}}:user/admin
=> 200

<GetContextKeysForPrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetContextKeysForPrincipalPolicyResult><ContextKeyNames></ContextKeyNames></GetContextKeysForPrincipalPolicyResult><ResponseMetadata><RequestId>{{*}}</RequestId></ResponseMetadata></GetContextKeysForPrincipalPolicyResponse>
